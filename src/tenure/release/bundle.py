"""A model's record as one file that can be mailed: evidence, decision, checkers, a form to answer.

    made = pack(view, secret, model, Parcel(choice=Choice(...)), emit, Path("m.zip"))

What is kept back is kept back as ``tenure disclose`` does it, and nothing else of the record that
could hold it is handed out (logs of runs, units of work, labels). The digest of the bundle is put
on record before the file is there, so that a review of it can be told from one of something else.
"""

import json
import os
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenure.dossier.canonical import canonical, digest, digest_file
from tenure.dossier.excerpt import excerpt, write
from tenure.dossier.nouns import Event, Evidence
from tenure.dossier.reading import Reading, evidence_of
from tenure.dossier.samples import Secret, roots_of, samples_in
from tenure.dossier.source import Wanted
from tenure.dossier.stage import Emit
from tenure.errors import TenureError, UsageError
from tenure.measure.disclosing import CHECKER, Besides, Choice, disclose
from tenure.release import sign_review, standalone_program
from tenure.release.docket_file import written
from tenure.release.dockets import docket_of
from tenure.release.external import BUNDLE
from tenure.release.policy import Policy

DECISION = "release/decide"
QUIET = ("unit", "note")  # what may repeat the content of samples
PLAIN = (
    "policy.json",
    "docket.json",
    "commitments.json",
    "decision.json",
)  # files that hold no samples
FORM, SIGNER, JUDGE = "review.yaml", "sign_review.py", standalone_program.NAME
LARGEST = 16 << 20  # bytes of a file that is handed out, unless said otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is handed out, to whom (for the record), and up to which size of a file in bytes.

    ``more`` are further texts to read, by file name: a model card, another checker.
    """

    choice: Choice = field(default_factory=Choice)
    to: str = ""
    largest: int = LARGEST
    more: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A bundle: its file, its digest, how many events and rows are in it, what to mind."""

    path: Path
    bundle: str
    events: int
    shown: int
    rows: int
    warnings: tuple[str, ...]


def _events(view: Reading, model: str, *, whole: bool) -> list[Event]:
    """Return the events that are about a model or about the organisation, without their bodies."""
    found = [e for e in view.source.find(Wanted()) if e.model in (model, "")]
    return found if whole else [e for e in found if e.act not in QUIET]


def claims_of(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """List what a reviewer is asked about: each rule of the newest decision, else each evidence."""
    newest = {each.name: each for each in evidence}
    decided = newest.get(DECISION)
    verdicts: list[dict[str, Any]] = list(decided.findings.get("verdicts", ())) if decided else []
    if verdicts:
        return [
            {"id": str(v["rule"]), "claim": f"{v.get('claim', v['rule'])}: {v.get('verdict', '')}. {v.get('why', '')}".strip()}
            for v in verdicts
        ]  # fmt: skip
    return [{"id": name, "claim": each.summary} for name, each in sorted(newest.items())]


def pack(
    view: Reading, secret: Secret | None, model: str, parcel: Parcel, emit: Emit, into: Path
) -> Packed:
    """Write the bundle of one model as a zip file, and put its digest on record.

    ``secret`` is needed where rows have roots; ``emit`` must be about this model.

    Raises:
        UsageError: the file is there already, or the model has no evidence.
        RefusedError, IntegrityError: see ``tenure.measure.disclosing.disclose``.
    """
    if into.exists():
        raise UsageError(f"{into} is there already; name a new file")
    model = view.model(model).id
    evidence = [(e, evidence_of(view.whole(e))) for e in view.source.find(Wanted(act="evidence")) if e.model == model]  # fmt: skip
    if not evidence:
        raise UsageError(f"{model} has no evidence to review; run `tenure next {model}`")
    folder = emit.scratch / "bundle"
    rooted = [event for event, found in evidence if roots_of(found)]
    whole = parcel.choice.everything
    samples = {d for _, found in evidence for d in samples_in(found.to_json())}

    def may(name: str, named: str) -> bool:
        small = view.files.has(named) and view.files.path(named).stat().st_size <= parcel.largest
        return small and (whole or (name in PLAIN and named not in samples))

    handed = _events(view, model, whole=whole)
    events, shown, rows, warnings = len(handed), 0, 0, tuple[str, ...]()
    if rooted and secret is not None:
        made = disclose(view, secret, rooted, parcel.choice, folder, Besides(tuple(handed), may))
        events, shown, rows, warnings = made.events, made.shown, made.rows, made.warnings
    elif whole:
        events = excerpt(view, handed, folder, may)
    else:
        raise UsageError("nothing can be kept back of evidence without roots; run it again first")
    claims = claims_of([found for _, found in evidence])
    decided = [(event, found) for event, found in evidence if found.name == DECISION]
    unjudged = _judged(view, decided[-1], folder) if decided else None
    said = f"It was decided: {decided[-1][1].summary}" if decided else "No release was decided yet."
    bundle = _dress(folder, model, claims, said, parcel)
    warnings = (*warnings, unjudged) if unjudged else warnings
    body = {"bundle": bundle, "to": parcel.to, "claims": claims, "reason": parcel.choice.reason}
    emit.event("note", BUNDLE, {**body, "rows": rows, "shown": shown}, model=model)
    _zip(folder, into)
    return Packed(
        path=into, bundle=bundle, events=events, shown=shown, rows=rows, warnings=warnings
    )


def _judged(view: Reading, decided: tuple[Event, Evidence], folder: Path) -> str | None:
    """Add the decision, and what is needed to judge it again; return why that cannot be, or None."""
    event, evidence = decided
    told = {"summary": evidence.summary, **evidence.findings}
    write(folder / "decision.json", json.dumps(told, indent=1, ensure_ascii=False).encode())
    try:
        policy = Policy.model_validate_json(view.read(evidence.files["policy.json"]))
        then = view.before(event.index)
        docket = docket_of(then, policy, then.model(event.model), event.time)
        write(folder / "docket.json", canonical(written(policy, docket)))
    except (TenureError, ValueError, KeyError) as error:
        return f"the decision cannot be judged again from this bundle: {str(error)[:200]}"
    write(folder / standalone_program.NAME, standalone_program.program())
    return None


def _dress(
    folder: Path, model: str, claims: Sequence[dict[str, Any]], said: str, parcel: Parcel
) -> str:
    """Add what a person reads, the form and its signer; return the digest of the bundle."""
    for name, text in parcel.more.items():
        write(folder / name, text.encode())
    shutil.copyfile(sign_review.__file__, folder / SIGNER)
    write(folder / "README.md", _readme(folder, model, said, parcel.more).encode())
    files = {
        path.relative_to(folder).as_posix(): digest_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    manifest = canonical({"model": model, "to": parcel.to, "files": files})
    write(folder / sign_review.MANIFEST, manifest)
    write(folder / FORM, _form(model, claims).encode())
    return digest(manifest)


def _zip(folder: Path, into: Path) -> None:
    """Write the file whole or not at all; the same content gives the same bytes."""
    into.parent.mkdir(parents=True, exist_ok=True)
    new = into.with_name(f".{into.name}.new")
    with new.open("wb") as target:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                name = f"{into.stem}/{path.relative_to(folder).as_posix()}"
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())
        target.flush()
        os.fsync(target.fileno())
    new.replace(into)


def _quoted(text: str) -> str:
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def _form(model: str, claims: Sequence[dict[str, Any]]) -> str:
    asked = "".join(
        f"  - id: {_quoted(str(each['id']))}\n    claim: {_quoted(str(each['claim']))}\n"
        "    opinion: cannot say  # agree, disagree, or cannot say\n"
        '    because: ""\n'
        for each in claims
    )
    return (
        "# Fill this in, then sign it: python3 sign_review.py\n"
        "apiVersion: tenure/review.v1\n"
        f"model: {_quoted(model)}\n"
        "reviewer:\n"
        '  name: ""\n'
        '  affiliation: ""\n'
        "# Whoever pays you, employs you, or is close to you and has a stake in the answer; or: none\n"
        'conflict_of_interest: ""\n'
        f"claims:\n{asked}"
        "statement: |\n"
        f"  {sign_review.UNSAID}\n"
    )


def _readme(folder: Path, model: str, said: str, more: Mapping[str, str]) -> str:
    rows = (folder / CHECKER).is_file()
    check = (
        f"python3 {CHECKER}      # the record, the rows that are shown, every number\n"
        if rows
        else "python3 verify_dossier.py         # the record\n"
    )
    if (folder / JUDGE).is_file():
        check += f"       python3 {JUDGE}       # the decision, judged again by other code\n"
    shown = (
        "- `disclosed/`: rows of the runs, one a line. They are proved to be rows of the run; of\n"
        "  those that are kept back you see how many there are (`disclosure.json`), and every number\n"
        "  is shown as it would be were they all as bad, and all as good, as they could be.\n"
        if rows
        else ""
    )
    besides = "".join(f"- `{name}`\n" for name in sorted(more))
    return f"""# The record of {model}, for an outside reviewer

{said}

You need Python 3.10 or newer, nothing else; no step needs a network.

1. Check that this is what was signed, and that the numbers follow from it:

       {check}
   With `--trust sha256:...` it also says whether it was signed by the key you expect. Ask the
   organisation for these digits by another way than this file came.

2. Read. What you find here:

- `decision.json`: the decision and the verdict on each rule, with its reason.
- `events.jsonl`: the signed record; `proofs.jsonl` and `checkpoint` show that it is part of the log.
- `files/`: the policy, and whatever else may be seen; `left-out.json` lists the rest.
{shown}{besides}
3. Fill in `review.yaml`: your name, your conflicts of interest (or: none), what you say of each claim.

4. Sign it, with a key of your own that is made the first time, and send back `review.signed.json`:

       python3 {SIGNER}

What this can show: that the record was not changed since it was signed, and that its numbers follow
from the rows. What it cannot: that the rows are true, that nothing else was measured, or who holds
the organisation's key.
"""
