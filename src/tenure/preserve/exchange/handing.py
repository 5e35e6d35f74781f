"""Handing a kept model out as a package that others read: a folder, a bag, an image layout, a vault.

Nothing in a package refers to another model: what was stored as a difference is whole again. It is
built beside its place, every check sum compared, and gets its name in the end.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tenure.dossier import Model, View
from tenure.dossier.oms import SIGNATURE
from tenure.dossier.oms_record import SEAL
from tenure.errors import IntegrityError, RefusedError, UsageError, unknown
from tenure.preserve import copies, places, restore, revive
from tenure.preserve.exchange import bagit, oci
from tenure.preserve.forms import PLAIN
from tenure.preserve.ocfl import Inventory
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.stores.local import LocalStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is handed out: the model, where it is kept, and the folder to build in."""

    view: View
    model: Model
    held: places.Kept
    building: Path


def hand_out(view: View, model: Model, to: Path, form: str) -> Path:
    """Write a kept model as a package into a new folder; ``form`` is one of :data:`FORMS`.

    Raises:
        UsageError: an unknown form, the folder is there already, or the model was never kept.
        RefusedError: it is contained: its weights do not leave the house.
        IntegrityError: no copy is whole, or there are no weights.
    """
    if form not in FORMS:
        raise unknown("form of package", form, FORMS)
    label = view.state(model.id).containment
    if label:
        raise RefusedError(
            f"{model.id} is contained ({label}): its weights stay here; hand its record on with "
            f"'tenure export {model.id}'"
        )
    if not model.files:
        raise IntegrityError(f"{model.id} has no weights here: they are with its provider")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} is there already; name a new folder")
    held = places.require(view, model)
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".handing-") as temporary:
        made = FORMS[form](
            Job(view=view, model=model, held=held, building=Path(temporary) / "package")
        )
        if to.exists():
            to.rmdir()
        made.rename(to)
    return to


def _own_files(job: Job, into: Path) -> Path:
    revive.bring_back(job.held, job.view.root, into, wanted=dict(job.model.files))
    return into


def _with_signature(job: Job, folder: Path) -> Path:
    """Put the newest signature on record beside the weights, where there is one."""
    evidence = job.view.evidence(SEAL, job.model.id)
    if evidence is not None:
        (folder / SIGNATURE).write_bytes(job.view.read(str(evidence.runtime["signature"])))
    return folder


def _folder(job: Job) -> Path:
    return _with_signature(job, _own_files(job, job.building))


def _inventory(job: Job) -> tuple[Inventory, str]:
    """Return the kept object's inventory in plain form, and when its newest version was made."""
    inventory = job.held.plan(job.view.root, PLAIN).inventory
    return inventory, inventory.versions[-1].created


def _bag(job: Job) -> Path:
    """Write the whole kit, as ``restore`` gives it, as the payload of a bag."""
    data = job.building / "data"
    said: list[str] = []
    for copy in revive.copies_of(job.held, job.view.root):
        try:
            inventory = job.held.plan(job.view.root, copy.form).inventory
            restore.need_room(
                sum(restore.sizes(copy.store, inventory).values()), job.building.parent
            )
            restore.whole(copy.store, inventory, data)
            break
        except (IntegrityError, OutOfReachError) as error:
            said.append(str(error))
            shutil.rmtree(data, ignore_errors=True)
    else:
        raise IntegrityError(f"no copy of {job.held.object} is whole: {'; '.join(said)}")
    created = inventory.versions[-1].created
    bagit.write(
        job.building,
        {
            "External-Identifier": job.held.object,
            "External-Description": f"Language model {job.model.id}; begin with data/RESTORE.txt",
            "Bagging-Date": created[:10],
            "Internal-Sender-Identifier": job.model.digest,
            "Bag-Software-Agent": "tenure",
        },
    )
    return job.building


def _image(job: Job) -> Path:
    _, created = _inventory(job)
    folder = _with_signature(job, _own_files(job, job.building.parent / "files"))
    licence = job.model.card.get("licence") or job.model.card.get("license")
    about = oci.About(
        name=job.model.name,
        version=job.model.version,
        created=created,
        digest=job.model.digest,
        licence=str(licence) if licence else None,
    )
    job.building.mkdir()
    oci.write(job.building, folder, about)
    shutil.rmtree(folder)
    return job.building


def _vault(job: Job) -> Path:
    """Write an OCFL storage root with this one object, every file plain; its guide and reader too."""
    wanted = job.held.plan(job.view.root, PLAIN)
    plain = [copy.store for copy in job.held.opened(job.view.root) if copy.form == PLAIN]
    if not plain:
        raise UsageError(
            f"{job.held.object} has no plain copy to hand out as a vault; take --as bagit, which unpacks it"
        )
    job.building.mkdir()
    copies.bring(LocalStore(str(job.building)), plain, wanted)
    return job.building


FORMS: dict[str, Callable[[Job], Path]] = {
    "bagit": _bag,
    "oci": _image,
    "folder": _folder,
    "ocfl": _vault,
}
"""How a model can be handed out."""
