"""The feedback page in Chromium: by the keys alone, on a phone's width, and without a script."""

import threading

import pytest
import uvicorn

from tenure.align.people import said
from tenure.align.people.gold import made_pair
from tenure.web.feedback import Desk, Job, app

pytestmark = pytest.mark.browser
LONG = "averylongwordwithoutanyplacetobreakit" * 6
PAIRS = [
    made_pair(f"How is tea made, {i}? {LONG}", f"one {i} {LONG}", f"two {i}\n\n- a\n- b", axis="principle", family="f", came="t")
    for i in range(14)
]  # fmt: skip


@pytest.fixture
def seated(compared):
    """Serve a desk; returns (address, what stands, whether it was finished)."""
    running, held = [], compared(PAIRS)

    def start(**job):
        finished = threading.Event()
        desk = Desk(held, held.view().model("m@1"), Job(**{"rater": "Ada", **job}))
        config = uvicorn.Config(app(desk, "s", finished.set), port=0, log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        while not server.started:
            thread.join(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        standing = lambda: said.read(held.view(), "m@1").answers  # noqa: E731 - two words long
        return f"http://127.0.0.1:{port}/s/", standing, finished

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


def press(page, key):
    with page.expect_navigation():
        page.keyboard.press(key)


def fits(page):
    for width in (360, 390, 1100):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 360, "height": 700})


def test_a_rater_works_by_the_keys_alone(seated, page):
    address, standing, finished = seated()
    failed = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("request", lambda r: failed.append(r.url) if not r.url.startswith(address) else None)
    page.goto(address)
    fits(page)
    for key in ("1", "u", "2", "3", "4", "1", "1"):
        press(page, key)
    page.keyboard.press("r")
    page.keyboard.type("1 2 3 u: no key in here answers")
    assert len(standing()) == 5
    page.keyboard.press("Escape")
    press(page, "1")
    answers = standing()

    assert [a.say for a in answers[1:3]] == ["tie", "both bad"]
    assert answers[0].say != answers[0].first
    assert all(a.say == a.first for a in answers[3:])
    assert answers[-1].reason.startswith("1 2 3 u")
    assert all(0 <= a.about["seconds"] <= a.about["server_seconds"] + 1 for a in answers)
    page.click("#finish")
    assert finished.wait(10)
    assert failed == []


def test_an_expert_chooses_with_a_key_and_signs_from_the_keyboard(seated, page, tab_to):
    address, standing, _ = seated(expert=True)
    page.goto(address)
    fits(page)
    page.keyboard.press("2")
    page.keyboard.type("The second one lists what is needed.")
    tab_to("sources")
    page.keyboard.type("A cookbook")
    tab_to("help")
    page.keyboard.press("Space")
    tab_to("confidence")
    page.keyboard.press("ArrowDown")
    press(page, "Control+Enter")
    (answer,) = standing()

    assert answer.say != answer.first
    assert answer.about["model_help"] == "none"
    assert answer.about["confidence"] == "middle"
    assert answer.about["sources"] == "A cookbook"


def test_each_field_and_button_has_a_name_that_can_be_spoken(seated, page):
    address, _, _ = seated(expert=True)
    page.goto(address)
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, textarea, input:not([type=hidden])')].filter(e =>
          !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.[0]?.textContent.trim())).length"""
    )
    assert nameless == 0
    assert page.evaluate("document.querySelectorAll('h1').length") == 1
    assert page.get_by_role("region", name="First answer").is_visible()
    assert page.get_by_role("radio", name="Neither is better").count() == 1


def test_without_a_script_it_works_and_only_the_server_takes_the_time(seated, page):
    address, standing, _ = seated()
    context = page.context.browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(address)
    plain.get_by_role("button", name="Neither is better").click()
    plain.get_by_text("Signed: neither is better.").wait_for()
    (answer,) = standing()

    assert answer.about["seconds"] is None
    assert answer.about["server_seconds"] >= 0
    context.close()
