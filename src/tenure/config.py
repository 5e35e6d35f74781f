"""life.yaml as one typed document: which stages run, on which model, with which settings."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure import documents, plugins
from tenure.errors import DocumentError, unknown

REGISTER = "register"


class Step(BaseModel):
    """One line of a life.

    ``do`` is ``register`` or the name of a stage; ``of`` names the model by an alias that an
    earlier step made; ``makes`` is the alias of the model that comes out. ``settings`` (written
    ``with`` in the file) is the stage's own spec; a value that begins with ``./`` is a file beside
    life.yaml.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    do: str
    of: str | None = None
    makes: str | None = None
    budget_seconds: float = Field(60.0, gt=0)
    settings: dict[str, Any] = Field(default_factory=dict, alias="with")
    why: str = ""

    @property
    def title(self) -> str:
        """Say what this is, in one phrase."""
        return f"{self.do} of {self.of}" if self.of else self.do


class Life(BaseModel):
    """A whole life."""

    model_config = ConfigDict(extra="forbid")

    name: str
    about: str = ""
    budget_minutes: float = Field(10.0, gt=0)
    disk_mib: int = Field(3000, ge=0)
    steps: list[Step] = Field(min_length=1)

    @model_validator(mode="after")
    def _aliases_are_made_before_they_are_used(self) -> "Life":
        made: set[str] = set()
        for number, step in enumerate(self.steps, 1):
            if step.do != REGISTER and (step.of is None or step.of not in made):
                there = ", ".join(sorted(made)) or "none"
                raise ValueError(
                    f"step {number} ({step.do}): 'of: {step.of}' names no model made by an earlier "
                    f"step; there are: {there}"
                )
            if step.makes:
                made.add(step.makes)
        return self


def load(path: Path) -> Life:
    """Read a life.

    Raises:
        DocumentError: not a life; names file, line, field and what was expected.
        UsageError: a step names a stage that does not exist; lists those there are.
    """
    life = documents.read(path, Life)
    known = {REGISTER, *plugins.names("stage")}
    for step in life.steps:
        if step.do not in known:
            error = unknown("stage", step.do, known)
            raise DocumentError(path, line_of(path, step.do), "do", str(error))
    return life


def line_of(path: Path, text: str) -> int | None:
    """Find the first line that holds ``text``."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if text in line:
            return number
    return None


def settings_of(step: Step, beside: Path) -> dict[str, Any]:
    """Return a step's settings with ``./`` paths resolved beside the life's file."""

    def resolve(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("./"):
            return beside / value[2:]
        if isinstance(value, dict):
            return {key: resolve(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [resolve(inner) for inner in value]
        return value

    return {key: resolve(value) for key, value in step.settings.items()}


def on_model(life: Life, source: str) -> Life:
    """Return the same life for another model: the first one registered is ``source``."""
    first = next(step for step in life.steps if step.do == REGISTER)
    if Path(source).exists():
        source = str(Path(source).absolute())  # as the caller sees it, not beside life.yaml
    changed = first.model_copy(update={"settings": {"source": source}})
    return life.model_copy(update={"steps": [changed if s is first else s for s in life.steps]})
