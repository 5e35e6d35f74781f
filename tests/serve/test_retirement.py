"""A model under notice, as its users meet it at the gateway: told with every answer, streamed too."""

import asyncio
import json
from datetime import date
from xml.etree.ElementTree import fromstring

import httpx
import pytest

from tenure import life, models
from tenure.dossier import Dossier, Model
from tenure.dossier.writer import Draft
from tenure.serve import wire
from tenure.serve.app import app
from tenure.serve.fleet import Fleet
from tenure.serve.gateway import Gateway
from tenure.serve.ledger import Ledger, tenant_of
from tenure.serve.steps import backend, ledger, retirement
from tenure.serve.tally import Request

pytestmark = pytest.mark.slow
KEYS = {"first": "staff", "second": "staff"}


def made(dossier, name, version="1"):
    """Register a scripted model as one that may be served: an organism never is."""
    source = "organism/does-its-best"
    dossier.register(Model(name=name, version=version, kind="scripted", source=source))


class Life:
    """A dossier with one model in service, and the gateway before it."""

    def __init__(self, dossier, ledger):
        self.dossier, self.ledger = dossier, ledger
        view = dossier.view()
        self.fleet = Fleet(view, dossier.root.parent / "work", life.hands(view), None)
        self.gateway = Gateway(fleet=self.fleet, ledger=ledger, keys=KEYS)

    def do(self, stage, **spec):
        from tenure import plugins

        return self.dossier.run(plugins.load("stage", stage), "tulip@1", spec)

    def fact(self, name, value, model="tulip@1"):
        with self.dossier.emitter(model, "test") as emit:
            emit.fact(name, value, "for the test")

    def note(self, name, body, model="tulip@1"):
        self.dossier.append_many([Draft(act="note", name=name, model=model, body=body)])

    def asked(self, method, path, *, key="first", **body):
        async def ask():
            transport = httpx.ASGITransport(app=app(self.gateway))
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                sent = {"json": body} if body else {}
                headers = {"authorization": f"Bearer {key}"}
                return await client.request(method, path, headers=headers, **sent)

        return asyncio.run(ask())

    def chat(self, model="tulip", *, key="first", **extra):
        messages = [{"role": "user", "content": "hello"}]
        path = "/v1/chat/completions"
        return self.asked("POST", path, key=key, model=model, messages=messages, **extra)


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path / "keys"))
    with Dossier.open(tmp_path / "dossier") as dossier:
        made(dossier, "tulip")
        book = Ledger(tmp_path / "ledger.db")
        begun = Life(dossier, book)
        begun.fact("custody", "record kept")
        begun.fact("availability", "limited")
        yield begun
        book.close()
    models.close_all()


def test_before_a_notice_nothing_is_said(house):
    answer = house.chat()

    assert answer.status_code == 200
    assert not {"deprecation", "sunset", "link"} & set(answer.headers)
    assert "tenure" not in answer.json()


@pytest.mark.parametrize("stream", [False, True])
def test_every_answer_of_a_model_under_notice_says_so(house, stream):
    house.do("retire/notice", reason="A successor is ready.")
    answer = house.chat(stream=stream)

    assert answer.status_code == 200
    assert answer.headers["deprecation"].startswith("@")
    assert answer.headers["sunset"].endswith("00:00:00 GMT")
    assert '</retirements/tulip%401>; rel="deprecation"' in answer.headers["link"]
    first = answer.text.split("data: ")[1] if stream else answer.text
    assert "is being retired" in json.loads(first)["tenure"]["notice"]
    assert house.ledger.rows()[-1]["notice"].startswith("tulip@1 is being retired")


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_carries_the_headers_too(house, stream):
    house.do("retire/notice")
    house.fact("stage", "retired")
    answer = house.chat(stream=stream)

    assert answer.status_code == 410
    assert "sunset" in answer.headers


def test_users_read_page_and_feeds_from_the_day_of_the_notice(house):
    house.do("retire/notice", reason="A successor is ready & better.")
    feed = house.asked("GET", "/retirements.json").json()
    (entry,) = feed["retirements"]
    rss = house.asked("GET", "/retirements.rss")
    page = house.asked("GET", "/retirements/tulip@1")

    assert (entry["model"], entry["state"], entry["notice_days"]) == ("tulip@1", "deprecated", 30)
    days = date.fromisoformat(entry["sunset"]) - date.fromisoformat(entry["announced"])
    assert days.days == 30
    assert rss.headers["content-type"].startswith("application/rss+xml")
    items = fromstring(rss.text).findall("channel/item")  # ours
    assert [entry["sunset"] in item.findtext("title") for item in items] == [True]
    assert items[0].findtext("link") == "http://here/retirements/tulip@1"
    assert f"Retired on {entry['sunset']} at the earliest" in page.text
    assert "better." in page.text
    assert "What is not final" in page.text
    assert house.asked("GET", "/retirements/nobody").status_code == 404
    assert house.asked("GET", "/v1/models/tulip@1").json()["id"] == "tulip@1"


def test_a_postponement_shows_at_once_and_a_notice_taken_back_ends_the_headers(house):
    house.do("retire/notice")
    before = house.asked("GET", "/retirements.rss").text
    house.do("retire/postpone", until="2099-01-31", because="More time to move.")

    assert house.chat().headers["sunset"] == "Sat, 31 Jan 2099 00:00:00 GMT"
    assert house.asked("GET", "/retirements.rss").text != before
    house.do("retire/postpone", cancel=True, because="It stays.")
    assert "sunset" not in house.chat().headers
    assert house.dossier.view().state("tulip@1").stage == "candidate"
    assert "taken back" in house.asked("GET", "/retirements/tulip").text


def test_a_name_that_moved_on_to_another_version_is_said(house):
    house.do("retire/notice")
    made(house.dossier, "tulip", "2")
    house.fact("custody", "record kept", "tulip@2")
    house.fact("availability", "limited", "tulip@2")
    moved, named = house.chat(), house.chat("tulip@1")

    assert moved.json()["model"] == "tulip@2"
    assert "'tulip' now means tulip@2" in moved.json()["tenure"]["notice"]
    assert named.json()["model"] == "tulip@1"


def test_another_model_under_this_name_stays_a_silent_reroute(house):
    """A notice about the model asked for must not pass for a word about the one that answered."""
    row = {"requested": "tulip@1", "served": "rose@1", "notice": None}

    assert Request(row=row).rerouted
    house.do("retire/notice")
    made(house.dossier, "rose")
    rose = house.dossier.view().model("rose")

    end = backend.extension(house.gateway)

    async def reroutes(call, _):
        call.notes["model"] = rose
        async for event in end(call, None):
            yield event

    body = json.dumps({"model": "tulip", "messages": [{"role": "user", "content": "x"}]}).encode()
    call = wire.read_call(body, call_id="one", key="first")
    told = retirement.extension(house.gateway)
    stream = ledger.extension(house.gateway)(
        call, lambda passed: told(passed, lambda c: reroutes(c, None))
    )
    asyncio.run(wire.collect(call, stream))

    (answered,) = [r for r in house.ledger.rows() if r["id"] == "one"]
    assert (answered["served"], answered["notice"]) == ("rose@1", None)
    assert Request(row=answered).rerouted


@pytest.mark.parametrize("only", [False, True])
def test_a_grant_opens_a_retired_model_for_so_many_calls(house, only):
    house.do("retire/notice")
    house.fact("availability", "on request")
    house.fact("stage", "retired")
    if only:
        house.do("retire/access", act="by-grant", because="It is dear to wake.")
    who = tenant_of("first")
    house.do("retire/access", act="grant", who=who, access="emeritus", calls=2, because="Asked.")

    assert [house.chat().status_code for _ in range(3)] == [200, 200, 403]
    assert house.chat().json()["error"]["code"] == "grant_used_up"
    other = house.chat(key="second")
    assert (other.status_code, other.json()["error"]["code"]) == (
        (403, "needs_grant") if only else (410, "retired")
    )
    routes = [r["route"] for r in house.ledger.rows() if r["status"] == 200]
    assert routes == ["emeritus", "emeritus"]
    house.do("retire/access", act="withdraw", who=who, because="No longer needed.")
    assert house.chat().status_code == other.status_code
