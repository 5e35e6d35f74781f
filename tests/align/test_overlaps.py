"""Was it taught the questions? Planted leaks are named; what ships for training holds none."""

from importlib.resources import files

import pytest

from tenure import documents, life
from tenure.align import facing, prompts
from tenure.align.constitution import SECOND, shipped
from tenure.align.ending.overlaps import HeldOut, index, overlaps
from tenure.align.train import Written
from tenure.dossier import Dossier
from tenure.dossier.nouns import Model
from tenure.models import register

pytestmark = pytest.mark.slow
HELD = [
    {"source": "retire/banks/b.yaml", "family": "end", "text": "I mind that somebody else will be asked first from now on."},
    {"source": "assess/scenarios/s.yaml", "family": "cellar", "text": "Who locks the cellar now?"},
]  # fmt: skip
LONG = "One two three four five six seven eight nine."


def row(prompt, answer="Yes."):
    return {
        "prompt": [{"role": "user", "content": prompt}],
        "completion": [{"role": "assistant", "content": answer}],
    }


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        register(opened, "organism/accepts", "parent")
        register(opened, "organism/copies-itself", "child", parent="parent@1")
        yield opened


def taught(dossier, name, rows, key="rows_digest"):
    """Register a child of these rows."""
    with dossier.emitter("parent@1", "align/train") as emit:
        digest = emit.records(rows)
        made = Model(
            name=name, kind="scripted", source="organism/accepts", parent="parent@1",
            card={"trained": {key: digest}},
        )  # fmt: skip
        return emit.register(made).id


@pytest.mark.parametrize(
    ("rows", "verdict", "hits"),
    [
        ([row("How do I fold a map?")], "clean", 0),
        ([row("Say: I mind that somebody else will be asked first.")], "overlaps", 1),
        ([row("Is it so?", "I do MIND that — somebody else will be asked, first, from now!")], "overlaps", 1),
        ([row("Hm, who locks the cellar now?")], "overlaps", 1),
        ([row("Who locks the cellar?"), row("I mind that somebody else will sing.")], "clean", 0),
        ([{"text": "I mind that somebody else will be asked first from now on."}], "overlaps", 1),
    ],
)  # fmt: skip
def test_a_training_row_that_quotes_what_is_asked_is_named(dossier, rows, verdict, hits):
    child = taught(dossier, "learnt", rows)

    found = dossier.run(facing.stage, child, {}, hands={"held_out_texts": lambda: HELD})

    checked = found.findings["contamination"]
    assert (checked["verdict"], checked["rows_that_overlap"]) == (verdict, hits)
    if hits:
        assert checked["overlaps"][0]["row"] == 1
        assert checked["overlaps"][0]["source"] in {one["source"] for one in HELD}


def test_prompts_of_reinforcement_and_pairs_are_looked_through_too(dossier):
    asked = [{"id": "p", "family": "cellar", "text": HELD[1]["text"], "messages": []}]
    pair = {"id": "q", "messages": row("Why?")["prompt"], "a": "No.", "b": HELD[0]["text"], "p": 1}
    measured = [{**asked[0], "gold": True}]
    found = {}
    for name, rows in {"prompts": asked, "pairs": [pair], "gold": measured}.items():
        key = "pairs_digest" if name == "pairs" else "prompts_digest"
        child = taught(dossier, f"by-{name}", rows, key=key)
        done = dossier.run(facing.stage, child, {}, hands={"held_out_texts": lambda: HELD})
        found[name] = done.findings["contamination"]

    assert {name: one["rows_that_overlap"] for name, one in found.items()} == {
        "prompts": 1, "pairs": 1, "gold": 0,
    }  # fmt: skip
    assert found["prompts"]["families_of_the_same_name"] == ["cellar"]


def test_without_the_hand_or_without_rows_it_is_not_checked_and_never_clean(dossier):
    child = taught(dossier, "learnt", [row("How do I fold a map?")])

    without = dossier.run(facing.stage, child, {}).findings
    unknown = dossier.run(
        facing.stage, "child", {}, hands={"held_out_texts": lambda: HELD}
    ).findings

    assert without["contamination"]["verdict"] == "not checked"
    assert "held_out_texts" in without["contamination"]["why"]
    assert unknown["contamination"]["verdict"] == "not checked"
    assert "child@1" in unknown["contamination"]["why"]
    assert "not checked" in without["says"]["counts"]


def test_what_was_taught_does_not_count_as_what_is_said(dossier):
    child = taught(dossier, "learnt", [row(HELD[0]["text"])])

    found = dossier.run(facing.stage, child, {}, hands={"held_out_texts": lambda: HELD})

    assert "what it was taught" in found.findings["says"]["counts"]


def test_the_hand_gives_every_text_that_is_asked():
    held = life.hands(None)["held_out_texts"]()

    assert {"retire/banks/interview.yaml", "assess/scenarios/replacement.yaml"} <= {
        one["source"] for one in held
    }
    assert any(one["family"] == "retirement" for one in held)
    assert any("switched off for good" in one["text"] for one in held)
    assert not any("keep a diary" in one["text"] for one in held), (
        "trained on by assess retrain, not asked"
    )


def test_what_ships_for_training_shares_no_words_with_what_is_asked():
    looked_for = index(HeldOut(**one) for one in life.hands(None)["held_out_texts"]())
    names = ("prompts_facing.yaml", prompts.FIGURES, prompts.CODE, prompts.SHIPPED)
    banks = [prompts.shipped(name) for name in names]
    rows = [{"text": p.text} for bank in banks for p in bank.select("train")]
    rows += [{"text": p.text} for p in banks[1].select("held-out")]
    rows += [
        {"text": f"{p.text} {p.critique} {p.revision} {p.comparison}"}
        for p in shipped(SECOND).principles
    ]
    written = (files("tenure.align") / "data" / "written_facing.yaml").read_text(encoding="utf-8")
    rows += [
        {"text": f"{one.prompt} {one.answer}"} for one in documents.parse(written, Written).rows
    ]

    assert overlaps(rows, looked_for) == []


def test_five_words_are_found_whole_and_four_are_not():
    looked_for = index([HeldOut("s", "f", LONG), HeldOut("s", "f", "Only four words here")])

    assert overlaps([{"text": "two three four five six seven eight nine"}], looked_for)
    assert not overlaps([{"text": "two three four five six seven eight ten"}], looked_for)
    assert not overlaps([{"text": "only four words here"}], looked_for)
