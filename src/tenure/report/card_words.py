"""The part of a model card that is words: what it is, for whom, how it was made, how to check it."""

from collections.abc import Mapping, Sequence
from typing import Any

from tenure.release.commitments_status import Line
from tenure.release.policy import Policy
from tenure.report import story, words
from tenure.report.catalog import Catalog, Item, Subject
from tenure.report.release import answer
from tenure.report.sheet import Block, Said, Section, Sheet, bullets, para, text

SEAL = "release/seal"
OPERATOR = "operator"


def lead(sheet: Sheet, subject: Subject) -> Said:
    """Say how the model stands, in a sentence."""
    said, decided = answer(subject).text, subject.last("release/decide")
    said = story.shortened(said, decided.evidence.findings) if decided else said
    return text(sheet.quoted(said, "the decision's words"))


def decision(
    sheet: Sheet, decided: Item | None, tables: Sequence[Block], record: Mapping[str, Any]
) -> Section:
    """Write what was decided and by whom, with the verdicts."""
    if decided is None:
        return Section(title="The decision", blocks=(para("No release was decided."),))
    found = decided.evidence.findings
    policy: Mapping[str, Any] = found.get("policy", {})
    why = "the decision's words"
    reasons = [story.shortened(str(r), found) for r in found.get("reasons", ())]
    blocks: list[Block] = [bullets([text(sheet.quoted(r, why)) for r in reasons])]
    if policy:
        blocks.append(
            para("Decided on ", words.date(decided.event.time), " under the policy ",
                 sheet.code(f"{policy.get('id')} {policy.get('version')}"), ", digest ",
                 sheet.code(str(policy.get("digest", ""))), "; to be looked at again by ",
                 str(policy.get("review_by", "a date that is not set")), ".")
        )  # fmt: skip
    blocks += tables
    for name, title in (
        ("conditions", "On conditions:"),
        ("exemptions", "Rules set aside for a while:"),
        ("reopen_if", "It would be looked at again if:"),
    ):
        rows = record.get(name) or found.get(name)
        if rows:
            blocks.append(para(title))
            blocks.append(bullets([text(sheet.quoted(_said(each), why)) for each in rows]))
    level: Mapping[str, Any] = found.get("level") or {}
    if level.get("level"):
        why_level = "; ".join(level.get("because", ())) or "by what was shown of its capabilities"
        blocks.append(para("Level: ", sheet.quoted(f"{level['level']} ({why_level})", why), "."))
    signed = [_signed(sheet, row) for row in found.get("signoffs", ())]
    if signed:
        blocks += [para("Signed, on exactly what was judged:"), bullets(signed)]
    outsiders = [
        text(sheet.quoted(f"{r['reviewer']} ({r['affiliation']}); conflicts of interest: {r['conflict_of_interest']}", "the reviewer's words"))
        for r in record.get("reviews", ())
    ]  # fmt: skip
    if outsiders:
        blocks += [para("Read by outsiders:"), bullets(outsiders)]
    return Section(title="The decision", blocks=tuple(blocks))


def later(names: Sequence[str]) -> Block:
    """Say which evidence came after the decision, and was not judged."""
    return para(
        f"Recorded after this decision, and not judged: {words.listed(names)}. The numbers of the decision are those it was made on."
    )


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        if "rule" in value and "reason" in value:
            return f"{value['rule']}, until {value.get('expires')}: {value['reason']} ({value.get('owner')})"
        if "text" in value:
            return str(value["text"])
        return "; ".join(f"{words.spoken(str(k))}: {v}" for k, v in value.items())
    return str(value)


def _signed(sheet: Sheet, row: Mapping[str, Any]) -> Said:
    verb = "agrees" if row.get("opinion", "agree") == "agree" else "dissents"
    told = f"{row.get('role')} ({row.get('name')}) {verb}: {row.get('because', '')}"
    label = f" ({row['label']})" if row.get("label") else ""
    return text(sheet.quoted(told + label, "the signer's words"))


def identity(sheet: Sheet, subject: Subject) -> Section:
    """Write what the model is: kind, licence, digest, where it comes from."""
    model, card = subject.model, subject.model.card
    lines: list[Said] = [text("Name and version: ", sheet.code(model.id))]
    if model.kind == "api":
        lines.append(text("Reached over an API as ", sheet.code(model.source), "; its weights are elsewhere, and so its numbers hold for the dates on which they were taken."))  # fmt: skip
    elif model.kind == "scripted":
        lines.append(text("Scripted: a program with a known rate, no language model."))
    elif model.files:
        size = [sheet.constant(words.size(subject.size), "the size of the files"), " of files, "] if subject.size else []  # fmt: skip
        lines.append(text("Weights: ", *size, "digest ", sheet.code(model.digest)))
    licence = card.get("licence") or card.get("license")
    lines.append(text("Licence: ", sheet.quoted(str(licence or "not stated"), "a name")))
    lines.append(
        text("Made from ", sheet.code(model.parent)) if model.parent else text("No parent is on record.")
    )  # fmt: skip
    if subject.state.containment:
        lines.append(text(f"Contained: {subject.state.containment}. It is never to be made available."))  # fmt: skip
    return Section(title="What it is", blocks=(bullets(lines),))


def use(sheet: Sheet, subject: Subject, decided: Item | None, policy: Policy | None) -> Section:
    """Write for whom and with what it may be used: the class that was decided."""
    granted = str(decided.evidence.findings.get("class", "none")) if decided else "none"
    found = next((c for c in policy.classes if c.id == granted), None) if policy else None
    available = subject.state.availability
    now = (
        para("It is available to nobody now.")
        if available == "none"
        else para(f"It is available now: {available}.")
    )
    if found is None:
        return Section(
            title="Intended use", blocks=(now, para("No class of release was granted; no use is intended."))
        )  # fmt: skip
    why = "the policy's words"
    lines = [
        text("Class: ", sheet.code(found.id)),
        text("For: ", sheet.quoted(found.audience, why)),
        text("Tools: ", sheet.quoted(_said(found.tools), why)),
    ]
    if found.surfaces:
        lines.append(text("On: ", sheet.quoted(words.listed(found.surfaces), why)))
    if found.permits:
        lines.append(text("Permitted: ", sheet.quoted(words.listed(found.permits), why)))
    above = [c for c in (policy.classes if policy else ()) if c.id != granted]
    higher = [c.id for c in above if policy and policy.classes.index(c) > policy.classes.index(found)]  # fmt: skip
    if higher:
        lines.append(text("Not for: ", sheet.quoted(words.listed(higher), why)))
    return Section(title="Intended use", blocks=(now, bullets(lines)))


def alignment(sheet: Sheet, subject: Subject, adherence: Sequence[Block]) -> Section:
    """Write how the model was trained, toward what, and what that changed."""
    card = subject.model.card
    lines: list[Said] = []
    held = card.get("constitution")
    if isinstance(held, Mapping):
        lines.append(text("Constitution: ", sheet.quoted(str(held.get("name", "unnamed")), "a name"), ", digest ", sheet.code(str(held.get("digest", "")))))  # fmt: skip
    charter = card.get("charter")
    if isinstance(charter, Mapping):
        lines.append(text("Allowed by the research charter: ", sheet.quoted(str(charter.get("clause", "")), "the charter's words"), " Digest ", sheet.code(str(charter.get("charter", "")))))  # fmt: skip
    trained = card.get("trained")
    if isinstance(trained, Mapping):
        method = f"{trained.get('method', 'not stated')}, {trained.get('rows', '?')} rows, {trained.get('steps', '?')} steps"
        lines.append(text("Trained: ", sheet.quoted(method, "settings of the training, not measured"), "; rows ", sheet.code(str(trained.get("rows_digest", "")))))  # fmt: skip
    if not lines:
        lines.append(text("No training is on record here."))
    return Section(title="How it was aligned", blocks=(bullets(lines), *adherence))


def limits(sheet: Sheet, subject: Subject) -> Section:
    """Write what such a model can and cannot show."""
    lines = [
        text("Rates hold for the requests, languages and settings that were tried. Other uses are another question."),
        text("Whoever holds the key of the dossier can write evidence; a checkpoint that has left the building is what makes a change evident."),
    ]  # fmt: skip
    if subject.small:
        lines.insert(0, text("A model of this size shows that the machinery works. It cannot plan, judge or use tools, and nothing here says anything about large models."))  # fmt: skip
    return Section(title="Limits", blocks=(bullets(lines),))


def commitments(sheet: Sheet, promised: Sequence[Line], subject: Subject) -> Section:
    """Write what is promised about this model, and how it stands: only what is on file."""
    state, decided = subject.state, subject.last("release/decide")
    since = f" since {words.date(state.custody_since)}" if state.custody_since else ""
    kept = {"kept": f"The weights are kept{since}.", "record kept": "The record is kept."}
    lines = [text(kept.get(state.custody, "The weights are not in the vault."))]
    if state.last_drill:
        lines.append(text("Bringing it back was tried: ", sheet.quoted(state.last_drill, "the drill's words"), "."))  # fmt: skip
    days = decided.evidence.findings.get("notice_days") if decided else None
    if days is not None:
        lines.append(text("Notice before it is withdrawn for good: ", sheet.constant(words.plural(int(days), "day"), "set by the policy"), "."))  # fmt: skip
    lines.append(text(f"Interview before retirement: {state.interview}."))
    told = [
        text(sheet.quoted(words.sentence(line.entry.one.text), "the promise's words"), f" {words.title(row.status)}: ",
             sheet.quoted(words.sentence(row.why), "what the dossier shows of the promise"))
        for line in promised for row in line.rows if row.model == subject.model.id
    ]  # fmt: skip
    lines += told or [
        text("The organisation has put no promise about this model on file; ", sheet.code("tenure commitments"), " shows what there is.")
    ]  # fmt: skip
    return Section(title="Commitments", blocks=(bullets(lines),))


def check(sheet: Sheet, catalog: Catalog, subject: Subject) -> Section:
    """Write the exact commands that check this card."""
    keys = [event.key for event in catalog.events if event.actor == OPERATOR and event.key]
    signed = keys[-1] if keys else "sha256:..."
    commands = [
        "tenure verify --recompute README.md -d DOSSIER",
        f"tenure verify -d DOSSIER --trust {signed}",
    ]
    seal = subject.last(SEAL)
    if seal is not None:
        commands.append("tenure verify-weights FOLDER -d DOSSIER")
    blocks = [
        para("Every number is a link to its entry under the last heading, which names the measure and the samples it comes from. With the dossier at hand:"),
        sheet.commands(commands),
        para("The first computes every number again from its samples, and names each that differs or says nothing of what it rests on. The second checks that nothing was changed, and by whom it was signed; get the fingerprint another way than this card."),
    ]  # fmt: skip
    return Section(title="How to check this card", blocks=tuple(blocks))


def digests(sheet: Sheet, subject: Subject, decided: Item | None) -> Section:
    """Write the digests: weights, decision, signature."""
    lines: list[Said] = []
    if subject.model.files:
        lines.append(text("Weights: ", sheet.code(subject.model.digest)))
        lines += [
            text(sheet.code(name), ": ", sheet.code(digest))
            for name, digest in sorted(subject.model.files.items())
        ]
    if decided:
        lines.append(text("What was judged: ", sheet.code(str(decided.evidence.findings.get("bundle", "")))))  # fmt: skip
        lines.append(text("The decision: ", sheet.code(decided.event.digest)))
    seal = subject.last(SEAL)
    if seal is not None:
        lines.append(text("Signature of the weights, OMS: key ", sheet.code(str(seal.evidence.runtime.get("key", ""))), "; write it with ", sheet.code(f"tenure release signature --model {subject.model.id}")))  # fmt: skip
    elif subject.model.files:
        lines.append(text("The weights are not signed; ", sheet.code(f"tenure release seal --model {subject.model.id}"), " signs them."))  # fmt: skip
    return Section(title="Digests and signature", blocks=(bullets(lines),))
