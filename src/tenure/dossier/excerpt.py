"""A few events out of a log, proved to be in it, and only those of their files that may be seen.

An export (``export.py``) hands over a model's whole record; an excerpt hands over what was chosen.
Both are folders of the same format, and the same verifiers check them.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from tenure.dossier import cosigned, opening, verifier
from tenure.dossier.canonical import canonical
from tenure.dossier.files import Files
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.nouns import Event
from tenure.dossier.reading import Reading
from tenure.dossier.source import Wanted
from tenure.errors import IntegrityError, UsageError

VERIFIER = "verify_dossier.py"
ALWAYS = ("body", "files")  # what an event says, where it was too long for the log
May = Callable[[str, str], bool]


def excerpt(view: Reading, events: Sequence[Event], into: Path, may: May) -> int:
    """Write these events and the keys of the log into an empty folder; return how many.

    ``may(name, digest)`` says whether a file is handed out; the others are listed as left out.

    Raises:
        UsageError: the folder is not empty, or the log has no checkpoint yet.
        IntegrityError: a file is missing or changed.
    """
    if into.exists() and any(into.iterdir()):
        raise UsageError(f"{into} is not empty; give a new folder")
    note = view.source.note()
    entries = [entry for _, entry in view.source.entries()]
    if note is None or (view.root / opening.EVENTS).is_file():
        raise UsageError(f"{view.root} is not a whole dossier; take excerpts from the one it is of")
    keys = view.source.find(Wanted(act="key"))
    chosen = sorted({e.index: e for e in [*keys, *events]}.values(), key=lambda e: e.index)
    tree = Tree([leaf_hash(entry) for entry in entries])
    into.mkdir(parents=True, exist_ok=True)
    write(into / opening.EVENTS, b"".join(entries[e.index] + b"\n" for e in chosen))
    proofs = (
        json.dumps({"index": e.index, "hashes": [h.hex() for h in tree.inclusion(e.index)]}) + "\n"
        for e in chosen
    )
    write(into / opening.PROOFS, "".join(proofs).encode())
    write(into / opening.CHECKPOINT, cosigned.joined(view.root, note).encode())
    write(into / opening.LEFT_OUT, canonical(_copy(view.files, Files(into), chosen, may)) + b"\n")
    shutil.copyfile(verifier.__file__, into / VERIFIER)
    return len(chosen)


def _copy(
    source: Files, target: Files, events: Sequence[Event], may: May
) -> list[dict[str, str | int]]:
    """Copy the files that may be seen, checked on the way; return those left out."""
    left_out: list[dict[str, str | int]] = []
    named = {digest: name for event in events for name, digest in event.files.items()}
    for digest, name in sorted(named.items()):
        if name in ALWAYS or may(name, digest):
            if target.put(source.path(digest)) != digest:
                raise IntegrityError(f"the file {digest} was changed; restore it, then try again")
        else:
            size = source.path(digest).stat().st_size if source.has(digest) else 0
            left_out.append({"digest": digest, "name": name, "size": size})
    return left_out


def write(path: Path, content: bytes) -> None:
    """Write a file that survives a power failure."""
    with path.open("wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
