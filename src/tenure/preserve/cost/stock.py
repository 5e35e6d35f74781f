"""What is on file: bytes per copy and form, by a look at every vault or by the signed record.

A look counts every file of a vault, those of the vault itself and those set aside too: the sum is
what the disk holds. Sizes are looked up; no content is read but inventories and passports.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tenure.dossier import Evidence, Model, View
from tenure.errors import IntegrityError
from tenure.preserve import forms, ocfl, places, presence, vault
from tenure.preserve.forms import ORIGINAL, PACKED, PACKS, PARITY, PLAIN, WEIGHTS
from tenure.preserve.packed import passports
from tenure.preserve.places import Copy
from tenure.preserve.store import Store

URN = "urn:tenure:model:"
OBJECT = re.compile(r"[0-9a-f]{3}/[0-9a-f]{3}/[0-9a-f]{3}/")  # begins every object's place


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One copy of one model, in bytes: all of it, its weights as stored, its parity.

    ``weights`` and ``parity`` are None where only the sum is on record. ``there`` is False where
    the copy was not found; it counts 0 bytes then.
    """

    at: str
    form: str
    bytes: int
    weights: int | None = None
    parity: int | None = None
    there: bool = True

    @property
    def rest(self) -> int:
        """Everything else: the kit, the record, the inventories."""
        return self.bytes - (self.weights or 0) - (self.parity or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One kept model: the bytes of its weights as they were, what it is packed against, its copies."""

    model: str
    weights: int
    bases: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @property
    def bytes(self) -> int:
        """Bytes in all copies."""
        return sum(piece.bytes for piece in self.pieces)

    @property
    def ratio(self) -> float | None:
        """Stored over original bytes of the weights, in the packed copy; None without one."""
        for piece in self.pieces:
            if piece.form == PACKED and piece.there and piece.weights is not None and self.weights:
                return piece.weights / self.weights
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Every kept model, and per place the bytes of the vault itself (guide, reader, set aside)."""

    holdings: tuple[Holding, ...]
    own: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def bytes(self) -> int:
        """Bytes of everything: every file of every vault that is of this dossier."""
        return sum(each.bytes for each in self.holdings) + sum(self.own.values())

    @property
    def copies(self) -> tuple[int, int]:
        """The fewest and the most copies that a model has."""
        counts = [sum(piece.there for piece in each.pieces) for each in self.holdings]
        return (min(counts), max(counts)) if counts else (0, 0)

    @property
    def loads(self) -> list[tuple[str, float]]:
        """What lies where: place and bytes, one line a copy."""
        held = [(piece.at, float(piece.bytes)) for each in self.holdings for piece in each.pieces]
        return [*held, *((at, float(size)) for at, size in self.own.items())]


def on_disk(view: View) -> Stock:
    """Look at every vault of a dossier."""
    found, stores = list[Holding](), dict[str, Store]()
    for model in view.models():
        kept = places.kept(view, model)
        if kept is None:
            continue
        copies = kept.opened(view.root)
        here, away = presence.sort_out(copies)
        for copy in here:
            stores.setdefault(copy.at, copy.store)
        pieces = tuple(
            Piece(at=copy.at, form=copy.form, bytes=0, weights=0, parity=0, there=False)
            if copy.at in away
            else _look(copy, kept.object)
            for copy in copies
        )
        passport = _passport(here, kept.object)
        found.append(
            Holding(
                model=model.id,
                weights=_weights(passport, pieces),
                bases=_bases(passport),
                pieces=pieces,
            )
        )
    return Stock(holdings=tuple(found), own={at: _own(store) for at, store in stores.items()})


def _look(copy: Copy, object_id: str) -> Piece:
    at = ocfl.object_path(object_id)
    sizes = {key.removeprefix(f"{at}/"): copy.store.size(key) for key in copy.store.list(at)}
    logical = {path: path.partition("/content/")[2] for path in sizes}
    inventory = vault.peek(copy.store, object_id)
    return Piece(
        at=copy.at,
        form=copy.form if inventory is None else forms.form_of(inventory),
        bytes=sum(sizes.values()),
        weights=sum(sizes[path] for path, name in logical.items() if _is_weights(name)),
        parity=sum(sizes[path] for path, name in logical.items() if name.startswith(PARITY)),
        there=inventory is not None,
    )


def _is_weights(logical: str) -> bool:
    return logical.startswith(PACKS) or (logical.startswith(ORIGINAL) and logical.endswith(WEIGHTS))


def _passport(copies: Iterable[Copy], object_id: str) -> dict[str, object]:
    for copy in copies:
        inventory = vault.peek(copy.store, object_id)
        try:
            if inventory is not None:
                return passports.read(copy.store, inventory)
        except IntegrityError:
            continue
    return {}


def _weights(passport: Mapping[str, object], pieces: Iterable[Piece]) -> int:
    files = passport.get("files")
    if isinstance(files, dict):
        return sum(said["bytes"] for name, said in files.items() if name.endswith(WEIGHTS))
    plain = [piece.weights or 0 for piece in pieces if piece.form == PLAIN]
    return max(plain, default=0)


def _bases(passport: Mapping[str, object]) -> tuple[str, ...]:
    try:
        named = {base.object for base in passports.bases(passport).values()}
    except IntegrityError:
        return ()
    return tuple(sorted(each.removeprefix(URN) for each in named))


def _own(store: Store) -> int:
    """Count what is of the vault and of no object: guide, formats, reader, what was set aside."""
    return sum(store.size(key) for key in store.list() if not OBJECT.match(key))


def on_record(view: View, models: Iterable[Model] | None = None) -> Stock:
    """Read what the newest keepings recorded; the same events give the same stock.

    The record does not part weights from the rest: a whole plain copy stands for them.
    """
    found = list[Holding]()
    for model in view.models() if models is None else models:
        evidence = view.evidence(places.KEEP, model.id)
        if evidence is not None:
            bases = evidence.findings.get("base") or ()
            pieces = _recorded(evidence)
            found.append(
                Holding(
                    model=model.id,
                    weights=max((p.bytes for p in pieces), default=0) if model.files else 0,
                    bases=tuple(each.removeprefix(URN) for each in bases),
                    pieces=pieces,
                )
            )
    return Stock(holdings=tuple(found))


def _recorded(evidence: Evidence) -> tuple[Piece, ...]:
    """Read one line a copy; before forms were there, all bytes that were read stand for its size."""
    roots = evidence.findings.get("roots") or ()
    lines = evidence.runtime.get("copies") or ()
    return tuple(
        Piece(
            at=roots[number] if number < len(roots) else str(line.get("copy", "")),
            form=str(line.get("form", PLAIN)),
            bytes=int(line.get("stored", line.get("bytes", 0))),
        )
        for number, line in enumerate(lines)
    )
