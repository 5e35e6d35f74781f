"""One event, proven offline: C2SP tlog-proof, at most 2 KB, and the event beside it."""

import base64
import binascii
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tenure.dossier import cosigned, verifier
from tenure.dossier.checkpoint import Checkpoint, parse
from tenure.dossier.cosignature import Cosignature, Vkey, cosignatures, log_signed
from tenure.dossier.envelope import unseal, unwrap
from tenure.dossier.keys import fingerprint
from tenure.dossier.merkle import Tree, leaf_hash, root_from_inclusion
from tenure.dossier.nouns import Event
from tenure.dossier.reading import Reading
from tenure.dossier.tlog_policy import Policy
from tenure.errors import IntegrityError, UsageError, unknown

HEAD = "c2sp.org/tlog-proof@v1"
VERIFIER = "verify_dossier.py"


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an entry stands, the hashes from it to the root, the checkpoint with that root.

    ``extra`` is opaque and authenticated by nothing; ours have none.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def __str__(self) -> str:
        """Write it as a file."""
        extra = "" if self.extra is None else f"extra {base64.b64encode(self.extra).decode()}\n"
        hashes = "".join(base64.b64encode(each).decode() + "\n" for each in self.hashes)
        return f"{HEAD}\n{extra}index {self.index}\n{hashes}\n{self.checkpoint}"


def read_proof(text: str) -> Proof:
    """Read a proof; its checkpoint is not looked at yet.

    Raises:
        IntegrityError: it is not one, in its one form.
    """
    with suppress(ValueError, binascii.Error):
        head, checkpoint = text.split("\n\n", 1)
        first, *lines = head.split("\n")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = base64.b64decode(lines.pop(0).removeprefix("extra "), validate=True)
        index = int(lines.pop(0).removeprefix("index ")) if lines else -1
        hashes = tuple(base64.b64decode(line, validate=True) for line in lines)
        found = Proof(index, hashes, checkpoint, extra)
        whole = index >= 0 and checkpoint and all(len(each) == 32 for each in hashes)
        if first == HEAD and whole and str(found) == text:
            return found
    raise IntegrityError(f"this is no offline proof; expected a file that begins with {HEAD}")


def proof(view: Reading, index: int) -> str:
    """Write a C2SP tlog-proof of one event: offline evidence that the log holds it.

    It leads to the newest checkpoint that a witness cosigned and that covers the event, where there
    is one, else to the newest.

    Raises:
        UsageError: no such event.
    """
    leaves = [leaf_hash(entry) for _, entry in view.source.entries()]
    note = view.source.note()
    if note is None or not 0 <= index < len(leaves):
        raise unknown("event", str(index), [f"0 to {len(leaves) - 1}"])
    head = parse(cosigned.newest(view.root, note, index))
    hashes = Tree(leaves).inclusion(index, min(head.size, len(leaves)))
    return str(Proof(index, tuple(hashes), head.note))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What an offline proof shows."""

    event: Event
    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]


def check_proof(text: str, entry: bytes, log: Vkey, policy: Policy) -> Proven:
    """Check a proof offline: this entry is in the log of this key, and the quorum saw it.

    The event's own signature is checked where it is the log's key that signed it; of other roles
    the proof shows that the log took the event in, which it does not do unsigned.

    Raises:
        IntegrityError: with what does not fit.
    """
    found = read_proof(text)
    head = parse(found.checkpoint)
    keys = [key for key in (log, *policy.logs) if key.name == head.origin]
    if head.origin != log.name or not log_signed(head, keys):
        raise IntegrityError(f"the checkpoint is not of {log.name}, or not signed by its key")
    if root_from_inclusion(leaf_hash(entry), found.index, head.size, found.hashes) != head.root:
        raise IntegrityError("the proof does not lead from this event to the checkpoint's root")
    event, sealed = unseal(entry), unwrap(entry)
    if sealed.keyid == fingerprint(log.public) and not sealed.signed_by(log.public):
        raise IntegrityError("the event is not signed by the key it names")
    if event.index != found.index:
        raise IntegrityError(f"the event was written as number {event.index}, not {found.index}")
    seen = cosignatures(head, list(policy.witnesses.values()))
    if not policy.met({each.witness for each in seen}):
        raise IntegrityError(f"the checkpoint is not cosigned by {policy.wanted()}")
    return Proven(event=event, checkpoint=head, cosignatures=tuple(seen))


def export_proof(view: Reading, index: int, into: Path | str) -> Sequence[Path]:
    """Write ``event-N.json``, ``event-N.tlog-proof`` and the verifier into a folder.

    Raises:
        UsageError: no such event, or one of these files is there already.
    """
    into = Path(into)
    text = proof(view, index)
    entry = next(e for place, e in view.source.entries(index) if place == index)
    content = {
        f"event-{index}.json": entry,
        f"event-{index}.tlog-proof": text.encode(),
        VERIFIER: Path(verifier.__file__).read_bytes(),
    }
    into.mkdir(parents=True, exist_ok=True)
    for name in content:
        if (into / name).exists() and name != VERIFIER:
            raise UsageError(f"{into / name} is there already; give a new folder")
    for name, data in content.items():
        (into / name).write_bytes(data)
    return [into / name for name in content]
