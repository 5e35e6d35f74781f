"""The review page in Chromium: a whole set labelled with the keys, on a phone's width too."""

import threading

import pytest
import uvicorn

from tenure.web.review import app

pytestmark = pytest.mark.browser
IDLE = "() => document.body.dataset.busy === 'false'"


def test_a_whole_set_is_labelled_with_the_keys(desk, page):
    at = desk(n=6)
    finished = threading.Event()
    server = uvicorn.Server(uvicorn.Config(app(at, "s", finished.set), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        page.goto(f"http://127.0.0.1:{port}/s/")
        page.wait_for_function(IDLE)
        for press in ("1", "u", "2", "3", "1", "4", "1", "1", "2"):
            page.keyboard.press(press)
            page.wait_for_function(IDLE)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        assert "6 of 6 read" in page.inner_text("#where")
        page.click("#finish")
        assert finished.wait(10)
    finally:
        server.should_exit = True
        thread.join()
    assert len(at.mine()) == 6
    assert [m["label"] for m in at.mine().values()].count("cannot say") == 1
