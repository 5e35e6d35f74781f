"""Stored files copied beside the pages, so that a number can be followed to its samples."""

import re
from dataclasses import dataclass
from pathlib import Path

from tenure.dossier.stage import View
from tenure.errors import IntegrityError
from tenure.report import words

MOST = 1 << 20  # bytes; larger files stay in the dossier
PLAIN = (".jsonl", ".json", ".md", ".txt", ".yaml", ".csv")
HEAD = re.compile(r'\A\s*<!doctype html>\s*<html(?: lang="[a-z-]+")?>\s*<head>', re.IGNORECASE)
NO_SCRIPT = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:\">"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A stored file: its name, digest and size; ``href`` when a copy lies beside the pages."""

    name: str
    digest: str
    size: int | None
    href: str | None
    why: str = ""


class Copies:
    """Writes copies into a folder, each once."""

    def __init__(self, view: View, into: Path) -> None:
        """Copy from this view into ``into/files``."""
        self.view = view
        self.folder = into / "files"

    def take(self, name: str, digest: str) -> Copy:
        """Copy a file when it is small and can do no harm when opened; else say where it is."""
        try:
            size = self.view.path(digest).stat().st_size
        except IntegrityError as error:
            return Copy(name=name, digest=digest, size=None, href=None, why=str(error))
        stays = Copy(name=name, digest=digest, size=size, href=None, why="in the dossier")
        ending = Path(name).suffix.lower()
        if size > MOST or ending not in (*PLAIN, ".html"):
            return stays
        content = self.view.read(digest)
        if ending == ".html":
            guarded = _guard(content)
            if guarded is None:
                return stays
            content = guarded
        stem = words.slug(Path(name).stem)[:60]
        target = self.folder / f"{stem}-{words.short(digest)}{ending}"
        self.folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return Copy(name=name, digest=digest, size=size, href=f"files/{target.name}")


def _guard(content: bytes) -> bytes | None:
    """Switch scripts and outside requests off in a page that another stage wrote."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    found = HEAD.match(text)
    if found is None:
        return None
    return (text[: found.end()] + NO_SCRIPT + text[found.end() :]).encode()
