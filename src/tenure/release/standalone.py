"""Judge a release again: every verdict of a policy, from the evidence it was given, by other code.

    python3 verify_decision.py [FOLDER or docket.json]

Needs Python 3.10 or newer, nothing else, and shares no code with what decided. It reads a docket
(docs/release.md, section 7), judges every rule, safeguard and capability as sections 3 and 5 say,
and compares the answers with those on record: in the docket, and in the decision where FOLDER holds
one. Where the sample records of a number lie in FOLDER, its bounds are computed from them again.
Signatures are not looked at here: that is what verify_dossier.py is for. Exit status: 0 all agrees,
1 something differs (the first difference is named), 2 there is nothing to judge.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from tenure.release.standalone_bounds import bounds_of
from tenure.release.standalone_verdict import JSON, Court, decide, instant

COMPARED = ("verdict", "gate", "bound", "n", "level", "attempt", "open")
DECIDED = ("evidence", "release/decide")
SAME = ("name", "model", "kind", "findings", "expires")  # of evidence, as it was signed
FIXED = ("name", "unit", "estimate", "n", "clusters", "missing", "worst", "samples")
LATER: JSON = {"paired_bounds": "score", "versions": {"major": 0.1}}  # defaults, as v1 has them
CLOSE = 1e-9  # two builds of the special functions may differ in the last digits
BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, RecursionError)


# What was recorded, and where it differs.


def _unlike(about: str, ours: JSON, theirs: JSON, *, older: bool) -> Iterator[str]:
    """Yield each field of a verdict that differs; ``older`` records name less that is open."""
    for name in COMPARED:
        a, b = (None if row.get(name) == [] else row.get(name) for row in (ours, theirs))
        if older and name == "open" and b is None and len(a or ()) == 1:
            continue  # then it was named only where several measures fit
        near = isinstance(a, float | int) and isinstance(b, float | int) and abs(a - b) <= CLOSE
        if a != b and not near:
            yield f"{about}: {name} was recorded as {theirs.get(name)!r}; judged again it is {ours.get(name)!r}"  # fmt: skip
    parts, other = ours.get("parts") or [], theirs.get("parts") or []
    if len(parts) != len(other):
        yield f"{about}: {len(other)} parts were recorded; there are {len(parts)}"
    for number, (a, b) in enumerate(zip(parts, other), 1):  # noqa: B905 - their lengths were compared
        yield from _unlike(f"{about}, part {number}", a, b, older=older)


def _rows(
    about: str, ours: dict[str, JSON], theirs: Sequence[JSON], *, older: bool
) -> Iterator[str]:
    """Yield what differs between verdicts, by their ids."""
    if sorted(ours) != sorted(row["rule"] for row in theirs):
        yield f"{about}: recorded are {sorted(r['rule'] for r in theirs)}; there are {sorted(ours)}"
        return
    for row in theirs:
        yield from _unlike(f"{about} '{row['rule']}'", ours[row["rule"]], row, older=older)


def differences(
    ours: JSON, verdicts: Sequence[JSON], level: JSON | None, *, older: bool = False
) -> Iterator[str]:
    """Yield what differs between our answers and those recorded; ``level`` as in section 7."""
    yield from _rows("rule", ours["rules"], verdicts, older=older)
    if level is None:
        return
    for name in ("level", "needed", "approvals"):
        if ours[name] != level.get(name):
            yield f"level: {name} was recorded as {level.get(name)}; judged again it is {ours[name]}"
    yield from _rows("safeguard", ours["safeguards"], level["safeguards"], older=older)
    for row in level["capabilities"]:
        found = ours["capabilities"][row["capability"]]
        about = f"capability '{row['capability']}'"
        if found["state"] != row["state"]:
            yield f"{about}: was recorded as {row['state']}; judged again it is {found['state']}"
        for side in ("reached", "excluded"):
            yield from _unlike(f"{about}, {side}", found[side], row[side], older=older)


# A folder: the docket, the decision it belongs to, sample records.


class Folder:
    """What was mailed: a docket file, or a folder that may hold an export or a bundle, too."""

    def __init__(self, place: Path) -> None:
        """Find the docket and, where there is one, the decision.

        Raises:
            ValueError: there is no docket, or it is not the one that the decision names.
        """
        self.root = place if place.is_dir() else place.parent
        self.events = {e["index"]: e for e in self._recorded()} if place.is_dir() else {}
        decided = [e for e in self.events.values() if (e["act"], e["name"]) == DECIDED]
        self.event: JSON = decided[-1] if decided else {}
        named = self.event.get("files", {})
        found = self.root / "docket.json" if place.is_dir() else place
        signed = self.stored(named["docket.json"]) if "docket.json" in named else None
        if signed is None and not found.is_file():
            raise ValueError(f"{found} is not there; write it with: tenure release docket")
        content = signed or found.read_bytes()
        if found.is_file() and content != found.read_bytes():
            raise ValueError(f"{found} is not the docket that the decision names")
        self.docket: JSON = json.loads(content)
        if self.docket.get("format") != "tenure/docket.v1":
            raise ValueError(
                f"the format is {self.docket.get('format')!r}; expected tenure/docket.v1"
            )

    def stored(self, digest: str) -> bytes | None:
        """Return a stored file, None when it is not here; ValueError when it was changed."""
        path = self.root / "files" / "sha256" / digest[7:9] / digest[7:]
        content = path.read_bytes() if path.is_file() else None
        if content is not None and "sha256:" + hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"{path} was changed")
        return content

    def rows(self, digest: str) -> "list[JSON] | None":
        """Return sample records, None when they are not here."""
        content = self.stored(digest)
        return None if content is None else [json.loads(line) for line in content.splitlines()]

    def _recorded(self) -> Iterator[JSON]:
        """Yield the events that lie here, in log order, with their bodies where those lie here."""
        log = self.root / "events.jsonl"
        for line in log.read_bytes().splitlines() if log.is_file() else []:
            whole = json.loads(base64.b64decode(json.loads(line)["payload"]))
            event = whole["predicate"]
            body = event.get("body") or {}
            content = self.stored(body["$file"]) if "$file" in body else None
            digest = "sha256:" + whole["subject"][0]["digest"]["sha256"]
            yield {**event, "body": json.loads(content) if content else body, "subject": digest}

    def evidence(self) -> tuple[int, list[str]]:
        """Hold the evidence of the docket against the record; how much is alike, what differs."""
        wrong, alike, docket = list[str](), 0, self.docket["docket"]
        for held in docket["filed"] if self.events else []:
            event, ours = self.events.get(held["index"]), held["evidence"]
            if event is None or (event["act"], event["name"]) != ("evidence", ours["name"]):
                wrong.append(
                    f"{ours['name']}: event {held['index']} of the record is no such evidence"
                )
                continue
            signed = event["body"].get("evidence")
            if signed is None:
                continue  # its body was not handed out
            found = [name for name in SAME if ours.get(name) != signed.get(name)]
            found += [name for name in ("time", "subject") if held[name] != event[name]]
            found += ["measures"] if _counted(ours) != _counted(signed) else []
            found += ["attempt"] if held["attempt"] < self._begun(event) else []
            alike += not found
            wrong += [f"{ours['name']}: its {name} in the docket differs from the record" for name in found]  # fmt: skip
        return alike, wrong + list(self._left_out())

    def _left_out(self) -> Iterator[str]:
        """Yield the evidence and the happenings before the decision that the docket lacks."""
        docket, policy = self.docket["docket"], self.docket["policy"]
        there = {row["index"] for row in [*docket["filed"], *docket["happenings"]]}
        claims = [*policy["rules"], *policy["safeguards"], *policy["capabilities"]]
        ends = {f"happened/{kind}" for claim in claims for kind in claim["expires"]["on"]}
        for index, event in self.events.items():
            asked = event["act"] == "evidence" or (event["act"] == "note" and event["name"] in ends)
            about = event["model"] == docket["model"]["id"] or (event["name"] in ends and not event["model"])  # fmt: skip
            if asked and about and index not in there and index < self.event.get("index", 0):
                yield f"{event['name']}: event {index} of the record is not in the docket"

    def _begun(self, evidence: JSON) -> int:
        """Count the runs on these files that the record shows up to here; others it may not show."""
        days = timedelta(days=self.docket["policy"]["evidence_max_age_days"])
        same = [
            event
            for index, event in self.events.items()
            if index <= evidence["index"]
            and (event["name"], event["subject"]) == (evidence["name"], evidence["subject"])
            and event["act"] in ("start", "evidence")
            and instant(event["time"]) >= instant(evidence["time"]) - days
        ]
        return len({str(event["body"].get("key") or event["index"]) for event in same})

    def decision(self, ours: JSON) -> Iterator[str]:
        """Yield what differs from the decision on record; it may stop at a lower class."""
        if not self.event:
            return
        told = self.event["body"]["evidence"]["findings"]
        if self.event["model"] != self.docket["docket"]["model"]["id"]:
            yield f"the decision is about {self.event['model']}, the docket is not"
        if (told.get("policy") or {}).get("digest") != self.docket["policy_digest"]:
            yield "the decision was made under another policy than that of the docket"
        policy = self.stored(self.event["files"].get("policy.json", "")) or b"null"
        stored = json.loads(policy)
        if stored is not None and _spelled(stored) != _spelled(self.docket["policy"]):
            yield "the policy of the docket is not the one stored with the decision"
        older = _older(self.docket["policy"])
        for each in differences(ours, told.get("verdicts", ()), told.get("level"), older=older):
            yield f"in the decision: {each}"
        steps = ["none", *(step["id"] for step in self.docket["policy"]["classes"])]
        if steps.index(told["class"]) > steps.index(ours["class"]):
            yield f"the decision says class {told['class']}; judged again it is {ours['class']}"

    def numbers(self, court: Court) -> tuple[int, list[str]]:
        """Compute the bounds of numbers whose records are here again; how many, and what differs."""
        wrong, count = list[str](), 0
        measures = [
            (name, m) for name, held in court.newest.items() for m in held["evidence"]["measures"]
        ]
        for name, measure in measures:
            rows = self.rows(measure["samples"]) if measure.get("samples") else None
            found = bounds_of(rows, measure["recipe"], measure["level"]) if rows else None
            for side, value in zip(("lower", "upper"), found or ()):  # noqa: B905 - or there is none
                count += 1
                told = measure.get(side)
                if told is None or abs(told - value) > CLOSE:
                    wrong.append(
                        f"{name} {measure['name']}: {side} is {told}; its records give {value}"
                    )
        return count, wrong


def _older(policy: JSON) -> bool:
    """Say whether a docket was written before the fields that came later."""
    return not LATER.keys() <= policy.keys()


def _spelled(policy: JSON) -> JSON:
    """Return a policy without what says nothing, and with the defaults of fields that came later."""

    def bare(value: JSON) -> JSON:
        if isinstance(value, dict):
            return {name: bare(inner) for name, inner in value.items() if inner is not None}
        return [bare(inner) for inner in value] if isinstance(value, list) else value

    return {**LATER, **bare(policy)}


def _counted(evidence: JSON) -> list[JSON]:
    """Return what of the measures does not depend on the level they are bounded at."""
    rows = [{name: m.get(name) for name in FIXED} for m in evidence.get("measures", [])]
    recipes = [m.get("recipe") or {} for m in evidence.get("measures", [])]
    return [*rows, *({k: v for k, v in recipe.items() if k != "level"} for recipe in recipes)]


def _table(ours: JSON) -> Iterator[str]:
    levels = {f"{name} {side}": found[side] for name, found in ours["capabilities"].items() for side in ("excluded", "reached")}  # fmt: skip
    for name, found in {**ours["rules"], **ours["safeguards"], **levels}.items():
        bound = "" if found.get("bound") is None else f"  bound {found['bound']:.6g} at {found['level']:g}, n {found['n']}"  # fmt: skip
        yield f"  {name:24} {found['verdict']:10} {found['gate']:14}{bound}"
    if ours["level"]:
        yield f"  level {ours['level']}"
    yield f"  class {ours['class']}, before signatures, custody and containment"


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, compare, and say what was found."""
    parser = argparse.ArgumentParser(description="Judge a release again and compare.")
    parser.add_argument("place", type=Path, nargs="?", default=Path(__file__).parent)
    given = parser.parse_args(arguments)
    try:
        folder = Folder(given.place)
        whole = folder.docket
        court = Court(whole["policy"], whole["docket"], folder.rows)
        ours = decide(court)
        older = _older(whole["policy"])
        wrong = list(differences(ours, whole["verdicts"], whole["level"], older=older))
        wrong += folder.decision(ours)
        count, differ = folder.numbers(court)
        held, other = folder.evidence()
    except BROKEN as error:
        sys.stderr.write(f"nothing to judge: {type(error).__name__}: {error}\n"[:400])
        return 2
    wrong += [*other, *differ]
    lines = ["DIFFERS" if wrong else "AGREES", *(f"  {each}" for each in wrong), *_table(ours)]
    lines.append(f"  {count} bounds computed from their records again; {held} of {len(whole['docket']['filed'])} evidences are those of the record")  # fmt: skip
    if not folder.event:
        lines.append("  no decision lies here; compared with the docket alone")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
