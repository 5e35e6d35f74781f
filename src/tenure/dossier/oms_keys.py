"""Who signed weights: an ECDSA key that stands for itself, or one that certificates vouch for.

OMS v1.0 knows no Ed25519, the signature of our events, so weights have a key of their own: P-256,
beside the roles' keys. Signatures of P-384 and P-521 keys are checked too.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from tenure.dossier.keys import Keys
from tenure.dossier.oms_trust_root import Keyless
from tenure.errors import IntegrityError, RefusedError, UsageError

FILE = "weights-p256"  # beside the roles' keys: weights-p256.pem
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
CURVES = "P-256, P-384 or P-521"


def public_pem(public: ec.EllipticCurvePublicKey) -> bytes:
    """Write a public key as PEM (SubjectPublicKeyInfo)."""
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hint_of(public: ec.EllipticCurvePublicKey) -> str:
    """Name a public key as bundles do: SHA-256 of its PEM, 64 hex digits (``sha256sum key.pem``)."""
    return hashlib.sha256(public_pem(public)).hexdigest()


def curve_hash(public: ec.EllipticCurvePublicKey) -> hashes.HashAlgorithm:
    """Return the hash that goes with a curve (sigstore's algorithm registry).

    Raises:
        UsageError: another curve.
    """
    if public.curve.name not in _HASHES:
        raise UsageError(f"a key on {public.curve.name} cannot sign weights; expected {CURVES}")
    return _HASHES[public.curve.name]


@dataclass(frozen=True, slots=True)
class WeightsKey:
    """A private key for weights, with certificates that vouch for it, if any (the leaf first)."""

    private: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    def __repr__(self) -> str:
        """Show the fingerprint, never the key."""
        return f"WeightsKey({self.fingerprint})"

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self.private.public_key()

    @property
    def fingerprint(self) -> str:
        """``sha256:`` and the hint: the digest of the public key's PEM file."""
        return "sha256:" + hint_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """Sign (DER); with RFC 6979, so that the same bytes have the same signature."""
        algorithm = curve_hash(self.public)
        try:
            return self.private.sign(message, ec.ECDSA(algorithm, deterministic_signing=True))
        except UnsupportedAlgorithm:  # an OpenSSL before 3.2
            return self.private.sign(message, ec.ECDSA(algorithm))


def own_key(keys: Keys, *, create: bool = True) -> WeightsKey:
    """Load this organisation's key for weights; make it on first use (PEM, mode 0600).

    Raises:
        UsageError: there is none and ``create`` is false, or the file is no ECDSA key.
        RefusedError: others may read the file.
    """
    path = keys.path(FILE)
    if not path.exists():
        if not create:
            raise UsageError(f"no key for weights in {keys.folder}; 'tenure release seal' makes it")
        _store(path)
    if path.stat().st_mode & 0o077:
        raise RefusedError(f"{path} can be read by others; run: chmod 600 {path}")
    return private_key(path)


def _store(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(pem)
            target.flush()
            os.fsync(target.fileno())
        try:
            os.link(name, path)  # fails when another process was first: its key counts
        except FileExistsError:
            return
    finally:
        Path(name).unlink(missing_ok=True)


def private_key(path: Path, certificates: Iterable[Path] = ()) -> WeightsKey:
    """Read a private key, and the certificates that vouch for it, the leaf first.

    Raises:
        UsageError: not such files, or the first certificate is for another key.
    """
    try:
        found = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(f"{path} is not a PEM key without a password; give another") from None
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise UsageError(f"{path} is not an ECDSA key; expected {CURVES}")
    curve_hash(found.public_key())
    chain = tuple(each for file in certificates for each in read_certificates(file))
    if chain and chain[0].public_key() != found.public_key():
        raise UsageError(f"the first certificate is not for the key {path}; give the leaf first")
    return WeightsKey(found, chain)


def public_key(pem: bytes, where: Path | str) -> ec.EllipticCurvePublicKey:
    """Read a public key from PEM.

    Raises:
        UsageError: it is none, or not on one of the curves.
    """
    try:
        found = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"{where} is not a PEM public key; ask the signer for theirs") from None
    if not isinstance(found, ec.EllipticCurvePublicKey):
        raise UsageError(f"{where} is not an ECDSA key; expected {CURVES}")
    curve_hash(found)
    return found


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Read the certificates of a PEM file; raises UsageError where there are none."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        raise UsageError(f"{path} holds no PEM certificate; give one that does") from None


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whom to believe: public keys by their hint, or the certificates at the root of a chain.

    ``at`` is the time certificates must be valid at: now, unless you know when it was signed.
    ``keyless`` is an identity, with the trusted root of a Sigstore.
    """

    keys: Mapping[str, ec.EllipticCurvePublicKey] = field(
        default_factory=dict[str, ec.EllipticCurvePublicKey]
    )
    roots: tuple[x509.Certificate, ...] = ()
    at: datetime | None = None
    keyless: Keyless | None = None

    @classmethod
    def from_keys(cls, *keys: ec.EllipticCurvePublicKey) -> "Trusted":
        """Believe these keys."""
        return cls({hint_of(each): each for each in keys})


def fits(public: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Say whether this key made a signature (DER) over a message, with its curve's hash."""
    return _fits(public, signature, message, curve_hash(public))


def fits_v0_2(public: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Say so for a bundle of model-signing 0.2: SHA-256 whatever the curve."""
    return _fits(public, signature, message, hashes.SHA256())


def _fits(
    public: ec.EllipticCurvePublicKey,
    signature: bytes,
    message: bytes,
    algorithm: hashes.HashAlgorithm,
) -> bool:
    try:
        public.verify(signature, message, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


def vouched_key(chain: Sequence[bytes], trusted: Trusted) -> tuple[ec.EllipticCurvePublicKey, str]:
    """Follow certificates (DER, the leaf first) to a trusted one; return the leaf's key and name.

    Raises:
        IntegrityError: no trusted certificate vouches for the leaf, one has run out, the leaf may
            not sign, or its key is no key for weights.
    """
    try:
        leaf, *between = [x509.load_der_x509_certificate(each) for each in chain]
        name = _name(leaf)
        public = leaf.public_key()
        usable = _may_sign(leaf)
    except (ValueError, UnsupportedAlgorithm):
        raise IntegrityError("a certificate cannot be read; ask for the signature again") from None
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name not in _HASHES:
        raise IntegrityError(f"the certificate of {name} is not for a key on {CURVES}")
    if not usable:
        raise IntegrityError(f"the certificate of {name} is not for signing (key usage)")
    _check_chain(leaf, between, trusted)
    return public, name


def _name(leaf: x509.Certificate) -> str:
    """Return the name in a certificate, made safe to print; whoever wrote it chose it."""
    name = leaf.subject.rfc4514_string() or "without a name"
    return "".join(c if c.isprintable() else "?" for c in name)[:200]


def _check_chain(leaf: x509.Certificate, between: list[x509.Certificate], trusted: Trusted) -> None:
    at = trusted.at or datetime.now(UTC)
    name = _name(leaf)
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        raise IntegrityError(
            f"the certificate of {name} was valid from {leaf.not_valid_before_utc:%Y-%m-%d} to "
            f"{leaf.not_valid_after_utc:%Y-%m-%d}; ask the signer to sign again"
        )
    if leaf in trusted.roots:  # trusted by itself, not by who issued it
        return
    policy = PolicyBuilder().store(Store(list(trusted.roots))).time(at)
    policy = policy.extension_policies(
        ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
    )
    try:
        policy.build_client_verifier().verify(leaf, between)
    except VerificationError as error:
        raise IntegrityError(
            f"none of the {len(trusted.roots)} trusted certificates vouches for {name} "
            f"({str(error).splitlines()[0]}); get the signer's root certificate from the signer"
        ) from None


def _may_sign(leaf: x509.Certificate) -> bool:
    """Say whether a certificate is for signatures, or for code (as the reference verifier asks)."""
    try:
        if leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature:
            return True
    except x509.ExtensionNotFound:
        pass
    try:
        uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CODE_SIGNING in uses
