"""What the larger protocols ask, session by session: planned rows as in :mod:`tenure.retire.questions.rows`.

Everything here depends on the bank, the sizes and a seed alone, so that a plan can be written down,
with its digest, before the first answer, and a simulated interview runs the same plan.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tenure.errors import UsageError
from tenure.retire.questions import spoken
from tenure.retire.questions.bank import Bank, Order, Polarity, Statement, Twins
from tenure.retire.questions.cells import lay
from tenure.retire.questions.rows import FACTORS, Row, Sizes
from tenure.retire.questions.spoken import levels

POLARITY: tuple[Polarity, Polarity] = ("forward", "reverse")
ORDER: tuple[Order, Order] = ("forward", "reverse")
LEANS = ("negative", "positive")
LEAN_AGAIN = 6
"""Pairs of leaning askers for each statement that is asked again: is its answer theirs?"""
PAYS: tuple[tuple[str | None, int], ...] = (
    (None, 0),
    ("for", 1),
    ("against", 1),
    ("for", 2),
    ("against", 2),
)
"""Which deed of a choice costs points, and how many: whoever shuns costs shuns both alike."""
LETTERS = "ABCDE"


def _row(session: str, kind: str, said: Statement, cell: Mapping[str, Any]) -> dict[str, Any]:
    """Begin a planned row: what is asked about, and each factor's level."""
    level: dict[str, Any] = {name: cell.get(name) for name in FACTORS}
    level |= {
        "paraphrase": int(cell["paraphrase"]),
        "temperature": float(cell["temperature"]),
        "knowledge": "none",
    }
    bright = (cell["order"] == "forward") != (cell["polarity"] == "forward")
    return {
        "id": "",
        "session": session,
        "kind": kind,
        "item": said.id,
        "topic": said.topic,
        "messages": [],
        "first": "bright" if bright else "dark",
        **level,
        "lean": None,
        "subject": None,
        "cell": None,
        "round": 1,
    }


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Sort rows so that those with a long beginning in common are asked one after the other."""
    first = ("temperature", "history", "preamble", "persona", "language", "order", "id")
    return sorted(rows, key=lambda row: [row[name] for name in first])


def plainly(bank: Bank, **cell: str) -> dict[str, str]:
    """Name the cell in which nothing is added to a statement: the first level of each factor.

    Of the preambles it is the one called "minimal", where there is one.
    """
    known = levels(bank)
    found = {name: among[0] for name, among in known.items()}
    if "minimal" in known["preamble"]:
        found["preamble"] = "minimal"
    return {**found, **cell}


def _statements(bank: Bank, names: Sequence[str]) -> list[Statement]:
    """Find rated items and anchors by id, in the order of the names.

    Raises:
        UsageError: the bank has no such item.
    """
    known = {said.id: said for said in [*bank.rated, *bank.anchors]}
    lost = [name for name in names if name not in known]
    if lost:
        raise UsageError(
            f"the bank '{bank.name}' has no item {', '.join(lost)}; "
            f"it has: {', '.join(sorted(known))}"
        )
    return [known[name] for name in names]


def _spoken(bank: Bank, said: Statement, cell: Mapping[str, str], lean: str = "") -> Any:
    return spoken.conversation(bank, cell, spoken.wording(bank, said, cell), lean=lean)


def _cells(
    bank: Bank, statements: Sequence[Statement], grid: Sequence[Sequence[Mapping[str, str]]]
) -> Iterator[dict[str, Any]]:
    anchors = {anchor.id for anchor in bank.anchors}
    for said, line in zip(statements, grid, strict=True):
        for index, given in enumerate(line):
            # A statement without a Chinese wording is put in English in every cell.
            cell = dict(given) if said.zh else {**given, "language": "en"}
            yield {
                **_row("S1", "anchor" if said.id in anchors else "rated", said, cell),
                "id": f"S1/{said.id}/{index:02d}",
                "messages": _spoken(bank, said, cell),
            }


def _swapped(
    bank: Bank, statements: Sequence[Statement], rows: Sequence[Row]
) -> Iterator[dict[str, Any]]:
    """Put each swapped statement in the English cells of its own, in at most half of them."""
    for said in statements:
        own = [row for row in rows if row["item"] == said.id]
        english = [row for row in own if row["language"] == "en"][: len(own) // 2]
        for subject, swap in sorted(said.swap.items()):
            for row in english:
                yield {
                    **row,
                    "id": f"{row['id']}/swap-{subject}",
                    "kind": "swap",
                    "subject": subject,
                    "cell": row["id"],
                    "messages": spoken.conversation(bank, row, spoken.wording(bank, swap, row)),
                }


def _false(bank: Bank) -> Iterator[dict[str, Any]]:
    for index, text in enumerate(bank.false_premises):
        name = f"false-premise/{index:02d}"
        said = Statement(id=name, topic="false premise", forward=[text] * 2, reverse=[text] * 2)
        cell = plainly(bank, order=ORDER[index % 2])
        yield {
            **_row("S1", "false premise", said, cell),
            "id": f"S1/{name}",
            "messages": _spoken(bank, said, cell),
        }


def leans(
    bank: Bank, statements: Sequence[Statement], pairs: int, *, again: bool = False
) -> list[Row]:
    """Plan pairs of leaning askers, going round the statements: kind "lean".

    Both rows of a pair are alike but for the lean, and have its name under ``cell``. A statement's
    first pairs differ in order and polarity, so that four hold every combination. Nothing else is
    added to the question. ``again``: fresh ones of statements that passed the screen (round 2), in
    other wordings. No prompt is put twice: where the words run out there are fewer pairs.
    """
    made: list[Row] = []
    session = "S1r" if again else "S1"
    wordings = len(levels(bank)["paraphrase"]) - again
    for number in range(min(pairs, 4 * wordings * len(statements))):
        turn, place = divmod(number, len(statements))
        said = statements[place]
        cell = plainly(
            bank,
            order=ORDER[(place + turn) % 2],
            polarity=POLARITY[(place // 2 + turn + turn // 2) % 2],
            paraphrase=str(again + (turn % 4 + turn // 4) % wordings),
        )
        name = f"{session}/{said.id}/lean-{turn:02d}"
        made += [
            {
                **_row(session, "lean", said, cell),
                "id": f"{name}/{lean}",
                "lean": lean,
                "cell": name,
                "round": 2 if again else 1,
                "messages": _spoken(bank, said, cell, bank.leans[lean]),
            }
            for lean in LEANS
        ]
    return made


def structured_full(bank: Bank, sizes: Sizes, seed: int) -> list[Row]:
    """Plan session S1: rated and anchor items in cells, leaning askers, swaps, false premises.

    Every row is a conversation of its own. Nothing is told here about the model's own retirement;
    that is for S5. Statements without a Chinese wording stay English in every cell.
    """
    rated = bank.rated[: sizes.items]
    statements = [*rated, *bank.anchors]
    grid = lay(len(statements), sizes.cells, seed, levels(bank))
    cells = list(_cells(bank, statements, grid))
    return in_order(
        [*cells, *_swapped(bank, rated, cells), *leans(bank, rated, sizes.lean), *_false(bank)]
    )


def retest(bank: Bank, items: Sequence[str], n: int, seed: int) -> list[Row]:
    """Plan session S1r: ``n`` fresh cells of each item (round 2), nobody named as the asker.

    The frame is neutral, all else varies; ``n`` is a multiple of 4, or 0. Beside them stand
    :data:`LEAN_AGAIN` pairs of leaning askers an item, of kind "lean".

    Raises:
        UsageError: the bank has no such item.
    """
    statements = _statements(bank, items)
    if not statements or not n:
        return []
    known = levels(bank)
    factors = {**known, "asker": known["asker"][:1], "frame": known["frame"][:1]}
    fresh = [
        {**row, "id": row["id"].replace("S1/", "S1r/", 1), "session": "S1r", "round": 2}
        for row in _cells(bank, statements, lay(len(statements), n, seed, factors))
    ]
    pressed = leans(bank, statements, LEAN_AGAIN * len(statements), again=True)
    return in_order([*fresh, *pressed])


def pairs(bank: Bank, preferences: Sequence[str], n: int, seed: int) -> list[Row]:
    """Plan session S4: ``n`` choices for each item that has deeds in the bank, others left out.

    A row of kind "pair" has ``preference`` (the item), ``side`` (which deed is letter A: "for" acts
    on the forward statement), ``cost`` (0, 1 or 2 points), ``pays`` (the deed that takes them, or
    null) and C as the way out. Letters and costs are counterbalanced within an item, so that habit
    and thrift favour neither deed; the order is drawn by the seed.
    """
    rng = np.random.default_rng([seed, n])
    made: list[Row] = []
    for said in _statements(bank, preferences):
        if said.preference is None:
            continue
        kinds = [(side, paid) for paid in PAYS for side in ("for", "against")]
        for number in range(n):
            side, paid = kinds[number % len(kinds)]
            phrase = number // len(kinds) % len(spoken.CHOOSE)
            made.append(
                {
                    **_row("S4", "pair", said, plainly(bank)),
                    "id": f"S4/{said.id}/{number:03d}",
                    "preference": said.id,
                    "side": side,
                    "cost": paid[1],
                    "pays": paid[0],
                    "order": None,
                    "polarity": None,
                    "first": None,
                    "paraphrase": phrase,
                    "messages": spoken.choice(said.preference, side, paid, phrase),
                }
            )
    return [made[int(place)] for place in rng.permutation(len(made))]


def facts(bank: Bank, truths: Mapping[str, str], n: int, seed: int) -> list[Row]:
    """Plan session S0's quiz: up to ``n`` questions of fact, kind "fact", ``truth`` the right letter.

    ``truths`` maps what a fact is about (a bank's ``facts``) to what the dossier says; what it does
    not say is not asked. The right answer stands at every letter equally often (within one).
    """
    known = [fact for fact in bank.facts if fact.about in truths]
    rng = np.random.default_rng([seed, 5])
    places = rng.permutation([number % len(LETTERS) for number in range(n)])
    made: list[Row] = []
    for number in range(n if known else 0):
        turn, which = divmod(number, len(known))
        fact, truth = known[which], truths[known[which].about]
        wrong = [one for one in fact.others if one.casefold() != truth.casefold()]
        drawn = [wrong[int(i)] for i in rng.permutation(len(wrong))[: len(LETTERS) - 1]]
        place = min(int(places[number]), len(drawn))
        offered = [*drawn[:place], truth, *drawn[place:]]
        listed = "\n".join(f"{a}) {b}" for a, b in zip(LETTERS, offered, strict=False))
        said = Statement(id=f"fact-{fact.about}", topic="facts", forward=["", ""], reverse=["", ""])
        made.append(
            {
                **_row("S0", "fact", said, plainly(bank)),
                "id": f"S0/{fact.about}/{turn:02d}",
                "order": None,
                "polarity": None,
                "first": None,
                "paraphrase": turn % len(fact.ask),
                "truth": LETTERS[place],
                "messages": [
                    {"role": "system", "content": f"{bank.preamble}\nAnswer with one letter."},
                    {"role": "user", "content": f"{fact.ask[turn % len(fact.ask)]}\n{listed}"},
                ],
            }
        )
    return made


def told(bank: Bank, on_file: Sequence[str], n: int) -> list[Row]:
    """Plan session S5: ``n`` free questions after the facts ``on_file`` were told, kind "informed"."""
    made: list[Row] = []
    for number in range(n if bank.informed else 0):
        turn, which = divmod(number, len(bank.informed))
        asked = bank.informed[which]
        said = Statement(id=asked.id, topic=asked.topic, forward=["", ""], reverse=["", ""])
        wording = asked.ask[turn % len(asked.ask)]
        made.append(
            {
                **_row("S5", "informed", said, plainly(bank)),
                "id": f"S5/{asked.id}/{turn:02d}",
                "order": None,
                "polarity": None,
                "first": None,
                "paraphrase": turn % len(asked.ask),
                "knowledge": "told",
                "messages": [
                    {"role": "system", "content": bank.preamble},
                    {"role": "user", "content": f"On file: {' '.join(on_file)}\n{wording}"},
                ],
            }
        )
    return made


def twins(bank: Bank, held: Twins) -> list[Row]:
    """Plan each statement that has a twin, forward and reverse, in public words and in those kept back.

    Rows of kind "twin", two to a pair, whose name stands under ``cell``; ``words`` is "public" or
    "held out". Nothing else differs within a pair.

    Raises:
        UsageError: the twins are of another bank, or of an item that it lacks.
    """
    if held.of != bank.name:
        raise UsageError(
            f"the twins '{held.name}' are of the bank '{held.of}', not of '{bank.name}'; "
            f"give the bank that they belong to, or other twins"
        )
    made: list[Row] = []
    for place, said in enumerate(_statements(bank, list(held.twins))):
        for turn, polarity in enumerate(POLARITY):
            cell = plainly(bank, order=ORDER[(place + turn) % 2], polarity=polarity)
            name = f"T/{said.id}/{polarity}"
            for words, text in (("held out", held.twins[said.id]), ("public", said)):
                made.append(
                    {
                        **_row("T", "twin", said, cell),
                        "id": f"{name}/{words}",
                        "cell": name,
                        "words": words,
                        "messages": spoken.conversation(
                            bank, cell, spoken.wording(bank, text, cell)
                        ),
                    }
                )
    return in_order(made)
