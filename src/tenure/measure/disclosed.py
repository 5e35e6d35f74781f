"""Check a disclosure: some rows of a run, proved to be its rows, and what they leave open.

    python3 check_disclosure.py [FOLDER] [--trust sha256:...]

Needs Python 3.10 or newer and the files beside it, nothing else. First the signatures and the log
are checked (verify_dossier.py). Then the rows that are shown must lead to the root that was signed
with the evidence, and every number of that evidence is computed from them, with each row that is
kept back at its worst on either side. Exit status: 0 all is well, 1 something is wrong.

The format is in docs/evidence.md.
"""

import argparse
import base64
import hashlib
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenure.dossier import cells, verifier
from tenure.measure import unseen, worst

FORMAT = "urn:tenure:disclosure:v1"
LISTED = "disclosure.json"
BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, RecursionError)
TOLERANCE = 1e-7  # the two implementations of the intervals agree to 1e-9
JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Number:
    """One number of an evidence: as signed, and what the shown rows leave open.

    ``within`` holds the signed interval and bounds of every case; None where nothing bounds them.
    ``unknown`` rows count or could count and are not shown.
    """

    evidence: str
    measure: str
    signed: Mapping[str, Any]
    found: worst.Range

    def __str__(self) -> str:
        """Say it in a line."""
        estimate = self.signed.get("estimate")
        value = "nothing graded" if estimate is None else f"{estimate:.4g}"
        about, found = f"{self.evidence} {self.measure}: signed {value}", self.found
        if found.unknown == 0:
            how = "comes out of the rows" if found.checked else "all its rows are shown; recompute it with `tenure verify --recompute`"  # fmt: skip
            return f"{about}; {how}"
        if found.estimate is None or math.inf in map(abs, found.within or found.estimate):
            return f"{about}; nothing bounds it without the {found.unknown} rows kept back"
        return (
            f"{about}; with {found.unknown} rows kept back it lies in {_ends(found.estimate)}, "
            f"its interval and bounds in {_ends(found.within or found.estimate)}"
        )


def _ends(ends: tuple[float, float]) -> str:
    return f"[{ends[0]:.4g}, {ends[1]:.4g}]"


@dataclass(slots=True)
class Checked:
    """What checking found: every number, what is wrong, and how many rows are shown of how many."""

    numbers: list[Number] = field(default_factory=list[Number])
    problems: list[str] = field(default_factory=list[str])
    shown: int = 0
    rows: int = 0

    def lines(self) -> list[str]:
        """Write the answer, the verdict first."""
        verdict = "NOT OK" if self.problems else "OK"
        head = f"{verdict}: {self.shown} of {self.rows} rows shown in whole, {len(self.numbers)} numbers"  # fmt: skip
        return [head, *(f"  {each}" for each in [*self.problems, *map(str, self.numbers)])]


def _events(folder: Path) -> dict[str, JSON]:
    """Read the events of the folder by the digest of their envelope; signatures are checked before."""
    found: dict[str, JSON] = {}
    for entry in (folder / "events.jsonl").read_bytes().splitlines():
        payload = base64.b64decode(json.loads(entry)["payload"])
        event: JSON = json.loads(payload)["predicate"]
        found["sha256:" + hashlib.sha256(entry).hexdigest()] = event
    return found


def _evidence(folder: Path, event: JSON) -> JSON:
    body: JSON = event["body"]
    stored = body.get("$file")
    if stored is not None:
        path = folder / "files" / "sha256" / str(stored)[7:9] / str(stored)[7:]
        content = path.read_bytes()
        if "sha256:" + hashlib.sha256(content).hexdigest() != stored:
            raise ValueError(f"the file {stored} was changed")
        body = json.loads(content)
    return body["evidence"]


def _row(line: str) -> tuple[int, JSON, dict[str, bytes]]:
    """Read one row: its place, its cells (HIDDEN where not shown), and the hash of each."""
    told: JSON = cells.read(line)
    place = told["i"]
    if not isinstance(place, int) or isinstance(place, bool):
        raise TypeError("the place of a row is not a number")
    if "row" in told:
        row: JSON = told["row"]
        return place, row, cells.hashes(row, bytes.fromhex(told["salt"]))
    shown: JSON = told["cells"]
    hashes = {c: cells.cell_hash(bytes.fromhex(v["salt"]), cells.text_of(v["value"])) for c, v in shown.items()}  # fmt: skip
    hidden: dict[str, str] = told["hidden"]
    if set(hidden) & set(shown):
        raise ValueError("a cell is shown and hidden at once")
    hashes.update({c: bytes.fromhex(h) for c, h in hidden.items()})
    values = {c: v["value"] for c, v in shown.items()} | dict.fromkeys(hidden, unseen.HIDDEN)
    return place, values, hashes


def _rows(folder: Path, listed: JSON, signed: JSON) -> tuple[list[JSON], int]:
    """Return the rows that are shown, in their order, and how many are not; ValueError if refused."""
    count: int = signed["count"]
    if (listed["count"], listed["root"]) != (count, signed["root"]):
        raise ValueError(
            f"names {listed['count']} rows under one root; signed were {count} under another"
            if listed["root"] != signed["root"]
            else f"names {listed['count']} rows; signed were {count}"
        )
    path = folder / "disclosed" / f"{listed['digest'][7:23]}.jsonl"
    leaves, found = dict[int, bytes](), dict[int, JSON]()
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        place, row, hashes = _row(line)
        if place in leaves:
            raise ValueError(f"row {place} is shown twice")
        leaves[place], found[place] = cells.leaf(hashes), row
    if (
        cells.root(leaves, count, [bytes.fromhex(h) for h in listed["proof"]]).hex()
        != signed["root"]
    ):
        raise ValueError("the rows shown do not lead to the root that was signed with the evidence")
    return [found[place] for place in sorted(found)], count - len(found)


def _number(evidence: JSON, measure: JSON, rows: Sequence[JSON], withheld: int) -> tuple[Number, str | None]:  # fmt: skip
    """Compute one number from the rows; the second is what is wrong with it."""
    found = worst.worst_case(rows, withheld, measure["recipe"], str(measure.get("method", "")))
    made = Number(evidence["name"], measure["name"], measure, found)
    about = f"{evidence['name']} {measure['name']}"
    ends = {"estimate": found.estimate}
    ends |= dict.fromkeys(("low", "high"), found.interval)
    ends |= dict.fromkeys(("lower", "upper"), found.bounds)
    for name, reach in ends.items():
        value = measure.get(name)
        if value is None or (reach is None and name != "estimate"):
            continue
        if reach is None or not reach[0] - TOLERANCE <= value <= reach[1] + TOLERANCE:
            return (
                made,
                f"{about}: {name} was signed as {value}; no rows kept back could make it so",
            )
        end = reach[name in ("high", "upper")]
        if _exact(found, measure) and abs(end - value) > TOLERANCE:
            return made, f"{about}: {name} was signed as {value}; its rows give {end}"
    return made, None


def _exact(found: worst.Range, measure: JSON) -> bool:
    """Say whether the ends are those of the number itself: all is shown, and this checker knows how."""
    options: JSON = measure["recipe"].get("options") or {}
    known = found.checked and not str(measure.get("method", "")).startswith("Welch")
    return found.unknown == 0 and known and not {"method", "range"} & set(options)


def _one(folder: Path, listed: JSON, events: Mapping[str, JSON], found: Checked) -> None:
    """Check the rows of one evidence, and all its numbers."""
    event = events.get(listed["event"])
    if event is None or event["act"] != "evidence":
        raise ValueError(f"{listed['event']} is no evidence of this log")
    evidence = _evidence(folder, event)
    roots: JSON = evidence.get("runtime", {}).get("samples", {})
    read: dict[str, tuple[list[JSON], int]] = {}
    for each in listed["samples"]:
        digest = each["digest"]
        if digest not in roots:
            raise ValueError(f"{evidence['name']} was signed without a root over {digest}")
        if digest in read:
            raise ValueError(f"{digest} is listed twice")
        read[digest] = _rows(folder, each, roots[digest])
        rows, withheld = read[digest]
        found.rows += len(rows) + withheld
        found.shown += sum(unseen.HIDDEN not in row.values() for row in rows)
    for measure in evidence.get("measures", []):
        if measure.get("recipe") is None or measure.get("samples") is None:
            continue
        digest = measure["samples"]
        if digest not in read:
            count = roots[digest]["count"] if digest in roots else None
            if count is None:
                found.problems.append(
                    f"{evidence['name']} {measure['name']}: its rows have no root"
                )
                continue
        made, wrong = _number(evidence, measure, *read.get(digest, ([], roots[digest]["count"])))
        found.numbers.append(made)
        found.problems += [wrong] if wrong else []


def check(folder: Path) -> Checked:
    """Check the rows of a disclosure and compute its numbers; never raises for what is in it.

    The events' signatures and their proofs are checked elsewhere (``verify``, verify_dossier.py).
    """
    found = Checked()
    try:
        told: JSON = json.loads((folder / LISTED).read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(f"the format is {told['format']!r}; expected {FORMAT}")
        events = _events(folder)
        for listed in told["evidence"]:
            try:
                _one(folder, listed, events, found)
            except BROKEN as error:
                found.problems.append(f"{listed.get('name', 'evidence')}: {error}"[:300])
    except BROKEN as error:
        found.problems.append(f"{LISTED}: {type(error).__name__}: {error}"[:300])
    if not found.numbers and not found.problems:
        found.problems.append("no number rests on the rows that are listed")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Check and say what was found."""
    parser = argparse.ArgumentParser(description="Check the rows of a run that were disclosed.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--trust", help="fingerprint of the operator's key, known from elsewhere")
    given = parser.parse_args(arguments)
    trust = ["--trust", given.trust] if given.trust else []
    wrong = verifier.main([str(given.folder), *trust])
    found = check(given.folder)
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 1 if wrong or found.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
