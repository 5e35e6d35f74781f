"""Witnesses over HTTP: the service (C2SP tlog-witness), and the client that asks one.

``POST /add-checkpoint`` and ``GET /<SHA-256 of the origin>/checkpoint``; nothing else. Whoever runs it
on the internet puts a web server with TLS in front: the protocol needs no secret, a request is
authenticated by the signature on its checkpoint.
"""

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

from tenure.dossier.checkpoint import Checkpoint, parse
from tenure.dossier.cosignature import Cosignature, Vkey
from tenure.dossier.cosigned import FOLDER, joined, keep, log_keys, stored
from tenure.dossier.fold import OPERATOR
from tenure.dossier.keys import Keys, default_folder
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.reading import Reading
from tenure.dossier.witness import LARGEST_REQUEST, PLAIN, Answer, Request, Witness
from tenure.errors import BusyError, EngineError, RefusedError, UsageError

Message = MutableMapping[str, Any]
_PATIENCE = 30.0  # seconds a witness may take to answer


def request_for(view: Reading, old: int, head: Checkpoint | None = None) -> Request:
    """Write the request that leads a witness from the size it saw last to the newest checkpoint.

    ``head`` is that checkpoint where it carries more signatures than the stored one.

    Raises:
        UsageError: the log has no events, or fewer than the witness has seen.
    """
    note = view.source.note()
    if note is None:
        raise UsageError("this log has no checkpoint yet; the first event makes one")
    head = head or parse(note)
    own = tuple(each for each in head.signatures if each[0] == head.origin)
    head = replace(head, signatures=own)  # a witness needs no other witness's
    if old > head.size:
        raise UsageError(
            f"the witness has seen {old} events, this log has {head.size}: its tail was cut, or this "
            "is an older copy; restore the newest one, and ask who has it"
        )
    leaves = [leaf_hash(entry) for index, entry in view.source.entries() if index < head.size]
    return Request(old, tuple(Tree(leaves).consistency(old)), head)


def operators(view: Reading, keys: Keys | None = None) -> Checkpoint | None:
    """Return the newest checkpoint with the operator's signature on it, whoever wrote it.

    A witness knows the operator's key; a checkpoint that a reviewer's event brought about is
    signed by the reviewer, and is signed here again. ``keys`` is by default the usual folder.

    Raises:
        UsageError: the operator's key is needed and not here.
    """
    note, known = view.source.note(), [key.public for key in log_keys(view)]
    if note is None:
        return None
    head = parse(joined(view.root, note))
    if head.signer_among(known):
        return head
    signer = (keys or Keys(default_folder())).signer(OPERATOR, create=False)
    if signer.public not in known:
        raise UsageError(
            f"the operator's key in {default_folder()} is not this dossier's; set TENURE_KEYS"
        )
    return head.signed(signer)


def ask(
    view: Reading, url: str, witness: Vkey, head: Checkpoint | None = None
) -> list[Cosignature]:
    """Have the newest checkpoint cosigned by a witness over HTTP, and keep what comes back.

    Raises:
        EngineError: the witness cannot be reached.
        RefusedError: it does not cosign this; its reason is in the message.
        UsageError: it has seen more events than this log has.
    """
    old, status, text = _seen(view, witness), 0, ""
    for _ in range(2):  # when it has seen another size than we think, it says which
        request = request_for(view, old, head)
        status, text = _post(url, str(request))
        if status == 200:
            return keep(view, request.checkpoint.note + text, [witness])
        if status != 409:
            break
        old = _size(text, url)
    raise RefusedError(
        f"the witness at {url} does not cosign this ({status}): {text.strip()[:300]}"
    )


def _post(url: str, text: str) -> tuple[int, str]:
    import httpx

    try:
        place = f"{url.rstrip('/')}/add-checkpoint"
        found = httpx.post(place, content=text.encode(), timeout=_PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise EngineError(
            f"the witness at {url} cannot be reached ({error}); or mail it a file: "
            "tenure checkpoint --request FILE"
        ) from None
    return found.status_code, found.text


def _size(text: str, url: str) -> int:
    plain = text.removesuffix("\n")
    if not (plain.isascii() and plain.isdigit() and len(plain) < 20):
        raise EngineError(f"what answers at {url} is no witness; check the address")
    return int(plain)


def _seen(view: Reading, witness: Vkey) -> int:
    """Return the size of the newest checkpoint we hold of this witness: 0 where there is none."""
    note = dict(stored(view.root)).get(f"{FOLDER}/{witness.id.hex()}")
    return parse(note).size if note else 0


class Service:
    """The witness as an ASGI application."""

    def __init__(self, witness: Witness) -> None:
        """Answer from this witness's folder."""
        self.witness = witness

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = await self._answer(scope, receive)
        body = answer.body.encode()
        headers = [
            (b"content-type", answer.kind.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Message, receive: Callable[[], Awaitable[Message]]) -> Answer:
        import anyio.to_thread

        path, method = scope["path"], scope["method"]
        if path == "/add-checkpoint":
            if method != "POST":
                return Answer(405, "send a POST\n")
            text = await _text(receive)
            if text is None:
                return Answer(400, f"expected text of at most {LARGEST_REQUEST} bytes\n")
            try:
                return await anyio.to_thread.run_sync(self.witness.add_checkpoint, text)
            except BusyError as error:
                return Answer(503, f"{error}\n")
        if path.endswith("/checkpoint") and method == "GET":
            return await anyio.to_thread.run_sync(self._monitor, path)
        return Answer(404, "POST /add-checkpoint, or GET /<SHA-256 of the origin>/checkpoint\n")

    def _monitor(self, path: str) -> Answer:
        for log in self.witness.logs():
            hashed = hashlib.sha256(log.origin.encode()).hexdigest()
            if path == f"/{hashed}/checkpoint" and log.note:
                return Answer(200, log.note, PLAIN)
        return Answer(404, "nothing of that log was cosigned here\n")


async def _text(receive: Callable[[], Awaitable[Message]]) -> str | None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_REQUEST:
            return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
