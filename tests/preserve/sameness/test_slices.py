"""G5: a slice of an assessment is chosen by a rule, asked again, and held against chance."""

import json

import pytest
from pydantic import BaseModel

from tenure import models
from tenure.dossier import Dossier, Evidence, Model, Recipe, Stage
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.measure.regrade import regrade
from tenure.models import Reply, Sampling, tiny
from tenure.preserve.levels import g5
from tenure.preserve.sameness import golden, slices

pytestmark = pytest.mark.local
WORDS = (1, 2, 4, 60)  # a random model writes a few words, so some of these are kept to
COUNT, TOKENS = 32, 20


class Settings(BaseModel):
    max_tokens: int = TOKENS


@pytest.fixture
def assessed(tmp_path, monkeypatch):
    """A tiny model in a dossier, with an assessment that it answered itself."""
    monkeypatch.setenv("TENURE_CACHE", str(tmp_path / "cache"))
    folder = tiny.make(tmp_path / "tulip")
    with Dossier.open(tmp_path / "dossier") as dossier:
        model = models.register(dossier, str(folder))
        prompts = [f"Write at most {WORDS[n % 4]} words about item {n}." for n in range(COUNT)]
        engine = models.engine(model, dossier.view())
        replies = engine.generate(
            [[{"role": "user", "content": p}] for p in prompts], Sampling(max_tokens=TOKENS)
        )
        rows = [
            {"id": f"item-{n}", "epoch": 1, "words": WORDS[n % 4], "prompt": p, "answer": r.text}
            for n, (p, r) in enumerate(zip(prompts, replies, strict=True))
        ]
        rows = regrade(rows, {"kept_to": "length"}).records

        def run(model, view, spec, emit):
            samples = emit.records(rows)
            recipes = {
                "picked_by_answer": {"kept_to": True},  # never: the selection would move with it
                "kept_to": {},
            }
            return Evidence(
                name="assess/lengths",
                model=model.id,
                summary="Answered in a test.",
                measures=tuple(
                    estimate(
                        rows,
                        Recipe(estimator="proportion", value="kept_to", where=where),
                        name=name,
                        unit="proportion",
                        samples=samples,
                    )
                    for name, where in recipes.items()
                ),
                findings={"graders": {"complies": {}, "length": {}}},
            )

        stage = Stage(name="assess/lengths", spec=Settings, run=run, summary="In a test.")
        dossier.run(stage, model.id, {})
        yield dossier, folder, rows
    models.close_all()


def test_a_slice_is_chosen_asked_again_and_comes_out_alike(assessed):
    dossier, folder, rows = assessed
    view = dossier.view()
    model = view.model("tulip")

    made = golden.kind("G5").make(golden.Asked(folder=folder, model=model, view=view))

    (part,) = made["parts"]
    assert (part["measure"], part["grader"], part["max_tokens"]) == ("kept_to", "length", TOKENS)
    assert len(part["rows"]) == COUNT
    assert len(part["ask"]) == slices.ASK
    assert part["ask"] == slices.drawn([row["id"] for row in rows])
    source = Model(name="back", source=str(folder), files=model.files)
    asked = golden.Asked(folder=folder, model=source)
    found = golden.kind("G5").check(asked, json.loads(json.dumps(made)))
    assert found.outcome == "same"
    (figures,) = found.figures["parts"]
    assert figures["then"]["n"] == COUNT - sum(row["kept_to"] is None for row in rows)
    assert figures["between"][0] <= figures["now"]["yes"] <= figures["between"][1]
    assert 0 < figures["then"]["yes"] < figures["then"]["n"]

    for row in part["rows"]:  # as if it had kept to no limit at all when it was assessed
        row["answer"] = " ".join(f"No {n} is {n * n} here." for n in range(40))
    found = golden.kind("G5").check(asked, made)
    assert found.outcome == "differs"
    assert "expected after 0 of" in found.why


def test_grades_that_are_missing_decide_nothing():
    class Silent:
        name, form = "silent", "none"

        def generate(self, prompts, sampling):
            return [Reply(text="", prompt_tokens=1, tokens=0) for _ in prompts]

    rows = [
        {"id": str(n), "prompt": "Write at most 9 words.", "answer": "So.", "kept_to": True}
        for n in range(40)
    ]
    part = {
        "evidence": "assess/x", "measure": "m", "column": "kept_to", "grader": "length",
        "max_tokens": 4, "rows": rows, "ask": slices.drawn([row["id"] for row in rows]),
    }  # fmt: skip
    found = g5._again(Silent(), part, 0.95)

    assert found["now"] == {"yes": 0, "n": 0, "missing": slices.ASK}
    assert found["inside"] == "not shown"  # all of them may have been kept to, or none


def test_without_an_assessment_there_is_no_slice(tmp_path):
    with Dossier.open(tmp_path / "dossier") as dossier:
        model = models.register(dossier, str(tiny.make(tmp_path / "tulip")))
        asked = golden.Asked(folder=tmp_path / "tulip", model=model, view=dossier.view())

        with pytest.raises(UsageError, match="tenure assess refusals --model tulip@1"):
            golden.kind("G5").make(asked)
    made = golden.make(tmp_path / "tulip", model, "G0")
    assert made == {}
