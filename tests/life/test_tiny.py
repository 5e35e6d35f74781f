"""A tiny life, whole and killed at twenty moments: the same dossier comes out."""

import random
import subprocess

import living
import pytest

from tenure.dossier.compare import compare

pytestmark = [pytest.mark.life, pytest.mark.local]

KILLS = 20


@pytest.fixture(scope="module")
def whole(stand, tmp_path_factory):
    """A life that nobody interrupted, and the seconds it took."""
    place = tmp_path_factory.mktemp("whole")
    seconds = living.live(stand / "tiny.yaml", place)
    return place, seconds


def verify(place):
    return subprocess.run(
        [str(living.TENURE), "verify", "--recompute", "--dossier", str(place / "dossier")],
        env=living.environment(place),
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_step_of_the_life_is_lived(whole):
    place, _ = whole
    told = living.said(place)

    assert "skipped" not in told
    assert "refused:" not in told
    assert "is available: internal" in told
    assert "brought back from the vault" in told
    assert (place / "report" / "life.html").is_file()


def test_its_dossier_verifies_and_every_number_comes_out_again(whole):
    answer = verify(whole[0])

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.startswith("OK: ")
    assert ", 0 differ" in answer.stdout


def test_run_again_it_repeats_nothing(whole, stand):
    place, _seconds = whole
    before = (place / "dossier" / "dossier.db").stat().st_size
    events = verify(place).stdout.split(" events")[0]

    living.live(stand / "tiny.yaml", place)

    assert verify(place).stdout.split(" events")[0] == events
    assert (place / "dossier" / "dossier.db").stat().st_size == before


def test_killed_at_twenty_moments_it_comes_out_the_same(whole, stand, tmp_path):
    """One life after another, each killed again and again until twenty kills are done."""
    reference, seconds = whole
    moments = random.Random(20261121)
    kills, lives = 0, 0
    while kills < KILLS:
        place = tmp_path / f"life-{lives}"
        lives += 1
        while kills < KILLS:
            process = living.start(stand / "tiny.yaml", place)
            if not living.kill_after(process, moments.uniform(0.5, 1.1 * seconds)):
                assert process.returncode == 0, living.said(place)[-4000:]
                break
            kills += 1
        living.live(stand / "tiny.yaml", place)

        assert compare(reference / "dossier", place / "dossier") == []
        assert verify(place).returncode == 0


def test_two_at_once_do_nothing_twice(whole, stand, tmp_path):
    """The second command says who holds the work, and the first goes on undisturbed."""
    place = tmp_path / "both"
    first, second = (living.start(stand / "tiny.yaml", place) for _ in range(2))
    statuses = {first.wait(600), second.wait(600)}

    assert 0 in statuses
    assert statuses <= {0, 7}, living.said(place)[-4000:]
    assert compare(whole[0] / "dossier", place / "dossier") == []
