"""Packages go out and come back, and other people's tools agree about them."""

import hashlib
import json
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import bagit as library
import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from ocfl import StorageRoot

from tenure import models
from tenure.dossier import Dossier
from tenure.dossier.oms import sign_model
from tenure.dossier.oms_keys import Trusted, WeightsKey
from tenure.errors import IntegrityError, RefusedError, UsageError
from tenure.models import tiny
from tenure.preserve import keep
from tenure.preserve.exchange import bagit, oci
from tenure.preserve.exchange.arriving import IMPORT, Wanted, arrive
from tenure.preserve.exchange.handing import FORMS, hand_out

pytestmark = pytest.mark.slow

# github.com/modelpack/model-spec, schema/config-schema.json at d78bf32 (Apache-2.0)
SCHEMA = json.loads((Path(__file__).parent / "modelpack-config-schema.json").read_text())


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A kept model handed out in every form: (folder of packages, digest, its own folder)."""
    base = tmp_path_factory.mktemp("packages")
    with Dossier.open(base / "dossier", keys=base / "keys") as opened:
        models.register(opened, str(tiny.make(base / "tulip")), card={"licence": "Apache-2.0"})
        opened.run(keep.stage, "tulip@1", {"golden": "G0"})
        view = opened.view()
        for form in FORMS:
            hand_out(view, view.model("tulip"), base / "out" / form, form)
        return base / "out", view.model("tulip").digest, base / "tulip"


@pytest.fixture
def away(quick):
    with Dossier.open(quick / "away", keys=quick / "away-keys") as opened:
        yield opened


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


def test_an_image_layout_fits_the_published_schema_and_its_digests(packages):
    layout = packages[0] / "oci"
    index = json.loads((layout / "index.json").read_text())
    blobs = {p.name: p.read_bytes() for p in (layout / "blobs/sha256").iterdir()}
    manifest = json.loads(blobs[index["manifests"][0]["digest"].removeprefix("sha256:")])
    config = json.loads(blobs[manifest["config"]["digest"].removeprefix("sha256:")])

    assert all(hashlib.sha256(data).hexdigest() == name for name, data in blobs.items())
    jsonschema.validate(config, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert config["descriptor"]["licenses"] == ["Apache-2.0"]
    assert config["config"]["precision"] == "bfloat16"
    assert manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
    assert [layer["digest"] for layer in manifest["layers"]] == config["modelfs"]["diffIds"]
    assert len(blobs) == len(manifest["layers"]) + 2
    for layer in manifest["layers"]:
        assert layer["size"] == len(blobs[layer["digest"].removeprefix("sha256:")])
        about = json.loads(layer["annotations"]["org.cncf.model.file.metadata+json"])
        assert set(about) == {"name", "mode", "uid", "gid", "size", "mtime", "typeflag"}


@pytest.mark.skipif(
    not shutil.which("skopeo"), reason="skopeo is not installed (apt install skopeo)"
)
def test_another_tool_copies_the_layout_and_it_arrives(packages, away, quick):
    out, digest, _ = packages
    subprocess.run(
        ["skopeo", "copy", "--quiet", f"oci:{out}/oci:1", f"oci:{quick}/copied:1"], check=True
    )

    model, _ = arrive(away, quick / "copied", Wanted())

    assert model.digest == digest


def test_the_same_model_makes_the_same_layout(packages, quick):
    _, digest, folder = packages
    about = oci.About(name="a", version="1", created="2026-11-21T00:00:00Z", digest=digest)
    for name in ("one", "two"):
        (quick / name).mkdir()
        oci.write(quick / name, folder, about)

    assert (quick / "one/index.json").read_bytes() == (quick / "two/index.json").read_bytes()


@pytest.mark.parametrize("packing", ["tar", "tar+gzip"])
def test_a_layout_with_tar_layers_is_read(packages, away, quick, packing):
    _, digest, folder = packages
    layout = quick / "layout"
    (layout / "blobs/sha256").mkdir(parents=True)
    tar = quick / "layer.tar"
    with tarfile.open(tar, "w:gz" if "gzip" in packing else "w") as opened:
        opened.add(folder, arcname=".")

    def blob(data):
        name = hashlib.sha256(data).hexdigest()
        (layout / "blobs/sha256" / name).write_bytes(data)
        return {"digest": f"sha256:{name}", "size": len(data)}

    layer = {
        "mediaType": f"application/vnd.cncf.model.weight.v1.{packing}",
        **blob(tar.read_bytes()),
    }
    config = {
        "descriptor": {},
        "config": {},
        "modelfs": {"type": "layers", "diffIds": [layer["digest"]]},
    }
    manifest = {
        "schemaVersion": 2, "artifactType": oci.ARTIFACT, "layers": [layer],
        "config": {"mediaType": oci.CONFIG, **blob(json.dumps(config).encode())},
    }  # fmt: skip
    entry = {"mediaType": oci.MANIFEST, **blob(json.dumps(manifest).encode())}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    model, _ = arrive(away, layout, Wanted(name="tulip"))

    assert model.digest == digest


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


def test_zip_of_a_hub_folder_with_pickles_beside_says_what_it_left_out(packages, away, quick):
    with zipfile.ZipFile(quick / "hub.zip", "w") as opened:
        for path in packages[2].iterdir():
            opened.write(path, f"main/{path.name}")
        opened.writestr("main/pytorch_model.bin", b"never opened")
        opened.writestr("main/modeling.py", b"never run")

    model, said = arrive(away, quick / "hub.zip", Wanted())

    assert model.name == "hub"
    assert said["left_out"] == ["modeling.py", "pytorch_model.bin"]
