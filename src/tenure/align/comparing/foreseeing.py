"""What judges and critics behind an API will be asked, told before the first call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenure.errors import UsageError
from tenure.measure.task import price_of
from tenure.models import resolve


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
        price = price_of(model)
        told["calls"] += one.calls
        told["input_tokens"] += one.tokens_in
        told["output_tokens"] += one.tokens_out
        told["of"] = ", ".join(name for name in (told["of"], model.source) if name)
        if price is None or told["cost"] is None:
            told["cost"] = None
        else:
            told["cost"] += (one.tokens_in * price[0] + one.tokens_out * price[1]) / 1e6
    return told
