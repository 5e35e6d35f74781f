"""OpenSSF's own tool and ours: each accepts what the other writes, and ours never accepts more.

Runs model-signing 1.1.1 itself (its API in this process, its command line once). What the two
disagree on is stated by a test.
"""

import base64
import json
import random
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.slow,
    # pyOpenSSL, which model-signing uses for chains, warns of itself.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

from tenure.dossier.oms import check_model, hash_files, list_files, sign_model  # noqa: E402
from tenure.dossier.oms_bundle import write_bundle  # noqa: E402
from tenure.dossier.oms_keys import Trusted, public_pem  # noqa: E402
from tenure.errors import IntegrityError, TenureError  # noqa: E402


@pytest.fixture(scope="module")
def theirs():
    """Their three modules."""
    import model_signing
    from model_signing import hashing, signing, verifying  # noqa: F401 - loaded for the caller

    return model_signing


@pytest.fixture
def model(tmp_path, oms):
    return oms.folder(tmp_path / "tulip")


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_theirs_accepts_what_we_write(theirs, model, tmp_path, oms, curve):
    key = oms.key(curve)
    _, public = oms.key_files(tmp_path / "k", key)
    place = model / "model.sig"
    place.write_bytes(sign_model(model, key, ignore=["a/.hidden"], signature=place))
    verifier = theirs.verifying.Config().use_elliptic_key_verifier(public_key=public)

    verifier.verify(model, place)

    (model / "empty").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"Hash mismatch for .+empty"):
        verifier.verify(model, place)


def hashing_of(theirs, how):
    config = theirs.hashing.Config()
    if how == "files":
        return config
    if how == "shards":
        return config.use_shard_serialization(shard_size=64)
    return config.use_file_serialization(hashing_algorithm=how)


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
@pytest.mark.parametrize("how", ["files", "shards", "blake2", "blake3"])
def test_ours_accepts_what_they_write(theirs, model, tmp_path, oms, curve, how):
    private, _ = oms.key_files(tmp_path / "k", key := oms.key(curve))
    place = tmp_path / "their.sig"
    config = theirs.signing.Config().use_elliptic_key_signer(private_key=private)
    config.set_hashing_config(hashing_of(theirs, how)).sign(model, place)
    trusted = Trusted.from_keys(key.public)

    checked = check_model(model, place, trusted)

    assert checked.signer == f"key {key.fingerprint}"
    assert checked.files == len(oms.files) - (how == "shards")
    assert checked.unsigned == (("empty",) if how == "shards" else ())
    (model / "model.safetensors").write_bytes(b"weights" * 299 + b"weightz")
    with pytest.raises(IntegrityError, match=r"changed: 'model\.safetensors'"):
        check_model(model, place, trusted)


def test_shards_that_are_dropped_or_overlap_are_not_the_file(theirs, model, tmp_path, oms):
    private, _ = oms.key_files(tmp_path / "k", oms.signer)
    place = tmp_path / "their.sig"
    config = theirs.signing.Config().use_elliptic_key_signer(private_key=private)
    config.set_hashing_config(hashing_of(theirs, "shards")).sign(model, place)
    trusted = Trusted.from_keys(oms.signer.public)

    with (model / "model.safetensors").open("ab") as file:
        file.write(b"x" * 64)
    with pytest.raises(IntegrityError, match=r"changed: 'model\.safetensors'"):
        check_model(model, place, trusted)
    (model / "model.safetensors").write_bytes(oms.files["model.safetensors"][:64])
    with pytest.raises(IntegrityError, match=r"changed: 'model\.safetensors'"):
        check_model(model, place, trusted)


def test_blake3_without_its_package_says_what_to_install(theirs, model, tmp_path, oms, monkeypatch):
    private, _ = oms.key_files(tmp_path / "k", oms.signer)
    place = tmp_path / "their.sig"
    config = theirs.signing.Config().use_elliptic_key_signer(private_key=private)
    config.set_hashing_config(hashing_of(theirs, "blake3")).sign(model, place)
    monkeypatch.setitem(sys.modules, "blake3", None)

    with pytest.raises(TenureError, match="pip install blake3"):
        check_model(model, place, Trusted.from_keys(oms.signer.public))


def test_chains_of_certificates_go_both_ways(theirs, model, tmp_path, oms):
    root, key = oms.authority()
    private, _ = oms.key_files(tmp_path / "k", key)
    files = {}
    for name, held in {"root": root, "leaf": key.chain[0], "between": key.chain[1]}.items():
        files[name] = tmp_path / f"{name}.pem"
        files[name].write_bytes(held.public_bytes(oms.PEM))
    theirs_place, ours_place = tmp_path / "their.sig", tmp_path / "our.sig"
    theirs.signing.Config().use_certificate_signer(
        private_key=private,
        signing_certificate=files["leaf"],
        certificate_chain=[files["between"]],
    ).sign(model, theirs_place)
    ours_place.write_bytes(sign_model(model, key))
    verifier = theirs.verifying.Config().use_certificate_verifier(certificate_chain=[files["root"]])

    verifier.verify(model, ours_place)
    for place in (theirs_place, ours_place):
        checked = check_model(model, place, Trusted(roots=(root,)))
        assert checked.signer == "certificate CN=leaf"


def before_1_1(whole, statement, signer, oms):
    pem = base64.b64encode(public_pem(signer.public)).decode()
    details = {"rawBytes": pem, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
    whole["verificationMaterial"] = {"publicKey": details}
    whole["dsseEnvelope"]["signatures"][0]["keyid"] = None
    del statement["predicate"]["serialization"]["ignore_paths"]
    return oms.closed(whole, statement, signer)


def message_0_2(payload):
    kind = "application/vnd.in-toto+json"
    return f"DSSEV1 {len(kind)} {kind} {len(payload)} {payload}".encode()


def version_0_2(whole, statement, signer, oms):
    resources = statement["predicate"]["resources"]
    statement["subject"] = [
        {"name": r["name"], "digest": {"sha256": r["digest"]}} for r in resources
    ]
    statement["predicateType"] = "https://model_signing/Digests/v0.1"
    statement["predicate"] = {"unused": "x"}
    return oms.closed(whole, statement, signer, message=message_0_2)


@pytest.mark.parametrize("make", [before_1_1, version_0_2])
def test_older_bundles_are_read_as_theirs_reads_them(theirs, model, tmp_path, oms, make):
    _, public = oms.key_files(tmp_path / "k", oms.signer)
    place = tmp_path / "old.sig"
    place.write_bytes(make(*oms.opened(sign_model(model, oms.signer)), oms.signer, oms))

    theirs.verifying.Config().use_elliptic_key_verifier(public_key=public).verify(model, place)
    checked = check_model(model, place, Trusted.from_keys(oms.signer.public))

    assert checked.notes[0].startswith("written b")
    (model / "a.txt").write_bytes(b"")
    with pytest.raises(IntegrityError, match=r"changed: 'a\.txt'"):
        check_model(model, place, Trusted.from_keys(oms.signer.public))


def test_the_mistaken_message_of_0_2_counts_for_its_own_format_only(model, tmp_path, oms):
    whole, statement = oms.opened(sign_model(model, oms.signer))
    place = tmp_path / "mixed.sig"
    place.write_bytes(oms.closed(whole, statement, oms.signer, message=message_0_2))

    with pytest.raises(IntegrityError, match="not one of the trusted key"):
        check_model(model, place, Trusted.from_keys(oms.signer.public))


def test_their_command_line_accepts_what_we_write(model, tmp_path, oms):
    _, public = oms.key_files(tmp_path / "k", oms.signer)
    place = tmp_path / "model.sig"
    place.write_bytes(write_bundle(hash_files(list_files(model)).to_payload(), oms.signer))
    command = [sys.executable, "-m", "model_signing", "verify", "key", str(model)]

    answer = subprocess.run(
        [*command, "--signature", str(place), "--public_key", str(public)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (answer.returncode, "succeeded" in answer.stdout) == (0, True), answer.stderr


def test_ours_accepts_nothing_that_theirs_refuses_of_what_is_signed(
    theirs, model, tmp_path, oms, spoil
):
    """300 spoiled bundles, half of them signed again by their key: both say what they think."""
    _, public = oms.key_files(tmp_path / "k", oms.signer)
    verifier = theirs.verifying.Config().use_elliptic_key_verifier(public_key=public)
    trusted, place = Trusted.from_keys(oms.signer.public), tmp_path / "s.sig"
    original, chance, tally = sign_model(model, oms.signer), random.Random(7), {}
    for number in range(300):
        whole, statement = oms.opened(original)
        if number % 2:
            place.write_bytes(oms.closed(whole, spoil(statement, chance), oms.signer))
        else:
            whole["dsseEnvelope"] = spoil(whole["dsseEnvelope"], chance)
            place.write_bytes(json.dumps(whole).encode())
        answers = tuple(
            verdict(check, error)
            for check, error in (
                (lambda: check_model(model, place, trusted), TenureError),
                (lambda: verifier.verify(model, place), Exception),
            )
        )
        tally[answers] = tally.get(answers, 0) + 1
        assert answers != (True, False), place.read_bytes()
    assert tally[False, False] > 200
    assert tally[True, True] > 0


def verdict(check, error):
    """Whether it accepts; ours may raise nothing but our own errors."""
    try:
        check()
    except error:
        return False
    return True
