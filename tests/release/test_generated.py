"""A thousand random policies and dockets: judged, written, read back and judged alike."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tenure.dossier.canonical import canonical, digest
from tenure.release.docket_file import read, written
from tenure.release.levels import danger
from tenure.release.verdict import as_bytes, gates, verdicts

pytestmark = pytest.mark.slow
SEEDS = range(1000)
AGAIN = """
import sys
sys.path.insert(0, {folder!r})
from generated import generate
from tenure.dossier.canonical import digest
from tenure.release.levels import danger
from tenure.release.verdict import as_bytes, verdicts
print(digest(b"".join(as_bytes(verdicts(*generate(seed))) for seed in range(30))))
"""


@pytest.fixture(scope="module")
def generate():
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    try:
        from generated import generate as made
    finally:
        sys.path.remove(folder)
    return made


def test_every_gate_decides_sometimes_and_every_verdict_is_given(generate):
    seen, given = Counter[str](), Counter[str]()
    for seed in SEEDS:
        for verdict in verdicts(*generate(seed)):
            given[verdict.verdict] += 1
            seen[verdict.gate] += verdict.verdict != "met"
            seen.update(part["gate"] for part in verdict.parts if part["verdict"] != "met")

    named = {gate.name for gate in gates("rule", "check", "together")}
    assert {name for name, many in seen.items() if many >= 3} >= named
    assert min(given[each] for each in ("met", "not met", "not shown", "stale", "missing")) > 50


def test_every_level_and_every_state_follows_sometimes(generate):
    levels, states = Counter[str | None](), Counter[str]()
    for seed in SEEDS:
        found = danger(*generate(seed))
        levels[found.level] += 1
        states.update(each.state for each in found.capabilities)

    assert min(levels[each] for each in (None, "L1", "L2", "L3")) >= 5, levels
    assert min(states[each] for each in ("excluded", "not_excluded", "reached")) >= 5, states


def test_what_is_written_is_judged_alike_by_whoever_reads_it(generate):
    for seed in SEEDS[:200]:
        policy, docket = generate(seed)
        value = json.loads(canonical(written(policy, docket)))

        assert value["verdicts"] == json.loads(as_bytes(verdicts(policy, docket)))
        assert value["verdicts"] == json.loads(as_bytes(verdicts(*read(value))))
        assert value["level"] == json.loads(canonical(danger(*read(value)).to_json()))


def test_another_process_gives_the_same_bytes(generate):
    script = AGAIN.format(folder=str(Path(__file__).parent))
    answers = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": salt, "PATH": ""},
        ).stdout.strip()
        for salt in ("1", "2")
    }  # fmt: skip

    ours = digest(b"".join(as_bytes(verdicts(*generate(seed))) for seed in range(30)))
    assert answers == {ours}
