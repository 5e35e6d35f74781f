"""What is promised now, what was promised before, and to whom: a fold of the adoptions.

An adoption is a signed note about the whole document, and one signed event for every promise that
is new, changed or withdrawn (``commitment/ID``, with its words: what rooms tell a model is read
there). A promise ends for later models when it is changed or withdrawn; a model that was covered
before then keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from tenure.documents import line_of, told
from tenure.dossier.fold import OPERATOR
from tenure.dossier.nouns import Event
from tenure.dossier.promises import PREFIX
from tenure.dossier.stage import View
from tenure.dossier.writer import Draft
from tenure.errors import DocumentError, RefusedError, UsageError
from tenure.release.case import SKEW, instant
from tenure.release.commitments import PLACEHOLDER, Commitment, Commitments, InternalUse, Metadata

ADOPTED = "commitments/adopted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One promise as it was in force: from an adoption until it was changed or withdrawn.

    ``because`` is the reason of a withdrawal, None where it is in force or was replaced by a newer
    version of itself.
    """

    one: Commitment
    use: InternalUse | None
    version: int
    adopted: str
    adoption: str
    ended: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """All promises ever adopted, in order, and the newest document."""

    document: Commitments | None = None
    entries: tuple[Entry, ...] = ()

    @property
    def metadata(self) -> Metadata | None:
        """Whose they are."""
        return self.document.metadata if self.document else None

    def current(self, name: str) -> Entry | None:
        """Return what is in force under an id, or None."""
        return next((e for e in self.entries if e.one.id == name and e.ended is None), None)

    def until(self, at: str) -> "Register":
        """Return the register as it was at a time."""
        known = [e for e in self.entries if instant(e.adopted) <= instant(at)]
        back = tuple(
            replace(e, ended=None, because=None)
            if e.ended is not None and instant(e.ended) > instant(at)
            else e
            for e in known
        )
        return replace(self, entries=back)


def register_of(view: View) -> Register:
    """Fold the adoptions of a dossier, those that the operator signed.

    Raises:
        UsageError: a document in it names a check that is not installed here.
    """
    folded = Register()
    for event in view.events(act="sign", name=ADOPTED, model=""):
        if event.actor != OPERATOR:
            continue
        try:
            held = Commitments.model_validate_json(view.read(event.files["commitments.json"]))
        except ValidationError as error:
            raise UsageError(
                f"the commitments of event {event.index} cannot be read here: "
                f"{told(error, Commitments, whole='commitments')}; install what adds the check they name"
            ) from None
        folded = after(folded, held, event)
    return folded


def after(before: Register, document: Commitments, event: Event) -> Register:
    """Fold one adoption."""
    kept = list[Entry]()
    unchanged = set[str]()
    for entry in before.entries:
        if entry.ended is not None:
            kept.append(entry)
        elif _same(entry, document):
            kept.append(_owned(entry, document))
            unchanged.add(entry.one.id)
        else:
            gone = next((w for w in document.withdrawn if w.id == entry.one.id), None)
            because = gone.because if gone else None
            kept.append(replace(entry, ended=event.time, because=because))
    new = [
        Entry(
            one=one,
            use=document.significant_internal_use,
            version=document.metadata.version,
            adopted=event.time,
            adoption=event.digest,
        )
        for one in document.commitments
        if one.id not in unchanged
    ]
    return Register(document=document, entries=(*kept, *new))


def _found(name: str, document: Commitments) -> Commitment | None:
    return next((one for one in document.commitments if one.id == name), None)


def _same(entry: Entry, document: Commitments) -> bool:
    """Say whether a document promises the very same under an id."""
    one = _found(entry.one.id, document)
    if one is None or one.digest != entry.one.digest:
        return False
    uses = any(clause.significant_internal_use for clause in one.scope.any_of)
    return not uses or entry.use == document.significant_internal_use


def _owned(entry: Entry, document: Commitments) -> Entry:
    """Let who answers for it, and when it is looked at again, be those of the newest document."""
    one = _found(entry.one.id, document)
    assert one is not None, "it was found a moment ago"
    return replace(entry, one=one)


def changes(register: Register, document: Commitments) -> list[tuple[str, Commitment]]:
    """List what an adoption would change: ("new" | "changed" | "withdrawn", the promise)."""
    listed: list[tuple[str, Commitment]] = []
    for one in document.commitments:
        held = register.current(one.id)
        if held is None:
            listed.append(("new", one))
        elif not _same(held, document):
            listed.append(("changed", one))
    gone = {w.id for w in document.withdrawn}
    held_now = [e for e in register.entries if e.ended is None]
    return [*listed, *(("withdrawn", e.one) for e in held_now if e.one.id in gone)]


def check_adoptable(register: Register, document: Commitments, path: str, today: str) -> None:
    """Refuse what must not be signed.

    Raises:
        DocumentError: a placeholder, a review date that has passed, a version that is not newer, a
            promise that is in force and vanished without being withdrawn.
        UsageError: this very document is in force already.
    """
    meta = document.metadata
    for field in ("organisation", "owner"):
        if PLACEHOLDER.match(getattr(meta, field)):
            why = "write who this is; nobody promises in another's name"
            raise _no(path, ("metadata", field), why)
    if meta.review_by <= today:
        raise _no(
            path, ("metadata", "review_by"), f"has passed (today is {today}); give a later day"
        )
    for i, gone in enumerate(document.withdrawn):
        if gone.on > today:
            raise _no(path, ("withdrawn", i, "on"), f"lies in the future (today is {today})")
    if register.document is not None:
        _check_follows(register, register.document, document, path)


def _check_follows(
    register: Register, before: Commitments, document: Commitments, path: str
) -> None:
    if before.digest == document.digest:
        raise UsageError("this document is in force already; 'tenure commitments check' checks it")
    if document.metadata.version <= before.metadata.version:
        why = f"must be above {before.metadata.version}, the one in force"
        raise _no(path, ("metadata", "version"), why)
    there = {one.id for one in document.commitments} | {w.id for w in document.withdrawn}
    for entry in register.entries:
        if entry.ended is None and entry.one.id not in there:
            why = (
                f"'{entry.one.id}' is in force and is not here; keep it, or put it under "
                "'withdrawn' with the day and the reason: a promise never just vanishes"
            )
            raise _no(path, ("commitments",), why)


def _no(path: str, at: tuple[int | str, ...], why: str) -> DocumentError:
    return DocumentError(path, line_of(path, at), ".".join(map(str, at)), why)


def drafts(register: Register, document: Commitments, stored: str, by: str) -> list[Draft]:
    """Draft what an adoption signs: the document, and each promise that it changes."""
    files = {"commitments.json": stored}
    meta = document.metadata
    body = {
        "organisation": meta.organisation,
        "version": meta.version,
        "by": by,
        "document": document.digest,
        "changes": [[what, one.id] for what, one in changes(register, document)],
    }
    made = [Draft(act="sign", name=ADOPTED, model="", body=body, files=files)]
    reasons = {w.id: w for w in document.withdrawn}
    for what, one in changes(register, document):
        said = {"version": meta.version, "by": by, "what": what, "check": one.check}
        if what == "withdrawn":
            said |= {"withdrawn": reasons[one.id].on, "because": reasons[one.id].because}
        else:
            said |= {"text": one.text, "source": one.source}
        made.append(Draft(act="sign", name=f"{PREFIX}{one.id}", model="", body=said, files=files))
    return made


def check_clock(newest: Sequence[Event], at: str) -> None:
    """Refuse a clock that was set back: the dossier knows a later time.

    Raises:
        RefusedError: the newest event is dated after this machine's time.
    """
    late = [event for event in newest if instant(event.time) > instant(at) + SKEW]
    if late:
        raise RefusedError(
            f"this machine's clock says {at}, and event {late[-1].index} of the dossier is dated "
            f"{late[-1].time}: the clock was set back; set it right, or ask about a day with --at"
        )
