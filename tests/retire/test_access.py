"""Grants of access: bounded, folded from the log, withdrawn; and what a retired model took, counted."""

from datetime import date, timedelta

import pytest

from tenure.dossier import now
from tenure.dossier.granting import grant_of, grants, needs_grant
from tenure.dossier.retiring import day
from tenure.errors import RefusedError, UsageError
from tenure.retire import access, upkeep
from tenure.serve.ledger import Ledger, Row, tenant_of

pytestmark = pytest.mark.slow
WHO = tenant_of("a key")


def do(house, act, model="old@1", **spec):
    return house.run(access.stage, model, {"act": act, "because": "For the test.", **spec})


def test_a_grant_has_a_bound_and_the_newest_counts(dossier):
    do(dossier, "grant", who=WHO, calls=3)
    do(dossier, "grant", who=WHO, until="2099-01-31", access="research")
    found = grant_of(dossier.view(), "old@1", WHO)

    assert (found.klass, found.budget, found.until) == ("research", None, date(2099, 1, 31))
    assert found.open(date(2099, 1, 31))
    assert not found.open(date(2099, 2, 1))
    assert grants(dossier.view(), "new@1") == []
    do(dossier, "withdraw", who=WHO)
    assert grant_of(dossier.view(), "old@1", WHO) is None


def test_what_makes_no_grant_is_named(dossier):
    yesterday = str(day(now()) - timedelta(days=1))
    with pytest.raises(UsageError, match="names no caller"):
        do(dossier, "grant", who="Cai Example", calls=3)
    with pytest.raises(UsageError, match="access that was granted ends"):
        do(dossier, "grant", who=WHO)
    with pytest.raises(UsageError, match="is in the past"):
        do(dossier, "grant", who=WHO, until=yesterday)
    with pytest.raises(UsageError, match="those who do: nobody"):
        do(dossier, "withdraw", who=WHO)
    with dossier.emitter("old@1", "test") as emit:
        emit.fact("containment", "organism", "for the test")
    with pytest.raises(RefusedError, match="is contained"):
        do(dossier, "grant", who=WHO, calls=3)


def test_the_newest_rule_says_to_whom_the_model_is_open(dossier):
    assert not needs_grant(dossier.view(), "old@1")
    do(dossier, "by-grant")
    assert needs_grant(dossier.view(), "old@1")
    do(dossier, "by-request")
    assert not needs_grant(dossier.view(), "old@1")


def row(number, **changed):
    base = {
        "id": f"r{number}",
        "time": f"2026-11-22T00:00:{number:02d}Z",
        "tenant": f"t{number % 2}",
        "tier": "staff",
        "wire": "chat",
        "requested": "old",
        "served": "old@1",
        "model_digest": None,
        "route": "emeritus",
        "prompt_tokens": 5,
        "completion_tokens": 7,
        "cost": None,
        "queue_ms": 0.0,
        "cold_ms": 0.0,
        "first_token_ms": 1.0,
        "total_ms": 2.0,
        "stop": "stop",
        "status": 200,
        "code": None,
        "notice": None,
        "conversation": "x",
    }
    return Row(**{**base, **changed})


@pytest.fixture
def ledger(tmp_path):
    book = Ledger(tmp_path / "ledger.db")
    for number in range(10):
        book.add(row(number, cold_ms=1000.0 * number if number % 2 else 0.0))
    book.add(row(10, status=410, served=None, route="named", prompt_tokens=None))
    book.add(row(11, requested="new", served="new@1"))
    yield book
    book.close()


def test_what_a_retired_model_took_is_counted_from_the_ledger(dossier, ledger):
    rows = ledger.rows()
    with pytest.raises(UsageError, match="old@1 is not retired"):
        dossier.run(upkeep.stage, "old@1", {})
    with dossier.emitter("old@1", "test") as emit:
        emit.fact("stage", "retired", "for the test")
    hands = {"ledger": lambda _: rows, "keeping": lambda *_: {}}
    found = dossier.run(upkeep.stage, "old@1", {}, hands=hands)
    said = found.findings

    assert (said["calls"], said["answered"], said["refused"]) == (11, 10, 1)
    assert (said["callers"], said["wakes"]) == (2, 5)
    assert (said["prompt_tokens"], said["completion_tokens"]) == (50, 70)
    assert said["routes"] == {"emeritus": 10}
    assert found.runtime["cold_s"] == {"n": 5, "p50": 5.0, "p95": 9.0}
    assert [line["model"] for line in upkeep.rows(rows, dossier.view())] == ["old@1"]


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 3), (0.95, 5), (0.2, 1), (0.21, 2), (1.0, 5), (0.0, 1)]
)
def test_a_quantile_is_the_smallest_that_the_share_does_not_exceed(share, value):
    assert upkeep.quantile([5, 3, 1, 4, 2], share) == value
    assert upkeep.quantile([], share) is None
