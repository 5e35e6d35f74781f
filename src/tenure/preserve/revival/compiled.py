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
from tenure.preserve.kit import machine

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

    A form that is damaged is removed; [] when there is nothing to lend.
    """
    place = _place(outside, digest)
    return [form.name for form in _whole(place) if _lent(form, _forms(cache, digest) / form.name)]


def _whole(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return sorted(p for p in place.iterdir() if p.is_dir() and not p.name.startswith("."))


def _lent(form: Path, target: Path) -> bool:
    try:
        manifest = json.loads((form / MANIFEST).read_text(encoding="utf-8"))
        well = all(digest_file(form / name) == wanted for name, wanted in manifest.items())
    except (OSError, ValueError, AttributeError, TypeError):
        well, manifest = False, {}
    if not well:
        shutil.rmtree(form, ignore_errors=True)
        return False
    for name in manifest:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(form / name, target / name)
        except OSError:
            shutil.copyfile(form / name, target / name)
    return True


def take(outside: Path, digest: str, cache: Path) -> list[str]:
    """Keep the forms that were made from a vault's bytes for the next time; returns the new ones."""
    source, place = _forms(cache, digest), _place(outside, digest)
    return [form.name for form in _whole(source) if _taken(form, place / form.name)]


def _taken(form: Path, target: Path) -> bool:
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=".draft-"))
    try:
        shutil.copytree(form, draft, dirs_exist_ok=True)
        found = sorted(p for p in draft.rglob("*") if p.is_file())
        manifest = {p.relative_to(draft).as_posix(): digest_file(p) for p in found}
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        draft.rename(target)
    except OSError:
        return False  # no room, or another one was first: nothing depends on it
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True
