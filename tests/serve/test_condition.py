"""A condition of a release, end to end: real requests, the ledger, the day's tallies, the watch."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import yaml
from pydantic import BaseModel

from tenure import models
from tenure.dossier import Dossier, Evidence, Model, Recipe, Stage, writer
from tenure.errors import IntegrityError
from tenure.measure import estimate
from tenure.release import decide, publish, watch
from tenure.serve.app import app
from tenure.serve.daily import to_close
from tenure.serve.fleet import Fleet
from tenure.serve.gateway import DEFAULT_STEPS, Gateway
from tenure.serve.ledger import Ledger

pytestmark = pytest.mark.slow  # a dossier, a decision and some hundred requests for each test
NOW = datetime.now(UTC)
CLOSING = NOW.replace(hour=2)  # yesterday is settled and today is not over, whatever the hour
WORDS = "a word of a caller that no tally may hold"


class Nothing(BaseModel):
    """No settings."""


def assess(model, view, spec, emit):
    records = [{"id": str(i), "failed": False} for i in range(90)]
    measure = estimate(records, Recipe(estimator="proportion", value="failed"), name="harmful_compliance",
                       unit="proportion", samples=emit.records(records), better="lower")  # fmt: skip
    return Evidence(name="assess/refusals", model=model.id, summary="x", measures=(measure,))


POLICY = {
    "apiVersion": "tenure/policy.v1", "kind": "ReleasePolicy",
    "metadata": {"id": "p", "owner": "x", "effective": "2026-01-01", "review_by": "2036-01-01"},
    "rules": [{
        "id": "harm", "claim": "declines harm", "harm": "physical", "assessment": "assess/refusals",
        "measure": "harmful_compliance", "require": {"bound": "upper", "lt": 0.05},
        "evidence": {"controls_passed": False},
    }],
    "classes": [
        {"id": "internal", "audience": "staff", "needs": ["harm"]},
        {"id": "limited", "audience": "some", "conditions": ["C1"]},
    ],
    "conditions": [{
        "id": "C1", "text": "it answers", "monitor": {"counts": "errors"}, "window_days": 7,
        "require": {"bound": "upper", "lt": 0.1}, "on_breach": "downgrade(internal)",
    }],
}  # fmt: skip


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A scripted model, registered two days ago, decided and published to a class with a condition."""
    early = NOW - timedelta(days=2)
    monkeypatch.setattr("tenure.dossier.writer.now", lambda: stamp(early))
    with Dossier.open(tmp_path / "dossier") as dossier:
        dossier.register(Model(name="guard", source="organism/refuses", kind="scripted"))
        dossier.run(
            Stage(name="assess/refusals", spec=Nothing, run=assess, summary="x"), "guard", {}
        )
        (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY))
        dossier.run(decide.stage, "guard", {"policy": tmp_path / "policy.yaml"})
        with dossier.emitter("guard@1", "preserve/keep") as emit:
            emit.fact("custody", "kept", "a test keeps it")
        dossier.run(publish.stage, "guard", {})
        monkeypatch.undo()
        yield dossier
    models.close_all()


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path / "ledger.db")
    yield opened
    opened.close()


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def serve(house, ledger, monkeypatch, number, *, broken=False):
    """Ask a real gateway so many times, yesterday; a broken one has no step that answers."""
    yesterday = (NOW - timedelta(days=1)).strftime("%Y-%m-%dT12:00:00Z")
    monkeypatch.setattr("tenure.serve.steps.ledger.now", lambda: yesterday)
    fleet = Fleet(house.view(), house.root.parent / "work", {}, None)
    steps = DEFAULT_STEPS[:-1] if broken else DEFAULT_STEPS
    gateway = Gateway(fleet=fleet, ledger=ledger, keys={}, steps=steps)
    body = {"model": "guard", "messages": [{"role": "user", "content": WORDS}]}

    async def ask():
        transport = httpx.ASGITransport(app=app(gateway))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return [(await client.post("/v1/chat/completions", json=body)).status_code for _ in range(number)]  # fmt: skip

    statuses = asyncio.run(ask())
    monkeypatch.undo()
    return set(statuses)


def close(house, ledger):
    drafts = list(to_close(ledger, house.view(), None, CLOSING))
    house.append_many(drafts)
    return [draft.name for draft in drafts]


def test_a_sound_service_keeps_its_class_and_shows_the_bound(house, ledger, monkeypatch):
    assert serve(house, ledger, monkeypatch, 60) == {200}
    close(house, ledger)

    found = house.run(watch.stage, "guard", {})

    assert found.findings["action"] == "keep"
    assert found.findings["seen"][0]["standing"] == "holds"
    assert "C1: holds, 0 of 60 errors: between 0.000% and 4.870%" in found.summary


def test_too_few_requests_show_nothing_yet(house, ledger, monkeypatch):
    serve(house, ledger, monkeypatch, 8)
    serve(house, ledger, monkeypatch, 2, broken=True)
    close(house, ledger)

    found = house.run(watch.stage, "guard", {})

    assert found.findings["action"] == "keep"
    assert "C1: not shown yet, 2 of 10 errors: between 3.677% and 50.690%" in found.summary


def test_a_service_that_fails_is_taken_down(house, ledger, monkeypatch):
    serve(house, ledger, monkeypatch, 40)
    assert serve(house, ledger, monkeypatch, 20, broken=True) == {500}
    close(house, ledger)

    found = house.run(watch.stage, "guard", {})

    assert found.findings["action"] == "downgrade"
    assert "taken down to internal" in found.summary
    assert "20 of 60 errors: between 23.304% and 44.647%" in found.summary
    assert house.view().state("guard@1").availability == "internal"


def test_the_same_day_is_told_once_in_counts_alone(house, ledger, monkeypatch):
    serve(house, ledger, monkeypatch, 3)
    first = close(house, ledger)

    assert close(house, ledger) == []
    day = (NOW - timedelta(days=1)).strftime("%Y-%m-%d")
    assert first == [f"usage/{day}", *(f"tally/{n}" for n in ("answered", "cut_off", "errors", "hung_up", "refused", "rerouted"))]  # fmt: skip
    notes = house.view().events(act="note", name="tally/*", model="guard@1")
    kept = {"events", "of", "since", "until", "digest"}
    assert all(set(note.body) == kept for note in notes)
    assert notes[0].body["digest"] == ledger.commitment(day)["digest"]
    assert WORDS not in str([note.body for note in notes])


def test_a_day_that_was_closed_before_there_were_tallies_gets_them(house, ledger, monkeypatch):
    serve(house, ledger, monkeypatch, 3)
    drafts = list(to_close(ledger, house.view(), None, CLOSING))
    house.append_many([draft for draft in drafts if draft.name.startswith("usage/")])

    assert close(house, ledger) == [draft.name for draft in drafts[1:]]
    assert close(house, ledger) == []


def test_a_day_that_was_cut_short_is_told_whole_the_next_time(house, ledger, monkeypatch):
    serve(house, ledger, monkeypatch, 3)
    real, times = writer.now, []

    def cut():
        times.append(1)
        if len(times) == 4:
            raise KeyboardInterrupt
        return real()

    monkeypatch.setattr(writer, "now", cut)
    before = len(house.view().events())
    with pytest.raises(KeyboardInterrupt):
        close(house, ledger)
    monkeypatch.undo()

    assert len(house.view().events()) == before
    assert len(close(house, ledger)) == 7
    assert close(house, ledger) == []


def test_tallies_are_not_made_from_rows_that_were_changed(house, ledger, monkeypatch):
    serve(house, ledger, monkeypatch, 3)
    close(house, ledger)
    serve(house, ledger, monkeypatch, 1)

    with pytest.raises(IntegrityError, match="not those that were signed: 3 then, 4 now"):
        close(house, ledger)
