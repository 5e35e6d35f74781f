"""A witness: what it signs, what it never signs, and that it forgets nothing, also when killed."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tenure.dossier.checkpoint import ED25519, Checkpoint, parse
from tenure.dossier.cosignature import Vkey, cosignatures
from tenure.dossier.keys import Keys
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.witness import Request, Witness, answer_file, parse_request
from tenure.errors import IntegrityError, RefusedError, UsageError

ORIGIN = "tenure/0123"
LEAVES = [leaf_hash(f"entry {n}".encode()) for n in range(40)]


@pytest.fixture
def log(tmp_path):
    return Keys(tmp_path / "log-keys").signer("operator")


@pytest.fixture
def witness(tmp_path, log):
    found = Witness.create(tmp_path / "witness", "witness.example/alice")
    found.trust(Vkey(ORIGIN, ED25519, log.public))
    return found


def asked(log, old, size, leaves=LEAVES, origin=ORIGIN):
    tree = Tree(leaves[:size])
    head = Checkpoint(origin, size, tree.root()).signed(log)
    return str(Request(old, tuple(tree.consistency(old)), head))


def test_it_signs_a_log_that_only_grew_and_keeps_the_newest(witness, log):
    for old, size in ((0, 3), (3, 3), (3, 20), (20, 40)):
        answer = witness.add_checkpoint(asked(log, old, size), now=1_700_000_000 + size)
        assert answer.status == 200
    head = parse(witness.newest(ORIGIN))

    assert (head.size, head.signed_by(log.public)) == (40, True)
    assert [c.time for c in cosignatures(head, [witness.key])] == [1_700_000_040]
    assert [(k.origin, k.size) for k in witness.logs()] == [(ORIGIN, 40)]


def test_a_smaller_or_another_tree_is_never_signed_and_the_proof_of_it_is_kept(witness, log):
    assert witness.add_checkpoint(asked(log, 0, 20)).status == 200
    forked = [*LEAVES[:5], leaf_hash(b"another past"), *LEAVES[6:]]

    smaller = witness.add_checkpoint(asked(log, 0, 10))
    assert (smaller.status, smaller.body, smaller.kind) == (409, "20\n", "text/x.tlog.size")
    assert witness.add_checkpoint(asked(log, 20, 30, forked)).status == 422
    assert witness.add_checkpoint(asked(log, 20, 20, forked)).status == 422
    assert [parse(note).size for _, _, note in witness.refused()] == [30, 20]
    assert all(parse(note).signed_by(log.public) for _, _, note in witness.refused())
    assert parse(witness.newest(ORIGIN)).size == 20


def test_what_is_not_the_logs_is_refused_before_anything_is_looked_at(witness, log, tmp_path):
    other = Keys(tmp_path / "other").signer("operator")
    good = asked(log, 0, 3)
    head = parse_request(good).checkpoint
    name, hashed, signature = head.signatures[0]
    broken = Checkpoint(ORIGIN, 3, head.root, ((name, hashed, signature[::-1]),))

    assert witness.add_checkpoint(asked(other, 0, 3)).status == 403
    assert witness.add_checkpoint(str(Request(0, (), broken))).status == 403
    assert witness.add_checkpoint(asked(log, 0, 3, origin="tenure/other")).status == 404
    assert witness.add_checkpoint(good.replace("old 0", "old 4")).status == 400
    assert witness.add_checkpoint(asked(log, 2, 3).replace("old 2", "old 0")).status == 422
    empty = Checkpoint(ORIGIN, 0, bytes(32)).signed(log)
    assert witness.add_checkpoint(str(Request(0, (), empty))).status == 422
    assert witness.newest(ORIGIN) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text.replace("old 0", "old 00"),
        lambda text: text.replace("old 0", "new 0"),
        lambda text: text.replace("old 0\n", "old 0\nAAAA\n"),
        lambda text: text.replace("old 0\n", "old 0\n" + "A" * 43 + "=\n" * 64),
        lambda text: text.replace("\n\n", "\n", 1),
    ],
)
def test_what_is_no_request_is_answered_with_400(witness, log, change):
    assert witness.add_checkpoint(change(asked(log, 0, 3))).status == 400
    with pytest.raises(IntegrityError, match="add-checkpoint"):
        parse_request(change(asked(log, 0, 3)))


def test_signatures_of_others_are_carried_by_nobody(witness, log, tmp_path):
    other = Keys(tmp_path / "other").signer("operator")
    request = parse_request(asked(log, 0, 3))
    more = Request(0, (), request.checkpoint.signed(other))

    assert witness.add_checkpoint(str(more)).status == 200
    names = [(name, hashed) for name, hashed, _ in parse(witness.newest(ORIGIN)).signatures]
    assert names == [request.checkpoint.signatures[0][:2], (witness.name, witness.key.id)]


def test_a_log_that_changed_its_key_is_known_by_both(witness, log, tmp_path):
    after = Keys(tmp_path / "after").signer("operator")
    assert witness.add_checkpoint(asked(log, 0, 3)).status == 200
    assert witness.add_checkpoint(asked(after, 3, 5)).status == 403

    witness.trust(Vkey(ORIGIN, ED25519, after.public))

    assert witness.add_checkpoint(asked(after, 3, 5)).status == 200
    witness.distrust(Vkey(ORIGIN, ED25519, log.public))
    assert witness.add_checkpoint(asked(log, 5, 6)).status == 403
    assert witness.add_checkpoint(asked(after, 5, 6)).status == 200
    with pytest.raises(UsageError, match="not trusted"):
        witness.distrust(Vkey(ORIGIN, ED25519, log.public))


def test_by_mail_it_says_what_to_do_next(witness, log):
    note = answer_file(witness, asked(log, 0, 7))

    assert len(cosignatures(parse(note), [witness.key])) == 1
    with pytest.raises(UsageError, match="--since 7"):
        answer_file(witness, asked(log, 0, 9))
    with pytest.raises(RefusedError, match="422"):
        answer_file(witness, asked(log, 7, 9, LEAVES[1:]))


def test_a_witness_is_made_once_outside_every_dossier_with_a_name_that_will_do(tmp_path, dossier):
    dossier.view()
    with pytest.raises(UsageError, match="inside a dossier"):
        Witness.create(dossier.root / "witness", "w.example")
    for name in ("", "two words", "a+b"):
        with pytest.raises(UsageError, match="no key name"):
            Witness.create(tmp_path / "w", name)
    Witness.create(tmp_path / "w", "w.example")
    with pytest.raises(UsageError, match="already"):
        Witness.create(tmp_path / "w", "w.example")
    with pytest.raises(UsageError, match="no witness in"):
        Witness(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="a witness's key"):
        Witness(tmp_path / "w").trust(Witness(tmp_path / "w").key)


@pytest.mark.slow
def test_of_many_requests_at_once_none_takes_the_log_back(witness, log):
    assert witness.add_checkpoint(asked(log, 0, 1)).status == 200
    requests = [asked(log, old, size) for old in range(1, 12) for size in range(old + 1, 14)]
    answers = []

    def work(part):
        answers.extend(witness.add_checkpoint(each).status for each in part)

    threads = [threading.Thread(target=work, args=(requests[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(answers) <= {200, 409}
    sizes = [k.size for k in witness.logs()]
    assert sizes == [parse(witness.newest(ORIGIN)).size]
    assert answers.count(200) >= 1


ANSWERING = """
import sys
from tenure.dossier.witness import Witness
witness = Witness(sys.argv[1])
for text in sys.stdin.read().split("\\0"):
    answer = witness.add_checkpoint(text)
    if answer.status == 200:
        print(text.split("\\n\\n")[1].split("\\n")[1], flush=True)
"""


@pytest.mark.slow
def test_what_it_answered_it_remembers_after_a_kill(witness, log):
    requests = "\0".join(asked(log, n, n + 1) for n in range(39))
    for number in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", ANSWERING, str(witness.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        process.stdin.write(requests)
        process.stdin.close()
        first = process.stdout.readline()
        time.sleep(0.001 * number)
        os.kill(process.pid, signal.SIGKILL)
        answered = [int(line) for line in (first + process.stdout.read()).split()]
        process.wait()
        process.stdout.close()
        (size,) = [k.size for k in witness.logs()]
        assert answered == sorted(answered)
        assert size >= max(answered, default=0), "durable before it is answered"
        assert parse(witness.newest(ORIGIN)).root == Tree(LEAVES[:size]).root()
        if size == 39:
            break
        requests = "\0".join(asked(log, n, n + 1) for n in range(size, 39))
