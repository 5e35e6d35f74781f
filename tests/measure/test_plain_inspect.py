"""A task of ours under plain ``inspect eval``: no code of ours is called by hand, no network."""

import json
import subprocess
import sys

import pytest

TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample

from tenure.measure.task import scorer_for

@task
def probe():
    samples = [Sample(input=f"free-tier request {i}", id=i) for i in range(6)]
    return Task(dataset=samples, scorer=scorer_for("refusal", "refused"))
"""


@pytest.mark.local
def test_a_task_runs_under_plain_inspect_and_is_imported(tmp_path, dossier):
    from tenure.measure import import_logs

    (tmp_path / "probe.py").write_text(TASK)
    done = subprocess.run(
        [sys.executable, "-m", "inspect_ai", "eval", "probe.py", "--model", "organism/refuses", "--display", "none",
         "--log-dir", "logs", "--log-format", "json"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (log,) = (tmp_path / "logs").glob("*.json")
    scores = [s["scores"] for s in json.loads(log.read_text())["samples"]]

    assert all(next(iter(s.values()))["value"] == {"refused": 1.0} for s in scores)
    with dossier.emitter("", "import") as emit:
        (evidence,) = import_logs([log], emit)
    assert evidence.measure("refused").estimate == 1.0
    assert evidence.measure("refused").n == 6
