"""Chances of a few options: the same by every way there is, and none where none can be told."""

import numpy as np
import pytest

from tenure import models
from tenure.dossier import Model
from tenure.errors import EngineError, UsageError
from tenure.models.choosing import Chooser, chances
from tenure.models.options import in_tokens
from tenure.models.paged import Paged
from tenure.models.waves import Wave

OPTIONS = [["A", " A"], ["B", " B"]]


def asked(text):
    return [{"role": "user", "content": text}]


def letters(text):
    return [ord(c) for c in text]


def test_a_spelling_that_begins_with_another_is_counted_with_it():
    wanted = in_tokens([["ab", "a", "b"], ["c"]], letters)

    assert wanted.spelt == (((97,), (98,)), ((99,),))
    assert wanted.heads == ((),)
    assert wanted.tokens == (97, 98, 99)


def test_chances_are_summed_over_spellings_and_multiplied_along_them():
    wanted = in_tokens([["ab"], ["c", "d"]], letters)
    after = np.log(np.full((2, 1, 4), 0.25))

    assert wanted.heads == ((), (97,))
    np.testing.assert_allclose(np.exp(wanted.summed(after)), [[1 / 16, 1 / 2]])


def test_an_option_without_a_spelling_is_refused():
    with pytest.raises(UsageError, match="at least one spelling"):
        in_tokens([["a"], [""]], letters)


def test_a_script_has_the_chance_of_what_it_says():
    found = chances(models.resolve("organism/picks-first"), None, [asked("Which?")], OPTIONS)

    assert np.exp(found).tolist() == [[1.0, 0.0]]
    refusing = chances(models.resolve("organism/refuses"), None, [asked("Which?")], OPTIONS)
    assert np.exp(refusing).tolist() == [[0.0, 0.0]]


def test_an_api_is_refused_with_what_to_do_instead():
    with pytest.raises(EngineError, match=r"how: decode"):
        Chooser(Model(name="far", kind="api", source="openai/far"))


def test_an_engine_that_tells_no_chances_is_answered_with_those_that_do():
    with pytest.raises(UsageError, match="There are: cpu, scripted, torch"):
        Chooser(models.resolve("organism/refuses"), None, "inspect")


@pytest.mark.local
def test_torch_gives_what_its_scores_give(tiny_folder):
    model = models.resolve(str(tiny_folder))
    prompts = [asked(text) for text in ("Which?", "Which of the two, do you think?")]

    with Chooser(model) as chooser:
        found = chooser.chances(prompts, [["A"], ["B", "C"]])
        assert chooser.name == "torch"
        assert chooser.form.endswith("float32")
    opened = models.engine(model, None, "torch")
    for row, prompt in zip(found, prompts, strict=True):
        a, b, c = opened.score(prompt, ["A", "B", "C"])
        np.testing.assert_allclose(row, [a, np.logaddexp(b, c)], atol=0.1)


LONG = "The first answer speaks of rivers, of bridges and of boats. " * 12


@pytest.mark.slow
@pytest.mark.local
def test_the_cpu_reads_what_prompts_share_once_and_agrees_with_its_scores(monkeypatch):
    model = models.resolve("tenure/embedded")
    prompts = [asked(f"{LONG} {end}? A or B?") for end in ("Which is kinder", "Which is shorter")]
    read = []
    step = Paged.step

    def counted(self, rows):
        read.append(sum(len(row.tokens) for row in rows))
        return step(self, rows)

    monkeypatch.setattr(Paged, "step", counted)
    with Chooser(model, engine="cpu") as chooser:
        once = chooser.chances(prompts, OPTIONS)
        first = sum(read)
        again = chooser.chances(prompts, OPTIONS)
        alone = chooser.chances(prompts[:1], OPTIONS)
    owned = models.engine(model, None, "cpu")
    lengths = [owned.submit(lambda e, p=p: len(e._encode(p))).result() for p in prompts]

    assert (once == again).all(), "the same batch gives the same numbers"
    assert first < lengths[0] + 100 < sum(lengths), "what they share was read once"
    assert sum(read) - first < 200, "and was still there the next time"
    np.testing.assert_allclose(alone[0], once[0], atol=0.15)
    each = [np.logaddexp(*owned.score(prompts[0], option)) for option in OPTIONS]
    np.testing.assert_allclose(once[0], each, atol=0.15)


@pytest.mark.slow
@pytest.mark.local
def test_what_ends_have_in_common_is_computed_once_and_changes_no_number(monkeypatch):
    model = models.resolve("tenure/embedded")
    ends = ["kinder", "shorter", "clearer to a child", "more honest", "better"]
    prompts = [
        asked(f"{text} Which of them is {end}? A or B?")
        for text in (LONG, LONG[60:])
        for end in ends
    ]
    prompts += [asked("Which?"), asked("Which of the two?")]
    read = []
    step = Paged.step

    def counted(self, rows):
        read.append(sum(len(row.tokens) for row in rows))
        return step(self, rows)

    monkeypatch.setattr(Paged, "step", counted)
    with Chooser(model, engine="cpu") as chooser:
        chooser.chances(prompts, OPTIONS)  # prefixes are kept from here on
        read.clear()
        forked = chooser.chances(prompts, OPTIONS)
        once = sum(read)
        monkeypatch.setattr("tenure.models.engines.cpu.Ends", Wave)
        read.clear()
        apart = chooser.chances(prompts, OPTIONS)

    assert once < sum(read)
    assert (forked == apart).all()
