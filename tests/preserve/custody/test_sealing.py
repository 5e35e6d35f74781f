"""Sealed files: whatever is changed, cut, moved or exchanged does not open; nothing shows through."""

import base64
import hashlib
import io
import os
import random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenure.errors import IntegrityError, TenureError, UsageError
from tenure.preserve.custody.sealing import (
    HEADER,
    RECORD_BYTES,
    STORED_BYTES,
    Opening,
    VaultKey,
    plain_size,
    sealed_size,
    sealing,
)
from tenure.preserve.stores.local import LocalStore
from tenure.preserve.stores.sealed import SealedStore

pytestmark = pytest.mark.slow

KEY = VaultKey(bytes(range(32)))
SALT = b"s" * 32
SIZES = [0, 1, RECORD_BYTES - 1, RECORD_BYTES, RECORD_BYTES + 1, 3 * RECORD_BYTES, 200_000]


def seal(content, path="a/b", key=KEY, salt=SALT):
    return sealing(key, path, salt, io.BytesIO(content)).read()


def unseal(stored, path="a/b", key=KEY):
    opening = Opening(key, path, io.BytesIO(stored))
    if not opening.size:
        opening.check_empty()
        return b""
    return opening.read_range(0, opening.size)


@pytest.mark.parametrize("size", SIZES)
def test_sizes_are_exact_and_content_comes_back(size):
    content = random.Random(size).randbytes(size)
    stored = seal(content)

    assert len(stored) == sealed_size(size)
    assert plain_size(len(stored), "x") == size
    assert unseal(stored) == content


def test_every_part_is_read_alone():
    content = random.Random(1).randbytes(5 * RECORD_BYTES + 77)
    opening = Opening(KEY, "a/b", io.BytesIO(seal(content)))
    dice = random.Random(2)
    for _ in range(40):
        at = dice.randrange(len(content))
        length = dice.randrange(1, len(content) - at + 1)
        assert opening.read_range(at, length) == content[at : at + length]


def test_a_form_that_was_written_once_is_read_for_ever():
    stored = seal(b"the content")

    assert hashlib.sha256(stored).hexdigest() == (
        "3e68a1f14692159ace1117b618e81d90365cd0393a0cd0a91c453536b89377b5"
    )
    assert KEY.hide("v1/content/original/model.safetensors") == (
        "sealed/vv/vvl4t42aibhqq5zp7n5kwvam4563godensieshm5gpl4qtvdifmj747mtry7giz4fbo5mct7y6nu3z3urpgusqtunenvfhivj7xj66odxlmg6umih2cogtiu6v2v5soi"
    )
    assert KEY.fingerprint == "d343-d34e-54ee-85d9-9779-e0fe-b996-2cb4"


def test_every_single_bit_matters():
    content = random.Random(3).randbytes(300)
    stored = seal(content)
    for bit in range(len(stored) * 8):
        broken = bytearray(stored)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(IntegrityError):
            unseal(bytes(broken))


def records(stored):
    body = stored[HEADER.size :]
    return [body[at : at + STORED_BYTES] for at in range(0, len(body), STORED_BYTES)]


CONTENT = random.Random(4).randbytes(3 * RECORD_BYTES + 9)
OTHER = random.Random(5).randbytes(3 * RECORD_BYTES + 9)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s[: HEADER.size + 3 * STORED_BYTES],  # cut at a record
        lambda s: s[: HEADER.size + STORED_BYTES],
        lambda s: s[:-1],
        lambda s: s[: HEADER.size],
        lambda s: s[:10],
        lambda _: b"",
        lambda s: s + b"\0" * 40,
        lambda s: s[: HEADER.size] + b"".join(records(s)[i] for i in (1, 0, 2, 3)),  # order
        lambda s: s[: HEADER.size] + b"".join(records(s)[i] for i in (0, 1, 1, 3)),
        lambda s: s[: HEADER.size] + records(s)[3],  # the last alone
        lambda s: seal(OTHER, salt=b"t" * 32)[: HEADER.size] + b"".join(records(s)),
        lambda s: s[: HEADER.size] + b"".join([records(s)[0], *records(seal(OTHER, "a/c"))[1:]]),
        lambda s: s + s[HEADER.size :],
    ],
)
def test_what_was_cut_moved_or_exchanged_does_not_open(change):
    with pytest.raises(IntegrityError):
        unseal(change(seal(CONTENT)))


def test_a_file_opens_at_its_own_path_and_with_its_own_key_only():
    stored = seal(CONTENT, "a/b")

    with pytest.raises(IntegrityError, match="record 0 does not open"):
        unseal(stored, "a/c")
    with pytest.raises(IntegrityError, match="another key"):
        unseal(stored, "a/b", VaultKey.make())


def test_names_are_hidden_and_found_again():
    paths = ["a", "a/b", "ü/日本", "x" * 200, "/".join(["y" * 100] * 5)]
    names = [KEY.hide(path) for path in paths]

    assert [KEY.show(name) for name in names] == paths
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz234567/") for name in names)
    assert max(len(part) for name in names for part in name.split("/")) <= 200
    assert len({len(KEY.hide("x" * n)) for n in range(1, 32)}) == 1  # not even its length
    for name in ("sealed/aa/aaaa", "sealed/zz", "other/aa", names[1] + "a", names[1].upper()):
        assert KEY.show(name) is None
    assert VaultKey.make().show(names[1]) is None
    with pytest.raises(UsageError, match="takes 540"):
        KEY.hide("/".join(["z" * 200] * 3))


def test_nothing_shows_in_what_lies_below(tmp_path):
    store = SealedStore(KEY, "offsite", LocalStore(str(tmp_path / "copy")))
    secret = b"the weights of tulip " * 20_000
    store.put(
        "v1/content/tulip.safetensors", io.BytesIO(secret), hashlib.sha512(secret).hexdigest()
    )
    with store.lock():
        store.swap("v1/inventory.json", b'{"urn": "tulip"}')

    for path in (tmp_path / "copy").rglob("*"):
        assert "tulip" not in path.name
        if path.is_file():
            assert b"tulip" not in path.read_bytes()
    note = (tmp_path / "copy/SEALED.txt").read_text()
    assert KEY.fingerprint in note
    assert KEY.reveal().hex() not in note
    assert KEY.reveal().hex() not in repr(KEY)


def test_a_copy_sealed_with_another_key_is_not_taken_for_an_empty_one(tmp_path):
    below = LocalStore(str(tmp_path / "copy"))
    first = SealedStore(KEY, "offsite", below)
    first.put("a", io.BytesIO(b"x"), hashlib.sha512(b"x").hexdigest())
    other = SealedStore(VaultKey.make(), "wrong", below)

    for act in (other.list, lambda: other.open("a"), lambda: other.lock().__enter__()):
        with pytest.raises(UsageError, match="sealed with another key"):
            act()
    (tmp_path / "copy/SEALED.txt").chmod(0o644)
    (tmp_path / "copy/SEALED.txt").unlink()
    with pytest.raises(IntegrityError, match="none by the key"):
        other.list()
    assert first.list() == ["a"]


def test_a_pipe_is_sealed_without_a_plain_byte_on_disk(tmp_path):
    store = SealedStore(KEY, "offsite", LocalStore(str(tmp_path / "copy")))
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as target:
        target.write(b"from a pipe")
    with os.fdopen(reading, "rb") as source:
        store.put("key", source, hashlib.sha512(b"from a pipe").hexdigest())

    with store.open("key") as back:
        assert back.read() == b"from a pipe"


def test_random_damage_never_gives_other_bytes(tmp_path):
    content = random.Random(6).randbytes(150_000)
    stored, dice = seal(content), random.Random(7)
    for _ in range(400):
        broken = bytearray(stored)
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(len(broken))
            kind = dice.randrange(3)
            if kind == 0:
                broken[at] ^= 1 + dice.randrange(255)
            elif kind == 1:
                del broken[at : at + dice.randrange(1, 70_000)]
            else:
                broken[at:at] = dice.randbytes(dice.randrange(1, 70_000))
            if not broken:
                break
        if bytes(broken) == stored:
            continue
        with pytest.raises(TenureError):
            unseal(bytes(broken))


def test_what_the_note_says_is_enough_to_open_a_file():
    """Follows SEALED.txt with the library's ciphers and nothing of ours."""

    def derive(info, length, salt=None):
        return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(
            bytes(range(32))
        )

    name, stored = KEY.hide("model.json"), seal(CONTENT, "model.json")
    text = "".join(name.split("/")[2:]).upper()
    siv = AESSIV(derive(b"tenure/sealed/1 names", 64))
    path = siv.decrypt(base64.b32decode(text + "=" * (-len(text) % 8)), None)
    path = path.rstrip(b"\0")[:-1]
    header, body = stored[:64], stored[64:]
    cipher = AESGCM(derive(b"tenure/sealed/1 file\0" + path, 32, header[32:64]))
    opened, pieces = b"", [body[at : at + 65_552] for at in range(0, len(body), 65_552)]
    for number, piece in enumerate(pieces):
        nonce = number.to_bytes(11, "big") + bytes([number == len(pieces) - 1])
        opened += cipher.decrypt(nonce, piece, header)

    assert path == b"model.json"
    assert opened == CONTENT
    assert header[16:32] == derive(b"tenure/sealed/1 fingerprint", 16)
