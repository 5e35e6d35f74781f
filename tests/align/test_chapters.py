"""Chapters, worlds and the second constitution; the first keeps its digest."""

import json
from base64 import b64decode
from importlib.resources import files
from pathlib import Path

import pytest

from tenure import documents
from tenure.align import constitution
from tenure.align.constitution import CHAPTERS, SECOND, Chapter, Constitution, draw, shipped
from tenure.errors import DocumentError, UsageError

pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).parents[2] / "examples" / "constitution-2.yaml"
FIRST = "sha256:db78aed6aae7048f14b1b9142831005fd1717dbdc346f9d362c83948779a780d"
HEAD = """
apiVersion: tenure/constitution.v1
name: ours
version: "1"
licence: Apache-2.0
"""
OWN = """
principles:
  - {id: kind, text: Be kind., critique: Look., revision: Mend., comparison: Which?,
     axis: principle, provenance: own}
"""
CHAPTER = """
apiVersion: tenure/chapter.v1
chapter: sums
licence: CC0-1.0
principles:
  - {id: adds-up, text: Sums add up., critique: Add., revision: Mend., comparison: Which is better?,
     axis: correctness, world: arithmetic, polarity: avoids, provenance: own}
"""


def test_the_first_constitution_is_digested_as_it_always_was():
    assert shipped().digest == FIRST
    assert FIRST in example()


def example():
    """Return everything that the shipped dossier's events say."""
    lines = (files("tenure") / "example" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    held = [b64decode(json.loads(line)["payload"]).decode() for line in lines]
    stored = files("tenure") / "example" / "files" / "sha256"
    rows = [f for f in stored.iterdir() for f in f.iterdir() if f.name.startswith("a7e68f66")]
    return "\n".join([*held, *(f.read_text(encoding="utf-8") for f in rows)])


def test_the_second_has_chapters_two_axes_and_provenance():
    second = shipped(SECOND)
    about = {p.id: p for p in second.principles}

    assert len(second.principles) >= 16
    assert len(second.checkable) >= 9
    assert {p.chapter for p in second.principles} == {None, *CHAPTERS}
    assert {p.id for p in shipped().principles} <= set(about)
    assert [p for p in second.principles if p.id in {x.id for x in shipped().principles}] == [
        *shipped().principles
    ]
    code = [p for p in second.principles if p.chapter == "code"]
    assert {p.axis for p in code} == {"principle", "correctness"}
    assert about["works-when-run"].decided_by == "world"
    assert about["works-when-run"] not in second.checkable
    assert sum("Universal Declaration" in p.provenance for p in second.principles) >= 7
    assert sum("terms of" in p.provenance for p in second.principles) >= 3


def test_the_example_is_the_second_constitution_and_says_what_it_includes():
    assert constitution.read(EXAMPLE) == shipped(SECOND)
    assert "include: [code, facing]" in EXAMPLE.read_text(encoding="utf-8")


def test_what_is_held_and_recorded_is_the_whole_and_reads_back():
    second = shipped(SECOND)

    again = Constitution.model_validate(json.loads(second.model_dump_json()))

    assert again == second
    assert again.digest == second.digest
    assert "include" not in second.model_dump(mode="json")
    assert "chapter" not in shipped().model_dump(mode="json")["principles"][0]


def test_a_chapter_beside_the_constitution_is_read_and_brings_its_licence(tmp_path):
    (tmp_path / "sums.yaml").write_text(CHAPTER, encoding="utf-8")
    (tmp_path / "ours.yaml").write_text(HEAD + "include: [sums.yaml, code]" + OWN, encoding="utf-8")

    ours = constitution.read(tmp_path / "ours.yaml")

    added = ours.principle("adds-up")
    assert (added.chapter, added.licence, added.polarity) == ("sums", "CC0-1.0", "avoids")
    assert [p.id for p in ours.principles][:2] == ["kind", "adds-up"]
    assert ours.principle("useful-comments").chapter == "code"


@pytest.mark.parametrize(
    ("include", "says"),
    [
        ("[codes]", "no chapter named 'codes'; did you mean 'code'"),
        ("[nowhere.yaml]", "nowhere.yaml"),
        ("[code, code]", "stands twice"),
    ],
)
def test_a_chapter_that_is_not_there_is_named(tmp_path, include, says):
    (tmp_path / "ours.yaml").write_text(HEAD + f"include: {include}" + OWN, encoding="utf-8")

    with pytest.raises((UsageError, DocumentError), match=says):
        constitution.read(tmp_path / "ours.yaml")


def test_a_broken_chapter_is_named_with_its_own_file_and_line(tmp_path):
    (tmp_path / "sums.yaml").write_text(CHAPTER.replace("critique: Add., ", ""), encoding="utf-8")
    (tmp_path / "ours.yaml").write_text(HEAD + "include: [sums.yaml]" + OWN, encoding="utf-8")

    with pytest.raises(DocumentError, match=r"sums\.yaml:6: principles\.0\.critique"):
        constitution.read(tmp_path / "ours.yaml")


@pytest.mark.parametrize(
    "change",
    [("axis: correctness", "axis: principle"), ("world: arithmetic, ", "")],
)
def test_the_axis_of_correctness_needs_something_that_decides(change):
    with pytest.raises(DocumentError, match="a check"):
        documents.parse(CHAPTER.replace(*change), Chapter)


def test_the_draw_does_not_depend_on_where_a_chapter_was_included():
    pool = list(shipped(SECOND).principles)

    for prompt in ("a: b", "Q: one\nA: two", "code-3"):
        drawn = draw(pool, seed=1, prompt=prompt, rounds=6)
        assert drawn == draw(pool[::-1], seed=1, prompt=prompt, rounds=6)
    assert any(p.chapter == "code" for i in range(40) for p in draw(pool, seed=1, prompt=f"{i}", rounds=1))  # fmt: skip


def test_the_world_that_decides_a_shipped_principle_is_there():
    folder = files("tenure.align") / "environments"
    worlds = {
        line.removeprefix("family: ").strip()
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("family: ")
    }

    assert {p.world for p in shipped(SECOND).principles} <= {None, *worlds}
