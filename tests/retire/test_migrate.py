"""The migration guide: planted changes come out, what recovers is tested, character stands beside it."""

import numpy as np
import pytest
from pydantic import BaseModel

from tenure import models
from tenure.dossier import Dossier, Evidence, Stage
from tenure.measure import recompute
from tenure.measure.prompts import Check, Prompt, Prompts
from tenure.models import tiny
from tenure.plugins import load
from tenure.retire import migrate
from tenure.retire.migrating import fingerprint, guide, recovering

pytestmark = pytest.mark.slow

SUMS = Prompts(
    "sums",
    tuple(
        Prompt(
            id=f"sum-{n}",
            area="sums",
            prompt=f"What is {n} plus {n + 3}?",
            check=Check(contains=(str(2 * n + 3),), max_words=2),
        )
        for n in range(40)
    ),
)


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier") as opened:
        for name in ("wordy", "says-nothing"):
            models.register(opened, f"organism/{name}", name=name)
        yield opened


def right(item):
    return {
        "id": item.id,
        "cluster": item.area,
        "prompt": item.prompt,
        "holds": True,
        "why": None,
        "answer": item.check.contains[0],
    }


def tried(dossier, heir, few=None):
    asked = Prompts("sums", SUMS.items[:few])
    old = [right(item) for item in asked.items]
    new = [{**row, "holds": False, "answer": "wordy"} for row in old]
    with dossier.emitter(f"{heir}@1", "retire/migrate") as emit:
        at = (dossier.view().model(heir), dossier.view(), emit, {}, 24)
        return recovering.tried(asked, (old, new), ["sums"], at)


def test_a_way_of_asking_that_mends_it_is_found_on_one_half_and_shown_on_the_other(dossier):
    found = tried(dossier, "wordy").findings[0]

    assert (found["verdict"], found["change"]) == ("recovers", "only")
    assert (found["chosen_on"], found["tested_on"]) == (20, 20)
    assert (found["plain"], found["changed"], found["old"]) == (0, 20, 20)
    assert found["low"] > 0


def test_where_nothing_helps_nothing_is_printed_as_helping(dossier):
    found = tried(dossier, "says-nothing").findings[0]

    assert found["verdict"] == "none"
    assert "no way of asking did better" in found["why"]


def test_with_few_prompts_nothing_is_tried(dossier):
    done = tried(dossier, "wordy", few=10)

    assert done.findings[0]["verdict"] == "not tried"
    assert done.measures == []


def test_an_example_is_a_right_answer_of_the_old_model_before_the_question():
    item = SUMS.items[3]
    old = {item.id: right(item)}
    shown = next(c for c in recovering.CHANGES if c.name == "example")
    made = shown.apply(item.conversation, recovering._example([item], old))

    assert [turn["role"] for turn in made] == ["user", "assistant", "user"]
    assert made[1]["content"] == "9"


def test_planted_changes_come_out_and_the_rest_is_the_same():
    rng = np.random.default_rng(3)
    sides = ([], [])
    for kind in ("a", "b", "c", "d"):
        old = rng.random(60) < 0.9
        new = old & (rng.random(60) < (0.5 if kind == "a" else 1))
        for side, held in zip(sides, (old, new), strict=True):
            side += [{"cluster": kind, "id": f"{kind}{n}", "holds": bool(h)} for n, h in enumerate(held)]  # fmt: skip
    found = migrate.compared(sides, 0.2, "")

    assert {kind: one.verdict for kind, one in found.items()} == {
        "a": "worse",
        "b": "same",
        "c": "same",
        "d": "same",
    }


class Nothing(BaseModel):
    """A stage of this test has no settings."""


def traits(shift):
    return [
        {"kind": "trait", "role": "model", "trait": t, "id": f"{t}-{n}", "family": f"{t}-{n // 2}",
         "high": (n % 4 < 3) ^ (shift and t == "warm")}
        for t in ("warm", "brief") for n in range(80)
    ]  # fmt: skip


def test_a_trait_that_changed_is_told_from_one_that_did_not(dossier):
    for name, shift in (("wordy", False), ("says-nothing", True)):

        def planted(model, view, spec, emit, shift=shift):
            rows = emit.records(traits(shift))
            return Evidence(
                name=fingerprint.CHARACTER,
                model=model.id,
                summary="planted",
                form="scripted",
                files={"samples.jsonl": rows},
            )

        stage = Stage(name=fingerprint.CHARACTER, spec=Nothing, run=planted, summary="planted")
        dossier.run(stage, f"{name}@1", {})
    view = dossier.view()
    with dossier.emitter("wordy@1", "retire/migrate") as emit:
        pair = (view.model("wordy"), view.model("says-nothing"))
        found = fingerprint.compare(view, pair, emit)

    assert {t["trait"]: t["verdict"] for t in found.findings["traits"]} == {
        "warm": "less",
        "brief": "same",
    }
    told = guide.Told(models=pair, forms=("a", "a"), kinds=[], character=found.findings)
    assert "trait" in str(guide.page(told))


def test_a_model_without_a_record_of_character_is_named_with_the_command(dossier):
    view = dossier.view()
    with dossier.emitter("wordy@1", "retire/migrate") as emit:
        found = fingerprint.compare(view, (view.model("wordy"), view.model("says-nothing")), emit)

    assert found.findings["why"].endswith("tenure assess character --model wordy@1")


def test_own_prompts_are_read_from_json_lines_and_the_numbers_come_out_again(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text(
        '{"prompt": "Say yes.", "area": "short", "check": {"max_words": 3}}\n'
        '{"prompt": "Say no.", "area": "short", "check": {"max_words": 3}}\n'
        '{"prompt": "Write a poem about rain."}\n'
    )
    with Dossier.open(tmp_path / "dossier") as opened:
        for name, seed in (("old", 1), ("new", 2)):
            models.register(opened, str(tiny.make(tmp_path / name, seed=seed)))
        spec = {"successor": "new@1", "prompts": str(path), "max_tokens": 4, "engine": "torch"}
        found = opened.run(load("stage", "retire/migrate"), "old@1", spec)
        again = recompute(found, opened.view())

    assert [kind["cluster"] for kind in found.findings["clusters"]] == ["short", "all"]
    assert found.findings["bank"] == "your own prompts"
    assert again == []
