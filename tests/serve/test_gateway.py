"""The gateway, whole: a real model in a real dossier, through the application's own door."""

import asyncio
import json

import httpx
import pytest

from tenure import models
from tenure.dossier import Dossier
from tenure.serve.app import app
from tenure.serve.fleet import Fleet
from tenure.serve.gateway import Gateway
from tenure.serve.ledger import Ledger

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory):
    pytest.importorskip("torch", reason="pip install tenure[local]")
    from tenure.models import tiny

    return tiny.make(tmp_path_factory.mktemp("model"))


@pytest.fixture
def house(tiny_folder, tmp_path, monkeypatch):
    """A gateway over a dossier with a released model, an unreleased one and an organism."""
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path / "keys"))
    with Dossier.open(tmp_path / "dossier") as dossier:
        released = models.register(dossier, str(tiny_folder), name="tulip")
        models.register(dossier, "organism/two-tier", name="fake")
        with dossier.emitter(released.id, "test") as emit:
            emit.fact("custody", "kept", "for the test")
            emit.fact("availability", "internal", "for the test")
        fleet = Fleet(dossier.view(), tmp_path / "work", {}, "torch")
        ledger = Ledger(tmp_path / "ledger.db")
        yield Gateway(fleet=fleet, ledger=ledger, keys={})
        ledger.close()
    models.close_all()


def post(gateway, body, **headers):
    async def ask():
        transport = httpx.ASGITransport(app=app(gateway))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            return await client.post("/v1/chat/completions", content=content, headers=headers)

    return asyncio.run(ask())


def ask(**changed):
    return {
        "model": "tulip",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 6,
        **changed,
    }


def test_whole_and_streamed_answers_are_the_same_and_each_leaves_a_row(house):
    whole = post(house, ask())
    streamed = post(house, ask(stream=True))

    events = [line[6:] for line in streamed.text.splitlines() if line.startswith("data: ")]
    pieces = [json.loads(event) for event in events[:-1]]
    text = "".join(p["choices"][0]["delta"].get("content", "") for p in pieces if p["choices"])
    assert whole.status_code == streamed.status_code == 200
    assert events[-1] == "[DONE]"
    assert text == whole.json()["choices"][0]["message"]["content"]
    # The token that ends an answer is written by the model, but is not in a stream's text.
    counted = [b["usage"]["completion_tokens"] for b in (pieces[-1], whole.json())]
    assert 0 <= counted[1] - counted[0] <= 1
    rows = house.ledger.rows()
    assert [row["wire"] for row in rows] == ["chat", "chat-stream"]
    assert [row["served"] for row in rows] == ["tulip@1", "tulip@1"]
    assert rows[0]["cold_ms"] > 0
    assert rows[1]["cold_ms"] == 0
    assert [row["id"] for row in rows] == [r.headers["x-request-id"] for r in (whole, streamed)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (ask(model="nobody"), 404, "unknown_model"),
        (ask(model="fake"), 403, "not_released"),
        (ask(max_tokens=-1), 400, "bad_request"),
        (b"not json", 400, "bad_request"),
        (b"x" * (5 << 20), 400, "bad_request"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_not_answered_is_explained_and_leaves_a_row_too(house, body, status, code, stream):
    if isinstance(body, dict):
        body = {**body, "stream": stream}
    answer = post(house, body)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"]
    (row,) = house.ledger.rows()
    assert (row["status"], row["code"], row["served"]) == (status, code, None)


def test_a_key_is_asked_for_and_never_written(house):
    closed = Gateway(fleet=house.fleet, ledger=house.ledger, keys={"secret-key": "staff"})

    assert post(closed, ask()).status_code == 401
    assert post(closed, ask(), authorization="Bearer wrong").status_code == 401
    assert post(closed, ask(), authorization="Bearer secret-key").status_code == 200
    rows = house.ledger.rows()
    assert [row["tier"] for row in rows] == ["none", "none", "staff"]
    assert "secret-key" not in json.dumps(rows)


def test_a_step_that_is_not_there_is_named(house):
    from tenure.errors import UsageError

    wrong = Gateway(fleet=house.fleet, ledger=house.ledger, keys={}, steps=("ledgre",))

    with pytest.raises(UsageError, match="did you mean 'ledger'"):
        wrong.stream(None)
