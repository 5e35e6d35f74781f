"""Appending: one order, one checkpoint for each group, any number of writers; folds are rebuilt."""

import multiprocessing

import pytest

from tenure.dossier import Dossier
from tenure.dossier.checkpoint import parse
from tenure.dossier.log import Log
from tenure.dossier.source import Wanted
from tenure.dossier.tables import FOLDS
from tenure.dossier.verify import verify
from tenure.dossier.writer import Draft
from tenure.errors import IntegrityError, UsageError

FORK = multiprocessing.get_context("fork")


def draft(text, model=""):
    return Draft(act="note", name="test", model=model, body={"text": text})


def append(root, keys, writer, count):
    with Dossier.open(root, keys=keys) as dossier:
        for number in range(count):
            dossier.append_many([draft(f"{writer} {number} {part}") for part in "abc"])


def test_a_group_is_appended_whole_with_one_checkpoint(dossier):
    events = dossier.append_many([draft("a"), draft("b")])

    assert [e.index for e in events] == [1, 2]
    assert parse(dossier.checkpoint()).size == dossier.size() == 3
    assert (dossier.root / "checkpoint").read_text() == dossier.checkpoint()


def test_a_group_with_one_bad_event_is_not_appended_at_all(dossier):
    dossier.append_many([draft("a")])

    with pytest.raises(UsageError, match="no model named 'nobody@1'"):
        dossier.append_many([draft("b"), draft("c", model="nobody@1")])

    assert dossier.size() == 2
    assert verify(dossier.root).ok


def test_processes_append_at_once_and_each_group_stays_together(tmp_path):
    root, keys = tmp_path / "d", tmp_path / "k"
    workers = [FORK.Process(target=append, args=(root, keys, w, 8)) for w in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [w.exitcode for w in workers] == [0, 0, 0]
    with Dossier.open(root, keys=keys) as dossier:
        texts = [e.body["text"] for e in dossier.view().events(act="note")]
    assert len(texts) == len(set(texts)) == 72
    assert all(texts[i][:-1] == texts[i + 1][:-1] == texts[i + 2][:-1] for i in range(0, 72, 3))
    assert verify(root).ok
    assert len(list(keys.glob("*.pem"))) == 1


def come_and_go(url, gate, times):
    gate.wait()
    for _ in range(times):
        Log(url).engine.dispose()


@pytest.mark.slow
def test_processes_that_come_and_go_at_once_find_no_log_locked(tmp_path):
    for number in range(8):
        gate = FORK.Barrier(6)
        told = (f"sqlite:///{tmp_path}/{number}.db", gate, 15)
        workers = [FORK.Process(target=come_and_go, args=told) for _ in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert [w.exitcode for w in workers] == [0] * 6


def everything(dossier):
    view = dossier.view()
    return {
        "models": view.models(),
        "states": [view.state(m.id) for m in view.models()],
        "events": view.events(),
        "evidence": view.all_evidence("tulip@1"),
        "units": dossier.log.find(Wanted(act="unit")),
    }


def test_every_table_but_the_truth_is_dropped_and_rebuilt(lived, kit):
    before = everything(lived)
    with lived.log.writing() as tx:
        for table in FOLDS:
            table.drop(tx.connection)
    assert "names index is not there" in " ".join(verify(lived.root).notes)

    assert lived.rebuild() == lived.size()

    assert everything(lived) == before
    lived.run(kit.stage(kit.counting), "tulip", {"n": 3})
    assert lived.size() == len(before["events"]), "the finished stage is still known"
    lived.append_many([draft("the tree goes on")])
    assert verify(lived.root).ok


def test_appending_reads_nothing_of_the_chain(dossier, kit):
    dossier.append_many([draft(str(n)) for n in range(50)])
    kit.change(dossier.root, "UPDATE log SET envelope = x'00' WHERE idx = 20")

    dossier.append_many([draft("more")])

    assert dossier.size() == 52
    assert [p.where for p in verify(dossier.root).problems][:1] == ["event 20"]


def test_nothing_is_appended_to_a_log_that_is_not_what_its_checkpoint_says(dossier, kit):
    dossier.append_many([draft(str(n)) for n in range(5)])
    kit.change(dossier.root, "UPDATE frontier SET hash = zeroblob(32) WHERE position = 0")
    assert [p.where for p in verify(dossier.root).problems] == ["names index"]
    with pytest.raises(IntegrityError, match="tenure rebuild"):
        dossier.append_many([draft("more")])

    dossier.rebuild()
    dossier.append_many([draft("more")])
    assert verify(dossier.root).ok

    kit.change(dossier.root, "DELETE FROM log WHERE idx > 4")
    with pytest.raises(IntegrityError):
        dossier.append_many([draft("over the cut")])


def test_a_place_that_is_none_says_so(tmp_path):
    with pytest.raises(UsageError, match="begin one with `tenure register`"):
        Dossier.open(tmp_path / "none", keys=tmp_path / "k", create=False)
    with pytest.raises(UsageError, match=r"expected postgresql\+psycopg"):
        Dossier.open(tmp_path / "d", keys=tmp_path / "k", log="nonsense")


def test_an_export_is_not_written_to(tmp_path):
    (tmp_path / "events.jsonl").write_text("")
    with pytest.raises(UsageError, match="is an export"):
        Dossier.open(tmp_path, keys=tmp_path.parent / "k")
    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl"]
