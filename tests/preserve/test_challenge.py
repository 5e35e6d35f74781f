"""A copy elsewhere proves that it read its bytes; what it cannot prove is said."""

import re
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from tenure.errors import IntegrityError, UsageError
from tenure.preserve import challenge, places, scrub

pytestmark = pytest.mark.slow


def asked(dossier, at):
    view = dossier.view()
    with dossier.emitter("tulip@1", challenge.ASKED) as emit:
        return challenge.ask(view, view.model("tulip@1"), at, emit)


def places_of(dossier):
    view = dossier.view()
    return places.require(view, view.model("tulip@1")).opened(view.root)


def compared(dossier, text):
    return challenge.compare(dossier.view(), text, dossier.emitter)


def by_reader(copy, text):
    nonce, held = re.match(r"tenure/challenge/1 (\S+) (\S+)", text).groups()
    program = [sys.executable, "-S", "-I", str(copy.store.root / "read_vault.py")]
    done = subprocess.run(
        [*program, "answer", nonce, held], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("which", [0, 1])
def test_an_honest_answer_holds_by_either_program_and_counts_as_a_reading(kept, which):
    copy = places_of(kept)[which]
    text = asked(kept, copy.at)
    answer = challenge.answer(copy.store, text)

    verdict = compared(kept, by_reader(copy, text))

    assert by_reader(copy, text) == answer
    assert verdict.well
    assert verdict.agree > 10
    assert all("/parity/" in path for path in verdict.not_compared)
    event = kept.view().events(act="note", name=challenge.ANSWERED)[0]
    assert event.body["outcome"] == "pass"
    assert scrub.verified(kept.view(), kept.view().model("tulip@1"))[copy.at] == event.time


def test_an_answer_is_good_once_and_only_to_what_was_asked_here(kept):
    copy = places_of(kept)[1]
    answer = challenge.answer(copy.store, asked(kept, copy.at))
    compared(kept, answer)

    with pytest.raises(UsageError, match="good once"):
        compared(kept, answer)
    with pytest.raises(UsageError, match="not made here"):
        compared(kept, answer.replace(answer.split()[1], "ab" * 32))
    for rubbish in ("", "hello", answer + "\nmore", answer.replace("  v1", " v1")):
        with pytest.raises(UsageError, match="no answer"):
            compared(kept, rubbish)
    with pytest.raises(UsageError, match="no challenge"):
        challenge.answer(copy.store, "tenure/challenge/1 abc")


@pytest.mark.parametrize("days", [31, -1])
def test_a_stale_challenge_and_one_from_the_future_are_refused(kept, monkeypatch, days):
    copy = places_of(kept)[1]
    answer = challenge.answer(copy.store, asked(kept, copy.at))

    class Other(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) + timedelta(days=days)

    monkeypatch.setattr(challenge, "datetime", Other)
    with pytest.raises(UsageError, match="good for 30 days"):
        compared(kept, answer)


def test_what_differs_or_is_left_out_is_named_and_a_lost_file_gives_no_answer(kept):
    copy = places_of(kept)[1]
    text = asked(kept, copy.at)
    path = next(p for p in copy.store.root.rglob("RESTORE.txt"))
    right = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(right[:-1] + b"?")
    lines = challenge.answer(copy.store, text).splitlines()
    gone = next(line for line in lines if "LICENCE" in line)
    lines.remove(gone)

    verdict = compared(kept, "\n".join(lines))

    assert not verdict.well
    assert verdict.differ == ("v1/content/RESTORE.txt",)
    assert verdict.left_out == ("v1/content/LICENCE.txt",)
    body = kept.view().events(act="note", name=challenge.ANSWERED)[0].body
    assert body["outcome"] == "fail"
    path.unlink()
    with pytest.raises(IntegrityError, match="has lost"):
        challenge.answer(copy.store, text)


def test_damage_in_our_own_copy_accuses_nobody(kept):
    ours, theirs = places_of(kept)
    text = asked(kept, theirs.at)
    path = next(p for p in ours.store.root.rglob("RESTORE.txt"))
    path.chmod(0o644)
    path.write_bytes(b"rubbish")

    verdict = compared(kept, challenge.answer(theirs.store, text))

    assert not verdict.differ
    assert "v1/content/RESTORE.txt" in verdict.not_compared
    body = kept.view().events(act="note", name=challenge.ANSWERED)[0].body
    assert body["outcome"] == "in part"


def test_a_copy_that_does_not_exist_is_not_asked(kept):
    with pytest.raises(UsageError, match="no copy named"):
        asked(kept, "elsewhere")
