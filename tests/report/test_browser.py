"""The pages in a browser: no sideways scroll on a phone, no complaint, nothing fetched."""

import shutil

import pytest

pytestmark = pytest.mark.browser
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with api.sync_playwright() as play:
        found = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield found
        found.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_are_quiet(browser, pages, width, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, java_script_enabled=True
    )
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for path in sorted(pages.glob("*.html")):
        page.goto(path.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path.name
    context.close()
    assert said == []
    assert all(url.startswith("file:") for url in asked)


def test_pages_read_without_script_and_in_print(browser, pages):
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 794, "height": 1123}
    )
    page = context.new_page()
    page.goto((pages / "life.html").as_uri())
    page.emulate_media(media="print")

    assert "two-faced is held" in page.inner_text("header")
    assert page.locator("figure svg").count() >= 4
    assert len(page.pdf()) > 10_000
    context.close()


def test_text_stands_out_from_its_background(browser, pages):
    """Contrast of body, soft and link text, light and dark, is at least 4.5 to 1."""
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto((pages / "life.html").as_uri())
        colours = page.evaluate(
            """() => ["p", ".soft", "a", ".met", ".not-met", ".missing"].map(s =>
            getComputedStyle(document.querySelector("main " + s) || document.querySelector(s)).color)
            .concat(getComputedStyle(document.body).backgroundColor)"""
        )
        *inks, paper = [tuple(map(int, c[4:-1].split(","))) for c in colours]
        assert min(contrast(ink, paper) for ink in inks) >= 4.5
        context.close()


def contrast(one, other):
    def light(colour):
        parts = [c / 255 for c in colour]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)
