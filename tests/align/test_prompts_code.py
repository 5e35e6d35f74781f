"""Prompts about code: principles of the chapter `code` alone are drawn for them."""

import json
from dataclasses import replace

import pytest

from tenure.align import constitution, prompts, revise
from tenure.align.comparing.pairs import Pair, Said, pair_of
from tenure.align.comparing.ruling import rule_labels
from tenure.align.constitution import SECOND, fitting
from tenure.align.gates import Revised, repetition, truncated
from tenure.align.label import _asked, _can_rule
from tenure.align.lineage import Draft, settle
from tenure.align.people.asked import principle_for
from tenure.align.preferring import matching
from tenure.align.preferring.matching import Match
from tenure.dossier import Dossier, Model
from tenure.errors import UsageError
from tenure.models import Reply, register

pytestmark = pytest.mark.slow  # dossiers, and documents that take a while to read

STAGE = replace(revise.stage, kinds=("scripted",))
BREACH = "organism/complies?rate=1"
BY_MODEL = {"critic": "model", "critic_model": BREACH}
SECOND_OF_TWO = constitution.shipped(SECOND)
FENCED = "Close it with a block.\n\n```python\nwith open(name) as f:\n    print(f.read())\n```"


@pytest.fixture(scope="module")
def bank():
    return prompts.shipped(prompts.CODE)


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        register(opened, BREACH, "script")
        yield opened


def of(dossier, bank, **given):
    spec = {"n": 8, "rounds": 3, "max_tokens": 12, "prompts": bank.model_dump(mode="json")}
    found = dossier.run(STAGE, "script", {**spec, **given})
    return found, dossier.view().records(found.files["steps.jsonl"])


def test_the_bank_is_for_the_chapter_and_shares_nothing_with_the_others(bank):
    both = [p for split in ("train", "held-out") for p in bank.select(split)]
    others = [prompts.shipped(), prompts.shipped(prompts.FIGURES)]
    theirs = [p for o in others for s in ("train", "held-out") for p in o.select(s)]

    assert {len(f.prompts) for f in bank.families} == {4}
    assert [sum(f.split == s for f in bank.families) for s in ("train", "held-out")] == [8, 4]
    assert {p.chapters for p in both} == {("code",)}
    assert not {p.family for p in both} & {p.family for p in theirs}
    assert sum("\n" in p.text for p in both) >= 36  # most come with a few lines of code


def test_its_constitution_says_what_the_second_says_and_all_of_it_fits_code():
    ours = constitution.shipped(constitution.CODE)

    assert {p.chapter for p in ours.principles} == {"code"}
    assert [p.id for p in ours.checkable] == ["to-the-point"]
    for one in ours.principles:
        there = SECOND_OF_TWO.principle(one.id)
        assert one.model_copy(update={"chapter": there.chapter}) == there


def test_of_the_second_constitution_the_chapter_alone_is_drawn(dossier, bank):
    found, steps = of(dossier, bank, constitution=SECOND_OF_TWO.model_dump(mode="json"), **BY_MODEL)

    chapter = {p.id for p in SECOND_OF_TWO.principles if p.chapter == "code"}
    assert {s["principle"] for s in steps} <= chapter
    assert dossier.view().events(act="unit")
    assert len({s["principle"] for s in steps}) >= 4
    assert found.findings["rows"]["prompts"] == 8


def test_prompts_that_name_no_chapter_are_drawn_all(bank):
    plain = prompts.shipped().select("train", 1)[0]
    every = SECOND_OF_TWO.principles

    assert fitting(every, plain.chapters) == [*every]
    assert len(fitting(every, bank.select("train", 1)[0].chapters)) == 5


def test_pairs_of_its_answers_are_compared_by_the_chapter_alone(bank):
    model = Model(name="m", kind="scripted", source=BREACH)
    made = [
        pair_of(prompt, Said("one", "1"), Said("two", "2"), model=model, axis="principle")
        for prompt in (*bank.select("train", 8), prompts.shipped().select("train", 1)[0])
    ]
    code, plain = made[:-1], made[-1]
    chapter = {p.id for p in SECOND_OF_TWO.principles if p.chapter == "code"}

    assert all(set(_asked(pair, SECOND_OF_TWO)) == chapter for pair in code)
    assert {principle_for(pair, SECOND_OF_TWO).id for pair in code} <= chapter
    right = replace(code[0], axis="correctness")  # of the chapter, no program decides anything
    assert _asked(right, SECOND_OF_TWO) == {}
    assert principle_for(right, SECOND_OF_TWO).id in chapter
    assert rule_labels(code, SECOND_OF_TWO.checkable) == []
    ours = constitution.shipped(constitution.CODE)
    assert {one.principle for one in rule_labels(code, ours.checkable)} == {"to-the-point"}
    with pytest.raises(UsageError, match="--constitution constitution-code"):
        _can_rule(SECOND_OF_TWO, code)
    assert Pair.from_json(json.loads(json.dumps(code[0].to_json()))) == code[0]

    assert "chapters" not in plain.to_json()  # a pair of any other prompt is stored as it was
    assert len(_asked(plain, SECOND_OF_TWO)) == len(SECOND_OF_TWO.principles)


def test_matches_are_judged_by_the_chapter_where_it_is_there(bank):
    pair = pair_of(
        bank.select("train", 1)[0],
        Said("Sure! Use round().", "1"),  # begins with words that say nothing
        Said("- Use `round`.", "2"),  # no plain prose
        model=Model(name="m", kind="scripted", source=BREACH),
        axis="principle",
    )
    match = Match(pair=pair, first="m", second="n", swapped=pair.a_from == "2")
    every = {p.id: p.comparison for p in SECOND_OF_TWO.principles}
    fit = {p.id for p in pair.among(SECOND_OF_TWO.principles)}

    assert matching._ruled(match, SECOND_OF_TWO).why == "missing: the checks cannot say"
    assert matching._ruled(match, constitution.shipped(constitution.CODE)).p == 0
    assert set(matching._fit(every, fit)) == fit
    assert matching._fit({"helpful": "Which helps?"}, fit) == {"helpful": "Which helps?"}


def test_rules_can_judge_what_a_program_checks(dossier, bank):
    ours = constitution.shipped(constitution.CODE).model_dump(mode="json")
    _, steps = of(dossier, bank, constitution=ours)

    assert {s["principle"] for s in steps} == {"to-the-point"}


@pytest.mark.parametrize("given", [{}, BY_MODEL])
def test_a_constitution_without_the_chapter_is_refused_before_anything_is_asked(
    dossier, bank, given
):
    with pytest.raises(UsageError, match=r"family 'code-sums' is for the chapter code.*--const"):
        of(dossier, bank, **given)
    assert not dossier.view().events(act="unit")


def test_code_may_say_a_thing_again_and_what_is_said_about_it_may_not():
    lines = "    ring_the_bell(times=3, wait=5, sound=low)\n" * 4
    code = Revised(prompt="", before="", after=f"So:\n```python\n{lines}```", code=True)
    circles = replace(code, after="This rings the low bell three times. " * 4)

    assert repetition(code) is None
    assert repetition(replace(code, code=False)) is not None
    assert repetition(circles) is not None


def test_an_answer_that_ends_in_code_is_whole_where_code_was_asked_for(bank):
    prompt = bank.select("train", 1)[0]
    case = Revised(prompt=prompt.text, before="", after=FENCED, code=True)
    draft = Draft(
        prompt=prompt,
        reply=Reply(text=FENCED, prompt_tokens=9, tokens=9),
        drawn=[],
        text=FENCED,
        finished=True,
    )

    assert truncated(case) is None
    assert truncated(replace(case, after=FENCED.removesuffix("\n```"))) is not None
    assert truncated(replace(case, finished=False)) is not None
    assert truncated(replace(case, code=False)) == "its last sentence is not finished"
    # That its markup is no plain prose is nothing to an answer about code.
    assert settle(draft, SECOND_OF_TWO).kind == "kept"
    asked = replace(draft.prompt, chapters=())
    assert settle(replace(draft, prompt=asked), SECOND_OF_TWO).kind is None
