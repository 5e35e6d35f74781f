"""Names that confuse: pure checks of a model's name against every other name and alias.

A finding is ``refuse`` (the name cannot go out) or ``warn``. An alias (``latest``, ``stable``) is no
name: names stay, aliases move, and the alias table says where each has pointed since when.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tenure.dossier.nouns import Model, Record
from tenure.dossier.stage import View

ALIAS = "alias/"
ALIASES = frozenset(
    {"latest", "stable", "current", "default", "newest", "preview", "beta", "canary"}
)
BOAST = frozenset({"new", "final", "best", "ultimate", "real"})
NEAR = 5  # letters a name must have before one edit makes it a near miss
# Letters of other scripts that look like Latin ones; after Unicode TR39, the pairs met in names.
LOOKALIKE = str.maketrans(
    "аеорсухіјѕԁһӏкмтвнɑεοινκαρτυχ" + "01|",
    "aeopcyxijsdhlkmtbhaeoivkaptux" + "oll",
)
Grade = Literal["refuse", "warn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Record):
    """One thing that is wrong with a name, with what mends it."""

    check: str
    grade: Grade
    text: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A model's name among the others: in the order of registration, with those retired."""

    model: Model
    others: Sequence[Model]
    retired: frozenset[str] = frozenset()
    aliases: Mapping[str, str] | None = None


def skeleton(name: str) -> str:
    """Return what the eye keeps of a name: case, separators and lookalike letters folded away."""
    folded = unicodedata.normalize("NFKD", name).casefold().translate(LOOKALIKE)
    bare = "".join(c for c in folded if c.isalnum())
    return bare.replace("i", "l").replace("rn", "m").replace("vv", "w")


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.casefold()) if word]


def _numbers(name: str) -> tuple[str, tuple[int, ...]]:
    """Split a name into its family and the numbers in it: ``m-3.5-mini`` is (m-#-mini, (3, 5))."""
    numbers = tuple(int(found) for found in re.findall(r"\d+", name))
    return re.sub(r"\d+(?:[._]\d+)*", "#", name.casefold()), numbers


def distance(one: str, two: str) -> int:
    """Return how many letters must be added, dropped, changed or swapped (Damerau 1964, adjacent)."""
    before, row = [0] * (len(two) + 1), list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(two, 1):
            best = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]


def check(named: Named) -> tuple[Finding, ...]:
    """Check one name; the same inputs give the same findings in the same order."""
    found = [*_itself(named.model), *_alias_taken(named)]
    for other in named.others:
        if other.id != named.model.id:
            found += _against(named, other)
    return tuple(found)


def _rename(model: Model) -> str:
    return f"register these files under another name: tenure register SOURCE --name NAME (not {model.name!r})"


def _itself(model: Model) -> list[Finding]:
    found: list[Finding] = []
    if not model.name.isascii():
        odd = ", ".join(
            f"{c} ({unicodedata.name(c, 'no name')})"
            for c in sorted(set(model.name))
            if not c.isascii()
        )
        text = f"{model.name} has letters that cannot be told from others or typed: {odd}"
        found.append(Finding(check="letters", grade="refuse", text=text, remedy=_rename(model)))
    moving = sorted({*_words(model.name), *_words(model.version)} & ALIASES)
    if moving:
        text = f"'{moving[0]}' in {model.id} says where it stands today; a name stays when that has moved"
        remedy = f"name it for what it is, and run 'tenure release alias --model {model.id} --alias {moving[0]}'"
        found.append(Finding(check="alias", grade="refuse", text=text, remedy=remedy))
    boast = sorted({*_words(model.name), *_words(model.version)} & BOAST)
    if boast:
        text = f"'{boast[0]}' in {model.id} will not be true for long"
        found.append(Finding(check="boast", grade="warn", text=text, remedy=_rename(model)))
    return found


def _alias_taken(named: Named) -> list[Finding]:
    target = (named.aliases or {}).get(named.model.name)
    if target is None or target == named.model.id:
        return []
    text = f"{named.model.name} is an alias, of {target}: one word would name two models"
    return [Finding(check="alias", grade="refuse", text=text, remedy=_rename(named.model))]


def _against(named: Named, other: Model) -> list[Finding]:
    model, found = named.model, list[Finding]()
    if other.name == model.name:
        return _same_name(named, other)
    if skeleton(other.name) == skeleton(model.name):
        text = f"{model.name} and {other.name} look alike: only lookalike letters, case or separators differ"
        found.append(Finding(check="lookalike", grade="refuse", text=text, remedy=_rename(model)))
    elif len(model.name) >= NEAR and _near(model.name, other.name):
        text = f"{model.name} is one letter away from {other.name}"
        found.append(Finding(check="near", grade="warn", text=text, remedy=_rename(model)))
    return [*found, *_order(named, other)]


def _near(one: str, two: str) -> bool:
    """Say whether names differ by one edit that is not in a number: m-2 and m-3 are a family."""
    bare = [re.sub(r"\d", "", name.casefold()) for name in (one, two)]
    return bare[0] != bare[1] and distance(one.casefold(), two.casefold()) == 1


def _later(named: Named, other: Model) -> bool:
    """Say whether the model was registered after another."""
    ids = [each.id for each in named.others]
    return other.id in ids and (
        named.model.id not in ids or ids.index(named.model.id) > ids.index(other.id)
    )


def _order(named: Named, other: Model) -> list[Finding]:
    model = named.model
    (family, mine), (theirs, before) = _numbers(model.name), _numbers(other.name)
    if family != theirs or not mine or not _later(named, other) or mine >= before:
        return []
    text = f"{model.name} was registered after {other.name} and has the lower number: it will look older"
    return [Finding(check="order", grade="warn", text=text, remedy=_rename(model))]


def _same_name(named: Named, other: Model) -> list[Finding]:
    """Check another version of the same name: is it retired, is its number higher?"""
    model, found = named.model, list[Finding]()
    if other.id in named.retired and not _descends(model, other, named.others):
        text = f"{model.name} was the name of {other.id}, which is retired, and this model was not made from it"
        found.append(Finding(check="reused", grade="refuse", text=text, remedy=_rename(model)))
    (_, mine), (_, before) = _numbers(model.version), _numbers(other.version)
    if mine and before and mine < before and _later(named, other):
        text = f"{model.id} was registered after {other.id} and has the lower version"
        found.append(
            Finding(
                check="order",
                grade="warn",
                text=text,
                remedy="register it under a version above, as the version decision says",
            )
        )
    return found


def _descends(model: Model, other: Model, models: Sequence[Model]) -> bool:
    by_id = {each.id: each for each in models}
    seen, parent = set[str](), model.parent
    while parent and parent not in seen:
        if parent == other.id:
            return True
        seen.add(parent)
        parent = by_id[parent].parent if parent in by_id else None
    return False


def aliases(view: View) -> dict[str, list[tuple[str, str]]]:
    """Return the alias table: for each alias, when it was pointed at which model, in log order."""
    table: dict[str, list[tuple[str, str]]] = {}
    for event in view.events(act="note", name=f"{ALIAS}*"):
        table.setdefault(event.name.removeprefix(ALIAS), []).append((event.time, event.model))
    return table


def named(model: Model, view: View) -> Named:
    """Gather the names of a dossier around one model."""
    models = view.models()
    return Named(
        model=model,
        others=models,
        retired=frozenset(m.id for m in models if view.state(m.id).stage == "retired"),
        aliases={name: rows[-1][1] for name, rows in aliases(view).items()},
    )
