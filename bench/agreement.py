"""Do two implementations of the verdict agree? Ours, and the stand-alone that is handed out.

A thousand policies and dockets are drawn (``drawn.py``). Two in three are compared as docket files,
in which every measure is bounded at its level already and half of the thresholds lie exactly at a
bound; the third is handed over with its sample records, so that both compute the bounds by
themselves. Compared are verdict, gate, bound, n, level, attempt and open of every rule, part,
safeguard and capability, the level with what it asks for, and the class.

Whether this would find a fault is measured, too: single faults are put into the stand-alone, then
into our gates, and the same dockets must tell each of them. ``--small`` runs a twentieth.
"""

import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType

from drawn import RECORDS, SHARES, draw, made
from table import row, write

from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import State
from tenure.release import standalone_bounds, standalone_verdict, verdict
from tenure.release.case import Standing
from tenure.release.diff import decided
from tenure.release.docket_file import restated, written
from tenure.release.levels import danger
from tenure.release.measures import at_level
from tenure.release.standalone import differences
from tenure.stats import joined_limits, lower_bound, tango, upper_bound

SMALL = "--small" in sys.argv
DRAWN = 50 if SMALL else 1000
LEVELS = (0.9, 0.95, 0.975, 0.99, 0.9983)
VERDICT = Path(standalone_verdict.__file__)
GATES = VERDICT.parent / "gates"
FAULTS = (
    ("upper < require", "upper <= require"),
    ("lower >= require", "lower > require"),
    ("lower > require", "lower >= require"),
    ("upper <= require", "upper < require"),
    ('c.fewest("n") >= ', 'c.fewest("n") > '),
    ("c.age() <= timedelta", "c.age() < timedelta"),
    ("c.age() >= -SKEW", "c.age() > -SKEW"),
    ("timedelta(minutes=5)", "timedelta(minutes=4)"),
    ('each["index"] > self.held["index"]', 'each["index"] >= self.held["index"]'),
    ('criteria < self.held["index"]', 'criteria <= self.held["index"]'),
    ("instant(end) > instant", "instant(end) >= instant"),
    ('dose <= asked["dose"] for', 'dose < asked["dose"] for'),
    ("attempt * (attempt + 1)", "attempt * attempt"),
    ("self.attempt <= allowed", "self.attempt < allowed"),
    ('if policy["multiplicity"] == "every claim"', "if False"),
    ("w[1] < self.threshold", "w[0] < self.threshold"),
    ("-reach if self.upper else reach", "reach"),
    ('("not met", "missing", "stale", "not shown", "met")', '("missing", "not met", "stale", "not shown", "met")'),
    ('("not met", "missing", "stale", "not shown", "met")', '("not met", "missing", "not shown", "stale", "met")'),
    ('severity == "blocker" and kinds', "kinds"),
    ('len(kinds) < rule["evidence"]["min_kinds"]', "False"),
    ('not pattern.startswith("control/")', "False"),
    ("fnmatchcase(name, pattern)", "fnmatchcase(name.lower(), pattern.lower())"),
    ('since <= today < each["expires"]', 'since <= today <= each["expires"]'),
    ('since <= today < each["expires"]', 'since < today < each["expires"]'),
    ("if not rank or max(rank) >= 0", "if not rank or max(rank) > 0"),
    ("levels[: top + 1]", "levels[top : top + 1]"),
    ('not self.ask["harness_pinned"] and wanted is None', 'not self.ask["harness_pinned"]'),
    ("min(given, default", "max(given, default"),
    ('asked["power"]', '0'),
    ('row[0] <= asked["dose"]', 'row[0] < asked["dose"]'),
    ('if None in rows:', 'if False:'),
    ('row[0] == nearest', 'row[0] <= nearest'),
    ("found > planted", "False"),
    ('wanted in (None, named)', 'True'),
    ('all(isinstance(d, str) and d.startswith("sha256:") for d in each)', 'True'),
    ('options.get("bounds") != paired', 'False'),
    ('or self.part.get("per")', ''),
    ('return [None]', 'return []'),
    ('if isinstance(shown, dict)', 'if isinstance(shown, list)'),
    ('alone or not isinstance(card, dict)', 'alone or False'),
    ('ASSURANCES[ASSURANCES.index(asked) :]', "(asked,)"),
)  # fmt: skip

OURS = (
    ("clock", "instant(now) + SKEW", "instant(now)"),
    ("clock", "if before is not None", "if False"),
    ("weights", "filed.evidence.model != case.model.id", "False"),
    ("weights", "if filed.subject and", "if False and"),
    ("freshness", "> timedelta(days=most)", ">= timedelta(days=most)"),
    ("freshness", "instant(expires) <= now", "instant(expires) < now"),
    ("happened", "happening.index > filed.index", "happening.index >= filed.index"),
    ("happened", "in ends and about and", "in ends and"),
    ("attempts", "filed.attempt > planned", "filed.attempt >= planned"),
    ("attempts", "criteria < filed.index", "criteria <= filed.index"),
    ("controls", "if failed is None:", "if False:"),
    ("controls", "if failed:", "if False:"),
    ("detection", "least > asked.dose", "least >= asked.dose"),
    ("detection", "not bound > asked.power", "not bound >= 0"),
    ("preregistered", "if departed:", "if False:"),
    ("harness", "and named != asked.harness", "and False"),
    (
        "harness",
        'all(isinstance(d, str) and d.startswith("sha256:") for d in digests.values())',
        "True",
    ),
    ("detection", "row[0] <= dose", "row[0] < dose"),
    ("detection", "row[0] == nearest", "row[0] <= nearest"),
    ("detection", "if rows is None or None in read", "if rows is None"),
    ("detection", 'held.get("passed") is True and', ""),
    ("bound", "and part.per is None", ""),
    ("judge", "if given is not None and found is None", "if False"),
    ("kind", "if kind not in", "if False and kind not in"),
    ("assurance", "ASSURANCES.index(found) < ", "ASSURANCES.index(found) <= "),
    ("bound", "(safe < limit)", "(safe <= limit)"),
    ("bound", "(safe > limit)", "(safe >= limit)"),
    ("bound", "(unsafe >= limit)", "(unsafe > limit)"),
    ("bound", "(unsafe <= limit)", "(unsafe < limit)"),
    ("bound", "-answer.bound if upper else", "answer.bound if upper else"),
    ("size", "fewest.n < asked.min_n", "fewest.n <= asked.min_n"),
    ("size", ") < asked.min_clusters", ") <= asked.min_clusters"),
    ("missing_grades", "measure.worst[1] if upper", "measure.worst[0] if upper"),
    ("missing_grades", "if not measure.missing", "if measure.missing"),
    ("kinds", "len(found) < least", "False"),
    ("kinds", 'found == ["judge"]', "False"),
    ("directional", "if directional(", "if False and directional("),
    ("ledger", "not in states", "in states"),
    ("ledger", "case.docket.ledgers.get(asked.ledger) is None", "False"),
    ("evidence_type", "if found:", "if False:"),
    ("judge", "(unsafe <= limit)", "(unsafe < limit)"),
)  # our gates, by file


def plain(value):
    """Return what a stranger reads."""
    return json.loads(canonical(value))


@cache
def chosen(seed):
    """Draw one; thresholds exactly at a bound only where nothing is computed again."""
    policy, docket = draw(seed, exact=seed % 3 != 0)
    return policy, restated(policy, docket) if seed % 3 else docket


def recorded(seed):
    """Return a docket as a stranger gets it, with our answers; the class beside it."""
    bounded = seed % 3 != 0
    policy, docket = chosen(seed)
    whole = written(policy, docket)
    if not bounded:
        rows = zip(whole["docket"]["filed"], docket.filed, strict=True)
        for filed, held in rows:
            filed["evidence"] = held.evidence.to_json()
        whole["verdicts"] = [each.to_json() for each in verdict.verdicts(policy, docket)]
        whole["level"] = danger(policy, docket).to_json()
    standing = Standing(policy=policy, model=docket.model, state=State())
    return plain(whole), decided(policy, docket, standing).release_class or "none"


def unlike(whole, reached, judge=standalone_verdict):
    """List what differs; a program that cannot judge it at all differs, too."""
    try:
        ours = judge.decide(judge.Court(whole["policy"], whole["docket"], RECORDS.get))
        found = list(differences(ours, whole["verdicts"], whole["level"]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        return [repr(error)]
    return found if ours["class"] == reached else [*found, f"class {reached}, not {ours['class']}"]


def bent(path, old, new):
    """Load a file with one fault in it."""
    text = path.read_text()
    assert old in text, f"{old!r} is no longer in {path.name}"
    made_of = ModuleType("bent")
    exec(compile(text.replace(old, new, 1), "bent", "exec"), made_of.__dict__)
    return made_of


def faulty(old, new):
    """Load the stand-alone with one fault in it."""
    return bent(VERDICT, old, new)


def same_basis():
    """Digest the measures of each evidence once: the same sets are judged again and again."""
    digest, known = verdict._basis, {}

    def basis(filed):
        if id(filed) not in known:
            known[id(filed)] = digest(filed), filed  # held, so that the id stays its own
        return known[id(filed)][0]

    verdict._basis = basis


def found_by(judge, held):
    """Say whether one of the sets tells a stand-alone with a fault from ours."""
    return any(unlike(*each, judge) for each in held)


def tells(held, gate, old, new):
    """Say whether the stand-alone tells a fault in one of our gates."""
    usual, other = verdict.gates, bent(GATES / f"{gate}.py", old, new).extension
    swapped = {gate: other}
    verdict.gates = lambda *scopes: tuple(swapped.get(g.name, g) for g in usual(*scopes))
    try:
        # Where the fault changes nothing, nobody could tell it.
        again = ((s, recorded(s)) for s in range(DRAWN))
        return any(found != held[s] and unlike(*found) for s, found in again)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return True
    finally:
        verdict.gates = usual


def apart():
    """Return the largest difference of a bound between the two, and how many were compared."""
    worst, count = 0.0, 0

    def compare(ours, theirs):
        nonlocal worst, count
        for a, b in zip(ours, theirs, strict=True):
            assert (a is None) == (b is None), (ours, theirs)
            worst, count = max(worst, 0.0 if a is None else abs(a - b)), count + 1

    for name in (*SHARES, "gap"):
        for number in range(2 if SMALL else 40):
            measure = made(number, name)
            rows = RECORDS[measure.samples]
            for level in LEVELS:
                for paired in ("score", "joined") if name == "gap" else ("score",):
                    there = at_level(measure, level, RECORDS.__getitem__, paired)
                    asked = plain(there.recipe.to_json())
                    found = standalone_bounds.bounds_of(rows, asked, level) or (None, None)
                    compare(found, (there.lower, there.upper))
    for n in (1, 59, 1_000) if SMALL else (1, 2, 29, 59, 299, 1_000, 10_000, 100_000):
        for k in sorted({0, 1, n // 100, n // 3, n - 1, n}):
            for level in LEVELS:
                compare(standalone_bounds.exact(k, n, level), (lower_bound(k, n, level), upper_bound(k, n, level)))  # fmt: skip
                pair = tango(k / 2, k / 3, n, 2 * level - 1)
                compare(standalone_bounds.tango(k / 2, k / 3, n, level), (pair.low, pair.high))
                pair = joined_limits(k / 2, k / 3, n, 2 * level - 1)
                compare(standalone_bounds.joined(k / 2, k / 3, n, level), (pair.low, pair.high))
    return worst, count


def main():
    """Measure, print, write."""
    held = [recorded(seed) for seed in range(DRAWN)]
    print(f"{len(held)} sets drawn", flush=True)
    wrong = {seed: found for seed, each in enumerate(held) if (found := unlike(*each))}
    for seed, found in wrong.items():
        print(f"seed {seed}: {found[0]}")
    given = Counter(v["verdict"] for whole, _ in held for v in whole["verdicts"])
    gates = {v["gate"] for whole, _ in held for v in whole["verdicts"]}
    classes = Counter(reached == "none" for _, reached in held)
    missed = [f for f in FAULTS if not found_by(faulty(*f), held)]
    print(f"{len(FAULTS) - len(missed)} of {len(FAULTS)} found: {missed}", flush=True)
    same_basis()
    missed_ours = []
    for fault in OURS:
        if not tells(held, *fault):
            missed_ours.append(fault)
            print(f"not found: {fault}", flush=True)
    worst, count = apart()
    agree = DRAWN - len(wrong)
    most = upper_bound(len(wrong), DRAWN, 0.95)
    told = ", ".join(f"{many} {name}" for name, many in given.most_common())
    write(
        "agreement",
        [
            row("policies and evidence sets on which the two implementations of the verdict agree", "all", f"{agree} of {DRAWN}", "", DRAWN, not wrong, f"every rule, part, safeguard, capability, level and class; so that more than {most:.2%} of such sets disagree is excluded at 95%"),
            row("rules judged by both", "-", sum(given.values()), "rules", DRAWN, None, f"{told}; {len(gates)} gates decided; {classes[False]} reached a class"),
            row("single faults put into our gates that the stand-alone finds", "all", f"{len(OURS) - len(missed_ours)} of {len(OURS)}", "", len(OURS), not missed_ours, "the same, in each of the gates; the same sets"),
            row("single faults put into the stand-alone that this finds", "all", f"{len(FAULTS) - len(missed)} of {len(FAULTS)}", "", len(FAULTS), not missed, "a comparison turned, an edge moved, a step left out; one fault at a time, the same sets"),
            row("largest difference of a bound between the two", "1e-9", f"{worst:.1e}", "", count, worst <= 1e-9, "exact, paired (both ways) and clustered bounds from records, 0.9 to 0.9983; counts up to 100,000"),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
