"""Checking a whole dossier, or an export: every signature, leaf, root, rule and file.

Loads neither SQLAlchemy nor pydantic: ``tenure verify`` of a small dossier takes under 0.6 s.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from tenure.dossier import cosigned, opening, tiles
from tenure.dossier.canonical import digest_file
from tenure.dossier.checking import ENOUGH, Checking, later
from tenure.dossier.checkpoint import Checkpoint, parse
from tenure.dossier.files import Files, is_digest
from tenure.dossier.fold import OPERATOR
from tenure.dossier.merkle import Frontier, leaf_hash, root_from_inclusion
from tenure.dossier.report import Report
from tenure.dossier.source import Source
from tenure.errors import DocumentError, IntegrityError, TenureError, UsageError

_HEALTH = 1 << 28  # bytes; SQLite checks its own pages up to this size (about a second)


def verify(
    root: Path | str,
    *,
    trust: str | None = None,
    checkpoint: Path | str | None = None,
    files: bool = True,
    source: Source | None = None,
    witnesses: Sequence[str] = (),
) -> Report:
    """Check a dossier's folder or an export; never raises for what is wrong inside it.

    ``trust`` is the fingerprint of the operator's key as you know it from elsewhere.
    ``checkpoint`` is a file with an earlier checkpoint that you kept: the log must still begin
    with exactly those entries. ``files`` false leaves out hashing the stored files. ``source`` is
    a log that does not lie in the folder (PostgreSQL). ``witnesses`` are verifier keys of witnesses
    you trust, all of whom must have cosigned, or the path of one tlog-policy file.

    Raises:
        UsageError: there is no dossier there, no such checkpoint, ``trust`` is no fingerprint, or a
            witness is not one.
        DocumentError: the policy file is not one.
    """
    root = Path(root).absolute()
    source = source or opening.log_elsewhere(root)
    if source is None and not opening.is_dossier(root):
        raise UsageError(
            f"no dossier in {root}; give the folder that holds {opening.DATABASE} "
            f"or {opening.EVENTS}: nothing was verified"
        )
    if trust is not None and not is_digest(trust):
        raise UsageError(f"'{trust}' is not a fingerprint; expected sha256:<64 hex digits>")
    run = _Verification(root, source, trust, witnesses)
    return run.run(_kept(root, checkpoint), check_files=files)


def _kept(root: Path, given: Path | str | None) -> list[tuple[str, str]]:
    """Collect the checkpoints kept outside the log: the one given, the one beside the log."""
    found: list[tuple[str, str]] = []
    if given is not None:
        try:
            found.append((f"checkpoint {given}", Path(given).read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the checkpoint {given}: {error}") from None
    if opening.is_export(root):
        return found
    beside = None if opening.in_tiles(root) else opening.kept_note(root)
    if beside is not None:
        found.append((f"file {opening.CHECKPOINT}", beside))
    return found + cosigned.stored(root)


def _size(head: Checkpoint | None) -> int:
    return head.size if head else 0


class _Verification:
    """One run over one dossier."""

    def __init__(
        self, root: Path, source: Source | None, trust: str | None, witnesses: Sequence[str]
    ) -> None:
        self.root = root
        self.asked = bool(witnesses)
        self.source = source
        self.trust = trust
        self.files = Files(root)
        self.checking = Checking(self._fetch)
        self.tree = Frontier()
        self.count = 0
        self.notes: list[str] = []
        self.witnessing = self._trusting(witnesses)
        self.dated: dict[int, str] = {}  # the latest date among the first so many events
        self.exported = source is None and opening.is_export(root)
        self.tiled = source is None and not self.exported and opening.in_tiles(root)

    def _trusting(self, witnesses: Sequence[str]) -> cosigned.Witnessing:
        policy, named_here = cosigned.policy_from(witnesses), cosigned.policy_from(())
        try:
            named_here = cosigned.declared(self.root)
        except DocumentError as error:
            self.checking.wrong(cosigned.WITNESSES, str(error))
        return cosigned.Witnessing(policy, named_here)

    def _fetch(self, digest: str) -> bytes | None:
        try:
            return self.files.read(digest)
        except TenureError:
            return None

    def run(self, kept: list[tuple[str, str]], *, check_files: bool) -> Report:
        """Read everything once."""
        wrong = self.checking.wrong
        head = self._head()
        earlier: list[tuple[str, Checkpoint]] = []
        for where, note in kept:
            try:
                earlier.append((where, parse(note)))
            except IntegrityError as error:
                wrong(where, str(error))
        try:
            if self.exported:
                self._exported(head)
                self._same(earlier, head)
            else:
                self._whole(earlier)
        except IntegrityError as error:
            wrong(f"after event {self.count - 1}", str(error))
        self._compare_head(head)
        if self.tiled:
            self._tiles()
            check_files = check_files and self.files.folder.is_dir()
        hashed = self._check_files() if check_files else 0
        if not check_files and not self.tiled:
            self.notes.append("The stored files were not read; leave out --no-files to check them.")
        self._database_health()
        self._trust(head)
        if self.asked and (missing := self.witnessing.missing()):
            wrong("witnesses", missing)
        self._clocks()
        self.notes.extend(self.witnessing.lines(self.count if not self.exported else _size(head)))
        return Report(
            root=str(self.root),
            events=self.count,
            files=hashed,
            signers=self.checking.signers,
            roles=self.checking.ring.roles,
            head=head.root.hex() if head else None,
            origin=self.checking.ring.origin,
            trust=self.trust,
            problems=tuple(self.checking.problems),
            notes=tuple(self.notes),
            witnessed=tuple(self.witnessing.seen),
        )

    def _entries(self) -> Iterable[tuple[int, bytes]]:
        return self.source.entries() if self.source else opening.stored_entries(self.root)

    def _head(self) -> Checkpoint | None:
        try:
            note = self.source.note() if self.source else opening.stored_note(self.root)
            if note is not None:
                return parse(note)
            self.checking.wrong("checkpoint", "it is missing")
        except IntegrityError as error:
            self.checking.wrong("checkpoint", str(error))
        return None

    def _whole(self, earlier: list[tuple[str, Checkpoint]]) -> None:
        """Check a whole log; ``earlier`` checkpoints must be of its beginning."""
        sizes = {c.size for _, c in earlier}
        roots: dict[int, bytes] = {}
        for index, entry in self._entries():
            while self.count < index and len(self.checking.problems) < ENOUGH:
                self.checking.wrong(f"event {self.count}", "it is missing from the log")
                self.count += 1
            self.checking.event(index, entry)
            self.tree.add(leaf_hash(entry))
            self.count = index + 1
            if self.tree.size in sizes:
                roots[self.tree.size] = self.tree.root()
                self.dated[self.tree.size] = self.checking.latest
            if len(self.checking.problems) >= ENOUGH:
                raise IntegrityError(f"more than {ENOUGH} problems; the rest was not read")
        for where, checkpoint in earlier:
            self._compare(where, checkpoint, roots.get(checkpoint.size))

    def _compare(self, where: str, checkpoint: Checkpoint, root: bytes | None) -> None:
        if checkpoint.size > self.tree.size:
            missing = checkpoint.size - self.tree.size
            self.checking.wrong(
                f"event {self.tree.size}",
                f"{where} knows {checkpoint.size} events, the log ends here: {missing} were cut off",
            )
        elif root != checkpoint.root:
            self.checking.wrong(
                where, f"the first {checkpoint.size} events are not the ones it was made over"
            )
        fits = root == checkpoint.root
        if self._signature(where, checkpoint) and fits:
            self._witnesses(where, checkpoint)

    def _signature(self, where: str, checkpoint: Checkpoint) -> bool:
        ring = self.checking.ring
        if checkpoint.origin != ring.origin:
            self.checking.wrong(where, f"it is of another log, {checkpoint.origin}")
        elif not checkpoint.signer_among(list(ring.publics.values())):
            self.checking.wrong(where, "it is not signed by a key of this dossier")
        else:
            return True
        return False

    def _witnesses(self, where: str, checkpoint: Checkpoint) -> None:
        try:
            self.witnessing.take(checkpoint)
        except IntegrityError as error:
            self.checking.wrong(where, str(error))

    def _clocks(self) -> None:
        """Note dates that contradict each other: of two events, or of an event and a witness."""
        if found := self.checking.backdated:
            more = f", and {len(found) - 1} more" if len(found) > 1 else ""
            self.notes.append(f"A clock was set back, or an event back-dated: {found[0]}{more}.")
        self.dated[self.tree.size] = self.checking.latest
        for seen in self.witnessing.seen:
            dated, date = self.dated.get(seen.size, ""), seen.cosignature.date
            if later(dated, date):
                name = seen.cosignature.witness.name
                self.notes.append(f"An event is dated {dated}, and {name} saw it by {date}.")

    def _tiles(self) -> None:
        """Check the hashes that a log in tiles also holds."""
        self.notes.append("A log in tiles: it holds the events, and none of the files they name.")
        try:
            for where, what in tiles.problems(self.root)[:ENOUGH]:
                self.checking.wrong(where, what)
        except IntegrityError as error:
            self.checking.wrong("tiles", str(error))

    def _compare_head(self, head: Checkpoint | None) -> None:
        if head is None or self.exported:
            return
        if head.size < self.tree.size:
            self.checking.wrong(
                "checkpoint", f"it covers {head.size} of {self.tree.size} events: some were added"
            )
        self._compare("checkpoint", head, self.tree.root() if head.size == self.tree.size else None)

    def _exported(self, head: Checkpoint | None) -> None:
        """Check an export: each event is in the tree of the checkpoint, at its place."""
        before = -1
        for (index, entry), proof in zip(self._entries(), opening.proofs(self.root), strict=True):
            where = f"event {index}"
            if index <= before:
                self.checking.wrong(where, f"it comes after event {before}: moved or repeated")
            before = index
            self.checking.event(index, entry)
            self.count += 1
            if head is None:
                continue
            try:
                found = root_from_inclusion(leaf_hash(entry), index, head.size, proof.hashes)
                if found != head.root:
                    self.checking.wrong(where, "its proof does not lead to the checkpoint's root")
            except IntegrityError as error:
                self.checking.wrong(where, f"its proof is not one: {error}")
        if head is not None:
            if self._signature("checkpoint", head) and self.count:
                self._witnesses("checkpoint", head)
            self.notes.append(
                f"An export: {self.count} of the log's {head.size} events; "
                "what was left out cannot be seen from it."
            )

    def _same(self, earlier: list[tuple[str, Checkpoint]], head: Checkpoint | None) -> None:
        """Compare an export's checkpoint with one that was kept: it must be that very one."""
        for where, checkpoint in earlier:
            if head is None or checkpoint.text != head.text:
                self.checking.wrong(
                    where, "it is another than the export's; only the whole log shows that they fit"
                )

    def _check_files(self) -> int:
        left_out = opening.left_out(self.root) if self.exported else {}
        hashed = 0
        for digest, (index, name) in self.checking.files.items():
            if digest in left_out:
                continue
            place = self.files.place(digest)
            where = f"file {digest} ('{name}' of event {index})"
            if not place.is_file():
                self.checking.wrong(where, "it is missing")
            elif digest_file(place) != digest:
                self.checking.wrong(where, "its bytes were changed")
            hashed += 1
        if left_out:
            self.notes.append(f"{len(left_out)} files were left out of the export on purpose.")
        return hashed

    def _database_health(self) -> None:
        """Check what SQLite keeps beside the entries: its pages, and the names index."""
        database = self.root / opening.DATABASE
        if self.exported or self.tiled or self.source or not database.is_file():
            return
        try:
            with opening.reading(database) as connection:
                if database.stat().st_size <= _HEALTH:
                    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
                    if found != "ok":
                        self.checking.wrong("dossier.db", f"{found}; {opening.RESTORE}")
                self._names_index(connection)
        except IntegrityError as error:
            self.checking.wrong("dossier.db", str(error))

    def _names_index(self, connection: sqlite3.Connection) -> None:
        tables = {n for (n,) in connection.execute("SELECT name FROM sqlite_master")}
        if not {"places", "frontier"} <= tables:
            self.notes.append("The names index is not there; `tenure rebuild` makes it again.")
            return
        rows = connection.execute("SELECT idx, act, name, model, once FROM places ORDER BY idx")
        expected = [(i, *place) for i, place in enumerate(self.checking.places) if place]
        hashes = connection.execute("SELECT hash FROM frontier ORDER BY position").fetchall()
        if rows.fetchall() != expected or [h for (h,) in hashes] != self.tree.hashes:
            self.checking.wrong(
                "names index", "it is not what the events say; run `tenure rebuild`"
            )

    def _trust(self, head: Checkpoint | None) -> None:
        """Say whether the trusted key vouches for this log: it began it, or signed its head."""
        ring = self.checking.ring
        if self.trust is None or ring.root == self.trust:
            return
        public = ring.publics.get(self.trust)
        current = self.trust in ring.active(OPERATOR)
        if public is not None and current and head is not None and head.signed_by(public):
            return
        self.checking.wrong(
            "signer", f"this dossier was begun by {ring.root}, not by the trusted key {self.trust}"
        )
