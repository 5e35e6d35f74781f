"""Which logs and witnesses count, and how many of them: a C2SP tlog-policy file.

Its lines are ``log VKEY``, ``witness NAME VKEY [URL]``, ``group NAME all|any|NUMBER MEMBER...`` and
one ``quorum NAME``, or ``quorum none``.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from tenure.dossier.checkpoint import ED25519
from tenure.dossier.cosignature import WITNESS_KINDS, Vkey, parse_vkey
from tenure.errors import DocumentError, UsageError

NONE = "none"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a checkpoint must carry; ``groups`` are (how many, of whom), ``urls`` by key's name."""

    logs: tuple[Vkey, ...]
    witnesses: Mapping[str, Vkey]
    groups: Mapping[str, tuple[int, tuple[str, ...]]]
    quorum: str
    urls: Mapping[str, str]

    def met(self, cosigned: Set[Vkey]) -> bool:
        """Say whether these witnesses together are the quorum."""
        return self.quorum == NONE or self._witnessed(self.quorum, cosigned)

    def _witnessed(self, name: str, cosigned: Set[Vkey]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name] in cosigned
        needed, members = self.groups[name]
        return sum(self._witnessed(each, cosigned) for each in members) >= needed

    def wanted(self) -> str:
        """Say in words what the quorum is."""
        return "no witness" if self.quorum == NONE else self._wanted(self.quorum)

    def _wanted(self, name: str) -> str:
        if name in self.witnesses:
            return self.witnesses[name].name
        needed, members = self.groups[name]
        names = [self._wanted(each) for each in members]
        if len(names) == 1:
            return names[0]
        return f"{'all' if needed == len(names) else needed} of ({', '.join(names)})"


@dataclass(slots=True)
class _Reader:
    """One reading of a policy file, line by line."""

    path: Path | str
    line: int = 0
    logs: list[Vkey] = field(default_factory=list[Vkey])
    witnesses: dict[str, Vkey] = field(default_factory=dict[str, Vkey])
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(
        default_factory=dict[str, tuple[int, tuple[str, ...]]]
    )
    urls: dict[str, str] = field(default_factory=dict[str, str])
    quorum: str | None = None
    members: set[str] = field(default_factory=set[str])

    def wrong(self, what: str, expected: str) -> DocumentError:
        return DocumentError(self.path, self.line, what, expected)

    def take(self, items: list[str]) -> None:
        kinds: dict[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }
        kind = kinds.get(items[0])
        if kind is None:
            raise self.wrong(f"'{items[0]}'", f"expected one of {', '.join(kinds)}")
        kind(items[1:])

    def _key(self, text: str, kinds: tuple[bytes, ...], others: list[Vkey]) -> Vkey:
        try:
            key = parse_vkey(text)
        except UsageError as error:
            raise self.wrong("key", str(error)) from None
        if key.kind not in kinds:
            asked = "0x01, a log's" if ED25519 in kinds else "0x04 or 0x06, a witness's"
            raise self.wrong(f"key {key.name}", f"expected a key of kind {asked}")
        if any(key.public == other.public for other in others):
            raise self.wrong(f"key {key.name}", "this public key is here already; take it out once")
        return key

    def _log(self, items: list[str]) -> None:
        if len(items) not in (1, 2):
            raise self.wrong("log", "expected: log VKEY [URL]")
        key = self._key(items[0], (ED25519,), self.logs)
        self.logs.append(key)
        self.urls.update({key.name: items[1]} if len(items) == 2 else {})

    def _witness(self, items: list[str]) -> None:
        if len(items) not in (2, 3):
            raise self.wrong("witness", "expected: witness NAME VKEY [URL]")
        self._new(items[0])
        key = self._key(items[1], WITNESS_KINDS, list(self.witnesses.values()))
        self.witnesses[items[0]] = key
        self.urls.update({key.name: items[2]} if len(items) == 3 else {})

    def _new(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise self.wrong(f"'{name}'", "this name is taken; choose another")

    def _known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise self.wrong(f"'{name}'", "expected a witness or group of a line above")

    def _group(self, items: list[str]) -> None:
        if len(items) < 3:
            raise self.wrong("group", "expected: group NAME all|any|NUMBER MEMBER...")
        name, many, *members = items
        self._new(name)
        for member in members:
            self._known(member)
            if member in self.members:
                raise self.wrong(f"'{member}'", "it is a member already; each counts only once")
            self.members.add(member)
        needed = {"all": len(members), "any": 1}.get(many)
        if needed is None:
            plain = many.isascii() and many.isdigit() and str(int(many)) == many
            needed = int(many) if plain and len(many) < 10 else 0
        if not 1 <= needed <= len(members):
            raise self.wrong(f"'{many}'", f"expected all, any, or 1 to {len(members)}")
        self.groups[name] = (needed, tuple(members))

    def _quorum(self, items: list[str]) -> None:
        if len(items) != 1 or self.quorum is not None:
            raise self.wrong("quorum", "expected exactly one line: quorum NAME, or quorum none")
        if items[0] != NONE:
            self._known(items[0])
        self.quorum = items[0]


def parse_policy(data: bytes, path: Path | str = "policy") -> Policy:
    """Read a policy file; ``path`` is for the messages.

    Raises:
        DocumentError: with the line, what is wrong and what was expected.
    """
    reader = _Reader(path)
    # Bytes above 0x7F are opaque in this format; this decoding keeps each of them.
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        reader.line = number
        if any((ord(c) < 32 and c != "\t") or ord(c) == 127 for c in line):
            raise reader.wrong("control character", "expected text, spaces and tabs only")
        items = [each for part in line.split(" ") for each in part.split("\t") if each]
        if items and not items[0].startswith("#"):
            reader.take(items)
    if reader.quorum is None:
        raise DocumentError(path, None, "quorum", "expected one line: quorum NAME, or quorum none")
    return Policy(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum, reader.urls)


def policy_of(witnesses: list[Vkey]) -> Policy:
    """Make the policy that asks for every one of these witnesses, whatever the log."""
    named = {str(i): key for i, key in enumerate(witnesses)}
    if not named:
        return Policy((), {}, {}, NONE, {})
    return Policy((), named, {"all": (len(named), tuple(named))}, "all", {})
