"""Files by their content: whole, durable, read-only, and never outside their folder."""

import stat

import pytest

from tenure.dossier import digest
from tenure.dossier.files import Files, is_plain_name
from tenure.errors import IntegrityError, UsageError


def test_content_comes_back_by_its_digest_however_it_was_given(tmp_path):
    files = Files(tmp_path)
    (tmp_path / "big").write_bytes(b"x" * 3_000_000)

    assert files.read(files.put(b"bytes")) == b"bytes"
    assert files.read(files.put("tëxt")) == "tëxt".encode()
    assert files.put(tmp_path / "big") == digest(b"x" * 3_000_000)


def test_a_stored_file_is_read_only_and_lies_under_its_digest(tmp_path):
    files = Files(tmp_path)
    place = files.path(files.put(b"abc"))

    assert stat.S_IMODE(place.stat().st_mode) == 0o444
    assert place.parent.name == place.name[:2]
    assert place.parent.parent == tmp_path / "files" / "sha256"


def test_storing_twice_keeps_one_and_leaves_nothing_behind(tmp_path):
    files = Files(tmp_path)

    assert files.put(b"abc") == files.put(b"abc")
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 1


def test_storing_again_heals_a_damaged_file(tmp_path):
    files = Files(tmp_path)
    found = files.put(b"abc")
    place = files.path(found)
    place.chmod(0o644)
    place.write_bytes(b"abX")
    with pytest.raises(IntegrityError, match="was changed"):
        files.read(found)

    files.put(b"abc")

    assert files.read(found) == b"abc"


def test_a_missing_file_and_a_wrong_name_say_so(tmp_path):
    files = Files(tmp_path)

    with pytest.raises(IntegrityError, match="is missing"):
        files.path(digest(b"never stored"))
    for wrong in ("../../etc/passwd", "sha256:" + "A" * 64, "sha256:" + "a" * 63, ""):
        with pytest.raises(UsageError, match="is not a digest"):
            files.place(wrong)


@pytest.mark.parametrize("name", ["a", "a/b.json", "with space", "ü", ".hidden", "a..b"])
def test_plain_names(name):
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "..", "a/../b", "a\\b", "C:x", "a//b", "./a", "a/", "a\0b", "a\nb", 5, "x" * 2000]
)  # fmt: skip
def test_names_that_lead_elsewhere(name):
    assert not is_plain_name(name)
