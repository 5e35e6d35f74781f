"""Tars and zips made by somebody hostile: a clear error, nothing written outside, nothing registered."""

import gzip
import io
import os
import random
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from tenure.dossier import Dossier
from tenure.errors import TenureError
from tenure.preserve.exchange import unpacking
from tenure.preserve.exchange.arriving import Wanted, arrive

pytestmark = pytest.mark.slow


def tar_with(path, good, *members, mode="w"):
    """Write a tar of a good model and of (name, type, link or content) beside it."""
    with tarfile.open(path, mode) as opened:
        for each in sorted(good.iterdir()):
            opened.add(each, f"tulip/{each.name}")
        for name, kind, what in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(what)
                opened.addfile(info, io.BytesIO(what))
            else:
                info.linkname = what
                opened.addfile(info)
    return path


R = tarfile.REGTYPE


@pytest.mark.parametrize(
    ("name", "kind", "what"),
    [
        ("../out.txt", R, b"x"),
        ("tulip/../../../secret", R, b"x"),
        ("/tmp/tenure-out.txt", R, b"x"),
        ("tulip\\..\\out", R, b"x"),
        ("tulip/a\nb", R, b"x"),
        ("C:/x", R, b"x"),
        ("tulip/" + "d/" * 600 + "x", R, b"x"),
        ("tulip/link", tarfile.SYMTYPE, "/etc/passwd"),
        ("tulip/link", tarfile.SYMTYPE, "config.json"),
        ("tulip/link", tarfile.LNKTYPE, "tulip/config.json"),
        ("tulip/link", tarfile.LNKTYPE, "/etc/passwd"),
        ("tulip/null", tarfile.CHRTYPE, ""),
        ("tulip/disk", tarfile.BLKTYPE, ""),
        ("tulip/pipe", tarfile.FIFOTYPE, ""),
        ("tulip/config.json", R, b"{}"),  # twice
        ("tulip", R, b"a file where a folder is"),
        ("tulip/config.json/x", R, b"x"),
    ],
)
def test_a_tar_with_one_bad_member(tmp_path, good, refused, name, kind, what):
    refused(tar_with(tmp_path / "t.tar", good, (name, kind, what)), "nothing was imported")
    assert not Path("/tmp/tenure-out.txt").exists()


def test_a_link_first_and_then_a_file_through_it(tmp_path, good, refused):
    path = tmp_path / "t.tar.gz"
    members = [("tulip/dir", tarfile.SYMTYPE, "../../.."), ("tulip/dir/secret", R, b"x")]
    refused(tar_with(path, good, *members, mode="w:gz"), "is a link")


def test_tars_that_lie_or_grow(tmp_path, good, refused, monkeypatch):
    whole = tar_with(tmp_path / "whole.tar", good).read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:20_000])
    refused(tmp_path / "cut.tar", "nothing was imported")
    (tmp_path / "cut.tar.gz").write_bytes(gzip.compress(whole)[:9000])
    refused(tmp_path / "cut.tar.gz", "is broken")
    (tmp_path / "noise.tar").write_bytes(os.urandom(40_000))
    refused(tmp_path / "noise.tar", "is broken")
    header = tarfile.TarInfo("tulip/model.safetensors")
    header.size = 1 << 60  # says it is larger than any disk
    (tmp_path / "huge.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + whole)
    refused(tmp_path / "huge.tar", "more than is free")
    monkeypatch.setattr(unpacking, "GRACE_BYTES", 1 << 20)
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as opened:
        info = tarfile.TarInfo("tulip/zeros")
        info.size = 60 << 20
        opened.addfile(info, io.BytesIO(bytes(info.size)))
    refused(tmp_path / "bomb.tar.gz", "grows more than")
    pax = tarfile.TarInfo("x")
    pax.type, pax.size = tarfile.XHDTYPE, 40 << 20  # a header of 40 MiB
    (tmp_path / "pax.tar.gz").write_bytes(gzip.compress(pax.tobuf() + bytes(40 << 20)))
    refused(tmp_path / "pax.tar.gz", "absurdly long")


def zipped(path, good, *extra):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for each in sorted(good.iterdir()):
            opened.write(each, f"tulip/{each.name}")
        for entry, content in extra:
            opened.writestr(entry, content)
    return path


def odd_entry(name, mode):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        "../out.txt",
        "/tmp/tenure-out.txt",
        "tulip/../../x",
        "tulip\\..\\x",
        odd_entry("tulip/link", stat.S_IFLNK | 0o777),
        odd_entry("tulip/device", stat.S_IFCHR | 0o600),
        odd_entry("tulip/pipe", stat.S_IFIFO | 0o600),
        "tulip/config.json/x",
        "tulip",
    ],
)
def test_a_zip_with_one_bad_entry(tmp_path, good, refused, entry):
    refused(zipped(tmp_path / "t.zip", good, (entry, b"/etc/passwd")), "nothing was imported")
    assert not Path("/tmp/tenure-out.txt").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_zips_that_lie_or_grow(tmp_path, good, refused, monkeypatch):
    refused(zipped(tmp_path / "twice.zip", good, ("tulip/config.json", b"{}")), "twice")
    whole = zipped(tmp_path / "whole.zip", good).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    refused(tmp_path / "cut.zip", "is broken")
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(flipped)
    refused(tmp_path / "flipped.zip", "is broken", "differs", "nothing was imported")
    plain = tmp_path / "lies.zip"
    with zipfile.ZipFile(plain, "w") as opened:
        opened.writestr("tulip/w", b"w" * 3000)
    data = plain.read_bytes()
    for said in (10, 3001, 1 << 31):  # the size in the central directory
        at = data.rindex(b"PK\1\2") + 24
        plain.write_bytes(data[:at] + struct.pack("<I", said) + data[at + 4 :])
        refused(plain, "nothing was imported")
    at = data.rindex(b"PK\1\2") + 8
    plain.write_bytes(data[:at] + b"\1\0" + data[at + 2 :])
    refused(plain, "is encrypted")
    monkeypatch.setattr(unpacking, "GRACE_BYTES", 1 << 20)
    refused(
        zipped(tmp_path / "bomb.zip", good, ("tulip/zeros", bytes(50 << 20))), "grows more than"
    )


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_noise_in_an_archive_is_an_error_of_ours_or_does_not_matter(tmp_path, good, kind):
    if kind == "zip":
        whole = zipped(tmp_path / "whole.zip", good).read_bytes()
    else:
        mode = "w:gz" if "gz" in kind else "w"
        whole = tar_with(tmp_path / f"whole.{kind}", good, mode=mode).read_bytes()
    dice, path, wrong = random.Random(20261121), tmp_path / f"noise.{kind}", 0
    ends = [*range(0, len(whole), 512)] if kind == "tar" else [len(whole) - 600, 0]
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        arrive(opened, tmp_path / f"whole.{kind}", Wanted(name="tulip"))
        (true,) = opened.view().models()
        for number in range(30):
            broken = bytearray(whole)
            for _ in range(dice.randrange(1, 4)):
                at = min(dice.choice(ends) + dice.randrange(512), len(broken) - 1)
                broken[at] = dice.randrange(256)
            path.write_bytes(broken)
            try:
                arrive(opened, path, Wanted(name=f"noise-{number}"))
            except TenureError:
                wrong += 1
        others = [m for m in opened.view().models() if m.digest != true.digest]

    assert wrong > (0 if kind == "tar" else 10)
    # A tar has no check sums of content: what was changed inside a file is another model's file.
    assert kind == "tar" or not others
