"""Feeds of retirements for users: JSON and RSS, and each model's page with its dates.

The gateway serves them under /retirements.json, /retirements.rss and /retirements/NAME; 'tenure retire
feed --into FOLDER' writes the same files for a site of your own. Both are drawn from the signed events
whenever they are asked for; a feed reader sees a postponement, an exception or a notice that was taken
back as a new item.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from email.utils import format_datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from tenure.dossier import View
from tenure.dossier.canonical import digest_of
from tenure.dossier.retiring import NOTICE, entries, midnight, notice_of
from tenure.retire.notices.page import page
from tenure.retire.reporting.pages import html

SCHEMA = "tenure/retirements.v1"
ALIAS = "alias/"
"""Notes by which a name was pointed at a model."""
JSON_TYPE, RSS_TYPE, HTML_TYPE = (
    "application/json",
    "application/rss+xml; charset=utf-8",
    "text/html; charset=utf-8",
)


def listed(view: View) -> list[dict[str, Any]]:
    """List the newest notice of every model that is not contained, each with whom users ask."""
    found: list[dict[str, Any]] = []
    for each in entries(view):
        noted = view.events(act="note", name=NOTICE, model=each["model"])[-1].body
        found.append({**each, **({"contact": noted["contact"]} if noted.get("contact") else {})})
    return found


def as_json(view: View) -> str:
    """Write every notice as one JSON document: ``schema`` and ``retirements``."""
    document = {"schema": SCHEMA, "retirements": listed(view)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_rss(view: View, base: str = "") -> str:
    """Write every notice as RSS 2.0, newest first; ``base`` is the address before /retirements."""
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    _text(channel, "title", "Retirements")
    _text(channel, "link", f"{base}/retirements.json")
    _text(channel, "description", "Models that are being retired: what ends, what stays and when.")
    for each in sorted(listed(view), key=lambda e: (e["announced"], e["model"]), reverse=True):
        item = SubElement(channel, "item")
        _text(item, "title", title(each))
        _text(item, "link", f"{base}/retirements/{each['model']}")
        _text(item, "description", description(each))
        announced = date.fromisoformat(each["announced"])
        _text(item, "pubDate", format_datetime(midnight(announced), usegmt=True))
        # What is said changed: then it is a new item to whoever reads the feed.
        guid = SubElement(item, "guid", isPermaLink="false")
        guid.text = digest_of(dict(each))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _text(parent: Element, name: str, words: str) -> None:
    SubElement(parent, name).text = words


def title(entry: Mapping[str, Any]) -> str:
    """Say in a line where a model's retirement stands."""
    if entry["state"] == "cancelled":
        return f"{entry['model']} is not being retired: the notice was taken back"
    if entry["state"] == "retired":
        return f"{entry['model']} is retired"
    return f"{entry['model']} will be retired on {entry['sunset']} at the earliest"


def description(entry: Mapping[str, Any]) -> str:
    """Say what a user needs of a notice in plain sentences."""
    told = [str(entry["reason"]), str(entry["changed"] or "")]
    if entry["exception"]:
        by = " and ".join(entry["exception"]["signed_by"])
        told.append(
            f"The notice is {entry['notice_days']} days instead of {entry['promised_days']}: "
            f"{entry['exception']['reason']} Signed by {by}."
        )
    told.append(f"Successor: {entry['successor'] or 'none named'}.")
    if entry["state"] != "cancelled":
        told += ["Final:", *entry["final"], "Not final:", *entry["not_final"]]
    if entry.get("contact"):
        told.append(f"Whom to ask: {entry['contact']}.")
    return " ".join(words for words in told if words)


def aliases(view: View) -> dict[str, str]:
    """Return the names such as 'latest' that lead to a model, each with the one it leads to now."""
    notes = view.events(act="note", name=f"{ALIAS}*")
    return {event.name.removeprefix(ALIAS): event.model for event in notes}


def as_page(view: View, model: str) -> str | None:
    """Write a model's notice as a page with its dates; None where it has none, or is contained.

    ``model`` is its id, its name, or an alias that leads to it.
    """
    led = aliases(view)
    found = [m for m in view.models() if led.get(model, model) in (m.id, m.name)]
    if not found or view.state(found[-1].id).containment:
        return None
    stands = notice_of(view, found[-1].id)
    if stands is None:
        return None
    noted = view.events(act="note", name=NOTICE, model=found[-1].id)[-1]
    custody = view.state(found[-1].id).custody
    also = [name for name, to in led.items() if to == found[-1].id]
    return html(page(found[-1].id, noted.body, custody, stands, also))


def answer(view: View, name: str, base: str = "") -> tuple[str, str] | None:
    """Answer what a gateway is asked for: ``json``, ``rss`` or a model; (media type, text) or None.

    ``base`` is the address under which it was asked.
    """
    if name == "json":
        return JSON_TYPE, as_json(view)
    if name == "rss":
        return RSS_TYPE, as_rss(view, base)
    found = as_page(view, name)
    return (HTML_TYPE, found) if found is not None else None


def files(view: View, base: str = "") -> Sequence[tuple[str, str]]:
    """Return every file of a site of retirements: (path, text)."""
    found = [("retirements.json", as_json(view)), ("retirements.rss", as_rss(view, base))]
    for each in listed(view):
        shown = as_page(view, each["model"])
        if shown is not None:
            found.append((f"retirements/{each['model'].replace('/', '_')}.html", shown))
    return found
