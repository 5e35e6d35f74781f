"""Checking events one after another: signature, place, key, rule. Pure: reads no disk."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tenure.dossier.canonical import digest
from tenure.dossier.envelope import pae, predicate_of, strict_json, unwrap
from tenure.dossier.files import is_digest, is_plain_name
from tenure.dossier.fold import Ring, contained_by, forbidden, state_of
from tenure.dossier.nouns import Event, Model
from tenure.dossier.report import Problem
from tenure.dossier.source import once_of
from tenure.errors import IntegrityError, TenureError

ENOUGH = 100  # problems; a dossier with more is not read to its end
SKEW = timedelta(minutes=5)  # two machines may differ by so much


class Checking:
    """What is known of the log so far, and what is wrong with it."""

    def __init__(self, fetch: Callable[[str], bytes | None]) -> None:
        """Begin before the first event; ``fetch`` gives a stored file's bytes, None if not there."""
        self._fetch = fetch
        self.ring = Ring()
        self.problems: list[Problem] = []
        self.signers: dict[str, int] = {}
        self.files: dict[str, tuple[int, str]] = {}
        self.models: dict[str, Model] = {}
        self.subjects: dict[str, str] = {"": ""}
        self.facts: dict[str, list[Event]] = {}
        self.labels: dict[str, str] = {}
        self._done: set[str] = set()
        self._keys: dict[str, Ed25519PublicKey] = {}
        self.places: list[tuple[str, str, str, str | None] | None] = []
        self.latest = ""
        self.backdated: list[str] = []

    def wrong(self, where: str, what: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(where, what))

    def event(self, index: int, entry: bytes) -> None:
        """Check one entry at its place in the log."""
        where = f"event {index}"
        try:
            sealed = unwrap(entry)
            predicate, subject = predicate_of(sealed.payload)
        except IntegrityError as error:
            self.wrong(where, f"its bytes were changed: {error}")
            self.places.append(None)
            return
        where = f"event {index} ({predicate['act']} {predicate['name']})"
        event = Event(
            act=predicate["act"],
            name=predicate["name"],
            model=predicate["model"],
            subject=subject,
            time=predicate["time"],
            actor=predicate["actor"],
            body=predicate["body"],
            files=predicate["files"],
            index=index,
            digest="",
            key=sealed.keyid,
        )
        once = once_of(event)
        self.places.append((event.act, event.name, event.model, once))
        if predicate["index"] != index:
            self.wrong(where, f"it was written as event {predicate['index']}: moved or repeated")
        if event.act == "key":
            self._key_event(where, event)
        if not self._signed(where, event, pae(sealed.payload), sealed.signature):
            return
        if predicate["log"] != self.ring.origin:
            self.wrong(where, f"it belongs to another log, {predicate['log']}")
        self._content(where, event, once)

    def _key_event(self, where: str, event: Event) -> None:
        wrong = self.ring.take(event)
        if wrong:
            self.wrong(where, f"this change of keys {wrong}")
        for name, public in self.ring.publics.items():
            if name not in self._keys:
                self._keys[name] = Ed25519PublicKey.from_public_bytes(public)

    def _signed(self, where: str, event: Event, message: bytes, signature: bytes) -> bool:
        public = self._keys.get(event.key)
        if public is None:
            self.wrong(where, f"it is signed by a key this dossier does not know, {event.key}")
            return False
        try:
            public.verify(signature, message)
        except InvalidSignature:
            self.wrong(where, "its signature does not fit: its bytes were changed")
            return False
        if not self.ring.may_sign(event.key, event.index):
            self.wrong(where, f"it is signed by {event.key} after that key was revoked or replaced")
        if self.ring.roles[event.key] != event.actor:
            self.wrong(where, f"it says '{event.actor}', its key is '{self.ring.roles[event.key]}'")
        self.signers[event.key] = self.signers.get(event.key, 0) + 1
        return True

    def _content(self, where: str, event: Event, once: str | None) -> None:
        self._clock(where, event.time)
        if event.index == 0 and event.act != "key":
            self.wrong(where, "the log does not begin with the operator's key: its head was cut")
        for name, named in event.files.items():
            if not is_plain_name(name) or not is_digest(named):
                self.wrong(where, f"it names a file that cannot be one: {name!r}: {named!r}"[:300])
            else:
                self.files.setdefault(named, (event.index, name))
        if once and event.act in ("evidence", "unit"):
            if once in self._done:
                self.wrong(where, "this work is recorded twice")
            self._done.add(once)
        if event.act == "register":
            self._take_model(where, event)
        elif not self._about(event):
            self.wrong(where, f"its subject is not what it names: {event.model or 'this log'}")
        elif event.act == "fact":
            self._fact(where, event)

    def _clock(self, where: str, time: str) -> None:
        """Note an event that is dated before one that stands before it."""
        if later(self.latest, time):
            self.backdated.append(f"{where} is dated {time}, one before it {self.latest}")
        self.latest = max(self.latest, time)

    def _about(self, event: Event) -> bool:
        if event.model:
            return event.subject == self.subjects.get(event.model)
        return self.ring.origin is not None and event.subject == digest(self.ring.origin.encode())

    def _take_model(self, where: str, event: Event) -> None:
        if event.model in self.subjects:
            self.wrong(where, f"{event.model} is registered twice")
            return
        self.subjects[event.model] = event.subject
        try:
            body, stored = event.body, event.body.get("$file")
            if stored is not None:
                content = self._fetch(stored)
                if content is None:
                    return  # the missing file is a problem of its own
                body = strict_json(content)
            model = Model.from_json(body)
            named = dict(model.files)
        except (TenureError, TypeError, ValueError):
            self.wrong(where, "it registers no model")
            return
        if model.id != event.model or model.digest != event.subject:
            self.wrong(where, "the model it registers is not its subject")
        for name in named:
            if not is_plain_name(name):
                self.wrong(where, f"the model has a file outside its folder: {name!r}"[:300])
        self.models[model.id] = model

    def _fact(self, where: str, event: Event) -> None:
        facts = self.facts.setdefault(event.model, [])
        state = state_of(facts)
        model, value = self.models.get(event.model), event.body.get("value")
        if not isinstance(value, str):
            self.wrong(where, "it gives the fact no value")
            return
        if model is not None:
            label = contained_by(model, self.models, self.labels)
            reason = forbidden(event.name, value, replace(state, containment=label))
            if reason:
                self.wrong(where, f"it gives {event.name} '{value}', which is forbidden: {reason}")
        if event.name == "containment":
            self.labels[event.model] = value
        facts.append(event)


def later(first: str, second: str) -> bool:
    """Say whether the first of two times is later by more than two clocks may differ."""
    if first <= second:
        return False
    try:
        return datetime.fromisoformat(first) - datetime.fromisoformat(second) > SKEW
    except (ValueError, TypeError):
        return True
