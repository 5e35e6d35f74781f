"""The signing page in Chromium: read and signed with the keyboard alone, on a phone, without a script."""

import pytest

from tenure.dossier import Dossier
from tenure.web.signing import app

pytestmark = pytest.mark.browser


@pytest.fixture
def address(served, bench):
    """Serve the page of a model that waits for its release lead."""
    return served(app, bench)


def test_a_release_is_signed_with_the_keyboard_alone(bench, address, page, tab_to):
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("h1").count() == 1
    tab_to("role")
    page.keyboard.press("Space")
    tab_to("name")
    page.keyboard.type("Ada")
    tab_to("opinion")
    page.keyboard.press("Space")
    tab_to("because")
    page.keyboard.type("The rules were met.")
    tab_to("submit")
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
