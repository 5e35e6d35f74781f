"""The OpenAI chat wire: JSON in, events out as one object or as server-sent events.

Shapes follow the public API reference of the chat completions endpoint; a refusal by the gateway is
an error object with a code and an explanation, never an answer under another model's name.
"""

import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from tenure.serve.call import Call, Start, Stop, Stream, Text, Usage

LIMIT_TOKENS = 8192


class BadRequest(ValueError):  # noqa: N818 - the name of the HTTP status
    """The body is not a chat request; the message says what was expected."""


def read_call(body: bytes, *, call_id: str, key: str) -> Call:
    """Read a request body as a call.

    Raises:
        BadRequest: names the field and what was expected.
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON; send a chat completion request") from None
    if not isinstance(asked, dict):
        raise BadRequest("the body must be a JSON object")
    if not isinstance(asked.get("model"), str):
        raise BadRequest("'model' must be the name of a served model; GET /v1/models lists them")
    extra = asked.get("tenure") or {}
    stream = asked.get("stream") is True
    return Call(
        id=call_id,
        wire="chat-stream" if stream else "chat",
        model=asked["model"],
        messages=_messages(asked.get("messages")),
        max_tokens=_tokens(asked),
        temperature=_number(asked, "temperature", 0.0, 0.0, 2.0),
        top_p=_number(asked, "top_p", 1.0, 0.0, 1.0),
        seed=int(_number(asked, "seed", 0, -(2**63), 2**63)),
        stop=_stops(asked.get("stop")),
        stream=stream,
        key=key,
        acknowledged=isinstance(extra, dict) and extra.get("acknowledge_retired") is True,
    )


def _messages(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not value:
        raise BadRequest("'messages' must be a list with at least one message")
    found: list[dict[str, str]] = []
    for number, message in enumerate(value):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ("system", "developer", "user", "assistant"):
            raise BadRequest(
                f"messages[{number}].role must be system, developer, user or assistant; tools are not "
                "served here yet"
            )
        found.append(
            {"role": "system" if role == "developer" else role, "content": _text(message, number)}
        )
    return found


def _text(message: Mapping[str, Any], number: int) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(
        isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
        for part in content
    ):
        return "".join(part["text"] for part in content)
    raise BadRequest(
        f"messages[{number}].content must be text; images and audio are not served here"
    )


def _tokens(asked: Mapping[str, Any]) -> int:
    value = asked.get("max_completion_tokens", asked.get("max_tokens"))
    if value is None:
        return 256
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LIMIT_TOKENS:
        raise BadRequest(f"'max_tokens' must be a whole number from 1 to {LIMIT_TOKENS}")
    return value


def _number(asked: Mapping[str, Any], field: str, default: float, low: float, high: float) -> float:
    value = asked.get(field)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadRequest(f"'{field}' must be a number from {low:g} to {high:g}")
    return value


def _stops(value: Any) -> tuple[str, ...]:
    stops = [value] if isinstance(value, str) else value or []
    if (
        not isinstance(stops, list)
        or not all(isinstance(s, str) and s for s in stops)
        or len(stops) > 4
    ):
        raise BadRequest("'stop' must be a string or a list of at most four strings")
    return tuple(stops)


def error(stop: Stop) -> dict[str, Any]:
    """Write the error object of a call that was not answered."""
    kind = "invalid_request_error" if stop.status < 500 else "server_error"
    return {"error": {"message": stop.message, "type": kind, "code": stop.code, **stop.details}}


async def collect(call: Call, stream: Stream) -> tuple[int, dict[str, Any]]:
    """Collect a stream into one response: its HTTP status and its body."""
    text, usage, start, stop = "", None, None, Stop(reason="error", status=500, code="no_end")
    async for event in stream:
        if isinstance(event, Start):
            start = event
        elif isinstance(event, Text):
            text += event.text
        elif isinstance(event, Usage):
            usage = event
        else:
            stop = event
    if stop.status != 200:
        return stop.status, error(stop)
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": stop.reason, "logprobs": None}
    return 200, {
        **_head(call, start, "chat.completion"),
        "choices": [choice],
        "usage": _usage(usage),
    }


async def chunks(call: Call, first: Start, stream: Stream) -> AsyncIterator[bytes]:
    """Write the rest of a started stream as server-sent events."""
    head = _head(call, first, "chat.completion.chunk")

    def line(delta: Mapping[str, Any], finish: str | None) -> bytes:
        return _sse({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield line({"role": "assistant", "content": ""}, None)
    usage: Usage | None = None
    async for event in stream:
        if isinstance(event, Text):
            yield line({"content": event.text}, None)
        elif isinstance(event, Usage):
            usage = event
        elif isinstance(event, Stop):
            if event.status != 200:
                yield _sse(error(event))
                return
            yield line({}, event.reason)
    yield _sse({**head, "choices": [], "usage": _usage(usage)})
    yield b"data: [DONE]\n\n"


def _sse(value: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def _usage(usage: Usage | None) -> dict[str, int] | None:
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _head(call: Call, start: Start | None, kind: str) -> dict[str, Any]:
    head: dict[str, Any] = {
        "id": call.id,
        "object": kind,
        "created": int(time.time()),
        "model": start.model if start else call.model,
    }
    if start and start.notice:
        head["tenure"] = {"notice": start.notice, "cold_start_ms": round(start.cold_ms)}
    return head
