"""G3: the engine's greedy replies and exact log-probabilities, on the same libraries and processor.

Production numbers are a property of the stack, not of the weights: batch 1, the engine's own
number format and threads, and a stack that is the same in every line, or the level is not tried.
"""

from typing import Any

from tenure import models
from tenure.dossier import Model
from tenure.errors import EngineError
from tenure.models import Sampling
from tenure.preserve.kit import machine
from tenure.preserve.sameness.golden import CONVERSATIONS, TEXTS, Asked, Kind, Level, compared

TOKENS = 24


def opened(asked: Asked, engine: str | None) -> Any:
    """Open the engine on the folder as it lies there, whatever a dossier holds."""
    if asked.ready is not None:
        return asked.ready
    model = asked.model
    source = Model(
        name=model.name, version=model.version, source=str(asked.folder), files=model.files
    )
    return models.engine(source, None, engine)


def replies(asked: Asked, engine: str | None) -> dict[str, Any]:
    """Give greedy replies one prompt a batch, the exact score of each, and that of each text."""
    ready = opened(asked, engine)
    answers: list[dict[str, Any]] = []
    for each in CONVERSATIONS:
        reply = ready.generate([each], Sampling(max_tokens=TOKENS))[0]
        score = _scores(ready, each, [reply.text])[0]
        answers.append({"messages": list(each), "reply": reply.to_json(), "score": score})
    return {
        "engine": ready.name,
        "form": ready.form,
        "batch": 1,
        "max_tokens": TOKENS,
        "stack": machine.stack(),
        "answers": answers,
        # Logits of every token of the pinned texts enter these sums, to the last bit.
        "texts": _scores(ready, CONVERSATIONS[0], TEXTS),
    }


def _scores(ready: Any, messages: Any, texts: Any) -> list[str | None]:
    """Give exact sums of log-probabilities, None where the engine has none; the replies stand."""
    try:
        return [float(score).hex() for score in ready.score(messages, list(texts))]
    except EngineError:
        return [None for _ in texts]


def _make(asked: Asked) -> dict[str, Any]:
    return replies(asked, asked.engine)


def _check(asked: Asked, was: dict[str, Any]) -> Level:
    unlike = machine.differences(was["stack"], machine.stack())
    if unlike:
        why = f"another stack: {'; '.join(unlike)}"
        return Level(level="G3", outcome="not tried", why=why)
    if asked.ready is not None and asked.ready.name != was["engine"]:
        why = (
            f"its replies were kept with the engine {was['engine']}, this one is {asked.ready.name}"
        )
        return Level(level="G3", outcome="not tried", why=why)
    now = replies(asked, was["engine"])
    pairs = zip(was["answers"], now["answers"], strict=True)
    wrong = [f"reply {n}" for n, (a, b) in enumerate(pairs) if a != b]
    texts = zip(was.get("texts", ()), now["texts"], strict=False)
    wrong += [f"text {n}" for n, (a, b) in enumerate(texts) if a != b]
    return compared("G3", wrong)


extension = Kind(
    name="G3",
    means="the engine's replies are the same, word for word, on the stack it was kept with",
    make=_make,
    check=_check,
)
