"""Two dossiers side by side, without what may differ between two runs of the same work.

Left out: times, signatures, keys, the log's name and the places in it, the order of independent
units, and ``runtime`` of evidence with the files only it names. Where an event cites another by
its digest, the cited event is compared instead. Everything else must be equal.
"""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenure.dossier.canonical import digest_of
from tenure.dossier.envelope import unseal
from tenure.dossier.nouns import Event
from tenure.dossier.opening import open_view
from tenure.dossier.reading import Reading
from tenure.dossier.source import ONCE

_DERIVED = ("key", "work")  # hashes over what is compared anyway, and over events' digests
WEIGHTS_KEY = ("weights/key", "weights/key-end")  # declares a key, as the act "key" does
LONGEST = 200  # characters of a difference that are shown


def _replaced(value: Any, cited: Mapping[str, str]) -> Any:
    """Replace the digests of events by digests that are the same in both dossiers."""
    if isinstance(value, str):
        return cited.get(value, value)
    if isinstance(value, dict):
        return {k: _replaced(v, cited) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType] - any JSON
    if isinstance(value, list):
        return [_replaced(v, cited) for v in value]  # pyright: ignore[reportUnknownVariableType] - any JSON
    return value


def _essence(event: Event, cited: Mapping[str, str], view: Reading) -> dict[str, Any]:
    """Return what of an event must be the same in both dossiers."""
    body: dict[str, Any] = json.loads(json.dumps(dict(view.whole(event).body)))
    files = dict(event.files)
    files.pop("body", None)
    if event.act in ONCE and event.act != "unit":
        body = {k: v for k, v in body.items() if k not in _DERIVED}
    if event.act == "evidence":
        evidence: dict[str, Any] = body.get("evidence", {})
        runtime = json.dumps(evidence.pop("runtime", {}))
        rest = json.dumps(body)
        files = {k: v for k, v in files.items() if v not in runtime or v in rest}
    return _replaced(
        {
            "act": event.act,
            "name": event.name,
            "model": event.model,
            "actor": event.actor,
            "body": body,
            "files": files,
        },
        cited,
    )


def _line(essence: Mapping[str, Any]) -> str:
    about = essence["model"] or "organisation"
    text = f"{essence['act']} {essence['name']} ({about}): {json.dumps(essence, sort_keys=True)}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... {digest_of(essence)[7:15]}"


def essences(root: Path | str) -> tuple[list[str], Counter[str]]:
    """Return (the ordered events, the units as a bag), each as one comparable line."""
    view = open_view(root)
    cited: dict[str, str] = {}
    ordered: list[str] = []
    units: Counter[str] = Counter()
    for _, entry in view.source.entries():
        event = unseal(entry)
        if event.act == "key" or (event.act == "note" and event.name in WEIGHTS_KEY):
            continue
        essence = _essence(event, cited, view)
        cited[event.digest] = digest_of(essence)
        if event.act == "unit":
            units[_line(essence)] += 1
        else:
            ordered.append(_line(essence))
    return ordered, units


def compare(root_a: Path | str, root_b: Path | str) -> list[str]:
    """List the differences of two dossiers (folders or exports); empty when there are none."""
    (events_a, units_a), (events_b, units_b) = essences(root_a), essences(root_b)
    found = [f"only in the first: {line}" for line in (units_a - units_b).elements()]
    found += [f"only in the second: {line}" for line in (units_b - units_a).elements()]
    bag_a, bag_b = Counter(events_a), Counter(events_b)
    found += [f"only in the first: {line}" for line in (bag_a - bag_b).elements()]
    found += [f"only in the second: {line}" for line in (bag_b - bag_a).elements()]
    if not found and events_a != events_b:
        pairs = zip(events_a, events_b, strict=True)
        place = next(i for i, (a, b) in enumerate(pairs) if a != b)
        found.append(f"another order from the {place + 1}th event on: {events_a[place]}")
    return found
