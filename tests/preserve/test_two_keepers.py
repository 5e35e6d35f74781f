"""Several dossiers keep one model in one vault: what one has signed, no other undoes."""

import os
import shutil
import traceback

import pytest
from ocfl import StorageRoot

from tenure import models
from tenure.dossier import Dossier
from tenure.errors import BusyError, IntegrityError, TenureError
from tenure.models import tiny
from tenure.preserve import check, copies, fixity, keep, ocfl, revive, scrub, vault
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow

URN = "urn:tenure:model:tulip@1"
AT = ocfl.object_path(URN)
COPIES = ("vault", "copy")


def opened(quick, number):
    return Dossier.open(quick / f"dossier-{number}")


def kept_by(quick, number, name="tulip", **more):
    """Keep a model from one of the dossiers; the copies are the same for all of them."""
    spec = {"golden": "G0", "vault": str(quick / "vault"), "second": str(quick / "copy"), **more}
    with opened(quick, number) as dossier:
        models.register(dossier, str(quick / name))
        return dossier.run(keep.stage, f"{name}@1", spec)


def checked_by(quick, number, **spec):
    with opened(quick, number) as dossier:
        return dossier.run(check.stage, "tulip@1", spec).findings


def set_aside(quick):
    return [p for copy in COPIES for p in (quick / copy).glob("extensions/tenure-set-aside/*")]


def valid(folder, count):
    storage = StorageRoot(root=str(folder))
    assert storage.validate(log_warnings=False), storage.log.status_str()
    return storage.good_objects == count


def in_a_fork(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        except TenureError:
            os._exit(9)
        except BaseException:  # noqa: BLE001 - the parent looks at the status, a reader at the trace
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("names", [("tulip", "rose", "aster"), ("tulip", "tulip", "tulip")])
def test_writers_at_once_leave_a_valid_vault_with_all_that_was_acknowledged(quick, names):
    tiny.make(quick / "tulip")
    for name in set(names) - {"tulip"}:
        shutil.copytree(quick / "tulip", quick / name)

    running = [
        in_a_fork(lambda n=n, name=name: kept_by(quick, n, name)) for n, name in enumerate(names)
    ]
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in running]

    assert set(ends) <= {0, 9}, "another error than ours"
    assert 0 in ends
    if len(set(names)) == len(names):
        assert ends == [0] * len(names)
    assert not set_aside(quick)
    for copy in COPIES:
        assert valid(quick / copy, len(set(names)))
    for number, name in enumerate(names):
        if ends[number] == 0:
            with opened(quick, number) as dossier:
                into = quick / f"back-{number}"
                revive.to_folder(dossier.view(), dossier.view().model(name), into, "vault")
                assert dossier.run(check.stage, f"{name}@1", {"repair": False}).findings["well"]


@pytest.fixture
def two(quick):
    """One dossier keeps a model; another keeps it too, in the same copies, and adds a file."""
    tiny.make(quick / "tulip")
    kept_by(quick, 0)
    with opened(quick, 1) as dossier:
        said = dossier.files.put(b"a report\n")
    assert kept_by(quick, 1, add={"reports/one.txt": said}).findings["version"] == "v2"
    return quick


def test_a_version_of_another_dossier_is_told_and_let_be(two):
    for repair in (False, True):
        found = checked_by(two, 0, repair=repair)
        assert (found["well"], found["faults"]) == (True, [])
        assert found["beyond"] == dict.fromkeys(COPIES, "v2")
    with opened(two, 0) as dossier:
        read = dossier.run(scrub.stage, "tulip@1", {})
    assert read.findings["well"]
    assert {event["detail"]["beyond"] for event in read.findings["events"]} == {"v2"}
    found = checked_by(two, 1, repair=False)
    assert (found["well"], found["beyond"]) == (True, {})
    assert not set_aside(two)


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("name", ["v1/inventory.json", "inventory.json.sha512", "model.json"])
def test_the_older_version_is_mended_below_the_newer_one(two, copy, name):
    at = two / copy / AT
    hurt = at / name if "inventory" in name else at / "v1/content" / name
    hurt.chmod(0o644)
    hurt.write_bytes(b"hurt")

    assert len(checked_by(two, 0)["repaired"]) == 1
    assert checked_by(two, 1, repair=False)["well"]
    assert all(valid(two / each, 1) for each in COPIES)


def test_the_first_dossier_goes_on_from_where_the_other_is(two):
    with opened(two, 0) as dossier:
        said = dossier.files.put(b"another report\n")
    made = kept_by(two, 0, add={"reports/two.txt": said})

    assert made.findings["version"] == "v3"
    state = vault.peek(LocalStore(str(two / "copy")), URN).state
    assert {"reports/one.txt", "reports/two.txt"} <= set(state)
    assert all(checked_by(two, n, repair=False)["well"] for n in (0, 1))


def test_a_copy_in_a_new_place_takes_the_history_that_the_others_have(quick):
    tiny.make(quick / "tulip")
    kept_by(quick, 0)
    kept_by(quick, 1, second=str(quick / "third"))

    same = [(quick / copy / AT / "inventory.json").read_bytes() for copy in ("copy", "third")]
    assert same[0] == same[1]
    assert all(checked_by(quick, n, repair=False)["well"] for n in (0, 1))


@pytest.mark.parametrize("shared", ["packed", "plain"])
def test_another_history_of_the_object_is_refused_not_replaced(quick, shared):
    tiny.make(quick / "tulip")
    kept_by(quick, 0)
    before = {p: p.read_bytes() for copy in COPIES for p in (quick / copy).rglob("*.json*")}
    kept_by(quick, 1, vault="own", second="own-copy")
    with_ours = {
        "packed": {"second": "own-copy"},
        "plain": {"copies": [{"at": "own-copy", "form": "plain"}, {"at": str(quick / "copy")}]},
    }

    with pytest.raises(IntegrityError, match="another history"):
        kept_by(quick, 1, **with_ours[shared])

    assert {p: p.read_bytes() for p in before} == before
    assert checked_by(quick, 0, repair=False)["well"]


@pytest.mark.parametrize("message", ["first", "other"])
def test_what_was_written_while_a_copy_was_read_stays(quick, monkeypatch, message):
    def keeping(store, name, said):
        addition = vault.Addition(files={name: name.encode()}, message=said, created="2030")
        return vault.commit(store, URN, addition)

    first, second = LocalStore(str(quick / "vault")), LocalStore(str(quick / "copy"))
    keeping(first, "a", "first")
    wanted = fixity.plan([first], URN)
    reading = copies.check

    def check_then_another_writes(store, plan):
        found = reading(store, plan)
        if store is second and vault.peek(second, URN) is None:
            keeping(second, "a", message)
            keeping(second, "b", "second")
        return found

    monkeypatch.setattr(copies, "check", check_then_another_writes)
    if message == "first":
        done = copies.bring(second, [first], wanted)
        assert not done.repairs, "the other writer had brought all of it"
        assert done.after.beyond == "v2"
    else:
        with pytest.raises(BusyError, match="same command again"):
            copies.bring(second, [first], wanted)
    assert set(vault.peek(second, URN).state) == {"a", "b"}
    assert not set_aside(quick)
