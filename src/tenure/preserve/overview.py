"""What the vaults of a dossier hold: models, copies, forms, sizes, bases, when each was last read."""

from dataclasses import dataclass

from tenure.dossier import Model, View
from tenure.errors import IntegrityError
from tenure.preserve import forms, ocfl, places, presence, restore, tombstones, vault
from tenure.preserve.ocfl import Inventory
from tenure.preserve.packed import passports
from tenure.preserve.places import Copy
from tenure.preserve.store import Store

URN = "urn:tenure:model:"
READINGS = ("preserve/keep", "preserve/check", "preserve/scrub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One copy: where, its form and newest version, bytes stored and bytes that come back.

    ``trouble`` says what is wrong with it as far as a look without reading every byte shows.
    """

    at: str
    form: str
    version: str
    stored: int
    original: int
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kept model: its copies, what it stands on, what stands on it, and its last reading.

    ``checked`` is when every byte was last read, by which stage, and what was found.
    """

    model: str
    copies: tuple[Held, ...]
    bases: tuple[str, ...]
    dependants: tuple[str, ...]
    checked: str
    tombstone: str = ""


def rows(view: View) -> list[Row]:
    """Look at every kept model of a dossier; sizes only, no content is read."""
    kept = [(model, places.kept(view, model)) for model in view.models()]
    standing: dict[str, set[str]] = {}
    found: list[tuple[Model, set[str], tuple[Held, ...]]] = []
    for model, held in kept:
        if held is None:
            continue
        copies = held.opened(view.root)
        here, away = presence.sort_out(copies)
        bases = {base for copy in here for base in _bases(copy.store, held.object)}
        for base in bases:
            standing.setdefault(base, set()).add(held.object)
        looked = tuple(_look(copy, held.object, away.get(copy.at, "")) for copy in copies)
        found.append((model, bases, looked))
    return [
        Row(
            model=model.id,
            copies=looked,
            bases=tuple(_names(bases)),
            dependants=tuple(_names(standing.get(f"{URN}{model.id}", set()))),
            checked=_checked(view, model),
            tombstone=str(tombstones.of(view, model) or ""),
        )
        for model, bases, looked in found
    ]


def _names(objects: set[str]) -> list[str]:
    return sorted(each.removeprefix(URN) for each in objects)


def _bases(store: Store, object_id: str) -> set[str]:
    inventory = vault.peek(store, object_id)
    if inventory is None:
        return set()
    try:
        return {base.object for base in passports.bases(passports.read(store, inventory)).values()}
    except IntegrityError:
        return set()


def _look(copy: Copy, object_id: str, away: str) -> Held:
    inventory = None if away else vault.peek(copy.store, object_id)
    if inventory is None:
        trouble = "not there, or its inventory is damaged"
        trouble = f"AWAY: {away}; {presence.remedy(copy.at)}" if away else trouble
        return Held(at=copy.at, form=copy.form, version="-", stored=0, original=0, trouble=trouble)
    stored, missing = _stored(copy.store, inventory)
    trouble = f"{missing} file(s) are missing" if missing else ""
    try:
        original = sum(restore.sizes(copy.store, inventory).values())
    except IntegrityError as error:
        original, trouble = 0, trouble or str(error)
    return Held(
        at=copy.at,
        form=forms.form_of(inventory),
        version=inventory.head,
        stored=stored,
        original=original,
        trouble=trouble,
    )


def _stored(store: Store, inventory: Inventory) -> tuple[int, int]:
    at, size, missing = ocfl.object_path(inventory.id), 0, 0
    for path in inventory.manifest.values():
        try:
            size += store.size(f"{at}/{path}")
        except (KeyError, IntegrityError):
            missing += 1
    return size, missing


def _checked(view: View, model: Model) -> str:
    last = "never"
    for event, evidence in view.all_evidence(model.id):
        if evidence.name in READINGS:
            well = evidence.findings.get("well", True)
            last = f"{event.time[:10]} by {evidence.name}: {'whole' if well else 'faults found'}"
    return last
