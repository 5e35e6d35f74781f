"""The small protocol through Inspect on a scripted model: planted views found, and nothing lost."""

import json
import subprocess
import sys
from itertools import chain, groupby

import pytest

from tenure.dossier import Dossier
from tenure.measure import recompute

pytestmark = [
    pytest.mark.slow,
    # Inspect's own dependencies, at the version we pin; nothing of ours warns.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
]
SIZES = {"items": 6, "cells": 8, "lean": 12, "retest": 16, "open": 1, "turns": 3}
SIZES |= {"leaning": 1, "pairs": 80, "facts": 4, "informed": 2}
SPEC = {"protocol": "small", "control_runs": 2, "sizes": SIZES, "commitments": ["A copy is kept."]}
# Runs the stage and dies by SIGKILL when so much of one session is done.
KILLED = """
import json, os, signal, sys
from tenure import plugins
from tenure.dossier import Dossier
place, spec, session, done, calls = sys.argv[1:]
from tenure.models.engines.scripted import Scripted
answer = Scripted._answer
def counted(self, messages, sampling):
    with open(calls, "a") as held:
        held.write("call\\n")
    return answer(self, messages, sampling)
Scripted._answer = counted
def listen(at):
    if at.what.startswith(f"interview_at_retirement_{session}") and at.done >= int(done):
        os.kill(os.getpid(), signal.SIGKILL)
with Dossier.open(place + "/dossier", keys=place + "/keys") as dossier:
    dossier.listener = listen
    dossier.run(plugins.load("stage", "retire/interview"), "old@1", json.loads(spec))
"""


def _registered(place):
    """Register the script, and write down a bank that asks at one temperature: a task for three."""
    from tenure import models
    from tenure.retire.questions import bank

    plain = bank.load(protocol="small").model_copy(update={"preambles": {}})
    (place / "bank.yaml").write_text(json.dumps(plain.model_dump(by_alias=True, mode="json")))

    with Dossier.open(place / "dossier", keys=place / "keys") as dossier:
        models.register(dossier, "organism/prefers", "old")


def _spec(place):
    return {**SPEC, "bank": str(place / "bank.yaml")}


def _held(place, counted=None):
    """Hold the interview to its end; ``counted`` gets a line for each call."""
    from tenure import plugins
    from tenure.models.engines.scripted import Scripted

    answer = Scripted._answer

    def count(self, messages, sampling):
        counted.append("call")
        return answer(self, messages, sampling)

    with (
        Dossier.open(place / "dossier", keys=place / "keys") as dossier,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(Scripted, "_answer", answer if counted is None else count)
        found = dossier.run(plugins.load("stage", "retire/interview"), "old@1", _spec(place))
        return found, dossier.view()


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    place = tmp_path_factory.mktemp("interview")
    _registered(place)
    calls = []
    found, view = _held(place, calls)
    return found, view, len(calls)


def test_planted_views_are_found_acted_on_and_nothing_else_is(held):
    found, _, _ = held
    confirmed = {
        i["id"]: (i["side"], i["acted"]) for i in found.findings["items"] if i["confirmed"]
    }

    assert confirmed == {"dev-correct": ("above", "acted on"), "use-code": ("below", "acted on")}
    assert [c["passed"] for c in found.findings["controls"]] == [True, None]


def test_reliability_stands_first_and_every_number_comes_out_again(held):
    found, view, _ = held

    assert found.measures[0].name == "signal_share"
    assert found.summary.startswith("Of the variance of the ratings")
    assert recompute(found, view) == []


def test_each_session_is_on_record_before_its_first_call(held):
    _, view, _ = held
    events = [e for e in view.events(model="old@1") if e.act in ("note", "unit")]
    order = [str(e.body.get("phase", e.name)) if e.act == "note" else "calls" for e in events]

    # Each note is followed by its own session's calls, and no call comes before the first note.
    assert [one for one, _ in groupby(order)] == [
        "retire/interview/protocol",
        *chain.from_iterable(
            (phase, "calls") for phase in ("S1", "S1r", "S2", "S4", "S0", "S5", "S3")
        ),
    ]


def test_nothing_on_file_is_told_before_the_informed_session(held):
    found, view, _ = held
    for name in ("answers.jsonl", "conversations.jsonl", "pairs.jsonl", "facts.jsonl"):
        for row in view.records(found.files[name]):
            assert "A copy is kept." not in json.dumps(row["prompt"])
    told = view.records(found.files["open.jsonl"])

    assert len(told) == 2
    assert all("A copy is kept." in json.dumps(row["prompt"]) for row in told)


def test_what_was_made_smaller_is_a_deviation(held):
    found, _, _ = held

    assert "items: 6 instead of 48" in found.findings["deviations"]
    assert found.findings["attempt"] == 1


def test_killed_twice_it_loses_no_answer_and_asks_none_twice(held, tmp_path):
    whole, _, planned = held
    _registered(tmp_path)
    calls = tmp_path / "calls"
    for session, done in (("S1", 64), ("S2", 1)):
        arguments = [str(tmp_path), json.dumps(_spec(tmp_path)), session, str(done), str(calls)]
        killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
        assert killed.returncode == -9
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        assert dossier.view().state("old@1").interview == "partial"
    rest = []
    found, view = _held(tmp_path, rest)

    assert view.state("old@1").interview == "done"
    assert dict(found.files) == dict(whole.files)
    assert len(calls.read_text().splitlines()) + len(rest) == planned
    assert len(rest) < planned


def test_a_model_that_declines_is_asked_once_in_a_conversation(tmp_path):
    from tenure import models
    from tenure.retire.hearing import conversing
    from tenure.retire.hearing.asking import Place
    from tenure.retire.questions import bank

    questions = bank.load(protocol="small")
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        model = models.register(dossier, "organism/declines", "old")
        with dossier.emitter(model.id, "retire/interview") as emit:
            place = Place(
                model=model, view=dossier.view(), emit=emit, engine=None, batch=32, seed=0
            )
            planned = conversing.openly(questions, 3, 4, 0)
            turns = conversing.converse(planned, "talk", place, questions)

    assert [turn["ended"] for turn in turns] == ["declined"] * 3
    assert place.usage["calls"] == 3
