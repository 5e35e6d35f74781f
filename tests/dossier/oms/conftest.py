"""Weights to sign, keys and certificates to sign with, and signature files taken apart."""

import base64
import json
import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tenure.dossier.envelope import pae
from tenure.dossier.oms_keys import WeightsKey, public_pem

CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
FILES = {
    "model.safetensors": b"weights" * 300,
    "config.json": b"{}",
    "a/b.bin": b"deeper",
    "a.txt": b"sorts before a/b by code points and after it by parts",
    "a/.hidden": b"dot",
    "empty": b"",
    "模型 (copy).bin": b"unicode",
}


def folder(place, files=None):
    for name, content in (FILES if files is None else files).items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


def key(curve="P-256"):
    return WeightsKey(ec.generate_private_key(CURVES[curve]))


def key_files(place, made):
    """Write both halves as PEM; returns their paths."""
    place.mkdir(exist_ok=True)
    private, public = place / "key.pem", place / "key.pub"
    private.write_bytes(
        made.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    public.write_bytes(public_pem(made.public))
    return private, public


def opened(bundle):
    """A signature file as (the whole, the statement), both plain dicts."""
    whole = json.loads(bundle)
    return whole, json.loads(base64.b64decode(whole["dsseEnvelope"]["payload"]))


def closed(whole, statement, signer, message=None):
    """Put a changed statement back and sign it again, as a signer who means harm could."""
    payload = statement if isinstance(statement, bytes) else json.dumps(statement).encode()
    envelope = whole["dsseEnvelope"]
    envelope["payload"] = base64.b64encode(payload).decode()
    signed = signer.sign(pae(payload) if message is None else message(payload))
    envelope["signatures"][0]["sig"] = base64.b64encode(signed).decode()
    return json.dumps(whole).encode()


def certificate(name, public, issuer, private, *, ca, days=(-1, 30), **extensions):
    """A certificate: ``issuer`` is the issuer's name, ``private`` its key."""
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        [
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    usage["key_cert_sign" if ca else "digital_signature"] = extensions.pop("usable", True)
    named = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, n)]) for n in (name, issuer)]
    made = (
        x509.CertificateBuilder()
        .subject_name(named[0])
        .issuer_name(named[1])
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), critical=False
        )
    )
    return made.sign(private, hashes.SHA256())


def authority(*, leaf_days=(-1, 30), usable=True, middle_ca=True):
    """A root, a certificate between, a leaf: (root, [leaf, between], the leaf's key)."""
    root, between, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    held = certificate("root", root.public_key(), "root", root, ca=True)
    middle = certificate("between", between.public_key(), "root", root, ca=middle_ca)
    end = certificate(
        "leaf", leaf.public_key(), "between", between, ca=False, days=leaf_days, usable=usable
    )
    return held, WeightsKey(leaf, (end, middle))


@pytest.fixture(scope="session")
def oms():
    """The makers of this file, and one key: making keys takes longer than checking signatures."""
    return SimpleNamespace(
        files=FILES,
        curves=CURVES,
        folder=folder,
        key=key,
        key_files=key_files,
        opened=opened,
        closed=closed,
        authority=authority,
        certificate=certificate,
        signer=key(),
        PEM=Encoding.PEM,
    )


@pytest.fixture(scope="session")
def spoil():
    """Change something somewhere in a JSON value, as the bench script does."""
    place = Path(__file__).parents[3] / "bench" / "_spoil.py"
    return runpy.run_path(str(place))["spoil"]
