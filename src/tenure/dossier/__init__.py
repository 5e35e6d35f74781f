"""The dossier: what is known about a model, and the proof of it.

nouns, stage         the values and the shape of a stage: what everybody imports
canonical, envelope  one event as bytes: canonical JSON, in-toto Statement, DSSE, Ed25519
merkle, checkpoint   the log over those bytes: RFC 6962, C2SP signed notes
cosignature, cosigned, tlog_policy   what witnesses signed, what is kept of it, which of them count
witness, witness_http                being one, and asking one (C2SP tlog-witness)
tiles, tlog_proof    the log as static files; one event proven offline
files, keys          content-addressed files; private keys, outside the dossier
log, tables, source  where the bytes are stored and found again
fold                 what the events amount to: models, facts, keys; and the guards
writer, emitting     the only way in: drafts, groups, units, facts
leases, runner       one at a time; a stage from its start to its end
dossier, reading     the open dossier, and the read-only view of one
verify, verifier     the proof checked: here, and by one file that needs nothing of tenure
oms, oms_*           weights signed as OpenSSF Model Signing v1.0 has it
export, compare      some models out of a log, with proofs; two dossiers side by side
"""

import importlib
from typing import Any

from tenure.dossier.canonical import canonical, digest, digest_file, digest_of, lines, now
from tenure.dossier.nouns import JSON, Event, Evidence, Measure, Model, Recipe, State
from tenure.dossier.stage import Emit, Stage, View, Waiting

__all__ = [
    "JSON",
    "Dossier",  # pyright: ignore[reportUnsupportedDunderAll] - see __getattr__
    "Emit",
    "Event",
    "Evidence",
    "Measure",
    "Model",
    "Recipe",
    "Stage",
    "State",
    "View",
    "Waiting",
    "canonical",
    "digest",
    "digest_file",
    "digest_of",
    "lines",
    "now",
]


def __getattr__(name: str) -> Any:
    """Import ``Dossier`` on first use: checking a dossier needs no SQLAlchemy (0.3 s)."""
    if name == "Dossier":
        return importlib.import_module("tenure.dossier.dossier").Dossier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
