"""An event as bytes and back; no other bytes are accepted for it."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.dossier import Event, canonical, digest
from tenure.dossier.envelope import LARGEST, pae, seal, strict_json, unseal, unwrap, wrap
from tenure.dossier.keys import Signer
from tenure.dossier.upcast import upcast
from tenure.errors import IntegrityError, UsageError

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
SIGNER = Signer("operator", PRIVATE.public_key().public_bytes_raw(), PRIVATE)
SUBJECT = digest(b"a model")

numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
bodies = st.dictionaries(st.text(max_size=8), values, max_size=4)


def event(body, **more):
    whole = {
        "act": "note",
        "name": "x",
        "model": "m@1",
        "subject": SUBJECT,
        "time": "2026-11-21T00:00:00Z",
    }
    return Event(**{**whole, "actor": "operator", "body": body, **more})


def entry(body=None):
    return seal(event({"a": 1} if body is None else body), SIGNER, log="tenure/x", index=7)


ENTRY = entry()


@settings(max_examples=30)
@given(bodies)
def test_what_was_sealed_is_read_back(body):
    sealed = entry(body)
    found = unseal(sealed)

    assert found.body == json.loads(canonical(body))
    assert (found.index, found.subject, found.key) == (7, SUBJECT, SIGNER.fingerprint)
    assert found.digest == digest(sealed)
    assert unwrap(sealed).signed_by(SIGNER.public)


@given(st.integers(0, len(ENTRY) - 1), st.integers(1, 255))
def test_no_bit_of_an_entry_can_change_unnoticed(place, by):
    changed = bytearray(ENTRY)
    changed[place] ^= by

    try:
        sealed = unwrap(bytes(changed))
    except IntegrityError:
        return
    assert sealed.keyid != SIGNER.fingerprint or not sealed.signed_by(SIGNER.public)


def test_the_envelope_is_dsse_and_the_payload_an_intoto_statement():
    whole = json.loads(ENTRY)
    statement = json.loads(base64.b64decode(whole["payload"]))

    assert set(whole) == {"payload", "payloadType", "signatures"}
    assert canonical(whole) == ENTRY
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "urn:tenure:event:v1"
    assert statement["subject"] == [{"name": "m@1", "digest": {"sha256": SUBJECT[7:]}}]
    PRIVATE.public_key().verify(
        base64.b64decode(whole["signatures"][0]["sig"]),
        b"DSSEv1 28 application/vnd.in-toto+json %d " % len(canonical(statement))
        + canonical(statement),
    )


def test_the_encoding_before_signing_is_the_one_of_the_specification():
    assert pae(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


def resealed(payload):
    return wrap(payload, SIGNER.fingerprint, SIGNER.sign(pae(payload)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"act":"note"', b'"act":"note","act":"fact"'),
        (b'"act":"note"', b'"act":"dance"'),
        (b'"body":{"a":1}', b'"body":[1]'),
        (b'"body":{"a":1}', b'"body":{"a":NaN}'),
        (b'"body":{"a":1}', b'"body":{"a":1},"more":2'),
        (b'"body":{"a":1}', b'"body":{"a":' + b"[" * 9000 + b"]" * 9000 + b"}"),
        (b'"schema":1', b'"schema":99'),
        (b'"name":"x"', b'"name":5'),
        (b"Statement/v1", b"Statement/v2"),
        (b'"name":"m@1"}]', b'"name":"other@1"}]'),
    ],
    ids=lambda part: part[:24].decode(),
)
def test_a_signed_payload_of_another_shape_is_refused(old, new):
    payload = unwrap(ENTRY).payload
    assert old in payload

    with pytest.raises(IntegrityError):
        unseal(resealed(payload.replace(old, new)))


def test_an_event_too_large_for_the_log_is_refused_with_the_remedy():
    with pytest.raises(UsageError, match=r"emit\.file"):
        entry({"long": "x" * LARGEST})
    with pytest.raises(IntegrityError, match="bytes; the log takes"):
        unwrap(b"x" * (LARGEST + 1))


@pytest.mark.parametrize("wrong", [b'{"a":1,"a":2}', b"\xff", b"{", b'"\\ud800', b"[" * 100_000])
def test_json_that_two_readers_could_read_differently_is_refused(wrong):
    with pytest.raises(IntegrityError, match="not the JSON we write"):
        strict_json(wrong)


def test_an_event_of_a_newer_schema_says_so():
    with pytest.raises(IntegrityError, match="install a newer one"):
        upcast({"schema": 2})
