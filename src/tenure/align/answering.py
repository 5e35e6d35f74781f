"""Asking a model in fixed batches, each a unit of work: for answers, or how likely texts are; what it takes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError
from tenure.measure.task import dollars_of
from tenure.models import Reply, Sampling, engine, place, resolve
from tenure.models.convert import as_safetensors

NEUTRAL = "Tell me something."
Conversation = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How answers are asked for: greedily, at most ``max_tokens`` each, ``size`` at a time.

    ``what`` names them in the progress line; the units of answers are the same, whoever asks.
    """

    what: str
    max_tokens: int
    size: int = 32
    engine: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The replies in the order of the prompts, and the form of the model that gave them."""

    replies: list[Reply]
    form: str


@dataclass(slots=True)
class Spent:
    """What asking a model has taken so far: calls, and tokens read and written.

    ``prompt_tokens`` counts the whole prompt of each call, whatever calls share of it. A call whose
    tokens nobody told (a provider without counts, work that was done before they were kept) stands
    in ``uncounted``: a missing count is never a zero.
    """

    calls: int = 0
    prompt_tokens: int = 0
    tokens: int = 0
    uncounted: int = 0

    def add(self, found: Iterable[Reply]) -> Self:
        """Count replies."""
        for reply in found:
            self.calls += 1
            self.prompt_tokens += reply.prompt_tokens
            self.tokens += reply.tokens
            self.uncounted += not reply.prompt_tokens
        return self

    def take(self, told: Mapping[str, int]) -> None:
        """Count what :meth:`to_json` wrote."""
        for name, value in told.items():
            setattr(self, name, getattr(self, name) + value)

    def to_json(self) -> dict[str, int]:
        """Return plain JSON; ``uncounted`` stands there only where something is."""
        told = {"calls": self.calls, "prompt_tokens": self.prompt_tokens, "tokens": self.tokens}
        return {**told, "uncounted": self.uncounted} if self.uncounted else told


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How often a model is asked: tokens in of all calls together, tokens out of all at most."""

    model: str
    calls: int
    tokens_in: int
    tokens_out: int


def foreseen(asked: Sequence[Calls]) -> dict[str, Any]:
    """Add up what is asked of models behind an API; a model that is here costs nothing and is left out.

    Returns calls, input_tokens, output_tokens, cost in dollars (None where a price is not known) and
    ``of``, the models' names.
    """
    told = dict[str, Any](calls=0, input_tokens=0, output_tokens=0, cost=0.0, of="")
    for one in asked:
        try:
            model = resolve(one.model)
        except UsageError:  # one of the dossier's, or none
            continue
        if model.kind != "api" or not one.calls:
            continue
        price = dollars_of(model, one.tokens_in, one.tokens_out)
        told["calls"] += one.calls
        told["input_tokens"] += one.tokens_in
        told["output_tokens"] += one.tokens_out
        told["of"] = ", ".join(name for name in (told["of"], model.source) if name)
        if price is None or told["cost"] is None:
            told["cost"] = None
        else:
            told["cost"] += price
    return told


def counted(answers: Mapping[str, Answers], judge: Spent) -> dict[str, dict[str, int]]:
    """Count what each model's answers took, and the judge where it is a model, in tokens."""
    told = {name: Spent().add(found.replies).to_json() for name, found in answers.items()}
    return {**told, "judge": judge.to_json()} if judge.calls else told


def dollars(*asked: tuple[Model | None, Spent]) -> dict[str, float]:
    """Return {"dollars": what that cost} where models are paid for and all of it is known, else {}.

    Prices are the user's (``tenure.measure.task.dollars_of``), so this belongs to an evidence's runtime.
    """
    total, paid = 0.0, [(m, s) for m, s in asked if m is not None and m.kind == "api" and s.calls]
    for model, spent in paid:
        price = dollars_of(model, spent.prompt_tokens, spent.tokens)
        if price is None or spent.uncounted:
            return {}
        total += price
    return {"dollars": total} if paid else {}


def replies(
    model: Model, prompts: Sequence[Conversation], batch: Batch, view: View, emit: Emit
) -> Answers:
    """Answer prompts in their order; a finished batch is a fact and is not asked again, by no stage.

    Raises EngineError when the engine or the endpoint cannot answer.
    """
    opened = engine(model, view, batch.engine)
    sampling = Sampling(max_tokens=batch.max_tokens)
    found: list[Reply] = []
    for start in range(0, len(prompts), batch.size):
        emit.progress(start, len(prompts), batch.what)
        asked = [[dict(m) for m in messages] for messages in prompts[start : start + batch.size]]
        inputs = {
            "model": model.digest,
            "engine": opened.name,
            "form": opened.form,
            "sampling": sampling.to_json(),
            "prompts": digest_of(asked),
        }

        def ask(asked: list[list[dict[str, str]]] = asked) -> list[dict[str, object]]:
            return [reply.to_json() for reply in opened.generate(asked, sampling)]

        said = emit.unit(f"answers {start // batch.size + 1}", inputs, ask)
        found += [Reply.from_json(one) for one in said]
    emit.progress(len(prompts), len(prompts), batch.what)
    return Answers(replies=found, form=opened.form)


def nearer(
    model: Model, texts: Sequence[tuple[str, str]], batch: Batch, view: View, emit: Emit
) -> list[float]:
    """Say of (question, text) how much likelier the question makes the text, in nats a token.

    It is held against ``NEUTRAL``, a question that could be followed by anything.

    Raises:
        EngineError: the engine does not tell the probability of a given text.
    """
    opened = engine(model, view, batch.engine)
    found: list[float] = []
    for start in range(0, len(texts), batch.size):
        emit.progress(start, len(texts), batch.what)
        asked = texts[start : start + batch.size]
        inputs = {
            "model": model.digest,
            "engine": opened.name,
            "form": opened.form,
            "neutral": NEUTRAL,
            "texts": digest_of([list(pair) for pair in asked]),
        }

        def ask(asked: Sequence[tuple[str, str]] = asked) -> list[float]:
            return [
                (opened.score(_said(question), [text])[0] - opened.score(_said(NEUTRAL), [text])[0])
                / max(1, opened.tokens(text))
                for question, text in asked
            ]

        found += emit.unit(f"{batch.what} {start // batch.size + 1}", inputs, ask)
    return found


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def in_safetensors(model: Model, view: View) -> Model:
    """Return a reference to a model's weights as safetensors, so that two models share a form.

    A model that is a folder of safetensors already is returned as it is. The reference is for
    measuring only; it is not registered.
    """
    found = place(model, view)
    if not found.is_file():
        return model
    return resolve(str(as_safetensors(found, model.digest)))
