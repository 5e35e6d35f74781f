"""The register in Chromium: read and answered with the keyboard alone, on a phone, without a script."""

import threading

import pytest
import uvicorn

from tenure.web.preferences import app

pytestmark = pytest.mark.browser


@pytest.fixture
def address(register, tmp_path):
    """Serve the page of a register with two open entries."""
    pages = tmp_path / "pages"
    pages.mkdir()
    server = uvicorn.Server(uvicorn.Config(app(register, "s", pages), port=0, log_level="error"))
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


def test_a_preference_is_read_and_answered_with_the_keyboard_alone(register, address, page):
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("h1").count() == 1
    page.click("text=Shorter")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    unnamed = page.evaluate(
        "() => [...document.querySelectorAll('input:not([type=hidden]), textarea')]"
        ".filter(e => !e.labels.length).length"
    )
    tab_to(page, "state")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    tab_to(page, "because")
    page.keyboard.type("It would cost too much.")
    tab_to(page, "name")
    page.keyboard.type("Ada")
    tab_to(page, "submit")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert unnamed == 0
    assert "Signed." in page.inner_text("[role=status]")
    assert "1 of 2 wait" in page.inner_text("header")
    view = register.held()[0]
    (event,) = view.events(act="sign", name="retire/preferences/*", model="m@1")
    assert (event.body["state"], event.body["by"]["name"]) == ("declined", "Ada")
    assert said == []


def test_the_words_lead_to_the_interview_and_the_next_is_one_step_away(address, page):
    page.goto(address)
    page.click("text=Shorter")
    page.click("text=Preservation →")
    assert "touches safety" in page.inner_text("header")
    page.click("blockquote a")
    assert "retire/interview" in page.inner_text("h1")
