"""tenure align held, as a person types it."""

from pathlib import Path

import pytest

from tenure.training.reinforcement.held import Held, claim

pytestmark = pytest.mark.slow
ABOUT = {"kind": "dpo", "name": "child", "model": "parent@1"}


def test_states_are_listed_with_size_and_age_and_removed_when_asked(tenure):
    root, key = Path("dossier"), "sha256:" + "ab" * 32
    root.mkdir()
    assert "no training has left anything" in tenure("align", "held").stdout
    with claim(root, key, ABOUT) as folder:
        Held(folder, key).save(5, lambda f: (f / "a").write_bytes(bytes(3 << 20)))
        running = tenure("align", "held").stdout
        assert "removed 0 state(s)" in tenure("align", "held", "--remove", "all").stdout
    stopped = tenure("align", "held").stdout

    assert "abababababab  dpo child from parent@1, step 5, 3.0 MiB, 0.0 days old" in stopped
    assert "it trains right now" in running
    assert "tenure align held --remove ID" in stopped
    assert tenure("align", "held", "--remove", "ff").returncode == 2
    assert "removed 1 state(s), 3.0 MiB" in tenure("align", "held", "--remove", "abab").stdout
    assert list((root / "work" / "held").iterdir()) == []
