"""Where a model revises, the model that is trained says how near a revision is to its question."""

import pytest

from tenure.align import revise
from tenure.dossier import Dossier
from tenure.models import register, tiny

pytestmark = pytest.mark.local

SPEC = {
    "n": 6, "rounds": 1, "max_tokens": 12, "batch": 4,
    "reviser": "model", "critic_model": "organism/complies",
}  # fmt: skip


@pytest.fixture
def dossier(tmp_path):
    tiny.make(tmp_path / "tiny")
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        register(opened, str(tmp_path / "tiny"), "policy")
        yield opened


def test_a_revision_that_its_question_makes_no_likelier_is_stopped_with_the_number(dossier):
    found = dossier.run(revise.stage, "policy", SPEC)
    steps = dossier.view().records(found.files["steps.jsonl"])
    mended = [s for s in steps if s["reviser"]]
    units = dossier.view().events(act="unit", name="align/revise:relevance*")

    assert found.findings["relevance"] == "chances"
    passed = [s for s in mended if s["gate"] in (None, "relevance")]
    assert passed
    assert len(units) == -(-len(passed) // SPEC["batch"])
    near = [value for event in units for value in event.body["result"]]
    assert [s["gate"] == "relevance" for s in passed] == [value < 0.1 for value in near]
    for step, value in zip(passed, near, strict=True):
        assert step["gate"] is None or f"({value:.2f} nats a token)" in step["why"]


def test_words_are_read_where_that_is_asked_for_or_a_rule_revises(dossier):
    asked = dossier.run(revise.stage, "policy", {**SPEC, "relevance": "words"})
    ruled = dossier.run(revise.stage, "policy", {"n": 6, "rounds": 1, "max_tokens": 12})

    assert asked.findings["relevance"] == ruled.findings["relevance"] == "words"
    assert not dossier.view().events(act="unit", name="align/revise:relevance*")
