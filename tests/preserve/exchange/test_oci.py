"""Image layouts: what ModelPack publishes about them holds, and another tool copies them."""

import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import jsonschema
import pytest

from tenure.preserve.exchange import oci
from tenure.preserve.exchange.arriving import Wanted, arrive

pytestmark = pytest.mark.slow

# github.com/modelpack/model-spec, schema/config-schema.json at d78bf32 (Apache-2.0)
SCHEMA = json.loads((Path(__file__).parent / "modelpack-config-schema.json").read_text())


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
