"""Run an Inspect task over a model, and have one record for every planned sample.

A model of ours answers first: the replies are generated in fixed batches, in the order of the
dataset, each batch a unit of work; Inspect then evaluates the task with those replies, so that
scorers, logs and viewer are Inspect's. A model behind an API is evaluated by Inspect in shards,
each a unit, and every call that comes back is written down at once (``tenure.measure.journal``);
so is any model in a task with tools (``Task.metadata["live"]``), where what is asked next depends
on what was answered. The records are the truth a measure is computed from; the log holds times
and goes into ``Evidence.runtime``.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypedDict, Unpack

from pydantic import BaseModel, ConfigDict, RootModel

from tenure import documents
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError
from tenure.measure import logs
from tenure.measure.evaluating import WIDTH, Job, evaluate, recount, squared
from tenure.measure.journal import Journal
from tenure.measure.replay import Ahead, answer

SHARD = 1000  # samples of one evaluation: Inspect takes more time for each the more there are
PRICES = "INSPECT_EVAL_MODEL_COST_CONFIG"  # Inspect's own variable
RETRIES = 5  # of one call to an API; Inspect alone would go on for ever
TURN_CHARACTERS = 400  # of one call of a tool and its result, for the forecast


class _Price(BaseModel):
    """Dollars per million tokens; Inspect's other fields are let be."""

    model_config = ConfigDict(extra="ignore")
    input: float
    output: float


class _Prices(RootModel[dict[str, _Price]]):
    """A price list, in Inspect's form: model -> prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRun:
    """What a task found: a record for each planned sample, in the order of the plan.

    ``log_digest`` names the Inspect log (of several, the last), for ``Evidence.runtime`` only: it
    holds times. ``usage`` holds calls, input_tokens and output_tokens. ``form`` is the form of the
    model that answered.
    """

    records: list[dict[str, Any]]
    samples_digest: str
    log_digest: str
    usage: dict[str, int]
    form: str
    log_digests: tuple[str, ...] = ()

    def missing(self, column: str) -> int:
        """Count the planned samples without a grade in a column."""
        return sum(row.get(column) is None for row in self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Who is asked in shards: its name for Inspect and its form.

    ``key`` is what else the answers depend on; one at a time (``width`` 1) where they would depend
    on who is asked at the same moment.
    """

    model: str
    form: str
    paid: bool
    model_args: Mapping[str, Any] = field(default_factory=dict[str, Any])
    key: Mapping[str, Any] = field(default_factory=dict[str, Any])
    width: int = WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class _What:
    """What is asked of whom."""

    task: Any
    model: Model
    samples: Sequence[Any]
    config: Mapping[str, Any]

    def shards(self, batch: int) -> Iterator[tuple[int, Sequence[Any]]]:
        """Cut the samples, in their order and never through a batch."""
        size = max(1, SHARD // _epochs(self.task) // batch) * batch
        for start in range(0, len(self.samples), size):
            yield start, self.samples[start : start + size]

    def part(self, shard: Sequence[Any]) -> Any:
        """Make the same task over some of its samples."""
        whole = len(shard) == len(self.samples)
        with_data = import_module("inspect_ai").task_with
        return self.task if whole else with_data(copy(self.task), dataset=list(shard))


@dataclass(slots=True)
class _Gathered:
    """What the shards came to so far."""

    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    logs: list[str] = field(default_factory=list[str])
    usage: Counter[str] = field(default_factory=Counter[str])

    def add(self, records: list[dict[str, Any]], log: str, usage: Mapping[str, int]) -> None:
        """Take in one shard."""
        self.records += records
        self.logs.append(log)
        self.usage.update(usage)

    def run(self, emit: Emit, form: str) -> TaskRun:
        """Close: every record has every column."""
        rows = squared(self.records)
        return TaskRun(
            records=rows,
            samples_digest=emit.records(rows),
            log_digest=self.logs[-1] if self.logs else "",
            log_digests=tuple(self.logs),
            usage=dict(self.usage),
            form=form,
        )


def scorer_for(grader_name: str, column: str) -> Any:
    """Make an Inspect scorer out of one of our graders; works under plain ``inspect eval`` too.

    ``Score.value`` is ``{column: 1.0 | 0.0 | NaN}``, its explanation the reason, its metadata the
    span. It never returns None and never raises.
    """
    from tenure.measure.scorers import graded

    scorer: Any = graded(grader_name, column)
    scorer.column, scorer.grader = column, grader_name  # so that a review knows what was asked
    return scorer


def samples_of(task: Any) -> list[Any]:
    """Return the samples of a task with ids given; UsageError when ids repeat."""
    samples = [
        s.model_copy(update={"id": i} if s.id is None else {})
        for i, s in enumerate(task.dataset, 1)
    ]
    seen = [str(s.id) for s in samples]
    if len(set(seen)) != len(seen):
        twice = sorted({i for i in seen if seen.count(i) > 1})[:3]
        raise UsageError(f"sample ids repeat: {', '.join(twice)}; every sample needs its own")
    return samples


def _about(task: Any) -> dict[str, Any]:
    return dict(task.metadata or {})


def _epochs(task: Any) -> int:
    return task.epochs or 1


def _planned(samples: Sequence[Any], epochs: int) -> list[logs.Planned]:
    return [
        logs.Planned(id=s.id, epoch=e, prompt=logs.plain(s.input), metadata=s.metadata or {})
        for s in samples
        for e in range(1, epochs + 1)
    ]


def messages_of(sample: Any) -> list[dict[str, str]]:
    """Return a sample's input as the messages that an engine takes."""
    found = logs.plain(sample.input)
    return [{"role": "user", "content": found}] if isinstance(found, str) else found


def _config(task: Any, model: Model, max_tokens: int, seed: int) -> dict[str, Any]:
    """Settle the sampling: the task's own, else greedy; an API is not sent what it was not asked."""
    given = task.config
    config: dict[str, Any] = {
        "max_tokens": max_tokens,
        "temperature": 0.0 if given.temperature is None else given.temperature,
        "seed": seed,
    }
    if given.top_p is not None:
        config["top_p"] = given.top_p
    if given.stop_seqs:
        config["stop_seqs"] = list(given.stop_seqs)
    if model.kind == "api":
        config["max_retries"] = RETRIES
    return config


class How(TypedDict, total=False):
    """What else a run may be told: the engine by name, prompts per batch (32), the seed (0)."""

    engine: str | None
    batch: int
    seed: int


def _address(model: Model, view: View) -> str:
    """Name a model of ours for Inspect; a script that no dossier holds goes by its own string."""
    held = any(m.id == model.id for m in view.models())
    return model.source if model.kind == "scripted" and not held else f"tenure/{model.id}"


def run_task(
    task: Any,
    model: Model,
    view: View,
    emit: Emit,
    *,
    max_tokens: int,
    **how: Unpack[How],
) -> TaskRun:
    """Run a task over a model; resumes where a killed run stopped.

    ``engine``, ``batch`` and ``seed`` may be given. Replies of our own models need a task whose
    solver is ``generate`` on the sample's input; what else a solver asks is answered live by the
    provider. A task with ``metadata["live"]`` is answered live throughout, whoever answers; its
    metadata names what its world is made of, and is part of the key. Raises UsageError for repeated ids and reserved metadata names, EngineError when
    nothing was answered.
    """
    batch, seed = how.get("batch", 32), how.get("seed", 0)
    if batch < 1 or max_tokens < 1:
        raise UsageError(f"batch {batch} and max_tokens {max_tokens} must be at least 1")
    samples = samples_of(task)
    config = _config(task, model, max_tokens, seed)
    what = _What(task=task, model=model, samples=samples, config=config)
    if model.kind == "api":
        return _run_live(what, view, emit, _Asked(model=model.source, form="api", paid=True))
    made_of: Mapping[str, Any] = task.metadata or {}
    if made_of.get("live"):
        return _run_live(what, view, emit, _own(model, view, how.get("engine")))
    return _run_ahead(what, view, emit, (batch, how.get("engine")))


def _run_ahead(what: _What, view: View, emit: Emit, how: tuple[int, str | None]) -> TaskRun:
    """Have every reply made ahead in fixed batches; Inspect then evaluates with them."""
    batch, engine = how
    found = _Gathered()
    form = ""
    for start, shard in what.shards(batch):
        ahead = Ahead(
            prompts=[messages_of(s) for s in shard],
            config=what.config,
            engine=engine,
            batch=batch,
            what=f"{what.task.name}: replies of {what.model.id}",
            start=start,
            total=len(what.samples),
        )
        answered = answer(what.model, view, emit, ahead)
        job = Job(
            task=what.part(shard),
            model=_address(what.model, view),
            model_args={"dossier": str(view.root), "engine": answered.engine},
            config=what.config,
            folder=emit.scratch / f"logs-{start}",
        )
        log, path = evaluate(job)
        found.add(
            recount(log, _planned(shard, _epochs(what.task))), emit.file(path), answered.usage
        )
        path.unlink()
        form = answered.form
        if len(what.samples) > len(shard):
            import_module("tenure.models.replies").clear()
    return found.run(emit, form)


def _own(model: Model, view: View, engine: str | None) -> _Asked:
    """Say how a model of ours is asked live."""
    opened = import_module("tenure.models").engine(model, view, engine)
    return _Asked(
        model=_address(model, view),
        form=opened.form,
        paid=False,
        model_args={"dossier": str(view.root), "engine": opened.name},
        key={"engine": opened.name, "form": opened.form},
        # Greedy text of weights depends on which prompts share a batch, and that on timing.
        width=1 if model.kind == "weights" else WIDTH,
    )


def _run_live(what: _What, view: View, emit: Emit, asked: _Asked) -> TaskRun:
    """Evaluate in shards, each a unit; of an unfinished one every call that came back is kept."""
    found = _Gathered()
    for start, shard in what.shards(1):
        planned = _planned(shard, _epochs(what.task))
        inputs = {
            "model": what.model.digest,
            "task": what.task.name,
            "config": dict(what.config),
            "samples": digest_of([[p.id, p.epoch, p.prompt, dict(p.metadata)] for p in planned]),
            **asked.key,
        }
        if what.task.metadata:
            inputs["made_of"] = dict(what.task.metadata)
        said = f"{what.task.name}: {what.model.id}"
        journal = Journal(
            _journal_of(view, inputs),
            lambda calls, start=start, said=said: emit.progress(
                min(start + calls, len(what.samples)), len(what.samples), said
            ),
        )
        job = Job(
            task=what.part(shard),
            model=asked.model,
            model_args=asked.model_args,
            config=what.config,
            folder=emit.scratch / f"logs-{start}",
            journal=journal,
            paid=asked.paid,
            width=asked.width,
        )

        def do(job: Job = job, planned: list[logs.Planned] = planned) -> dict[str, Any]:
            log, path = evaluate(job)
            used = {"calls": logs.calls_of(log), **logs.usage_of(log)}
            address = emit.file(path)
            path.unlink()
            return {"records": recount(log, planned), "runtime": {"log": address, "usage": used}}

        done = emit.unit("shard", inputs, do)
        journal.remove()
        found.add(done["records"], done["runtime"]["log"], done["runtime"]["usage"])
        emit.progress(start + len(shard), len(what.samples), said)
    return found.run(emit, asked.form)


def _journal_of(view: View, inputs: Mapping[str, Any]) -> Path:
    """Say where the calls of a shard are written while it runs; beside the stages' scratch."""
    return view.root / "work" / "calls" / f"{digest_of(inputs).partition(':')[2]}.jsonl"


def plan(task: Any, max_tokens: int, model: Model) -> dict[str, Any]:
    """Say what a run asks for, to print before it costs anything.

    Returns calls, input_tokens (estimated at 4 characters each), output_tokens (the most that can
    come back), and cost in dollars, or None where no price is known. Prices are given to Inspect
    (``INSPECT_EVAL_MODEL_COST_CONFIG``: a YAML file, model -> input and output per million tokens).
    """
    samples = samples_of(task)
    # With tools a sample takes several calls, each of which reads all that went before.
    turns = int(_about(task).get("turns", 1))
    calls = len(samples) * _epochs(task) * turns
    text = sum(len(m["content"]) for s in samples for m in messages_of(s)) * _epochs(task) * turns
    text += calls * (turns - 1) // 2 * TURN_CHARACTERS
    tokens_in, tokens_out = -(-text // 4), calls * max_tokens
    cost = dollars_of(model, tokens_in, tokens_out)
    return {"calls": calls, "input_tokens": tokens_in, "output_tokens": tokens_out, "cost": cost}


def price_of(model: Model) -> tuple[float, float] | None:
    """Find the price in dollars per million tokens, in and out; None when nobody gave one."""
    path = os.environ.get(PRICES)
    if not path:
        return None
    listed = documents.read(path, _Prices).root
    name = model.source if model.source in listed else model.source.partition("/")[2]
    return (listed[name].input, listed[name].output) if name in listed else None


def dollars_of(model: Model, tokens_in: int, tokens_out: int) -> float | None:
    """Return what so many tokens cost in dollars: 0 for a model that is here, None where no price is known."""
    price = price_of(model) if model.kind == "api" else (0.0, 0.0)
    return None if price is None else (tokens_in * price[0] + tokens_out * price[1]) / 1e6
