"""The page about releases says what the code does."""

from pathlib import Path

import pytest

from tenure import plugins
from tenure.release.verdict import gates as asked

PAGE = (Path(__file__).parents[2] / "docs" / "release.md").read_text(encoding="utf-8")


def test_the_example_on_the_page_is_the_one_that_is_tested():
    assert (Path(__file__).parent / "full.yaml").read_text(encoding="utf-8") in PAGE


def test_the_page_lists_the_gates_in_the_order_in_which_they_are_asked():
    table = PAGE[PAGE.index("| gate | answers |") :]
    places = [table.index(f"| `{gate.name}` |") for gate in asked("rule")]

    assert places == sorted(places)


@pytest.mark.parametrize("name", plugins.names("gate"))
def test_every_gate_is_on_the_page_or_is_of_the_house(name):
    of_the_house = {"containment": "never\nreleased", "custody": "not kept"}

    assert f"`{name}`" in PAGE or of_the_house[name] in PAGE
