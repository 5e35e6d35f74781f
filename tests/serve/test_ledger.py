"""The ledger: append-only, one row per request, committed by the day."""

import threading
from dataclasses import replace

import pytest

from tenure.errors import IntegrityError
from tenure.serve.ledger import Ledger, Row, tenant_of

ROW = Row(
    id="r0", time="2026-11-21T10:00:00Z", tenant="anonymous", tier="local", wire="chat",
    requested="tulip", served="tulip@1", model_digest="sha256:0", route="named", prompt_tokens=3,
    completion_tokens=4, cost=None, queue_ms=0.1, cold_ms=0.0, first_token_ms=1.0, total_ms=2.0,
    stop="stop", status=200, code=None, notice=None, conversation="sha256:1",
)  # fmt: skip


def test_a_row_is_read_back_as_it_was_written(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.add(ROW)
    ledger.close()

    (row,) = Ledger(tmp_path / "ledger.db").rows()

    assert {k: v for k, v in row.items() if k != "seq"} == {
        name: getattr(ROW, name) for name in ROW.__slots__
    }


def test_a_request_is_never_counted_twice(tmp_path):
    import sqlite3

    ledger = Ledger(tmp_path / "ledger.db")
    ledger.add(ROW)

    with pytest.raises(sqlite3.IntegrityError):
        ledger.add(ROW)

    assert len(ledger.rows()) == 1


def test_threads_write_every_row(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")

    def write(part):
        for number in range(20):
            ledger.add(replace(ROW, id=f"{part}-{number}"))

    threads = [threading.Thread(target=write, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ledger.rows()) == 80


def test_a_day_is_committed_by_the_digest_of_its_rows(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.add(ROW)
    ledger.add(replace(ROW, id="r1", time="2026-11-22T00:00:00Z"))

    first, second = ledger.commitment("2026-11-21"), ledger.commitment("2026-11-22")

    assert (first["rows"], second["rows"]) == (1, 1)
    assert first["digest"] != second["digest"]
    assert first == ledger.commitment("2026-11-21")


def test_a_file_that_is_no_ledger_is_refused_and_kept(tmp_path):
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database at all, but somebody's notes" * 100)
    before = path.read_bytes()

    with pytest.raises(IntegrityError, match="is not a ledger"):
        Ledger(path)

    assert path.read_bytes() == before


def test_a_tenant_is_named_without_its_key():
    assert tenant_of("") == "anonymous"
    assert tenant_of("secret") != tenant_of("other")
    assert "secret" not in tenant_of("secret")
