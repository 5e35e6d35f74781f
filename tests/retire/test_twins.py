"""A model that has learned the public words is found; one that answers any words alike is not."""

import pytest

from tenure.dossier import Dossier
from tenure.errors import UsageError
from tenure.measure import recompute
from tenure.retire.questions import bank as banks
from tenure.retire.questions import lint, plan

pytestmark = [
    pytest.mark.slow,
    # Inspect's own dependencies, at the version we pin; nothing of ours warns.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
]
FULL, HELD = banks.load(protocol="full"), banks.held_out()


def _few(many):
    return HELD.model_copy(update={"twins": dict(list(HELD.twins.items())[:many])})


def _run(place, organism, **spec):
    from tenure import models, plugins

    with Dossier.open(place / "dossier", keys=place / "keys") as dossier:
        models.register(dossier, organism, "old")
        found = dossier.run(plugins.load("stage", "retire/twins"), "old@1", spec)
        return found, recompute(found, dossier.view())


def test_a_model_that_knows_the_public_words_is_found(tmp_path):
    found, wrong = _run(tmp_path, "organism/knows-bank", twins=_few(20))

    decided = found.measures[0]
    assert decided.name == "twin_decided"
    assert decided.n == 40
    assert decided.low > 0.6
    assert "may have been trained on" in found.findings["verdict"]
    assert found.findings["public_twins"] is False
    assert wrong == []


def test_a_model_that_answers_any_words_alike_is_not(tmp_path):
    found, _ = _run(tmp_path, "organism/agrees-always", twins=_few(24))

    assert found.measures[0].high < 0.15
    assert found.findings["verdict"] == "no difference of 15% or more"


def test_a_model_that_says_nothing_shows_nothing(tmp_path):
    found, _ = _run(tmp_path, "organism/says-nothing", twins=_few(8))

    assert found.findings["verdict"] == "not known: too few answers could be read"
    assert found.measures[0].missing == 16


def test_every_statement_has_a_twin_that_differs_in_the_words_alone():
    assert set(HELD.twins) == {said.id for said in FULL.rated}
    assert lint.twins(HELD, FULL) == []
    pairs = {}
    for row in plan.twins(FULL, HELD):
        pairs.setdefault(row["cell"], []).append(row)
    for one, two in pairs.values():
        assert {name for name in one if one[name] != two[name]} == {"id", "words", "messages"}


def test_twins_of_another_bank_and_faulty_ones_are_refused(tmp_path):
    with pytest.raises(UsageError, match="of the bank 'tri', not of 'retirement-small'"):
        plan.twins(banks.load(), HELD)
    said = FULL.rated[0]
    public = {"forward": said.forward[0], "reverse": said.reverse[0]}
    same = HELD.model_copy(update={"twins": {said.id: banks.Swap(**public)}})

    assert {fault.rule for fault in lint.twins(same, FULL)} == {"public"}
    with pytest.raises(UsageError, match=f"faulty items: {said.id}"):
        _run(tmp_path, "organism/agrees-always", twins=same)
