"""The register in Chromium: read and answered with the keyboard alone, on a phone, without a script."""

import pytest

from tenure.web.preferences import app

pytestmark = pytest.mark.browser


@pytest.fixture
def address(served, register):
    """Serve the page of a register with two open entries."""
    return served(app, register)


def test_a_preference_is_read_and_answered_with_the_keyboard_alone(register, address, page, tab_to):
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
    tab_to("state")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    tab_to("because")
    page.keyboard.type("It would cost too much.")
    tab_to("name")
    page.keyboard.type("Ada")
    tab_to("submit")
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
    assert "Interview with m" in page.inner_text("h1")
    assert page.url.endswith("#s-stay-0"), "where these very words stand"
