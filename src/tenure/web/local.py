"""What every page has that a person signs on: where it was said to be served, and without script.

The address holds a secret. Requests that come by a name it is not served under, or from another
page, are refused; a form has a limit; the dossier's own pages are drawn beside it.
"""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from tenure import report
from tenure.dossier.opening import open_view

HOSTS = ("127.0.0.1", "localhost")
BODY = 64 << 10  # bytes of a form
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(kw_only=True)
class LocalPage:
    """Answers the requests for one page of one dossier.

    ``pages`` is an empty folder for the dossier's pages; ``size`` is how many events they show;
    ``hosts`` are the names it answers to.
    """

    root: Path
    secret: str
    pages: Path
    drawing: threading.Lock = field(default_factory=threading.Lock)
    size: int = -1
    hosts: tuple[str, ...] = HOSTS

    def refused(self, request: Request) -> Response | None:
        """Refuse who comes by another name, without the secret, or from another page."""
        host = request.headers.get("host", "").rpartition(":")[0]
        origin = request.headers.get("origin")
        own = origin is None or origin == f"http://{request.headers.get('host')}"
        # As bytes: letters beyond ASCII are a wrong secret, not an error.
        sent = str(request.path_params["secret"]).encode()
        known = secrets.compare_digest(sent, self.secret.encode())
        if host in self.hosts and known and (own or request.method != "POST"):
            return None
        return PlainTextResponse("Open the address that was printed.", 403, headers=HEADERS)

    async def sign(self, request: Request) -> Response:
        """Take a form."""
        refused = self.refused(request)
        if refused is not None:
            return refused
        body = await request.body()
        if len(body) > BODY:
            return PlainTextResponse("The form is too long.", 413, headers=HEADERS)
        told = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        return await run_in_threadpool(self.answer, {name: v[-1] for name, v in told.items()})

    def answer(self, given: Mapping[str, str]) -> Response:
        """Sign what a form says."""
        raise NotImplementedError

    def drawn(self, request: Request) -> Response:
        """Show a page of the dossier; all are drawn at the first request, and when there is more."""
        refused = self.refused(request)
        if refused is not None:
            return refused
        with self.drawing:
            view = open_view(self.root)
            if (size := len(view.events())) != self.size:
                report.write(view, self.pages)
                self.size = size
        wanted = (self.pages / request.path_params["path"]).resolve()
        if wanted.is_relative_to(self.pages.resolve()) and wanted.is_file():
            return FileResponse(wanted)
        return PlainTextResponse("There is no such page.", 404, headers=HEADERS)
