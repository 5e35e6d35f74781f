"""Converted forms of a model, kept outside of the vault so that it comes back faster.

Everything here can be made again from the vault and is safe to delete. A form is filed under the
model's digest and the versions of all that made it; a manifest holds the sha256 of each file, and
every byte is compared with it before use, so a damaged form is dropped and made anew. The manifest
lies beside the form: it guards against decay, not against somebody who writes to this folder. The
golden levels above G2 are met or not met by what was loaded, lent or not.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import tenure
from tenure.dossier import digest_file, digest_of
from tenure.models import convert
from tenure.preserve import machine

MANIFEST = "manifest.json"


def _place(outside: Path, digest: str) -> Path:
    versions = {k: v for k, v in machine.stack().items() if k not in ("processor", "cores")}
    made_by = {"tenure": tenure.__version__, "convert": convert.VERSION, **versions}
    key = digest_of(made_by).removeprefix("sha256:")[:16]
    return outside / digest.removeprefix("sha256:")[:32] / key


def _forms(cache: Path, digest: str) -> Path:
    """Return where ``tenure.models.convert`` looks for the forms of an artefact."""
    return cache / "forms" / digest.removeprefix("sha256:")[:32]


def lend(outside: Path, digest: str, cache: Path) -> list[str]:
    """Put a model's forms into a cache folder, every byte compared; returns their names.

    What is damaged is removed; [] when there is nothing to lend.
    """
    place = _place(outside, digest)
    try:
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        whole = all(digest_file(place / name) == wanted for name, wanted in manifest.items())
    except (OSError, ValueError, AttributeError, TypeError):
        whole, manifest = False, {}
    if not whole:
        shutil.rmtree(place, ignore_errors=True)
        return []
    for name in manifest:
        target = _forms(cache, digest) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(place / name, target)
        except OSError:
            shutil.copyfile(place / name, target)
    return sorted({name.split("/")[0] for name in manifest})


def take(outside: Path, digest: str, cache: Path) -> list[str]:
    """Keep the forms that were made from a vault's bytes for the next time; returns their names."""
    source, place = _forms(cache, digest), _place(outside, digest)
    if place.is_dir() or not source.is_dir():
        return []
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=place.parent, prefix=".draft-"))
    try:
        whole = [p for p in sorted(source.iterdir()) if p.is_dir() and p.name[0] != "."]
        for each in whole:
            shutil.copytree(each, draft / each.name)
        found = sorted(p for p in draft.rglob("*") if p.is_file())
        manifest = {p.relative_to(draft).as_posix(): digest_file(p) for p in found}
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        draft.chmod(0o755)
        draft.rename(place)
    except OSError:
        return []  # no room, or another one was first: nothing depends on it
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return [each.name for each in whole]
