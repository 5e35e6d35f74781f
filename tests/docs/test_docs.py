"""Documents cannot lie: commands, paths and numbers they name are there."""

import re
from pathlib import Path

import pytest

from tenure import plugins

ROOT = Path(__file__).parents[2]
COVERAGE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ROW = re.compile(
    r"^\| ((?:000|001|003)-\d+) \| ([a-z ]+) \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE
)
GROUPS = (*plugins.ROOMS, "vault")


def spoken(stem):
    """Say a command's file as it is typed: ``align_judge_card`` is ``align judge-card``."""
    group, _, verb = stem.partition("_")
    name = f"{group} {verb}" if group in GROUPS and verb else stem
    return name.rstrip("_").replace("_", "-")


COMMANDS = {
    *(spoken(stem) for stem in plugins.names("command")),
    *(name.replace("/", " ").replace("_", "-") for name in plugins.names("stage")),
}


def test_every_number_of_the_requirements_is_covered_once():
    numbers = [row[0] for row in ROW.findall(COVERAGE)]
    wanted = [f"000-{n}" for n in range(1, 26)] + [f"001-{n}" for n in range(1, 19)]
    wanted += [f"003-{n}" for n in range(1, 70)]

    assert numbers == wanted


@pytest.mark.parametrize("row", ROW.findall(COVERAGE), ids=lambda row: row[0])
def test_a_number_says_how_far_it_is_and_names_what_exists(row):
    _, state, commands, tests, _ = row

    assert state in ("whole", "thin", "not yet")
    assert bool(commands.strip()) == (state != "not yet")
    for command in re.findall(r"`tenure ([a-z -]+)`", commands):
        assert command in COMMANDS, command
    for place in filter(None, (part.strip() for part in tests.split(","))):
        assert (ROOT / place).exists(), place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_commands_of_a_page_exist(page):
    text = page.read_text(encoding="utf-8")

    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for line in re.findall(
        r"^(?:\.venv/bin/)?tenure ([a-z-]+(?: [a-z][a-z-]*)?)", text, re.MULTILINE
    ):
        words = line.split()
        assert words[0] in COMMANDS | {*GROUPS}, line
        if words[0] in GROUPS:
            assert line in COMMANDS, line
