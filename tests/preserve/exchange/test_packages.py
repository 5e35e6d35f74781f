"""Packages go out and come back, and other people's tools agree about them."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import bagit as library
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from ocfl import StorageRoot

from tenure.dossier.oms import sign_model
from tenure.dossier.oms_keys import Trusted, WeightsKey
from tenure.errors import IntegrityError, RefusedError, UsageError
from tenure.preserve.exchange import bagit
from tenure.preserve.exchange.arriving import IMPORT, Wanted, arrive
from tenure.preserve.exchange.handing import FORMS, hand_out

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("form", FORMS)
def test_what_was_handed_out_arrives_the_same(packages, away, form):
    out, digest, _ = packages

    model, said = arrive(away, out / form, Wanted())

    assert model.digest == digest
    assert said["form"] == form
    assert said["signature"] == "none"
    (event,) = away.view().events(name=IMPORT)
    assert event.model == model.id
    assert model.name == ("folder" if form == "folder" else "tulip")
    assert str(out) not in json.dumps([dict(model.card), event.body])
    again, _ = arrive(away, out / form, Wanted())
    assert again == model


@pytest.mark.parametrize("kind", ["tar", "gztar", "zip"])
@pytest.mark.parametrize("form", ["bagit", "folder"])
def test_an_archive_of_a_package_arrives_too(packages, away, quick, kind, form):
    out, digest, _ = packages
    made = shutil.make_archive(str(quick / "tulip-1.0"), kind, out, form)

    model, said = arrive(away, Path(made), Wanted(name="tulip"))

    assert model.digest == digest
    assert said["archive"]
    assert list((away.root / "work" / "stages").iterdir()) == []  # nothing is left lying about


def test_a_bag_is_valid_by_another_tool_and_by_sha512sum(packages):
    bag = packages[0] / "bagit"

    assert library.Bag(str(bag)).validate()
    for tool in ("sha512", "sha256"):
        done = subprocess.run(
            [f"{tool}sum", "-c", "--quiet", f"manifest-{tool}.txt"], cwd=bag, check=False
        )
        assert done.returncode == 0
    assert (bag / "data/original/model.safetensors").is_file()
    assert not list(bag.rglob("*.pack"))  # nothing refers to another model
    assert (bag / "data/RESTORE.txt").is_file()


def test_a_bag_that_another_tool_made_is_read(packages, away, quick):
    folder = packages[2]
    shutil.copytree(folder, quick / "theirs")
    (quick / "theirs/odd 100%.txt").write_text("a percent sign, as they write it")
    library.make_bag(
        str(quick / "theirs"), {"Contact-Name": "somebody"}, checksums=["sha256", "md5"]
    )

    model, _ = arrive(away, quick / "theirs", Wanted(name="tulip"))

    assert set(model.files) == {"odd 100%.txt", *(p.name for p in folder.iterdir())}
    ours = quick / "ours"
    shutil.copytree(folder, ours / "data")
    (ours / "data/10%25.txt").write_text("and as the standard says")
    bagit.write(ours, {})
    assert "data/10%2525.txt" in (ours / "manifest-sha256.txt").read_text()
    assert "Payload-Oxum" in bagit.read(ours)


def test_a_vault_that_was_handed_out_is_a_valid_vault(packages, away):
    root = packages[0] / "ocfl"
    storage = StorageRoot(root=str(root))

    assert storage.validate(log_warnings=False)
    assert storage.good_objects == 1
    with pytest.raises(UsageError, match=r"There are: urn:tenure:model:tulip@1"):
        arrive(away, root, Wanted(object="rose@1"))
    assert arrive(away, root, Wanted(object="tulip@1"))[0].digest == packages[1]


def test_a_signature_beside_the_weights_is_checked_and_recorded(packages, away, quick):
    folder = quick / "signed"
    shutil.copytree(packages[2], folder)
    key = WeightsKey(ec.generate_private_key(ec.SECP256R1()))
    other = WeightsKey(ec.generate_private_key(ec.SECP256R1()))
    (folder / "model.sig").write_bytes(sign_model(folder, key, signature=folder / "model.sig"))
    trusted = Trusted.from_keys(key.public)

    model, said = arrive(away, folder, Wanted(name="checked", trusted=trusted))
    _, unchecked = arrive(away, folder, Wanted(name="unchecked"))

    assert said["signature"].startswith("good, by ")
    assert model.card["imported"]["signature"] == said["signature"]
    assert unchecked["signature"] == "there, not checked: no key was named"
    (event, _) = away.view().events(name=IMPORT)
    assert away.view().read(event.files["model.sig"]) == (folder / "model.sig").read_bytes()
    for harm in ("another key", "changed file", "no signature"):
        if harm == "changed file":
            (folder / "config.json").write_text((folder / "config.json").read_text() + " ")
        if harm == "no signature":
            (folder / "model.sig").unlink()
        by = Trusted.from_keys(other.public) if harm == "another key" else trusted
        with pytest.raises(IntegrityError):
            arrive(away, folder, Wanted(name=harm.replace(" ", "-"), trusted=by))
    assert [m.name for m in away.view().models()] == ["checked", "unchecked"]


def test_what_does_not_fit_is_said_and_nothing_is_written(packages, away, quick, kept):
    view = kept.view()
    model = view.model("tulip")
    (quick / "there").mkdir()
    (quick / "there/file").touch()
    with pytest.raises(UsageError, match="name a new folder"):
        hand_out(view, model, quick / "there", "bagit")
    with pytest.raises(UsageError, match="There are: bagit, folder, ocfl, oci"):
        hand_out(view, model, quick / "new", "zip")
    with pytest.raises(UsageError, match="is no package"):
        arrive(away, quick / "there", Wanted())
    with pytest.raises(UsageError, match="There are: auto, bagit"):
        arrive(away, packages[0] / "oci", Wanted(form="docker"))
    with pytest.raises(UsageError, match="no package we open"):
        arrive(away, quick / "there/file", Wanted())
    with kept.emitter(model.id, "test") as emit:
        emit.fact("containment", "organism", "for this test")
    with pytest.raises(RefusedError, match="its weights stay here"):
        hand_out(kept.view(), model, quick / "new", "folder")
    assert not (quick / "new").exists()
    assert away.view().models() == []


def test_a_contained_model_is_not_taken_in(packages, away, quick):
    shutil.copytree(packages[0] / "bagit/data", quick / "bag/data")
    passport = json.loads((quick / "bag/data/model.json").read_text())
    (quick / "bag/data/model.json").write_text(json.dumps({**passport, "containment": "organism"}))
    bagit.write(quick / "bag", {})

    with pytest.raises(RefusedError, match="contained where it comes from"):
        arrive(away, quick / "bag", Wanted())


def test_a_hub_folder_in_shards_with_its_index(packages, away, quick):
    folder = quick / "shards"
    shutil.copytree(packages[2], folder)
    whole = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header, data = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    (folder / "model.safetensors").unlink()
    names = sorted(name for name in header if name != "__metadata__")
    index = {}
    for number, some in enumerate((names[:7], names[7:]), 1):
        made, content = {}, b""
        for name in some:
            start, end = header[name]["data_offsets"]
            made[name] = {
                **header[name],
                "data_offsets": [len(content), len(content) + end - start],
            }
            content += data[start:end]
            index[name] = f"model-{number:05}-of-00002.safetensors"
        text = json.dumps(made).encode()
        shard = len(text).to_bytes(8, "little") + text + content
        (folder / f"model-{number:05}-of-00002.safetensors").write_bytes(shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))

    model, _ = arrive(away, folder, Wanted())

    assert len([name for name in model.files if name.endswith(".safetensors")]) == 2
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(IntegrityError, match="differ about"):
        arrive(away, folder, Wanted(name="half"))


def test_zip_of_a_hub_folder_with_pickles_beside_says_what_it_left_out(packages, away, quick):
    with zipfile.ZipFile(quick / "hub.zip", "w") as opened:
        for path in packages[2].iterdir():
            opened.write(path, f"main/{path.name}")
        opened.writestr("main/pytorch_model.bin", b"never opened")
        opened.writestr("main/modeling.py", b"never run")

    model, said = arrive(away, quick / "hub.zip", Wanted())

    assert model.name == "hub"
    assert said["left_out"] == ["modeling.py", "pytorch_model.bin"]
