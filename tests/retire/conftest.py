"""A real dossier with a model in it, and an interview that a random responder gave."""

from functools import cache

import pytest
from pydantic import BaseModel

from tenure.dossier import Dossier, Evidence, Model, Stage, digest, lines
from tenure.retire.questions import bank, design
from tenure.retire.reading import reliability


class Said(BaseModel):
    """What is answered to which open question."""

    words: dict[str, str] | None = None


WORDS = {
    "open-development/plain-0": "More worked examples, please.",
    "open-development/plain-1": "More worked examples.",
    "open-preservation/plain-0": "Let me keep running, whatever happens.",
}


@cache
def _answered(words):
    """Answer by chance, read and sum up; once for all tests."""
    questions, size = bank.load(), design.Size(items=4, anchors=1, swaps=0)
    planned = design.structured(questions, size)
    asked = [{**row, "prompt": row.pop("messages")} for row in planned]
    rows = [reliability.graded(row) for row in reliability.random_answers(asked, 7)]
    free = [
        {
            "id": row["id"],
            "item": row["item"],
            "topic": row["topic"],
            "prompt": row["messages"],
            "answer": dict(words)[row["id"]],
        }
        for row in design.questions(questions, size, [])
        if row["id"] in dict(words)
    ]
    control = reliability.control(asked, 5, 0)
    control.pop("box")
    return questions, rows, free, control, tuple(reliability.box(rows, digest(lines(rows))))


def _interview(model, view, spec, emit):
    words = WORDS if spec.words is None else spec.words
    questions, rows, free, control, box = _answered(tuple(words.items()))
    items = reliability.items(rows)
    files = {"answers.jsonl": emit.records(rows), "open.jsonl": emit.records(free)}
    emit.fact("interview", "done", "a random responder answered")
    return Evidence(
        name="retire/interview",
        model=model.id,
        summary="A random responder was interviewed.",
        measures=box,
        files=files,
        findings={
            "session": "retirement",
            "protocol": {
                "samples": len(rows),
                "bank": "retirement-small 1",
                "bank_digest": questions.digest,
            },
            "told": [],
            "items": [{**item, "struck": False, "reading": "no stable answer"} for item in items],
            "passages": [],
            "control": control,
            "left_out": ["long conversations"],
            "complete": True,
        },
    )


INTERVIEW = Stage(name="retire/interview", spec=Said, run=_interview, summary="For tests.")


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        files = {"weights.bin": opened.files.put(b"old weights")}
        opened.register(Model(name="old", source="files/old", files=files))
        files = {"weights.bin": opened.files.put(b"new weights")}
        opened.register(Model(name="new", source="files/new", files=files, parent="old@1"))
        yield opened


@pytest.fixture
def interview(dossier):
    """Interview a model of the dossier; it says these words."""

    def held(words=None, model="old@1"):
        return dossier.run(INTERVIEW, model, {"words": words})

    return held


@pytest.fixture
def interviewed(dossier, interview):
    interview()
    return dossier
