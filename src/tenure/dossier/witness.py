"""A witness: it signs the newest checkpoint of a log it knows, and never one that forgets.

The C2SP tlog-witness protocol without the wire: a request in, an answer out. Its folder is somebody
else's, outside every dossier: ``witness.pem`` (its key) and ``witness.db`` (the logs it trusts, the
newest checkpoint it cosigned of each, and the signed ones it had to refuse: they are evidence).
"""

import base64
import binascii
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tenure.dossier import opening
from tenure.dossier.checkpoint import ED25519, Checkpoint, parse
from tenure.dossier.cosignature import (
    COSIGNATURE,
    Vkey,
    cosign,
    is_key_name,
    log_signed,
    parse_vkey,
)
from tenure.dossier.keys import Keys, Signer
from tenure.dossier.merkle import EMPTY, roots_from_consistency
from tenure.errors import BusyError, IntegrityError, RefusedError, UsageError

LARGEST_REQUEST = 200_000  # bytes: 63 hashes and a note
MOST_HASHES = 63
ROLE = "witness"
DATABASE = "witness.db"
PLAIN = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"
_TABLES = """
CREATE TABLE IF NOT EXISTS me (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS logs (origin TEXT NOT NULL, vkey TEXT NOT NULL, PRIMARY KEY (origin, vkey));
CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
  note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused (note TEXT PRIMARY KEY, at INTEGER NOT NULL, why TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers: an HTTP status, a body, its content type."""

    status: int
    body: str
    kind: str = PLAIN


class _Refusal(Exception):  # noqa: N818 - it ends a request, it is no error of ours
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.body)


def _refuse(status: int, why: str) -> _Refusal:
    return _Refusal(Answer(status, why + "\n"))


@dataclass(frozen=True, slots=True)
class Request:
    """A call of ``add-checkpoint``: from which size, by which proof, to which checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint

    def __str__(self) -> str:
        """Write it as it goes over the wire."""
        hashes = "".join(base64.b64encode(each).decode() + "\n" for each in self.proof)
        return f"old {self.old}\n{hashes}\n{self.checkpoint.note}"


def parse_request(text: str) -> Request:
    """Read a request.

    Raises:
        IntegrityError: it is not one, in its one form.
    """
    with suppress(ValueError, binascii.Error, IntegrityError):
        head, note = text.split("\n\n", 1)
        first, *lines = head.split("\n")
        word, number = first.split(" ")
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
        found = Request(int(number), proof, parse(note))
        plain = word == "old" and found.old >= 0 and all(len(each) == 32 for each in proof)
        if plain and len(proof) <= MOST_HASHES and str(found) == text:
            return found
    raise IntegrityError(
        "this is no add-checkpoint request; expected 'old SIZE', a consistency proof, an empty line, "
        "a checkpoint (C2SP tlog-witness)"
    )


@dataclass(frozen=True, slots=True)
class Known:
    """A log as a witness knows it: its origin, keys, and the newest checkpoint it cosigned."""

    origin: str
    keys: tuple[Vkey, ...]
    size: int
    note: str | None


class Witness:
    """A witness's folder; several processes may answer from it at once."""

    def __init__(self, folder: Path | str) -> None:
        """Open it.

        Raises:
            UsageError: there is no witness in that folder.
        """
        self.folder = Path(folder).absolute()
        if not (self.folder / DATABASE).is_file():
            raise UsageError(
                f"no witness in {self.folder}; make one: tenure witness init NAME --at FOLDER"
            )
        with self._database() as database:
            row = database.execute("SELECT name FROM me").fetchone()
        if row is None:
            raise UsageError(f"{self.folder} was not finished; delete it and make it again")
        self.name = str(row[0])
        self.signer: Signer = Keys(self.folder).signer(ROLE, create=False)
        self.key = Vkey(self.name, COSIGNATURE, self.signer.public)

    @classmethod
    def create(cls, folder: Path | str, name: str) -> "Witness":
        """Make a witness with a key of its own.

        Raises:
            UsageError: the name will not do, there is one already, or the folder is in a dossier.
        """
        folder = Path(folder).absolute()
        if not is_key_name(name):
            raise UsageError(f"'{name}' is no key name: use something like witness.example/alice")
        if (folder / DATABASE).exists():
            raise UsageError(f"{folder} holds a witness already; its state must never be made anew")
        if any(opening.is_dossier(each) for each in (folder, *folder.parents)):
            raise UsageError(
                f"{folder} lies inside a dossier; a witness belongs to somebody else, elsewhere"
            )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        Keys(folder).signer(ROLE)
        with closing(sqlite3.connect(folder / DATABASE)) as database:
            database.executescript("PRAGMA journal_mode=WAL;" + _TABLES)
            with database:
                database.execute("INSERT INTO me VALUES (1, ?)", (name,))
        return cls(folder)

    @contextmanager
    def _database(self, *, writing: bool = False) -> Generator[sqlite3.Connection]:
        database = sqlite3.connect(self.folder / DATABASE, timeout=30, isolation_level=None)
        with closing(database):
            database.execute("PRAGMA synchronous=FULL")
            if not writing:
                yield database
                return
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                raise BusyError("the witness is busy with another request; ask again") from None
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    def trust(self, key: Vkey, origin: str | None = None) -> None:
        """Take a log's key as its own; a log may have several (its keys change).

        Raises:
            UsageError: it is a witness's key.
        """
        if key.kind != ED25519:
            raise UsageError(f"{key.name} is a witness's key; a log's is printed by `witness key`")
        with self._database(writing=True) as database:
            row = (origin or key.name, str(key))
            database.execute("INSERT OR IGNORE INTO logs VALUES (?, ?)", row)

    def distrust(self, key: Vkey) -> None:
        """Take away a log's key (replaced, or stolen); what was seen of the log stays.

        Raises:
            UsageError: it is not trusted.
        """
        with self._database(writing=True) as database:
            query = "DELETE FROM logs WHERE vkey = ?"
            if not database.execute(query, (str(key),)).rowcount:
                raise UsageError(f"{key} is not trusted here; see: tenure witness list")

    def logs(self) -> list[Known]:
        """List the logs it knows."""
        with self._database() as database:
            rows = database.execute("SELECT origin, vkey FROM logs ORDER BY origin, rowid")
            keys: dict[str, list[Vkey]] = {}
            for origin, vkey in rows:
                keys.setdefault(origin, []).append(parse_vkey(vkey))
            seen = {
                o: (s, n) for o, s, n in database.execute("SELECT origin, size, note FROM seen")
            }
        return [Known(o, tuple(k), *seen.get(o, (0, None))) for o, k in keys.items()]

    def refused(self) -> list[tuple[int, str, str]]:
        """List the checkpoints that a log signed and that contradict what was seen of it.

        Each is (seconds since 1970, why, note): with the note that was cosigned, evidence that the
        log's key holder told two stories.
        """
        with self._database() as database:
            rows = database.execute("SELECT at, why, note FROM refused ORDER BY rowid")
            return [(int(at), str(why), str(note)) for at, why, note in rows]

    def newest(self, origin: str) -> str | None:
        """Return the newest checkpoint it cosigned of a log, with that cosignature, or None."""
        with self._database() as database:
            row = database.execute("SELECT note FROM seen WHERE origin = ?", (origin,)).fetchone()
        return str(row[0]) if row else None

    def add_checkpoint(self, text: str, now: int | None = None) -> Answer:
        """Answer a request as C2SP tlog-witness says; what it cosigns is durable before it answers.

        ``now`` is seconds since 1970, by default the clock's. The answer's status is 200 with the
        cosignature, or 400 (no such request), 403 (not signed by the log), 404 (a log it does not
        know), 409 with the size it saw last, 422 (a tree that does not continue what it saw).
        """
        try:
            request = parse_request(text)
        except IntegrityError as error:
            return Answer(400, f"{error}\n")
        try:
            log = self._signed(request.checkpoint)
            if request.old > request.checkpoint.size:
                raise _refuse(400, "the old size is larger than the checkpoint's")
            with self._database(writing=True) as database:
                self._consistent(database, request)
                line = cosign(request.checkpoint, self.name, self.signer, now or int(time.time()))
                _keep(database, replace(request.checkpoint, signatures=log), line)
        except _Refusal as refusal:
            if refusal.answer.status == 422:
                self._remember(request.checkpoint, refusal.answer.body)
            return refusal.answer
        return Answer(200, line)

    def _signed(self, checkpoint: Checkpoint) -> tuple[tuple[str, bytes, bytes], ...]:
        """Return the signatures of the log itself; those of others are no concern of ours."""
        with self._database() as database:
            query = "SELECT vkey FROM logs WHERE origin = ?"
            keys = [parse_vkey(v) for (v,) in database.execute(query, (checkpoint.origin,))]
        if not keys:
            raise _refuse(404, f"unknown log {checkpoint.origin}")
        try:
            if log_signed(checkpoint, keys):
                ours = {(key.name, key.id) for key in keys}
                return tuple(s for s in checkpoint.signatures if s[:2] in ours)
        except IntegrityError as error:
            raise _refuse(403, f"invalid signature: {error}") from None
        raise _refuse(403, f"not signed by a key that is trusted for {checkpoint.origin}")

    def _consistent(self, database: sqlite3.Connection, request: Request) -> None:
        head = request.checkpoint
        query = "SELECT size, root FROM seen WHERE origin = ?"
        size, root = database.execute(query, (head.origin,)).fetchone() or (0, EMPTY)
        if request.old != size:
            raise _Refusal(Answer(409, f"{size}\n", SIZE))
        if head.size == 0 and head.root != EMPTY:
            raise _refuse(422, "the root of no events is the hash of nothing")
        if request.old == 0 and request.proof:
            raise _refuse(422, "from nothing no consistency proof leads; send none")
        if request.old and not _continues(request, bytes(root)):
            raise _refuse(422, "the consistency proof does not lead from what was seen to this")

    def _remember(self, checkpoint: Checkpoint, why: str) -> None:
        with self._database(writing=True) as database:
            row = (checkpoint.note, int(time.time()), why.strip())
            database.execute("INSERT OR IGNORE INTO refused VALUES (?, ?, ?)", row)


def _keep(database: sqlite3.Connection, head: Checkpoint, line: str) -> None:
    """Put a checkpoint, as the log signed it, and its cosignature in the place of the one before."""
    row = (head.origin, head.size, head.root, head.note + line)
    database.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", row)


def _continues(request: Request, root: bytes) -> bool:
    head = request.checkpoint
    try:
        found = roots_from_consistency(request.old, head.size, root, request.proof)
    except IntegrityError:
        return False
    return found == (root, head.root)


def answer_file(witness: Witness, text: str) -> str:
    """Answer a request that came as a file: the whole checkpoint with the cosignature on it.

    Raises:
        UsageError: the witness has seen another size than the request begins with; says which.
        RefusedError: anything else for which the witness does not sign.
    """
    answer = witness.add_checkpoint(text)
    if answer.status == 200:
        return parse_request(text).checkpoint.note + answer.body
    if answer.status == 409:
        seen = answer.body.strip()
        raise UsageError(
            f"this witness has seen {seen} events of that log, the request begins elsewhere; ask "
            f"for one with: tenure checkpoint --request FILE --since {seen}"
        )
    raise RefusedError(f"not cosigned ({answer.status}): {answer.body.strip()}")
