"""Two forms of one object: each follows from the other, and each mends the other."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocfl import StorageRoot
from two_forms import G0, ORIGINAL, PACK, ROSE, TULIP, at, change, store, tree

from tenure import models
from tenure.dossier import Dossier, Evidence, Stage
from tenure.errors import IntegrityError, UsageError
from tenure.models import tiny
from tenure.preserve import check, forms, keep, ocfl, places, placing, revive, vault
from tenure.preserve.forms import Digests
from tenure.preserve.ocfl import Inventory, Version
from tenure.preserve.packed import packs, passports

pytestmark = pytest.mark.slow
sums = st.integers(0, 9).map(lambda n: hashlib.sha512(bytes([n])).hexdigest())


def history(versions):
    """A plain inventory as commits would make it, from the content of each version."""
    manifest, sha256, made, state = {}, {}, [], {}
    for number, added in enumerate(versions, 1):
        state = {**state, **added}
        for logical, digest in added.items():
            if digest not in manifest:
                manifest[digest] = f"v{number}/content/{logical}"
                sha256[manifest[digest]] = digest[:64]
        made.append(Version(created=f"{number}", message="", user="t", state=state))
    return Inventory(id=ROSE, manifest=manifest, sha256=sha256, versions=tuple(made))


names = st.sampled_from(
    ["original/a.gguf", "original/b.gguf", "original/config.json", "report/a", "model.json"]
)
histories = st.lists(st.dictionaries(names, sums, min_size=1), min_size=1, max_size=4).map(history)


@given(histories, st.sets(sums))
def test_each_inventory_follows_from_the_other_byte_for_byte(plain, paying):
    packs, parities = {}, {}
    for number in range(len(plain.versions)):
        version = f"v{number + 1}"
        for sha512 in forms.packable(plain, version):
            if sha512 in paying:
                packed = hashlib.sha512(sha512.encode()).hexdigest()
                packs[sha512] = Digests(sha512=packed, sha256=packed[:64])
        own = hashlib.sha512(version.encode()).hexdigest()
        parities[version] = Digests(sha512=own, sha256=own[:64])

    packed = forms.packed_inventory(plain, packs, parities)
    originals = {
        pack.sha512: Digests(sha512=sha512, sha256=sha512[:64]) for sha512, pack in packs.items()
    }

    assert forms.plain_inventory(packed, originals).to_bytes() == plain.to_bytes()
    assert ocfl.parse(packed.to_bytes(), ROSE) == packed
    assert set(forms.plain_names(packed)) == set(plain.state)
    assert forms.form_of(packed) == forms.PACKED
    assert forms.form_of(plain) == forms.PLAIN
    for count in range(1, len(plain.versions) + 1):
        older = history([v.state for v in plain.versions[:count]])
        assert forms.upto(plain, count).versions == older.versions
        fewer = {v: p for v, p in parities.items() if int(v[1:]) <= count}
        before = forms.packed_inventory(forms.upto(plain, count), packs, fewer)
        assert forms.upto(packed, count).to_bytes() == before.to_bytes()


def test_a_fine_tune_is_packed_against_its_base_and_both_come_back_without_us(
    family, pristine_family, quick
):
    stored = {
        name: (at(family, urn=urn) / PACK).stat().st_size
        for name, urn in (("tulip", TULIP), ("rose", ROSE))
    }
    evidence = family.view().evidence("preserve/keep", "rose@1")
    inventory = vault.peek(store(family), ROSE)
    passport = passports.read(store(family), inventory)

    assert evidence.findings["base"] == [TULIP]
    assert evidence.findings["copies"] == [
        {"at": "vault", "form": "packed"},
        {"at": "vault-copy", "form": "plain"},
    ]
    assert passport["base"] == {"object": TULIP, "version": "v1"}
    assert [line["path"] for line in passport["closure"]] == ["original/model.safetensors"]
    assert passports.dependants(store(family), TULIP) == [ROSE]
    assert stored["rose"] < 0.5 * stored["tulip"]
    for copy in ("vault", "vault-copy"):
        storage = StorageRoot(root=str(family.root / copy))
        assert storage.validate(log_warnings=False), storage.log.status_str()
        assert storage.good_objects == 2
        for urn in (TULIP, ROSE):
            done = subprocess.run(
                ["sha512sum", "-c", "inventory.json.sha512"], cwd=at(family, copy, urn), check=False
            )
            assert done.returncode == 0
        script = family.root / copy / "read_vault.py"
        for name in ("tulip", "rose"):
            back = quick / copy / name
            back.parent.mkdir(exist_ok=True)
            command = [sys.executable, "-S", "-I", script, "restore", f"{name}@1", back]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout
            assert tree(back / "original") == tree(pristine_family / name)


def test_the_content_is_what_sha512sum_says(family):
    for copy in ("vault", "vault-copy"):
        inventory = vault.peek(store(family, copy), ROSE)
        lines = "".join(f"{digest}  {path}\n" for digest, path in inventory.manifest.items())
        done = subprocess.run(
            ["sha512sum", "-c", "--quiet", "-"], input=lines, text=True, cwd=at(family, copy), check=False
        )  # fmt: skip
        assert done.returncode == 0


def test_a_second_packed_copy_gets_the_base_first(family):
    asked = [{"at": at, "form": form} for at, form in (("vault", "packed"), ("far", "packed"), ("vault-copy", "plain"))]  # fmt: skip

    family.run(keep.stage, "rose@1", {**G0, "copies": asked})

    assert vault.peek(store(family, "far"), TULIP) is not None
    change(at(family, "far") / "v1/content/model.json", "cut")
    again = family.run(keep.stage, "rose@1", {**G0, "copies": asked, "again": "today"})
    first, second, _ = again.runtime["copies"]
    assert (first["files"], first["bytes"]) == (second["files"], second["bytes"])
    assert (at(family, "far") / PACK).read_bytes() == (at(family) / PACK).read_bytes()
    shutil.rmtree(family.root / "vault")
    back = revive.to_folder(family.view(), family.view().model("rose"), family.root / "b", "far")
    assert back.form == "packed"


def test_a_base_that_has_gone_is_named_and_a_whole_copy_is_taken(family):
    shutil.rmtree(at(family, urn=TULIP))
    rose = family.view().model("rose")

    with pytest.raises(IntegrityError, match=r"the base original/model.safetensors of .*tulip@1"):
        revive.to_folder(family.view(), rose, family.root / "b", "vault")
    assert not (family.root / "b").exists()
    assert revive.to_folder(family.view(), rose, family.root / "b").form == "plain"
    assert family.run(revive.stage, "rose@1", {"level": "G0"}).findings["form"] == "plain"
    told = family.run(check.stage, "rose@1", {})
    assert not told.findings["well"], "a copy that cannot be unpacked is not whole"
    assert "vault lacks its base" in told.summary
    family.run(check.stage, "tulip@1", {})
    assert family.run(check.stage, "rose@1", {}).findings["well"]
    assert revive.to_folder(family.view(), rose, family.root / "c", "vault").form == "packed"


def test_a_lost_packed_copy_that_would_be_packed_otherwise_now_is_made_anew(family, monkeypatch):
    shutil.rmtree(at(family))
    monkeypatch.setattr(packs, "PAYS", 0.01)  # as if a later version chose otherwise

    with pytest.raises(IntegrityError, match=r"packs otherwise.*--again"):
        family.run(check.stage, "rose@1", {})
    evidence = family.run(keep.stage, "rose@1", {**G0, "again": "today"})

    assert evidence.findings["version"] == "v1"
    assert not (at(family) / PACK).exists(), "it would not pay now"
    assert family.run(check.stage, "rose@1", {}).findings["faults"] == []
    back = revive.to_folder(family.view(), family.view().model("rose"), family.root / "b", "vault")
    assert back.form == "packed"


def test_without_a_plain_copy_it_says_so_and_can_be_told_otherwise(dossier):
    asked = [{"at": "vault", "form": "packed"}, {"at": "far", "form": "packed"}]
    with pytest.raises(UsageError, match="no copy is plain"):
        dossier.run(keep.stage, "tulip@1", {**G0, "copies": asked})
    with pytest.raises(UsageError, match="one copy is none"):
        dossier.run(keep.stage, "tulip@1", {**G0, "copies": asked[:1]})
    spec = {**G0, "copies": asked, "allow_no_plain": True}
    dossier.run(keep.stage, "tulip@1", spec)
    with dossier.emitter("tulip@1", "test") as emit:
        digest = emit.file(b"<p>farewell</p>")

    evidence = dossier.run(keep.stage, "tulip@1", {**spec, "add": {"report/page.html": digest}})

    assert evidence.findings["version"] == "v2"
    assert tree(at(dossier, "vault", TULIP)) == tree(at(dossier, "far", TULIP))
    change(at(dossier, "far", TULIP) / PACK, "gone")
    assert dossier.run(check.stage, "tulip@1", {}).findings["well"]


def old(model, view, spec, emit):
    """What a keeping recorded before there were forms."""
    new = keep.run(model, view, spec, emit)
    plain = new.runtime["vault"]["forms"]["plain"]
    findings = {k: v for k, v in new.findings.items() if k not in ("copies", "base")}
    return replace(new, findings=findings, runtime={**new.runtime, "vault": plain})


def test_what_was_kept_before_there_were_forms_is_read_checked_and_kept_on(quick):
    plain = [{"at": "vault", "form": "plain"}, {"at": "vault-copy", "form": "plain"}]
    with Dossier.open(quick / "dossier") as dossier:
        models.register(dossier, str(tiny.make(quick / "tulip")))
        before = Stage(
            name=keep.stage.name, spec=keep.Spec, run=old, summary="as it was", version=0
        )
        dossier.run(before, "tulip@1", {**G0, "copies": plain})
        held = places.kept(dossier.view(), dossier.view().model("tulip"))
        assert {copy.form for copy in held.copies} == {"plain"}
        assert held.roots == ("vault", "vault-copy")
        assert held.plan(dossier.root).inventory.head == "v1"
        change(at(dossier, urn=TULIP) / ORIGINAL, "flip")
        assert dossier.run(check.stage, "tulip@1", {}).findings["well"]
        with dossier.emitter("tulip@1", "test") as emit:
            digest = emit.file(b"<p>farewell</p>")
        evidence = dossier.run(keep.stage, "tulip@1", {**G0, "add": {"report/page.html": digest}})

        assert isinstance(evidence, Evidence)
        assert evidence.findings["copies"] == plain, "a form once written stays"
        more = [*plain, {"at": "packed", "form": "packed"}]
        dossier.run(keep.stage, "tulip@1", {**G0, "copies": more, "add": {"report/page.html": digest}})  # fmt: skip
        assert vault.peek(store(dossier, "packed"), TULIP).head == "v2"
        assert dossier.run(check.stage, "tulip@1", {}).findings["faults"] == []
        site = placing.Site(object=TULIP, copies=(), folder=quick)
        assert site.forms == []
