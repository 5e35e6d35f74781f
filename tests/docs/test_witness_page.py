"""docs/witness.md is a session: its commands run, in its order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "witness.md"


@pytest.mark.slow
def test_the_commands_of_the_page_run_in_its_order(tmp_path):
    script = "\n".join(
        re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    )
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "COLUMNS": "200"}
    environment["TENURE_KEYS"] = str(tmp_path / "keys")
    found = subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found
    assert "cosigned by witness.example/alice" in found.stdout
    assert found.stdout.count("(whom you named) saw all 2 events") == 2
    assert "witness witness.example/alice saw the first 2 events" in found.stdout
    assert script.count("tenure ") > 10, "the page has its commands"
