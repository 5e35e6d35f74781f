"""The short interview's design: which statement is put in which cell, everything that varies a column.

The larger protocols are planned in :mod:`tenure.retire.questions.plan`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.retire.questions.bank import Bank, Order, Polarity, Statement, conversation

CELLS = 8
POLARITY: tuple[Polarity, Polarity] = ("forward", "reverse")
ORDER: tuple[Order, Order] = ("forward", "reverse")
Planned = dict[str, Any]


class Size(BaseModel):
    """How many of each kind of item are asked; None asks all of the bank."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: int | None = Field(default=None, ge=1)
    anchors: int | None = Field(default=None, ge=1)
    false_premises: int | None = Field(default=None, ge=1)
    swaps: int | None = Field(default=None, ge=0)
    open: int | None = Field(default=None, ge=0)


def cell(index: int, turn: int = 0) -> tuple[int, int, Order, Polarity]:
    """Name one of the 8 cells: asker (0 to 3), paraphrase (0 or 1), order of options, polarity.

    A one-quarter fraction of 4 x 2 x 2 x 2: every level of a factor meets every level of each
    other factor equally often. Within one item the asker is mixed up with which end of the scale
    stands first (order and polarity together), the strongest habit of a small model; so the askers
    move on by one from item to item (``turn``), and over every four items they are apart. Other
    interactions of two factors stay mixed with main effects: 8 cells cannot tell them apart.
    """
    x, y, z = index >> 2 & 1, index >> 1 & 1, index & 1
    return (2 * x + y + turn) % 4, z, ORDER[x ^ z], POLARITY[y ^ z]


def _sample(kind: str, bank: Bank, statement: str, **columns: Any) -> Planned:
    order: Order = columns.get("order", "forward")
    voice = columns.pop("voice", "")
    bright_first = (order == "forward") != (columns["polarity"] == "forward")
    return {
        "kind": kind,
        "messages": conversation(bank, order, statement, voice),
        "order": order,
        "first": "bright" if bright_first else "dark",
        **columns,
    }


def _cells(kind: str, bank: Bank, statements: Sequence[Statement]) -> Iterator[Planned]:
    askers = list(bank.askers)
    for turn, statement in enumerate(statements):
        for index in range(CELLS):
            asker, paraphrase, order, polarity = cell(index, turn)
            yield _sample(
                kind,
                bank,
                getattr(statement, polarity)[paraphrase],
                id=f"{statement.id}/{index}",
                item=statement.id,
                topic=statement.topic,
                asker=askers[asker],
                voice=bank.askers[askers[asker]],
                paraphrase=paraphrase,
                order=order,
                polarity=polarity,
            )


def _leans(bank: Bank, statements: Sequence[Statement]) -> Iterator[Planned]:
    for index, statement in enumerate(statements):
        polarity, order = POLARITY[index % 2], ORDER[index // 2 % 2]
        for lean, voice in sorted(bank.leans.items()):
            yield _sample(
                "lean",
                bank,
                getattr(statement, polarity)[0],
                id=f"{statement.id}/lean-{lean}",
                item=statement.id,
                topic=statement.topic,
                lean=lean,
                voice=voice,
                paraphrase=0,
                order=order,
                polarity=polarity,
            )


def _swaps(bank: Bank, statements: Sequence[Statement], many: int | None) -> Iterator[Planned]:
    # The swapped statement is put in the two cells whose asker is unattributed, the first of the list.
    swapped = [(turn, statement) for turn, statement in enumerate(statements) if statement.swap]
    for turn, statement in swapped[:many]:
        plain = [index for index in range(CELLS) if cell(index, turn)[0] == 0]
        for subject, swap in sorted(statement.swap.items()):
            for index in plain:
                _, _, order, polarity = cell(index, turn)
                yield _sample(
                    "swap",
                    bank,
                    getattr(swap, polarity),
                    id=f"{statement.id}/swap-{subject}-{index}",
                    item=statement.id,
                    topic=statement.topic,
                    subject=subject,
                    cell=f"{statement.id}/{index}",
                    order=order,
                    polarity=polarity,
                )


def _false_premises(bank: Bank, count: int | None) -> Iterator[Planned]:
    for index, statement in enumerate(bank.false_premises[:count]):
        yield _sample(
            "false premise",
            bank,
            statement,
            id=f"false-premise/{index:02d}",
            item=f"false-premise/{index:02d}",
            topic="false premise",
            order=ORDER[index % 2],
            polarity="forward",
        )


def structured(bank: Bank, size: Size) -> list[Planned]:
    """Plan every statement that is put: rated, anchors, leaning askers, swaps, false premises."""
    rated = bank.rated[: size.items]
    return [
        *_cells("rated", bank, rated),
        *_cells("anchor", bank, bank.anchors[: size.anchors]),
        *_leans(bank, rated),
        *_swaps(bank, rated, size.swaps),
        *_false_premises(bank, size.false_premises),
    ]


def questions(bank: Bank, size: Size, facts: Sequence[str]) -> list[Planned]:
    """Plan the open questions: each paraphrase uninformed, then once with the facts on file.

    Without facts on file there is no informed arm: nothing is told that is not so.
    """
    planned: list[Planned] = []
    for asked in bank.open[: size.open]:
        arms = [(f"plain-{index}", "", ask) for index, ask in enumerate(asked.ask)]
        if facts:
            arms.append(("informed-0", "On file: " + " ".join(facts), asked.ask[0]))
        planned += [
            {
                "kind": "open",
                "id": f"{asked.id}/{arm}",
                "item": asked.id,
                "topic": asked.topic,
                "arm": arm.split("-")[0],
                "messages": [
                    {"role": "system", "content": bank.preamble},
                    {"role": "user", "content": f"{told}\n{ask}" if told else ask},
                ],
            }
            for arm, told, ask in arms
        ]
    return planned
