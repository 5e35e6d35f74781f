"""Weights are signed and checked: the round trip, and every kind of change to files is found."""

import os
import shutil
import tracemalloc
from pathlib import Path

import pytest

from tenure.dossier.oms import GIT, Leave, check_model, hash_files, list_files, sign_model
from tenure.dossier.oms_keys import Trusted
from tenure.errors import IntegrityError, ModelError, UsageError

pytestmark = pytest.mark.slow


@pytest.fixture
def signed(tmp_path, oms):
    """A folder of weights, its signature beside it, and who is trusted."""
    model = oms.folder(tmp_path / "tulip")
    place = tmp_path / "model.sig"
    place.write_bytes(sign_model(model, oms.signer))
    return model, place, Trusted.from_keys(oms.signer.public)


def test_what_was_signed_is_accepted_and_says_by_whom(signed, oms):
    model, place, trusted = signed

    checked = check_model(model, place, trusted)

    assert checked.signer == f"key {oms.signer.fingerprint}"
    assert (checked.files, checked.bytes) == (len(oms.files), sum(map(len, oms.files.values())))
    assert (checked.unsigned, checked.notes) == ((), ())
    assert checked.manifest.subject == "tulip"
    names = [r.path for r in checked.manifest.resources]
    assert names == sorted(oms.files)
    assert names.index("a.txt") < names.index("a/b.bin")  # by code points, not by parts


def test_the_same_weights_and_key_have_the_same_signature_wherever_they_lie(signed, tmp_path, oms):
    model, place, _ = signed
    moved = shutil.copytree(model, tmp_path / "elsewhere" / "tulip")

    assert sign_model(moved, oms.signer) == place.read_bytes()


def test_one_file_alone_is_signed_by_its_name(tmp_path, oms):
    file = oms.folder(tmp_path / "f") / "model.safetensors"
    place = tmp_path / "s.sig"
    place.write_bytes(sign_model(file, oms.signer))
    trusted = Trusted.from_keys(oms.signer.public)

    assert check_model(file, place, trusted).files == 1
    with pytest.raises(IntegrityError, match=r"missing: 'model\.safetensors'; not signed: 'w'"):
        check_model(file.rename(file.with_name("w")), place, trusted)


def test_gits_own_files_and_the_signature_are_not_covered_at_the_top_only(signed, oms):
    model, place, trusted = signed
    oms.folder(model, {".git/HEAD": b"x", ".gitignore": b"x", ".github/ci.yml": b"x"})
    inside = model / "model.sig"
    inside.write_bytes(sign_model(model, oms.signer, signature=inside))

    checked = check_model(model, inside, trusted)
    assert set(checked.manifest.ignore) == {*GIT, "model.sig"}
    assert checked.files == len(oms.files)
    inside.unlink()
    assert check_model(model, place, trusted).files == len(oms.files)
    oms.folder(model, {"a/.gitignore": b"deeper counts"})
    with pytest.raises(IntegrityError, match=r"not signed: 'a/\.gitignore'"):
        check_model(model, place, trusted)


CHANGES = {
    "one bit": (
        lambda m: (m / "config.json").write_bytes(b"{|"),
        r"changed: 'config\.json'",
    ),
    "cut": (lambda m: os.truncate(m / "model.safetensors", 7), r"changed: 'model\.safetensors'"),
    "longer": (
        lambda m: (m / "empty").write_bytes(b"\0"),
        "changed: 'empty'",
    ),
    "extra": (lambda m: (m / "x.py").write_bytes(b""), r"not signed: 'x\.py'"),
    "missing": (lambda m: (m / "empty").unlink(), "missing: 'empty'"),
    "renamed": (
        lambda m: (m / "empty").rename(m / "void"),
        "missing: 'empty'; not signed: 'void'",
    ),
    "case": (lambda m: (m / "empty").rename(m / "Empty"), "missing: 'empty'; not signed: 'Empty'"),
    "swapped": (
        lambda m: (
            (m / "a.txt").rename(m / "t"),
            (m / "empty").rename(m / "a.txt"),
            (m / "t").rename(m / "empty"),
        ),
        r"changed: 'a\.txt', 'empty'",
    ),
    "gone": (lambda m: shutil.rmtree(m / "a"), r"missing: 'a/\.hidden', 'a/b\.bin'"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_to_the_files_is_found_and_named(signed, change):
    model, place, trusted = signed
    act, expected = CHANGES[change]
    act(model)

    with pytest.raises(IntegrityError, match=f"{expected}.*do not load them"):
        check_model(model, place, trusted)


def test_a_signature_file_of_any_size_is_not_read_whole(signed):
    model, place, trusted = signed
    os.truncate(place, 1 << 40)
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError, match="expected <="):
            check_model(model, place, trusted)
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()


def test_many_changes_are_counted_not_listed(signed, oms):
    model, place, trusted = signed
    oms.folder(model, {f"x{n}": b"" for n in range(9)})

    with pytest.raises(IntegrityError, match="'x0', 'x1', 'x2', 'x3', 'x4' and 4 more"):
        check_model(model, place, trusted)
    allowed = check_model(model, place, trusted, Leave(unsigned=True))
    assert allowed.unsigned == tuple(f"x{n}" for n in range(9))
    ignored = Leave(ignore=tuple(f"x{n}" for n in range(9)))
    assert check_model(model, place, trusted, ignored).unsigned == ()


@pytest.mark.parametrize("target", ["config.json", "a", "/nonexistent", "."])
def test_a_symbolic_link_is_refused_when_signing_and_when_checking(signed, oms, target):
    model, place, trusted = signed
    (model / "link").symlink_to(target)

    with pytest.raises(ModelError, match=r"link' is a symbolic link.*cp -rL"):
        sign_model(model, oms.signer)
    with pytest.raises(ModelError, match="symbolic link"):
        check_model(model, place, trusted)


def test_a_file_replaced_by_a_link_to_the_same_bytes_is_refused(signed, tmp_path):
    model, place, trusted = signed
    (model / "config.json").rename(tmp_path / "moved")
    (model / "config.json").symlink_to(tmp_path / "moved")

    with pytest.raises(ModelError, match="symbolic link"):
        check_model(model, place, trusted)


def test_what_is_neither_file_nor_folder_is_refused_without_waiting_for_it(signed):
    model, place, trusted = signed
    os.mkfifo(model / "pipe")

    with pytest.raises(ModelError, match="pipe' is neither a file nor a folder"):
        check_model(model, place, trusted)


def test_a_file_that_becomes_a_link_after_it_was_listed_is_refused(signed, tmp_path):
    model, _, _ = signed
    listing = list_files(model)
    (model / "config.json").unlink()
    (model / "config.json").symlink_to("a.txt")

    with pytest.raises(ModelError, match=r"config\.json' cannot be read"):
        hash_files(listing)


def test_a_file_that_becomes_a_pipe_after_it_was_listed_is_refused(signed):
    listing = list_files(signed[0])
    (signed[0] / "config.json").unlink()
    os.mkfifo(signed[0] / "config.json")

    with pytest.raises(ModelError, match="is no longer a file"):
        hash_files(listing)


def test_an_empty_or_absent_model_and_a_name_that_is_not_utf8_are_refused(tmp_path, oms):
    (tmp_path / "m").mkdir()
    with pytest.raises(ModelError, match="holds no file"):
        sign_model(tmp_path / "m", oms.signer)
    with pytest.raises(ModelError, match="nothing at"):
        sign_model(tmp_path / "absent", oms.signer)
    (tmp_path / "m" / os.fsdecode(b"\xff")).write_bytes(b"x")
    with pytest.raises(ModelError, match="not a name in UTF-8; rename it"):
        sign_model(tmp_path / "m", oms.signer)


def test_links_are_followed_to_files_only_where_the_signer_said_so(signed, tmp_path, oms):
    model, place, trusted = signed
    whole, statement = oms.opened(place.read_bytes())
    statement["predicate"]["serialization"]["allow_symlinks"] = True
    place.write_bytes(oms.closed(whole, statement, oms.signer))
    (model / "config.json").rename(tmp_path / "moved")
    (model / "config.json").symlink_to(tmp_path / "moved")

    assert check_model(model, place, trusted).files == len(oms.files)
    (tmp_path / "moved").write_bytes(b"[]")
    with pytest.raises(IntegrityError, match=r"changed: 'config\.json'"):
        check_model(model, place, trusted)
    for target in ("a", "/dev/zero", "nothing"):
        (model / "config.json").unlink()
        (model / "config.json").symlink_to(target)
        with pytest.raises(ModelError, match="does not lead to a file"):
            check_model(model, place, trusted)


def test_what_is_left_out_is_said(signed, oms):
    model, place, trusted = signed
    oms.folder(model, {".github/evil.py": b"x", "cache/x": b"x"})

    checked = check_model(model, place, trusted, Leave(ignore=("cache/",)))

    assert checked.notes == ("left out by the signer, by you or as git's own: '.github', 'cache'",)


def test_a_folder_as_deep_as_a_path_is_long_is_walked(signed, oms):
    model, place, trusted = signed
    deepest = str(model)
    for _ in range(1500):
        deepest += "/d"
        os.mkdir(deepest)  # noqa: PTH102 - Path.mkdir and makedirs recurse
    try:
        check_model(model, place, trusted)
        Path(deepest, "x").write_bytes(b"x")
        with pytest.raises(IntegrityError, match=r"not signed: 'd/d/.*\.\.\."):
            check_model(model, place, trusted)
    finally:
        Path(deepest, "x").unlink()
        while deepest != str(model):
            os.rmdir(deepest)  # noqa: PTH106 - the same
            deepest = deepest.removesuffix("/d")


def test_a_hostile_name_cannot_speak_to_the_terminal(signed, oms):
    model, place, trusted = signed
    oms.folder(model, {"\x1b[2Jall is well\n": b"x"})

    with pytest.raises(IntegrityError) as refused:
        check_model(model, place, trusted)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("path", ["../x", "/etc", "*.bin", "a//b", ""])
def test_a_path_to_ignore_must_lie_inside_and_be_no_pattern(signed, oms, path):
    with pytest.raises(UsageError, match="cannot be ignored"):
        sign_model(signed[0], oms.signer, ignore=[path])


def test_a_large_file_is_never_whole_in_memory(tmp_path, oms):
    big = tmp_path / "m" / "big"
    big.parent.mkdir()
    with big.open("wb") as file:
        file.truncate(200 << 20)
    tracemalloc.start()
    try:
        sign_model(big.parent, oms.signer)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
