"""A Sigstore of our own: an authority, a log of certificates, a log of entries; real signatures all."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tenure.dossier.canonical import canonical
from tenure.dossier.envelope import PAYLOAD_TYPE, pae
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.oms import hash_files, list_files
from tenure.dossier.oms_bundle import check_bundle
from tenure.dossier.oms_keys import Trusted
from tenure.dossier.oms_trust_root import Keyless, read_trust_root

WHO, ISSUER = "ada@example.org", "https://accounts.example.org"
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
OID = "1.3.6.1.4.1.57264.1."
USAGE = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign",
         "encipher_only", "decipher_only")  # fmt: skip


def b64(data):
    return base64.b64encode(data).decode()


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed(key, message):
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def usage(*, ca):
    held = dict.fromkeys(USAGE, False)
    return x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, **held)


def named(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)] if text else [])


@dataclass
class Asked:
    """A certificate as it is asked for; an attack changes one thing."""

    who: x509.GeneralName = field(default_factory=lambda: x509.RFC822Name(WHO))
    issuer: str = ISSUER
    issuer_v2: str | None = ISSUER
    code: bool = True
    start: datetime = NOW - timedelta(minutes=1)
    sct: bool = True


class Sigstore:
    """Keys and certificates of one deployment."""

    def __init__(self, log=None):
        self.root, self.middle, self.ct = (ec.generate_private_key(ec.SECP256R1()) for _ in "123")
        self.log = log or ec.generate_private_key(ec.SECP256R1())
        self.root_cert = self._authority("root", self.root, "root", self.root)
        self.middle_cert = self._authority("middle", self.middle, "root", self.root)

    def _authority(self, name, key, issuer, by):
        start = NOW - timedelta(days=365)
        made = self._builder(name, key, issuer, start, start + timedelta(days=3650))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        made = made.add_extension(usage(ca=True), critical=True)
        return self._with_ids(made, key, by).sign(by, hashes.SHA256())

    def _builder(self, name, key, issuer, start, end):
        return (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )

    def _with_ids(self, made, key, by):
        ids = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return made.add_extension(ids, critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )

    def leaf(self, key, asked):
        """A certificate for minutes, with the SCT of the log of certificates in it."""
        made = self._builder("", key, "middle", asked.start, asked.start + timedelta(minutes=10))
        made = made.add_extension(usage(ca=False), critical=True)
        use = x509.ExtendedKeyUsageOID.CODE_SIGNING if asked.code else x509.ExtendedKeyUsageOID.CLIENT_AUTH  # fmt: skip
        made = made.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        made = self._with_ids(made, key, self.middle)
        made = made.add_extension(x509.SubjectAlternativeName([asked.who]), critical=True)
        told = {"1": asked.issuer.encode()}
        if asked.issuer_v2 is not None:
            told["8"] = b"\x0c" + bytes([len(asked.issuer_v2)]) + asked.issuer_v2.encode()
        for number, value in told.items():
            oid = x509.ObjectIdentifier(OID + number)
            made = made.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
        if asked.sct:
            before = made.sign(self.middle, hashes.SHA256()).tbs_certificate_bytes
            sct = x509.UnrecognizedExtension(SCT_LIST, self._sct(before))
            made = made.add_extension(sct, critical=False)
        return made.sign(self.middle, hashes.SHA256())

    def _sct(self, body):
        millis = int(NOW.timestamp() * 1000).to_bytes(8, "big")
        issuer = hashlib.sha256(spki(self.middle)).digest()
        message = (
            b"\0\0" + millis + b"\0\1" + issuer + len(body).to_bytes(3, "big") + body + b"\0\0"
        )
        signature = signed(self.ct, message)
        one = b"\0" + hashlib.sha256(spki(self.ct)).digest() + millis + b"\0\0" + b"\4\3"
        one += len(signature).to_bytes(2, "big") + signature
        held = (len(one) + 2).to_bytes(2, "big") + len(one).to_bytes(2, "big") + one
        return b"\x04" + (b"\x81" if len(held) > 127 else b"") + bytes([len(held)]) + held  # of DER

    @property
    def log_id(self):
        return hashlib.sha256(spki(self.log)).digest()

    def entry(self, body, at=NOW, index=7_000_004, place=4):
        """What the log answers: a promise, and a proof in a tree of seven entries."""
        others = [leaf_hash(bytes([n])) for n in range(7)]
        tree = Tree([*others[:place], leaf_hash(body), *others[place + 1 :]])
        promised = {"body": b64(body), "integratedTime": int(at.timestamp()), "logID": self.log_id.hex(), "logIndex": index}  # fmt: skip
        text = f"log.example.org - 12345\n7\n{b64(tree.root())}\n"
        note = (
            f"{text}\n— log.example.org {b64(self.log_id[:4] + signed(self.log, text.encode()))}\n"
        )
        return {
            "logIndex": str(index),
            "logId": {"keyId": b64(self.log_id)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(int(at.timestamp())),
            "inclusionPromise": {
                "signedEntryTimestamp": b64(signed(self.log, canonical(promised)))
            },
            "inclusionProof": {
                "logIndex": str(place),
                "rootHash": b64(tree.root()),
                "treeSize": "7",
                "hashes": [b64(each) for each in tree.inclusion(place, 7)],
                "checkpoint": {"envelope": note},
            },
            "canonicalizedBody": b64(body),
        }

    def bundle(self, payload, asked=None, at=NOW):
        """Sign a statement the keyless way: returns the signature file as a plain dict."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self.leaf(key, asked or Asked())
        signature = signed(key, pae(payload))
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": b64(leaf.public_bytes(Encoding.DER))},
                "tlogEntries": [self.entry(body(payload, signature, leaf), at)],
                "timestampVerificationData": {},
            },
            "dsseEnvelope": {
                "payload": b64(payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": b64(signature), "keyid": ""}],
            },
        }

    def trusted_root(self):
        """The file that verifiers are given."""
        log, kind = self.log, "PKIX_ECDSA_P256_SHA_256"
        details = "PKIX_ED25519" if isinstance(log, Ed25519PrivateKey) else kind
        span = {"start": "2025-06-01T00:00:00Z"}
        chain = [{"rawBytes": b64(c.public_bytes(Encoding.DER))} for c in (self.middle_cert, self.root_cert)]  # fmt: skip
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._key("https://log.example.org", log, details, span)],
            "certificateAuthorities": [{
                "subject": {"organization": "example.org", "commonName": "middle"},
                "uri": "https://ca.example.org", "certChain": {"certificates": chain}, "validFor": span,
            }],
            "ctlogs": [self._key("https://ct.example.org", self.ct, kind, span)],
        }  # fmt: skip

    def _key(self, url, key, details, span):
        return {
            "baseUrl": url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": b64(spki(key)), "keyDetails": details, "validFor": span},
            "logId": {"keyId": b64(hashlib.sha256(spki(key)).digest())},
        }


def body(payload, signature, leaf):
    """What Rekor keeps of a signed envelope."""
    verifier = b64(leaf.public_bytes(Encoding.PEM))
    spec = {
        "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
        "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
        "signatures": [{"signature": b64(signature), "verifier": verifier}],
    }
    return json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}).encode()


@pytest.fixture(scope="session")
def keyless():
    """The makers of this file, and one deployment."""
    return SimpleNamespace(
        Sigstore=Sigstore, Asked=Asked, body=body, b64=b64, signed=signed, spki=spki,
        who=WHO, issuer=ISSUER, now=NOW, house=Sigstore(), ed25519=Ed25519PrivateKey.generate,
    )  # fmt: skip


@pytest.fixture(scope="module")
def payload(oms, tmp_path_factory):
    """The manifest of a small model."""
    return hash_files(list_files(oms.folder(tmp_path_factory.mktemp("m")))).to_payload()


@pytest.fixture
def check(tmp_path):
    """Check a bundle as its reader would: with the deployment's root, a name and an issuer."""

    def checked(bundle, house, who=WHO, issuer=ISSUER, root=None):
        place = tmp_path / "trusted_root.json"
        place.write_text(json.dumps(root or house.trusted_root()))
        whom = Keyless(read_trust_root(place), who, issuer)
        return check_bundle(json.dumps(bundle).encode(), Trusted(keyless=whom))

    return checked
