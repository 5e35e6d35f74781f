"""Keyless signatures: a certificate that counted for minutes, and a log that says when it was used.

The signer proves who they are to an issuer (a mail provider, a build service), gets a certificate
for a key made on the spot, signs, has the log take the signature in, and throws the key away. All of
it can be checked later without a network, with the trusted root of the Sigstore in question:

1. the log's entry is promised, proven, and about this signature (``oms_rekor``); it gives the time;
2. the certificate leads to an authority of the trusted root, and all counted at that time;
3. a log of certificates signed that it has it (the certificate's SCT);
4. the certificate is for signing code, and holds the identity and the issuer that you named;
5. the signature is by its key (``oms_bundle``).

Source: the Sigstore client specification, section 4; RFC 5280; RFC 6962, section 3.2; Fulcio's
``docs/oid-info.md``. Unlike model-signing we do not read RFC 3161 timestamps.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.certificate_transparency import LogEntryType
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from tenure.dossier.oms_manifest import shown
from tenure.dossier.oms_rekor import Said, check_entry
from tenure.dossier.oms_trust_root import Authority, Keyless, SigningLog, TrustRoot
from tenure.errors import IntegrityError

_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")  # raw text
_ISSUER_V2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")  # the same as a DER UTF8String
_UNREADABLE = (
    ValueError, IndexError, UnsupportedAlgorithm, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType, x509.InvalidVersion,
)  # fmt: skip
_NAMED = (x509.RFC822Name, x509.UniformResourceIdentifier)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


@dataclass(frozen=True, slots=True)
class Vouched:
    """The key that signed, who it was, and what that leaves open."""

    public: ec.EllipticCurvePublicKey
    signer: str
    note: str


def check_keyless(
    leaf: bytes, entries: Sequence[Any], signed: tuple[bytes, bytes], whom: Keyless
) -> Vouched:
    """Check everything of a keyless signature but the signature itself.

    ``leaf`` is the certificate (DER), ``entries`` the log's entries as the signature file tells
    them, ``signed`` the payload and its signature.

    Raises:
        IntegrityError: says which of the steps above failed.
        UsageError: the entry is of a kind that cannot be checked here.
    """
    try:
        held = x509.load_der_x509_certificate(leaf)
        public = held.public_key()
        found = _identity(held), _issuer(held)
        usable = _is_for_code(held)
    except _UNREADABLE:
        raise IntegrityError(
            "the certificate cannot be read; ask for the signature again"
        ) from None
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name not in _CURVES:
        raise IntegrityError("the certificate is not for a key on P-256, P-384 or P-521")
    if not usable:
        raise IntegrityError("the certificate is not one for signing code")
    _check_identity(*found, whom)
    at = check_entry(entries, Said(*signed, held), whom.root)
    issuer = _check_chain(held, at, whom.root)
    sct = _check_sct(held, issuer, whom.root)
    return Vouched(
        public,
        f"{shown(whom.identity)}, as {shown(whom.issuer)} vouched at {at:%Y-%m-%dT%H:%M:%SZ}",
        f"signed without a key of their own (Sigstore): checked against your trusted root alone{sct}; "
        "whether the log shows everybody the same, or somebody else signed as them, only watching "
        "the log tells",
    )


def _identity(leaf: x509.Certificate) -> list[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [each.value if isinstance(each, _NAMED) else type(each).__name__ for each in names]


def _issuer(leaf: x509.Certificate) -> list[str]:
    """List what the certificate says of its identity's issuer: one place, or two that must agree."""
    found: list[str] = []
    for each in leaf.extensions:
        value = each.value
        if isinstance(value, x509.UnrecognizedExtension) and value.oid == _ISSUER:
            found.append(value.value.decode())
        elif isinstance(value, x509.UnrecognizedExtension) and value.oid == _ISSUER_V2:
            found.append(_utf8_string(value.value))
    return found


def _utf8_string(der: bytes) -> str:
    """Read a UTF8String of DER, of less than 64 KiB, with nothing behind it."""
    long = {0x81: 1, 0x82: 2}.get(der[1], 0) if len(der) > 1 else 0
    length = int.from_bytes(der[2 : 2 + long], "big") if long else der[1]
    text = der[2 + long :]
    if der[0] != 0x0C or length != len(text) or (long and length < 1 << (7, 8)[long - 1]):
        raise ValueError("not a UTF8String")
    return text.decode()


def _is_for_code(leaf: x509.Certificate) -> bool:
    extensions = leaf.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    try:
        if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except x509.ExtensionNotFound:
        pass
    return usage.digital_signature and ExtendedKeyUsageOID.CODE_SIGNING in uses


def _check_identity(names: list[str], issuers: list[str], whom: Keyless) -> None:
    if names != [whom.identity]:
        said = ", ".join(map(shown, names[:3])) or "nobody"
        raise IntegrityError(
            f"signed by {said}, not by {shown(whom.identity)}; ask who released these weights in whose "
            "name they sign, and name that with --identity"
        )
    if not issuers or set(issuers) != {whom.issuer}:
        said = ", ".join(map(shown, issuers[:3])) or "nobody"
        raise IntegrityError(
            f"{shown(whom.identity)} was vouched for by {said}, not by {shown(whom.issuer)}: anybody may "
            "run an issuer that vouches for any name; name the right one with --issuer"
        )


def _check_chain(leaf: x509.Certificate, at: datetime, root: TrustRoot) -> x509.Certificate:
    """Follow the certificate to an authority that counted at a time; return who issued it."""
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        raise IntegrityError(
            f"the log took the signature in at {at:%Y-%m-%d %H:%M:%S}, and the certificate counted from "
            f"{leaf.not_valid_before_utc:%Y-%m-%d %H:%M:%S} to {leaf.not_valid_after_utc:%H:%M:%S}: "
            "whoever signed did not hold the identity then; ask the signer to sign again"
        )
    why = "none counted at that time"
    for authority in root.authorities:
        if not authority.span.covers(at):
            continue
        try:
            return _issued_by(leaf, authority, at)
        except (VerificationError, x509.UnsupportedGeneralNameType) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
    raise IntegrityError(
        f"none of the {len(root.authorities)} authorities of your trusted root vouches for the "
        f"certificate ({why}); is it the root of the Sigstore that the signer used?"
    )


def _issued_by(leaf: x509.Certificate, authority: Authority, at: datetime) -> x509.Certificate:
    # As in any client, but authorities here are for signing code, not for clients of a server.
    authorities = ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.ExtendedKeyUsage, Criticality.NON_CRITICAL, None
    )
    verifier = (
        PolicyBuilder()
        .store(Store([authority.root]))
        .time(at)
        .extension_policies(ca_policy=authorities, ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    return verifier.verify(leaf, list(authority.between)).chain[1]


def _check_sct(leaf: x509.Certificate, issuer: x509.Certificate, root: TrustRoot) -> str:
    """Check the one embedded SCT; return what is to be said where no log of certificates is named."""
    if not root.certificates:
        return ", which names no log of certificates, so that none was asked of the certificate"
    try:
        (sct,) = leaf.extensions.get_extension_for_class(
            x509.PrecertificateSignedCertificateTimestamps
        ).value
    except (x509.ExtensionNotFound, ValueError):
        raise IntegrityError(
            "the certificate has not exactly one proof that a log of certificates holds it (SCT)"
        ) from None
    log: SigningLog | None = root.certificates.get(sct.log_id)
    when = sct.timestamp.replace(tzinfo=UTC)
    if log is None or not log.span.covers(when) or not _signed(log, sct, leaf, issuer):
        raise IntegrityError(
            "the certificate's proof that a log of certificates holds it (SCT) is not signed by one of "
            f"the {len(root.certificates)} such logs of your trusted root"
        )
    return ""


def _signed(log: SigningLog, sct: Any, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Say whether a log signed an embedded SCT (RFC 6962, section 3.2)."""
    if sct.entry_type != LogEntryType.PRE_CERTIFICATE or not isinstance(
        sct.signature_hash_algorithm, hashes.SHA256
    ):
        return False
    info = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    body, extensions = leaf.tbs_precertificate_bytes, sct.extension_bytes
    since = sct.timestamp.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    millis = (since.days * 86400 + since.seconds) * 1000 + since.microseconds // 1000
    message = b"".join(
        (
            bytes((sct.version.value, 0)),  # certificate_timestamp
            millis.to_bytes(8, "big"),
            (1).to_bytes(2, "big"),  # precert_entry
            hashlib.sha256(info).digest(),
            len(body).to_bytes(3, "big") + body,
            len(extensions).to_bytes(2, "big") + extensions,
        )
    )
    return log.fits(sct.signature, message, hashes.SHA256())
