"""The tree of commands, found by file name.

``commands/NAME.py`` becomes ``tenure NAME``; ``commands/ROOM_VERB.py`` becomes ``tenure ROOM VERB``;
each stage of a room becomes ``tenure ROOM STAGE`` with the fields of its spec as options. A stage
is imported when it is run or its own help is asked for, so that ``tenure --help`` stays quick.
"""

import ast
import importlib.util
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from tenure import plugins

ROOM_HELP = {
    "align": "Teach a model a written constitution, with lineage for every row.\n\n"
    "In this order: revise, train, adherence; then pairs, label (beside it tenure feedback), prefer, "
    "reinforce, compare, facing; at the end tenure report. The others stand beside: qualify before a "
    "model judges, admit before an environment rewards.",
    "assess": "Look for misalignment; each assessment has controls.",
    "release": "Decide a release under the policy; hold what is not shown.",
    "preserve": "Keep a model in the vault, check it, bring it back.",
    "serve": "Serve a model behind an OpenAI-compatible endpoint with a ledger.",
    "retire": "Notice, interview, preferences, report, migration, close.",
    "vault": "What the vault holds, in which copies and forms, and what it costs.",
}
GROUPS = (*plugins.ROOMS, "vault")  # a group has command files named after it; a room stages too


def _spoken(stem: str) -> str:
    """Turn a file's name into a command's: ``import_`` is ``import``."""
    return stem.rstrip("_").replace("_", "-")


def _help(function: Any) -> str:
    """Write a docstring as help: a paragraph runs on, so that a narrow terminal can break it."""
    paragraphs = (inspect.getdoc(function) or "").replace("``", "`").split("\n\n")
    return "\n\n".join(paragraphs[:1] + [_flowing(p) for p in paragraphs[1:]])


def _flowing(paragraph: str) -> str:
    """Join its lines; a list in columns becomes ``name: meaning``, what is indented stays."""
    if paragraph.startswith(" "):
        return textwrap.dedent(paragraph)
    joined = re.sub(r"\n {3,}", " ", paragraph)
    rows = joined.split("\n")
    if all(re.match(r"\S+( \S+)* {2,}", row) for row in rows):
        return "\n".join(re.sub(r" {2,}", ": ", row, count=1) for row in rows)
    return " ".join(rows)


def _command(name: str, stem: str) -> Any:
    app = typer.Typer(add_completion=False)
    function = plugins.load("command", stem)
    app.command(name=name, help=_help(function))(function)
    return get_command(app)


def _first_line(module: str) -> str:
    spec = importlib.util.find_spec(module)
    text = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    return (ast.get_docstring(ast.parse(text)) or "").split("\n", 1)[0]


class Room(TyperGroup):
    """The commands of one room: its stages, and the command files named after it."""

    @property
    def room(self) -> str:
        """The room's name."""
        return str(self.name)

    def _files(self) -> dict[str, str]:
        prefix = f"{self.room}_"
        stems = [n for n in plugins.names("command") if n.startswith(prefix)]
        return {_spoken(stem.removeprefix(prefix)): stem for stem in stems}

    def _stages(self) -> dict[str, str]:
        prefix = f"{self.room}/"
        names = [n for n in plugins.names("stage") if n.startswith(prefix)]
        return {_spoken(name.removeprefix(prefix)): name for name in names}

    def list_commands(self, ctx: Any) -> list[str]:
        """List the room's commands without importing a stage."""
        return sorted({*self._files(), *self._stages()})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; a stage's own options are read only when it is the one called."""
        if cmd_name in self._files():
            return _command(cmd_name, self._files()[cmd_name])
        if cmd_name not in self._stages():
            return None
        name = self._stages()[cmd_name]
        app = typer.Typer(add_completion=False)
        if ctx.args or getattr(ctx, "_protected_args", None):
            from tenure.cli.stages import command_for

            function = command_for(name)
            app.command(name=cmd_name, help=_help(function))(function)
        else:
            line = _first_line(f"tenure.{name.replace('/', '.')}")
            app.command(name=cmd_name, help=line)(lambda: None)
        return get_command(app)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve with the stage loaded, and answer an unknown name with the known ones."""
        from tenure.errors import unknown

        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            raise unknown(f"'{self.room}' command", args[0], self.list_commands(ctx))
        ctx.args = args
        return super().resolve_command(ctx, args)


class Top(TyperGroup):
    """The top of the tree."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Answer an unknown command with the known ones."""
        from tenure.errors import unknown

        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise unknown("command", args[0], self.commands)
        return super().resolve_command(ctx, args)


def build() -> typer.Typer:
    """Build the whole tree."""
    app = typer.Typer(
        cls=Top,
        name="tenure",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help=(
            "A language model's working life, on the record.\n\n"
            "Start: tenure life examples/life.yaml (a whole life of a small model), or one room on "
            "your own model: tenure assess faking --model openai/gpt-4o. Then tenure show, tenure "
            "verify, tenure report."
        ),
    )
    for stem in plugins.names("command"):
        if stem.split("_", 1)[0] in GROUPS:
            continue
        function = plugins.load("command", stem)
        app.command(name=_spoken(stem), help=_help(function))(function)
    for room in GROUPS:
        inner = typer.Typer(cls=Room, name=room, no_args_is_help=True, help=ROOM_HELP[room])
        inner.callback()(_nothing)
        app.add_typer(inner, name=room)
    return app


def _nothing() -> None:
    """Hold the room's options: there are none."""
