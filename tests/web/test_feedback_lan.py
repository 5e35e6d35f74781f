"""The feedback page on a phone in the same network: by the address it is served on, and no other name."""

import httpx
import pytest

from tenure.align.people.gold import made_pair
from tenure.cli.locally import address_of
from tenure.errors import UsageError
from tenure.web.feedback import Desk, Job, app
from tenure.web.local import HOSTS

pytestmark = [pytest.mark.slow, pytest.mark.anyio]
PAIRS = [
    made_pair(f"Q{i}?", "one", f"two {i}", axis="principle", family="f", came="t") for i in range(3)
]
PHONE, OTHER = "http://192.168.7.2:9", "http://192.168.7.3:9"


@pytest.fixture
def opened(compared):
    """Ask for the page by an address, served to certain ones."""
    held = compared(PAIRS)
    desk = Desk(held, held.view().model("m@1"), Job(rater="Ada"))

    async def ask(address, hosts):
        transport = httpx.ASGITransport(app=app(desk, "s", lambda: None, hosts))
        async with httpx.AsyncClient(transport=transport, base_url=address) as client:
            form = {"ticket": desk.state()["sheet"].ticket, "say": "first"}
            sent = await client.post("/s/answer", data=form, headers={"Origin": address})
            return (await client.get("/s/")).status_code, sent.status_code

    return ask


async def test_a_phone_is_let_in_by_the_address_that_was_named_alone(opened):
    assert await opened(PHONE, HOSTS) == (403, 403)
    assert await opened(PHONE, (*HOSTS, "192.168.7.2")) == (200, 303)
    assert await opened(OTHER, (*HOSTS, "192.168.7.2")) == (403, 403)


async def test_every_network_at_once_is_refused():
    assert address_of("127.0.0.1") == "127.0.0.1"
    for host in ("0.0.0.0", "::", ""):
        with pytest.raises(UsageError, match="--host lan"):
            address_of(host)
