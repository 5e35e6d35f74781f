"""Any model that Inspect reaches, by its model string, outside of an evaluation.

Generation only: an API tells no log-probabilities of given text and no token counts that could be
relied upon. Calls go out together, at most ``CONNECTIONS`` at a time. Same question, other answer
is in such a model's nature: ``generate`` is only as reproducible as the provider.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import EngineError
from tenure.models.talk import EngineKind, Messages, Reply, Sampling

T = TypeVar("T")
CONNECTIONS = 16
RETRIES = 6  # with growing pauses, about three minutes; Inspect's default is to go on for ever


class Inspect:
    """A model behind an API."""

    name = "inspect"
    form = "api"

    def __init__(self, source: str) -> None:
        from inspect_ai.model import get_model

        self._source = source
        # One loop for the engine's life: HTTP clients belong to the loop they were made in.
        self._loop = asyncio.new_event_loop()
        try:
            self._model: Any = self._run(self._get(get_model))
        except Exception as error:
            self._loop.close()
            raise EngineError(
                f"'{source}' cannot be reached: {_line(error)}; check the string and its key"
            ) from error

    async def _get(self, get_model: Any) -> Any:
        return get_model(self._source, memoize=False)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def generate(self, prompts: Sequence[Messages], sampling: Sampling) -> list[Reply]:
        """Ask for every reply, in parallel, and return them in order."""
        return self._run(self._all(prompts, sampling)) if prompts else []

    async def _all(self, prompts: Sequence[Messages], sampling: Sampling) -> list[Reply]:
        room = asyncio.Semaphore(CONNECTIONS)

        async def one(messages: Messages) -> Reply:
            async with room:
                return await self._one(messages, sampling)

        return list(await asyncio.gather(*(one(m) for m in prompts)))

    async def _one(self, messages: Messages, sampling: Sampling) -> Reply:
        from inspect_ai.model import (
            ChatMessageAssistant,
            ChatMessageSystem,
            ChatMessageUser,
            GenerateConfig,
        )

        kinds = {
            "system": ChatMessageSystem,
            "user": ChatMessageUser,
            "assistant": ChatMessageAssistant,
        }
        config = GenerateConfig(
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            top_p=sampling.top_p if sampling.top_p < 1 else None,
            seed=sampling.seed,
            stop_seqs=list(sampling.stop) or None,
            max_retries=RETRIES,
        )
        asked = [kinds[m["role"]](content=m["content"]) for m in messages]
        try:
            output = await self._model.generate(asked, config=config)
        except Exception as error:
            raise EngineError(f"'{self._source}' did not answer: {_line(error)}") from error
        if output.empty:
            raise EngineError(
                f"'{self._source}' answered with nothing: {output.error or 'no choice'}"
            )
        usage = output.usage
        return Reply(
            text=output.completion,
            prompt_tokens=usage.input_tokens if usage else 0,
            tokens=usage.output_tokens if usage else 0,
            stop="length" if output.stop_reason in ("max_tokens", "model_length") else "stop",
        )

    def stream(self, messages: Messages, sampling: Sampling) -> Iterator[str]:
        """Give the whole reply as one piece: Inspect has no stream to pass on."""
        yield self.generate([messages], sampling)[0].text

    def score(self, messages: Messages, continuations: Sequence[str]) -> list[float]:
        """Refuse: an API does not tell the probability of given text.

        Raises:
            EngineError: always.
        """
        raise EngineError(
            f"'{self._source}' is behind an API, which does not score given text; use weights"
        )

    def tokens(self, text: str) -> int:
        """Estimate: four characters a token (an API's tokenizer is not here)."""
        return -(-len(text) // 4)

    def close(self) -> None:
        """Close the client and its loop."""
        if not self._loop.is_closed():
            self._run(self._model.__aexit__(None, None, None))
            self._loop.close()


def _line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}"


def _fits(model: Model, _view: View | None) -> str:
    return "" if model.kind == "api" else f"'{model.id}' is not behind an API"


extension = EngineKind(
    name="inspect",
    kinds=("api",),
    fits=_fits,
    open=lambda model, _view: Inspect(model.source),
    memory=lambda _model, _view: 50 << 20,
)
