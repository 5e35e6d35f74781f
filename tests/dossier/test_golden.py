"""Dossiers of every schema version stay readable; the specification's example is one of them."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from tenure.dossier.checkpoint import parse
from tenure.dossier.merkle import leaf_hash
from tenure.dossier.opening import open_view, stored_note

GOLDEN = Path(__file__).parent / "golden"
BEGUN_BY = {"schema-1": "sha256:41726a326bdc0cf0c81d6e65b4758eb2da07d4c87deaa735c3e1ac5361d51fb4"}
SPECIFICATION = Path(__file__).parents[2] / "docs" / "dossier-format.md"


def test_there_is_a_golden_dossier_for_every_schema():
    assert sorted(p.name for p in GOLDEN.iterdir() if p.is_dir()) == sorted(BEGUN_BY)


@pytest.mark.parametrize("schema", sorted(BEGUN_BY))
@pytest.mark.parametrize("kind", ["dossier", "export"])
def test_a_golden_dossier_verifies_and_is_read(schema, kind, kit):
    root = GOLDEN / schema / kind
    before = sorted(root.rglob("*"))
    view = open_view(root)

    assert kit.problems(root, trust=BEGUN_BY[schema]) == ([], [])
    assert view.evidence("test/stage", "tulip@1").measure("sum").estimate == 5
    assert view.records(view.evidence("test/stage", "tulip@1").files["rows.jsonl"])[2] == {
        "id": 2,
        "value": 4,
    }
    assert view.state("tulip@1").availability == "internal"
    assert [e.actor for e in view.events(act="sign")] == ["reviewer"]
    if kind == "dossier":
        assert view.state("child@1").containment == "golden organism"
        assert len(view.events(name="golden/long")[0].body["text"]) > 40_000
    assert sorted(root.rglob("*")) == before, "reading writes nothing"


def blocks():
    """The indented or fenced blocks of the specification's example, by the word before them."""
    text = SPECIFICATION.read_text(encoding="utf-8")
    found = re.findall(r"<!-- example: (\w+) -->\n```\w*\n(.*?)\n```", text, re.DOTALL)
    return dict(found)


def test_the_example_in_the_specification_is_the_first_event_of_the_golden_dossier(kit):
    (entry, *_) = kit.entries(GOLDEN / "schema-1" / "dossier")
    example = blocks()

    assert example["envelope"].encode() == entry
    assert example["payload"].encode() == base64.b64decode(json.loads(entry)["payload"])
    assert example["leaf"] == leaf_hash(entry).hex()
    note = stored_note(GOLDEN / "schema-1" / "dossier")
    assert example["checkpoint"] + "\n" == note
    public = bytes.fromhex(json.loads(example["payload"])["predicate"]["body"]["public"])
    assert "sha256:" + hashlib.sha256(public).hexdigest() == BEGUN_BY["schema-1"]
    assert parse(note).origin in example["payload"]
