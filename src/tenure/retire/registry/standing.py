"""Where each entry of a preference register stands now: folded from signed events, nothing else.

Entries come from the notes ``retire/preferences/register``: one that was ever listed stays, also when
a later interview does not bring it up again. Answers and deliveries are ``sign`` events named
``retire/preferences/ENTRY``. What names a role counts only under the key of that role; what came in an
answers document is signed by whoever ran the stage, and names its author only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from tenure.documents import told
from tenure.dossier.nouns import Event, Model
from tenure.dossier.retiring import day
from tenure.dossier.roles import person, revoked, roles_of_keys, slug
from tenure.dossier.stage import View
from tenure.errors import RefusedError
from tenure.retire.registry import register
from tenure.retire.registry.register import Answer, Entry

NOTE = "retire/preferences/register"
SIGNED = "retire/preferences/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The entries as they stand, in the order in which they were first listed.

    ``own`` are the entries whose answer a person signed under the key of their role; ``wait`` maps
    an entry that one person has adopted and that needs a second to what that one signed. ``answers``
    holds, by entry, what was signed as its answer, ``deeds`` what was signed of it since: the delivery,
    and the look at it.
    """

    entries: tuple[Entry, ...] = ()
    own: frozenset[str] = frozenset()
    wait: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    deeds: Mapping[str, tuple[Mapping[str, Any], ...]] = field(
        default_factory=dict[str, tuple[Mapping[str, Any], ...]]
    )

    @property
    def by_id(self) -> dict[str, Entry]:
        """The entries by id."""
        return {one.id: one for one in self.entries}


def standing(view: View, model: Model) -> Register:
    """Fold the register of a model; it is empty where there was none."""
    entries = _listed(view, model)
    own: set[str] = set()
    wait: dict[str, Mapping[str, Any]] = {}
    answers: dict[str, Mapping[str, Any]] = {}
    deeds: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for event in _signatures(view, model):
        body = event.body
        one = entries.get(str(body["entry"]))
        if one is None:
            continue
        if _needs_second(one, body):
            first = wait.get(one.id)
            if first is None or not seconds(first, body):
                wait[one.id] = body
                continue
            body = {**body, "by": {"name": f"{first['by']['name']} and {body['by']['name']}"}}
        try:
            entries[one.id] = applied(one, body)
        except RefusedError:
            continue  # it did not follow when it was signed: on record, without effect
        wait.pop(one.id, None)
        (own.add if body.get("role") else own.discard)(one.id)
        if body["state"] in register.DONE:
            deeds[one.id] = (*deeds.get(one.id, ()), body)
        else:
            answers[one.id] = body
            deeds.pop(one.id, None)
    return Register(
        entries=tuple(entries.values()),
        own=frozenset(own),
        wait=wait,
        answers=answers,
        deeds=deeds,
    )


def applied(one: Entry, body: Mapping[str, Any]) -> Entry:
    """Return an entry after one signed answer, delivery or review.

    Raises:
        RefusedError: it does not follow the entry's state.
    """
    name, role = str(body["by"]["name"]), body.get("role")
    if body["state"] in register.DONE:
        proof = str(body.get("proof") or one.proof or "")
        return one.move(body["state"], by=name, role=role, proof=proof)
    given = {key: body.get(key) for key in ("state", "until", "reply")}
    try:
        answer = Answer.model_validate({**given, "reason": body.get("reason") or ""})
    except ValidationError as error:
        why = told(error, Answer, whole="answer")
        raise RefusedError(f"{one.id}: {why}; mend it and run again") from None
    return register.answered(one, answer, name, str(role) if role else None)


def _needs_second(one: Entry, body: Mapping[str, Any]) -> bool:
    # A document of an older version could adopt by name: it is read as it was meant.
    return bool(one.safety and body["state"] in register.ADOPTING and body.get("role"))


def seconds(first: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Say whether this is the same answer by another person in another role."""
    return (
        first["state"] == body["state"]
        and person(str(first["by"]["name"])) != person(str(body["by"]["name"]))
        and slug(str(first["role"])) != slug(str(body["role"]))
    )


def _listed(view: View, model: Model) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for event in view.events(act="note", name=NOTE, model=model.id):
        listed = day(event.time)
        for row in view.records(event.files["register.jsonl"]):
            one = Entry.model_validate(row)
            known = found.get(one.id)
            until = known.deadline if known else listed + timedelta(days=one.days)
            found[one.id] = one.model_copy(update={"deadline": until})
    return found


def _signatures(view: View, model: Model) -> Iterator[Event]:
    keys = view.events(act="key")
    known, ended = roles_of_keys(keys), revoked(keys)
    for event in view.events(act="sign", name=f"{SIGNED}*", model=model.id):
        role = event.body.get("role")
        held = role is None or known.get(event.key) == slug(str(role))
        if held and event.key not in ended:
            yield event


def public(entry: Entry) -> dict[str, Any]:
    """Return an entry as pages show it: of a private one only that it is there."""
    shown = entry.stored()
    asked = (entry.reviewed or {}).get("decided") == "private"
    if entry.state == "private" or asked:
        shown |= {"quotes": [], "reason": None, "reply": None}
        shown.pop("text", None)
    return shown


def private_samples(view: View, model: Model) -> frozenset[str]:
    """Name the samples whose words stand on no page: those under entries that are kept private.

    Named are the quotes' samples, and those of the review and the closing session about such an entry.
    """
    hidden: set[str] = set()
    for one in standing(view, model).entries:
        if not public(one)["quotes"]:
            hidden |= {quote.sample for quote in one.quotes} | {f"closing/{one.id}"}
            times = range(int((one.reviewed or {}).get("of", 0)))
            hidden |= {f"S6/{one.id}/{cell}" for cell in times}
    return frozenset(hidden)
