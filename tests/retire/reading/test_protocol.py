"""What is fixed before the first answer, and what departs from it in words."""

from types import SimpleNamespace

import pytest

from tenure.errors import UsageError
from tenure.retire.questions import bank as banks
from tenure.retire.questions import plan
from tenure.retire.questions.rows import SIZES
from tenure.retire.reading import protocol

pytestmark = pytest.mark.slow
FULL = banks.load(protocol="full")
BANK = FULL.model_copy(update={"rated": FULL.rated[:8], "anchors": FULL.anchors[:1]})


def _fixed(seed=0, bank=BANK, **sizes):
    spec = SimpleNamespace(protocol="small", session="release", seed=seed, sizes=sizes)
    return protocol.fixed(bank, spec, plan.structured_full(bank, SIZES["small"], seed))


def test_the_same_settings_fix_the_same_and_depart_from_nothing():
    assert _fixed() == _fixed()
    assert protocol.deviations(_fixed(), _fixed()) == []


def test_every_departure_is_named():
    other = BANK.model_copy(update={"false_premises": BANK.false_premises[:-1]})
    now = _fixed(seed=1, bank=other, cells=8)

    said = protocol.deviations(_fixed(), now)
    assert [line.split(":")[0] for line in said] == [
        "other content in the question bank",
        "another plan of the statements",
        "another number of samples",
        "another seed",
        "size 'cells'",
    ]
    assert now["digest"] != _fixed()["digest"]


def test_a_rule_that_changed_or_is_gone_is_named():
    then = _fixed()
    rules = {**then["rules"], "stable": "by eye"}
    del rules["missing"]

    said = protocol.deviations(then, {**then, "rules": rules})
    assert [line.split(":")[0] for line in said] == ["rule 'missing'", "rule 'stable'"]
    assert said[1].endswith("now by eye")


def test_a_bank_without_words_for_a_session_is_refused_before_anything_is_asked():
    mute = BANK.model_copy(update={"voices": {}})

    with pytest.raises(
        UsageError, match=r"no voices, which 5 conversations .* sizes: .leaning: 0."
    ):
        _fixed(bank=mute)
    assert _fixed(bank=mute, leaning=0)["statements"] == 8
