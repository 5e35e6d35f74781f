"""SIGKILL at any moment of a commit, a copy or a repair: nothing lost, and the same command goes on."""

import itertools
import shutil
from dataclasses import replace
from functools import partial

import pytest
from forked import run_killed
from ocfl import StorageRoot

from tenure import models
from tenure.dossier import Dossier
from tenure.models import tiny
from tenure.preserve import copies, fixity, keep, vault
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow

ID = "urn:tenure:model:tulip@1"
FIRST = {"original/weights": bytes(range(256)) * 9, "model.json": b"{}\n"}
SECOND = {"report/page.html": b"<p>farewell</p>", "model.json": b"{1}\n"}


def addition(files, message):
    return vault.Addition(files=files, message=message, created="2026-11-21T00:00:00Z")


def commit(folder, files, message):
    return vault.commit(LocalStore(str(folder)), ID, addition(files, message))


def is_whole(folder, expected, tmp):
    store = LocalStore(str(folder))
    inventory, _ = vault.read(store, ID)
    shutil.rmtree(tmp, ignore_errors=True)
    vault.restore(store, inventory, tmp)
    found = {p.relative_to(tmp).as_posix(): p.read_bytes() for p in tmp.rglob("*") if p.is_file()}
    assert found == expected


def is_valid(folder):
    storage = StorageRoot(root=str(folder))
    assert storage.validate(log_warnings=False), storage.log.status_str()
    assert storage.num_objects == storage.good_objects == 1, storage.errors
    assert fixity.check(LocalStore(str(folder)), fixity.plan([LocalStore(str(folder))], ID)).well


def moments(every):
    return itertools.count(1, every)


@pytest.mark.parametrize("every", [19, pytest.param(1, marks=pytest.mark.life)])
def test_a_first_commit_killed_anywhere_goes_on(quick, every):
    for number in moments(every):
        folder = quick / f"v{number}"
        killed = run_killed(partial(commit, folder, FIRST, "one"), touch=number)
        visible = vault.read(LocalStore(str(folder)), ID)
        if visible is not None:  # never half a version
            is_whole(folder, FIRST, quick / "back")

        assert commit(folder, FIRST, "one").head == "v1"

        is_whole(folder, FIRST, quick / "back")
        is_valid(folder)
        if not killed:
            assert number > 20
            return


@pytest.mark.parametrize("every", [19, pytest.param(1, marks=pytest.mark.life)])
def test_a_second_commit_killed_anywhere_keeps_the_first_and_goes_on(quick, every):
    commit(quick / "before", FIRST, "one")
    for number in moments(every):
        folder = quick / f"v{number}"
        shutil.copytree(quick / "before", folder)
        killed = run_killed(partial(commit, folder, SECOND, "two"), touch=number)
        head = vault.read(LocalStore(str(folder)), ID)[0].head
        is_whole(folder, FIRST if head == "v1" else {**FIRST, **SECOND}, quick / "back")

        # What goes on may bring another content for what was not committed.
        third = {**SECOND, "report/page.html": b"<p>other words</p>"} if head == "v1" else SECOND
        assert commit(folder, third, "two").head == "v2"

        is_whole(folder, {**FIRST, **third}, quick / "back")
        is_valid(folder)
        if not killed:
            return


@pytest.mark.parametrize("every", [37, pytest.param(1, marks=pytest.mark.life)])
@pytest.mark.parametrize("case", ["behind", "damaged", "new"])
def test_a_copy_or_a_repair_killed_anywhere_goes_on(quick, every, case):
    first = LocalStore(str(quick / "vault"))
    commit(first.root, FIRST, "one")
    if case != "new":
        shutil.copytree(first.root, quick / "before")
    commit(first.root, SECOND, "two")
    wanted = fixity.plan([first], ID)
    if case == "damaged":
        shutil.rmtree(quick / "before")
        shutil.copytree(first.root, quick / "before")
        for path in (quick / "before").rglob("*"):
            if path.is_file() and "extensions" not in path.parts:
                path.chmod(0o644)
                path.write_bytes(path.read_bytes()[:-1] + b"?")
    for number in moments(every):
        folder = quick / f"v{number}"
        if case != "new":
            shutil.copytree(quick / "before", folder)
        second = LocalStore(str(folder))
        killed = run_killed(partial(copies.bring, second, [first], wanted), touch=number)

        outcome = copies.bring(second, [first], fixity.plan([second, first], ID, wanted.signed))

        assert outcome.after.well
        is_whole(folder, {**FIRST, **SECOND}, quick / "back")
        is_valid(folder)
        if not killed:
            return


@pytest.mark.parametrize("every", [pytest.param(31, marks=pytest.mark.life)])
def test_a_keeping_killed_anywhere_gives_the_same_evidence_by_the_same_command(quick, every):
    def begin(folder):
        with Dossier.open(folder) as dossier:
            models.register(dossier, str(quick / "tulip"))

    def work(folder):
        with Dossier.open(folder) as dossier:
            return dossier.run(keep.stage, "tulip@1", {"golden": "G0"})

    tiny.make(quick / "tulip")
    begin(quick / "calm")
    calm = work(quick / "calm")
    for number in moments(every):
        folder = quick / f"d{number}"
        begin(folder)
        killed = run_killed(partial(work, folder), touch=number)

        evidence = work(folder)

        assert replace(evidence, runtime={}) == replace(calm, runtime={})
        is_valid(folder / "vault")
        is_valid(folder / "vault-copy")
        shutil.rmtree(folder)
        if not killed:
            assert number > 300
            return
