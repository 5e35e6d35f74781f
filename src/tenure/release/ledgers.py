"""Ledgers the house keeps by itself, so that a policy can ask about them as about any other.

``surprises`` is opened by the guards of training. ``comments`` are those of the council. ``seal`` has one entry once the weights were
signed (``release/seal``): its state is ``signed``, ``key ended`` or ``other weights``. A policy that
wants signed weights says so: ``check: {ledger: seal, state_in: [signed]}``.
"""

from typing import Any

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.release import council
from tenure.release.surprises import surprises

SEAL = "release/seal"
KEPT = ("surprises", "comments", "seal")
REMEDIES = {
    "surprises": "look at the training, then 'tenure release surprise none --model {}', or open, explain "
    "and accept what you found",
    "seal": "run 'tenure release seal --model {}'",
    "comments": "ask the council, then 'tenure release comment --model {} --kind none ...', or file what "
    "it said; 'tenure release answer' answers",
}


def derived(view: View, model: Model) -> dict[str, list[dict[str, Any]]]:
    """Return the rows (id, state, text) of the ledgers kept by the house that have been opened."""
    found: dict[str, list[dict[str, Any]]] = {}
    entries = surprises(view, model)
    if entries is not None:
        found["surprises"] = [
            {"id": each.id, "state": each.state, "text": each.text} for each in entries.values()
        ]
    comments = council.book(view, model.id)
    if comments is not None:
        found["comments"] = [dict(row) for row in comments]
    sealed = view.evidence(SEAL, model.id)
    if sealed is not None:
        found["seal"] = [_seal(view, model, sealed.findings, str(sealed.runtime.get("key")))]
    return found


def _seal(view: View, model: Model, findings: Any, key: str) -> dict[str, Any]:
    from tenure.dossier.oms_record import declared

    state = "signed" if findings.get("digest") == model.digest else "other weights"
    known = {each.fingerprint: each for each in declared(view)}
    if key not in known or known[key].until is not None:
        state = "key ended"
    return {
        "id": str(findings.get("root")),
        "state": state,
        "text": f"{findings.get('files')} files",
    }
