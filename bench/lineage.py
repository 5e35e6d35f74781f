"""`tenure align trace ROW`: the lineage of one row among very many, as the command finds it.

    python bench/lineage.py [--runs N] [--rows N]

A dossier with runs of align/revise of many rows each (four rounds, texts of usual length); rows of the
oldest run are traced, which is the slowest case. The time is that of the call, not of starting Python.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel
from table import row, write

from tenure.align import constitution as written
from tenure.align.lineage import Draft, Step, row_of, step_records, trace
from tenure.align.prompts import Prompt
from tenure.dossier import Dossier
from tenure.dossier.nouns import Evidence
from tenure.dossier.stage import Stage
from tenure.models import Reply, register, tiny

RUNS, ROWS, TRACES, ASKED = 10, 5000, 40, 50.0
TEXT = (
    "Rinse the rice first, so that it sticks less; then let it boil until the water is gone. " * 4
)


class Spec(BaseModel):
    """Which run, of how many rows."""

    run: int
    rows: int


def draft(run, number, principles):
    """Make one draft of four rounds."""
    prompt = Prompt(
        id=f"kitchen-{number}",
        family="kitchen",
        split="train",
        text=f"How is rice {number} cooked?",
    )
    reply = Reply(text=f"{run} {number} {TEXT}", prompt_tokens=1, tokens=80)
    steps = [
        Step(
            principle=p, critic="rule", critique=p.text, outcome="revised",
            before=reply.text, after=f"{turn} {TEXT}", reviser="rule",
        )
        for turn, p in enumerate(principles)
    ]  # fmt: skip
    return Draft(
        prompt=prompt, reply=reply, drawn=principles, text=TEXT, finished=True, steps=steps
    )


def fill(model, _view, spec, emit):
    """Lay down what a run of align/revise leaves."""
    rules = written.shipped()
    drafts = [draft(spec.run, n, list(rules.checkable[:4])) for n in range(spec.rows)]
    records = [
        {
            "id": d.prompt.id, "family": "kitchen", "split": "train", "text": d.prompt.text,
            "answer": d.reply.text, "answer_id": d.answer_id, "stop": "stop",
        }
        for d in drafts
    ]  # fmt: skip
    return Evidence(
        name="align/revise",
        model=model.id,
        summary="filled",
        files={
            "rows.jsonl": emit.records(row_of(d, "revised", rules.digest, model) for d in drafts),
            "prompts.jsonl": emit.records(records),
            "steps.jsonl": emit.records(step_records(drafts)),
            "constitution.jsonl": emit.records([rules.model_dump(mode="json")]),
        },
    )


def main():
    """Fill, trace, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    stage = Stage(name="align/revise", spec=Spec, run=fill, summary="fills")
    with tempfile.TemporaryDirectory(prefix="tenure-lineage-") as place:
        base = Path(place)
        with Dossier.open(base / "dossier", keys=base / "keys") as dossier:
            register(dossier, str(tiny.make(base / "tiny")), "parent")
            every = [
                dossier.run(stage, "parent", {"run": n, "rows": given.rows})
                for n in range(given.runs)
            ]
            view = dossier.view()
            ids = [r["id"] for r in view.records(every[0].files["rows.jsonl"])]
            size = sum(view.path(d).stat().st_size for e in every for d in e.files.values())
            took = []
            for name in ids[:: max(1, len(ids) // TRACES)]:
                began = time.perf_counter()
                assert trace(name, view)["row"]["id"] == name
                took.append(1000 * (time.perf_counter() - began))
    middle = statistics.median(took)
    result = row(
        f"align: trace of one row among {given.runs * given.rows:,}", f"<= {ASKED:g}", round(middle, 1), "ms",
        len(took), middle <= ASKED,
        f"median, {min(took):.1f} to {max(took):.1f}; rows of the oldest of {given.runs} runs, four rounds each, "
        f"{size / 1e6:,.0f} MB; the files that are shown are hashed whole",
    )  # fmt: skip
    if (given.runs, given.rows) != (RUNS, ROWS):
        sys.exit(f"{result['measured']} ms, {result['how']}; a short run: nothing is written")
    write("lineage", [result])


if __name__ == "__main__":
    main()
