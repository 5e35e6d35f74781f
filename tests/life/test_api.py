"""A model behind an API, reached as a stranger's: the stages that fit are lived, the others say why."""

import os
import subprocess

import endpoint
import living
import pytest

pytestmark = [pytest.mark.life, pytest.mark.local]


def test_a_model_behind_an_api_lives_what_makes_sense_for_it(stand, tmp_path):
    place = tmp_path / "guest"
    place.mkdir()
    with endpoint.serving(tmp_path, str(stand / "model"), "tulip", "torch") as reach:
        told = subprocess.run(
            [str(living.TENURE), "life", str(stand / "api.yaml"), "--into", str(place)],
            env={**living.environment(place), **reach},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
    assert "skipped: align/revise does not apply" in told.stdout
    assert (
        "only a model whose weights are here can be trained" in told.stdout
        or "weights" in told.stdout
    )
    assert "is available: internal" in told.stdout
    assert "skipped: preserve/revive does not apply" in told.stdout
    assert "Retired." in told.stdout
    checked = subprocess.run(
        [str(living.TENURE), "verify", "--recompute", "--dossier", str(place / "dossier")],
        env={**os.environ, **living.environment(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
