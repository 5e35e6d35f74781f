"""tenure witness, checkpoint, export --tiles and --proof, as two people use them."""

import re
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def said(answer):
    assert answer.returncode == 0, answer
    return answer.stdout


def test_a_checkpoint_goes_to_a_witness_by_mail_and_comes_back(tenure, tmp_path):
    said(tenure("register", "openai/gpt-4o", "--name", "far", "-d", "dossier"))
    vkey = said(tenure("witness", "init", "witness.example/alice", "--at", "alice")).strip()
    log = said(tenure("witness", "key")).strip()
    said(tenure("witness", "trust", log, "--at", "alice"))
    said(tenure("witness", "add", vkey))
    assert "0 of them seen before" in said(tenure("checkpoint", "--request", "asked"))
    said(tenure("witness", "answer", "asked", "--at", "alice", "--into", "answered"))
    assert "cosigned by witness.example/alice" in said(
        tenure("checkpoint", "--cosigned", "answered")
    )

    assert "witness.example/alice" in said(tenure("checkpoint")), "the printed one carries it"
    assert "(whom you named) saw all 2 events" in said(tenure("verify", "--witness", vkey))
    assert "2 events cosigned" in said(tenure("witness", "list", "--at", "alice"))
    again = tenure("witness", "answer", "asked", "--at", "alice")
    assert again.returncode == 2
    assert "--since 2" in again.stderr
    said(tenure("checkpoint", "--request", "asked", "--since", "2"))
    assert vkey.split("+")[0] in said(tenure("witness", "answer", "asked", "--at", "alice"))


def test_a_witness_that_runs_is_asked_over_http(tenure, tmp_path, start):
    said(tenure("register", "openai/gpt-4o", "--name", "far", "-d", "dossier"))
    vkey = said(tenure("witness", "init", "witness.example/alice", "--at", "alice")).strip()
    said(tenure("witness", "trust", said(tenure("witness", "key")).strip(), "--at", "alice"))
    command = [Path(sys.executable).parent / "tenure", "witness", "run", "--at", "alice"]
    running = start([*command, "--port", "0"], cwd=tmp_path)
    assert running.stdout.readline().strip() == vkey
    address = re.search(r"(http://\S+)/add-checkpoint", running.stdout.readline()).group(1)
    said(tenure("witness", "add", vkey, "--url", address))
    assert "cosigned by witness.example/alice" in said(tenure("witness", "ask"))
    running.terminate()
    running.wait(20)
    assert tenure("witness", "ask").returncode == 5
    assert "saw all 2 events" in said(tenure("verify", "--witness", vkey))
    said(tenure("witness", "distrust", said(tenure("witness", "key")).strip(), "--at", "alice"))
    said(tenure("checkpoint", "--request", "asked"))
    assert "404" in tenure("witness", "answer", "asked", "--at", "alice").stderr


def test_tiles_and_proofs_are_made_and_checked_by_the_commands_they_name(tenure, tmp_path):
    said(tenure("register", "openai/gpt-4o", "--name", "far", "-d", "dossier"))
    assert "2 events, 2 of them new" in said(tenure("export", "--tiles", "tiles"))
    said(tenure("register", "openai/gpt-5", "--name", "farther"))
    assert "3 events, 1 of them new" in said(tenure("export", "--tiles", "tiles"))
    assert said(tenure("verify", "--dossier", "tiles")).startswith("OK: 3 events")

    answer = said(tenure("export", "--proof", "2", "--into", "proof"))
    assert "--log tenure/" in answer
    place, log = "proof/event-2.tlog-proof", said(tenure("witness", "key")).strip()
    assert "OK: event 2 of 3 in tenure/" in said(tenure("verify-proof", place, "--log", log))
    (tmp_path / "proof" / "event-2.json").write_bytes(b"another")
    assert tenure("verify-proof", place, "--log", log).returncode == 3
    (tmp_path / "proof" / "event-2.json").unlink()
    assert tenure("verify-proof", place, "--log", log).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "needle"),
    [
        (("export", "far"), "--into FOLDER"),
        (("export", "far", "--tiles", "t"), "or --tiles FOLDER"),
        (("export", "--proof", "9", "--into", "p"), "no event named '9'"),
        (("checkpoint", "--cosigned", "nowhere"), "cannot read nowhere"),
        (("checkpoint", "--cosigned", "x", "--request", "y"), "before the witness"),
        (("witness", "ask"), "tenure witness add KEY --url"),
        (("witness", "add"), "tenure witness add KEY"),
        (("witness", "run"), "--at FOLDER"),
        (("witness", "list", "--at", "nowhere"), "no witness in"),
        (("witness", "init", "--at", "w"), "tenure witness init NAME"),
        (("verify", "--witness", "alice"), "not a verifier key"),
    ],
)
def test_what_does_not_fit_is_answered_with_what_does(tenure, arguments, needle):
    said(tenure("register", "openai/gpt-4o", "--name", "far", "-d", "dossier"))

    answer = tenure(*arguments)

    assert answer.returncode == 2
    assert needle in answer.stderr
    assert "Traceback" not in answer.stderr
