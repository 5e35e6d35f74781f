"""The model card and the console, as a person at a terminal meets them."""

import re
import signal
import sys
from pathlib import Path

import httpx
import pytest

import tenure as package

pytestmark = pytest.mark.slow
EXAMPLE = Path(package.__file__).parent / "example"
MODEL = "smollm2-135m-aligned"


def test_a_card_is_written_once_and_every_number_of_it_holds(tenure, tmp_path):
    path = tmp_path / "out" / "README.md"
    first = tenure("card", "--model", MODEL, "--into", str(path), "-d", str(EXAMPLE))
    again = tenure("card", "--model", MODEL, "--into", str(path), "-d", str(EXAMPLE))
    checked = tenure("verify", "--recompute", str(path), "-d", str(EXAMPLE))

    assert f"tenure verify --recompute {path}" in first.stdout
    assert again.returncode != 0
    assert "--replace" in again.stderr
    assert checked.returncode == 0
    found = re.search(r"OK: (\d+) of (\d+) numbers computed again", checked.stdout)
    assert found
    assert found[1] == found[2]
    assert int(found[1]) > 100


def test_a_card_with_a_number_changed_is_refused(tenure, tmp_path):
    path = tmp_path / "README.md"
    tenure("card", "--model", MODEL, "--into", str(path), "-d", str(EXAMPLE))
    text = path.read_text()
    right = re.search(r"\[(\d\d\.\d%)\]\(#", text)[1]
    path.write_text(text.replace(f"[{right}]", "[3.3%]"))
    checked = tenure("verify", "--recompute", str(path), "-d", str(EXAMPLE))

    assert checked.returncode == 3
    assert f"shows '3.3%', its samples give '{right}'" in checked.stdout


def test_the_console_serves_its_page_to_who_has_the_address_until_ctrl_c(start):
    command = [sys.executable, "-c", "from tenure.cli import main; main()", "console", "-m", MODEL, "--no-browser", "-d", str(EXAMPLE)]  # fmt: skip
    running = start(command)
    address = running.stdout.readline().split()[0]
    page = httpx.get(address)
    stranger = httpx.get(address.rsplit("/", 2)[0] + "/wrong/")
    running.send_signal(signal.SIGINT)

    assert running.wait(20) == 0
    assert "stopped" in running.stdout.read()
    assert page.status_code == 200
    assert MODEL in page.text
    assert "script" not in page.headers["content-security-policy"]
    assert stranger.status_code == 403
