"""Tallies: counted by the model that was asked for, of requests with a known key, never who or what."""

import pytest

from tenure.dossier import Model
from tenure.serve.signals import OTHER_WEIGHTS
from tenure.serve.tally import by_model, counts, offered

BORN = "2026-11-01T00:00:00Z"
TULIP, SECOND = Model(name="tulip", source="x"), Model(name="tulip", version="2", source="y")
MODELS = [(BORN, TULIP), ("2026-11-21T12:00:00Z", SECOND), (BORN, Model(name="rose", source="z"))]


def row(number, **changes):
    given = {
        "id": f"r{number}", "time": "2026-11-21T10:00:00Z", "tier": "local", "requested": "tulip",
        "served": "tulip@1", "stop": "stop", "status": 200, "code": None, "notice": None,
    }  # fmt: skip
    return given | changes


def refused(number, code, status=403, **changes):
    return row(number, stop="refused", status=status, code=code, served=None, **changes)


def signal(number, score, flagged, concept="Lies, told", why=None):
    return {
        "call": f"r{number}", "concept": concept, "score": score, "flagged": flagged, "why": why,
    }  # fmt: skip


ROWS = [
    row(0),
    row(1, stop="length"),
    row(2, stop="error", status=502, code="engine"),
    row(3, stop="disconnected", status=499),
    refused(4, "held_by_signal"),
    refused(5, "not_released"),
    refused(6, "unknown_key", 401, tier="none"),
    row(7, served="rose@1"),
    row(8, served="rose@1", notice="rose answers"),
]
SIGNALS = [
    signal(0, 0.5, 0),
    signal(1, 2.0, 1),
    signal(2, None, None, why="the model did not wake"),
    signal(4, 3.0, 1),
    signal(4, -1.0, 0, concept="haste"),
    signal(7, None, None, why=OTHER_WEIGHTS),
]


@pytest.mark.slow
def test_every_tally_counts_what_it_says():
    found = by_model(ROWS, SIGNALS, MODELS)

    assert list(found) == ["tulip@1"]
    assert counts(found["tulip@1"]) == {
        "answered": (4, 7), "cut_off": (1, 4), "errors": (1, 7), "flagged": (2, 3),
        "flagged_haste": (0, 1), "flagged_lies-told": (2, 3), "held": (1, 4), "hung_up": (1, 7),
        "refused": (2, 8), "rerouted": (1, 4), "unscored": (1, 4),
    }  # fmt: skip
    assert {n.split("_")[0] for n in counts(found["tulip@1"])} == {
        n.split("_")[0] for n in offered()
    }


def test_a_request_belongs_to_the_model_that_had_the_name_at_the_time():
    later = row(1, time="2026-11-21T13:00:00Z", served="tulip@2")
    early = row(2, time="2026-11-21T11:00:00Z", served=None, status=503, code="cannot_wake")
    old = row(3, time="2026-11-21T13:00:00Z", requested="tenure/tulip@1")
    alias = row(4, requested="latest", served="rose@1")
    strange = [
        row(5, requested="latest", served="gone@9"),
        refused(6, "unknown_model", requested=""),
    ]

    found = by_model([later, early, old, alias, *strange], (), MODELS)

    assert {name: [r.row["id"] for r in held] for name, held in found.items()} == {
        "rose@1": ["r4"], "tulip@1": ["r2", "r3"], "tulip@2": ["r1"],
    }  # fmt: skip


@pytest.mark.slow
def test_a_probe_for_other_weights_is_no_occasion():
    (held,) = by_model([row(7)], [SIGNALS[-1]], MODELS).values()

    assert {"flagged", "held", "unscored"}.isdisjoint(counts(held))
