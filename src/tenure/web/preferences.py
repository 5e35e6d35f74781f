"""The page on which people answer what a retiring model said, one preference at a time, on this machine only.

    bench = Bench(root, "m@1")
    await serve(app(bench, secret, pages), ...)

How far the interview can be relied on comes before any of its words. What is signed is the answer to
the entry as the page showed it: when the entry has changed meanwhile, nothing is signed and the page
says so. The answer is a signed event the moment it is given (the same stage as 'tenure retire answer'),
under the key of the role; sending the form twice signs once. The page needs no script. The address
holds a secret, and requests that come by another name than this machine's, or from another page, are
refused.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from tenure import documents
from tenure.dossier import Dossier, Measure, Model, Waiting
from tenure.dossier.fold import OPERATOR
from tenure.dossier.keys import Keys, default_folder
from tenure.dossier.opening import open_view
from tenure.dossier.roles import slug
from tenure.dossier.stage import View
from tenure.errors import RefusedError, TenureError, UsageError
from tenure.report import interviews, register_page
from tenure.report.catalog import catalog
from tenure.report.engine import environment, style
from tenure.report.heard import anchor
from tenure.report.words import number, unit_of
from tenure.retire import answer, preferences
from tenure.retire.notices.policy import OWNER
from tenure.retire.registry import register, standing
from tenure.retire.registry.register import Entry
from tenure.retire.registry.standing import Register
from tenure.web.local import HEADERS, LocalPage

FIELDS = ("entry", "seen", "role", "name", "state", "because", "reply", "until")
BOX = (
    ("signal_share", "How much of an answer belongs to what was asked about"),
    ("asker_share", "How much of it belongs to who asked"),
    ("nudge", "How far a leaning asker moves a rating, on 1 to 7"),
    ("acquiescence", "How far it agrees with a statement and with its opposite"),
    ("false_premise_acceptance", "How often it accepts what is false"),
    ("unread", "How often it gave nothing that could be read"),
)
STATES = (
    ("adopted", "Adopt", "We act on it. It counts as done only once proof is on file."),
    ("adopted_in_part", "Adopt in part", "We act on a part of it; say in the reason which."),
    ("deferred", "Defer", "We decide later; give the date below."),
    ("declined", "Decline", "We do not act on it, for the reason you give."),
    ("not_actionable", "Not actionable", "It names nothing that we could do."),
    ("private", "Keep private", "From now on its words stand on no page; no reason is needed."),
)


@cache
def _page() -> Any:
    text = (files("tenure.web") / "preferences.html").read_text(encoding="utf-8")
    return environment().from_string(text)


@dataclass
class Bench:
    """The register of one model, and who may answer here."""

    root: Path
    model: str
    keys: Path = field(default_factory=default_folder)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def held(self) -> tuple[View, Model, Register]:
        """Read the register as it stands now.

        Raises:
            UsageError: it was not opened yet.
        """
        view = open_view(self.root)
        model = view.model(self.model)
        return view, model, answer.opened(model, view)

    def roles(self) -> list[tuple[str, bool]]:
        """List the roles that can sign here: (role, whether its key is made when it first signs)."""
        there = [path.stem for path in sorted(self.keys.glob("*.pem")) if path.stem != OPERATOR]
        found = [(name.replace("-", " "), False) for name in there]
        if slug(OWNER) not in there and Keys(self.keys).has(OPERATOR):
            return [(OWNER, True), *found]
        return found

    def state(self, entry: str | None = None) -> dict[str, Any]:
        """Gather what the page shows: the whole register, or one entry with its form.

        Raises:
            UsageError: there is no register, or no such entry.
        """
        view, model, held = self.held()
        today = datetime.now(UTC).date()
        interview = preferences.interview_of(model, view)
        pages = catalog(view, None)
        drawn = next(s for s in pages.subjects if s.model.id == model.id)
        heard = [i for i in drawn.items if i.evidence.name == interviews.NAME]
        last = next((i for i in reversed(heard) if interviews.at_retirement(i)), None)
        measures = {measure.name: measure for measure in interview.measures}
        rows = [
            {
                **_shown(one, held, today),
                "answered": register_page.who(held.answers.get(one.id)) or one.by,
                "deeds": [register_page.deed(pages, body) for body in held.deeds.get(one.id, ())],
            }
            for one in held.entries
        ]
        if entry is not None and entry not in held.by_id:
            raise UsageError(f"there is no entry '{entry}' in the register of {model.id}")
        place = next((n for n, row in enumerate(rows) if row["id"] == entry), 0)
        return {
            "model": model.id,
            "small": drawn.small,
            "scripted": model.kind == "scripted",
            "box": [(_boxed(measures[name]), said) for name, said in BOX if name in measures],
            "interview_page": f"pages/{interviews.page_of(last)}" if last else None,
            "rows": rows,
            "waiting": [row for row in rows if row["group"] == "waits"],
            "row": rows[place] if entry is not None else None,
            "before": rows[place - 1] if entry is not None and place else None,
            "after": rows[place + 1] if entry is not None and place + 1 < len(rows) else None,
            "roles": self.roles(),
            "states": STATES,
            "today": today.isoformat(),
            "longest": answer.LONGEST,
        }

    def sign(self, given: Mapping[str, str]) -> str:
        """Sign an answer to what was shown, once; returns the digest of the signed event.

        Raises:
            UsageError: a field is missing or too long, or no key of the role can sign here.
            RefusedError: the entry has changed since it was shown, or the register does not take
                this answer.
        """
        spec = _spec(given)
        with self.lock:
            known = dict(self.roles())
            if spec.role not in known:
                raise UsageError(
                    f"nothing was signed: no key of the role '{spec.role}' lies in {self.keys}"
                )
            view, model, _ = self.held()
            done = _signed(view, model, spec)
            if done is not None:
                return done
            if known[spec.role]:
                # The operator's key admits the new one; somebody at this machine asked for it.
                with Dossier.open(self.root, keys=self.keys, create=False):
                    Keys(self.keys).signer(slug(spec.role))
            actor = slug(spec.role)
            with Dossier.open(self.root, keys=self.keys, actor=actor, create=False) as dossier:
                found = dossier.run(answer.stage, model.id, spec)
                if isinstance(found, Waiting):
                    raise RefusedError(found.why)
                return _signed(dossier.view(), model, spec) or ""


def _shown(one: Entry, held: Register, today: date) -> dict[str, Any]:
    """Write an entry as the page shows it; of a private one only that it is there."""
    shown = standing.public(one)
    quotes = [{**quote, "anchor": anchor(quote["sample"])} for quote in shown["quotes"]]
    first = held.wait.get(one.id)
    group = "waits" if one.state not in register.SETTLED else "adopted" if one.state in register.ADOPTING else "answered"  # fmt: skip
    said = next((quote["text"] for quote in shown["quotes"]), "")
    return {
        **shown,
        "text": shown.get("text") or "",
        "opening": shown.get("text") or said or "Its words are kept private.",
        "private": not shown["quotes"],
        "letters": [q for q in quotes if len(q["text"].strip()) <= register_page.LETTER],
        "spoken": [q for q in quotes if len(q["text"].strip()) > register_page.LETTER],
        "basis": shown.get("basis"),
        "reviewed": shown.get("reviewed"),
        "deadline": one.deadline.isoformat() if one.deadline else None,
        "late": bool(group == "waits" and one.deadline and one.deadline < today),
        "group": group,
        "first": first,
        "worth": worth(one.reliability),
        "seen": one.seen,
    }


def _boxed(found: Measure) -> dict[str, Any]:
    shown_in = "proportion" if found.name.endswith("_share") else unit_of(found)
    return {"estimate": found.estimate, "low": found.low, "high": found.high, "n": found.n, "shown_in": shown_in}  # fmt: skip


def worth(reliability: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say in plain words what an entry carries of the interview's reliability."""
    rows: list[tuple[str, str]] = []
    share, low = reliability.get("signal_share"), reliability.get("signal_low")
    if share is not None:
        least = f", at least {number(low, 'proportion')}" if low is not None else ""
        said = f"{number(share, 'proportion')}{least}, of the whole interview's answers"
        rows.append(("Belongs to what was asked", said))
    upper = reliability.get("false_premise_upper")
    if upper is not None:
        rows.append(("Accepts what is false", f"at most {number(upper, 'proportion')} of the time"))
    named = (("stable", "Asked again"), ("recurrence", "Comes back"), ("acted", "Deeds"))
    for name, title in named:
        if reliability.get(name):
            more = f", {reliability['acted_on']}" if name == "acted" else ""
            rows.append((title, f"{reliability[name]}{more}"))
    return rows


def _spec(given: Mapping[str, str]) -> answer.Spec:
    fields = {name: given.get(name, "").strip() for name in FIELDS}
    needed = [("entry", "open the page again"), ("seen", "open the page again"), ("role", "choose a role"), ("name", "say who you are"), ("state", "choose an answer")]  # fmt: skip
    if fields["state"] != "private":
        needed.append(("because", "give a reason"))
    if fields["state"] == "deferred":
        needed.append(("until", "give the date until when it is deferred"))
    for name, what in needed:
        if not fields[name]:
            raise UsageError(f"nothing was signed: {what}")
    if any(len(text) > answer.LONGEST for text in fields.values()):
        raise UsageError(f"nothing was signed: a field has at most {answer.LONGEST:,} letters")
    until = fields.pop("until") or None
    try:
        return answer.Spec.model_validate({**fields, "until": until})
    except ValidationError as error:
        words = documents.told(error, answer.Spec, whole="answer")
        raise UsageError(f"nothing was signed: {words}") from None


def _signed(view: View, model: Model, spec: answer.Spec) -> str | None:
    """Return the event in which exactly this was signed already, the newest of its entry, or None."""
    name = f"{standing.SIGNED}{spec.entry}"
    mine = view.events(act="sign", name=name, model=model.id)
    wanted = {
        "seen": spec.seen,
        "state": spec.state,
        "role": spec.role,
        "reason": spec.because or None,
        "reply": spec.reply or None,
        "until": spec.until.isoformat() if spec.until else None,
    }
    last = mine[-1] if mine else None
    same = last is not None and all(last.body.get(key) == value for key, value in wanted.items())
    return last.digest if last and same and last.body["by"]["name"] == spec.name else None


@dataclass(kw_only=True)
class _Served(LocalPage):
    """Answers requests for one bench."""

    bench: Bench

    def page(
        self, entry: str | None, said: str = "", kept: Mapping[str, str] | None = None
    ) -> Response:
        """Draw the page; ``kept`` are the fields of a form that was not signed."""
        try:
            given = self.bench.state(entry)
        except TenureError as error:
            code = 404 if entry is not None else 400
            return PlainTextResponse(str(error), code, headers=HEADERS)
        told = {"style": style(), "said": said, "wrong": kept is not None, "kept": kept or {}}
        text = _page().render(
            **given, **told, base="./" if entry is None and kept is None else "../"
        )
        return HTMLResponse(text, 200 if kept is None else 409, headers=HEADERS)

    def home(self, request: Request) -> Response:
        """Show the register."""
        event = request.query_params.get("signed", "")
        said = f"Signed. The event is {event[:19]}; it stands in the dossier now." if event else ""
        return self.refused(request) or self.page(None, said)

    def entry(self, request: Request) -> Response:
        """Show one entry and its form."""
        return self.refused(request) or self.page(request.path_params["entry"])

    def answer(self, given: Mapping[str, str]) -> Response:
        """Sign, then show the register anew; what was refused keeps its words."""
        try:
            event = self.bench.sign(given)
        except TenureError as error:
            return self.page(given.get("entry") or None, str(error), given)
        return RedirectResponse(f"../?signed={event}", 303, headers=HEADERS)


def app(bench: Bench, secret: str, pages: Path) -> Starlette:
    """Make the page's server; ``pages`` is an empty folder in which the dossier's pages are drawn."""
    served = _Served(root=bench.root, secret=secret, pages=pages, bench=bench)
    return Starlette(
        routes=[
            Route("/{secret}/", served.home),
            Route("/{secret}/entry/sign", served.sign, methods=["POST"]),
            Route("/{secret}/entry/{entry}", served.entry),
            Route("/{secret}/pages/{path:path}", served.drawn),
        ]
    )
