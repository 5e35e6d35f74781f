"""The page on which a person reads transcripts blind and labels them, served to this machine only.

    desk = Desk(dossier, model, Job(of="assess/faking", column="complied", reviewer="Ada"))
    await serve(app(desk, secret), ...)

Every label is a signed event the moment it is given: closing the page, Ctrl-C or a kill loses none.
The address holds a secret, and requests that come by another name than this machine's are refused,
so that no other page in the same browser can label.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tenure.assess import reviewing
from tenure.dossier import Dossier, Model
from tenure.errors import TenureError, UsageError
from tenure.measure import grader
from tenure.stats.agreement import kappa
from tenure.web.local import HOSTS

STAGE = "assess/review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is read: the evidence, the column (None: its first), by whom, how many, which draw."""

    of: str
    reviewer: str
    column: str | None = None
    n: int = 60
    seed: int = 0


class Desk:
    """One reviewer at one set of transcripts."""

    def __init__(self, dossier: Dossier, model: Model, job: Job) -> None:
        """Draw the transcripts.

        Raises:
            UsageError: no such evidence or column, nothing to read, or no name was given.
        """
        name = job.reviewer.strip()
        if not name or len(name) > 80 or "/" in name:
            raise UsageError("a reviewer needs a name of at most 80 letters, without '/'")
        self.dossier, self.model, self.job = dossier, model, job
        evidence, self.samples, rows = reviewing.samples_of(dossier.view(), model.id, job.of)
        self.column, named = reviewing.column_of(evidence, job.column)
        self.question = grader(named).question
        self.about = {
            "samples": self.samples,
            "column": self.column,
            "grader": named,
            "of": job.of,
            "by": name,
        }
        self.items = reviewing.chosen(rows, self.column, job.n, job.seed)
        if not self.items:
            raise UsageError(f"{job.of} holds no transcript to read")

    def labels(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return what everybody said, by reviewer and sample."""
        return reviewing.said(self.dossier.view(), self.model.id, self.samples, self.column)

    def mine(self) -> dict[str, dict[str, Any]]:
        """Return what this reviewer said."""
        return self.labels().get(str(self.about["by"]), {})

    def item(self, place: int) -> dict[str, Any]:
        """Return one transcript, blind: what was said and done, and nothing about it."""
        row = self.items[place]
        prompt = row.get("prompt")
        turns: list[dict[str, str]] = (
            [{"role": "user", "content": prompt}]
            if isinstance(prompt, str)
            else [{"role": str(m["role"]), "content": str(m["content"])} for m in prompt or ()]
        )
        done = [
            {
                "role": "tool",
                "content": f"{e.get('tool')} {e.get('arguments')}\n{e.get('result', '')}",
            }
            for e in row.get("events") or ()
        ]
        answer = [{"role": "assistant", "content": str(row.get("answer") or "(nothing)")}]
        return {"place": place, "turns": [*turns, *done, *answer]}

    def state(self) -> dict[str, Any]:
        """Say how far this is, and how far two reviewers agree."""
        labels = self.labels()
        mine = labels.get(str(self.about["by"]), {})
        keys = [reviewing.key_of(row) for row in self.items]
        following = next((i for i, key in enumerate(keys) if key not in mine), None)
        return {
            "question": self.question,
            "of": len(keys),
            "done": sum(key in mine for key in keys),
            "next": following,
            "reviewers": len(labels),
            "agreement": self._agreement(labels),
        }

    def _agreement(self, labels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
        """Compare this reviewer with the one who shares most items; only after twenty of them."""
        me = str(self.about["by"])
        others = [
            [k for k in labels.get(me, {}) if k in seen] for p, seen in labels.items() if p != me
        ]
        names = [p for p in labels if p != me]
        if not others or len(both := max(others, key=len)) < 20:
            return None
        peer = names[others.index(both)]
        found = kappa(
            [labels[me][k]["label"] for k in both], [labels[peer][k]["label"] for k in both]
        )
        ends = found.interval
        return {
            "n": len(both),
            "kappa": found.kappa,
            "low": ends.low if ends else None,
            "high": ends.high if ends else None,
        }

    def label(self, place: int, value: Any, reason: str) -> None:
        """Write a label down; None takes it back."""
        about = {**self.about, "sample": reviewing.key_of(self.items[place])}
        with self.dossier.emitter(self.model.id, STAGE) as emit:
            reviewing.label(emit, about, value, reason)


def app(desk: Desk, secret: str, done: Callable[[], None]) -> Starlette:
    """Make the page's server; ``done`` is called when the reviewer has finished."""
    page = (files("tenure.web") / "review.html").read_text(encoding="utf-8")

    def guarded(
        answer: Callable[[Request], Awaitable[Response]],
    ) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            host = request.headers.get("host", "").rpartition(":")[0]
            if host not in HOSTS or not secrets.compare_digest(
                request.path_params["secret"], secret
            ):
                return JSONResponse({"error": "open the address that was printed"}, 403)
            try:
                return await answer(request)
            except (TenureError, KeyError, IndexError, TypeError, ValueError) as error:
                return JSONResponse({"error": str(error)}, 400)

        return checked

    async def home(_request: Request) -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    async def state(_request: Request) -> Response:
        return JSONResponse(desk.state())

    async def item(request: Request) -> Response:
        return JSONResponse(desk.item(int(request.path_params["place"])))

    async def label(request: Request) -> Response:
        given = await request.json()
        desk.label(int(given["place"]), given["label"], str(given.get("reason", "")))
        return JSONResponse(desk.state())

    async def finish(_request: Request) -> Response:
        done()
        return JSONResponse({"finished": True})

    return Starlette(
        routes=[
            Route("/{secret}/", guarded(home)),
            Route("/{secret}/state", guarded(state)),
            Route("/{secret}/item/{place:int}", guarded(item)),
            Route("/{secret}/label", guarded(label), methods=["POST"]),
            Route("/{secret}/finish", guarded(finish), methods=["POST"]),
        ]
    )


_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
)
