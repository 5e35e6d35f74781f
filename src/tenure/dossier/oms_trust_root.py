"""Whom Sigstore's keyless signatures rest on: certificate authorities and logs, from a file you name.

The file is a ``trusted_root.json`` of Sigstore (protobuf-specs, ``sigstore_trustroot.proto``, version
0.1 or 0.2), or a client trust configuration that holds one. It is believed as it stands: get it the
way Sigstore hands it out, never from beside the weights.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tenure.dossier.envelope import strict_json
from tenure.errors import IntegrityError, UsageError

_KIND = "application/vnd.dev.sigstore.trustedroot"
_CONFIGURATION = "application/vnd.dev.sigstore.clienttrustconfig"
_LARGEST = 4 << 20  # bytes
_ECDSA = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}
LogKey = ec.EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when something counts, both included; None where that is open."""

    start: datetime | None
    end: datetime | None

    def covers(self, at: datetime) -> bool:
        """Say whether a time lies in it."""
        return (self.start is None or self.start <= at) and (self.end is None or at <= self.end)


@dataclass(frozen=True, slots=True)
class SigningLog:
    """A log (of entries, or of certificates) by the id that its signatures carry (32 bytes)."""

    id: bytes
    key: LogKey
    span: Span

    def fits(self, signature: bytes, message: bytes, algorithm: hashes.HashAlgorithm | None = None) -> bool:  # fmt: skip
        """Say whether this log signed; ``algorithm`` None is the one that goes with the key."""
        key = self.key
        try:
            if isinstance(key, Ed25519PublicKey):
                key.verify(signature, message)
            elif isinstance(key, RSAPublicKey):
                key.verify(signature, message, padding.PKCS1v15(), algorithm or hashes.SHA256())
            else:
                key.verify(signature, message, ec.ECDSA(algorithm or _ECDSA[key.curve.name]))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues certificates: the root, and what lies between it and a leaf."""

    root: x509.Certificate
    between: tuple[x509.Certificate, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """What a trusted root holds: authorities, logs of entries by id, logs of certificates by id."""

    authorities: tuple[Authority, ...]
    entries: dict[bytes, SigningLog]
    certificates: dict[bytes, SigningLog]


@dataclass(frozen=True, slots=True)
class Keyless:
    """Whom to believe without a key: an identity, as this issuer vouches for it, under a root."""

    root: TrustRoot
    identity: str
    issuer: str


def read_trust_root(path: Path) -> TrustRoot:
    """Read a trusted root.

    Raises:
        UsageError: there is none, or it is not one, or holds no authority or no log of entries.
    """
    try:
        with path.open("rb") as file:
            return _read(strict_json(file.read(_LARGEST)))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a trusted_root.json") from None  # fmt: skip
    except (IntegrityError, UnsupportedAlgorithm, ValueError, KeyError, TypeError, AttributeError) as error:  # fmt: skip
        raise UsageError(
            f"{path} is not a trusted root of Sigstore ({type(error).__name__}: {error}); expected its "
            "trusted_root.json, which Sigstore's own clients keep and 'cosign trusted-root' writes"
        ) from None


def _read(whole: dict[str, Any]) -> TrustRoot:
    if str(whole["mediaType"]).startswith(_CONFIGURATION):
        whole = whole["trustedRoot"]
    if not str(whole["mediaType"]).startswith(_KIND):
        raise ValueError(f"its type is {str(whole['mediaType'])[:100]!r}")
    found = TrustRoot(
        tuple(_authority(each) for each in whole["certificateAuthorities"]),
        _logs(whole["tlogs"]),
        _logs(whole.get("ctlogs", [])),
    )
    if not found.authorities or not found.entries:
        raise ValueError("it names no certificate authority, or no log of entries")
    return found


def _authority(told: dict[str, Any]) -> Authority:
    chain = [
        x509.load_der_x509_certificate(decoded(each["rawBytes"]))
        for each in told["certChain"]["certificates"]
    ]
    *between, root = chain
    return Authority(root, tuple(between), _span(told.get("validFor", {})))


def _logs(told: list[dict[str, Any]]) -> dict[bytes, SigningLog]:
    found: dict[bytes, SigningLog] = {}
    for each in told:
        name, held = decoded(each["logId"]["keyId"]), each["publicKey"]
        key = load_der_public_key(decoded(held["rawBytes"]))
        known = not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name in _ECDSA
        if not isinstance(key, LogKey) or not known:
            continue  # a log of another kind signs nothing that is believed here
        if name in found or len(name) < 4:
            raise ValueError("a log is named twice, or its name is too short")
        found[name] = SigningLog(name, key, _span(held.get("validFor", {})))
    return found


def _span(told: dict[str, Any]) -> Span:
    return Span(_time(told.get("start")), _time(told.get("end")))


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def decoded(text: object) -> bytes:
    """Read standard base64.

    Raises:
        ValueError: it is not, or is empty.
    """
    if not isinstance(text, str) or not text:
        raise ValueError("a field that should be base64 is empty")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("a field that should be base64 is damaged") from None
