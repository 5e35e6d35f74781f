"""Signature files somebody damaged, or made to mislead: each is refused, and says what to do."""

import base64
import json

import pytest

from tenure.dossier.envelope import pae
from tenure.dossier.oms import sign_model
from tenure.dossier.oms_bundle import check_bundle
from tenure.dossier.oms_keys import Trusted
from tenure.errors import IntegrityError, UsageError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bundle(oms, tmp_path_factory):
    return sign_model(oms.folder(tmp_path_factory.mktemp("m")), oms.signer)


@pytest.fixture(scope="module")
def trusted(oms):
    return Trusted.from_keys(oms.signer.public)


def test_the_bundle_has_the_shape_of_the_specification(bundle, oms):
    whole, statement = oms.opened(bundle)

    assert whole["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    hint = oms.signer.fingerprint.removeprefix("sha256:")
    assert whole["verificationMaterial"] == {"publicKey": {"hint": hint}, "tlogEntries": []}
    assert statement["predicateType"] == "https://model_signing/signature/v1.0"
    names = [each["name"] for each in statement["predicate"]["resources"]]
    assert names == sorted(oms.files)
    assert statement["predicate"]["serialization"] == {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": [".git", ".gitattributes", ".github", ".gitignore"],
    }


def envelope(change):
    def act(whole):
        change(whole["dsseEnvelope"])

    return act


def twice(whole):
    whole["dsseEnvelope"]["signatures"] *= 2


OUTSIDE = {  # what a stranger can do to the file: part, what is said of it
    "other type": (lambda w: w.update(mediaType="text/json"), "its type is"),
    "older type": (
        lambda w: w.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1"),
        "its type is",
    ),
    "extra field": (lambda w: w.update(more=1), "not exactly mediaType"),
    "no envelope": (lambda w: w.pop("dsseEnvelope"), "not exactly mediaType"),
    "no material": (lambda w: w.update(verificationMaterial={}), "exactly one of a key"),
    "two kinds": (
        lambda w: w["verificationMaterial"].update(x509CertificateChain={"certificates": []}),
        "exactly one of a key",
    ),
    "no hint": (lambda w: w["verificationMaterial"].update(publicKey={}), "names no key"),
    "other hint": (
        lambda w: w["verificationMaterial"].update(publicKey={"hint": "0" * 64}),
        "signed by the key '0000.*not by one you trust",
    ),
    "no signature": (envelope(lambda e: e.update(signatures=[])), "exactly one signature"),
    "two signatures": (twice, "exactly one signature"),
    "empty": (envelope(lambda e: e["signatures"][0].update(sig="")), "base64 is empty"),
    "bad base64": (envelope(lambda e: e.update(payload="a b=")), "damaged base64"),
    "url base64": (envelope(lambda e: e.update(payload="-_-_")), "damaged base64"),
    "payload type": (envelope(lambda e: e.update(payloadType="text/plain")), "it signs a"),
    "keyid": (envelope(lambda e: e["signatures"][0].update(keyid=1)), "keyid is not text"),
    "a field more": (envelope(lambda e: e["signatures"][0].update(cert="x")), "other fields"),
    "a long chain": (
        lambda w: w.update(
            verificationMaterial={
                "x509CertificateChain": {"certificates": [{"rawBytes": "AA=="}] * 17}
            }
        ),
        "17 certificates",
    ),
    "not a mapping": (lambda w: w.update(dsseEnvelope=[]), "not exactly payload"),
    "signature of none": (
        envelope(lambda e: e["signatures"][0].update(sig="MAYCAQECAQE=")),
        "not one of the trusted key",
    ),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_a_bundle_changed_by_a_stranger_is_refused(bundle, trusted, case):
    whole = json.loads(bundle)
    change, expected = OUTSIDE[case]
    change(whole)

    with pytest.raises(IntegrityError, match=f"(?s){expected}.*get "):
        check_bundle(json.dumps(whole).encode(), trusted)


def test_what_a_stranger_wrote_is_shown_short_and_printable(bundle, trusted):
    for field in ("mediaType", "hint"):
        whole, hostile = json.loads(bundle), "\x1b[2J\n" * 100_000
        material = whole["verificationMaterial"]["publicKey"]
        (whole if field == "mediaType" else material)[field] = hostile
        with pytest.raises(IntegrityError) as refused:
            check_bundle(json.dumps(whole).encode(), trusted)
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < 400


@pytest.mark.parametrize("keyid", ["", None, "anything", "absent"])
def test_keyid_says_nothing(bundle, trusted, keyid):
    whole = json.loads(bundle)
    whole["dsseEnvelope"]["signatures"][0]["keyid"] = keyid
    if keyid == "absent":
        del whole["dsseEnvelope"]["signatures"][0]["keyid"]

    assert check_bundle(json.dumps(whole).encode(), trusted).note is None


def test_every_bit_of_the_payload_and_of_the_signature_counts(bundle, trusted):
    whole = json.loads(bundle)
    payload = base64.b64decode(whole["dsseEnvelope"]["payload"])
    for at in range(0, len(payload), 37):
        changed = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :]
        whole["dsseEnvelope"]["payload"] = base64.b64encode(changed).decode()
        with pytest.raises(IntegrityError, match="not one of the trusted key"):
            check_bundle(json.dumps(whole).encode(), trusted)


@pytest.mark.parametrize("cut", [0, 1, 100, 700, -3])
def test_a_cut_file_is_refused(bundle, trusted, cut):
    with pytest.raises(IntegrityError, match="cut or damaged"):
        check_bundle(bundle[:cut], trusted)


def test_a_key_written_twice_deep_nesting_and_no_utf8_are_refused(bundle, trusted):
    doubled = bundle.replace(b'"payloadType"', b'"payloadType": "x", "payloadType"')
    for data in (doubled, b"[" * 100_000, b"\xff\xfe", b'{"a": NaN}', b"null", b'"x"', b"7"):
        with pytest.raises(IntegrityError, match=r"signature file.*get the signature file again"):
            check_bundle(data, trusted)


def test_a_file_that_is_absurdly_large_is_refused_unread(trusted):
    with pytest.raises(IntegrityError, match="expected <="):
        check_bundle(b" " * ((64 << 20) + 1), trusted)


def resource(**changes):
    def act(statement):
        statement["predicate"]["resources"][0].update(changes)

    return act


def how(**changes):
    def act(statement):
        statement["predicate"]["serialization"].update(changes)

    return act


INSIDE = {  # what a signer who means harm, or a careless one, can sign
    "climbs out": (resource(name="../../etc/passwd"), "not a path inside"),
    "absolute": (resource(name="/etc/passwd"), "not a path inside"),
    "not plain": (resource(name="a/./b"), "not a path inside"),
    "double slash": (resource(name="a//b"), "not a path inside"),
    "a folder": (resource(name="a/"), "not a path inside"),
    "nul": (resource(name="a\0b"), "not a path inside"),
    "no text": (resource(name=3), "not a path inside"),
    "surrogate": (resource(name="\udcff"), "not a path inside"),
    "dot among files": (resource(name="."), "lists '.' among files"),
    "twice": (resource(name="empty"), "lists a file twice"),
    "other hash": (resource(algorithm="blake2b"), "names another hash"),
    "short digest": (resource(digest="ab"), "not a sha256 digest"),
    "capitals": (resource(digest="A" * 64), "not a sha256 digest"),
    "root": (resource(digest="0" * 64), "root digest"),
    "md5": (how(hash_type="md5"), "its hash 'md5' is unknown"),
    "method": (how(method="tree"), "its method 'tree' is unknown"),
    "links": (how(allow_symlinks="yes"), "not true or false"),
    "ignore": (how(ignore_paths="model.safetensors"), "not a list of paths"),
    "shard size": (how(shard_size=5), "its shard size is 5"),
    "no shard size": (how(method="shards"), "its shard size is None"),
    "field": (how(depth=1), "do not belong there"),
    "nothing": (lambda s: s["predicate"].update(resources=[]), "lists no file"),
    "no predicate": (lambda s: s.pop("predicate"), "not exactly _type"),
    "two models": (lambda s: s.update(subject=s["subject"] * 2), "more than one model"),
    "no model": (lambda s: s.update(subject=[]), "about no model"),
    "statement": (lambda s: s.update(_type="x"), "not an in-toto Statement"),
    "predicate": (lambda s: s.update(predicateType="https://x"), "its predicate is 'https://x'"),
    "extra": (lambda s: s.update(extra=1), "not exactly _type"),
    "shape": (lambda s: s.update(predicate=[]), "other fields"),
}


@pytest.mark.parametrize("case", INSIDE)
def test_a_manifest_that_is_signed_but_wrong_is_refused(bundle, trusted, oms, case):
    whole, statement = oms.opened(bundle)
    change, expected = INSIDE[case]
    change(statement)

    with pytest.raises(IntegrityError, match=f"(?s){expected}.*ask the signer to sign again"):
        check_bundle(oms.closed(whole, statement, oms.signer), trusted)


@pytest.mark.parametrize("size", ["1e999", "-1", "0", "1.5", "true", '"9"'])
def test_an_absurd_shard_size_is_refused(bundle, trusted, oms, size):
    whole, statement = oms.opened(bundle)
    how(method="shards", shard_size="SIZE")(statement)
    payload = json.dumps(statement).replace('"SIZE"', size).encode()

    with pytest.raises(IntegrityError, match="sign again"):
        check_bundle(oms.closed(whole, payload, oms.signer), trusted)


def test_a_manifest_is_not_read_before_its_signature_is_checked(bundle, trusted, oms):
    whole, _ = oms.opened(bundle)
    mallory = oms.key()

    with pytest.raises(IntegrityError, match="not one of the trusted key"):
        check_bundle(oms.closed(whole, b"[" * 100_000, mallory), trusted)
    with pytest.raises(IntegrityError, match="nested too deeply"):
        check_bundle(oms.closed(whole, b"[" * 100_000, oms.signer), trusted)


def test_a_signature_over_the_bare_payload_is_refused(bundle, trusted, oms):
    whole, statement = oms.opened(bundle)

    assert pae(b"x") != b"x"
    with pytest.raises(IntegrityError, match="not one of the trusted key"):
        check_bundle(oms.closed(whole, statement, oms.signer, message=bytes), trusted)


def test_keyless_signatures_and_the_wrong_kind_of_trust_say_what_to_do(bundle, trusted, oms):
    whole = json.loads(bundle)
    whole["verificationMaterial"] = {"certificate": {"rawBytes": "AA=="}, "tlogEntries": [{}]}
    with pytest.raises(UsageError, match="--trust-root"):
        check_bundle(json.dumps(whole).encode(), trusted)
    with pytest.raises(UsageError, match=r"signed by a key.*--key"):
        check_bundle(bundle, Trusted(roots=(oms.authority()[0],)))
