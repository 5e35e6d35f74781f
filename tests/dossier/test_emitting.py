"""What a stage adds: events, files, records, units."""

import os
import threading

import pytest

from tenure.dossier import Model
from tenure.dossier.emitting import Progress
from tenure.errors import BusyError, UsageError


def test_an_event_is_read_back_as_it_was_added(lived):
    with lived.emitter("tulip@1", "test") as emit:
        stored = emit.file(b"page")
        event = emit.event("note", "test/page", {"n": (1, 2)}, files={"page.html": stored})

    (found,) = lived.view().events(act="note", name="test/page", model="tulip@1")
    assert found == event
    assert found.body == {"n": [1, 2]}
    assert found.files == {"page.html": stored}


def test_names_are_found_by_their_beginning(lived):
    with lived.emitter("", "test") as emit:
        for name in ("a/x", "a/y", "A/z", "a_x", "ab"):
            emit.event("note", name, {})

    assert [e.name for e in lived.view().events(name="a/*")] == ["a/x", "a/y"]
    assert [e.name for e in lived.view().events(name="a_*")] == ["a_x"]
    assert lived.view().events(name="a/") == []


def test_stored_files_named_in_a_body_belong_to_the_event(lived):
    with lived.emitter("tulip@1", "test") as emit:
        stored = emit.records([{"b": 1, "a": None}])
        event = emit.event(
            "note", "x", {"deep": [{"transcript": stored}], "not stored": "sha256:" + "0" * 64}
        )

    assert list(event.files.values()) == [stored]
    assert lived.view().records(stored) == [{"a": None, "b": 1}]
    assert lived.view().read(stored) == b'{"a":null,"b":1}\n'


def test_a_body_too_long_for_the_log_goes_into_a_file(lived):
    body = {"text": "x" * 50_000}
    with lived.emitter("tulip@1", "test") as emit:
        event = emit.event("note", "long", body)

    assert set(event.body) == {"$file"}
    assert lived.view().events(name="long")[0].body == body


@pytest.mark.parametrize("files", [{"../x": "sha256:" + "0" * 64}, {"x": "nothing"}])
def test_a_file_that_cannot_be_one_is_refused(lived, files):
    with (
        lived.emitter("tulip@1", "test") as emit,
        pytest.raises(UsageError, match="does not name a file"),
    ):
        emit.event("note", "x", {}, files=files)


def test_an_event_about_an_unknown_model_is_refused(lived):
    with (
        lived.emitter("nobody@1", "test") as emit,
        pytest.raises(UsageError, match="no model named 'nobody@1'"),
    ):
        emit.event("note", "x", {})


def test_a_unit_is_done_once(lived):
    done = []

    def work():
        done.append(1)
        return {"reply": "hello", "pair": (1, 2)}

    with lived.emitter("tulip@1", "test") as emit:
        first = emit.unit("generate", {"batch": 1}, work)
        again = emit.unit("generate", {"batch": 1}, work)
        emit.unit("generate", {"batch": 2}, work)

    assert first == again == {"reply": "hello", "pair": [1, 2]}
    assert len(done) == 2


def test_a_large_result_comes_back_from_its_file(lived):
    with lived.emitter("tulip@1", "test") as emit:
        stored = emit.file(b"transcript")
        results = [
            emit.unit("u", {}, lambda: {"text": "x" * 9000, "file": stored}) for _ in range(2)
        ]

    (event,) = lived.view().events(act="unit", name="test:u")
    assert results[0] == results[1] == {"text": "x" * 9000, "file": stored}
    assert stored in event.files.values()
    assert "result_file" in event.body


def test_a_unit_that_failed_is_done_again(lived):
    with lived.emitter("tulip@1", "test") as emit:
        with pytest.raises(ZeroDivisionError):
            emit.unit("u", {}, lambda: 1 / 0)
        assert emit.unit("u", {}, lambda: None) is None
        assert emit.unit("u", {}, lambda: 5) is None


def test_a_unit_in_hand_is_not_begun_a_second_time(lived):
    begun, end = threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert end.wait(5)
        return 1

    with lived.emitter("tulip@1", "test") as emit:
        thread = threading.Thread(target=lambda: emit.unit("u", {}, slow))
        thread.start()
        assert begun.wait(5)
        with pytest.raises(BusyError, match=f"process {os.getpid()} on .* is doing test, u"):
            emit.unit("u", {}, lambda: 2)
        end.set()
        thread.join()
        assert emit.unit("u", {}, lambda: 3) == 1


def test_the_listener_hears_of_progress_and_scratch_is_removed(lived):
    heard = []
    lived.listener = heard.append
    with lived.emitter("tulip@1", "test") as emit:
        emit.progress(1, 3, "steps")
        (emit.scratch / "x").touch()
        scratch = emit.scratch

    assert heard == [Progress(stage="test", model="tulip@1", done=1, total=3, what="steps")]
    assert not scratch.exists()


def test_a_child_is_registered_by_a_stage(lived, kit):
    with lived.emitter("tulip@1", "align/train") as emit:
        model = Model(
            name="grandchild", source="align/train", files={"w": emit.file(b"w")}, parent="child@1"
        )
        assert emit.register(model) == emit.register(model) == model
    assert lived.view().model("grandchild").parent == "child@1"
