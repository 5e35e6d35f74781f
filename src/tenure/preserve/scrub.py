"""Reading what is kept, little by little: every byte of every copy in turn, within a budget.

The copy that was verified longest ago comes first. A file that was read is noted at once, so that a
scrub that was stopped or killed goes on with the next one. What is wrong is mended as a check does:
from parity, another copy, or the other form. Every fixity check, repair and replication is on
record as an event in the words of PREMIS 3.0: type, agent, object, outcome, detail.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

import tenure
from tenure.dossier import Emit, Evidence, Model, Stage, View, Waiting
from tenure.errors import IntegrityError, unknown
from tenure.preserve import copies, ocfl, places, placing
from tenure.preserve.fixity import Fault, Plan
from tenure.preserve.pacing import Pace, paced
from tenure.preserve.places import Copy, Place
from tenure.preserve.placing import Site
from tenure.preserve.store import Store, sha512_of

SCRUB = "preserve/scrub"
ANSWERED = "preserve/challenge-answer"
EVERY = timedelta(days=90)  # each copy is read whole so often
SOON = timedelta(days=14)
FRESH_SECONDS = 7 * 86_400  # what was read longer ago than this is read again
DAY = "%Y-%m-%d"


class Spec(BaseModel):
    """Which copy, how fast, how long."""

    model_config = ConfigDict(extra="forbid")

    copy_at: str | None = Field(None, description="Only this copy, by its place; by default all.")
    budget: float | None = Field(None, gt=0, description="Bytes a second to read at most.")
    seconds: float | None = Field(None, gt=0, description="Stop after so many seconds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read of one copy: in this run, and (``earlier``) in runs that were interrupted."""

    files: int
    bytes: int
    earlier: int
    faults: tuple[Fault, ...]
    left: int

    @property
    def done(self) -> bool:
        """Say whether every file was read to its end, or found missing."""
        return self.left == 0


class Journal:
    """Which files of a copy were read and right since it was last verified whole; safe to lose.

    ``since`` is when that was, as an event has it: what is older is on record, and forgotten.
    """

    def __init__(self, path: Path, wanted: Plan, since: str = "") -> None:
        self._path, self._since = path, datetime.fromisoformat(since).timestamp() if since else 0.0
        self._plan = hashlib.sha256(json.dumps(dict(wanted.files)).encode()).hexdigest()
        self.faults = list[dict[str, str]]()  # found by a run that was interrupted while it mended
        self.read = self._load()

    def _load(self) -> dict[str, int]:
        found, now = dict[str, int](), time.time()
        with suppress(OSError, UnicodeDecodeError):
            for line in self._path.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError, KeyError, TypeError):  # cut short when it was killed
                    said = json.loads(line)
                    old = int(said["at"]) <= self._since or said["at"] < now - FRESH_SECONDS
                    if said["plan"] != self._plan or old or said["at"] > now:
                        continue
                    if "faults" in said:
                        self.faults = said["faults"]
                    else:
                        found[said["key"]] = said["bytes"]
        if not found and not self.faults:
            self._path.unlink(missing_ok=True)
        return found

    def add(self, key: str, size: int) -> None:
        """Note a file that is right."""
        self._write({"key": key, "bytes": size})

    def about_to_mend(self, faults: list[dict[str, str]]) -> None:
        """Note what was found, so that it is on record even when this run is killed now."""
        self._write({"faults": faults})

    def forget(self) -> None:
        """Begin anew next time: all was read, and what was wrong is on record and still wrong."""
        self._path.unlink(missing_ok=True)

    def _write(self, what: Mapping[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as out:
            out.write(f"{json.dumps({'plan': self._plan, 'at': time.time(), **what})}\n")


def read_copy(
    store: Store, wanted: Plan, pace: Pace, journal: Journal, say: Callable[[int], None]
) -> Reading:
    """Read one copy's files that were not read yet, until all are or the time is up.

    At least one file is read, so that a scrub of any length comes to an end.
    """
    slow, faults, count, size = paced(store, pace), list[Fault](), 0, 0
    left = [key for key in wanted.files if key not in journal.read]
    while left and not (count and pace.over):
        key, problem, found = left.pop(0), "", ""
        try:
            with slow.open(key) as source:
                found, length = sha512_of(source)
            count, size = count + 1, size + length
            problem = "" if found == wanted.files[key] else "damaged"
        except (KeyError, IntegrityError):
            problem, length = "missing", 0
        except OSError as error:
            problem, length = f"unreadable: {error.strerror}", 0
        if problem:
            faults.append(Fault(key=key, problem=problem, found=found))
        else:
            journal.add(key, length)
        say(size)
    at = ocfl.object_path(wanted.inventory.id)
    extra = sorted(set(store.list(at)) - set(wanted.files))
    faults += [Fault(key=key, problem="not named by the inventory") for key in extra]
    earlier = len(journal.read)
    return Reading(files=count, bytes=size, earlier=earlier, faults=tuple(faults), left=len(left))


def premis(kind: str, copy: Copy | Place, held: str, outcome: str, detail: Any) -> dict[str, Any]:
    """Write an event as PREMIS 3.0 names its parts; its time and signer are the dossier's own."""
    return {
        "type": kind,
        "agent": f"tenure {tenure.__version__}",
        "object": {"object": held, "copy": copy.at, "form": copy.form},
        "outcome": outcome,
        "detail": detail,
    }


@dataclass(kw_only=True)
class _Run:
    """One run of the stage: what is to be read, and what has come of it."""

    site: Site
    plans: Mapping[str, tuple[Plan, list[copies.Finder]]]
    root: Path
    last: Mapping[str, str]
    pace: Pace
    emit: Emit

    def copy(self, copy: Copy) -> tuple[Reading, list[dict[str, Any]], str]:
        """Read a copy and mend it: the reading, its events, and how it is now ("" not done)."""
        wanted, _ = self.plans[copy.form]
        path = _journal_path(self.root, copy.at, self.site.object)
        journal = Journal(path, wanted, self.last.get(copy.at, ""))
        total = _size(copy.store, wanted)
        before = sum(journal.read.values())
        found = read_copy(
            copy.store,
            wanted,
            self.pace,
            journal,
            lambda done: self.emit.progress(
                (before + done) // 1000, total // 1000, f"kB of {copy.store.label} read"
            ),
        )
        if not found.done and not found.faults:
            return found, [], ""
        if not found.files and not found.earlier and not found.faults:
            raise IntegrityError(
                f"nothing was read of {self.site.object} in {copy.store.label}: this check says nothing; "
                "run 'tenure vault status' and mount the copy"
            )
        detail: dict[str, Any] = {"files": found.files + found.earlier, "not read yet": found.left}
        detail["faults"] = [_fault(fault) for fault in found.faults]
        outcome = "fail" if found.faults else "pass"
        events = [premis("fixity check", copy, self.site.object, outcome, detail)]
        state = "as signed"
        if found.faults and not copy.store.list():
            # Perhaps a disk that is not mounted: nothing is written where it would be.
            detail["faults"] = [{"file": "all", "problem": "there is no vault at this place"}]
            state = "not well"
        elif found.faults:
            journal.about_to_mend(detail["faults"])
            state = self._mend(copy, events)
        now = [fault["file"] for fault in detail["faults"]]
        for fault in journal.faults:
            if fault["file"] not in now and state != "not well":
                said = {
                    **fault,
                    "from": "mended by a run that was killed before it said from where",
                }
                events.append(premis("recovery", copy, self.site.object, "success", said))
                state = "repaired"
        if state == "not well":
            journal.forget()
        return found, events, state

    def _mend(self, copy: Copy, events: list[dict[str, Any]]) -> str:
        wanted, made = self.plans[copy.form]
        same = [store for store in self.site.stores(copy.form) if store is not copy.store]
        finders = [*made, *self.site.finders(copy.store, copy.form)]
        try:
            done = copies.bring(paced(copy.store, self.pace), same, wanted, finders)
        except IntegrityError as error:
            events.append(premis("recovery", copy, self.site.object, "fail", str(error)))
            return "not well"
        new = done.before.files == 0
        for repair in done.repairs:
            detail = {**_fault(repair), "from": repair.source}
            kind = "replication" if new else "recovery"
            events.append(premis(kind, copy, self.site.object, "success", detail))
        detail = {"files": done.after.files, "not read yet": 0, "faults": []}
        events.append(premis("fixity check", copy, self.site.object, "pass", detail))
        return "repaired"


def _fault(found: Fault | copies.Repair) -> dict[str, str]:
    return {"file": "/".join(found.key.split("/")[4:]) or found.key, "problem": found.problem}


def _size(store: Store, wanted: Plan) -> int:
    total = 0
    for key in wanted.files:
        with suppress(KeyError, IntegrityError, OSError):
            total += store.size(key)
    return total


def _journal_path(root: Path, at: str, held: str) -> Path:
    name = hashlib.sha256(f"{at}\n{held}".encode()).hexdigest()[:32]
    return root / "work" / "scrub" / f"{name}.jsonl"


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Read the copies of one model, the one verified longest ago first, and mend what is wrong."""
    held = places.require(view, model)
    opened = held.opened(view.root)
    last = verified(view, model)
    chosen = sorted(
        (copy for copy in opened if spec.copy_at in (None, copy.at)),
        key=lambda copy: last.get(copy.at, ""),
    )
    if not chosen:
        raise unknown("copy", str(spec.copy_at), held.roots)
    site = Site(
        object=held.object,
        copies=opened,
        folder=emit.scratch / "scrub",
        signed=dict(held.signed),
    )
    plans = {
        form: placing.planned(site, form, held.signed.get(form), site.stores(form))
        for form in {copy.form for copy in chosen}
    }
    pace = Pace(spec.budget, spec.seconds)
    work = _Run(site=site, plans=plans, root=view.root, last=last, pace=pace, emit=emit)
    events, state, read = list[dict[str, Any]](), dict[str, str](), list[dict[str, Any]]()
    for copy in chosen:
        if state and pace.over:
            break
        found, said, now = work.copy(copy)
        events += said
        read.append({"copy": copy.at, "files": found.files, "bytes": found.bytes})
        if now:
            state[copy.at] = now
    if not state:
        left = sum(len(plans[c.form][0].files) for c in chosen) - sum(r["files"] for r in read)
        return Waiting(
            on="the next scrub",
            command=f"tenure scrub --model {model.id}",
            why=f"the time was up after {pace.said}; about {left} file(s) are still to be read",
        )
    return _evidence(model, events, state, read, pace)


def _evidence(
    model: Model,
    events: list[dict[str, Any]],
    state: dict[str, str],
    read: list[dict[str, Any]],
    pace: Pace,
) -> Evidence:
    bad = [at for at, now in state.items() if now == "not well"]
    mended = sum(event["outcome"] == "success" for event in events)
    faults = sum(len(e["detail"]["faults"]) for e in events if e["type"] == "fixity check")
    said = f"{len(state)} cop{'y' if len(state) == 1 else 'ies'} read whole"
    said += f": {faults} fault(s), {mended} mended" if faults else ": all as signed"
    if bad:
        said += f"; NOT well: {', '.join(bad)}"
    return Evidence(
        name=SCRUB,
        model=model.id,
        kind="record",
        summary=said + ".",
        findings={"well": not bad, "copies": state, "events": events},
        runtime={"read": read, "said": pace.said},
    )


def verified(view: View, model: Model) -> dict[str, str]:
    """Say when each copy was last verified whole, by its place; one that never was is not there."""
    found: dict[str, str] = {}
    for event, evidence in view.all_evidence(model.id):
        held = evidence.findings
        if event.name == places.KEEP:
            ats = [copy["at"] for copy in held.get("copies", [])] or held.get("roots", [])
            found = dict.fromkeys(ats, event.time)
        elif event.name == "preserve/check" and held.get("well"):
            found = dict.fromkeys(found, event.time)
        elif event.name == SCRUB:
            good = [at for at, now in held["copies"].items() if now != "not well"]
            found |= {at: event.time for at in good if at in found}
    for event in view.events(act="note", name=ANSWERED, model=model.id):
        at = event.body["object"]["copy"]
        if event.body["outcome"] == "pass" and event.time > found.get(at, "~"):
            found[at] = event.time
    return found


def owed(view: View, model: Model) -> list[tuple[str, str]]:
    """Which copies are to be read next, from two weeks before their day: (reason, command)."""
    due: list[tuple[str, str]] = []
    today = datetime.now(UTC)
    for at, last in sorted(verified(view, model).items(), key=lambda pair: pair[1]):
        day = datetime.fromisoformat(last) + EVERY
        if today >= day - SOON:
            late = "was due" if today >= day else "is due"
            why = (
                f"the copy {at} was read whole on {last[:10]}; the next scrub {late} on {day:{DAY}}"
            )
            due.append((why, f"tenure scrub --model {model.id} --copy {at}"))
    return due


stage = Stage(
    name=SCRUB,
    spec=Spec,
    run=run,
    summary="Read copies within a budget, the one verified longest ago first, and mend them.",
    repeat=True,
)
