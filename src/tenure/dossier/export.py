"""Some models out of a log: their events, proofs that these are in the log, the files they name."""

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenure.dossier import cosigned, opening, verifier
from tenure.dossier.canonical import canonical
from tenure.dossier.checkpoint import parse
from tenure.dossier.envelope import unseal
from tenure.dossier.files import Files
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.nouns import Event
from tenure.dossier.reading import Reading
from tenure.dossier.tlog_proof import proof as proof
from tenure.errors import IntegrityError, UsageError

README = "README.md"
VERIFIER = "verify_dossier.py"
_TEXT = """# A dossier

This folder holds the signed record of: {models}.

It is an export of the log `{origin}` as it was at {size} events: the {count} events that are about
these models, or about the whole organisation, in the order of the log.

- `{events}`: one event a line, exactly as stored: a DSSE envelope, signed with Ed25519. Read one
  with `sed -n 1p {events} | python3 -c 'import base64,json,sys; print(base64.b64decode(json.load(sys.stdin)["payload"]).decode())'`
- `{proofs}`: for each line, its place in the log and the hashes that lead from it to the root.
- `{checkpoint}`: the log's size and root, signed (a C2SP signed note).
- `files/sha256/`: the files that the events name, each under its own SHA-256; `{left_out}` lists
  those that were left out for their size.
- `{verifier}`: checks all of this. It needs Python 3.10 or newer and nothing else:

      python3 {verifier} .
      python3 {verifier} . --trust sha256:...
      python3 {verifier} . --witness NAME+HASH+KEY

Without `--trust` it can only say that the record is consistent, not who signed it: ask the
organisation for the fingerprint of its key by another way than the one this folder came by. With
`--witness` it also asks that this witness cosigned the checkpoint: then not even the organisation can
have rewritten what is in it since that date. Ask the witness for its key.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export holds."""

    folder: Path
    events: int
    files: int
    left_out: tuple[str, ...]


def export(
    view: Reading,
    models: Sequence[str],
    into: Path | str,
    *,
    largest: int | None = None,
) -> Exported:
    """Export the record of some models (names or ids; none: all) into a new folder.

    Files larger than ``largest`` bytes are left out, and listed as such. Ancestors of the models
    are not exported unless named.

    Raises:
        UsageError: an unknown model, or the folder is not empty.
        IntegrityError: a file is missing or changed: the export is not finished.
    """
    into = Path(into).absolute()
    if into.exists() and any(into.iterdir()):
        raise UsageError(f"{into} is not empty; give a new folder")
    ids = {view.model(name).id for name in models}
    note = view.source.note()
    if note is None:
        raise UsageError(f"{view.root} has no events; there is nothing to export")
    entries = list(view.source.entries())
    if entries and entries[-1][0] != len(entries) - 1:
        raise UsageError("this is an export itself; export from the dossier it came from")
    chosen = [
        event
        for event in (unseal(entry) for _, entry in entries)
        if not models or event.model in ids or not event.model
    ]
    into.mkdir(parents=True, exist_ok=True)
    # A checkpoint that a witness cosigned, where one covers all of this; else the newest.
    note = cosigned.newest(view.root, note, chosen[-1].index)
    size = min(parse(note).size, len(entries))
    tree = Tree([leaf_hash(entry) for _, entry in entries])
    raw = [entries[event.index][1] for event in chosen]
    _write(into / opening.EVENTS, b"".join(entry + b"\n" for entry in raw))
    lines = (
        json.dumps({"index": e.index, "hashes": [h.hex() for h in tree.inclusion(e.index, size)]})
        for e in chosen
    )
    _write(into / opening.PROOFS, "".join(line + "\n" for line in lines).encode())
    _write(into / opening.CHECKPOINT, note.encode())
    kept, missing = _copy_files(view.files, Files(into), chosen, largest)
    _write(into / opening.LEFT_OUT, canonical(missing) + b"\n")
    shutil.copyfile(verifier.__file__, into / VERIFIER)
    named = sorted(ids) or [model.id for model in view.models()]
    _write(into / README, _about(named, note, len(chosen)).encode())
    left_out = tuple(str(each["digest"]) for each in missing)
    return Exported(folder=into, events=len(chosen), files=kept, left_out=left_out)


def _about(models: Sequence[str], note: str, count: int) -> str:
    """Write the page that says what is in the folder."""
    head = parse(note)
    return _TEXT.format(
        models=", ".join(models),
        origin=head.origin,
        size=head.size,
        count=count,
        events=opening.EVENTS,
        proofs=opening.PROOFS,
        checkpoint=opening.CHECKPOINT,
        left_out=opening.LEFT_OUT,
        verifier=VERIFIER,
    )


def _copy_files(
    source: Files, target: Files, events: Iterable[Event], largest: int | None
) -> tuple[int, list[dict[str, str | int]]]:
    """Copy every file the events name, checked on the way; return how many, and those left out."""
    kept, left_out = 0, list[dict[str, str | int]]()
    named = {digest: name for event in events for name, digest in event.files.items()}
    for digest, name in sorted(named.items()):
        place = source.path(digest)
        size = place.stat().st_size
        if largest is not None and size > largest:
            left_out.append({"digest": digest, "name": name, "size": size})
            continue
        if target.put(place) != digest:
            raise IntegrityError(f"the file {digest} was changed; restore it, then export again")
        kept += 1
    return kept, left_out


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
