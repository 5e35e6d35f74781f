"""How far a rater can be relied on: beside what is known, oneself, the model and another rater.

The page shows these numbers while it is worked on; the stage ``align/feedback`` stores the same from
stored records, so that each can be computed again.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from tenure.align.comparing.labels import Label
from tenure.align.people.gold import QUARTILES, Gold, quartiles
from tenure.align.people.said import Answer, Said
from tenure.dossier.nouns import Measure, Recipe
from tenure.measure import estimate

Row = dict[str, Any]
SHARED = 20  # pairs that two must have said something of before their agreement is a number
CHANCE = 0.5  # of two answers, the share that guessing gets right
LONGEST = 600.0  # seconds that count as work on one pair


def judged(labels: Iterable[Label]) -> dict[tuple[str, str], float]:
    """Return the mean chance that the models' labels give: by pair and principle, and by pair alone."""
    held: dict[tuple[str, str], list[float]] = {}
    for label in labels:
        if label.source.startswith("ai:") and label.p is not None:
            for key in ((label.pair, label.principle), (label.pair, "")):
                held.setdefault(key, []).append(label.p)
    return {key: sum(found) / len(found) for key, found in held.items()}


def rows(said: Said, gold: Mapping[str, Gold], ai: Mapping[tuple[str, str], float]) -> list[Row]:
    """Make one record for each standing answer.

    ``right`` is whether a known pair was answered so (a tie is not), ``flipped`` whether a pair that
    came back was answered otherwise, ``strict`` and ``ai`` the preferred answers of the rater and of
    the model; each is None where it was not asked or there is none.
    """
    hard = quartiles(list(gold.values()))
    before = {(a.by, a.pair): a for a in said.answers if a.kind != "repeat"}
    return [_row(answer, gold, ai, hard, before, said) for answer in said.answers]


def _row(
    answer: Answer,
    gold: Mapping[str, Gold],
    ai: Mapping[tuple[str, str], float],
    hard: Mapping[str, str],
    before: Mapping[tuple[str, str], Answer],
    said: Said,
) -> Row:
    known = gold.get(answer.pair) if answer.kind == "gold" else None
    pair = known.pair if known else said.pairs.get(answer.pair)
    own = answer.kind in ("useful", "uniform")
    chance = ai.get((answer.pair, answer.principle), ai.get((answer.pair, ""))) if own else None
    model = None if chance is None or chance == 0.5 else "a" if chance > 0.5 else "b"
    strict = answer.choice if own and answer.choice != "tie" else None
    earlier = before.get((answer.by, answer.pair)) if answer.kind == "repeat" else None
    return {
        "id": answer.id,
        "rater": answer.by,
        "pair": answer.pair,
        "family": pair.family if pair else "",
        "axis": pair.axis if pair else "",
        "principle": answer.principle,
        "kind": answer.kind,
        "first": answer.first,
        "choice": answer.choice,
        "both_bad": answer.say == "both bad",
        "own": own,
        "strict": strict,
        "ai": model,
        "same": None if strict is None or model is None else strict == model,
        "right": None if known is None else answer.choice == known.better,
        "domain": known.domain if known else None,
        "difficulty": hard.get(answer.pair) if known else None,
        "flipped": None if earlier is None else answer.choice != earlier.choice,
        "seconds": answer.about.get("seconds"),
        "server_seconds": answer.about.get("server_seconds"),
        "expert": bool(answer.about.get("expert")),
        "help": _help(answer),
    }


def _help(answer: Answer) -> str | None:
    """Say in which arm of the experiment with drafts an answer was given; None: in neither."""
    if answer.about.get("draft"):
        return "draft"
    return "alone" if answer.about.get("withheld") else None


def together(found: Sequence[Row]) -> list[Row]:
    """Make one record for each pair that two raters answered: what either preferred."""
    said: dict[str, dict[str, Row]] = {}
    for row in found:
        if row["kind"] != "repeat":
            said.setdefault(row["rater"], {})[row["pair"]] = row
    return [
        {
            "id": f"{pair}/{one}/{two}",
            "pair": pair,
            "family": said[one][pair]["family"],
            "raters": f"{one}/{two}",
            "one": said[one][pair]["choice"],
            "two": said[two][pair]["choice"],
        }
        for one, two in combinations(sorted(said), 2)
        for pair in sorted(said[one].keys() & said[two].keys())
    ]


def of_rater(found: Sequence[Row], name: str, samples: str | None) -> list[Measure]:
    """Measure one rater: known pairs, by domain too, pairs that came back, the model, seconds a pair."""
    mine = [row for row in found if row["rater"] == name]
    where = {"rater": name}

    def share(what: str, column: str, kind: str, **words: Any) -> list[Measure]:
        if not any(row["kind"] == kind for row in mine):
            return []
        recipe = Recipe(estimator="proportion", value=column, where={**where, "kind": kind})
        return [_of(found, recipe, f"{what}/{name}", "proportion", samples, **words)]

    made = share("gold", "right", "gold", better="higher", note="known pairs answered right")
    made += [
        _skill(found, name, domain, samples)
        for domain in sorted({row["domain"] for row in mine if row["domain"]})
    ]
    made += share("flips", "flipped", "repeat", better="lower", note="pairs that came back in the other order and were answered otherwise")  # fmt: skip
    if any(row["own"] and row["ai"] for row in mine):
        recipe = Recipe(estimator="agreement", value="strict", where={**where, "own": True}, options={"with": "ai"})  # fmt: skip
        note = "kappa with the model's labels; ties, and pairs without a model's preference, are missing"
        made.append(_of(found, recipe, f"kappa/ai/{name}", "ratio", samples, better="higher", note=note))  # fmt: skip
    if any(row["seconds"] is not None for row in mine):
        told = {**where, "own": True}
        recipe = Recipe(estimator="mean", value="seconds", where=told, options={"range": [0.0, LONGEST]})  # fmt: skip
        note = f"as the page measured it, at most {LONGEST:.0f}"
        made.append(_of(found, recipe, f"seconds/{name}", "seconds", samples, note=note))
    return made


def _skill(found: Sequence[Row], name: str, domain: str, samples: str | None) -> Measure:
    """Measure one rater on the known pairs of one domain: being expert in one says little of another."""
    where = {"rater": name, "kind": "gold", "domain": domain}
    recipe = Recipe(estimator="proportion", value="right", where=where)
    note = f"known pairs of the domain '{domain}' answered right"
    return _of(
        found, recipe, f"gold/{name}/{domain}", "proportion", samples, better="higher", note=note
    )


def peers(shared: Sequence[Row], samples: str | None) -> list[Measure]:
    """Measure how far every two raters agree who answered 20 pairs both."""
    counted: dict[str, int] = {}
    for row in shared:
        counted[row["raters"]] = counted.get(row["raters"], 0) + 1
    made: list[Measure] = []
    for raters in [name for name, n in counted.items() if n >= SHARED]:
        recipe = Recipe(estimator="agreement", value="one", where={"raters": raters}, options={"with": "two"})  # fmt: skip
        note = "kappa of two people on what both saw; a tie is an answer"
        made.append(_of(shared, recipe, f"kappa/{raters}", "ratio", samples, better="higher", note=note))  # fmt: skip
    return made


def of_drafts(found: Sequence[Row], samples: str | None) -> list[Measure]:
    """Measure what seeing a draft does: answers that the model agrees with, and seconds a pair.

    Which pairs came with their draft was drawn by a keyed hash, so the difference is the draft's.
    """
    if not {"draft", "alone"} <= {row["help"] for row in found}:
        return []
    asked: list[tuple[str, str, Any, dict[str, Any], str]] = [
        ("agrees", "same", "difference", {}, "answers that the model agrees with"),
        ("seconds", "seconds", "seconds", {"range": [0.0, LONGEST]}, "seconds a pair"),
    ]
    made: list[Measure] = []
    for name, value, unit, options, what in asked:
        recipe = Recipe(estimator="difference", value=value, arm="help", arms=("draft", "alone"), options=options)  # fmt: skip
        note = f"{what}: with the draft shown less with it held back, drawn by a hash"
        made.append(_of(found, recipe, f"draft/{name}", unit, samples, note=note))
    return made


def by_difficulty(found: Sequence[Row], samples: str | None) -> list[Measure]:
    """Measure all raters on known pairs, quartile by quartile of difficulty; each domain besides."""
    made: list[Measure] = []
    for domain in ("", *domains(found)):
        within = {"domain": domain} if domain else {}
        for quartile in QUARTILES:
            where = {"difficulty": quartile, **within}
            if any(all(row[k] == v for k, v in where.items()) for row in found):
                recipe = Recipe(estimator="proportion", value="right", where=where, cluster="pair")
                of = f" of the domain '{domain}'" if domain else ""
                note = f"known pairs{of} answered right, difficulty {quartile}"
                name = "/".join(part for part in ("right", domain, quartile) if part)
                made.append(_of(found, recipe, name, "proportion", samples, better="higher", note=note))  # fmt: skip
    return made


def domains(found: Sequence[Row]) -> list[str]:
    """List the domains of known pairs that were answered, where they have any."""
    return sorted({row["domain"] for row in found if row["domain"]})


def useful_until(measures: Sequence[Measure], domain: str = "") -> str:
    """Say up to which difficulty people are shown to do better than guessing, in one domain or over all.

    A quartile counts as useful where the lower bound of the share answered right lies above one
    half; the end is before the first that does not.
    """
    begun = f"right/{domain}/" if domain else "right/"
    held = {m.name.removeprefix(begun): m for m in measures if m.name.startswith(begun)}
    if not held:
        return "not measured, for no known pair was answered"
    good: list[str] = []
    for quartile in QUARTILES:
        lower = held[quartile].lower if quartile in held else None
        if lower is None or lower <= CHANCE:
            break
        good.append(quartile)
    if len(good) == len(QUARTILES):
        return "no end seen, better than guessing at every difficulty that was asked"
    if not good:
        return "not shown, for nowhere is the lower bound above one half"
    return f"shown up to quartile {good[-1]} of difficulty; beyond it not shown"


def _of(
    found: Sequence[Row], recipe: Recipe, name: str, unit: Any, samples: str | None, **words: Any
) -> Measure:
    return estimate(found, recipe, name=name, unit=unit, samples=samples, **words)
