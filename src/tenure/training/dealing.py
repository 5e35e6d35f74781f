"""How the rows of a step are dealt out to several processes, so that together they do what one does.

One process reads a step's rows in helpings of a few at once and adds their gradients up. Several take
these helpings in turn. Where the last step of an epoch has too few to go round, some are given nothing:
a row with no token to learn from, since all must come to the same sums. (Accelerate's own samplers
repeat rows there, which would train on them twice.)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.training.world import World

AT_ONCE = 4  # rows; of 150 tokens each, a 135M model stays below 2.5 GiB
NOTHING = 2  # tokens of a row that nothing is learned from; of one alone no next token can be asked


def at_once(batch: int, processes: int) -> int:
    """Return how many rows a process reads at once: as many as go evenly into its share of a batch."""
    return max(n for n in range(1, AT_ONCE + 1) if batch % (n * processes) == 0)


def helpings(order: Sequence[int], batch: int, world: World) -> list[list[int]]:
    """Return what this process reads of the rows in ``order``, step by step; an empty list is nothing."""
    many = at_once(batch, world.size)
    found: list[list[int]] = []
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        all_of_it = [list(rows[i : i + many]) for i in range(0, len(rows), many)]
        all_of_it += [[] for _ in range(-len(all_of_it) % world.size)]
        found += all_of_it[world.rank :: world.size]
    return found


@dataclass(slots=True)
class Dealt:
    """This process's share of the rows, collated: what a trainer reads, once for each epoch.

    ``sampler`` gives the order of an epoch, the same in every process; ``idle`` counts the tokens
    that were read of rows of nothing.
    """

    dataset: Any
    sampler: Any
    collate: Any
    batch: int
    world: World
    idle: int = 0

    def __len__(self) -> int:
        """Return how many helpings an epoch has."""
        return len(helpings(range(len(self.dataset)), self.batch, self.world))

    def __iter__(self) -> Iterator[Any]:
        """Read an epoch."""
        for rows in helpings(list(self.sampler), self.batch, self.world):
            yield self.collate([self.dataset[i] for i in rows] or [self._nothing()])

    def _nothing(self) -> dict[str, Any]:
        ids = self.dataset[0]["input_ids"][:NOTHING]
        self.idle += len(ids)
        return {"input_ids": ids, "labels": [-100] * len(ids)}
