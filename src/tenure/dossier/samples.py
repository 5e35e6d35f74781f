"""A root over the rows of each file of sample records, signed with the evidence that rests on it.

With it, some rows can be shown to somebody and proved to be those of the run, and the others kept
back, without leaving room for others in their place (docs/evidence.md). The roots stand in
``Evidence.runtime["samples"]``: they depend on the operator's secret, so two dossiers are compared
without them.
"""

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenure.dossier import cells
from tenure.dossier.canonical import digest
from tenure.dossier.files import Files, is_digest
from tenure.dossier.merkle import Frontier, Tree
from tenure.dossier.nouns import JSON, Evidence
from tenure.errors import IntegrityError, RefusedError, TenureError, UsageError

SECRET = "samples.secret"  # noqa: S105 - a file's name
BYTES = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """What the salts are made with; never printed, never stored in a dossier."""

    raw: bytes

    def __repr__(self) -> str:
        """Show the name, never the secret."""
        return f"Secret({self.name})"

    @property
    def name(self) -> str:
        """Name it by its hash, so that the right one of several can be told."""
        return digest(b"tenure samples secret " + self.raw)[7:23]


def secret_in(folder: Path, *, create: bool = True) -> Secret:
    """Read the secret that lies with the keys; make it on first use (mode 0600).

    Raises:
        UsageError: there is none and ``create`` is false, or it cannot be made or read.
        RefusedError: somebody other than its owner may read it.
    """
    path = folder / SECRET
    try:
        if not path.exists() and create:
            _make(path)
        if path.stat().st_mode & 0o077:
            raise RefusedError(f"{path} can be read by others; run: chmod 600 {path}")
        raw = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no secret of the samples in {path} ({error}); set TENURE_KEYS to the folder that "
            "holds it; where there is none yet, let the folder be written to"
        ) from None
    if len(raw) != BYTES:
        raise UsageError(f"{path} does not hold {BYTES} bytes in hex; restore it from your copy")
    return Secret(raw)


def _make(path: Path) -> None:
    """Write a new secret, whole or not at all; one that another process made first counts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".new-{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as target:
            target.write(secrets.token_hex(BYTES) + "\n")
            target.flush()
            os.fsync(target.fileno())
        try:
            os.link(new, path)
        except FileExistsError:
            return
    finally:
        new.unlink(missing_ok=True)


def lines_of(path: Path) -> Iterator[str]:
    """Yield the rows of a stored file, one canonical JSON object each, as text."""
    with path.open("rb") as source:
        for line in source:
            if line.strip():
                yield line.rstrip(b"\r\n").decode()


def leaves(path: Path, named: str, secret: Secret) -> Iterator[bytes]:
    """Yield the leaf hash of every row of the file with this digest."""
    for index, line in enumerate(lines_of(path)):
        row = cells.read(line)
        if not isinstance(row, dict):
            raise ValueError("a row is not an object")  # noqa: TRY004 - bad bytes, not a bad call
        yield cells.leaf(cells.hashes(row, cells.row_salt(secret.raw, named, index)))  # pyright: ignore[reportUnknownArgumentType] - any JSON


def commit(path: Path, named: str, secret: Secret) -> dict[str, JSON]:
    """Return root (hex), count of rows and name of the secret for a stored file."""
    frontier = Frontier()
    for leaf in leaves(path, named, secret):
        frontier.add(leaf)
    return {"root": frontier.root().hex(), "count": frontier.size, "secret": secret.name}


def tree(path: Path, named: str, secret: Secret) -> Tree:
    """Return the whole tree of a stored file, for proofs."""
    return Tree(list(leaves(path, named, secret)))


def samples_in(evidence: Mapping[str, JSON]) -> list[str]:
    """List the digests of an evidence's sample records, each once."""
    found = [m.get("samples") for m in evidence.get("measures", ())]
    found += [d for name, d in dict(evidence.get("files", {})).items() if name.endswith(".jsonl")]
    return [d for d in dict.fromkeys(found) if isinstance(d, str) and is_digest(d)]


def committed(body: Mapping[str, JSON], files: Files, folder: Path) -> dict[str, Any]:
    """Return the body of an evidence event with the roots of its samples in ``runtime.samples``.

    A file that is not stored here, or does not hold rows, gets none.
    """
    evidence: dict[str, JSON] = body.get("evidence") or {}
    roots: dict[str, JSON] = {}
    for each in (d for d in samples_in(evidence) if files.has(d)):
        try:
            roots[each] = commit(files.path(each), each, secret_in(folder))
        except (ValueError, RecursionError):
            continue  # an attached .jsonl that no measure rests on need not hold rows
    if not roots:
        return dict(body)
    runtime: dict[str, JSON] = {**evidence.get("runtime", {}), "samples": roots}
    return {**body, "evidence": {**evidence, "runtime": runtime}}


def roots_of(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """Return digest -> {root, count, secret}; empty for evidence from before there were roots."""
    found: dict[str, dict[str, Any]] = dict(evidence.runtime.get("samples") or {})
    return found


def wrong_roots(evidence: Evidence, files: Files, secret: Secret) -> Sequence[str]:
    """Compute the roots made with this secret again; return a sentence for each that differs."""
    found: list[str] = []
    for named, held in roots_of(evidence).items():
        if held.get("secret") != secret.name:
            continue
        try:
            again = commit(files.path(named), named, secret)
        except (TenureError, ValueError, OSError) as error:
            found.append(f"the rows of {named} cannot be read: {error}")
            continue
        if again != held:
            found.append(f"the rows of {named} do not lead to the root signed with the evidence")
    return found


def check_root(held: Mapping[str, JSON], made: Tree, named: str) -> None:
    """Refuse to go on with rows that do not lead to the signed root; IntegrityError."""
    if (held.get("count"), held.get("root")) != (made.size, made.root().hex()):
        raise IntegrityError(
            f"the rows of {named} do not lead to the root signed with the evidence; run "
            "`tenure verify`, and restore what it names from a copy of the dossier"
        )
