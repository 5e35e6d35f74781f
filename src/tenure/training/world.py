"""The processes that share one training; alone, there is nothing to share.

The prompts of a step are dealt out by their place, gradients are added up, and what was drawn is
told to all, so that every process scores the same batch and comes to the same end.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class World:
    """``rank`` of ``size`` processes."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Say whether this is the process that writes."""
        return self.rank == 0

    def mine(self, many: int) -> list[int]:
        """Return the places of ``many`` that this process works on."""
        return list(range(self.rank, many, self.size))

    def total(self, tensor: Any) -> Any:
        """Return the sum of a tensor over all processes."""
        if self.size > 1:
            from torch import distributed

            distributed.all_reduce(tensor)
        return tensor

    def told(self, mine: Mapping[int, Any]) -> list[Any]:
        """Return what all processes have by place; plain JSON, so that nothing is unpickled."""
        held = {str(place): value for place, value in mine.items()}
        for other in self._texts(json.dumps(held)) if self.size > 1 else ():
            held |= json.loads(other)
        return [held[str(place)] for place in range(len(held))]

    def _texts(self, text: str) -> list[str]:
        import torch
        from torch import distributed

        own = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
        sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        distributed.all_gather(sizes, torch.tensor([len(own)]))
        most = max(int(one) for one in sizes)
        padded = torch.zeros(most, dtype=torch.uint8)
        padded[: len(own)] = own
        found = [torch.zeros(most, dtype=torch.uint8) for _ in range(self.size)]
        distributed.all_gather(found, padded)
        return [
            bytes(one[: int(size)].tolist()).decode()
            for one, size in zip(found, sizes, strict=True)
        ]
