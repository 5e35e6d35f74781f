"""One sitting with a retiring model: planned questions that it answers in its own words.

The review of a draft and the closing session are such sittings. No tools, greedy, nothing asked twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier import Emit, Model, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Sat:
    """What was answered: a record for each question in order, the form of the model, what it took."""

    rows: list[dict[str, Any]]
    form: str | None
    runtime: dict[str, Any]


def sit(
    planned: Sequence[Mapping[str, Any]],
    called: tuple[str, int],
    model: Model,
    view: View,
    spec: Any,
    emit: Emit,
) -> Sat:
    """Put planned rows to the model; ``called`` is the name of the sitting and its longest answer.

    ``spec`` has ``engine``, ``batch`` and ``seed``. Without a planned row nobody is called.
    """
    if not planned:
        return Sat(rows=[], form=None, runtime={})
    from inspect_ai import Task
    from inspect_ai.model import GenerateConfig
    from inspect_ai.solver import generate

    from tenure.retire.hearing import asking

    name, tokens = called
    place = asking.Place(
        model=model, view=view, emit=emit, engine=spec.engine, batch=spec.batch, seed=spec.seed
    )
    task = Task(
        name=name.replace(" ", "_"),
        dataset=asking.dataset(planned, name),
        solver=generate(),
        scorer=asking.answered(),
        config=GenerateConfig(temperature=0.0, max_tokens=tokens),
    )
    rows = [asking.lean(row) for row in place.run(task, tokens)]
    runtime = {"usage": dict(place.usage), "log": place.logs}
    return Sat(rows=rows, form=place.form, runtime=runtime)
