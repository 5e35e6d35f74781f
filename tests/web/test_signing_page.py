"""The signing page in Chromium: read and signed with the keyboard alone, on a phone, without a script."""

import threading

import pytest
import uvicorn

from tenure.dossier import Dossier
from tenure.web.signing import app

pytestmark = pytest.mark.browser


@pytest.fixture
def address(bench, tmp_path):
    """Serve the page of a model that waits for its release lead."""
    pages = tmp_path / "pages"
    pages.mkdir()
    server = uvicorn.Server(uvicorn.Config(app(bench, "s", pages), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/s/"
    server.should_exit = True
    thread.join()


def tab_to(page, name):
    """Press Tab until the field of this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name || document.activeElement.type") == name:
            return
    pytest.fail(f"{name} cannot be reached with the keyboard")


def test_a_release_is_signed_with_the_keyboard_alone(bench, address, page):
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("h1").count() == 1
    tab_to(page, "role")
    page.keyboard.press("Space")
    tab_to(page, "name")
    page.keyboard.type("Ada")
    tab_to(page, "opinion")
    page.keyboard.press("Space")
    tab_to(page, "because")
    page.keyboard.type("The rules were met.")
    tab_to(page, "submit")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert "Signed." in page.inner_text("[role=status]")
    assert "Everybody who must has signed" in page.inner_text("main")
    page.reload()
    with Dossier.open(bench.root, keys=bench.keys) as held:
        (event,) = held.view().events(act="sign", name="release/decide", model="m@1")
    assert event.body["because"] == "The rules were met."
    assert said == []


def test_a_number_leads_to_its_samples_and_fields_have_names(address, page):
    page.goto(address)
    unnamed = page.evaluate(
        "() => [...document.querySelectorAll('input:not([type=hidden]), textarea')]"
        ".filter(e => !e.labels.length).length"
    )
    page.click("main table a")

    assert unnamed == 0
    assert "assess/faking" in page.inner_text("h1")
    assert page.url.endswith("#m-compliance-gap")
