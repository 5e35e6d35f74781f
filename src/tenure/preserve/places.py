"""Where a dossier's models are kept, in which form, and what signed events say of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure import plugins
from tenure.dossier import Evidence, Model, View
from tenure.errors import IntegrityError, UsageError
from tenure.preserve import presence, vault
from tenure.preserve.fixity import Plan, Signed, plan
from tenure.preserve.forms import PACKED, PLAIN, form_of
from tenure.preserve.ocfl import Inventory
from tenure.preserve.packed import across
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.store import Store

KEEP = "preserve/keep"


class Place(BaseModel):
    """One copy as it is asked for: where, and in which form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: str = Field(description="A folder (relative ones lie in the dossier), or backend://place.")
    form: Literal["packed", "plain"] = Field("plain", description="packed, or plain.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy: where it is (``at``), its form, and its open store."""

    at: str
    form: str
    store: Store

    def require(self, signed: Inventory) -> None:
        """Refuse a copy whose newest inventory of an object is another than the signed one.

        Raises:
            IntegrityError: it is, or there is none.
        """
        there = vault.read(self.store, signed.id)
        if there is None or there[0] != signed:
            raise IntegrityError(
                f"{self.store.label}: the inventory is not the signed one; run 'tenure preserve check'"
            )


def object_id(model: Model) -> str:
    """Name the vault's object of a model."""
    return f"urn:tenure:model:{model.id}"


def open_store(root: Path, location: str) -> Store:
    """Open a place for a vault: a folder (relative ones lie in the dossier), or ``backend://place``.

    Raises:
        UsageError: no such back end; those there are are listed.
    """
    backend, scheme, rest = location.partition("://")
    if scheme:
        maker = plugins.load("store", backend)
        if getattr(maker, "wraps", False):  # a place inside a place, as a sealed one is
            return maker(rest, partial(open_store, root))
        return maker(rest)
    return plugins.load("store", "local")(str(root / location))


def absolute(root: Path, location: str) -> str:
    """Return a location that another process, in another folder, opens as well."""
    backend, scheme, rest = location.partition("://")
    if not scheme:
        return str(root.absolute() / location)
    key, mark, below = rest.partition("@")
    return f"sealed://{key}@{absolute(root, below)}" if backend == "sealed" and mark else location


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the newest keeping of a model recorded.

    ``copies`` are the places with their forms; ``signed`` says of each form what was signed.
    """

    object: str
    copies: tuple[Place, ...]
    signed: Mapping[str, Signed]
    evidence: Evidence

    @property
    def roots(self) -> tuple[str, ...]:
        """Return where the copies are."""
        return tuple(copy.at for copy in self.copies)

    def stores(self, root: Path) -> list[Store]:
        """Open every copy."""
        return [open_store(root, copy.at) for copy in self.copies]

    def opened(self, root: Path) -> tuple[Copy, ...]:
        """Open every copy, each with its form."""
        return tuple(
            Copy(at=copy.at, form=copy.form, store=store)
            for copy, store in zip(self.copies, self.stores(root), strict=True)
        )

    def plan(self, root: Path, form: str = PLAIN) -> Plan:
        """Work out what the object must be in a form, by the signed inventories.

        Where no copy in this form has its inventory any more, it is worked out from the other
        form: the plain one always, the packed one by packing again (``across``).

        Raises:
            IntegrityError: no copy holds, and none gives, an inventory that was signed.
        """
        copies = self.opened(root)
        same = [copy.store for copy in copies if copy.form == form]
        try:
            return plan(same, self.object, self.signed.get(form))
        except IntegrityError:
            others = [copy.store for copy in copies if copy.form != form]
            if form != PLAIN or not others:
                raise
            found = plan(others, self.object, self.signed.get(PACKED))
            more = across.plain_from_packed(others, found.inventory)
            return plan(same, self.object, self.signed.get(form), more)


def kept(view: View, model: Model) -> Kept | None:
    """Read where a model is kept and what was signed of it; None when it was never kept."""
    evidence = view.evidence(KEEP, model.id)
    if evidence is None:
        return None
    recorded, findings = evidence.runtime["vault"], evidence.findings
    # Before there were forms every copy was plain.
    by_form = recorded.get("forms") or {PLAIN: recorded}
    copies = findings.get("copies") or [{"at": at, "form": PLAIN} for at in findings["roots"]]
    return Kept(
        object=findings["object"],
        copies=tuple(Place(**copy) for copy in copies),
        signed={
            form: Signed(inventories=one["inventories"], root=one["root"])
            for form, one in by_form.items()
        },
        evidence=evidence,
    )


def require(view: View, model: Model) -> Kept:
    """Read where a model is kept; UsageError with the command when it is not."""
    found = kept(view, model)
    if found is None:
        raise UsageError(
            f"{model.id} is not kept; run 'tenure preserve keep --model {model.id}' first"
        )
    return found


def opened_for(view: View, model: Model, asked: list[Place], before: Kept | None) -> list[Copy]:
    """Open the places a keeping asks for.

    A version once written is never changed, so an object that lies in a place already stays in
    the form it has there.

    Raises:
        OutOfReachError: a place gives no answer, or a vault of this dossier was there and is not now.
    """
    opened = [
        Copy(at=each.at, form=each.form, store=open_store(view.root, each.at)) for each in asked
    ]
    _require_there(view, opened)
    was = {copy.at: copy.form for copy in before.copies} if before else {}
    found: list[Copy] = []
    for copy in opened:
        form = was.get(copy.at) or copy.form
        if copy.at not in was:
            there = vault.peek(copy.store, object_id(model))
            form = form_of(there) if there else form
        found.append(replace(copy, form=form))
    return found


def _require_there(view: View, asked: list[Copy]) -> None:
    """Refuse a place that is away, whichever model was kept there; where none was, it may be empty."""
    known = {
        copy.at for model in view.models() if (held := kept(view, model)) for copy in held.copies
    }
    for at, why in presence.sort_out(asked)[1].items():
        if at in known or why != presence.EMPTY:
            raise OutOfReachError(
                f"the copy {at} is away: {why}; nothing was written: {presence.remedy(at)}. Or name "
                "other places under 'copies'"
            )
