"""The only way into the log: drafts become signed entries, in groups, each with its checkpoint."""

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tenure.dossier.canonical import canonical, digest, now
from tenure.dossier.checkpoint import Checkpoint
from tenure.dossier.envelope import LARGEST_BODY, seal
from tenure.dossier.files import Files, is_digest, is_plain_name
from tenure.dossier.fold import OPERATOR, Ring, model_of, ring_of
from tenure.dossier.keys import ENVIRONMENT, Keys, Signer
from tenure.dossier.log import Log, Writing
from tenure.dossier.nouns import JSON, Act, Event
from tenure.dossier.opening import CHECKPOINT
from tenure.dossier.reading import whole
from tenure.dossier.samples import committed
from tenure.dossier.source import Wanted
from tenure.errors import UsageError, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event before it is signed. ``model`` is a model id, or "" for the organisation."""

    act: Act
    name: str
    model: str
    body: Mapping[str, JSON]
    files: Mapping[str, str] = field(default_factory=dict[str, str])


def plain(value: Any) -> Any:
    """Return a JSON value as it will be read back: tuples as lists, mappings as dicts."""
    return json.loads(canonical(value))


def digests_in(value: Any) -> Iterator[str]:
    """Yield every digest written anywhere in a JSON value."""
    if isinstance(value, str):
        if is_digest(value):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():  # pyright: ignore[reportUnknownVariableType] - any JSON
            yield from digests_in(each)
    elif isinstance(value, list | tuple):
        for each in value:  # pyright: ignore[reportUnknownVariableType] - any JSON
            yield from digests_in(each)


class Group:
    """Events being added in one transaction; durable together when it ends."""

    def __init__(self, tx: Writing, ring: Ring, known: dict[str, str]) -> None:
        """Take an open transaction; ``known`` are the subjects of registered models, by id."""
        self.tx = tx
        self.ring = ring
        self.subjects: dict[str, str] = {}
        self._known = known
        self._entries: list[tuple[bytes, Event]] = []

    def add(self, draft: Draft, signer: Signer, *, subject: str | None = None) -> Event:
        """Sign a draft for the next place in the log."""
        assert self.ring.origin is not None
        index = self.tx.size + len(self._entries)
        event = Event(
            act=draft.act,
            name=draft.name,
            model=draft.model,
            subject=subject or self._subject(draft.model),
            time=now(),
            actor=signer.role,
            body=draft.body,
            files=draft.files,
        )
        entry = seal(event, signer, log=self.ring.origin, index=index)
        event = replace(event, index=index, digest=digest(entry), key=signer.fingerprint)
        self._entries.append((entry, event))
        return event

    def _subject(self, model: str) -> str:
        if not model:
            assert self.ring.origin is not None
            return digest(self.ring.origin.encode())
        if model in self.subjects:
            return self.subjects[model]  # registered in this very group
        if model not in self._known:
            found = self.tx.find(Wanted(act="register", model=model))
            if not found:
                registered = self.tx.find(Wanted(act="register"))
                raise unknown("model", model, [event.model for event in registered])
            self._known[model] = found[0].subject
        return self._known[model]

    def finish(self, signer: Signer) -> str | None:
        """Write the entries and the checkpoint over all of the log; return the checkpoint."""
        if not self._entries:
            return None
        assert self.ring.origin is not None
        root = self.tx.append(self._entries)
        note = Checkpoint(self.ring.origin, self.tx.size, root).sign(signer)
        self.tx.keep_note(note)
        self._entries = []
        return note


class Writer:
    """Signs in the name of one actor and appends."""

    def __init__(self, log: Log, files: Files, keys: Keys, actor: str) -> None:
        """Keys are loaded when the first event is signed, so that reading needs none."""
        self.log = log
        self.files = files
        self.keys = keys
        self.actor = actor
        self._known: dict[str, str] = {}

    def prepare(self, draft: Draft) -> Draft:
        """Check a draft, name every stored file it rests on, move a long body into a file.

        Raises:
            UsageError: a file has a name that leads elsewhere, or a digest that is not one.
        """
        body, files = plain(dict(draft.body)), dict(draft.files)
        if draft.act == "evidence":
            body = committed(body, self.files, self.keys.folder)
        for name, named in files.items():
            if not is_plain_name(name) or not is_digest(named):
                raise UsageError(
                    f"'{name}': '{named}' does not name a file; expected a plain relative name "
                    "and the digest that emit.file returned"
                )
        known = set(files.values())
        for found in dict.fromkeys(digests_in(body)):
            if found not in known and self.files.has(found):
                files[f"named/{found[7:23]}"] = found
        encoded = canonical(body)
        if len(encoded) > LARGEST_BODY:
            stored = self.files.put(encoded)
            files["body"] = stored
            body = {k: body[k] for k in ("key", "work", "attempt") if k in body} | {"$file": stored}
        if len(canonical(files)) > LARGEST_BODY // 4:
            listed = self.files.put(canonical(files))
            files = {"files": listed}
        return replace(draft, body=body, files=files)

    @contextmanager
    def group(self) -> Generator[tuple[Group, Callable[[Draft], Event]]]:
        """Open a group: yields it and the function that adds a prepared draft in our name.

        Raises:
            UsageError: our key may not sign in this dossier.
        """
        with self.log.writing() as tx:
            ring = ring_of(tx.find(Wanted(act="key")))
            group = Group(tx, ring, self._known)
            signer = self._signer(group)
            yield group, lambda draft: group.add(draft, signer)
            note = group.finish(signer)
        if note is not None:
            self._keep_beside(note)

    def _keep_beside(self, note: str) -> None:
        """Keep the checkpoint as a file too: whoever damages the database leaves this behind."""
        with suppress(OSError):
            place = self.files.root / CHECKPOINT
            descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".new-")
            with os.fdopen(descriptor, "w", encoding="utf-8") as target:
                target.write(note)
                os.fchmod(target.fileno(), 0o644)
            Path(name).replace(place)

    def append(self, *drafts: Draft) -> list[Event]:
        """Append drafts in one power-safe group."""
        prepared = [self.prepare(draft) for draft in drafts]
        with self.group() as (_, add):
            return [add(draft) for draft in prepared]

    def models(self, tx: Writing) -> list[Any]:
        """Read the registered models inside a transaction."""
        return [model_of(whole(e, self.files)) for e in tx.find(Wanted(act="register"))]

    def _signer(self, group: Group) -> Signer:
        """Return our signer; begin the log, or have our key admitted, where that is due."""
        ring = group.ring
        if ring.root is None:
            if group.tx.size:
                raise UsageError("the log does not begin with a key; run `tenure verify`")
            self._begin(group, self.keys.signer(OPERATOR))
        waiting = f"{self.actor}.next"
        successors = ring.active(self.actor)
        if self.keys.has(waiting) and self.keys.signer(waiting).fingerprint in successors:
            self.keys.succeed(self.actor)  # a rotation was interrupted after its event
        if self.keys.has(self.actor):
            ours = self.keys.signer(self.actor)
            if ours.fingerprint in ring.active(self.actor):
                return ours
            if ours.fingerprint in ring.ended:
                raise UsageError(
                    f"the key of '{self.actor}' in {self.keys.folder} was revoked or replaced in "
                    "this dossier; use its successor, or run: tenure keys add"
                )
            if ours.fingerprint in ring.publics:
                raise UsageError(self._copied(ours, ring.roles[ours.fingerprint]))
        if not self.keys.has(OPERATOR) or self.actor == OPERATOR:
            raise UsageError(self._stranger(ring))
        operator = self.keys.signer(OPERATOR)
        if operator.fingerprint not in ring.active(OPERATOR):
            raise UsageError(self._stranger(ring))
        ours = self.keys.signer(self.actor)
        group.add(key_draft("add", ours), operator)
        return ours

    def _stranger(self, ring: Ring) -> str:
        known = ", ".join(ring.active(self.actor) or ring.active(OPERATOR))
        return (
            f"the key of '{self.actor}' in {self.keys.folder} may not sign in this dossier, "
            f"which is signed by {known}; set {ENVIRONMENT} to the folder with that key"
        )

    def _copied(self, ours: Signer, role: str) -> str:
        path = self.keys.path(self.actor)
        return (
            f"{path} is a copy of a key that signs here as '{role}' ({ours.fingerprint}), and a key "
            f"signs in one role; put the key of '{self.actor}' there, or move the file away and the "
            "operator's next command makes a new one"
        )

    def _begin(self, group: Group, operator: Signer) -> None:
        origin = f"tenure/{secrets.token_hex(16)}"
        draft = key_draft("add", operator)
        draft = replace(draft, body={**draft.body, "origin": origin})
        ring = group.ring
        ring.origin, ring.root = origin, operator.fingerprint
        ring.publics[operator.fingerprint] = operator.public
        ring.roles[operator.fingerprint] = OPERATOR
        group.add(draft, operator)


def key_draft(name: str, signer: Signer, *, replaces: str | None = None) -> Draft:
    """Draft the ``key`` event that makes a public key known."""
    body = {"role": signer.role, "fingerprint": signer.fingerprint, "public": signer.public.hex()}
    if replaces:
        body["replaces"] = replaces
    return Draft(act="key", name=name, model="", body=body)
