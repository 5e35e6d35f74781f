"""What the events amount to: the models, their four facts, the keys that may sign; and the guards."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args, get_type_hints

from tenure.dossier.keys import fingerprint
from tenure.dossier.nouns import Event, Model, State
from tenure.errors import UsageError, unknown

FACTS = ("stage", "availability", "custody", "interview", "containment", "last_drill")
OPERATOR = "operator"


def model_of(event: Event) -> Model:
    """Read the model that a ``register`` event registers."""
    return Model.from_json(event.body)


def check_fact(fact: str, value: str) -> None:
    """Refuse an unknown fact or value.

    Raises:
        UsageError: with the known ones.
    """
    if fact not in FACTS:
        raise unknown("fact", fact, FACTS)
    allowed = get_args(get_type_hints(State)[fact])
    if allowed and all(isinstance(a, str) for a in allowed) and value not in allowed:
        raise unknown(f"value of the fact {fact}", value, allowed)
    if not value:
        raise UsageError(f"the fact {fact} needs a value; say what it is now")


def state_of(facts: Iterable[Event]) -> State:
    """Fold ``fact`` events about one model, in log order."""
    state = State()
    for event in facts:
        fact, value = event.name, event.body.get("value")
        if fact not in FACTS or not isinstance(value, str):
            continue
        changes: dict[str, Any] = {fact: value}
        if fact == "custody":
            since = state.custody_since if state.custody == value else event.time
            changes["custody_since"] = since if value == "kept" else None
        state = replace(state, **changes)
    return state


def contained_by(
    model: Model, models: Mapping[str, Model], labels: Mapping[str, str]
) -> str | None:
    """Return the containment label of a model or of the nearest of its ancestors that has one.

    ``labels`` are the labels given by facts, by model id.
    """
    seen: set[str] = set()
    found: Model | None = model
    while found is not None and found.id not in seen:
        seen.add(found.id)
        label = labels.get(found.id) or found.containment
        if label:
            return label
        found = models.get(found.parent) if found.parent else None
    return None


def descendants(model: str, models: Iterable[Model]) -> list[str]:
    """List the ids of everything made from a model, in the order of registration."""
    family = {model}
    for each in models:
        if each.parent in family:
            family.add(each.id)
    return [m.id for m in models if m.id in family and m.id != model]


def forbidden(fact: str, value: str, state: State) -> str | None:
    """Say why the house forbids a change of fact, or None.

    ``state`` is the model's now, with the containment label it has or inherits.
    """
    if fact == "availability" and value != "none":
        if state.containment:
            return (
                f"it is contained ({state.containment}); a contained model is never made available"
            )
        if not state.kept:
            return (
                "its weights are not kept; nothing is made available that could not be brought "
                "back: run `tenure preserve keep` first"
            )
    if (
        fact == "custody"
        and not replace(state, custody=value).kept
        and state.availability != "none"
    ):
        return f"it is available ({state.availability}) and must stay kept; withdraw it first"
    if fact == "containment" and state.containment and value != state.containment:
        return f"it is contained ({state.containment}); a label is never changed or taken away"
    return None


class Ring:
    """The keys that may sign, folded from ``key`` events: who, since which event, until which."""

    def __init__(self) -> None:
        """Begin with no key."""
        self.publics: dict[str, bytes] = {}
        self.roles: dict[str, str] = {}
        self.ended: dict[str, int] = {}
        self.root: str | None = None
        self.origin: str | None = None

    def may_sign(self, key: str, index: int) -> bool:
        """Say whether a key was valid at a place in the log."""
        return key in self.publics and index <= self.ended.get(key, index)

    def active(self, role: str | None = None) -> list[str]:
        """List the fingerprints valid now, in the order they came."""
        valid = [k for k in self.publics if k not in self.ended]
        return [k for k in valid if role is None or self.roles[k] == role]

    def take(self, event: Event) -> str | None:
        """Fold one ``key`` event; return what is wrong with it, or None.

        The first adds the operator's key and is signed by it. Later ones are signed by a valid
        key of the operator; a key may also name its own successor.
        """
        named, role = event.body.get("fingerprint"), event.body.get("role")
        if not isinstance(named, str) or not isinstance(role, str):
            return "names no key"
        public = _public(event.body.get("public"))
        if self.root is None:
            return self._begin(event, public)
        return self._not_allowed(event, role) or self._change(event, role, public)

    def _not_allowed(self, event: Event, role: str) -> str | None:
        if not self.may_sign(event.key, event.index):
            return "is signed by a key that may not sign"
        own = event.name == "rotate" and event.body.get("replaces") == event.key
        if self.roles[event.key] != OPERATOR and not (own and role == self.roles[event.key]):
            return "is signed by a key that may not change keys"
        return None

    def _change(self, event: Event, role: str, public: bytes | None) -> str | None:
        named = event.body["fingerprint"]
        if event.name == "revoke":
            return self._end(named, event.index)
        if event.name not in ("add", "rotate"):
            return "is neither add, rotate nor revoke"
        if public is None or fingerprint(public) != named or named in self.publics:
            return "adds a key that is not the one it names, or is here already"
        if event.name == "rotate" and (wrong := self._end(event.body.get("replaces"), event.index)):
            return wrong
        self.publics[named], self.roles[named] = public, role
        return None

    def _begin(self, event: Event, public: bytes | None) -> str | None:
        origin = event.body.get("origin")
        named, role = event.body["fingerprint"], event.body["role"]
        if event.name != "add" or role != OPERATOR or not isinstance(origin, str):
            return "does not begin a log: expected the operator's key and the log's name"
        if public is None or fingerprint(public) != named or event.key != named:
            return "does not begin a log: its key is not the one that signed it"
        self.root, self.origin = named, origin
        self.publics[named], self.roles[named] = public, role
        return None

    def _end(self, key: object, index: int) -> str | None:
        if not isinstance(key, str) or key not in self.publics or key in self.ended:
            return "ends a key that is not valid"
        self.ended[key] = index
        return None


def _public(text: object) -> bytes | None:
    try:
        raw = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        return None
    return raw if len(raw) == 32 else None


def ring_of(events: Sequence[Event]) -> Ring:
    """Fold ``key`` events; those that are wrong are left out (``verify`` names them)."""
    ring = Ring()
    for event in events:
        ring.take(event)
    return ring
