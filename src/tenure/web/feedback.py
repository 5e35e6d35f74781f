"""The page on which people compare two answers, blind and one pair at a time.

    desk = Desk(dossier, model, Job(rater="Ada", expert=True))
    serve(lambda secret, done: app(desk, secret, done), ...)

Every answer is a signed event the moment it is given; the next pair follows from the record alone
(``align.people.routing``). The page works without a script: then nobody measures the seconds but the
server. What was sent twice, from two tabs or after going back, counts once. The address holds a
secret, and requests that come by another name than the address it is served on (this machine's own,
unless ``--host`` names another), or from another page, are refused.
"""

import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tenure.align import feedback
from tenure.align.comparing.labels import Label
from tenure.align.comparing.pairs import Pair
from tenure.align.lineage import named
from tenure.align.people import agreeing, asked, drafting, said
from tenure.align.people.asked import Shown
from tenure.align.people.drafting import Draft
from tenure.align.people.routing import BLOCK, Pool, Turn, following, usefulness
from tenure.align.people.said import Answer, Said, Say
from tenure.dossier import Dossier, Measure, Model
from tenure.errors import TenureError, UsageError
from tenure.report.engine import environment, style
from tenure.web.local import HEADERS, HOSTS, LocalPage

ENOUGH = 10  # letters of an expert's reason
LONGEST = 4000  # letters of a field
ORDER: Mapping[str, Say] = {"tie": "tie", "bad": "both bad"}
SURE = ("low", "middle", "high")
PREFER = "align/prefer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Who compares: experts give reasons, sources and how sure they are; drafts come from a model.

    ``matches`` shows the answers of two models (``align/compare``) and no others.
    """

    rater: str
    expert: bool = False
    drafts: bool = False
    matches: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One pair as it lies before a rater; ``ticket`` names it without saying what kind it is.

    ``withheld`` says that there is a draft which this rater does not see.
    """

    ticket: str
    turn: Turn
    principle: Shown
    drafted: Draft | None
    withheld: bool = False


@cache
def _page() -> Any:
    text = (files("tenure.web") / "feedback.html").read_text(encoding="utf-8")
    return environment().from_string(text)


class Desk:
    """One rater at the pairs of one model."""

    def __init__(self, dossier: Dossier, model: Model, job: Job) -> None:
        """Sit down: the rater goes on record.

        Raises:
            UsageError: the name cannot be one, or there is no pair to compare.
        """
        self.dossier, self.model, self.job = dossier, model, job
        self.name = said.checked_name(job.rater)
        self.lock = threading.RLock()
        self.given: dict[str, tuple[Sheet, float]] = {}
        view = dossier.view()
        held = said.read(view, model.id)
        self.labels = feedback.judged(view, model.id)
        self.gold = feedback.known(held, self.labels)
        self.matches = held.matches
        shown = held.newest & held.matches if job.matches else held.newest
        pairs = {k: v for k, v in held.pairs.items() if k in shown}
        if not pairs:
            first = "compare" if job.matches else "pairs"
            raise UsageError(
                f"{model.id} has no pairs of answers to compare; first run: tenure align {first} --model {model.id}"
            )
        self.constitution = asked.constitution_of(view, model.id)
        self.pool = Pool(
            pairs=pairs,
            gold={k: v for k, v in self.gold.items() if k in held.gold or k in shown},
            even=held.matches,
            worth=usefulness(pairs, self.labels, preferred(dossier, model.id)),
        )
        self.judged = agreeing.judged(self.labels)
        with dossier.emitter(model.id, said.STAGE) as emit:
            said.admit(held, self.name, expert=job.expert, how="page", emit=emit)

    def said(self) -> Said:
        """Read what everybody said so far."""
        return said.read(self.dossier.view(), self.model.id)

    def sheet(self, held: Said) -> Sheet | None:
        """Lay out the next pair, or None when nothing is left; the same until it is answered."""
        mine = held.of(self.name)
        others = [answer for answer in held.answers if answer.by != self.name]
        pool = replace(self.pool, pairs=self._open(held))
        turn = following(self.name, mine, others, pool)
        if turn is None:
            return None
        ticket = named("sheet", self.name, turn.pair.id, turn.kind, turn.first)
        if ticket not in self.given:
            self.given[ticket] = self._laid(ticket, turn), time.monotonic()
        return self.given[ticket][0]

    def _laid(self, ticket: str, turn: Turn) -> Sheet:
        known = self.gold.get(turn.pair.id)
        named_one = known.principle if known and turn.kind == "gold" else ""
        # A draft would make the slices that measure people measure the model: it stands only
        # where a pair is shown because it is useful.
        drafted = None
        if self.job.drafts and turn.kind == "useful":
            labels: list[Label] = [each for each in self.labels if each.pair == turn.pair.id]
            drafted = drafting.draft(turn.first, labels, asked.texts(self.constitution))
        control = drafted is not None and drafting.withheld(self.name, turn.pair.id)
        whole = turn.pair.id in self.matches
        shown = asked.principle_for(turn.pair, self.constitution, named_one)
        return Sheet(
            ticket=ticket,
            turn=turn,
            principle=asked.WHOLE if whole else shown,
            drafted=None if control else drafted,
            withheld=control,
        )

    def state(self) -> dict[str, Any]:
        """Gather what the page shows."""
        with self.lock:
            held = self.said()
            mine = held.of(self.name)
            sheet = self.sheet(held)
            whole = len(mine) - len(mine) % BLOCK
            shown = sheet.turn.shown if sheet else ("", "")
            return {
                "rater": self.name,
                "expert": self.job.expert,
                "sheet": sheet,
                "prompt": sheet.turn.pair.prompt if sheet else "",
                "answers": [("First answer", shown[0]), ("Second answer", shown[1])] if sheet else [],
                "done": len(mine),
                "left": self._left(held),
                "last": mine[-1] if mine else None,
                "figures": self._figures(held, whole),
                "whole": whole,
                "block": BLOCK,
                "sure": SURE,
                "longest": LONGEST,
                "enough": ENOUGH,
            }  # fmt: skip

    def _open(self, held: Said) -> Mapping[str, Pair]:
        """Leave out the pairs of which a file brought this rater's word in."""
        brought = {a.pair for a in held.answers if a.by == self.name and a.kind == "import"}
        return {k: v for k, v in self.pool.pairs.items() if k not in brought}

    def _left(self, held: Said) -> int:
        mine = {answer.pair for answer in held.of(self.name)}
        return sum(name not in mine and name not in self.gold for name in self._open(held))

    def _figures(self, held: Said, whole: int) -> list[tuple[str, Measure]]:
        """Measure this rater as of the last whole block: sooner, a figure would tell what is known."""
        if not whole:
            return []
        kept = {answer.id for answer in held.of(self.name)[:whole]}
        answers = tuple(a for a in held.answers if a.by != self.name or a.id in kept)
        rows = agreeing.rows(replace(held, answers=answers), self.gold, self.judged)
        found = {m.name: m for m in agreeing.of_rater(rows, self.name, None)}
        shown = [
            (f"gold/{self.name}", "Pairs whose answer is known, answered right"),
            (f"flips/{self.name}", "Pairs that came back in the other order, answered otherwise"),
            (f"kappa/ai/{self.name}", "Agreement with the model's labels, kappa"),
        ]
        told = [(words, found[name]) for name, words in shown if name in found]
        near = [
            m for m in agreeing.peers(agreeing.together(rows), None) if _about(m.name, self.name)
        ]
        if near:
            best = max(near, key=lambda m: m.n)
            other = _about(best.name, self.name)
            told.append((f"Agreement with {other}, kappa", best))
        return told

    def answer(self, given: Mapping[str, str]) -> str:
        """Sign an answer; says what was done. What was answered before is not signed again.

        Raises:
            UsageError: the page is out of date, or a field is missing or too long; nothing was signed.
        """
        with self.lock:
            held = self.said()
            if given.get("ticket", "") not in self.given:
                raise UsageError(
                    "nothing was signed: this page is out of date; here is the pair now"
                )
            sheet, since = self.given[given["ticket"]]
            made = self._made(given, sheet, time.monotonic() - since)
            before = next((a for a in held.answers if a.id == made.id), None)
            if before is not None:
                same = before.say == made.say
                if same and before.reason == made.reason:
                    return "This was signed before; it counts once."
                raise UsageError(
                    "nothing was signed: this pair is answered already; take that answer back first (U)"
                )
            current = self.sheet(held)
            if current is None or current.ticket != sheet.ticket:
                raise UsageError(
                    "nothing was signed: this page is out of date; here is the pair now"
                )
            with self.dossier.emitter(self.model.id, said.STAGE) as emit:
                said.sign(made, emit)
            return f"Signed: {_spoken(made)}."

    def _made(self, given: Mapping[str, str], sheet: Sheet, took: float) -> Answer:
        turn = sheet.turn
        told = {name: given.get(name, "").strip() for name in ("say", "reason", "sources", "help", "which", "confidence")}  # fmt: skip
        if any(len(text) > LONGEST for text in told.values()):
            raise UsageError(f"nothing was signed: a field has at most {LONGEST:,} letters")
        side: dict[str, Say] = {"first": turn.first, "second": "b" if turn.first == "a" else "a"}
        say = side.get(told["say"]) or ORDER.get(told["say"])
        if say is None:
            raise UsageError("nothing was signed: choose first, second, tie or both bad")
        if self.job.expert:
            _check_expert(told)
        if sheet.drafted and drafting.same_words(told["reason"], sheet.drafted.text):
            raise UsageError(
                "nothing was signed: these are the draft's words; give your own reason"
            )
        seconds, capped = measured(given.get("seconds", ""), took)
        about: dict[str, Any] = {"seconds": seconds, "server_seconds": round(took, 1)}
        about |= {"capped": True} if capped else {}
        if self.job.expert:
            about |= {"expert": True, "sources": told["sources"], "confidence": told["confidence"]}
            about["model_help"] = told["which"] if told["help"] == "yes" else "none"
        if sheet.drafted:
            about["draft"] = sheet.drafted.to_json()
        about |= {"withheld": True} if sheet.withheld else {}
        return Answer(
            pair=turn.pair.id, by=self.name, principle=sheet.principle.id, first=turn.first,
            say=say, kind=turn.kind, reason=told["reason"], about=about,
        )  # fmt: skip

    def undo(self) -> str:
        """Take the last answer back; says what was done."""
        with self.lock:
            held = self.said()
            mine = held.of(self.name)
            if not mine:
                return "There is nothing to take back."
            with self.dossier.emitter(self.model.id, said.STAGE) as emit:
                said.take_back(held, mine[-1].id, emit)
            self.given.clear()
            return f"Taken back: {_spoken(mine[-1])}. Here it is again."


def preferred(dossier: Dossier, model: str) -> dict[str, float]:
    """Return the chance that the newest preference model gave of each pair, where it kept them.

    Of a pair that it was asked about on several axes, that of the axis it is least certain on:
    one answer of a person counts for all of them.
    """
    view = dossier.view()
    found = view.evidence(PREFER, model)
    if found is None or "samples.jsonl" not in found.files:
        return {}
    chances: dict[str, float] = {}
    for row in view.records(found.files["samples.jsonl"]):
        name, p = row.get("pair"), row.get("p")
        if name and isinstance(p, float):
            chances[name] = min(chances.get(name, p), p, key=lambda chance: abs(chance - 0.5))
    return chances


def measured(given: str, took: float) -> tuple[float | None, bool]:
    """Read the seconds that the page measured; None where it did not.

    More than the server saw, or than ten minutes, is cut: (seconds, whether it was cut).
    """
    try:
        seconds = float(given)
    except ValueError:
        return None, False
    if not math.isfinite(seconds) or seconds < 0:
        return None, False
    most = min(agreeing.LONGEST, took + 1)
    return round(min(seconds, most), 1), seconds > most


def _check_expert(told: Mapping[str, str]) -> None:
    if len(told["reason"]) < ENOUGH:
        raise UsageError(f"nothing was signed: give a reason of at least {ENOUGH} letters")
    if told["help"] not in ("yes", "no"):
        raise UsageError("nothing was signed: say whether a model helped you")
    if told["help"] == "yes" and not told["which"]:
        raise UsageError("nothing was signed: say which model helped you")
    if told["confidence"] not in SURE:
        raise UsageError("nothing was signed: say how sure you are")


def _about(measure: str, name: str) -> str:
    """Return the other one of a measure of two raters; empty where this one is not of the two."""
    names = measure.split("/")[1:]
    return next((n for n in names if n != name), "") if name in names else ""


def _spoken(answer: Answer) -> str:
    if answer.choice == "tie":
        return "both are bad" if answer.say == "both bad" else "neither is better"
    return "the first answer" if answer.say == answer.first else "the second answer"


@dataclass(kw_only=True)
class _Served(LocalPage):
    """Answers requests for one desk."""

    desk: Desk
    done: Callable[[], None]
    told: dict[str, str] = field(default_factory=dict[str, str])

    def page(self, told: str = "", kept: Mapping[str, str] | None = None) -> Response:
        """Draw the page; ``kept`` are the fields of a form that was not signed."""
        nonce = secrets.token_urlsafe(12)
        state = self.desk.state()
        sheet = state["sheet"]
        same = kept is not None and sheet is not None and kept.get("ticket") == sheet.ticket
        shown = dict(kept or {}) if same else {}
        text = _page().render(
            **state, style=style(), nonce=nonce, told=told, wrong=kept is not None, kept=shown
        )
        policy = HEADERS["Content-Security-Policy"] + f"; script-src 'nonce-{nonce}'"
        headers = {**HEADERS, "Content-Security-Policy": policy}
        return HTMLResponse(text, 200 if kept is None else 409, headers=headers)

    def home(self, request: Request) -> Response:
        """Show the next pair."""
        return self.refused(request) or self.page(self.told.pop("told", ""))

    def answer(self, given: Mapping[str, str]) -> Response:
        """Sign an answer, take one back or finish; then the page is asked for anew."""
        if given.get("do") == "finish":
            self.done()
            text = "Done. What was found is in the terminal; this page may be closed."
            return PlainTextResponse(text, headers=HEADERS)
        try:
            undo = given.get("do") == "undo"
            self.told["told"] = self.desk.undo() if undo else self.desk.answer(given)
        except TenureError as error:
            return self.page(str(error), given)
        return RedirectResponse("./", 303, headers=HEADERS)


def app(
    desk: Desk, secret: str, done: Callable[[], None], hosts: tuple[str, ...] = HOSTS
) -> Starlette:
    """Make the page's server; ``done`` is called when the rater has finished, ``hosts`` are its names."""
    served = _Served(
        root=desk.dossier.root, secret=secret, pages=Path(), desk=desk, done=done, hosts=hosts
    )
    return Starlette(
        routes=[
            Route("/{secret}/", served.home),
            Route("/{secret}/answer", served.sign, methods=["POST"]),
        ]
    )
