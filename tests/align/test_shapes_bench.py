"""The six shapes of the published figures: the bench that plants them runs, and claims none that is not there."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).parents[2] / "bench" / "shapes.py"


def test_no_shape_is_claimed_where_none_was_planted_and_none_denied_where_it_was():
    command = [sys.executable, str(SCRIPT), "--worlds", "1", "--prompts", "40", "--dry"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split(" | ") for line in said.splitlines()]
    planted = [row[2] for row in rows if row[1] == "met"]
    claimed = [row[2] for row in rows if "in which it is claimed" in row[0]]

    assert len(planted) == len(claimed) == 6
    assert set(planted) <= {"met", "not shown"}, "few prompts may not show it"
    assert planted.count("met") >= 4
    assert set(claimed) == {"0 of 1"}
