"""Reading what is kept, little by little: every byte of every copy in turn, within a budget.

The copy that was verified longest ago comes first. A file that was read is noted at once, so that a
scrub that was stopped or killed goes on with the next one. What is wrong is mended as a check does:
from parity, another copy, or the other form. Every fixity check, repair and replication is on
record as an event in the words of PREMIS 3.0: type, agent, object, outcome, detail. The shared
wheels that a model was kept with are read after it, in the same copy, and mended likewise.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

import tenure
from tenure.dossier import Emit, Evidence, Model, Stage, View, Waiting
from tenure.errors import IntegrityError, unknown
from tenure.preserve import copies, places, placing, presence
from tenure.preserve.fixity import NOT_NAMED, Fault, Plan, extra, for_copy
from tenure.preserve.forms import PLAIN
from tenure.preserve.kit import wheels_care
from tenure.preserve.places import Copy, Place
from tenure.preserve.placing import Site
from tenure.preserve.scrubbing.journal import FRESH_SECONDS, Journal, journal_path
from tenure.preserve.scrubbing.pacing import Pace, paced
from tenure.preserve.store import Store, sha512_of

SCRUB = "preserve/scrub"
ANSWERED = "preserve/challenge-answer"
EVERY = timedelta(days=90)  # each copy is read whole so often
SOON = timedelta(days=14)
DAY = "%Y-%m-%d"
AWAY = "away"  # of a copy: it could not be read, and nothing was written where it should be


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
    with suppress(OSError):  # away: then the rest could not be read either
        faults += [Fault(key=key, problem=NOT_NAMED) for key in extra(store, wanted)]
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
    journal: str

    def copy(self, copy: Copy) -> tuple[Reading, list[dict[str, Any]], str]:
        """Read a copy and mend it: the reading, its events, and how it is now ("" not done).

        One that goes away meanwhile goes on with the next file when it is back.
        """
        wanted = for_copy(copy.store, self.plans[copy.form][0])
        path = journal_path(self.root, copy.at, self.journal)
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
        if found.faults and (why := presence.why_away(copy.store)):
            return found, [self.is_away(copy, why)], AWAY
        detail: dict[str, Any] = {"files": found.files + found.earlier, "not read yet": found.left}
        detail["faults"] = [_fault(fault) for fault in found.faults]
        if wanted.beyond is not None:
            detail["beyond"] = wanted.beyond.head  # added by another dossier; not read by this one
        outcome = "fail" if found.faults else "pass"
        events = [premis("fixity check", copy, self.site.object, outcome, detail)]
        state = "as signed"
        if found.faults:
            journal.about_to_mend(detail["faults"])
            try:
                state = self._mend(copy, events)
            except OSError as error:
                why = error.strerror or type(error).__name__
                return found, [*events, self.is_away(copy, why)], AWAY
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

    def is_away(self, copy: Copy, why: str) -> dict[str, Any]:
        """Write the event of a reading that could not be: neither passed nor failed."""
        detail = {"files": 0, "faults": list[str](), "away": why}
        detail["remedy"] = presence.remedy(copy.at)
        return premis("fixity check", copy, self.site.object, "not done", detail)

    def _mend(self, copy: Copy, events: list[dict[str, Any]]) -> str:
        wanted, made = self.plans[copy.form]
        same = [store for store in self.site.stores(copy.form) if store is not copy.store]
        finders = [*made, *self.site.finders(copy.store, copy.form)]
        try:
            done = copies.bring(paced(copy.store, self.pace), same, wanted, finders, kept=True)
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


Done = tuple[Reading, list[dict[str, Any]], str]


def _with_wheels(view: View, work: _Run, copy: Copy, model: Done) -> Done:
    """Read the wheels that the model names in the same copy; what came of both together.

    Where another model's scrub read them since this copy of this model was verified, that counts.
    """
    stores, (found, events, state) = [each.store for each in work.site.copies], model
    urn = wheels_care.named(stores, work.plans[copy.form][0].inventory)
    if urn is None:
        return model
    here, detail = replace(copy, form=PLAIN), {"files": 0, "not read yet": 0, "faults": []}
    if day := _read_lately(view, urn, copy.at, work.last.get(copy.at, "")):
        detail["read"] = f"whole on {day}, by the scrub of another model"
        return found, [*events, premis("fixity check", here, urn, "pass", detail)], state
    try:
        accept = wheels_care.accepting(view, stores, urn)
        wanted = wheels_care.plan(copy.store, stores, urn, accept)
    except IntegrityError as error:
        detail["faults"] = [{"file": "all", "problem": str(error)}]
        return found, [*events, premis("fixity check", here, urn, "fail", detail)], "not well"
    plain = [replace(each, form=PLAIN) for each in work.site.copies]
    inner = replace(
        work,
        site=Site(object=urn, copies=plain, folder=work.site.folder),
        plans={PLAIN: (wanted, [])},
        # What was mended must come on record now, so the rest is read whatever the time.
        pace=work.pace if state == "as signed" else Pace(work.pace.rate),
        journal=f"{urn} of {work.journal}",
    )
    more, said, now = inner.copy(here)
    both = replace(
        found, files=found.files + more.files, bytes=found.bytes + more.bytes, left=more.left
    )
    worst = next((each for each in (AWAY, "not well", "repaired") if each in (now, state)), now)
    return (both, [*events, *said], worst) if now else (both, [], "")


def _read_lately(view: View, urn: str, at: str, since: str) -> str:
    """Say when a scrub of any model read a copy's wheels whole, if that was after ``since``."""
    oldest = max(since, f"{datetime.now(UTC) - timedelta(seconds=FRESH_SECONDS):{DAY}}")
    return max(
        (
            event.time
            for model in view.models()
            for event, evidence in view.all_evidence(model.id)
            if evidence.name == SCRUB and event.time > oldest
            for each in evidence.findings["events"]
            if (each["object"]["object"], each["object"]["copy"]) == (urn, at)
            and (each["type"], each["outcome"]) == ("fixity check", "pass")
            and each["detail"]["files"]
        ),
        default="",
    )


def _fault(found: Fault | copies.Repair) -> dict[str, str]:
    return {"file": "/".join(found.key.split("/")[4:]) or found.key, "problem": found.problem}


def _size(store: Store, wanted: Plan) -> int:
    total = 0
    for key in wanted.files:
        with suppress(KeyError, IntegrityError, OSError):
            total += store.size(key)
    return total


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Read the copies of one model, the one verified longest ago first, and mend what is wrong."""
    held = places.require(view, model)
    began = time.process_time()
    opened = held.opened(view.root)
    last = verified(view, model)
    chosen = sorted(
        (copy for copy in opened if spec.copy_at in (None, copy.at)),
        key=lambda copy: last.get(copy.at, ""),
    )
    if not chosen:
        raise unknown("copy", str(spec.copy_at), held.roots)
    here, away = presence.sort_out(opened)
    site = Site(
        object=held.object,
        copies=here,
        folder=emit.scratch / "scrub",
        signed=dict(held.signed),
    )
    plans = {
        form: placing.planned(site, form, held.signed.get(form), site.stores(form))
        for form in {copy.form for copy in chosen if copy.at not in away}
    }
    pace = Pace(spec.budget, spec.seconds)
    work = _Run(
        site=site, plans=plans, root=view.root, last=last, pace=pace, emit=emit, journal=held.object
    )
    events, state, read = list[dict[str, Any]](), dict[str, str](), list[dict[str, Any]]()
    left = 0
    for copy in chosen:
        if copy.at in away:
            events.append(work.is_away(copy, away[copy.at]))
            state[copy.at] = AWAY
            continue
        if any(each != AWAY for each in state.values()) and pace.over:
            break
        found, said, now = work.copy(copy)
        if now not in ("", AWAY):
            found, said, now = _with_wheels(view, work, copy, (found, said, now))
        events += said
        left += found.left
        read.append({"copy": copy.at, "files": found.files, "bytes": found.bytes})
        if now:
            state[copy.at] = now
    if left and not set(state.values()) - {AWAY}:
        away_too = f"; away: {', '.join(state)}" if state else ""
        return Waiting(
            on="the next scrub",
            command=f"tenure scrub --model {model.id}",
            why=f"the time was up after {pace.said}; about {left} file(s) are still to be read{away_too}",
        )
    runtime = {"read": read, "said": pace.said}
    runtime["core_seconds"] = round(time.process_time() - began, 3)  # of all cores, as a check's
    return _evidence(model, events, state, runtime)


def _evidence(
    model: Model,
    events: list[dict[str, Any]],
    state: dict[str, str],
    runtime: dict[str, Any],
) -> Evidence:
    bad = [at for at, now in state.items() if now == "not well"]
    away = [at for at, now in state.items() if now == AWAY]
    read = len(state) - len(away)
    mended = sum(event["outcome"] == "success" for event in events)
    faults = sum(len(e["detail"]["faults"]) for e in events if e["type"] == "fixity check")
    said = f"{read} cop{'y' if read == 1 else 'ies'} read whole"
    if faults or read:
        said += f": {faults} fault(s), {mended} mended" if faults else ": all as signed"
    if bad:
        said += f"; NOT well: {', '.join(bad)}"
    for at in away:
        said += f"; AWAY, nothing was written there: {at}: {presence.remedy(at)}"
    return Evidence(
        name=SCRUB,
        model=model.id,
        kind="record",
        summary=said + ".",
        findings={"well": not bad and not away, "copies": state, "events": events},
        runtime=runtime,
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
        elif event.name == "preserve/check":
            found |= {at: event.time for at in held.get("whole", []) if at in found}
        elif event.name == SCRUB:
            good = [at for at, now in held["copies"].items() if now not in ("not well", AWAY)]
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
