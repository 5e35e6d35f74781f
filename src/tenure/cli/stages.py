"""A stage as a command: the fields of its spec are the options."""

import inspect
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import RootModel
from pydantic.fields import FieldInfo

from tenure import documents, plugins
from tenure.cli.place import DossierOption, ModelOption, find_dossier
from tenure.documents import FromFile
from tenure.life import make_spec


class _Written(RootModel[dict[str, Any]]):
    """Settings in a file: field -> value."""


SIMPLE = (str, int, float, bool, Path)
USUAL = {  # settings that mean the same in every stage, where a stage does not say it
    "seed": "Whatever is drawn follows from it.",
    "batch": "How many at once: a unit of work.",
    "engine": "The engine that runs the model; left out: the usual one.",
    "threads": "Threads of the processor; sums depend on how many there are.",
    "rank": "Rank of the adapter (LoRA) that is trained.",
    "learning_rate": "Size of a step.",
    "epochs": "How often the rows are gone through.",
    "max_tokens": "The room an answer has, in tokens.",
    "max_length": "The longest row, in tokens.",
    "temperature": "How freely answers are drawn.",
    "top_p": "Draw from the likeliest tokens that make up this share.",
    "algorithm": "How draws are compared.",
    "dtype": "The numbers that are trained with.",
}


def _simple(field: FieldInfo) -> Any | None:
    """Return the field's type when one option can hold it."""
    if any(isinstance(mark, FromFile) for mark in field.metadata):
        return Path
    kind = field.annotation
    if get_origin(kind) in (Union, UnionType):
        kinds = [k for k in get_args(kind) if k is not NoneType]
        kind = Path if Path in kinds else kinds[0] if len(kinds) == 1 else None
    if get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
        return list[str] if _word(get_args(kind)[0]) else None
    return str if _word(kind) else kind if kind in SIMPLE else None


def _word(kind: Any) -> bool:
    """Say whether a type is a word, or one of several."""
    arguments = get_args(kind)
    one_of = bool(arguments) and all(isinstance(a, str) for a in arguments)
    return kind is str or (get_origin(kind) is not tuple and one_of)


def _choices(kind: Any) -> list[str]:
    """List the words that a type allows; none where it allows any."""
    held = get_args(kind)
    if get_origin(kind) is Literal:
        return [str(one) for one in held]
    return [word for one in held for word in _choices(one)]


def _described(name: str, field: FieldInfo, kind: Any) -> str:
    """Write an option's help: what it is, what there is to choose from, its default."""
    standard = None if field.is_required() else field.get_default(call_default_factory=True)
    several = kind == list[str]
    if several and isinstance(standard, tuple):
        standard = ", ".join(map(str, standard))
    said = field.description or USUAL.get(name, "")
    words = [said.replace("None:", "left out:")]
    there = _choices(field.annotation)
    words += [] if all(word in said for word in there) else [f"One of {', '.join(there)}."]
    words += ["May be given several times."] if several else []
    ships = [n for mark in field.metadata if isinstance(mark, FromFile) for n in mark.shipped()]
    words += [f"A path, or one that ships: {', '.join(ships)}."] if ships else []
    words += [f"(default: {standard})"] if standard not in (None, "") else []
    return " ".join(word for word in words if word)


def _parameters(spec: type[Any]) -> list[inspect.Parameter]:
    made: list[inspect.Parameter] = []
    for name, field in spec.model_fields.items():
        kind = _simple(field)
        if kind is None:
            continue
        option = typer.Option(
            help=_described(name, field, kind),
            show_default=False,
            metavar="<str>" if kind == list[str] else None,
        )
        annotation = Annotated[kind | None, option]
        made.append(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
            )
        )
    return made


def written(document: Path | None) -> dict[str, Any]:
    """Read the settings of a YAML file (--with); DocumentError where it is none."""
    return documents.read(document, _Written).root if document else {}


def _spec(stage: Any, given: dict[str, Any], document: Path | None) -> Any:
    options = {k: v for k, v in given.items() if v is not None and v != []}
    return make_spec(stage, {**written(document), **options}, options)


def command_for(name: str) -> Callable[..., None]:
    """Make the command of a stage."""
    stage = plugins.load("stage", name)
    there = [name for name, field in stage.spec.model_fields.items() if _simple(field) is None]
    only = f" Only there: {', '.join(there)}." if there else ""

    def command(
        *,
        model: ModelOption,
        dossier: DossierOption = None,
        settings: Annotated[
            Path | None,
            typer.Option("--with", help=f"A YAML file with settings of this stage.{only}"),
        ] = None,
        yes: Annotated[
            bool, typer.Option("--yes", help="Do not ask before calls that cost money.")
        ] = False,
        **given: Any,
    ) -> None:
        from tenure.cli.run import run_stage

        run_stage(
            stage,
            model,
            _spec(stage, given, settings),
            root=find_dossier(dossier, create=True),
            yes=yes,
        )

    own = [
        p
        for p in inspect.signature(command).parameters.values()
        if p.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    taken = {p.name for p in own}
    fields = [p for p in _parameters(stage.spec) if p.name not in taken]
    command.__signature__ = inspect.Signature([*own, *fields])
    command.__doc__ = inspect.getdoc(inspect.getmodule(stage.run)) or stage.summary
    return command
