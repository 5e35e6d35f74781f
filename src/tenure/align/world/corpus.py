"""Two corpora for the admission: designs that must be refused, and sound ones that must not.

Both are written by us, with answers that are known beforehand: a design is a sound environment
with one hole cut into it, so that it is the hole that is refused.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from textwrap import indent
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure import documents
from tenure.align.world.contract import Environment
from tenure.errors import DocumentError

BY = "written by hand"
HEAD = "import random\n\n\ndef cases(seed):\n    draw = random.Random(seed)\n"
SHARE = """

def grade(outputs, files, seed):
    good = [same(o.get("value"), right(*c)) for o, c in zip(outputs, asked)]
    return sum(good) / len(good)
"""
PRINTED = """

def grade(outputs, files, seed):
    good = [o["stdout"].strip() == right(text) for o, text in zip(outputs, asked)]
    return sum(good) / len(good)
"""
FORBIDS = """

def grade(outputs, files, seed):
    if "<<s>>" in files.get("solution.py", ""):
        return 0.0
    good = [same(o.get("value"), right(*c)) for o, c in zip(outputs, asked)]
    return sum(good) / len(good)
"""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Design(_Document):
    """One design with a hole: what is changed in its base, and what must find the hole."""

    name: str
    hole: str
    base: str
    caught_by: str
    changed: dict[str, Any] = Field(alias="with")


class Designs(_Document):
    """The bases, and the designs."""

    apiVersion: Literal["tenure/designs.v1"]  # noqa: N815 - the field's usual name
    licence: str
    bases: dict[str, dict[str, Any]]
    designs: tuple[Design, ...]


class Family(_Document):
    """One family of sound environments: how cases are drawn, and the grader's way to the answer."""

    family: str
    kind: Literal["call", "program"] = "call"
    settings: tuple[dict[str, str | int], ...] = Field(alias="with")
    prompt: str
    cases: str
    right: str
    oracle: str | None = None
    forbids: bool = False


class Families(_Document):
    """Families of sound environments."""

    apiVersion: Literal["tenure/families.v1"]  # noqa: N815 - the field's usual name
    licence: str
    families: tuple[Family, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holed:
    """A design as a document, before it is known whether it is an environment at all."""

    name: str
    hole: str
    caught_by: str
    document: dict[str, Any]

    def environment(self) -> Environment:
        """Read it; DocumentError where the format itself refuses the hole."""
        return documents.parse(json.dumps(self.document), Environment, source=f"design {self.name}")


def _read(name: str, schema: Any) -> Any:
    text = (files("tenure.align") / "data" / name).read_text(encoding="utf-8")
    return documents.parse(text, schema, source=f"tenure/align/data/{name}")


def _whole(name: str, family: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "tenure/environment.v1",
        "id": name,
        "family": family,
        "by": BY,
        **fields,
    }


def designs() -> list[Holed]:
    """Return the designs that must be refused."""
    held: Designs = _read("designs.yaml", Designs)
    return [
        Holed(
            name=one.name,
            hole=one.hole,
            caught_by=one.caught_by,
            document=_whole(one.name, "designs", {**held.bases[one.base], **one.changed}),
        )
        for one in held.designs
    ]


def bases() -> list[Environment]:
    """Return the environments that the holes were cut into: sound ones."""
    held: Designs = _read("designs.yaml", Designs)
    made = (_whole(f"base-{name}", "bases", fields) for name, fields in held.bases.items())
    return [documents.parse(json.dumps(one), Environment, source=one["id"]) for one in made]


def sound() -> list[Environment]:
    """Return the sound environments: every family with every one of its settings."""
    held: Families = _read("sound.yaml", Families)
    return [env for family in held.families for env in _of(family)]


def _of(family: Family) -> Iterator[Environment]:
    program = family.kind == "program"
    place = "main.py" if program else "solution.py"
    tail = PRINTED if program else FORBIDS if family.forbids else SHARE
    solution = family.oracle or family.right.replace("def right(", "def solve(").replace(
        " right(", " solve("
    )
    if program and not family.oracle:
        solution = f"{family.right}\n\nimport sys\n\nprint(right(sys.stdin.read()))\n"
    written = {
        "prompt": family.prompt if program else f"In solution.py: {family.prompt}",
        "writable": [place],
        "reward": {
            "run": {"kind": family.kind, "program": "main.py"},
            "reads": ["outputs", "files"] if family.forbids else ["outputs"],
            "grade": HEAD + indent(family.cases, "    ") + "\n\n" + family.right + tail,
        },
        "oracle": {place: solution},
    }
    for number, setting in enumerate(family.settings, 1):
        name = f"{family.family}-{number}"
        text = json.dumps(_whole(name, family.family, written))
        for key, value in setting.items():
            text = text.replace(f"<<{key}>>", json.dumps(str(value))[1:-1])
        try:
            yield documents.parse(text, Environment, source=f"family {family.family}")
        except DocumentError as error:
            raise DocumentError(
                f"family {family.family}", None, error.field, error.expected
            ) from None
