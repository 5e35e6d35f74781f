"""Keys for weights, and certificates that vouch for them: which are believed, which are not."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tenure.dossier.canonical import digest
from tenure.dossier.keys import Keys
from tenure.dossier.oms import sign_model
from tenure.dossier.oms_bundle import check_bundle
from tenure.dossier.oms_keys import (
    Trusted,
    WeightsKey,
    own_key,
    private_key,
    public_key,
    public_pem,
    read_certificates,
)
from tenure.errors import IntegrityError, RefusedError, UsageError

pytestmark = pytest.mark.slow


@pytest.fixture
def check(tmp_path, oms):
    """Sign a small model with a key and its certificates, and check it against roots."""
    model = oms.folder(tmp_path / "m", {"w": b"w"})

    def call(key, *roots, at=None):
        return check_bundle(sign_model(model, key), Trusted(roots=roots, at=at)).signer

    return call


def test_our_key_is_made_once_is_p256_and_its_owners_alone(tmp_path):
    keys = Keys(tmp_path / "keys")
    first = own_key(keys)

    assert own_key(keys).fingerprint == first.fingerprint
    assert first.public.curve.name == "secp256r1"
    assert stat.S_IMODE((keys.folder / "weights-p256.pem").stat().st_mode) == 0o600
    assert [p.name for p in keys.folder.iterdir()] == ["weights-p256.pem"]
    assert first.fingerprint == digest(public_pem(first.public))  # sha256sum of the file
    assert repr(first) == f"WeightsKey({first.fingerprint})"


def test_a_key_that_others_can_read_or_that_is_absent_is_refused(tmp_path):
    keys = Keys(tmp_path)
    with pytest.raises(UsageError, match="release seal"):
        own_key(keys, create=False)
    own_key(keys)
    keys.path("weights-p256").chmod(0o640)
    with pytest.raises(RefusedError, match="chmod 600"):
        own_key(keys)


def test_keys_that_cannot_sign_weights_are_refused_with_what_could(tmp_path):
    path = tmp_path / "k"
    other = Ed25519PrivateKey.generate()
    strange = ec.generate_private_key(ec.SECP256K1())
    locked = BestAvailableEncryption(b"secret")
    for key, encryption, why in (
        (other, None, "not an ECDSA key; expected P-256"),
        (strange, None, "secp256k1 cannot sign weights; expected P-256"),
        (ec.generate_private_key(ec.SECP256R1()), locked, "without a password"),
    ):
        path.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
        )
        with pytest.raises(UsageError, match=why):
            private_key(path)
    for public in (other.public_key(), strange.public_key()):
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(UsageError, match="expected P-256"):
            public_key(pem, "theirs")
    with pytest.raises(UsageError, match="ask the signer"):
        public_key(b"hello", "theirs")
    path.write_bytes(b"hello")
    for read in (private_key, read_certificates):
        with pytest.raises(UsageError, match="PEM"):
            read(path)


def test_a_chain_to_a_trusted_root_is_believed(check, oms):
    root, key = oms.authority()

    assert check(key, root) == "certificate CN=leaf"
    assert check(key, oms.authority()[0], root) == "certificate CN=leaf"
    assert check(key, key.chain[0]) == "certificate CN=leaf"  # the leaf itself is trusted
    assert check(key, key.chain[1]) == "certificate CN=leaf"  # so is who issued it


def test_a_chain_to_nobody_trusted_is_refused(check, oms):
    _, key = oms.authority()
    other = oms.authority()[0]  # of the same name, with another key

    with pytest.raises(IntegrityError, match="none of the 1 trusted certificates vouches for CN="):
        check(key, other)
    with pytest.raises(UsageError, match=r"signed by a certificate.*--certificate"):
        check(key)
    cut = WeightsKey(key.private, key.chain[:1])
    with pytest.raises(IntegrityError, match="vouches"):
        check(cut, other)


def test_a_leaf_that_plays_authority_is_refused(check, oms):
    root, key = oms.authority(middle_ca=False)
    with pytest.raises(IntegrityError, match="vouches"):
        check(key, root)
    root, honest = oms.authority()  # the holder of an honest leaf issues one to Mallory
    mallory = ec.generate_private_key(ec.SECP256R1())
    forged = oms.certificate("Mallory", mallory.public_key(), "leaf", honest.private, ca=False)
    with pytest.raises(IntegrityError, match="vouches"):
        check(WeightsKey(mallory, (forged, *honest.chain)), root)


def test_a_certificate_that_ran_out_is_refused_unless_it_was_signed_before(check, oms):
    root, key = oms.authority(leaf_days=(-0.9, -0.1))
    before = datetime.now(UTC) - timedelta(days=0.5)

    with pytest.raises(IntegrityError, match=r"was valid from .* to .*; ask the signer"):
        check(key, root)
    assert check(key, root, at=before) == "certificate CN=leaf"
    root, key = oms.authority(leaf_days=(1, 2))
    with pytest.raises(IntegrityError, match="was valid from"):
        check(key, root)


def test_a_certificate_that_is_not_for_signing_is_refused(check, oms):
    root, key = oms.authority(usable=False)

    with pytest.raises(IntegrityError, match="not for signing"):
        check(key, root)


def test_certificates_for_another_key_or_kind_of_key_are_refused(tmp_path, check, oms):
    root, key = oms.authority()
    path, chain = oms.key_files(tmp_path / "k", oms.signer)[0], tmp_path / "chain.pem"
    chain.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in key.chain))
    with pytest.raises(UsageError, match="not for the key"):
        private_key(path, [chain])
    path = oms.key_files(tmp_path / "k", key)[0]
    assert private_key(path, [chain]).chain == key.chain

    holder = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer = ec.generate_private_key(ec.SECP256R1())
    leaf = oms.certificate("leaf", holder.public_key(), "root", issuer, ca=False)
    with pytest.raises(IntegrityError, match="not for a key on P-256"):
        check(WeightsKey(key.private, (leaf,)), root)


def test_the_signature_must_be_by_the_certificates_key(check, oms):
    root, key = oms.authority()

    with pytest.raises(IntegrityError, match="not one of the trusted key"):
        check(WeightsKey(oms.signer.private, key.chain), root)
