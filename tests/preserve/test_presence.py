"""A disk that is not mounted, or went away meanwhile: told, left alone, and the other copies mended."""

import shutil
import socket
import sys
import time

import pytest

from tenure.cli import main
from tenure.errors import EngineError, RefusedError
from tenure.preserve import check, keep, overview, places, presence, revive, scrub, vault
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.stores import s3
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow

G0 = {"golden": "G0"}


def tree(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def unmount(root, how):
    root.rename(root.with_name("unmounted"))
    if how == "empty mount point":
        root.mkdir()


def nothing_at(root):
    return not root.exists() or not list(root.iterdir())


def hurt(folder, ending):
    path = next(p for p in sorted(folder.rglob("*")) if p.as_posix().endswith(ending))
    path.chmod(0o644)
    right = path.read_bytes()
    path.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
    return path


def verified(dossier):
    return scrub.verified(dossier.view(), dossier.view().model("tulip@1"))


@pytest.mark.parametrize("how", ["no folder", "empty mount point"])
@pytest.mark.parametrize(("gone", "there"), [("vault", "vault-copy"), ("vault-copy", "vault")])
def test_a_check_tells_it_and_mends_the_others(kept, how, gone, there):
    before, last = tree(kept.root / there), verified(kept)
    unmount(kept.root / gone, how)
    hurt(kept.root / there, "config.json" if there == "vault" else "v1/inventory.json")
    time.sleep(1.1)  # the time of an event is in seconds

    evidence = kept.run(check.stage, "tulip@1", {})

    found = evidence.findings
    assert not found["well"]
    assert found["whole"] == [there]
    assert [(a["copy"], a["problem"]) for a in found["away"]] == [(gone, f"away: {presence.EMPTY}")]
    assert f"tenure vault begin {gone}" in found["away"][0]["remedy"]
    assert {f["copy"] for f in found["faults"]} == {r["copy"] for r in found["repaired"]} == {there}
    assert [line["copy"] for line in evidence.runtime["read"]] == [there]
    assert f"AWAY, neither read nor written: {gone}" in evidence.summary
    now = tree(kept.root / there)
    assert {key: now[key] for key in before} == before
    assert nothing_at(kept.root / gone)
    assert verified(kept)[gone] == last[gone]
    assert verified(kept)[there] > last[there]


def test_what_only_the_copy_that_is_away_can_mend_waits_for_it(kept):
    (kept.root / "vault").rename(kept.root / "unmounted")
    before = tree(kept.root / "vault-copy")
    hurt(kept.root / "vault-copy", "read_vault.py")
    hurt(kept.root / "vault-copy", "config.json")

    told = kept.run(check.stage, "tulip@1", {})
    (kept.root / "unmounted").rename(kept.root / "vault")
    later = kept.run(check.stage, "tulip@1", {}).findings

    assert (told.findings["well"], told.findings["whole"]) == (False, [])
    assert "the rest waits for a copy that is away" in told.summary
    assert {f["file"].rpartition("/")[2] for f in told.findings["faults"]} == {
        "read_vault.py",
        "config.json",
    }
    assert [each["file"].rpartition("/")[2] for each in told.findings["repaired"]] == [
        "read_vault.py"
    ]
    assert later["well"]
    now = tree(kept.root / "vault-copy")
    assert {key: now[key] for key in before} == before


@pytest.mark.parametrize("how", ["no folder", "empty mount point"])
def test_a_scrub_tells_it_and_reads_the_others_whatever_the_time(kept, how):
    last = verified(kept)
    unmount(kept.root / "vault", how)
    hurt(kept.root / "vault-copy", "read_vault.py")  # as every installation has it
    time.sleep(1.1)

    assert kept.run(scrub.stage, "tulip@1", {"seconds": 1e-6}).why.endswith("away: vault")
    evidence = kept.run(scrub.stage, "tulip@1", {})

    assert evidence.findings["copies"] == {"vault": "away", "vault-copy": "repaired"}
    assert not evidence.findings["well"]
    about = [e for e in evidence.findings["events"] if e["object"]["copy"] == "vault"]
    assert [(e["type"], e["outcome"]) for e in about] == [("fixity check", "not done")]
    assert about[0]["detail"]["away"] == presence.EMPTY
    assert "AWAY, nothing was written there: vault: mount it" in evidence.summary
    assert nothing_at(kept.root / "vault")
    assert verified(kept)["vault"] == last["vault"]
    assert verified(kept)["vault-copy"] > last["vault-copy"]


@pytest.mark.parametrize("how", ["no folder", "empty mount point"])
@pytest.mark.parametrize("name", ["tulip@1", "rose@1"])
def test_a_keeping_is_refused_before_anything_is_written(kept, how, name, tuned, quick):
    from tenure import models

    if name == "rose@1":  # never kept: another model is known to be kept at that place
        tuned(kept.view().folder(kept.view().model("tulip@1")), quick / "rose")
        models.register(kept, str(quick / "rose"))
    unmount(kept.root / "vault-copy", how)
    before = tree(kept.root / "vault")

    with pytest.raises(EngineError, match=r"vault-copy is away.*nothing was written.*vault begin"):
        kept.run(keep.stage, name, {**G0, "again": "today"})

    assert tree(kept.root / "vault") == before
    assert nothing_at(kept.root / "vault-copy")
    elsewhere = {**G0, "second": "another-disk"}
    assert kept.run(keep.stage, name, elsewhere).findings["roots"] == ["vault", "another-disk"]
    assert nothing_at(kept.root / "vault-copy")


def test_a_place_that_is_lost_is_begun_by_a_command_and_filled_by_a_check(
    kept, pristine, quick, monkeypatch, capsys
):
    before = {copy: tree(kept.root / copy) for copy in ("vault", "vault-copy")}
    shutil.rmtree(kept.root / "vault")
    monkeypatch.setenv("TENURE_KEYS", str(pristine / "keys"))
    command = ["tenure", "vault", "begin", "vault", "-d", str(kept.root)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().out
    assert not ended.value.code, said
    assert "tenure preserve check --model tulip@1" in said

    evidence = kept.run(check.stage, "tulip@1", {})

    assert evidence.findings["well"]
    assert evidence.findings["whole"] == ["vault", "vault-copy"]
    assert {copy: tree(kept.root / copy) for copy in before} == before
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == RefusedError.code
    assert "nothing was changed" in capsys.readouterr().err


def test_where_every_copy_is_away_nothing_is_said(kept):
    for copy in ("vault", "vault-copy"):
        (kept.root / copy).rename(kept.root / f"{copy}-elsewhere")

    with pytest.raises(OutOfReachError, match=r"every copy of .* is away, so nothing was read"):
        kept.run(check.stage, "tulip@1", {})
    evidence = kept.run(scrub.stage, "tulip@1", {})

    assert set(evidence.findings["copies"].values()) == {"away"}
    assert evidence.summary.startswith("0 copies read whole; AWAY")
    assert all(row.trouble.startswith("AWAY") for row in overview.rows(kept.view())[0].copies)


def test_the_drill_of_a_check_plants_its_damage_in_a_copy_that_is_there(kept):
    (kept.root / "vault-copy").rename(kept.root / "unmounted")

    found = kept.run(check.stage, "tulip@1", {"drill": True}).findings

    assert found["planted"]["copy"] == "vault"
    assert [r["copy"] for r in found["repaired"]] == ["vault"]
    assert not (kept.root / "vault-copy").exists()


@pytest.mark.parametrize("stage", [check.stage, scrub.stage])
@pytest.mark.parametrize("spec", [{}, {"repair": False}])
def test_a_disk_that_is_unplugged_while_it_is_read_is_away_and_not_made_anew(
    kept, monkeypatch, stage, spec
):
    if stage is scrub.stage and spec:
        spec = {"copy_at": "vault-copy"}
    plain, count, opening = kept.root / "vault-copy", [0], LocalStore.open

    def opened(store, key):
        if store.root == plain:
            count[0] += 1
            if count[0] == 9:
                plain.rename(kept.root / "unplugged")
        return opening(store, key)

    monkeypatch.setattr(LocalStore, "open", opened)
    found = kept.run(stage, "tulip@1", spec).findings

    assert count[0] > 9
    assert not found["well"]
    if stage is check.stage:
        assert [each["copy"] for each in found["away"]] == ["vault-copy"]
        assert (found["whole"], found["faults"], found["repaired"]) == (["vault"], [], [])
    else:
        assert found["copies"]["vault-copy"] == "away"
    assert not plain.exists()


def test_a_service_that_takes_a_call_and_never_answers_costs_a_few_seconds(kept, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setattr(presence, "WAIT_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as dumb:
        at = f"s3://vaults/x?endpoint=http://127.0.0.1:{dumb.getsockname()[1]}"
        dead = places.Copy(at=at, form="plain", store=s3.extension(at.partition("://")[2]))
        there = places.require(kept.view(), kept.view().model("tulip@1")).opened(kept.root)
        began = time.monotonic()
        here, away = presence.sort_out([dead, *there, replaced(dead)])
        first = time.monotonic() - began
        again = presence.sort_out([dead])[1]

    assert [copy.at for copy in here] == ["vault", "vault-copy"]
    assert away == again == {at: "it gave no answer in 1 s"}
    assert 0.9 < first < 3
    assert time.monotonic() - began < first + 0.5, "another model's copy there is not waited for"


def replaced(copy):
    return places.Copy(at=copy.at, form="packed", store=s3.extension(copy.at.partition("://")[2]))


def test_a_root_that_lost_its_first_file_is_there_and_a_revival_passes_over_one_that_is_not(
    kept, quick
):
    (kept.root / "vault" / "0=ocfl_1.1").unlink()
    assert presence.why_away(LocalStore(str(kept.root / "vault"))) == ""
    (kept.root / "vault").rename(kept.root / "unmounted")

    back = revive.to_folder(kept.view(), kept.view().model("tulip@1"), quick / "back")

    assert back.copy == "vault-copy"
    assert vault.peek(LocalStore(str(kept.root / "vault")), "urn:tenure:model:tulip@1") is None
    assert not (kept.root / "vault").exists()
