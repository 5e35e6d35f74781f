"""Where a dossier's models are kept, under which names, and what signed events say of them."""

from dataclasses import dataclass
from pathlib import Path

from tenure import plugins
from tenure.dossier import Evidence, Model, View
from tenure.errors import UsageError
from tenure.preserve.fixity import Plan, Signed, plan
from tenure.preserve.store import Store

KEEP = "preserve/keep"


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
        return plugins.load("store", backend)(rest)
    return plugins.load("store", "local")(str(root / location))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the newest keeping of a model recorded."""

    object: str
    roots: tuple[str, ...]
    signed: Signed
    evidence: Evidence

    def stores(self, root: Path) -> list[Store]:
        """Open every copy."""
        return [open_store(root, location) for location in self.roots]

    def plan(self, root: Path) -> Plan:
        """Work out what the object must be, by the signed inventories."""
        return plan(self.stores(root), self.object, self.signed)


def kept(view: View, model: Model) -> Kept | None:
    """Read where a model is kept and what was signed of it; None when it was never kept."""
    evidence = view.evidence(KEEP, model.id)
    if evidence is None:
        return None
    recorded = evidence.runtime["vault"]
    return Kept(
        object=evidence.findings["object"],
        roots=tuple(evidence.findings["roots"]),
        signed=Signed(inventories=recorded["inventories"], root=recorded["root"]),
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
