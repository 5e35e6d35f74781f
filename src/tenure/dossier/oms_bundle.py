"""A signature file: a Sigstore bundle v0.3 around a DSSE envelope, written and read strictly.

Source: OpenSSF Model Signing specification v1.0, sections 4, 8.1, 8.2 and 11; DSSE v1.0. The parts
of a bundle outside the envelope are not signed: they say where to look for a key, never whom to
believe.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from cryptography.hazmat.primitives.serialization import Encoding

from tenure.dossier.envelope import PAYLOAD_TYPE, pae, strict_json
from tenure.dossier.oms_keyless import check_keyless
from tenure.dossier.oms_keys import Trusted, WeightsKey, fits, fits_v0_2, hint_of, vouched_key
from tenure.dossier.oms_manifest import PREDICATE_0_2, Manifest, read_manifest, shown
from tenure.errors import IntegrityError, UsageError

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
LARGEST = 64 << 20  # bytes of a signature file; about 300,000 files
_LONGEST_CHAIN = 16
_MATERIAL = ("publicKey", "x509CertificateChain", "certificate")
_AGAIN = "get the signature file again from where the weights came from"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A signature file taken apart, nothing of it checked yet."""

    payload: bytes
    signature: bytes
    method: Literal["key", "certificate", "keyless"]
    hint: str | None = None
    chain: tuple[bytes, ...] = ()
    entries: Sequence[Any] = ()  # of Sigstore's log


@dataclass(frozen=True, slots=True)
class Signed:
    """A manifest whose signature was checked, and who made it."""

    manifest: Manifest
    signer: str
    note: str | None = None


def write_bundle(payload: bytes, key: WeightsKey) -> bytes:
    """Sign a statement and return the signature file's bytes."""
    material: dict[str, Any] = {"publicKey": {"hint": hint_of(key.public)}}
    if key.chain:
        held = [{"rawBytes": _base64(each.public_bytes(Encoding.DER))} for each in key.chain]
        material = {"x509CertificateChain": {"certificates": held}}
    envelope = {
        "payload": _base64(payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": _base64(key.sign(pae(payload))), "keyid": ""}],
    }
    whole: dict[str, Any] = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {**material, "tlogEntries": []},
        "dsseEnvelope": envelope,
    }
    return json.dumps(whole, indent=1).encode() + b"\n"


def check_bundle(data: bytes, trusted: Trusted) -> Signed:
    """Check a signature file against whom you trust, and read the manifest it signs.

    Raises:
        IntegrityError: it is damaged, is not signed by somebody trusted, or its manifest is not
            what OMS v1.0 asks for.
        UsageError: it needs another kind of trust: a certificate, a key, or a Sigstore's root.
    """
    bundle = read_bundle(data)
    if bundle.method == "keyless":
        return _keyless(bundle, trusted)
    if bundle.method == "certificate":
        public, name = vouched_key(bundle.chain, _asked(trusted, "certificate"))
        candidates, signer = [public], f"certificate {name}"
    else:
        candidates, signer = _candidates(bundle, _asked(trusted, "key")), "key"
    message = pae(bundle.payload)
    for public in candidates:
        new = fits(public, bundle.signature, message)
        if not new and not fits_v0_2(public, bundle.signature, _pae_0_2(bundle.payload)):
            continue
        manifest = read_manifest(bundle.payload)
        if not new and manifest.predicate != PREDICATE_0_2:
            break
        who = signer if bundle.method == "certificate" else f"key sha256:{hint_of(public)}"
        return Signed(manifest, who, _note(manifest, bundle))
    raise IntegrityError(
        "the signature is not one of the trusted key over this manifest: it was changed, or somebody "
        f"else signed; {_AGAIN}, and the key from its owner"
    )


def _keyless(bundle: Bundle, trusted: Trusted) -> Signed:
    if trusted.keyless is None:
        raise UsageError(
            "these weights are signed with Sigstore's keyless method; name its trusted root, who you "
            "believe signed, and who vouches for them: --trust-root trusted_root.json --identity NAME "
            "--issuer URL"
        )
    signed = (bundle.payload, bundle.signature)
    vouched = check_keyless(bundle.chain[0], bundle.entries, signed, trusted.keyless)
    if not fits(vouched.public, bundle.signature, pae(bundle.payload)):
        raise IntegrityError(
            f"the signature is not by the certificate's key over this manifest; {_AGAIN}"
        )
    manifest = read_manifest(bundle.payload)
    older = _note(manifest, bundle)
    return Signed(manifest, vouched.signer, f"{vouched.note}; {older}" if older else vouched.note)


def _asked(trusted: Trusted, method: str) -> Trusted:
    given = trusted.roots if method == "certificate" else trusted.keys
    if not given:
        what = "--certificate ROOT.pem" if method == "certificate" else "--key PUBLIC.pem"
        raise UsageError(f"these weights are signed by a {method}; say whom to trust with {what}")
    return trusted


def _candidates(bundle: Bundle, trusted: Trusted) -> list[Any]:
    if bundle.hint is None:  # before model-signing 1.1
        return list(trusted.keys.values())
    if bundle.hint not in trusted.keys:
        known = ", ".join(f"sha256:{each}" for each in trusted.keys)
        raise IntegrityError(
            f"signed by the key {shown(bundle.hint)}, not by one you trust ({known}); "
            "get the signer's key from the signer, never from beside the weights"
        )
    return [trusted.keys[bundle.hint]]


def _note(manifest: Manifest, bundle: Bundle) -> str | None:
    if manifest.predicate == PREDICATE_0_2:
        return "written by model-signing 0.2: deprecated; ask for a signature of OMS v1.0"
    if bundle.method == "key" and bundle.hint is None:
        return "written before model-signing 1.1: it names no key"
    return None


def _pae_0_2(payload: bytes) -> bytes:
    """What model-signing 0.2 signed by mistake: Python's spelling of the bytes."""
    return f"DSSEV1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} {payload!r}".encode()


def read_bundle(data: bytes) -> Bundle:
    """Take a signature file apart.

    Raises:
        IntegrityError: it is too large, cut, ambiguous (a key written twice, two signatures, two
            kinds of proof), or not a Sigstore bundle with a DSSE envelope.
    """
    if len(data) > LARGEST:
        raise IntegrityError(f"the signature file has {len(data)} bytes; expected <= {LARGEST}")
    try:
        whole = strict_json(data)
    except IntegrityError as error:
        raise IntegrityError(f"the signature file is cut or damaged ({error}); {_AGAIN}") from None
    try:
        _need(
            set(whole) == {"mediaType", "verificationMaterial", "dsseEnvelope"},
            "it has not exactly mediaType, verificationMaterial and dsseEnvelope",
        )
        _need(whole["mediaType"] == MEDIA_TYPE, f"its type is {shown(whole['mediaType'])}")
        payload, signature = _envelope(whole["dsseEnvelope"])
        return _with_material(whole["verificationMaterial"], payload, signature)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise IntegrityError(
            f"the signature file is not a Sigstore bundle of OMS v1.0; {_AGAIN}"
        ) from None


def _need(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise IntegrityError(f"the signature file is not a bundle of OMS v1.0: {what}; {_AGAIN}")


def _envelope(envelope: dict[str, Any]) -> tuple[bytes, bytes]:
    _need(
        set(envelope) == {"payload", "payloadType", "signatures"},
        "its envelope has not exactly payload, payloadType and signatures",
    )
    _need(envelope["payloadType"] == PAYLOAD_TYPE, f"it signs a {shown(envelope['payloadType'])}")
    signatures: list[dict[str, Any]] = envelope["signatures"]
    one = type(signatures) is list and len(signatures) == 1
    _need(one, "it has not exactly one signature")
    signature = signatures[0]
    _need(set(signature) <= {"sig", "keyid"}, "its signature has other fields than sig and keyid")
    keyid = signature.get("keyid")  # absent, null or text: says nothing (4.1)
    _need(keyid is None or isinstance(keyid, str), "its keyid is not text")
    return _bytes(envelope["payload"]), _bytes(signature["sig"])


def _with_material(material: dict[str, Any], payload: bytes, signature: bytes) -> Bundle:
    given = [kind for kind in _MATERIAL if kind in material]
    _need(len(given) == 1, "it has not exactly one of a key, a chain and a certificate")
    if given == ["certificate"]:
        leaf = _bytes(material["certificate"]["rawBytes"])
        entries = cast("list[Any]", material["tlogEntries"])
        stamps = material.get("timestampVerificationData")  # of RFC 3161: not read
        whole = set(material) <= {"certificate", "tlogEntries", "timestampVerificationData"}
        whole = whole and type(entries) is list and isinstance(stamps, dict | None)
        _need(whole, "beside its certificate are not exactly entries of a log and timestamps")
        return Bundle(payload, signature, "keyless", chain=(leaf,), entries=tuple(entries))
    if given == ["x509CertificateChain"]:
        chain = tuple(
            _bytes(c["rawBytes"]) for c in material["x509CertificateChain"]["certificates"]
        )
        _need(0 < len(chain) <= _LONGEST_CHAIN, f"its chain has {len(chain)} certificates")
        return Bundle(payload, signature, "certificate", chain=chain)
    key = material["publicKey"]
    hint = key.get("hint")
    _need(isinstance(hint, str) or "rawBytes" in key, "it names no key")
    return Bundle(payload, signature, "key", hint=cast("str | None", hint) or None)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: Any) -> bytes:
    _need(isinstance(text, str) and text != "", "a field that should be base64 is empty")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise IntegrityError(f"the signature file has damaged base64; {_AGAIN}") from None
