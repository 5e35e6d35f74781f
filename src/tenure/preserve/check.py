"""Read every byte of every copy of a kept model, mend what is not as it was signed, read again.

The shared wheels that the model was kept with are read and mended with it.

With ``drill`` one byte of one copy is changed on purpose first; the evidence calls it planted.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View
from tenure.errors import IntegrityError, UsageError
from tenure.preserve import copies, damage, fixity, places, placing, presence, vault
from tenure.preserve.forms import PACKED
from tenure.preserve.kit import wheels_care
from tenure.preserve.packed import packs, passports
from tenure.preserve.places import Copy, Kept
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
    """Check all copies of one model against the inventories that the dossier signed, form by form.

    A copy that is away is told, and neither read nor written; the others are checked and mended.

    Raises:
        OutOfReachError: every copy is away.
        IntegrityError: a file is bad in every copy, and none is away that may have it.
    """
    began = time.process_time()
    held = places.require(view, model)
    work = _begin(held, view, spec, emit)
    site = work.site
    last = site.copies[-1]
    planted = _plant(last.store, work.plans[last.form][0]) if spec.drill else None
    for number, copy in enumerate(site.copies):
        emit.progress(number, len(held.copies), f"reading {copy.store.label}")
        with work.asking(copy):
            work.read(copy)
    _require_found(planted, list(work.before.values()))
    urn = wheels_care.named([c.store for c in work.here], work.plans[last.form][0].inventory)
    if urn is not None:
        _wheels(view, work, urn)
    for copy in work.here:
        with work.asking(copy):
            work.gone += _bases_gone(copy, held.object)
    presence.require_some(work.here, work.away, held.object)
    evidence = _evidence(model, work, planted)
    worked = round(time.process_time() - began, 3)  # of all cores; what a reading costs
    return replace(evidence, runtime={**evidence.runtime, "core_seconds": worked})


@dataclass(kw_only=True)
class _Work:
    """One check: what is to be read, and what has come of each copy, by its place."""

    site: Site
    plans: Mapping[str, tuple[fixity.Plan, list[copies.Finder]]]
    repair: bool
    away: dict[str, str]
    bad: set[str] = field(default_factory=set[str])
    before: dict[str, fixity.Health] = field(default_factory=dict[str, fixity.Health])
    repairs: list[tuple[str, copies.Repair]] = field(
        default_factory=list[tuple[str, copies.Repair]]
    )
    gone: list[tuple[str, fixity.Fault]] = field(default_factory=list[tuple[str, fixity.Fault]])

    @property
    def here(self) -> list[Copy]:
        """The copies that are not away."""
        return list(self.site.copies)

    @property
    def whole(self) -> list[str]:
        """The copies that were read to their end, and are as signed now."""
        lacking = {label for label, _ in self.gone}
        return [
            copy.at
            for copy in self.here
            if (self.repair or self.before[copy.at].well)
            and copy.at not in self.bad
            and copy.store.label not in lacking
        ]

    @contextmanager
    def asking(self, copy: Copy) -> Iterator[None]:
        """Go on without a copy that goes away while it is asked; nothing said of it counts."""
        try:
            yield
        except OSError as error:
            self.away[copy.at] = error.strerror or str(error)
            self.before.pop(copy.at, None)
            left = [each for each in self.site.copies if each is not copy]
            self.site = replace(self.site, copies=left)

    def read(self, copy: Copy) -> None:
        """Read one copy, and mend it from the others that are there."""
        wanted, made = self.plans[copy.form]
        if not self.repair:
            health = fixity.check(copy.store, wanted)
            if not health.well:
                presence.require(copy.store)
            self.before[copy.at] = health
            return
        same = [store for store in self.site.stores(copy.form) if store is not copy.store]
        finders = [*made, *self.site.finders(copy.store, copy.form)]
        mend = partial(copies.bring, copy.store, same, wanted, finders, kept=True)
        done = self.mended(copy, mend)
        self.before[copy.at] = done.before

    def mended(self, copy: Copy, mend: Callable[[], copies.Outcome]) -> copies.Outcome:
        """Mend a copy; what is bad in all others waits, where one is away that may have it."""
        try:
            done = mend()
        except copies.StillBadError as error:
            if not self.away:
                raise
            self.bad.add(copy.at)
            done = error.outcome
        self.repairs += [(copy.store.label, repair) for repair in done.repairs]
        return done


def _begin(held: Kept, view: View, spec: Spec, emit: Emit) -> _Work:
    here, away = presence.sort_out(held.opened(view.root))
    presence.require_some(here, away, held.object)
    site = Site(
        object=held.object, copies=here, folder=emit.scratch / "check", signed=dict(held.signed)
    )
    plans = {
        form: placing.planned(site, form, held.signed.get(form), site.stores(form))
        for form in site.forms
    }
    return _Work(site=site, plans=plans, repair=spec.repair, away=away)


def _wheels(view: View, work: _Work, urn: str) -> None:
    """Read the wheels that the model names, in every copy: added to what was read of the model.

    Raises:
        IntegrityError: they are whole in no copy.
    """
    stores = [copy.store for copy in work.here]
    sources = stores if work.repair else None
    accept = wheels_care.accepting(view, stores, urn)
    for copy in work.here:
        with work.asking(copy):
            wanted = wheels_care.plan(copy.store, stores, urn, accept)
            done = work.mended(copy, partial(wheels_care.read, copy.store, wanted, sources))
            if not work.repair and not done.before.well:
                presence.require(copy.store)
            work.before[copy.at] = wheels_care.together(work.before[copy.at], done.before)


def _bases_gone(copy: Copy, object_id: str) -> list[tuple[str, fixity.Fault]]:
    """Say whether a packed copy lacks the base that this model is packed against.

    The base's own bytes are read when the base's model is checked.
    """
    inventory = vault.peek(copy.store, object_id) if copy.form == PACKED else None
    named = passports.bases(passports.read(copy.store, inventory)) if inventory else {}
    found: list[tuple[str, fixity.Fault]] = []
    for base in named.values():
        try:
            packs.base_file(copy.store, base)
        except IntegrityError:
            what = f"its base, {base.path} of {base.object}"
            problem = "gone: check that model, it comes back from its other copies"
            found.append((copy.store.label, fixity.Fault(key=what, problem=problem)))
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


def _evidence(model: Model, work: _Work, planted: damage.Planted | None) -> Evidence:
    before = list(work.before.values())
    bad = [(h.copy, fault) for h in before for fault in h.faults] + work.gone
    faults = [{"copy": c, "file": _short(f.key), "problem": f.problem} for c, f in bad]
    whole = work.whole
    beyond = {health.copy: health.beyond for health in before if health.beyond}
    return Evidence(
        name="preserve/check",
        model=model.id,
        kind="record",
        summary=_summary(work, len(faults), beyond, planted),
        findings={
            "well": not work.away and len(whole) == len(before),
            "version": work.plans[work.here[0].form][0].inventory.head,
            "whole": whole,
            "away": [
                {"copy": at, "problem": f"away: {why}", "remedy": presence.remedy(at)}
                for at, why in work.away.items()
            ],
            "beyond": beyond,
            "faults": faults,
            "repaired": [
                {"copy": copy, "file": _short(r.key), "problem": r.problem, "from": r.source}
                for copy, r in work.repairs
            ],
            "planted": _planted(planted),
        },
        runtime={"read": [{"copy": h.copy, "files": h.files, "bytes": h.bytes} for h in before]},
    )


def _summary(
    work: _Work, faults: int, beyond: Mapping[str, str], planted: damage.Planted | None
) -> str:
    count = len(work.before)
    said = f"{count} cop{'y' if count == 1 else 'ies'}, every byte read"
    if not faults:
        said += ": all as signed"
    elif work.repairs or work.bad or len(work.whole) == count:
        said += f": {faults} fault(s) found, {len(work.repairs)} repaired and read again"
        if work.bad:
            said += "; the rest waits for a copy that is away"
    else:
        said += f": {faults} fault(s) found, not repaired"
    for copy, fault in work.gone:
        said += f"; {copy} lacks {fault.key}"
    for copy, version in beyond.items():
        said += f"; {copy} has gone on to {version}, which this dossier did not sign"
    if planted:
        said += "; one fault was planted by the drill"
    for at, why in work.away.items():
        said += f"; AWAY, neither read nor written: {at} ({why}): {presence.remedy(at)}"
    return f"{said}."


def _planted(planted: damage.Planted | None) -> dict[str, object] | None:
    if planted is None:
        return None
    return {
        "copy": planted.copy,
        "file": _short(planted.key),
        "byte": planted.offset,
        "bit": planted.bit,
        "label": "planted on purpose by this drill",
    }


stage = Stage(
    name="preserve/check",
    spec=Spec,
    run=run,
    summary="Read every byte of every copy, and mend what is damaged.",
    repeat=True,
)
