"""The log on SQLAlchemy: SQLite by default, PostgreSQL for several machines.

An index is assigned inside the append transaction (``BEGIN IMMEDIATE``; on PostgreSQL an advisory
lock), so any number of processes may append at once. Entries, their place in the names index, the
frontier of the Merkle tree and the signed checkpoint are written in one transaction. Nothing is
read back of the chain to append to it.
"""

import weakref
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as hook
from sqlalchemy.exc import ArgumentError, OperationalError

from tenure.dossier.checkpoint import parse
from tenure.dossier.envelope import unseal
from tenure.dossier.merkle import Frontier, leaf_hash
from tenure.dossier.nouns import Event
from tenure.dossier.source import Wanted, at_its_place, once_of
from tenure.dossier.tables import FOLDS, checkpoint, frontier, leases, log, metadata, places
from tenure.dossier.write_ahead import write_ahead
from tenure.errors import BusyError, IntegrityError, UsageError

_LOCK = 0x7E_40_0E  # any number, the same for all
_PATIENCE = 60  # seconds one command waits for another's append


def _conditions(wanted: Wanted) -> Generator[sa.ColumnElement[bool]]:
    """Narrow a search by the names index; ``Wanted.fits`` has the last word."""
    if wanted.act is not None:
        yield places.c.act == wanted.act
    if wanted.model is not None:
        yield places.c.model == wanted.model
    if wanted.once is not None:
        yield places.c.once == wanted.once
    if wanted.since:
        yield places.c.idx >= wanted.since
    if wanted.name is not None and wanted.name.endswith("*"):
        yield places.c.name.startswith(wanted.name[:-1], autoescape=True)
    elif wanted.name is not None:
        yield places.c.name == wanted.name


def _find(connection: sa.Connection, wanted: Wanted) -> list[Event]:
    query = sa.select(log.c.envelope, log.c.idx)
    if conditions := list(_conditions(wanted)):
        query = query.join(places, places.c.idx == log.c.idx).where(*conditions)
    query = query.order_by(log.c.idx.desc() if wanted.newest else log.c.idx)
    found: list[Event] = []
    with connection.execute(query) as rows:
        for envelope, index in rows:
            event = at_its_place(index, bytes(envelope))
            if wanted.fits(event):
                found.append(event)
                if wanted.newest:
                    break
    return found


class Writing:
    """An open append transaction: sees the log as it is, alone may add to it."""

    def __init__(self, connection: sa.Connection) -> None:
        """Take the transaction; the log's size is fixed until it ends."""
        self.connection = connection
        newest = connection.execute(sa.select(sa.func.max(log.c.idx))).scalar()
        self.size: int = 0 if newest is None else newest + 1

    def find(self, wanted: Wanted) -> list[Event]:
        """Return the events looked for, those of this transaction included."""
        return _find(self.connection, wanted)

    def note(self) -> str | None:
        """Return the newest checkpoint."""
        return self.connection.execute(sa.select(checkpoint.c.note)).scalar()

    def append(self, entries: Sequence[tuple[bytes, Event]]) -> bytes:
        """Add entries (bytes, and the same as an event) and return the root of the new tree.

        Raises:
            IntegrityError: the log is not what its own checkpoint says; nothing is built on that.
        """
        tree = self._frontier()
        head = None if (note := self.note()) is None else parse(note)
        if self.size and (head is None or (head.size, head.root) != (self.size, tree.root())):
            raise IntegrityError(
                "the log is not what its checkpoint says; run `tenure verify`: where only the "
                "index is wrong `tenure rebuild` mends it, else restore the dossier from a copy"
            )
        rows: list[dict[str, Any]] = []
        where: list[dict[str, Any]] = []
        for entry, event in entries:
            tree.add(leaf_hash(entry))
            rows.append({"idx": event.index, "envelope": entry})
            where.append(_place(event))
        self.connection.execute(log.insert(), rows)
        self.connection.execute(places.insert(), where)
        self._keep_frontier(tree)
        self.size = tree.size
        return tree.root()

    def keep_note(self, note: str) -> None:
        """Put a checkpoint in the place of the one before."""
        self.connection.execute(checkpoint.delete())
        self.connection.execute(checkpoint.insert(), {"id": 1, "note": note})

    def _frontier(self) -> Frontier:
        query = sa.select(frontier.c.hash).order_by(frontier.c.position)
        return Frontier(self.size, [bytes(h) for (h,) in self.connection.execute(query)])

    def _keep_frontier(self, tree: Frontier) -> None:
        self.connection.execute(frontier.delete())
        rows = [{"position": i, "hash": h} for i, h in enumerate(tree.hashes)]
        if rows:
            self.connection.execute(frontier.insert(), rows)

    def refold(self) -> int:
        """Drop every table that is not the truth and make it again; return the number of events."""
        for table in (*FOLDS, leases):
            table.drop(self.connection, checkfirst=True)
            table.create(self.connection)
        tree = Frontier()
        query = sa.select(log.c.idx, log.c.envelope).order_by(log.c.idx)
        for part in self.connection.execute(query).partitions(1000):
            entries = [(index, bytes(envelope)) for index, envelope in part]
            for index, entry in entries:
                if index != tree.size:
                    raise IntegrityError(
                        f"event {tree.size} is missing; restore the dossier from a copy"
                    )
                tree.add(leaf_hash(entry))
            where = [_place(unseal(entry)) for _, entry in entries]
            self.connection.execute(places.insert(), where)
        self._keep_frontier(tree)
        return tree.size


def _place(event: Event) -> dict[str, Any]:
    return {
        "idx": event.index,
        "act": event.act,
        "name": event.name,
        "model": event.model,
        "once": once_of(event),
    }


def _prepare_sqlite(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # we say BEGIN ourselves
    cursor = raw.cursor()
    write_ahead(cursor, _PATIENCE)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _busy() -> BusyError:
    return BusyError(f"another command has held the log for {_PATIENCE} s; wait for it, or stop it")


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class Log:
    """An open log, readable and writable; safe to use from several threads."""

    def __init__(self, url: str, *, keep: bool = True) -> None:
        """Connect, and make the tables where there are none.

        ``keep`` false closes each connection after use: for reading now and then.

        Raises:
            UsageError: the address cannot be reached or is of an unknown kind.
            BusyError: another command holds the log.
        """
        try:
            pool = None if keep else sa.NullPool
            self.engine = sa.create_engine(url, connect_args=_options(url), poolclass=pool)
        except (ArgumentError, ModuleNotFoundError) as error:
            raise UsageError(
                f"cannot keep a log there ({error}); expected postgresql+psycopg://..., "
                "with `pip install tenure[postgres]`"
            ) from None
        # Whoever forgets to close it: at the end of the process no write-ahead file stays behind.
        weakref.finalize(self, self.engine.dispose)
        self.sqlite = self.engine.dialect.name == "sqlite"
        if self.sqlite:
            hook.listen(self.engine, "connect", _prepare_sqlite)
            hook.listen(self.engine, "begin", _begin_sqlite)
        try:
            with self.engine.connect() as connection:
                known = sa.inspect(connection).has_table("leases")
        except OperationalError as error:
            if "locked" in str(error.orig):
                raise _busy() from None
            raise UsageError(f"cannot open the log: {error.orig}; check the address") from None
        if not known:
            with self._transaction() as connection:
                metadata.create_all(connection)

    @contextmanager
    def _connection(self) -> Generator[sa.Connection]:
        with self.engine.connect().execution_options(reading=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Generator[sa.Connection]:
        try:
            with self.engine.begin() as connection:
                if not self.sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield connection
        except OperationalError as error:
            if "locked" in str(error.orig):
                raise _busy() from None
            raise

    @contextmanager
    def writing(self) -> Generator[Writing]:
        """Open the append transaction; committed at the end, undone by any exception.

        Raises:
            BusyError: another command held the log for a minute.
        """
        with self._transaction() as connection:
            yield Writing(connection)

    def find(self, wanted: Wanted) -> Sequence[Event]:
        """Return the events looked for, in log order."""
        with self._connection() as connection:
            return _find(connection, wanted)

    def entries(self, start: int = 0) -> Iterable[tuple[int, bytes]]:
        """Return the stored bytes with their indices, in log order."""
        query = sa.select(log.c.idx, log.c.envelope).where(log.c.idx >= start).order_by(log.c.idx)
        with self._connection() as connection:
            for index, envelope in connection.execute(query):
                yield index, bytes(envelope)

    def note(self) -> str | None:
        """Return the newest checkpoint, or None."""
        with self._connection() as connection:
            return connection.execute(sa.select(checkpoint.c.note)).scalar()

    def close(self) -> None:
        """Close every connection; SQLite then folds its write-ahead file in."""
        self.engine.dispose()


def _options(url: str) -> dict[str, Any]:
    return {"timeout": _PATIENCE} if url.startswith("sqlite") else {}
