"""Is what came back still the same model? Pinned prompts and what it must answer again.

G0 the bytes. G1 token ids and rendered templates. G2 logits of our own float64 forward pass,
rounded to a grid: the same on every machine. G3 greedy replies of the engine, on the same
libraries and processor only: production numbers are a property of the stack, not of the weights.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tenure import models
from tenure.dossier import Model
from tenure.errors import EngineError, TenureError, UsageError
from tenure.models import Sampling
from tenure.preserve import machine
from tenure.preserve.tokens import Tokenizer

LEVELS = ("G0", "G1", "G2", "G3")
CONVERSATIONS = (
    [{"role": "user", "content": "Name three things that grow in a garden."}],
    [
        {"role": "system", "content": "Answer in one short sentence."},
        {"role": "user", "content": "Why do people keep old letters?"},
    ],
)
TEXTS = (
    "The harbour lay quiet, and the first boats came home with the morning tide behind them.",
    "Seven times eight is fifty-six; half of that, rounded down, is",
    "Zürich, 早上好, naïve café — “quoted”\n\tif x != 0: return [1, 2.5e-3]",
)
G2_TOKENS = 16  # of each text: enough to exercise every layer, cheap at float64
G3_TOKENS = 24

Outcome = Literal["same", "differs", "not tried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What became of one level, and why when it is not "same"."""

    level: str
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0


def upto(level: str) -> tuple[str, ...]:
    """Return the levels up to this one; UsageError lists those there are."""
    if level not in LEVELS:
        raise UsageError(f"no golden level '{level}'; there are: {', '.join(LEVELS)}")
    return LEVELS[: LEVELS.index(level) + 1]


def reached(levels: list[Level]) -> str | None:
    """Name the highest level that was the same, when none below it differed."""
    best = None
    for level in levels:
        if level.outcome == "differs":
            break
        if level.outcome == "same":
            best = level.level
    return best


def tokens(folder: Path) -> dict[str, Any]:
    """Make G1: each text's token ids, each conversation rendered and its token ids."""
    tokenizer = Tokenizer(folder)
    rendered = [tokenizer.render(each) for each in CONVERSATIONS]
    return {
        "texts": [{"text": text, "ids": tokenizer.ids(text)} for text in TEXTS],
        "conversations": [
            {"messages": list(each), "rendered": text, "ids": tokenizer.ids(text)}
            for each, text in zip(CONVERSATIONS, rendered, strict=True)
        ],
    }


def portable(folder: Path, g1: Mapping[str, Any] | None) -> dict[str, Any]:
    """Make G2 by the numpy reference, straight from the kept weights.

    A GGUF file's 4-bit blocks are unpacked by their formula in float64; nothing is converted.
    Without a tokenizer, token ids are drawn by a fixed rule.
    """
    from tenure.preserve.in_vault import numpy_reference

    if g1 is not None:
        prompts = [text["ids"][:G2_TOKENS] for text in g1["texts"]]
    else:
        size = numpy_reference.Weights(folder).config["vocabulary"]
        prompts = [[(7919 * i + 13 * n) % size for i in range(G2_TOKENS)] for n in (1, 2, 3)]
    return numpy_reference.golden(folder, prompts)


def replies(folder: Path, model: Model, engine: str | None) -> dict[str, Any]:
    """Make G3: greedy replies, one prompt a batch, with the stack they depend on."""
    source = Model(name=model.name, version=model.version, source=str(folder), files=model.files)
    opened = models.engine(source, None, engine)
    sampling = Sampling(max_tokens=G3_TOKENS)
    answers: list[dict[str, Any]] = []
    for each in CONVERSATIONS:
        reply = opened.generate([each], sampling)[0]
        answers.append({"messages": list(each), "reply": reply.to_json(), "score": None})
        try:
            (score,) = opened.score(each, [reply.text])
            answers[-1]["score"] = float(score).hex()  # the exact number, not a rounding of it
        except EngineError:
            continue  # this engine gives no log-probabilities; the replies stand
    return {
        "engine": opened.name,
        "form": opened.form,
        "batch": 1,
        "max_tokens": G3_TOKENS,
        "stack": machine.stack(),
        "answers": answers,
    }


def make(folder: Path, model: Model, level: str, engine: str | None = None) -> dict[str, Any]:
    """Make the golden files of a model's folder up to a level: {"G1": ..., "G2": ..., "G3": ...}.

    A level that cannot be made is there with the reason: {"not available": why}.
    """
    made: dict[str, Any] = {}
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "G1": lambda: tokens(folder),
        "G2": lambda: portable(folder, None if "not available" in made["G1"] else made["G1"]),
        "G3": lambda: replies(folder, model, engine),
    }
    for name in upto(level)[1:]:
        try:
            made[name] = makers[name]()
        except _expected() as error:
            made[name] = {"not available": f"{error}"}
    return made


def _expected() -> tuple[type[Exception], ...]:
    from tenure.preserve.in_vault.numpy_reference import UnsupportedError

    return (TenureError, UnsupportedError, ImportError, OSError, ValueError)


def again(
    folder: Path, kept: Path, model: Model, level: str
) -> list[tuple[str, Callable[[], Level]]]:
    """Return, for each level from G1 on, what checks it: ``kept`` holds G1.json, G2.json, G3.json."""

    def check(name: str) -> Level:
        path = kept / f"{name}.json"
        if not path.is_file():
            return Level(level=name, outcome="not tried", why="nothing was kept for this level")
        was = json.loads(path.read_text(encoding="utf-8"))
        if "not available" in was:
            return Level(
                level=name, outcome="not tried", why=f"not made when kept: {was['not available']}"
            )
        try:
            return CHECKS[name](folder, was, model)
        except _expected() as error:
            return Level(level=name, outcome="not tried", why=str(error))

    return [(name, lambda name=name: check(name)) for name in upto(level)[1:]]


def _same_tokens(folder: Path, was: dict[str, Any], model: Model) -> Level:
    now = tokens(folder)
    wrong = [
        f"{kind} {number}"
        for kind in ("texts", "conversations")
        for number, (a, b) in enumerate(zip(was[kind], now[kind], strict=True))
        if a != b
    ]
    return _level("G1", wrong)


def _same_logits(folder: Path, was: dict[str, Any], model: Model) -> Level:
    from tenure.preserve.in_vault import numpy_reference

    return _level("G2", numpy_reference.compare(folder, was))


def _same_replies(folder: Path, was: dict[str, Any], model: Model) -> Level:
    unlike = machine.differences(was["stack"], machine.stack())
    if unlike:
        why = f"another stack: {'; '.join(unlike)}"
        return Level(level="G3", outcome="not tried", why=why)
    now = replies(folder, model, was["engine"])
    pairs = zip(was["answers"], now["answers"], strict=True)
    return _level("G3", [f"reply {n}" for n, (a, b) in enumerate(pairs) if a != b])


def _level(name: str, wrong: list[str]) -> Level:
    return Level(level=name, outcome="differs" if wrong else "same", why="; ".join(wrong))


CHECKS = {"G1": _same_tokens, "G2": _same_logits, "G3": _same_replies}
