"""Packages made by somebody hostile: a clear error, nothing written outside, nothing half registered."""

import hashlib
import io
import json
import os
import shutil
import struct
import tarfile

import pytest

from tenure.preserve import vault
from tenure.preserve.exchange import bagit, oci
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow


def with_header(folder, header, data=b"\0" * 8):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def tensor(start, end, shape=(2,)):
    return {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (lambda f: with_header(f, b'{"a":%s,"a":%s}' % ((json.dumps(tensor(0, 8)).encode(),) * 2)), "twice"),
        (lambda f: with_header(f, {"a": tensor(0, 8), "b": tensor(4, 12)}, b"\0" * 12), "overlap"),
        (lambda f: with_header(f, {"a": tensor(0, 8)}, b"\0" * 4), "promises"),
        (lambda f: with_header(f, {"a": tensor(0, 8, (2, -1))}), "not a safetensors header"),
        (lambda f: with_header(f, {"a": tensor(0, 8, (1 << 40, 1 << 40))}), "wrong sizes"),
        (lambda f: with_header(f, b"[" * 200_000), "header"),
        (lambda f: (f / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 30)), "absurdly long"),
        (lambda f: os.truncate(f / "model.safetensors", 100_000), "promises"),
        (lambda f: os.truncate(f / "model.safetensors", 5), "cut short"),
        (lambda f: shutil.copy(f / "model.safetensors", f / "more.safetensors"), "is in model.safetensors and"),
        (lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../x"}}'), "differ"),
        (lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": 1}'), "no weight_map"),
        (lambda f: (f / "config.json").unlink(), "lacks config.json"),
        (lambda f: (f / "config.json").write_text("{"), "is not JSON"),
        (lambda f: (f / "tokenizer_config.json").write_text("{"), "tokenizer"),
        (lambda f: (f / "tokenizer_config.json").write_text("[]"), "tokenizer"),
        (lambda f: (f / "chat_template.jinja").write_bytes(b"\xff"), "chat_template"),
        (lambda f: (f / "link").symlink_to("/etc/passwd"), "is a link"),
        (lambda f: (f / "folder").symlink_to("/etc"), "is a link"),
        (lambda f: os.mkfifo(f / "pipe"), "neither a file nor a folder"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "is no package"),
        (lambda f: (f / "model.sig").write_text("{}") and (f / "model.safetensors").unlink(), "is no package"),
    ],
)  # fmt: skip
def test_a_model_folder_with_one_thing_wrong(tmp_path, good, refused, harm, word):
    shutil.copytree(good, tmp_path / "tulip")
    harm(tmp_path / "tulip")

    refused(tmp_path / "tulip", word)


def bag_of(good, place):
    shutil.copytree(good, place / "data")
    bagit.write(place, {})
    return place


def edit(path, old, new):
    path.write_text(path.read_text().replace(old, new))


BAG_HARMS = {
    "content": (lambda b: edit(b / "data/config.json", "{", "{ "), "bytes.files"),
    "same size": (lambda b: edit(b / "data/config.json", "{", "["), "is damaged or was changed"),
    "one more": (lambda b: (b / "data/more").touch(), "is not listed"),
    "one less": (lambda b: (b / "data/config.json").unlink(), "is not there"),
    "path": (lambda b: edit(b / "manifest-sha512.txt", "data/config.json", "../config.json"), "no path inside"),
    "absolute": (lambda b: edit(b / "manifest-sha512.txt", "data/config.json", "/etc/passwd"), "no path inside"),
    "twice": (lambda b: edit(b / "manifest-sha512.txt", "data/tokenizer.json", "data/config.json"), "twice"),
    "noise": (lambda b: (b / "manifest-sha512.txt").write_bytes(b"\xff\xfe"), "not UTF-8"),
    "line": (lambda b: (b / "manifest-sha512.txt").write_text("zz  data/config.json\n"), "that is none"),
    "tag": (lambda b: edit(b / "bag-info.txt", "Payload", "Pay-load"), "is damaged or was changed"),
    "version": (lambda b: edit(b / "bagit.txt", "1.0", "9.9"), "not that of BagIt"),
    "encoding": (lambda b: edit(b / "bagit.txt", "UTF-8", "EBCDIC"), "expected UTF-8"),
    "fetch": (lambda b: (b / "fetch.txt").write_text("http://x - data/y\n"), "fetched from elsewhere"),
    "weak": (lambda b: [p.unlink() for p in b.glob("*manifest-*")], "no manifest of sha512"),
    "link": (lambda b: (b / "data/l").symlink_to("/etc/passwd"), "is a link"),
    "huge": (lambda b: os.truncate(b / "manifest-sha512.txt", 65 << 20), "larger than 64 MiB"),
    "passport": (lambda b: rebag(b, '{"digest": "sha256:00"}'), "passport names"),
    "passport twice": (lambda b: rebag(b, '{"digest": 1, "digest": 2}'), "twice"),
}  # fmt: skip


def rebag(bag, passport):
    (bag / "data/model.json").write_text(passport)
    bagit.write(bag, {})


@pytest.mark.parametrize("harm", BAG_HARMS)
def test_a_bag_with_one_thing_wrong(tmp_path, good, refused, harm):
    do, word = BAG_HARMS[harm]
    do(bag := bag_of(good, tmp_path / "bag"))

    refused(bag, word)


def blob(layout, data):
    name = hashlib.sha256(data).hexdigest()
    (layout / "blobs/sha256" / name).write_bytes(data)
    return {"digest": f"sha256:{name}", "size": len(data)}


def layout_of(good, place, change=lambda manifest, layout: None):
    """A sound layout whose manifest was then changed by somebody who can compute digests."""
    place.mkdir()
    oci.write(
        place, good, oci.About(name="a", version="1", created="2026-11-21T00:00:00Z", digest="x")
    )
    index = json.loads((place / "index.json").read_text())
    old = place / "blobs/sha256" / index["manifests"][0]["digest"].removeprefix("sha256:")
    manifest = json.loads(old.read_text())
    del manifest["annotations"]
    change(manifest, place)
    index["manifests"][0] |= blob(place, json.dumps(manifest).encode())
    (place / "index.json").write_text(json.dumps(index))
    return place


def note(manifest, path):
    manifest["layers"][0]["annotations"][oci.FILEPATH] = path


def tar_layer(manifest, layout, name, kind, link=""):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as opened:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        opened.addfile(info)
    media = "application/vnd.cncf.model.doc.v1.tar"
    manifest["layers"].append({"mediaType": media, **blob(layout, data.getvalue())})


def largest(layout):
    return max((layout / "blobs/sha256").iterdir(), key=lambda p: p.stat().st_size)


OCI_HARMS = {
    "climbs": (lambda m, _: note(m, "../../secret"), "no path inside"),
    "absolute": (lambda m, _: note(m, "/etc/cron.d/x"), "no path inside"),
    "twice": (lambda m, _: note(m, "config.json"), "is there twice"),
    "inside a file": (lambda m, _: note(m, "config.json/x"), "is there twice"),
    "nameless": (lambda m, _: m["layers"][0].pop("annotations"), "which file it is"),
    "media": (lambda m, _: m["layers"][0].update(mediaType="text/x-shellscript"), "text/x-shellscript"),
    "zstd": (lambda m, _: m["layers"][0].update(mediaType="application/vnd.cncf.model.weight.v1.tar+zstd"), "zstd"),
    "raw as tar": (lambda m, _: m["layers"][0].update(mediaType="application/vnd.cncf.model.weight.v1.tar"), "is broken"),
    "size": (lambda m, _: m["layers"][0].update(size=1), "another size"),
    "size kind": (lambda m, _: m["layers"][0].update(size="9"), "no size"),
    "digest path": (lambda m, _: m["layers"][0].update(digest="sha256:../../index.json"), "no sound digest"),
    "missing": (lambda m, _: m["layers"][0].update(digest="sha256:" + "0" * 64), "is not there"),
    "artifact": (lambda m, _: m.update(artifactType="application/x"), "is not of"),
    "config": (lambda m, _: m["config"].update(mediaType="application/x"), "the config is not"),
    "no layers": (lambda m, _: m.update(layers=[]), "no layers"),
    "link in a tar": (lambda m, d: tar_layer(m, d, "l", tarfile.SYMTYPE, "/etc"), "is a link"),
    "climbs in a tar": (lambda m, d: tar_layer(m, d, "../x", tarfile.REGTYPE), "no path inside"),
    "over another": (lambda m, d: tar_layer(m, d, "config.json", tarfile.REGTYPE), "stands there twice"),
    "annotated digest": (lambda m, _: m.update(annotations={"tenure.model.digest": "sha256:1"}), "passport names"),
    "damaged": (lambda _, d: edit_bytes(largest(d)), "damaged or was changed"),
    "large manifest": (lambda m, _: m.update(x="y" * (5 << 20)), "larger than 4 MiB"),
}  # fmt: skip


def edit_bytes(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("harm", OCI_HARMS)
def test_an_image_layout_with_one_thing_wrong(tmp_path, good, refused, harm):
    change, word = OCI_HARMS[harm]

    refused(layout_of(good, tmp_path / "layout", change), word)


def vault_of(good, place):
    """A small vault of somebody's, with a model in it as we keep one."""
    files = {f"original/{path.name}": path for path in good.iterdir()}
    said = vault.Addition(files=files, message="m", created="2026-11-21T00:00:00Z")
    vault.commit(LocalStore(str(place)), "urn:tenure:model:tulip@1", said)
    return next(place.rglob("0=ocfl_object_1.1")).parent


def signed_again(inventory, old, new):
    """Change an inventory as somebody does who can compute its sidecar."""
    text = inventory.read_text()
    assert old in text
    for path in (inventory, inventory.with_name("inventory.json.sha512")):
        path.chmod(0o644)
    inventory.write_text(text.replace(old, new))
    digest = hashlib.sha512(inventory.read_bytes()).hexdigest()
    inventory.with_name("inventory.json.sha512").write_text(f"{digest} inventory.json\n")


VAULT_HARMS = {
    "logical path": (lambda o: signed_again(o / "inventory.json", '"original/config.json"', '"../../config.json"'), "refused"),
    "content path": (lambda o: signed_again(o / "inventory.json", '"v1/content/original/config.json"', '"v1/content/../../../../../x"'), "refused"),
    "absolute": (lambda o: signed_again(o / "inventory.json", '"v1/content/original/config.json"', '"/etc/passwd"'), "refused"),
    "another id": (lambda o: signed_again(o / "inventory.json", "tulip@1", "rose@1"), "does not lie where"),
    "no id": (lambda o: signed_again(o / "inventory.json", '"id"', '"di"'), "does not lie where", "sound"),
    "content": (lambda o: replaced(o / "v1/content/original/config.json", b"{}"), "is damaged"),
    "gone": (lambda o: (o / "v1/content/original/config.json").unlink(), "has lost"),
    "a link": (lambda o: linked(o / "v1/content/original/config.json"), "is a link"),
    "noise": (lambda o: replaced(o / "inventory.json", b"\xff{"), "not the JSON", "inventory"),
}  # fmt: skip


def replaced(path, content):
    path.chmod(0o644)
    path.write_bytes(content)


def linked(path):
    path.unlink()
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize("harm", VAULT_HARMS)
def test_a_vault_with_one_thing_wrong(tmp_path, good, refused, harm):
    do, *words = VAULT_HARMS[harm]
    do(vault_of(good, tmp_path / "vault"))

    refused(tmp_path / "vault", *words)
