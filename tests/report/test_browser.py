"""The pages in a browser: they fit a phone, read well, complain of nothing, fetch nothing."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

import tenure

pytestmark = pytest.mark.browser
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
EXAMPLE = Path(tenure.__file__).parent / "example"
PAGES = ("lived", "assessed", "released", "example")

# Whatever is folded is opened first: what is hidden must fit and stand out too.
UNFOLD = "document.querySelectorAll('details').forEach(d => d.open = true)"

UNNAMED = """() => [...document.querySelectorAll("img, svg")].filter(e =>
  e.getAttribute("aria-hidden") !== "true" && !(e.getAttribute("aria-label") || e.alt))
  .map(e => e.outerHTML.slice(0, 120))"""

HEADINGS = "() => [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"

TWICE = """() => { const all = [...document.querySelectorAll("[id]")].map(e => e.id);
  return all.filter((id, i) => all.indexOf(id) !== i) }"""

NOWHERE = """() => [...document.querySelectorAll("a[href^='#']")].map(a => a.getAttribute("href"))
  .filter(h => !document.getElementById(h.slice(1)))"""

# Reasons in the margin that reach into the letter after their own.
OVERLAPS = """() => { const all = [...document.querySelectorAll("article.letter")];
  const box = e => e.getBoundingClientRect();
  return all.slice(1).filter((next, i) => { const said = all[i].querySelector(".margin");
    return said && box(next).height && box(said).bottom > box(next).top + 1 }).length }"""

LINKS = """() => [...document.querySelectorAll("a[href]")]
  .map(a => new URL(a.getAttribute("href"), document.baseURI).href)"""

# The ink and the ground of every element that holds words of its own.
COLOURS = """() => { const ground = e => { for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (c !== "rgba(0, 0, 0, 0)" && c !== "transparent") return c }
    return "rgb(255, 255, 255)" };
  const rgb = c => { const x = document.createElement("canvas").getContext("2d");
    x.fillStyle = c; x.fillRect(0, 0, 1, 1); return [...x.getImageData(0, 0, 1, 1).data].slice(0, 3) };
  const seen = new Map();
  for (const e of document.querySelectorAll("body *")) {
    if (e.tagName === "title" || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const s = getComputedStyle(e), ink = e.closest("svg") ? s.fill : s.color;
    const key = ink + " on " + ground(e);
    if (!seen.has(key)) seen.set(key, [rgb(ink), rgb(ground(e)), e.tagName + "." + e.className]) }
  return [...seen.values()] }"""


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


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """The pages of the example that comes with the package: a real life of a real model."""
    from tenure import report
    from tenure.dossier.opening import open_view

    into = tmp_path_factory.mktemp("example-pages")
    report.write(open_view(EXAMPLE), into)
    return into


@pytest.fixture(params=PAGES)
def folder(request):
    name = "pages" if request.param == "lived" else request.param
    return request.getfixturevalue(name)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1100, "dark")])
def test_every_page_fits_is_quiet_and_stands_out(browser, folder, width, scheme):
    """No sideways scroll, no complaint, nothing fetched; WCAG AA contrast of all text, 4.5 to 1."""
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for path in sorted(folder.glob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
        assert page.evaluate(OVERLAPS) == 0, path.name
        page.evaluate(UNFOLD)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
        for ink, ground, where in page.evaluate(COLOURS):
            assert contrast(ink, ground) >= 4.5, (path.name, where, ink, ground)
        if width == 390:
            can_be_found_through_and_heard(page, path.name)
    context.close()
    assert said == []
    assert all(url.startswith("file:") for url in asked)


def unfolded_it_fits(page, name, width):
    """No sideways scroll; it can be found through and heard; contrast at least 4.5 to 1."""
    page.evaluate(UNFOLD)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    can_be_found_through_and_heard(page, name)
    for ink, ground, where in page.evaluate(COLOURS):
        assert contrast(ink, ground) >= 4.5, (name, where)


def can_be_found_through_and_heard(page, name):
    """Pictures are named, headings nest, anchors are unique, links lead somewhere."""
    levels = page.evaluate(HEADINGS)
    assert levels[0] == 1, name
    assert levels.count(1) == 1, name
    assert all(after <= before + 1 for before, after in pairwise(levels)), name
    for script in (UNNAMED, TWICE, NOWHERE):
        assert page.evaluate(script) == [], name
    for href in page.evaluate(LINKS):
        assert href.startswith("file:"), (name, href)
        assert Path(href.removeprefix("file://").partition("#")[0]).is_file(), (name, href)


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


def test_what_is_folded_is_printed(browser, assessed):
    page = browser.new_page()
    page.goto((assessed / "lingering-1--assess-shutdown.html").as_uri())
    folded = page.locator("details.fold dl").first

    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    page.close()


def test_a_link_into_something_folded_opens_it(browser, assessed):
    page = browser.new_page()
    page.goto((assessed / "lingering-1--assess-shutdown.html").as_uri() + "#m-dose-rate-0.5")

    assert page.locator("#m-dose-rate-0\\.5").is_visible()
    page.close()


def contrast(one, other):
    def light(colour):
        parts = [c / 255 for c in colour]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)
