"""A model that arrives in a package: checked whole, registered in the end, or not at all.

Whatever the package is, what is registered is a folder of the model's own files; everything the
package says of itself (check sums, names, a signature) was compared before.
"""

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenure import models
from tenure.dossier import Dossier, Model
from tenure.dossier.oms import SIGNATURE, Leave, check_model
from tenure.dossier.oms_keys import Trusted
from tenure.errors import IntegrityError, RefusedError, UsageError, unknown
from tenure.models.fingerprint import files_of
from tenure.preserve import ocfl, restore, vault
from tenure.preserve.exchange import bagit, oci, weights_check
from tenure.preserve.exchange.limits import json_of, plain_files, small
from tenure.preserve.exchange.unpacking import unpack
from tenure.preserve.forms import ORIGINAL
from tenure.preserve.stores.local import LocalStore

IMPORT = "vault/import"
AUTO = "auto"
PASSPORT = "model.json"
WEIGHTS = (".safetensors", ".gguf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a package is to be read: its form, the model's name here, and who may have signed it."""

    form: str = AUTO
    name: str | None = None
    object: str | None = None
    trusted: Trusted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A package that was checked: the folder of the model's own files, and what it says of them."""

    folder: Path
    name: str | None = None
    passport: Mapping[str, Any] = field(default_factory=dict[str, Any])
    about: Mapping[str, str] = field(default_factory=dict[str, str])


def arrive(dossier: Dossier, path: Path, wanted: Wanted) -> tuple[Model, Mapping[str, Any]]:
    """Check a package and register the model in it; returns the model and what was recorded.

    Raises:
        IntegrityError: something in it is not what it says, or the signature does not fit.
        ModelError: links, devices, pickles, broken weights.
        UsageError: no package of the form that was named, or an unknown form.
        RefusedError: the model is contained where it comes from.
        RoomError: the disk is too small.
    """
    if wanted.form not in (AUTO, *FORMS):
        raise unknown("form of package", wanted.form, [AUTO, *FORMS])
    if not path.exists():
        raise UsageError(f"there is nothing at {path}; give a folder, a .tar, .tar.gz or .zip")
    with (
        dossier.emitter("", IMPORT) as emit,
        tempfile.TemporaryDirectory(dir=emit.scratch) as temporary,
    ):
        staging = Path(temporary)
        root = path if path.is_dir() else _unpacked(path, staging / "unpacked")
        form = find_form(root) if wanted.form == AUTO else wanted.form
        opened = FORMS[form](root, staging / "model", wanted)
        weights = weights_check.look(opened.folder)
        digests = files_of(_source(opened.folder))
        _fits_passport(opened, digests)
        outcome = _signature(opened.folder, wanted.trusted)
        name = wanted.name or _slug(opened.name or _name_of(path))
        said = {"form": form, "archive": path.is_file(), "signature": outcome, "weights": weights}
        left = sorted(set(plain_files(opened.folder)) - set(digests) - {SIGNATURE})
        about: dict[str, Any] = {**said, **opened.about, "left_out": left[:100]}
        model = models.register(
            dossier, str(_source(opened.folder)), name=name, card={"imported": said}
        )
        if dict(model.files) != digests:
            raise IntegrityError(
                f"{model.id}: the files changed while they were imported; see who writes to {path}"
            )
        signed = opened.folder / SIGNATURE
        files = {SIGNATURE: emit.file(signed)} if signed.is_file() else {}
        emit.event("note", IMPORT, about, model=model.id, files=files)
    return model, about


def _unpacked(archive: Path, into: Path) -> Path:
    """Unpack an archive; where all of it lies in one folder, that is the package."""
    unpack(archive, into)
    inside = list(into.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else into


def _name_of(path: Path) -> str:
    return path.resolve().name.split(".tar")[0].removesuffix(".tgz").removesuffix(".zip")


def _slug(name: object) -> str:
    """Make a name for the record out of what a stranger's package says."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", str(name)[:80]).strip("-.") or "model"


def _source(folder: Path) -> Path:
    """Return what is registered: the folder, or the one GGUF file in it."""
    folder = folder.resolve()
    ggufs = sorted(folder.glob("*.gguf"))
    return ggufs[0] if len(ggufs) == 1 and not list(folder.glob("*.safetensors")) else folder


def find_form(root: Path) -> str:
    """Say what a folder is, by the file that each form begins with.

    Raises:
        UsageError: it is none of them.
    """
    marks = {"bagit": ["bagit.txt"], "oci": ["oci-layout"], "ocfl": ["0=ocfl_1.1", "0=ocfl_1.0"]}
    for form, names in marks.items():
        if any((root / name).is_file() for name in names):
            return form
    if any(path.suffix in WEIGHTS for path in root.iterdir()):
        return "folder"
    raise UsageError(
        f"{root.name} is no package: expected bagit.txt (a bag), oci-layout (an image layout), 0=ocfl_1.1 (a "
        "vault), or config.json with .safetensors files"
    )


def _from_folder(root: Path, into: Path, wanted: Wanted) -> Opened:
    plain_files(root)
    return Opened(folder=root)


def _from_bag(root: Path, into: Path, wanted: Wanted) -> Opened:
    about = bagit.read(root)
    data = root / "data"
    inside = [data / "original", data, *(p for p in sorted(data.iterdir()) if p.is_dir())]
    folder = next((p for p in inside if p.is_dir() and _has_weights(p)), None)
    if folder is None:
        raise IntegrityError(
            "the bag holds no model files; expected data/original or data with weights"
        )
    passport = _passport(data / PASSPORT)
    return Opened(
        folder=folder,
        name=passport.get("name"),
        passport=passport,
        about={"identifier": about.get("External-Identifier", "")[:200]},
    )


def _has_weights(folder: Path) -> bool:
    return any(path.suffix in WEIGHTS for path in folder.iterdir())


def _passport(path: Path) -> dict[str, Any]:
    return json_of(small(path), PASSPORT) if path.is_file() else {}


def _from_image(root: Path, into: Path, wanted: Wanted) -> Opened:
    found = oci.read(root, into)
    notes, said = found.get("annotations"), found["about"].get("descriptor")
    digest = notes.get("tenure.model.digest") if isinstance(notes, dict) else None
    name = said.get("name") if isinstance(said, dict) else None
    return Opened(
        folder=into,
        name=name if isinstance(name, str) else None,
        passport={"digest": digest} if isinstance(digest, str) else {},
        about={"manifest": str(found["digest"])},
    )


def _from_vault(root: Path, into: Path, wanted: Wanted) -> Opened:
    plain_files(root)
    store = LocalStore(str(root))
    chosen = _object(root, wanted.object)
    found = vault.read(store, chosen)
    if found is None:
        raise IntegrityError(
            f"{chosen} does not lie where OCFL's layout 0003 puts it; copy the object's files out and import "
            "that folder"
        )
    restore.whole(store, found[0], into)
    folder = into / ORIGINAL.rstrip("/")
    passport = _passport(into / PASSPORT)
    return Opened(
        folder=folder if folder.is_dir() else into,
        name=passport.get("name"),
        passport=passport,
        about={"object": chosen, "version": found[0].head},
    )


def _object(root: Path, asked: str | None) -> str:
    ids: list[str] = []
    for declaration in sorted(root.rglob("0=ocfl_object_1.*")):
        inventory = json_of(small(declaration.parent / ocfl.INVENTORY), ocfl.INVENTORY)
        ids.append(str(inventory.get("id"))[:500])
    if asked is not None:
        fitting = [each for each in ids if each == asked or each.endswith(f":{asked}")]
        if len(fitting) != 1:
            raise unknown("object of the vault", asked, ids)
        return fitting[0]
    if len(ids) != 1:
        raise UsageError(
            f"the vault holds {len(ids)} objects; name one with --object: {', '.join(sorted(ids)[:20])}"
        )
    return ids[0]


FORMS: dict[str, Callable[[Path, Path, Wanted], Opened]] = {
    "bagit": _from_bag,
    "oci": _from_image,
    "ocfl": _from_vault,
    "folder": _from_folder,
}
"""What can arrive."""


def _fits_passport(opened: Opened, digests: Mapping[str, str]) -> None:
    """Compare with what the package's own passport says of the model, where it has one."""
    label = opened.passport.get("containment")
    if label:
        raise RefusedError(
            f"this model is contained where it comes from ({label}), and its weights are not to be handed "
            "on; nothing was imported"
        )
    said = opened.passport.get("digest")
    if said is not None and said != Model(name="x", source="x", files=dict(digests)).digest:
        raise IntegrityError(
            "the files are not those that the package's passport names; nothing was imported"
        )


def _signature(folder: Path, trusted: Trusted | None) -> str:
    """Say what the signature beside the weights is worth.

    Raises:
        IntegrityError: it does not fit, or a signer was named and there is none.
    """
    signature = folder / SIGNATURE
    if not signature.is_file():
        if trusted is not None:
            raise IntegrityError(
                f"you named who signed it, and there is no {SIGNATURE} beside the weights; nothing was imported"
            )
        return "none"
    if trusted is None:
        return "there, not checked: no key was named"
    checked = check_model(folder, signature, trusted, Leave())
    return f"good, by {checked.signer}: {checked.files} files, {checked.bytes} bytes"
