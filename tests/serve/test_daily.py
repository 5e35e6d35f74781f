"""What the dossier is told of a day of the ledger: counts and a digest, never who or what."""

from datetime import UTC, datetime, timedelta

import pytest

from tenure.dossier import Dossier
from tenure.errors import IntegrityError, UsageError
from tenure.serve.daily import closed, to_close, usage
from tenure.serve.ledger import Ledger, Row, tenant_of

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def row(number: int, day: str, **changes) -> Row:
    given = {
        "id": f"r{number}", "time": f"{day}T10:00:00Z", "tenant": tenant_of("a"), "tier": "local",
        "wire": "chat", "requested": "tulip", "served": "tulip@1", "model_digest": None,
        "route": "named", "prompt_tokens": 1, "completion_tokens": 1, "cost": None,
        "queue_ms": None, "cold_ms": None, "first_token_ms": None, "total_ms": 1.0, "stop": "stop",
        "status": 200, "code": None, "notice": None, "conversation": "sha256:1",
    }  # fmt: skip
    return Row(**{**given, **changes})


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path / "ledger.db")
    yield opened
    opened.close()


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier") as opened:
        opened.append_many([])
        yield opened


def test_use_is_counted_over_the_day_and_the_window(ledger):
    for number, day in enumerate(["2026-10-21", "2026-10-23", "2026-11-20", "2026-11-21"]):
        ledger.add(row(number, day, tenant=tenant_of(f"key {number}")))
    ledger.add(row(10, "2026-11-21", tenant=tenant_of("key 2")))
    ledger.add(row(11, "2026-11-21", served=None, status=410, stop="refused"))

    said = usage(ledger, "2026-11-21")

    assert said["models"] == {
        "tulip@1": {
            "requests": 2, "users": 2, "requests_30d": 4, "users_30d": 3, "days_30d": 3,
        }
    }  # fmt: skip
    assert said["rows"] == 3  # the refused one is in the digest, and no use
    assert said["digest"] == ledger.commitment("2026-11-21")["digest"]
    assert tenant_of("key 2") not in str(said)


def test_an_answer_by_another_model_is_silent_unless_the_caller_was_told(ledger):
    ledger.add(row(0, "2026-11-21", requested="tenure/tulip"))
    ledger.add(row(1, "2026-11-21", requested="tulip@1"))
    ledger.add(row(2, "2026-11-21", requested="rose"))
    ledger.add(row(3, "2026-11-21", requested="rose", notice="tulip answers"))

    assert usage(ledger, "2026-11-21")["silent"] == {"rose": 1}


def test_every_finished_day_is_closed_once_idle_ones_too(ledger, dossier):
    ledger.add(row(0, "2026-11-19"))
    ledger.add(row(1, "2026-11-22"))

    drafts = list(to_close(ledger, dossier.view(), None, NOW))
    assert [draft.body["day"] for draft in drafts] == ["2026-11-19", "2026-11-20", "2026-11-21"]
    dossier.append_many(drafts)

    assert list(to_close(ledger, dossier.view(), None, NOW)) == []
    assert sorted(closed(dossier.view())) == ["2026-11-19", "2026-11-20", "2026-11-21"]
    just_after = NOW + timedelta(hours=22, minutes=30)  # half past midnight: not settled yet
    assert list(to_close(ledger, dossier.view(), None, just_after)) == []
    assert len(list(to_close(ledger, dossier.view(), None, NOW + timedelta(days=1)))) == 1


def test_an_empty_ledger_needs_its_first_day(ledger, dossier):
    with pytest.raises(UsageError, match="--since"):
        list(to_close(ledger, dossier.view(), None, NOW))
    with pytest.raises(UsageError, match="not over yet"):
        list(to_close(ledger, dossier.view(), "2026-12-24", NOW))
    with pytest.raises(UsageError, match="is no day"):
        list(to_close(ledger, dossier.view(), "20 November", NOW))

    assert len(list(to_close(ledger, dossier.view(), "2026-11-18", NOW))) == 4


def test_a_ledger_that_was_changed_after_a_day_was_signed_is_refused(ledger, dossier):
    ledger.add(row(0, "2026-11-20"))
    dossier.append_many(list(to_close(ledger, dossier.view(), None, NOW)))
    ledger.add(row(1, "2026-11-20"))

    with pytest.raises(IntegrityError, match="not those that were signed: 1 then, 2 now"):
        list(to_close(ledger, dossier.view(), None, NOW))
