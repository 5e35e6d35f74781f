"""Cosignatures of one dossier: asked for, kept, shown, proven offline; over HTTP and by mail."""

import socket
import subprocess
import sys
import threading
import time

import pytest

from tenure.dossier import Model, cosigned, verifier
from tenure.dossier.checkpoint import ED25519, Checkpoint, parse
from tenure.dossier.cosignature import Vkey
from tenure.dossier.export import export
from tenure.dossier.keyring import admit
from tenure.dossier.keys import Keys
from tenure.dossier.opening import open_view
from tenure.dossier.tlog_policy import parse_policy, policy_of
from tenure.dossier.tlog_proof import check_proof, export_proof, proof
from tenure.dossier.verify import verify
from tenure.dossier.witness import Witness, answer_file
from tenure.dossier.witness_http import Service, ask, operators, request_for
from tenure.errors import EngineError, IntegrityError, RefusedError, UsageError


@pytest.fixture
def alice(tmp_path, lived):
    witness = Witness.create(tmp_path / "alice", "witness.example/alice")
    for key in cosigned.log_keys(lived.view()):
        witness.trust(key)
    return witness


def by_mail(root, witness, since=0):
    view = open_view(root)
    note = answer_file(witness, str(request_for(view, since)))
    return cosigned.keep(view, note, [witness.key])


def alone(root, *witnesses):
    found = verifier.Check()
    found.witnesses = {verifier._vkey(str(key)): [] for key in witnesses}
    found.run(root, None, None, files=True)
    return found.problems, list(found.witnesses.values())


@pytest.mark.slow
def test_a_cosignature_is_kept_shown_and_outlives_the_next_event(lived, alice):
    by_mail(lived.root, alice)
    (found,) = by_mail(lived.root, alice, since=lived.size())
    size = lived.size()
    kept = parse((lived.root / "cosigned" / alice.key.id.hex()).read_text())
    assert len(kept.signatures) == 2, "asked twice, it is still one line of the log and one of hers"
    lived.register(Model(name="later", source="x", kind="scripted"))

    report = verify(lived.root, witnesses=[str(alice.key)])
    assert report.ok
    (seen,) = report.witnessed
    assert (seen.cosignature, seen.size, seen.trusted) == (found, size, True)
    line = f"witness witness.example/alice (whom you named) saw the first {size} of {size + 1}"
    assert any(line in each and found.date in each for each in report.lines())
    assert alone(lived.root, alice.key) == ([], [[(size, found.time)]])


@pytest.mark.slow
def test_a_witness_only_the_dossier_names_is_shown_as_such(lived, alice):
    cosigned.declare(lived.root, alice.key, "http://127.0.0.1:1")
    by_mail(lived.root, alice)

    report = verify(lived.root)
    assert report.ok
    assert "whom only the dossier names" in report.lines()[-1]
    assert cosigned.declared(lived.root).urls == {alice.name: "http://127.0.0.1:1"}
    with pytest.raises(UsageError, match="already"):
        cosigned.declare(lived.root, alice.key, None)


@pytest.mark.slow
def test_what_the_reader_asks_for_must_be_there(lived, alice, tmp_path):
    bob = Witness.create(tmp_path / "bob", "witness.example/bob")
    by_mail(lived.root, alice)
    both = [str(alice.key), str(bob.key)]
    policy = tmp_path / "policy"
    log = cosigned.log_keys(lived.view())[0]
    lines = [f"log {log}", f"witness a {alice.key}", f"witness b {bob.key}"]

    assert any("all of" in str(p) for p in verify(lived.root, witnesses=both).problems)
    assert alone(lived.root, alice.key, bob.key)[0] == [
        "witness witness.example/bob: has cosigned no checkpoint of this log"
    ]
    policy.write_text("\n".join([*lines, "group g any a b", "quorum g", ""]))
    assert verify(lived.root, witnesses=[str(policy)]).ok
    policy.write_text("\n".join([*lines, "group g all a b", "quorum g", ""]))
    assert not verify(lived.root, witnesses=[str(policy)]).ok
    other = Vkey("tenure/other", ED25519, log.public)
    policy.write_text("\n".join([f"log {other}", lines[1], "quorum a", ""]))
    assert not verify(lived.root, witnesses=[str(policy)]).ok, "a log the policy does not list"
    for wrong in (["nonsense"], [str(log)], [str(policy), str(alice.key)]):
        with pytest.raises(UsageError):
            verify(lived.root, witnesses=wrong)


@pytest.mark.slow
def test_a_cosignature_that_was_changed_is_named(lived, alice):
    by_mail(lived.root, alice)
    place = lived.root / "cosigned" / alice.key.id.hex()
    note = place.read_text()
    head = parse(note)
    name, hashed, data = head.signatures[-1]
    moved = Checkpoint(head.origin, head.size, head.root, (*head.signatures[:-1], (name, hashed, data[:7] + b"\0" + data[8:])))  # fmt: skip
    place.write_text(moved.note)

    found = verify(lived.root, witnesses=[str(alice.key)]).problems
    assert any("does not fit" in str(p) for p in found)
    assert any("does not fit" in p for p in alone(lived.root, alice.key)[0])
    place.write_bytes(b"\xff")
    assert not verify(lived.root).ok
    assert alone(lived.root)[0]


@pytest.mark.slow
def test_only_what_a_known_witness_signed_of_this_very_log_is_kept(lived, alice, tmp_path, dossier):
    view = open_view(lived.root)
    bob = Witness.create(tmp_path / "bob", "witness.example/bob")
    note = answer_file(alice, str(request_for(view, 0)))
    with pytest.raises(UsageError, match="names no witness"):
        cosigned.keep(view, note, [])
    with pytest.raises(UsageError, match="cosigned that"):
        cosigned.keep(view, note, [bob.key])
    with pytest.raises(RefusedError, match="no continuation"):
        cosigned.keep(view, note.replace(f"\n{lived.size()}\n", "\n999\n"), [alice.key])
    with pytest.raises(RefusedError, match="that is a checkpoint of"):
        cosigned.keep(view, note.replace("tenure/", "other/"), [alice.key])
    with pytest.raises(IntegrityError):
        cosigned.keep(view, "nonsense", [alice.key])
    lines = "".join(f"{line}\n" for line in note.split("\n") if "alice" in line)
    assert cosigned.keep(view, lines, [alice.key])[0].witness == alice.key, (
        "the lines alone will do"
    )
    assert not list((lived.root / "cosigned").glob(".new*"))


@pytest.mark.slow
def test_a_checkpoint_a_reviewer_brought_about_is_signed_by_the_operator_too(
    lived, alice, tmp_path
):
    reviewer = Keys(lived.writer.keys.folder).signer("reviewer")
    admit(lived.writer, "reviewer", reviewer.public)
    from tenure.dossier.keyring import replace_actor
    from tenure.dossier.writer import Draft

    replace_actor(lived.writer, "reviewer").append(Draft(act="note", name="x", model="", body={}))
    view = open_view(lived.root)
    head = operators(view, lived.writer.keys)

    with pytest.raises(UsageError, match="no key of the role"):
        operators(view, Keys(tmp_path / "nothing"))
    with pytest.raises(RefusedError, match="403"):
        answer_file(alice, str(request_for(view, 0)))
    note = answer_file(alice, str(request_for(view, 0, head)))
    assert cosigned.keep(view, note, [alice.key])
    assert operators(open_view(lived.root), lived.writer.keys).signed_by(reviewer.public)


@pytest.mark.slow
def test_an_export_and_a_proof_carry_the_cosignature(lived, alice, tmp_path):
    by_mail(lived.root, alice)
    view = open_view(lived.root)
    export(view, ["tulip"], tmp_path / "export")
    assert verify(tmp_path / "export", witnesses=[str(alice.key)]).ok
    assert alone(tmp_path / "export", alice.key)[0] == []
    lived.register(Model(name="later", source="x", kind="scripted"))
    later, log = open_view(lived.root), cosigned.log_keys(lived.view())[0]
    export(later, ["tulip"], tmp_path / "as it was seen")
    assert verify(tmp_path / "as it was seen", witnesses=[str(alice.key)]).ok
    export(later, ["later"], tmp_path / "newer")
    assert verify(tmp_path / "newer").ok
    assert not verify(tmp_path / "newer", witnesses=[str(alice.key)]).ok
    covered, uncovered = proof(later, 4), proof(later, lived.size() - 1)

    entry = dict(later.source.entries())[4]
    proven = check_proof(covered, entry, log, policy_of([alice.key]))
    assert (proven.event.index, proven.cosignatures[0].witness) == (4, alice.key)
    last = dict(later.source.entries())[lived.size() - 1]
    with pytest.raises(IntegrityError, match="not cosigned by"):
        check_proof(uncovered, last, log, policy_of([alice.key]))
    assert check_proof(uncovered, last, log, policy_of([])).cosignatures == ()


@pytest.mark.slow
def test_a_proof_is_checked_by_both_and_no_other_event_goes_with_it(lived, alice, tmp_path):
    by_mail(lived.root, alice)
    view, log = open_view(lived.root), cosigned.log_keys(lived.view())[0]
    entry, place, script = export_proof(view, 6, tmp_path / "proof")
    command = [sys.executable, script, place, "--log", str(log), "--witness", str(alice.key)]

    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found
    assert "witness witness.example/alice saw the first" in found.stdout
    other = dict(view.source.entries())[5]
    with pytest.raises(IntegrityError, match="does not lead"):
        check_proof(place.read_text(), other, log, policy_of([]))
    stranger = Vkey(log.name, ED25519, bytes(32))
    with pytest.raises(IntegrityError, match="not signed by its key"):
        check_proof(place.read_text(), entry.read_bytes(), stranger, policy_of([]))
    entry.write_bytes(other)
    for change in ([], ["--log", str(stranger)]):
        found = subprocess.run([*command, *change], capture_output=True, text=True, check=False)
        assert (found.returncode, "NOT OK" in found.stdout) == (1, True)
    with pytest.raises(UsageError, match="already"):
        export_proof(view, 6, tmp_path / "proof")


@pytest.fixture
def served(alice):
    """The witness as a real HTTP service."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(Service(alice), port=port, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.slow
def test_a_witness_over_http_signs_answers_and_refuses_as_the_specification_says(
    lived, alice, served, tmp_path
):
    import hashlib

    import httpx

    view = open_view(lived.root)
    log = cosigned.log_keys(view)[0]
    place = f"{served}/{hashlib.sha256(log.name.encode()).hexdigest()}/checkpoint"
    assert httpx.get(place).status_code == 404
    (found,) = ask(view, served, alice.key)
    assert httpx.get(place).text == (lived.root / "cosigned" / alice.key.id.hex()).read_text()
    assert httpx.get(place).headers["content-type"].startswith("text/plain")

    lived.register(Model(name="later", source="x", kind="scripted"))
    (lived.root / "cosigned" / alice.key.id.hex()).unlink()  # it says by itself where it stands
    (later,) = ask(open_view(lived.root), served, alice.key)
    assert later.time >= found.time
    conflict = httpx.post(f"{served}/add-checkpoint", content=str(request_for(view, 0)))
    assert (conflict.status_code, conflict.text) == (409, f"{lived.size()}\n")
    assert conflict.headers["content-type"] == "text/x.tlog.size"
    with pytest.raises(UsageError, match="its tail was cut"):
        ask(view, served, alice.key)
    for content in (b"\xff", b"x" * 300_000, b""):
        assert httpx.post(f"{served}/add-checkpoint", content=content).status_code == 400
    assert httpx.get(f"{served}/add-checkpoint").status_code == 405
    assert httpx.get(f"{served}/etc/passwd").status_code == 404
    with pytest.raises(EngineError, match="cannot be reached"):
        ask(open_view(lived.root), "http://127.0.0.1:9", alice.key)
    with pytest.raises(RefusedError, match="404"):
        ask(open_view(lived.root), served + "/elsewhere", alice.key)


@pytest.mark.slow
def test_what_a_hostile_folder_names_as_witnesses_is_a_problem_and_no_crash(lived):
    for content in (b"hello\n", b"\xff\x00", b"quorum w\n"):
        (lived.root / "witnesses").write_bytes(content)
        assert [p.where for p in verify(lived.root).problems] == ["witnesses"]
    (lived.root / "witnesses").unlink()
    (lived.root / "cosigned" / "00000000").mkdir(parents=True)
    assert verify(lived.root).ok
    with pytest.raises(UsageError, match="not a verifier key"):
        verify(lived.root, witnesses=["x" * 5000])


def test_a_policy_without_a_quorum_of_witnesses_asks_for_nothing(lived):
    assert parse_policy(b"quorum none\n").met(set())
    assert verify(lived.root).ok
