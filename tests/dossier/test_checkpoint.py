"""Checkpoints against the published signed-note example, and against every changed byte."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tenure.dossier.checkpoint import Checkpoint, key_hash, parse, verifier_key
from tenure.dossier.keys import Signer, signature_fits
from tenure.errors import IntegrityError

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
SIGNER = Signer("operator", PRIVATE.public_key().public_bytes_raw(), PRIVATE)
NOTE = Checkpoint("tenure/0123", 5, bytes(range(32))).sign(SIGNER)


def test_the_published_note_verifies_under_its_published_key():
    name, hashed, encoded = [
        "PeterNeumann",
        "c74f20a3",
        "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ]
    public = base64.b64decode(encoded)[1:]
    text = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )

    assert key_hash(name, public).hex() == hashed == signature[:4].hex()
    assert signature_fits(public, signature[4:], text)
    assert verifier_key(name, public).endswith(encoded)


def test_a_checkpoint_is_read_as_it_was_written():
    found = parse(NOTE)

    assert (found.origin, found.size, found.root) == ("tenure/0123", 5, bytes(range(32)))
    assert found.signed_by(SIGNER.public)
    assert found.signer_among([bytes(32), SIGNER.public]) == SIGNER.fingerprint


def test_another_key_did_not_sign_it():
    other = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key().public_bytes_raw()

    assert not parse(NOTE).signed_by(other)


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 127))
def test_no_character_can_change_unnoticed(place, by):
    changed = NOTE[:place] + chr(ord(NOTE[place]) ^ by) + NOTE[place + 1 :]

    try:
        found = parse(changed)
    except IntegrityError:
        return
    assert not found.signed_by(SIGNER.public)


@pytest.mark.parametrize(
    "wrong", ["", "\n\n", "a\nb\nc\n\nd\n", NOTE[:-1], NOTE + "\n", NOTE.replace("\n5\n", "\n05\n"), "x\n1\n\n\n— x y\n"]
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(wrong):
    with pytest.raises(IntegrityError, match="not a checkpoint"):
        parse(wrong)
