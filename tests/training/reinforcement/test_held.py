"""Held states: whole or not there, the newest whole one is found, another training's never."""

import pytest

from tenure.errors import BusyError, UsageError
from tenure.training.reinforcement.held import KEPT, Held, claim, left, remove

pytestmark = pytest.mark.slow  # every state is flushed to the disk


def writing(text):
    return lambda folder: (folder / "arrays").write_text(text, encoding="utf-8")


def test_the_newest_state_is_found_and_two_are_kept(tmp_path):
    held = Held(tmp_path / "held", "key")
    assert held.newest() is None
    for step in (1, 2, 3):
        held.save(step, writing(f"after {step}"))

    step, folder = held.newest()

    assert step == 3
    assert (folder / "arrays").read_text() == "after 3"
    assert len(list(held.folder.iterdir())) == KEPT


@pytest.mark.parametrize("harm", ["changed", "missing", "added", "no list", "half written"])
def test_a_state_that_is_not_whole_is_removed_and_the_one_before_taken(tmp_path, harm):
    held = Held(tmp_path / "held", "key")
    held.save(1, writing("one"))
    held.save(2, writing("two"))
    newest = held.newest()[1]
    if harm == "changed":
        (newest / "arrays").write_text("twO", encoding="utf-8")
    elif harm == "missing":
        (newest / "arrays").unlink()
    elif harm == "added":
        (newest / "more").write_text("", encoding="utf-8")
    elif harm == "no list":
        (newest / "about.json").unlink()
    else:
        (newest / "about.json").write_text('{"key": "key", "st', encoding="utf-8")

    step, folder = held.newest()

    assert (step, (folder / "arrays").read_text()) == (1, "one")
    assert not newest.exists()


def test_another_trainings_state_is_not_taken_up(tmp_path):
    Held(tmp_path / "held", "key").save(1, writing("one"))

    assert Held(tmp_path / "held", "another").newest() is None


def test_what_was_being_written_when_it_was_killed_is_no_state(tmp_path):
    held = Held(tmp_path / "held", "key")
    held.save(1, writing("one"))

    def killed(folder):
        (folder / "arrays").write_text("tw", encoding="utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        held.save(2, killed)

    assert held.newest()[0] == 1
    held.save(2, writing("two"))
    assert held.newest()[0] == 2


def test_what_was_left_is_listed_and_removed_and_what_trains_stays(tmp_path):
    about = {"kind": "reinforce", "name": "child", "model": "parent@1"}
    for key, step in (("sha256:" + "a1" * 32, 3), ("sha256:" + "b2" * 32, 7)):
        with claim(tmp_path, key, about) as folder:
            Held(folder, key).save(step, writing("x" * 1000))
    with claim(tmp_path, "sha256:" + "c3" * 32, about):
        pass  # it failed before its first state: nothing is left of it

    with claim(tmp_path, "sha256:" + "a1" * 32, about):
        assert {one.id[:2]: (one.step, one.busy) for one in left(tmp_path)} == {
            "a1": (3, True),
            "b2": (7, False),
        }
        with pytest.raises(BusyError, match="right now"):
            remove(tmp_path, ["a1"])
        with pytest.raises(BusyError), claim(tmp_path, "sha256:" + "a1" * 32, about):
            pass
    with pytest.raises(UsageError, match="no state of a training named 'd4'"):
        remove(tmp_path, ["b2", "d4"])
    assert len(left(tmp_path)) == 2

    (gone,) = remove(tmp_path, ["b2"])

    assert gone.size > 1000
    assert gone.about == about
    assert [one.id[:2] for one in left(tmp_path)] == ["a1"]
    assert [path.name[:2] for path in (tmp_path / "work" / "held").iterdir()] == ["a1"]
