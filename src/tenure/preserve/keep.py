"""Keep a model: its files and everything it needs to come back, in copies, before it is released.

The first keeping makes version 1 of the model's object; later ones add what is new (a report, an
interview) as further versions and never touch the older ones. Of two copies one is packed: weights
take less room there, a fine-tune of a model that is kept already far less; the other holds every
file as it is. A model behind an API keeps its record, without weights, and says so.
"""

import json
import shutil
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

import tenure
from tenure.dossier import Emit, Evidence, Model, Stage, View, digest_of, now
from tenure.errors import IntegrityError, RefusedError, RoomError, UsageError
from tenure.preserve import copies, forms, places, placing, vault
from tenure.preserve.custody import keyring
from tenure.preserve.kit import items, layout, machine, wheels
from tenure.preserve.ocfl import Inventory, object_path
from tenure.preserve.packed import basing, packs, passports
from tenure.preserve.packed.deriving import Workshop
from tenure.preserve.packed.packs import Tried
from tenure.preserve.places import Copy, Place
from tenure.preserve.placing import Site
from tenure.preserve.sameness import golden
from tenure.preserve.store import Store

REFRESHED = ("dossier/", "env/")  # renewed with every version, but no reason for a new one
RECORD_ONLY = "record kept"


class Spec(BaseModel):
    """Where to keep it, in which form, and what to add."""

    model_config = ConfigDict(extra="forbid")

    vault: str = Field(
        "vault", description="Folder of the vault; a relative one lies in the dossier."
    )
    second: str = Field(
        "vault-copy", description="Folder of the second copy; another disk is better."
    )
    copies: list[Place] = Field(
        default_factory=list[Place],
        description="All copies, instead of 'vault' (packed) and 'second' (plain): at, form.",
    )
    allow_no_plain: bool = Field(
        default=False, description="Keep without one copy that holds every file as it is."
    )
    golden: str = Field("G3", description="Make golden answers up to this level: G0 to G5.")
    engine: str | None = Field(
        None, description="Engine for G3 and above; by default the one that serves it."
    )
    wheels: str = Field(
        "none",
        description="Its libraries, kept once for all models: none, download, or a folder of wheels.",
    )
    again: str = Field(
        "", description="Any word: a new one does the same once more, as when a copy is made anew."
    )
    add: dict[str, str] = Field(
        default_factory=dict,
        description="What to add: path in the object -> a file's digest, or the name of evidence.",
    )

    def places(self) -> list[Place]:
        """Return the copies that are asked for."""
        standard = [Place(at=self.vault, form="packed"), Place(at=self.second, form="plain")]
        return self.copies or standard


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Commit what is new to every copy, each in its form, and read every byte of all of them."""
    golden.upto(spec.golden)
    held = places.kept(view, model)
    site = _site(model, view, spec, emit)
    if held is not None:
        placing.mend_leads(site, held, view.root)
    add = layout.added(view, model, spec.add)
    plain = placing.plain_of(site)
    for copy in site.copies:
        _refuse_another(copy.store, site.object, model, ours=held is not None)
    about, shared = wheels.content(spec.wheels, [copy.store for copy in site.copies], emit)
    add |= about
    key = _key(model, spec, layout.identity(add))
    shop, at_hand = _workshop(site, plain), dict[str, placing.Source]()
    if plain is None or not _there(plain, key, model, add):
        whole = not _has(plain, model)
        gathered = items.gather(model, view, add)
        if whole:
            content, known = _whole_kit(model, view, shop, site, emit, gathered)
        else:
            content, known = layout.environment(), dict[str, forms.Digests]()
        if whole and model.files:
            content |= _golden(model, view, spec, emit)
        content |= gathered.content | {"kit.json": layout.text(gathered.said)}
        content |= add | layout.record(model, view, emit)
        emit.progress(1, 3, f"writing {len(content)} files to the vault")
        addition = vault.Addition(
            files=content,
            message=f"kept by tenure {tenure.__version__}; {key}",
            created=_time(plain),
            known=known,
        )
        plain, at_hand = placing.commit_plain(site, plain, addition)
    site.trust(forms.PLAIN, plain)
    emit.progress(2, 3, f"{len(site.copies)} copies, every byte read back")
    with placing.reading_back(site) as done:
        packed = placing.commit_packed(site, plain, at_hand, shop)
    if packed is not None:
        done[forms.PACKED] = packed
    outcomes = placing.bring_all(site, done)
    _fact(model, emit, len(outcomes))
    return _evidence(model, spec, site, outcomes, shared)


def _site(model: Model, view: View, spec: Spec, emit: Emit) -> Site:
    """Open the copies that are asked for.

    Raises:
        UsageError: fewer than two places, one place twice, no plain copy, or none unsealed.
    """
    asked = spec.places()
    if len({place.at for place in asked}) != len(asked):
        raise UsageError("two of the copies are one folder; a copy needs a place of its own")
    if len(asked) < 2:
        raise UsageError("one copy is none: name two places at least under 'copies'")
    keyring.require_unsealed([place.at for place in asked], allowed=spec.allow_no_plain)
    opened = places.opened_for(view, model, asked, places.kept(view, model))
    if not spec.allow_no_plain and all(copy.form != forms.PLAIN for copy in opened):
        raise UsageError(
            "no copy is plain: an error in the packing could then reach all of them; give one of the "
            "copies 'form: plain', or say 'allow_no_plain: true'"
        )
    return Site(
        object=places.object_id(model), copies=tuple(opened), folder=emit.scratch / "packing"
    )


def _workshop(site: Site, plain: Inventory | None) -> Workshop:
    """Prepare for packing; the base of a model kept before is the one its passport names."""
    lead, shop = site.lead(forms.PACKED), Workshop(site.folder / "packs")
    reader = site.lead(forms.PLAIN) or lead
    there = vault.peek(reader, site.object) if reader is not None and plain is not None else None
    if lead is not None and reader is not None and there is not None:
        named = passports.bases(passports.read(reader, there), site.object)
        basing.hold_everywhere(named, site.stores(forms.PACKED))
        shop.base_of = lambda name: packs.bases_of(named, lead, name)
    return shop


def _time(plain: Inventory | None) -> str:
    """Tell the time of a new version; RefusedError when it would lie before an older one."""
    at = now()
    last = plain.versions[-1].created if plain else ""
    if at < last:
        raise RefusedError(
            f"this machine's clock says {at}, and the newest version was kept at {last}: the clock was "
            "set back; set it right and run this again. Nothing was written"
        )
    return at


def _key(model: Model, spec: Spec, add: Mapping[str, str]) -> str:
    """Name this keeping, so that one that was interrupted after its commit finds itself again."""
    settings = {"golden": spec.golden, "engine": spec.engine}
    return digest_of(
        {"model": model.digest, "add": dict(add), "package": tenure.__version__, **settings}
    )


def _sha256(inventory: Inventory, sha512: str) -> str:
    return "sha256:" + inventory.sha256[inventory.manifest[sha512]]


def _has(inventory: Inventory | None, model: Model) -> bool:
    """Say whether the object holds the artefact's own files already."""
    if inventory is None:
        return False
    held = {
        logical.removeprefix(layout.ORIGINAL): _sha256(inventory, digest)
        for logical, digest in inventory.state.items()
        if logical.startswith(layout.ORIGINAL)
    }
    return held == dict(model.files)


def _there(inventory: Inventory, key: str, model: Model, add: layout.Content) -> bool:
    """Say whether nothing would be new: this keeping was committed, or all of its content is there."""
    if any(version.message.endswith(key) for version in inventory.versions):
        return True
    fresh = layout.identity(add)
    held = {n: _sha256(inventory, d) for n, d in inventory.state.items()}
    return _has(inventory, model) and fresh.items() <= held.items()


def _refuse_another(store: Store, object_id: str, model: Model, *, ours: bool) -> None:
    """Refuse a place that keeps another model under this name; ``ours``: it was kept by us before.

    Raises:
        UsageError: it is another model.
        IntegrityError: it cannot be told, and nothing signed says that it is ours.
    """
    there = vault.peek(store, object_id)
    try:
        held = passports.read(store, there) if there else {}
    except IntegrityError:
        if not ours:
            raise
        return  # damaged since: it is mended below
    if held and held["digest"] != model.digest:
        raise UsageError(
            f"{store.label} already keeps another model as {model.id} ({held['digest'][:19]}…); "
            "register this one under another version, or name another vault"
        )


def _whole_kit(
    model: Model, view: View, shop: Workshop, site: Site, emit: Emit, gathered: items.Items
) -> tuple[layout.Content, dict[str, forms.Digests]]:
    """Gather what a first version holds: the model's own files first, so that they are stored there.

    Weights are packed here already: the passport says which other model they build on, and each is
    read and hashed once for all. Returns the check sums taken, too.
    """
    content = layout.original(model, view) | layout.guide(model, view) | layout.environment()
    passport = json.loads(layout.passport(model, view, site.object))
    based, tried = _packed(model, view, shop, site, (passport, emit))
    passport |= {"kit": gathered.said} | passports.said(based)
    if model.files:
        tensors = {(n, t): said for n, each in tried.items() for t, said in each.tensors.items()}
        passport["tensors"] = layout.tensors(view.folder(model), tensors)
    known = {layout.ORIGINAL + name: each.original for name, each in tried.items()}
    return content | {"model.json": layout.text(passport)}, known


def _packed(
    model: Model, view: View, shop: Workshop, site: Site, told: tuple[dict[str, object], Emit]
) -> tuple[dict[str, passports.BaseRef], dict[str, Tried]]:
    """Pack the weights where a packed copy is wanted; returns the bases of use, and what each told."""
    stores, (passport, emit) = site.stores(forms.PACKED), told
    if not stores or not model.files:
        return {}, {}
    folder = view.folder(model)
    weights = [name for name in model.files if name.endswith(forms.WEIGHTS)]
    _need_room(site, sum((folder / name).stat().st_size for name in weights))
    bases = basing.choose(view, model, stores, passport)
    basing.hold_everywhere(bases, stores)
    shop.base_of = lambda name: packs.bases_of(bases, stores[0], name)
    used, tried = dict[str, passports.BaseRef](), dict[str, Tried]()
    for number, name in enumerate(weights):
        emit.progress(number, len(weights), f"packing {name}")
        logical = layout.ORIGINAL + name
        tried[name] = shop.first(logical, folder / name)
        made = tried[name].made
        if made is not None and made.needs_base:
            used[logical] = bases[logical]
    return used, tried


def _need_room(site: Site, size: int) -> None:
    free = shutil.disk_usage(site.folder).free
    if free < size + vault.SPARE_BYTES:
        raise RoomError(
            f"packing needs {size >> 20} MiB beside the dossier and {free >> 20} MiB are free; make "
            "room, or keep it in plain copies only (copies: [{at: vault}, {at: vault-copy}]). "
            "Nothing was written"
        )


def _golden(model: Model, view: View, spec: Spec, emit: Emit) -> layout.Content:
    """Make the golden answers, once for these prompts on this stack."""
    emit.progress(0, 3, f"golden answers up to {spec.golden}")
    inputs = {
        "model": model.digest,
        "level": spec.golden,
        "engine": spec.engine or "",
        "stack": machine.stack(),
        "prompts": digest_of([*golden.CONVERSATIONS, *golden.TEXTS]),
        "assessed": sorted(
            # Without what differs from run to run: two lives of one model make the same golden answers.
            digest_of({**found.to_json(), "runtime": {}})
            for _, found in view.all_evidence(model.id)
            if "assess/" in found.name
        ),
    }
    made = emit.unit(
        "golden",
        inputs,
        lambda: golden.make(view.folder(model), model, spec.golden, spec.engine, view),
    )
    return {f"golden/{name}.json": layout.text(value) for name, value in made.items()}


def _levels(store: Store, inventory: Inventory) -> dict[str, str]:
    """Say which golden answers are kept, and why the others are not."""
    said: dict[str, str] = {}
    for level in golden.LEVELS[1:]:
        digest = inventory.state.get(f"golden/{level}.json")
        if digest is None:
            continue
        with store.open(f"{object_path(inventory.id)}/{inventory.manifest[digest]}") as source:
            why = json.load(source).get("not available")
        said[level] = f"not available: {why}" if why else "kept"
    return said


def _fact(model: Model, emit: Emit, count: int) -> None:
    number = {2: "two", 3: "three", 4: "four"}.get(count, str(count))
    if model.files:
        emit.fact("custody", "kept", f"{number} copies, every byte of all of them read back")
    else:
        emit.fact(
            "custody",
            RECORD_ONLY,
            f"its record in {number} copies; the weights are not ours to keep",
        )


def _stored(copy: Copy, inventory: Inventory) -> int:
    at = object_path(inventory.id)
    return sum(copy.store.size(f"{at}/{path}") for path in inventory.manifest.values())


def _evidence(
    model: Model,
    spec: Spec,
    site: Site,
    outcomes: list[tuple[Copy, copies.Outcome]],
    shared: dict[str, Any] | None,
) -> Evidence:
    plans = {form: placing.plan_of(site, form) for form in site.forms}
    lead = site.copies[0]
    inventory = plans[lead.form].inventory
    closure = passports.bases(passports.read(lead.store, inventory), inventory.id)
    what = (
        "the model's own files and its kit"
        if model.files
        else "its record; no weights: they are not ours to keep"
    )
    counts = {form: len(site.stores(form)) for form in site.forms}
    said = " and ".join(f"{count} {form}" for form, count in counts.items())
    signed = {form: plan.signed.to_json() for form, plan in plans.items()}
    return Evidence(
        name=places.KEEP,
        model=model.id,
        kind="record",
        summary=f"Kept as {inventory.head} in {len(outcomes)} copies ({said}), every byte of all of "
        f"them read back: {what}.",
        findings={
            "object": inventory.id,
            "version": inventory.head,
            "roots": [copy.at for copy in site.copies],
            "copies": [{"at": copy.at, "form": copy.form} for copy in site.copies],
            "weights": bool(model.files),
            "base": sorted({base.object for base in closure.values()}),
            "golden": _levels(lead.store, inventory),
            "added": sorted(spec.add),
            "contents": sorted({n.split("/")[0] for n in forms.plain_names(inventory)}),
        },
        runtime={
            "vault": {"forms": signed} | ({"wheels": shared} if shared else {}),
            "copies": [
                {
                    "copy": outcome.after.copy,
                    "form": copy.form,
                    "files": outcome.after.files,
                    "bytes": outcome.after.bytes,
                    "stored": _stored(copy, plans[copy.form].inventory),
                }
                for copy, outcome in outcomes
            ],
        },
    )


stage = Stage(
    name=places.KEEP,
    spec=Spec,
    run=run,
    summary="Keep the model in the vault: weights, kit and record, in two copies or more.",
)
