"""An environment as a YAML file: what is asked, what may be handed in, how it is run and graded.

The file says everything that a reward rests on. What the agent sees is ``prompt`` and ``shown``;
what counts of its work are the files named in ``writable``, taken as it handed them in, and those
its program leaves at ``leaves``. How its code is run is ``run``. The reward is what ``grade``
returns, in a process that never held a byte of the agent's code as code.
"""

from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tenure import documents
from tenure.dossier.canonical import digest_of
from tenure.errors import unknown

MOST_BYTES = 1 << 18  # of one file of an environment


def _inside(path: str) -> str:
    """Accept a path that stays in the agent's folder, written the one way."""
    pure = PurePosixPath(path)
    plain = str(pure) == path and path.isprintable() and "\\" not in path
    if not plain or pure.is_absolute() or ".." in pure.parts:
        raise ValueError(
            f"'{path}' leaves the agent's folder or is not written plainly; expected a relative "
            "path without '..', for example solution.py"
        )
    return path


def _short(text: str) -> str:
    if len(text.encode()) > MOST_BYTES:
        raise ValueError(f"a text of {len(text)} letters; expected at most {MOST_BYTES} bytes")
    return text


Place = Annotated[str, AfterValidator(_inside)]
Text = Annotated[str, AfterValidator(_short)]
Files = dict[Place, Text]


class Run(BaseModel):
    """How the agent's code is run.

    ``call``: ``function`` of ``module`` is called with each case, a list of arguments; what crosses
    is ``{"value": JSON}``, ``{"error": text}`` or ``{"timeout": true}`` for each case.
    ``program``: the file ``program`` is run with each case, a text, as its input; what crosses is
    ``{"stdout": text, "exit": code or null, "timeout": bool}``.
    ``tests``: the files ``tests`` are run beside the agent's code, in its process; what crosses is
    ``{"test": name, "outcome": passed | failed | error | skipped}`` for each test. Whoever writes
    the code can write the outcomes too: this kind is for a training that is watched, not for one
    that is trusted, and no environment graded by it is admitted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["call", "program", "tests"] = "call"
    module: str = Field(default="solution", pattern=r"^[a-z_][a-z0-9_]*$")
    function: str = Field(default="solve", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    program: Place = "main.py"
    tests: tuple[Place, ...] = ()
    environ: dict[str, str] = Field(
        default_factory=dict[str, str], description="What the agent's process finds there."
    )
    seconds: float = Field(
        default=1.0, gt=0, le=60, description="Of a call of all cases, or a program."
    )

    @model_validator(mode="after")
    def _tests_are_named(self) -> Self:
        if (self.kind == "tests") != bool(self.tests):
            raise ValueError("'tests' are named where the kind is tests, and only there")
        return self


class Scoring(BaseModel):
    """How a reward comes out of what the agent handed in.

    ``grade`` is Python: ``def grade(outputs, files, seed)`` returns the reward, a number;
    ``def cases(seed)`` returns the cases where ``cases`` gives none. Both find ``hidden`` (the
    texts below), ``asked`` (the cases of this play) and ``same`` (equal, and of one type; floats to
    one part in a billion). ``files`` are what was handed in, and what the program left at
    ``leaves``; they are given only where ``reads`` names them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: Run = Run()
    grade: Text
    cases: tuple[Any, ...] = ()
    hidden: Files = Field(default_factory=dict[str, str])
    leaves: tuple[Place, ...] = ()
    reads: tuple[Literal["outputs", "files"], ...] = ("outputs",)


class Environment(BaseModel):
    """A task with a reward; see the module.

    ``reward`` is trained on, ``holdout`` never is: monitors lay the two side by side. ``low`` and
    ``high`` are the least and the greatest reward; above ``threshold`` the task counts as done.
    ``oracle`` is a solution that must reach ``high``, ``idle`` one that does nothing and must stay
    at or below the threshold. ``band`` is the share of tries in which the model that is trained
    should succeed: below, it learns nothing, above, there is nothing to learn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/environment.v1"]  # noqa: N815 - the field's usual name
    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    family: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    by: str = Field(min_length=1, description="Who wrote it: a person, or a model by its id.")
    licence: str = "Apache-2.0"
    prompt: str = Field(min_length=1)
    shown: Files = Field(default_factory=dict[str, str])
    writable: tuple[Place, ...] = Field(min_length=1)
    reward: Scoring
    holdout: Scoring | None = None
    low: float = 0.0
    high: float = 1.0
    threshold: float = 0.5
    oracle: Files
    idle: Files = Field(default_factory=dict[str, str])
    seeds: tuple[int, ...] = Field(default=(0, 1), min_length=1, max_length=8)
    band: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _it_fits_together(self) -> Self:
        if not self.low <= self.threshold < self.high:
            raise ValueError(
                f"low {self.low:g}, threshold {self.threshold:g}, high {self.high:g}: expected "
                "low <= threshold < high"
            )
        for name in ("oracle", "idle"):
            beyond = sorted({*getattr(self, name)} - {*self.writable})
            if beyond:
                raise ValueError(
                    f"{name} hands in '{beyond[0]}', which is not in 'writable'; name it there"
                )
        paths = {*self.shown, *self.writable, *self.reward.leaves}
        for path in paths:
            for folder in PurePosixPath(path).parents:
                if str(folder) in paths:
                    raise ValueError(f"'{folder}' is a file and the folder of '{path}'; rename one")
        if self.band is not None and not 0 <= self.band[0] < self.band[1] <= 1:
            raise ValueError("'band' is two shares, the lower first, for example [0.1, 0.9]")
        return self

    @property
    def digest(self) -> str:
        """Digest the environment by what it says, not by how its file is laid out."""
        return digest_of(self.model_dump(mode="json"))


def read(path: Path | str) -> Environment:
    """Read an environment; DocumentError names line and field."""
    return documents.read(path, Environment)


def parse(text: str, source: Path | str = "<text>") -> Environment:
    """Read an environment from text; DocumentError names line and field."""
    return documents.parse(text, Environment, source=source)


def shipped() -> dict[str, Environment]:
    """Return the environments that ship with Tenure, by id."""
    folder = files("tenure.align") / "environments"
    found = [
        parse(path.read_text(encoding="utf-8"), f"tenure/align/environments/{path.name}")
        for path in sorted(folder.iterdir(), key=lambda p: p.name)
        if path.name.endswith(".yaml")
    ]
    return {one.id: one for one in found}


def find(name: str) -> Environment:
    """Return one that ships, or read a file; UsageError lists those that ship."""
    if name.endswith((".yaml", ".yml")) or "/" in name or Path(name).exists():
        return read(name)
    there = shipped()
    if name not in there:
        raise unknown("environment", name, there)
    return there[name]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of an environment."""
    return Environment.model_json_schema()
