"""The cosigned checkpoints a dossier keeps: ``cosigned/<key id>``, the newest of each witness.

Beside them ``witnesses``, a C2SP tlog-policy file: the witnesses whose cosignatures the operator
collects. It is the operator's word; who checks a dossier names the witnesses they trust themselves.
"""

import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tenure.dossier.checkpoint import ED25519, Checkpoint, parse, parse_signatures
from tenure.dossier.cosignature import (
    WITNESS_KINDS,
    Cosignature,
    Vkey,
    cosignatures,
    log_signed,
    parse_vkey,
)
from tenure.dossier.files import sync_folder
from tenure.dossier.fold import OPERATOR
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.reading import Reading
from tenure.dossier.tlog_policy import Policy, parse_policy, policy_of
from tenure.errors import IntegrityError, RefusedError, UsageError

FOLDER = "cosigned"
WITNESSES = "witnesses"


def stored(root: Path) -> list[tuple[str, str]]:
    """Read the cosigned checkpoints of a dossier: (where, note), as they are."""
    found: list[tuple[str, str]] = []
    for place in sorted((root / FOLDER).glob("[0-9a-f]*")):
        if not place.is_file():
            continue
        try:
            found.append((f"{FOLDER}/{place.name}", place.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError):
            found.append((f"{FOLDER}/{place.name}", "damaged"))
    return found


def _sound(root: Path) -> list[Checkpoint]:
    """Read the cosigned checkpoints that can be read; what is damaged `verify` names."""
    found: list[Checkpoint] = []
    for _, note in stored(root):
        with suppress(IntegrityError):
            found.append(parse(note))
    return found


def joined(root: Path, note: str) -> str:
    """Write a checkpoint with every cosignature that is on file for exactly this text."""
    head = parse(note)
    for other in _sound(root):
        if other.text == head.text:
            head = head.joined(other)
    return head.note


def newest(root: Path, note: str, index: int) -> str:
    """Return the newest checkpoint that covers an event: a cosigned one where there is one."""
    covering = [found for found in _sound(root) if found.size > index]
    best = max(covering, key=lambda found: found.size, default=parse(note))
    return joined(root, best.note)


def newest_size(root: Path) -> int:
    """Return the size of the smallest of the witnesses' newest checkpoints; 0 where there is none.

    Every witness of the dossier has seen at least so many events.
    """
    return min((found.size for found in _sound(root)), default=0)


def log_keys(view: Reading) -> list[Vkey]:
    """List the keys by which others know this log: the operator's, under the log's name.

    Raises:
        UsageError: the log has no event yet.
    """
    ring = view.ring()
    if ring.origin is None:
        raise UsageError(f"{view.root} has no events yet; the first names the log: tenure register")
    return [Vkey(ring.origin, ED25519, ring.publics[key]) for key in ring.active(OPERATOR)]


def declared(root: Path) -> Policy:
    """Read the witnesses a dossier names; none where there is no such file.

    Raises:
        DocumentError: the file is not a policy.
    """
    place = root / WITNESSES
    return parse_policy(place.read_bytes(), place) if place.is_file() else policy_of([])


def declare(root: Path, key: Vkey, url: str | None) -> Policy:
    """Add a witness to those a dossier names; all of them are then the quorum it aims at.

    Raises:
        UsageError: it is there already.
        DocumentError: the key is not a witness's.
    """
    before = declared(root)
    if any(each.public == key.public for each in before.witnesses.values()):
        raise UsageError(f"{root / WITNESSES} names {key.name} already; edit it there")
    known = [*before.witnesses.values(), key]
    lines = ["# The witnesses whose cosignatures this dossier collects (C2SP tlog-policy)."]
    for number, each in enumerate(known, 1):
        place = url if each is key else before.urls.get(each.name)
        lines.append(f"witness w{number} {each}" + (f" {place}" if place else ""))
    lines.append("group all-of-them all " + " ".join(f"w{n}" for n in range(1, len(known) + 1)))
    text = "\n".join([*lines, "quorum all-of-them", ""])
    after = parse_policy(text.encode(), root / WITNESSES)
    _write(root / WITNESSES, text)
    return after


def policy_from(named: Sequence[str]) -> Policy:
    """Read what somebody names as trusted: verifier keys of witnesses, or one tlog-policy file.

    Raises:
        UsageError: neither a key nor a file, or a file together with something else.
        DocumentError: the file is not a policy.
    """
    files = [Path(each) for each in named if _is_file(each)]
    if files and len(named) > 1:
        raise UsageError("give one policy file, or verifier keys; a file can hold all of them")
    if files:
        return parse_policy(files[0].read_bytes(), files[0])
    policy = policy_of([parse_vkey(each) for each in named])
    for key in policy.witnesses.values():
        if key.kind not in WITNESS_KINDS:
            raise UsageError(f"{key.name} is a log's key; a witness's is printed by its `init`")
    return policy


def _is_file(text: str) -> bool:
    with suppress(OSError, ValueError):  # a key may be longer than a file's name
        return Path(text).is_file()
    return False


def keep(view: Reading, note: str, witnesses: Iterable[Vkey]) -> list[Cosignature]:
    """Keep a cosigned checkpoint that came back, once everything in it is checked; durable.

    ``note`` is a whole checkpoint, or only the lines a witness answered about the newest one.

    Raises:
        UsageError: no witness is known, or none of those known cosigned it.
        RefusedError: it is of another log, or of another history of this one.
        IntegrityError: it is no checkpoint, or a signature in it does not fit.
    """
    known = list(witnesses)
    if not known:
        raise UsageError("this dossier names no witness; run: tenure witness add VKEY")
    found = parse(_whole(view, note))
    leaves = [leaf_hash(entry) for _, entry in view.source.entries()]
    ring = view.ring()
    if found.origin != ring.origin:
        raise RefusedError(f"that is a checkpoint of {found.origin}, this log is {ring.origin}")
    if found.size > len(leaves) or Tree(leaves).root(found.size) != found.root:
        raise RefusedError(
            f"the witness saw {found.size} events of which this log is no continuation: keep that "
            "file, and find out which of the two histories is the true one"
        )
    if not found.signer_among(list(ring.publics.values())):
        raise IntegrityError("that checkpoint is not signed by a key of this dossier")
    valid = cosignatures(found, known)
    if not valid:
        names = ", ".join(key.name for key in known)
        raise UsageError(f"no witness of this dossier ({names}) cosigned that; add its key first")
    found = found.joined(found)  # one line of each key, the last
    newer = [old for old in _sound(view.root) if old.size > found.size]
    for each in valid:
        if not any(cosignatures(old, [each.witness]) for old in newer):
            _write(view.root / FOLDER / each.witness.id.hex(), found.note)
    return valid


def _whole(view: Reading, note: str) -> str:
    if not note.startswith("\u2014 "):
        return note
    head = view.source.note()
    if head is None:
        raise UsageError("this log has no checkpoint yet; the first event makes one")
    parse_signatures(note)
    return head + note


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".new-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(text)
        target.flush()
        os.fchmod(target.fileno(), 0o644)
        os.fsync(target.fileno())
    Path(name).replace(place)
    sync_folder(place.parent)


def copy(root: Path, into: Path) -> int:
    """Copy the cosigned checkpoints beside an export of the whole log; return how many."""
    notes = stored(root)
    for where, note in notes:
        _write(into / where, note)
    return len(notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """That a witness saw the first ``size`` events of a log, and when by its clock."""

    cosignature: Cosignature
    size: int
    trusted: bool

    def line(self, events: int) -> str:
        """Write it for a person; ``events`` is how many there are now."""
        whose = "whom you named" if self.trusted else "whom only the dossier names"
        part = "all" if self.size == events else f"the first {self.size} of"
        return (
            f"  witness {self.cosignature.witness.name} ({whose}) saw {part} {events} events "
            f"by {self.cosignature.date}"
        )


class Witnessing:
    """What the witnesses saw of one log, gathered checkpoint by checkpoint."""

    def __init__(self, policy: Policy, named_here: Policy) -> None:
        """Take what the reader trusts, and what the dossier itself names."""
        self.policy = policy
        self.trusted = list(policy.witnesses.values())
        given = {key.public for key in self.trusted}
        self.known = [
            *self.trusted,
            *(key for key in named_here.witnesses.values() if key.public not in given),
        ]
        self.seen: list[Seen] = []
        self.met = False
        self._texts: dict[str, set[Vkey]] = {}

    def take(self, checkpoint: Checkpoint) -> None:
        """Take a checkpoint that this log is known to continue.

        Raises:
            IntegrityError: a line of a known key does not fit.
        """
        found = cosignatures(checkpoint, self.known)
        for each in found:
            trusted = each.witness in self.trusted
            seen = Seen(cosignature=each, size=checkpoint.size, trusted=trusted)
            if seen not in self.seen:
                self.seen.append(seen)
        logs = [key for key in self.policy.logs if key.name == checkpoint.origin]
        if self.policy.logs and not log_signed(checkpoint, logs):
            return
        by = self._texts.setdefault(checkpoint.text, set())
        by.update(each.witness for each in found)
        self.met = self.met or self.policy.met(by)

    def missing(self) -> str | None:
        """Say what the reader's policy asks for and no checkpoint has, or None."""
        if self.met:
            return None
        logs = " under a log key it lists" if self.policy.logs else ""
        return f"no checkpoint of this log is cosigned by {self.policy.wanted()}{logs}"

    def lines(self, events: int) -> list[str]:
        """Say who saw what, the largest tree first."""
        ordered = sorted(self.seen, key=lambda s: (-s.size, -s.cosignature.time))
        return [each.line(events) for each in ordered]
