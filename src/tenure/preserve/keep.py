"""Keep a model: its files and everything it needs to come back, in two copies, before it is released.

The first keeping makes version 1 of the model's object; later ones add what is new (a report, an
interview) as further versions and never touch the older ones. A model behind an API keeps its
record, without weights, and says so.
"""

import hashlib
import json
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

import tenure
from tenure.dossier import Emit, Evidence, Model, Stage, View, digest_of, now
from tenure.errors import IntegrityError, UsageError
from tenure.preserve import copies, fixity, golden, kit, machine, places, vault
from tenure.preserve.ocfl import Inventory, object_path
from tenure.preserve.store import Store

REFRESHED = ("dossier/", "env/")  # renewed with every version, but no reason for a new one
RECORD_ONLY = "record kept"


class Spec(BaseModel):
    """Where to keep it, and what to add."""

    model_config = ConfigDict(extra="forbid")

    vault: str = Field(
        "vault", description="Folder of the vault; a relative one lies in the dossier."
    )
    second: str = Field(
        "vault-copy", description="Folder of the second copy; another disk is better."
    )
    golden: str = Field("G3", description="Make golden answers up to this level: G0, G1, G2 or G3.")
    engine: str | None = Field(
        None, description="Engine for G3; by default the one that serves it."
    )
    add: dict[str, str] = Field(
        default_factory=dict,
        description="What to add: path in the object -> a file's digest, or the name of evidence.",
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Commit what is new to the vault, bring the second copy to the same, read every byte of both."""
    golden.upto(spec.golden)
    if spec.vault == spec.second:
        raise UsageError("'vault' and 'second' are one folder; a copy needs a place of its own")
    first = places.open_store(view.root, spec.vault)
    second = places.open_store(view.root, spec.second)
    object_id = places.object_id(model)
    earlier = _mend_first(first, second, view, model)
    add = kit.added(view, model, spec.add)
    key = _key(model, spec, kit.identity(add))
    found = vault.read(first, object_id)
    inventory = found[0] if found else None
    _refuse_another(inventory, model, first)
    if inventory is None or not _there(inventory, key, model, add):
        whole = not _has(inventory, model)
        content = _whole_kit(model, view) if whole else kit.environment()
        if whole and model.files:
            content |= _golden(model, view, spec, emit)
        content |= add | kit.record(model, view, emit)
        emit.progress(1, 3, f"writing {len(content)} files to the vault")
        addition = vault.Addition(
            files=content, message=f"kept by tenure {tenure.__version__}; {key}", created=now()
        )
        inventory = vault.commit(first, object_id, addition)
    emit.progress(2, 3, "second copy, every byte read back")
    wanted = fixity.plan([first], object_id, _trusted(first, object_id, earlier))
    outcomes = [copies.bring(second, [first], wanted), copies.bring(first, [second], wanted)]
    _fact(model, emit)
    return _evidence(model, spec, wanted, outcomes, _levels(first, inventory))


def _key(model: Model, spec: Spec, add: Mapping[str, str]) -> str:
    """Name this keeping, so that one that was interrupted after its commit finds itself again."""
    settings = {"golden": spec.golden, "engine": spec.engine}
    return digest_of(
        {"model": model.digest, "add": dict(add), "package": tenure.__version__, **settings}
    )


def _mend_first(first: Store, second: Store, view: View, model: Model) -> fixity.Signed:
    """Where it was kept before, mend the vault before anything is added to it.

    Returns what was signed so far. A version that was committed by a keeping that was killed
    before its evidence was signed is left as it is.
    """
    before = places.kept(view, model)
    if before is None:
        return fixity.Signed()
    stores = [first, second, *before.stores(view.root)]
    wanted = fixity.plan(stores, before.object, before.signed)
    try:
        found = vault.read(first, before.object)
    except IntegrityError:
        found = None
    if found is None or found[0].head == wanted.inventory.head:
        copies.bring(first, stores[1:], wanted)
    return before.signed


def _trusted(first: Store, object_id: str, earlier: fixity.Signed) -> fixity.Signed:
    """Add the version just committed to what was signed before."""
    found = vault.read(first, object_id)
    assert found is not None, "it was committed a moment ago"
    inventory, data = found
    newest = {inventory.head: hashlib.sha512(data).hexdigest()}
    return fixity.Signed(inventories={**earlier.inventories, **newest}, root=earlier.root)


def _sha256(inventory: Inventory, sha512: str) -> str:
    return "sha256:" + inventory.sha256[inventory.manifest[sha512]]


def _has(inventory: Inventory | None, model: Model) -> bool:
    """Say whether the object holds the artefact's own files already."""
    if inventory is None:
        return False
    held = {
        logical.removeprefix(kit.ORIGINAL): _sha256(inventory, digest)
        for logical, digest in inventory.state.items()
        if logical.startswith(kit.ORIGINAL)
    }
    return held == dict(model.files)


def _there(inventory: Inventory, key: str, model: Model, add: kit.Content) -> bool:
    """Say whether nothing would be new: this keeping was committed, or all of its content is there."""
    if any(version.message.endswith(key) for version in inventory.versions):
        return True
    fresh = kit.identity(add)
    held = {n: _sha256(inventory, d) for n, d in inventory.state.items()}
    return _has(inventory, model) and fresh.items() <= held.items()


def _refuse_another(inventory: Inventory | None, model: Model, store: Store) -> None:
    if inventory is None or "model.json" not in inventory.state:
        return
    path = inventory.manifest[inventory.state["model.json"]]
    with store.open(f"{object_path(inventory.id)}/{path}") as source:
        held = json.load(source)
    if held["digest"] != model.digest:
        raise UsageError(
            f"{store.label} already keeps another model as {model.id} ({held['digest'][:19]}…); "
            "register this one under another version, or name another vault"
        )


def _whole_kit(model: Model, view: View) -> kit.Content:
    """Gather what a first version holds: the model's own files first, so that they are stored there."""
    content = kit.original(model, view) | kit.guide(model, view) | kit.environment()
    return content | {"model.json": kit.passport(model, view, places.object_id(model))}


def _golden(model: Model, view: View, spec: Spec, emit: Emit) -> kit.Content:
    """Make the golden answers, once for these prompts on this stack."""
    emit.progress(0, 3, f"golden answers up to {spec.golden}")
    inputs = {
        "model": model.digest,
        "level": spec.golden,
        "engine": spec.engine or "",
        "stack": machine.stack(),
        "prompts": digest_of([*golden.CONVERSATIONS, *golden.TEXTS]),
    }
    made = emit.unit(
        "golden",
        inputs,
        lambda: golden.make(view.folder(model), model, spec.golden, spec.engine),
    )
    return {f"golden/{name}.json": kit.text(value) for name, value in made.items()}


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


def _fact(model: Model, emit: Emit) -> None:
    if model.files:
        emit.fact("custody", "kept", "two copies, every byte of both read back")
    else:
        emit.fact(
            "custody", RECORD_ONLY, "its record in two copies; the weights are not ours to keep"
        )


def _evidence(
    model: Model,
    spec: Spec,
    wanted: fixity.Plan,
    outcomes: list[copies.Outcome],
    levels: Mapping[str, str],
) -> Evidence:
    inventory = wanted.inventory
    health = [outcome.after for outcome in reversed(outcomes)]
    what = (
        "the model's own files and its kit"
        if model.files
        else "its record; no weights: they are not ours to keep"
    )
    return Evidence(
        name=places.KEEP,
        model=model.id,
        kind="record",
        summary=f"Kept as {inventory.head} in two copies, every byte of both read back: {what}.",
        findings={
            "object": inventory.id,
            "version": inventory.head,
            "roots": [spec.vault, spec.second],
            "weights": bool(model.files),
            "golden": dict(levels),
            "added": sorted(spec.add),
            "contents": sorted({name.split("/")[0] for name in inventory.state}),
        },
        runtime={
            "vault": wanted.signed.to_json(),
            "copies": [{"copy": h.copy, "files": h.files, "bytes": h.bytes} for h in health],
        },
    )


stage = Stage(
    name=places.KEEP,
    spec=Spec,
    run=run,
    summary="Keep the model in the vault: weights, kit and record, in two copies.",
)
