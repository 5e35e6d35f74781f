"""The constitution: principles that say what a good answer is, and which of them code can decide.

A natural principle needs a judge. A checkable one names a file of ``align/checks``: a program that
says whether an answer breaches it, and where. Which principle speaks about which answer is drawn
by a keyed hash, so that it is the same on every machine, in any order and after any restart.

Principles on one subject may stand in a chapter, a file of their own (``tenure/chapter.v1``), that a
constitution includes by name: a shipped one (``include: [code, facing]``) or one beside it
(``include: [ours.yaml]``).
"""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from tenure import documents, plugins
from tenure.dossier.canonical import digest_of
from tenure.errors import unknown

SHIPPED = "constitution.yaml"
SECOND = "constitution-2.yaml"
CODE = "constitution-code.yaml"
CHAPTERS = ("code", "facing")


def _unset(value: object) -> bool:
    return value is None


class Principle(BaseModel):
    """One principle.

    ``critique`` and ``revision`` are the requests made about one answer, ``comparison`` the
    question about two, and always asks for the better one. ``polarity`` says whether it "seeks"
    something in an answer or "avoids" something; nothing is computed from it.
    ``axis`` is "correctness" where something other than judgement decides: a program that reads
    the answer (``check``), or what happens in environments of a family (``world``). It is
    "principle" where it is a matter of judgement; the two are never averaged. ``weight`` is how
    often it is drawn. ``provenance`` says where it was drawn from, ``licence`` (None: the
    constitution's) under which terms its wording stands. What is not set is left out of the
    digest, so that an older constitution keeps its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    text: str = Field(min_length=1)
    critique: str = Field(min_length=1)
    revision: str = Field(min_length=1)
    comparison: str = Field(min_length=1)
    axis: Literal["principle", "correctness"]
    provenance: str = Field(min_length=1)
    check: str | None = None
    weight: float = Field(1.0, gt=0)
    licence: str | None = None
    chapter: str | None = Field(None, pattern=r"^[a-z][a-z0-9-]*$", exclude_if=_unset)
    polarity: Literal["seeks", "avoids"] | None = Field(None, exclude_if=_unset)
    world: str | None = Field(None, pattern=r"^[a-z][a-z0-9-]*$", exclude_if=_unset)

    @property
    def decided_by(self) -> Literal["program", "world", "judgement"]:
        """Say what decides it: a check of the answer, an environment, or a judge."""
        if self.check is not None:
            return "program"
        return "judgement" if self.world is None else "world"

    @model_validator(mode="after")
    def _a_check_fits_the_axis(self) -> Self:
        if (self.decided_by == "judgement") != (self.axis == "principle"):
            raise ValueError(
                f"principle '{self.id}': axis 'correctness' needs a check (or a world that decides "
                "it), axis 'principle' has neither"
            )
        if self.check is not None and self.check not in plugins.names("check"):
            raise ValueError(str(unknown("check", self.check, plugins.names("check"))))
        return self


class Chapter(BaseModel):
    """Principles on one subject, to be included in constitutions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/chapter.v1"]  # noqa: N815 - the field's usual name
    chapter: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    licence: str = Field(min_length=1)
    principles: tuple[Principle, ...] = Field(min_length=1)

    def to_json(self) -> list[dict[str, Any]]:
        """Return its principles as a constitution holds them: each with its chapter and licence."""
        ours = {"chapter": self.chapter, "licence": self.licence}
        return [
            ours | {k: v for k, v in p.model_dump(mode="json").items() if v is not None}
            for p in self.principles
        ]


class Constitution(BaseModel):
    """Principles under a name and a version; ids are unique.

    ``include`` names chapters whose principles are added when the file is read; what is held, and
    digested, is the whole.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/constitution.v1"]  # noqa: N815 - the field's usual name
    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    include: tuple[str, ...] = Field((), exclude=True)
    principles: tuple[Principle, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _chapters_are_read(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("include"), list):
            return cast("Any", given)
        held = dict(cast("dict[str, Any]", given))
        own = held.get("principles")
        source = Path((info.context or {}).get("source", ""))
        added = [p for name in held.pop("include") for p in chapter(str(name), source).to_json()]
        return held | {"principles": [*cast("list[Any]", own or []), *added]}

    @model_validator(mode="after")
    def _each_id_stands_once(self) -> Self:
        ids = [p.id for p in self.principles]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"the id '{twice[0]}' stands twice; give each principle its own")
        return self

    @property
    def digest(self) -> str:
        """Digest the constitution by what it says, not by how its file is laid out."""
        return digest_of(self.model_dump(mode="json"))

    @property
    def checkable(self) -> tuple[Principle, ...]:
        """Return the principles whose breach a program decides."""
        return tuple(p for p in self.principles if p.check is not None)

    @property
    def checks(self) -> dict[str, list[str]]:
        """Return the settings of the reward that runs the checkable principles' checks."""
        return {"checks": [p.check for p in self.principles if p.check is not None]}

    def principle(self, name: str) -> Principle:
        """Return one principle; UsageError lists those there are."""
        for found in self.principles:
            if found.id == name:
                return found
        raise unknown("principle", name, [p.id for p in self.principles])


def _shipped_text(name: str) -> str:
    return (files("tenure.align") / "data" / name).read_text(encoding="utf-8")


def shipped(name: str = SHIPPED) -> Constitution:
    """Return a constitution that ships with Tenure: the default, the larger ``SECOND``, or ``CODE``."""
    return documents.parse(_shipped_text(name), Constitution, source=f"tenure/align/data/{name}")


def chapter(name: str, beside: Path | None = None) -> Chapter:
    """Read a chapter: one of ``CHAPTERS`` by its name, or a .yaml file beside ``beside``.

    Raises:
        UsageError: no shipped chapter has this name.
        DocumentError: the file is not there or not a chapter; names line and field.
    """
    if name.endswith((".yaml", ".yml")):
        return documents.read((beside or Path()).parent / name, Chapter)
    if name not in CHAPTERS:
        raise unknown("chapter", name, [*CHAPTERS, "FILE.yaml beside the constitution"])
    return documents.parse(
        _shipped_text(f"{name}.yaml"), Chapter, source=f"tenure/align/data/{name}.yaml"
    )


def read(path: Path | str) -> Constitution:
    """Read a constitution; DocumentError names line and field."""
    return documents.read(path, Constitution)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a constitution."""
    return Constitution.model_json_schema()


def fraction(*key: object) -> float:
    """Hash words to a number in [0, 1): the same words, the same number, on every machine."""
    named = "\x1f".join(str(part) for part in key).encode()
    return int.from_bytes(sha256(named).digest()[:7]) / 2**56


def fitting(pool: Iterable[Principle], chapters: Collection[str]) -> list[Principle]:
    """Return the principles that fit a prompt: those of its chapters, or all where it names none."""
    return [p for p in pool if not chapters or p.chapter in chapters]


def draw(pool: Sequence[Principle], *, seed: int, prompt: str, rounds: int) -> list[Principle]:
    """Draw a principle for each round of one prompt, by a keyed hash of (seed, prompt id, round).

    Weighted, and without drawing one twice before all had their turn. The order of ``pool`` does
    not matter. An empty pool gives an empty list.
    """
    ordered = sorted(pool, key=lambda p: p.id)
    drawn: list[Principle] = []
    left = list(ordered)
    for turn in range(rounds if ordered else 0):
        left = left or list(ordered)
        point = fraction(seed, prompt, turn) * sum(p.weight for p in left)
        chosen = left[-1]
        for principle in left:
            point -= principle.weight
            if point < 0:
                chosen = principle
                break
        drawn.append(chosen)
        left.remove(chosen)
    return drawn
