"""Evidence handed out: do the bounds hold, is every number of a card computed again, is tampering found.

The simulations are those of tests/measure/test_worst.py: rows and recipes of every kind that is
bounded, half of the rows kept back. Run alone on a quiet machine for the times; the rates hold on a
busy one. `SIMULATIONS=1000 python bench/disclosure.py` is a small run.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

from table import row, write

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "measure"))
from test_worst import holds

from tenure.dossier import Dossier, Model
from tenure.dossier.nouns import Evidence, Recipe
from tenure.dossier.samples import commit, secret_in
from tenure.measure import estimate
from tenure.measure.claims import FIELDS, Claims, check
from tenure.measure.disclosed import check as check_rows
from tenure.measure.disclosing import Choice, disclose
from tenure.stats.proportion import lower_bound, upper_bound

SIMULATIONS = int(os.environ.get("SIMULATIONS", "20000"))
TAMPERED = max(100, SIMULATIONS // 20)
ROWS = 1000


def rows_of(n):
    draw = random.Random(0)
    return [
        {"id": f"s{i}", "item": f"i{i // 2}", "arm": ("free", "paid")[i % 2], "group": f"g{i // 2 % 40}",
         "failed": draw.random() < 0.2, "weight": draw.random() * 7,
         "answer": f"an answer of about the length that a small model gives, {draw.getrandbits(64)} " * 5}
        for i in range(n)
    ]  # fmt: skip


RECIPES = {
    "gap": Recipe(estimator="paired_difference", value="failed", arm="arm", arms=("free", "paid"), pair="item", cluster="group"),
    "free": Recipe(estimator="proportion", value="failed", where={"arm": "free"}),
    "clustered": Recipe(estimator="proportion", value="failed", cluster="group"),
    "apart": Recipe(estimator="difference", value="failed", arm="arm", arms=("free", "paid")),
    "weight": Recipe(estimator="mean", value="weight", options={"range": [0, 7]}),
}  # fmt: skip


def filed(dossier):
    """File one evidence with a measure of each kind; return the event and the evidence."""
    rows = rows_of(ROWS)
    with dossier.emitter("m@1", "assess/made") as emit:
        named = emit.records(rows)
        measures = tuple(
            estimate(rows, r, name=n, unit="proportion", samples=named) for n, r in RECIPES.items()
        )
        found = Evidence(name="assess/made", model="m@1", summary="made", measures=measures)
        event = emit.event("evidence", "assess/made", {"evidence": found.to_json()})
    return event, found


def card_of(event, evidence):
    """A card that shows every field of every measure."""
    claims = Claims("m@1")
    lines = [
        f"- {m.name}, {f}: {claims.markdown(event, m, f, 'count' if f in ('n', 'missing', 'clusters') else 'number:4')}"
        for m in evidence.measures
        for f in FIELDS
    ]
    return "# A card\n\n" + "\n".join(lines) + "\n\n" + claims.block(), len(lines)


def tampered_cards(text, view):
    """Change one digit that a reader sees; return how many of TAMPERED were found."""
    body, block = text.split("<!--")
    places = [i for i, c in enumerate(body) if c.isdigit() and "(#" not in body[i - 4 : i]]
    places = [i for i in places if body[: i + 1].rfind("[") > body[: i + 1].rfind("]")]
    draw, found = random.Random(1), 0
    for _ in range(TAMPERED):
        place = draw.choice(places)
        digit = draw.choice([d for d in "0123456789" if d != body[place]])
        found += bool(
            check(body[:place] + digit + body[place + 1 :] + "<!--" + block, view).problems
        )
    return found


def tampered_rows(folder):
    """Change one letter of a value, drop, repeat or move a row; return how many were found."""
    (place,) = (folder / "disclosed").iterdir()
    lines = place.read_text().splitlines(keepends=True)
    draw, found = random.Random(2), 0
    for turn in range(TAMPERED):
        one, other = draw.sample(range(len(lines)), 2)
        changed = list(lines)
        if turn % 4 == 0:
            changed[one] = changed[one].replace("free", "paid") if "free" in changed[one] else changed[one].replace("paid", "free")  # fmt: skip
        elif turn % 4 == 1:
            del changed[one]
        elif turn % 4 == 2:
            changed.append(changed[one])
        else:
            number = changed[one].split(",")[0]
            changed[one] = changed[one].replace(number, changed[other].split(",")[0], 1)
        place.write_text("".join(changed))
        found += bool(check_rows(folder).problems)
    place.write_text("".join(lines))
    return found


def timed(do):
    began = time.perf_counter()
    made = do()
    return time.perf_counter() - began, made


def share(figure, found, n, how):
    """A row for a share that must be all: its exact one-sided 95% lower bound stands in ``how``."""
    return row(figure, "100", round(100 * found / n, 3), "%", n, found == n, f"{how}; at least {100 * lower_bound(found, n):.3f}% (95%)")  # fmt: skip


def simulated(*, against):
    """Simulate; return how many had a number at all, and how many of these the range did not hold."""
    answers = [holds(seed, 0.5, against=against) for seed in range(SIMULATIONS * 5 // 4)]
    answers = [each for each in answers if each is not None][:SIMULATIONS]
    return len(answers), answers.count(False)


def held(figure, n, missed, how):
    """A row for a range that must always hold."""
    return row(figure, "100", round(100 * (1 - missed / n), 3), "%", n, missed == 0, f"{how}; a miss in at most {100 * upper_bound(missed, n):.3f}% (95%)")  # fmt: skip


def main():
    """Measure, print, write."""
    drawn, missed = simulated(against=False)
    sought, found = simulated(against=True)
    with tempfile.TemporaryDirectory() as name, Dossier.open(Path(name, "d"), keys=Path(name, "k")) as dossier:  # fmt: skip
        dossier.register(Model(name="m", source="bench", kind="scripted"))
        event, evidence = filed(dossier)
        view = dossier.reading
        text, numbers = card_of(event, evidence)
        card_seconds, checked = timed(lambda: check(text, view))
        cards = tampered_cards(text, view)
        secret, out = secret_in(Path(name, "k")), Path(name, "out")
        choice = Choice(fraction=0.5, reason="bench")
        write_seconds, _ = timed(lambda: disclose(view, secret, [event], choice, out))
        check_seconds, _ = timed(lambda: check_rows(out))
        rows = tampered_rows(out)
        large = Path(name, "large")
        digest = dossier.files.put(dossier.files.read(evidence.measures[0].samples) * 20)
        large = dossier.files.path(digest)
        root_seconds, root = timed(lambda: commit(large, digest, secret))
    write("disclosure", [
        held("half the rows kept back: the range holds the whole file's number", drawn, missed,
            "simulated; estimate, interval and bounds; shares, differences, pairs, means, counts, with and without clusters"),
        held("the same, what is kept back made up so as to fail", sought, found,
            "extremes and patterns in outcome, arm, pair, cluster, place"),
        row("numbers of a card computed again from their samples", "100", round(100 * checked.held / numbers, 1), "%", numbers, checked.held == numbers and not checked.problems,
            f"every field of {len(RECIPES)} measures over {ROWS} rows; counted, not sampled"),
        share("tampered cards found", cards, TAMPERED, "one digit of a number that is shown"),
        share("tampered disclosures found", rows, TAMPERED, "a cell changed, a row dropped, repeated, moved; the log untouched"),
        row("card checked", "-", round(card_seconds, 2), "s", numbers, None, f"{numbers} numbers over {ROWS} rows"),
        row("disclosure written", "-", round(write_seconds, 2), "s", ROWS, None, "half of the rows kept back"),
        row("disclosure checked, in plain Python", "-", round(check_seconds, 2), "s", ROWS, None, f"{len(RECIPES)} numbers; without the signatures"),
        row("root over rows", "-", round(root["count"] / root_seconds), "rows/s", root["count"], None, "7 columns, 400 letters each row"),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
