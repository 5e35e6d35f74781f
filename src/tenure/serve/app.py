"""The HTTP surface: pure ASGI; chat and models as the public API has them, health, and retirements."""

import secrets
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tenure.serve import wire
from tenure.serve.call import Call, Start, Stop, Stream, refuse
from tenure.serve.gateway import Gateway

BODY_LIMIT = 4 << 20


def app(gateway: Gateway) -> Starlette:
    """Make the application.

    ``/v1/chat/completions``, ``/v1/models``, ``/v1/models/NAME``, ``/healthz``; for users of a model that is being retired
    ``/retirements.json``, ``/retirements.rss`` and ``/retirements/NAME``.
    """

    async def chat(request: Request) -> Response:
        call_id = f"req_{secrets.token_hex(12)}"
        key = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        try:
            call = wire.read_call(await _body(request), call_id=call_id, key=key)
        except wire.BadRequest as error:
            return await _rejected(gateway, call_id, key, str(error))
        headers = {"x-request-id": call.id}
        if not call.stream:
            status, body = await wire.collect(call, gateway.stream(call))
            return JSONResponse(body, status_code=status, headers=_with_notice(headers, call))
        return await _streamed(call, gateway.stream(call), headers)

    async def listed(_: Request) -> Response:
        data = [
            {"object": "model", "owned_by": "tenure", "created": 0, **entry}
            for entry in gateway.fleet.entries()
        ]
        return JSONResponse({"object": "list", "data": data})

    async def healthy(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/models", listed),
            Route("/healthz", healthy),
            *_for_users(gateway),
        ]
    )


def _for_users(gateway: Gateway) -> list[Route]:
    """Make what people read: one model, and what is announced of retirements."""

    async def one(request: Request) -> Response:
        name = request.path_params["name"]
        for entry in gateway.fleet.entries():
            if name in (entry["id"], str(entry["id"]).rsplit("@", 1)[0]):
                return JSONResponse(
                    {"object": "model", "owned_by": "tenure", "created": 0, **entry}
                )
        return _absent(f"no model '{name}' is served; GET /v1/models lists those that are")

    async def retirements(request: Request) -> Response:
        name = request.path_params.get("name") or request.url.path.rsplit(".", 1)[1]
        found = gateway.fleet.told(name, str(request.base_url).rstrip("/"))
        if found is None:
            return _absent(f"no retirement of '{name}' was announced; see /retirements.json")
        return Response(found[1], media_type=found[0])

    return [
        Route("/v1/models/{name:path}", one),
        Route("/retirements.json", retirements),
        Route("/retirements.rss", retirements),
        Route("/retirements/{name:path}", retirements),
    ]


def _with_notice(headers: dict[str, str], call: Call) -> dict[str, str]:
    """Add what a step wants said in the headers: that the model is being retired."""
    return {**headers, **call.notes.get("headers", {})}


def _absent(why: str) -> Response:
    return JSONResponse(wire.error(refuse(404, "not_found", why)), status_code=404)


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_LIMIT:
            raise wire.BadRequest(f"the body is larger than {BODY_LIMIT >> 20} MiB; send less")
    return body


async def _streamed(call: Call, stream: Stream, headers: dict[str, str]) -> Response:
    """Wait for the first event: a refusal must be a plain error, not a broken stream."""
    first = await anext(stream)
    headers = _with_notice(headers, call)
    if isinstance(first, Stop):
        async for _ in stream:
            pass
        return JSONResponse(wire.error(first), status_code=first.status, headers=headers)
    start = first if isinstance(first, Start) else Start(model=call.model, digest="")

    async def body() -> AsyncIterator[bytes]:
        try:
            async for piece in wire.chunks(call, start, stream):
                yield piece
        finally:
            # A caller who hung up must still leave a row, so the stream is closed, not dropped.
            await stream.aclose()  # type: ignore[attr-defined]

    return StreamingResponse(body(), media_type="text/event-stream", headers=headers)


async def _rejected(gateway: Gateway, call_id: str, key: str, why: str) -> Response:
    """Answer a body that is no request; it leaves a ledger row like any other call."""
    from tenure.serve.steps.ledger import extension

    async def end(_: Call) -> AsyncIterator[Stop]:
        yield refuse(400, "bad_request", why)

    call = Call(id=call_id, wire="chat", model="", messages=(), key=key)
    status, body = await wire.collect(call, extension(gateway)(call, end))
    return JSONResponse(body, status_code=status, headers={"x-request-id": call_id})
