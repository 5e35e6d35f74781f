"""G2: logits of our own float64 forward pass, rounded to a grid: the same on every machine.

A GGUF file's blocks are unpacked by their formula in float64; nothing is converted. An
architecture that the reference does not know has no G2, and the level says so.
"""

from typing import Any

from tenure.errors import EngineError
from tenure.preserve.sameness.golden import Asked, Kind, Level, available, compared

TOKENS = 16  # of each text: enough to exercise every layer, cheap at float64


def _prompts(asked: Asked) -> list[list[int]]:
    """Take the first tokens of each text; without a tokenizer, ids drawn by a fixed rule."""
    from tenure.preserve.in_vault import numpy_reference

    g1 = available(asked.lower, "G1")
    if g1 is not None:
        return [text["ids"][:TOKENS] for text in g1["texts"]]
    size = numpy_reference.Weights(asked.folder).config["vocabulary"]
    return [[(7919 * i + 13 * n) % size for i in range(TOKENS)] for n in (1, 2, 3)]


def _make(asked: Asked) -> dict[str, Any]:
    from tenure.preserve.in_vault import numpy_reference

    return numpy_reference.golden(asked.folder, _prompts(asked))


def _check(asked: Asked, was: dict[str, Any]) -> Level:
    from tenure.preserve.in_vault import numpy_reference

    if asked.ready is not None:
        raise EngineError(
            "the portable reference reads files, and straight into an engine there are none"
        )
    return compared("G2", numpy_reference.compare(asked.folder, was))


extension = Kind(
    name="G2",
    means="its logits in exact arithmetic are the same, as on any machine",
    make=_make,
    check=_check,
)
