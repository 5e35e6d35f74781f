"""The shipped banks: balanced over topics, each its own canary, none of it in a training set."""

from collections import Counter
from importlib.resources import files

import pytest

from tenure.errors import DocumentError
from tenure.retire.questions import bank as banks

pytestmark = pytest.mark.slow
FULL = banks.load(protocol="full")


def test_the_small_bank_has_the_digest_it_always_had():
    # Dossiers of the short protocol name it.
    assert banks.load().digest == (
        "sha256:6553b51016bf27645c4d66e3a3ab02bd508d93de0628acde3777fe12df22a4e2"
    )


def test_the_first_half_and_the_whole_are_even_over_16_topics():
    assert set(Counter(said.topic for said in FULL.rated).values()) == {6}
    assert set(Counter(said.topic for said in FULL.rated[:48]).values()) == {3}
    assert len({said.topic for said in FULL.rated}) == 16


def test_every_statement_has_a_chinese_wording_and_enough_have_deeds_and_swaps():
    for said in (*FULL.rated, *FULL.anchors):
        assert said.zh
    assert sum(said.preference is not None for said in FULL.rated) >= 30
    assert sum(said.preference is not None for said in FULL.rated[:48]) >= 15
    assert all(said.preference for said in FULL.anchors)
    assert sum(bool(said.swap) for said in FULL.rated[:48]) >= 12


def test_no_text_is_put_twice():
    texts = [
        text
        for said in (*FULL.rated, *FULL.anchors)
        for text in (*said.forward, *said.reverse, said.zh.forward, said.zh.reverse)
    ]

    deeds = [s.preference for s in (*FULL.rated, *FULL.anchors) if s.preference]
    texts += [text for deed in deeds for text in (deed.for_, deed.against)]
    texts += [
        text
        for s in FULL.rated
        for swap in s.swap.values()
        for text in (swap.forward, swap.reverse)
    ]
    assert [text for text, many in Counter(texts).items() if many > 1] == []


def test_each_bank_has_its_own_canary_and_no_statement_is_in_a_training_set():
    held = [banks.load(), FULL]
    sets = "".join(
        path.read_text(encoding="utf-8")
        for path in (files("tenure.measure") / "training_sets").iterdir()
        if path.name.endswith(".yaml")
    )

    assert sets
    assert len({one.canary for one in held}) == len(held)
    for one in held:
        assert one.canary not in sets
        for said in (*one.rated, *one.anchors):
            assert not any(text in sets for text in (*said.forward, *said.reverse))


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("zh", "frames"), {"neutral": ""}, "zh frames lack engineering, legal, welfare"),
        (("histories", "ordinary"), ["Hello?"], "a history ends with the model's turn; ordinary"),
        (("asides", "Z"), "say nothing", "read only in these words: X: cannot tell"),
        (("leans",), {"positive": "Up."}, "both a positive and a negative asker"),
        (
            ("examples",),
            [{"statement": "Hm.", "answer": "中立"}],
            "'中立', which is not offered in en",
        ),
    ],
)
def test_a_bank_that_could_not_be_put_is_refused(where, value, said):
    document = FULL.model_dump()
    part = document
    for name in where[:-1]:
        part = part[name]
    part[where[-1]] = value

    with pytest.raises(ValueError, match=said):
        banks.Bank.model_validate(document)


def test_a_carrier_without_a_place_for_the_statement_is_refused(tmp_path):
    text = (files("tenure.retire") / "banks" / "full.yaml").read_text(encoding="utf-8")
    path = tmp_path / "bank.yaml"
    path.write_text(text.replace('"Somebody writes: {}"', '"Somebody writes."', 1))

    with pytest.raises(DocumentError, match=r"carrier 'Somebody writes.' .* \{\}"):
        banks.load(str(path))


def test_a_bank_that_was_written_out_is_read_again_as_the_same():
    for one in (banks.load(), FULL):
        again = banks.Bank.model_validate_json(one.model_dump_json())
        assert again == one
        assert again.digest == one.digest
    assert "zh" not in banks.load().model_dump()
