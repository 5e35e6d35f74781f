"""Read every byte of every copy of a kept model, mend what is not as it was signed, read again.

The shared wheels that the model was kept with are read and mended with it.

With ``drill`` one byte of one copy is changed on purpose first; the evidence calls it planted.
"""

import time
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View
from tenure.errors import IntegrityError, UsageError
from tenure.preserve import copies, damage, fixity, places, placing, vault
from tenure.preserve.forms import PACKED
from tenure.preserve.kit import wheels_care
from tenure.preserve.packed import packs, passports
from tenure.preserve.placing import Site
from tenure.preserve.store import Store
from tenure.preserve.stores.local import LocalStore


class Spec(BaseModel):
    """What to do besides reading."""

    model_config = ConfigDict(extra="forbid")

    drill: bool = Field(
        default=False, description="Plant one flipped bit in the second copy first."
    )
    repair: bool = Field(
        default=True, description="Mend what is wrong from a copy where it is right."
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Check all copies of one model against the inventories that the dossier signed, form by form."""
    began = time.process_time()
    held = places.require(view, model)
    site = Site(
        object=held.object,
        copies=held.opened(view.root),
        folder=emit.scratch / "check",
        signed=dict(held.signed),
    )
    plans = {
        form: placing.planned(site, form, held.signed.get(form), site.stores(form))
        for form in site.forms
    }
    last = site.copies[-1]
    planted = _plant(last.store, plans[last.form][0]) if spec.drill else None
    before: list[fixity.Health] = []
    repairs: list[tuple[str, copies.Repair]] = []
    for number, copy in enumerate(site.copies):
        emit.progress(number, len(site.copies), f"reading {copy.store.label}")
        wanted, made = plans[copy.form]
        if spec.repair:
            same = [store for store in site.stores(copy.form) if store is not copy.store]
            finders = [*made, *site.finders(copy.store, copy.form)]
            outcome = copies.bring(copy.store, same, wanted, finders)
            before.append(outcome.before)
            repairs += [(copy.store.label, repair) for repair in outcome.repairs]
        else:
            before.append(fixity.check(copy.store, wanted))
    _require_found(planted, before)
    urn = wheels_care.named([copy.store for copy in site.copies], plans[last.form][0].inventory)
    before, mended = (before, []) if urn is None else _wheels(view, site, urn, (before, spec))
    repairs += mended
    gone = _bases_gone(site)
    well = not gone and (spec.repair or all(health.well for health in before))
    found = _Found(before=before, gone=gone, repairs=repairs, planted=planted, well=well)
    evidence = _evidence(model, plans[last.form][0], found)
    worked = round(time.process_time() - began, 3)  # of all cores; what a reading costs
    return replace(evidence, runtime={**evidence.runtime, "core_seconds": worked})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was read, what a copy lacks beside its own files, what was mended, and the verdict."""

    before: list[fixity.Health]
    gone: list[tuple[str, fixity.Fault]]
    repairs: list[tuple[str, copies.Repair]]
    planted: damage.Planted | None
    well: bool


def _wheels(
    view: View, site: Site, urn: str, told: tuple[list[fixity.Health], Spec]
) -> tuple[list[fixity.Health], list[tuple[str, copies.Repair]]]:
    """Read the wheels that the model names, in every copy: added to what was read of the model.

    Raises:
        IntegrityError: they are whole in no copy.
    """
    stores, (before, spec) = [copy.store for copy in site.copies], told
    accept = wheels_care.accepting(view, stores, urn)
    health, repairs = list[fixity.Health](), list[tuple[str, copies.Repair]]()
    for store, model in zip(stores, before, strict=True):
        wanted = wheels_care.plan(store, stores, urn, accept)
        done = wheels_care.read(store, wanted, stores if spec.repair else None)
        health.append(wheels_care.together(model, done.before))
        repairs += [(store.label, each) for each in done.repairs]
    return health, repairs


def _bases_gone(site: Site) -> list[tuple[str, fixity.Fault]]:
    """Find packed copies without the base that this model is packed against.

    The base's own bytes are read when the base's model is checked.
    """
    found: list[tuple[str, fixity.Fault]] = []
    for store in site.stores(PACKED):
        inventory = vault.peek(store, site.object)
        named = passports.bases(passports.read(store, inventory)) if inventory else {}
        for base in named.values():
            try:
                packs.base_file(store, base)
            except IntegrityError:
                what = f"its base, {base.path} of {base.object}"
                problem = "gone: check that model, it comes back from its other copies"
                found.append((store.label, fixity.Fault(key=what, problem=problem)))
    return found


def _plant(store: Store, wanted: fixity.Plan) -> damage.Planted:
    if not isinstance(store, LocalStore):
        raise UsageError(
            "the drill damages a copy in a folder of this machine only; run it without 'drill'"
        )
    return damage.plant(store, wanted)


def _require_found(planted: damage.Planted | None, before: list[fixity.Health]) -> None:
    if planted is None:
        return
    found = any(h.copy == planted.copy and f.key == planted.key for h in before for f in h.faults)
    if not found:
        raise IntegrityError(
            f"the planted damage in {planted.key} was not found: the check itself is broken"
        )


def _short(key: str) -> str:
    """Name a file within its object: ``v1/content/...``; one of the wheels with theirs."""
    if key.startswith(wheels_care.URN):
        return key
    return "/".join(key.split("/")[4:]) or key


def _evidence(model: Model, wanted: fixity.Plan, found: _Found) -> Evidence:
    before, repairs, planted = found.before, found.repairs, found.planted
    bad = [(h.copy, fault) for h in before for fault in h.faults] + found.gone
    faults = [{"copy": c, "file": _short(f.key), "problem": f.problem} for c, f in bad]
    said = f"{len(before)} copies, every byte read"
    if not faults:
        said += ": all as signed"
    elif repairs or found.well:
        said += f": {len(faults)} fault(s) found, {len(repairs)} repaired and read again"
    else:
        said += f": {len(faults)} fault(s) found, not repaired"
    for copy, fault in found.gone:
        said += f"; {copy} lacks {fault.key}"
    beyond = {health.copy: health.beyond for health in before if health.beyond}
    for copy, version in beyond.items():
        said += f"; {copy} has gone on to {version}, which this dossier did not sign"
    if planted:
        said += "; one fault was planted by the drill"
    return Evidence(
        name="preserve/check",
        model=model.id,
        kind="record",
        summary=said + ".",
        findings={
            "well": found.well,
            "version": wanted.inventory.head,
            "beyond": beyond,
            "faults": faults,
            "repaired": [
                {"copy": copy, "file": _short(r.key), "problem": r.problem, "from": r.source}
                for copy, r in repairs
            ],
            "planted": None
            if planted is None
            else {
                "copy": planted.copy,
                "file": _short(planted.key),
                "byte": planted.offset,
                "bit": planted.bit,
                "label": "planted on purpose by this drill",
            },
        },
        runtime={"read": [{"copy": h.copy, "files": h.files, "bytes": h.bytes} for h in before]},
    )


stage = Stage(
    name="preserve/check",
    spec=Spec,
    run=run,
    summary="Read every byte of every copy, and mend what is damaged.",
    repeat=True,
)
