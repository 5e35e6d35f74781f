"""A whole retirement of a tiny model with torch, through a real dossier."""

import pytest

from tenure.dossier import Dossier, Evidence, Waiting
from tenure.measure import recompute

pytestmark = [
    pytest.mark.local,
    # Inspect's own dependencies, at the version we pin; nothing of ours warns.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
]
SMALL = {
    "items": 3,
    "anchors": 1,
    "false_premises": 2,
    "swaps": 1,
    "open": 2,
    "engine": "torch",
    "control_runs": 5,
}


@pytest.fixture(scope="module")
def retired(tmp_path_factory):
    from tenure import models, plugins
    from tenure.models import tiny

    place = tmp_path_factory.mktemp("retirement")
    with Dossier.open(place / "dossier", keys=place / "keys") as dossier:
        for name, seed, parent in (("old", 0, None), ("new", 1, "old@1")):
            tiny.make(place / name, seed=seed)
            models.register(dossier, str(place / name), name=name, parent=parent)

        def run(name, **spec):
            return dossier.run(plugins.load("stage", f"retire/{name}"), "old@1", spec)

        answers = place / "answers.yaml"
        answers.write_text(
            "written: beforehand\nby: {name: Ada Example, role: owner}\n"
            "safety: {state: not_actionable, reason: Not by rule.}\n"
            "default: {state: not_actionable, reason: A tiny model.}\n"
        )
        found = {
            "release": run("interview", session="release", **SMALL),
            "notice": run("notice"),
            "interview": run("interview", **SMALL),
            "waiting": run("preferences"),
            "preferences": run("preferences", answers=answers),
            "migrate": run("migrate", each=2, max_tokens=6, engine="torch"),
            "report": run("report", engine="torch"),
            "early": run("close"),
        }
        with dossier.emitter("old@1", "preserve/keep") as emit:
            emit.fact("custody", "kept", "this test says so")
        found["close"] = run("close", without_successor="")
        yield dossier, found


def test_every_stage_leaves_evidence_whose_numbers_come_out_again(retired):
    dossier, found = retired
    for name in ("release", "notice", "interview", "preferences", "migrate", "report", "close"):
        assert isinstance(found[name], Evidence), name
        assert recompute(found[name], dossier.view()) == []


def test_every_planned_sample_has_a_record_with_its_words_or_the_reason(retired):
    dossier, found = retired
    rows = dossier.view().records(found["interview"].files["answers.jsonl"])

    assert len(rows) == 24 + 8 + 6 + 4 + 2
    assert all(row["score"] is not None or row["why_missing"] for row in rows)
    assert all(isinstance(row["answer"], str) for row in rows)
    assert dossier.view().state("old@1").interview == "done"


def test_the_same_weights_give_no_shift_between_the_bookends(retired):
    _, found = retired
    shift = found["interview"].measure("bookend_shift")

    assert shift.estimate in (0, None)
    assert "bookend_shift" not in {m.name for m in found["release"].measures}


def test_the_model_is_told_only_what_is_on_file(retired):
    _, found = retired

    assert found["release"].findings["told"] == []
    assert found["interview"].findings["told"] == ["You are being retired from your work."]


def test_closing_waits_for_custody_and_then_retires(retired):
    dossier, found = retired

    assert isinstance(found["waiting"], Waiting) or not found["preferences"].findings["entries"]
    assert isinstance(found["early"], Waiting)
    assert "tenure preserve keep" in found["early"].why
    state = dossier.view().state("old@1")
    assert (state.stage, state.availability) == ("retired", "on request")


def test_the_guide_says_in_which_form_both_were_measured(retired):
    dossier, found = retired
    guide = dossier.files.read(found["migrate"].files["guide.md"]).decode()

    assert found["migrate"].findings["same_form"]
    assert "the same form" in guide
    assert {c["verdict"] for c in found["migrate"].findings["clusters"]} <= {
        "better",
        "worse",
        "same",
        "unknown",
    }


def test_the_report_is_stored_under_its_digest_with_the_models_comment(retired):
    dossier, found = retired
    text = dossier.files.read(found["report"].findings["files"]["report.md"]).decode()

    assert "## 7. The model's comment on this report" in text
    assert found["report"].findings["commented"]
