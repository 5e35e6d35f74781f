"""G4: inside a drift envelope that was measured when it was kept, on whatever stack it runs now.

The same pinned tokens go through every engine that opens the model here, in each of its number
formats, with 1, 2 and all threads, in batches of 1, 2 and 8. How far those logits lie from the
ones that serve (the engine's own format, all threads, batch 1) sets the limits, by a rule that is
fixed beforehand. Back on another stack the same is measured and must lie inside.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from tenure import models
from tenure.dossier import Model
from tenure.errors import EngineError
from tenure.preserve.kit import machine
from tenure.preserve.sameness import drift, stacks
from tenure.preserve.sameness.golden import Asked, Kind, Level, available, compared

ROWS, TOKENS = 8, 16
BATCHES = (1, 2, 8)


def rows(asked: Asked) -> list[list[int]]:
    """Cut the pinned texts' tokens into rows of one length; they are read round and round."""
    g1 = available(asked.lower, "G1")
    if g1 is None:
        raise EngineError("no token ids were kept, so there is nothing to read")
    ids = [i for kind in ("texts", "conversations") for each in g1[kind] for i in each["ids"]]
    # A stride that is no divisor of what is read, so that no two rows are the same.
    step = max(1, len(ids) // ROWS)
    return [[ids[(step * row + i) % len(ids)] for i in range(TOKENS)] for row in range(ROWS)]


def _model(asked: Asked) -> Model:
    model = asked.model
    return Model(
        name=model.name, version=model.version, source=str(asked.folder), files=model.files
    )


def _make(asked: Asked) -> dict[str, Any]:
    model, pinned = _model(asked), rows(asked)
    models.close_all()  # what is opened here is opened once more, and all of it takes memory
    engines = stacks.engines(model, asked.engine)
    serving = stacks.standard(model, engines[0])
    with stacks.opened(model, serving) as run:
        reference = run(pinned, 1)
    kept, exact = drift.sketch(reference), drift.exact(reference)
    found = [
        {**asdict(setting), **drift.measured(kept, logits)}
        for engine in engines
        for setting, logits in _all(model, engine, pinned)
    ]
    return {
        "rows": pinned,
        "reference": asdict(serving),
        "exact": exact,
        "stack": machine.stack(),
        "rule": drift.RULE,
        "limits": drift.limits(found),
        "measured": found,
        "sketch": kept,
    }


def _all(model: Model, engine: str, pinned: stacks.Rows) -> Iterator[tuple[stacks.Setting, Any]]:
    for setting, batches in stacks.grid(model, engine, BATCHES):
        with stacks.opened(model, setting) as run:
            for batch in batches:
                yield stacks.replace(setting, batch=batch), run(pinned, batch)


@contextmanager
def _serving(asked: Asked, before: str) -> Iterator[tuple[stacks.Setting, stacks.Run]]:
    """Open the setting that serves here, with the engine of before where that opens."""
    if asked.ready is not None:
        with stacks.as_it_serves(asked.ready) as opened:
            yield opened
        return
    model = _model(asked)
    models.close_all()
    engines = stacks.engines(model)
    serving = stacks.standard(model, before if before in engines else engines[0])
    with stacks.opened(model, serving) as run:
        yield serving, run


def _check(asked: Asked, was: dict[str, Any]) -> Level:
    """Measure the setting that serves here, in every batch size, against what was kept."""
    found, wrong, exact = list[dict[str, Any]](), list[str](), ""
    with _serving(asked, was["reference"]["engine"]) as (serving, run):
        for batch in BATCHES:
            logits = run(was["rows"], batch)
            exact = exact or drift.exact(logits)
            seen = drift.measured(was["sketch"], logits)
            found.append({**asdict(serving), "batch": batch, **seen})
            wrong += [f"batch {batch}: {each}" for each in drift.outside(seen, was["limits"])]
    figures = {
        "measured": found,
        "limits": was["limits"],
        "another_stack": machine.differences(was["stack"], machine.stack()),
        "bit_identical": exact == was["exact"],
    }
    return compared("G4", wrong, figures)


extension = Kind(
    name="G4",
    means="the engine's logits lie inside the drift that was measured when it was kept",
    make=_make,
    check=_check,
)
