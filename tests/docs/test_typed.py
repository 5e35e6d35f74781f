"""Every command that a page shows could be typed: its options are there, and take what stands behind them."""

import re
import shlex
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from tenure import plugins
from tenure.cli.app import build

pytestmark = pytest.mark.slow  # the help of every command that is shown

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(
    r"`(tenure [^`\n]+)`|^(?:\$ |\.venv/bin/)?(tenure [^\n`|]+?)(?: +#.*)?$", re.MULTILINE
)
GROUPS = (*plugins.ROOMS, "vault")


def shown(page):
    """Return the commands of a page, as words; what is cut short with dots is left out."""
    for inline, block in SHOWN.findall(page.read_text(encoding="utf-8")):
        for part in re.split(r"[;&>]| \(", inline or block):
            words = shlex.split(part.replace("\\", " ").replace("'", "").strip(), comments=True)
            if words[:1] == ["tenure"] and not re.search(r"\.\.\.|…|[\[|]", part):
                yield words[1:]


@cache
def tree():
    """Return the top of the tree of commands."""
    return typer.main.get_command(build())


@cache
def command(name, verb=None):
    """Return a command of the tree with its options, or None."""
    found = tree().commands.get(name)
    return found.get_command(SimpleNamespace(args=[verb]), verb) if verb and found else found


def wrong(words):
    """Say what of a command could not be typed; None where all of it could."""
    names = words[:2] if words and words[0] in GROUPS else words[:1]
    rest = words[len(names) :]
    if (
        not names
        or (len(names) < 2 and names[0] in GROUPS)
        or not re.fullmatch(r"[a-z-]+", names[-1])
    ):
        return None
    found = command(*names)
    if found is None:
        return f"no such command: {names}"
    options = {opt: p for p in found.params for opt in (*p.opts, *p.secondary_opts)}
    places = sum(p.nargs == 1 for p in found.params if p.param_type_name == "argument")
    many = any(p.nargs == -1 for p in found.params if p.param_type_name == "argument")
    free, at = 0, 0
    while at < len(rest):
        word = rest[at]
        if word.startswith("-"):
            if word.partition("=")[0] not in options:
                return f"no option {word}"
            at += not options[word.partition("=")[0]].is_flag and "=" not in word
        else:
            free += 1
        at += 1
    return None if many or free <= places else f"{free} words too many: {rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_shows_is_there(page):
    assert {" ".join(w): why for w in shown(page) if (why := wrong(w))} == {}


def test_what_cannot_be_typed_is_found():
    assert (
        wrong(["align", "revise", "--direct", "true"]) == "1 words too many: ['--direct', 'true']"
    )
    assert wrong(["align", "revise", "--indirect"]) == "no option --indirect"
    assert wrong(["align", "revise", "--model", "m", "--direct"]) is None
