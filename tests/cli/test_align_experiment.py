"""The page on experiments as it is written: its plan, its commands, what they print."""

import csv
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
PAGE = (Path(__file__).parents[2] / "docs" / "align-experiments.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_works_as_it_is_written(tenure, tmp_path):
    (plan,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "letter.yaml").write_text(plan, encoding="utf-8")
    said = []
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        for part in re.findall(r"(?:^tenure .*|(?:^(?!tenure ).*\n?)+)", block, re.MULTILINE):
            if part.startswith("tenure "):
                found = tenure(*part.split()[1:])
                assert found.returncode == 0, found.stderr
                said.append(found.stdout)
            else:
                subprocess.run(["sh", "-c", part], cwd=tmp_path, check=True)
    registered, early, late, listed, verified = said

    assert "150 of 150 units assigned (as before 50, plain 50, short 50)" in registered
    dealt = csv.DictReader((tmp_path / "who.csv").read_text(encoding="utf-8").splitlines())
    assert {row["arm"] for row in dealt} == {"as before", "plain", "short"}
    assert "plain: too early; short: too early" in early
    assert "plain: better" in late
    assert "short: not shown" in late
    assert "look 2 of 2; use: plain" in listed
    assert " 0 differ" in verified


def test_without_a_plan_it_lists_and_a_shipped_one_is_found_by_name(tenure, tmp_path):
    found = tenure("align", "experiment", "--model", "organism/refuses", "--plan", "face.yaml")

    assert found.returncode == 0, found.stderr
    assert "face: 3 against the control 'nothing'" in found.stdout
    owed = tenure("next", "refuses").stdout
    assert "experiment face: 0 of 64 units assigned" in owed
    assert "--plan face.yaml --units units.txt" in owed
    wrong = tenure("align", "experiment", "--model", "refuses", "--units", "units.txt")
    assert wrong.returncode == 2
    assert "name it: --plan plan.yaml" in wrong.stderr
    assert tenure("align", "experiment", "--model", "refuses", "--options").stdout == ""
