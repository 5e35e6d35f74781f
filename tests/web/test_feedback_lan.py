"""The feedback page on a phone in the same network: by its link and the address it is served on alone."""

import re
import threading
import time

import httpx
import pytest

from tenure.align.people.gold import made_pair
from tenure.cli import locally
from tenure.cli.locally import IN_A_NETWORK, address_of
from tenure.errors import UsageError
from tenure.web.feedback import Desk, Job, app
from tenure.web.local import HOSTS

pytestmark = [pytest.mark.slow, pytest.mark.anyio]
PAIRS = [
    made_pair(f"Q{i}?", "one", f"two {i}", axis="principle", family="f", came="t") for i in range(3)
]
PHONE, OTHER = "http://192.168.7.2:9", "http://192.168.7.3:9"
HERE_TOO = "127.0.0.2"  # stands for an address in the network: real, and not the usual one


@pytest.fixture
def desk(compared):
    held = compared(PAIRS)
    return Desk(held, held.view().model("m@1"), Job(rater="Ada"))


@pytest.fixture
def opened(desk):
    """Ask for the page by an address, served to certain ones."""

    async def ask(address, hosts, secret="s"):
        transport = httpx.ASGITransport(app=app(desk, "s", lambda: None, hosts))
        async with httpx.AsyncClient(transport=transport, base_url=address) as client:
            form = {"ticket": desk.state()["sheet"].ticket, "say": "first"}
            sent = await client.post(f"/{secret}/answer", data=form, headers={"Origin": address})
            return (await client.get(f"/{secret}/")).status_code, sent.status_code

    return ask


async def test_a_phone_is_let_in_by_the_address_that_was_named_alone(opened):
    assert await opened(PHONE, HOSTS) == (403, 403)
    assert await opened(PHONE, (*HOSTS, "192.168.7.2")) == (200, 303)
    assert await opened(OTHER, (*HOSTS, "192.168.7.2")) == (403, 403)


@pytest.mark.parametrize("secret", ["S", "ss", "x", "%C3%A9", "%00"])
async def test_without_the_token_of_the_link_nobody_is_let_in(opened, desk, secret):
    assert await opened(PHONE, (*HOSTS, "192.168.7.2"), secret) == (403, 403)
    assert desk.state()["done"] == 0


@pytest.mark.parametrize(
    ("host", "says"),
    [
        *[(host, "every network.*--host lan") for host in ("0.0.0.0", "0", "")],
        ("8.8.8.8", "open internet.*tunnel"),
        ("::", "no IPv4 address"),
        ("nowhere.invalid", "no IPv4 address"),
    ],
)
def test_more_than_the_own_network_is_refused(host, says):
    with pytest.raises(UsageError, match=says):
        address_of(host)


def test_what_is_named_is_served_on_and_a_machine_without_a_network_says_so(monkeypatch):
    assert address_of("127.0.0.1") == "127.0.0.1"
    assert address_of("192.168.7.2") == "192.168.7.2"
    monkeypatch.setattr(locally, "_own", lambda: "192.168.7.9")
    assert address_of("lan") == "192.168.7.9"
    monkeypatch.undo()
    monkeypatch.setattr(locally, "NOWHERE", ("no address at all", 9))
    with pytest.raises(UsageError, match="in no network"):
        address_of("lan")


@pytest.mark.parametrize("host", [HERE_TOO, "127.0.0.1"])
def test_served_for_good_it_warns_once_and_the_token_stands_in_the_link_alone(
    desk, capfd, caplog, host
):
    caplog.set_level(0)
    hosts, ended = (*HOSTS, host), []

    def serve():
        ended.append(
            locally.serve(
                lambda s, done: app(desk, s, done, hosts), "t", 0, browser=False, host=host
            )
        )

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    out = err = ""
    while not (link := re.search(r"http://\S+/(\S+)/ ", out)):
        time.sleep(0.02)
        out, err = (a + b for a, b in zip((out, err), capfd.readouterr(), strict=True))
    at, token = link.group().strip(), link.group(1)
    with httpx.Client(trust_env=False, timeout=5) as client:
        page = client.get(at)
        wrong = [
            client.get(at.replace(token, "guess")),
            client.get(at, headers={"Host": "evil.example:80"}),
            client.post(f"{at}answer", data={"do": "finish"}, headers={"Host": "evil.example:80"}),
            client.post(f"{at}answer", data={"do": "finish"}, headers={"Origin": "http://evil"}),
        ]
        client.post(f"{at}answer", data={"do": "finish"})
    thread.join(10)
    more, errors = capfd.readouterr()

    assert page.status_code == 200
    assert [one.status_code for one in wrong] == [403] * 4
    assert ended == [True]
    assert (err + errors).count(IN_A_NETWORK) == (host == HERE_TOO)
    assert (out + more).count(token) == 1
    logged = [r.getMessage() for r in caplog.records if not r.name.startswith("http")]  # not ours
    held = [str(event) for event in desk.dossier.view().events()]
    assert token not in "".join([err, errors, *logged, *held, *(one.text for one in wrong)])
