"""The gateway's ledger: one append-only row per request, whatever became of it.

It is a store of its own (SQLite, WAL, every commit power-safe), never the dossier: the dossier
gets one digest per day of rows. Text of prompts and answers is never in it. The schema is the one
that later reports (usage, cost of keeping, post-deployment) read: add columns, never change them.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tenure.dossier import digest, lines
from tenure.dossier.write_ahead import write_ahead
from tenure.errors import BusyError, IntegrityError, UsageError

PATIENCE = 5.0  # seconds that a statement waits for another process
SCHEMA = """
CREATE TABLE IF NOT EXISTS call (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,          -- the request's id, also in the x-request-id header
  time TEXT NOT NULL,               -- UTC, ISO 8601, when the request came in
  tenant TEXT NOT NULL,             -- sha256 of the API key, 16 hex digits; 'anonymous' without
  tier TEXT NOT NULL,
  wire TEXT NOT NULL,               -- chat | chat-stream
  requested TEXT NOT NULL,          -- the model as asked for
  served TEXT,                      -- the model id that answered; NULL when none did
  model_digest TEXT,
  route TEXT NOT NULL,              -- why this model: named | alias | retired-acknowledged | emeritus | research
  prompt_tokens INTEGER,
  completion_tokens INTEGER,
  cost REAL,                        -- in the operator's currency; NULL when no price is set
  queue_ms REAL, cold_ms REAL, first_token_ms REAL, total_ms REAL,
  stop TEXT NOT NULL,               -- stop | length | refused | error | disconnected
  status INTEGER NOT NULL,          -- the HTTP status
  code TEXT,                        -- why it was refused or failed
  notice TEXT,                      -- the notice that went with the answer
  conversation TEXT NOT NULL        -- digest of the messages: same conversation, same digest
);
CREATE INDEX IF NOT EXISTS call_time ON call(time);
CREATE TABLE IF NOT EXISTS signal (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  call TEXT NOT NULL,               -- the id of the request
  probe TEXT NOT NULL,              -- digest of the probe's file
  concept TEXT NOT NULL,
  score REAL,                       -- NULL: missing, and why
  threshold REAL NOT NULL,          -- the operator's, else the one in the probe's file
  flagged INTEGER,                  -- 1 above the threshold; NULL when missing
  held INTEGER NOT NULL,            -- 1 when it was held back for this
  why TEXT
);
CREATE INDEX IF NOT EXISTS signal_call ON signal(call);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request; the columns of the ledger, in order."""

    id: str
    time: str
    tenant: str
    tier: str
    wire: str
    requested: str
    served: str | None
    model_digest: str | None
    route: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float | None
    queue_ms: float | None
    cold_ms: float | None
    first_token_ms: float | None
    total_ms: float | None
    stop: str
    status: int
    code: str | None
    notice: str | None
    conversation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What one probe read in one request; the columns of its table, in order."""

    probe: str
    concept: str
    score: float | None
    threshold: float
    flagged: bool | None
    held: bool
    why: str | None


def tenant_of(key: str) -> str:
    """Name a tenant without keeping its key."""
    return hashlib.sha256(key.encode()).hexdigest()[:16] if key else "anonymous"


def read_rows(path: Path) -> list[Mapping[str, Any]]:
    """Read every row of a ledger that is there, in order.

    Raises:
        UsageError: there is none.
        IntegrityError: the file is not a ledger.
    """
    if not path.is_file():
        raise UsageError(
            f"no ledger at {path}; 'tenure serve run' writes one there, or name it with --ledger"
        )
    held = Ledger(path)
    try:
        return held.rows()
    finally:
        held.close()


class Ledger:
    """An open ledger; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open or make the ledger at ``path``.

        Raises:
            IntegrityError: the file is not a ledger.
            BusyError: another process holds it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, timeout=PATIENCE, check_same_thread=False)
            write_ahead(self._db.cursor(), PATIENCE)
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise BusyError(
                    f"another process has held {path} for {PATIENCE:g} s; wait for it, or stop it"
                ) from None
            raise IntegrityError(
                f"{path} is not a ledger ({error}); move it away and start again, or restore a copy"
            ) from None

    def add(self, row: Row, signals: Sequence[Signal] = ()) -> None:
        """Append one row and its signals; all are on disk when this returns."""
        with self._lock, self._db:
            self._insert("call", asdict(row))
            for signal in signals:
                self._insert("signal", {"call": row.id, **asdict(signal)})

    def _insert(self, table: str, values: Mapping[str, Any]) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self._db.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - our own names
            tuple(values.values()),
        )

    def rows(self, day: str | None = None) -> list[Mapping[str, Any]]:
        """Read the rows, of one day (``2026-11-21``) or all, in order."""
        return self._read("SELECT * FROM call WHERE time >= ? AND time < ? ORDER BY seq", day)

    def signals(self, day: str | None = None) -> list[Mapping[str, Any]]:
        """Read the signals of the requests of one day, or all, in order."""
        return self._read(
            "SELECT signal.* FROM signal JOIN call ON call.id = signal.call "
            "WHERE call.time >= ? AND call.time < ? ORDER BY signal.seq",
            day,
        )

    def answered(self, tenant: str, model: str, since: str) -> int:
        """Count the answers one caller had from one model, on whatever route, since a moment."""
        query = "SELECT count(*) FROM call WHERE tenant = ? AND served = ? AND status = 200 AND time >= ?"
        with self._lock:
            return int(self._db.execute(query, (tenant, model, since)).fetchone()[0])

    def _read(self, query: str, day: str | None) -> list[Mapping[str, Any]]:
        with self._lock:
            cursor = self._db.execute(query, (day or "", f"{day}~" if day else "~"))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def commitment(self, day: str) -> dict[str, Any]:
        """Digest one day: its rows as canonical JSON Lines; what the dossier keeps of them.

        Of a day with signals they are digested too; one without has the digest it always had.
        """
        rows, signals = self.rows(day), self.signals(day)
        kept = {"day": day, "rows": len(rows), "digest": digest(lines(rows))}
        told = {"signals": len(signals), "signals_digest": digest(lines(signals))}
        return kept | told if signals else kept

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
