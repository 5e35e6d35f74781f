"""Keyless signatures: who signed, under which authority, when; and what an attacker would change."""

import base64
import json
import random
from datetime import timedelta

import pytest
from cryptography import x509

from tenure.dossier.oms import hash_files, list_files
from tenure.dossier.oms_bundle import check_bundle
from tenure.dossier.oms_keys import Trusted
from tenure.dossier.oms_trust_root import read_trust_root
from tenure.errors import IntegrityError, UsageError

pytestmark = pytest.mark.slow


def test_who_signed_and_when_is_said(keyless, payload, check):
    found = check(keyless.house.bundle(payload), keyless.house)

    vouched = "'ada@example.org', as 'https://accounts.example.org' vouched at 2026-05-01T12:00:00Z"
    assert found.signer == vouched
    assert "only watching the log tells" in found.note
    assert found.manifest.resources


def test_a_service_signs_by_its_address_and_a_log_with_another_kind_of_key(keyless, payload, check):
    house = keyless.Sigstore(log=keyless.ed25519())
    who = x509.UniformResourceIdentifier("https://build.example.org/release.yml@main")
    bundle = house.bundle(payload, keyless.Asked(who=who))

    assert check(bundle, house, who=who.value).signer.startswith("'https://build.example.org")


def asked(**changes):
    return lambda keyless: keyless.Asked(**{k: v(keyless) for k, v in changes.items()})


def plain(value):
    return lambda keyless: value


MALLORY = x509.RFC822Name("mallory@example.org")
LEAVES = {
    "another's name": (asked(who=plain(MALLORY)), "signed by 'mallory@example.org', not by 'ada"),
    "a name as a host": (asked(who=plain(x509.DNSName("ada"))), "signed by 'DNSName', not by"),
    "other issuer": (
        asked(issuer=plain("https://evil.example"), issuer_v2=plain("https://evil.example")),
        "vouched for by 'https://evil.example'",
    ),
    "two issuers": (asked(issuer_v2=plain("https://evil.example")), "not by 'https://accounts"),
    "not for code": (asked(code=plain(value=False)), "not one for signing code"),
    "no SCT": (asked(sct=plain(value=False)), "not exactly one proof that a log of certificates"),
    "ran out before": (
        asked(start=lambda k: k.now - timedelta(minutes=11)),
        "counted from 2026-05-01 11:49:00 to 11:59:00: whoever signed did not hold",
    ),
    "began after": (asked(start=lambda k: k.now + timedelta(minutes=1)), "ask the signer to sign"),
}


@pytest.mark.parametrize("case", LEAVES)
def test_a_certificate_that_says_otherwise_is_refused(keyless, payload, check, case):
    make, why = LEAVES[case]

    with pytest.raises(IntegrityError, match=why):
        check(keyless.house.bundle(payload, make(keyless)), keyless.house)


def test_an_authority_a_log_or_a_time_that_is_not_in_the_root_is_refused(keyless, payload, check):
    mine, theirs = keyless.house, keyless.Sigstore()
    bundle = theirs.bundle(payload)
    root = mine.trusted_root()

    with pytest.raises(IntegrityError, match="not one of the 1 logs of your trusted root"):
        check(bundle, mine)
    with pytest.raises(IntegrityError, match="authorities of your trusted root vouches"):
        check(bundle, mine, root={**root, "tlogs": theirs.trusted_root()["tlogs"]})
    with pytest.raises(IntegrityError, match=r"\(SCT\) is not signed by one of"):
        check(bundle, mine, root={**theirs.trusted_root(), "ctlogs": root["ctlogs"]})
    for part in ("tlogs", "certificateAuthorities", "ctlogs"):
        old = json.loads(json.dumps(root))
        place = old[part][0] if part == "certificateAuthorities" else old[part][0]["publicKey"]
        place["validFor"]["end"] = "2026-04-30T00:00:00Z"
        with pytest.raises(IntegrityError, match="trusted root"):
            check(mine.bundle(payload), mine, root=old)


def test_without_a_log_of_certificates_it_is_said_that_none_was_asked(keyless, payload, check):
    root = {**keyless.house.trusted_root(), "ctlogs": []}
    bundle = keyless.house.bundle(payload, keyless.Asked(sct=False))

    assert "names no log of certificates" in check(bundle, keyless.house, root=root).note


def test_the_signature_must_be_by_the_certificates_key(keyless, payload, check):
    house = keyless.house
    bundle, other = house.bundle(payload), house.bundle(payload)
    taken = other["dsseEnvelope"]["signatures"][0]["sig"]
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = taken
    with pytest.raises(IntegrityError, match="about another signature"):
        check(bundle, house)

    der = base64.b64decode(bundle["verificationMaterial"]["certificate"]["rawBytes"])
    leaf = x509.load_der_x509_certificate(der)
    body = keyless.body(payload, base64.b64decode(taken), leaf)  # the log took in what does not fit
    bundle["verificationMaterial"]["tlogEntries"] = [house.entry(body)]
    with pytest.raises(IntegrityError, match="not by the certificate's key over this manifest"):
        check(bundle, house)


def test_nobody_is_believed_without_a_root_a_name_and_an_issuer(keyless, payload, tmp_path):
    data = json.dumps(keyless.house.bundle(payload)).encode()
    with pytest.raises(
        UsageError, match=r"--trust-root trusted_root.json --identity NAME --issuer"
    ):
        check_bundle(data, Trusted())
    place = tmp_path / "root.json"
    whole = keyless.house.trusted_root()
    for text in ("", "[]", "{", json.dumps({**whole, "mediaType": "x"}), json.dumps({**whole, "tlogs": []})):  # fmt: skip
        place.write_text(text)
        with pytest.raises(UsageError, match="not a trusted root of Sigstore"):
            read_trust_root(place)
    with pytest.raises(UsageError, match="cannot be read"):
        read_trust_root(tmp_path)
    place.write_text(json.dumps({"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", "trustedRoot": whole}))  # fmt: skip
    assert len(read_trust_root(place).entries) == 1


def test_the_command_checks_weights_by_a_root_a_name_and_an_issuer(keyless, oms, tmp_path, capsys):
    from tenure.cli.commands.verify_weights import extension as verify_weights

    folder, root = oms.folder(tmp_path / "tulip"), tmp_path / "trusted_root.json"
    bundle = keyless.house.bundle(hash_files(list_files(folder)).to_payload())
    (folder / "model.sig").write_text(json.dumps(bundle))
    root.write_text(json.dumps(keyless.house.trusted_root()))
    whom = {"trust_root": root, "identity": keyless.who, "issuer": keyless.issuer}

    verify_weights(folder, **whom)
    assert "are what was signed\nsigned by 'ada@example.org', as" in capsys.readouterr().out

    for left_out in whom:
        with pytest.raises(UsageError, match="three things together"):
            verify_weights(folder, **{**whom, left_out: None})
    with pytest.raises(UsageError, match="not both"):
        verify_weights(folder, key=[root], **whom)
    (folder / "a.txt").write_bytes(b"")
    with pytest.raises(IntegrityError, match=r"changed: 'a\.txt'"):
        verify_weights(folder, **whom)


def test_bytes_of_a_certificate_changed_at_random_are_refused_with_our_own_error(keyless, payload, check):  # fmt: skip
    bundle, chance = keyless.house.bundle(payload), random.Random(3)
    held = bundle["verificationMaterial"]["certificate"]
    original = base64.b64decode(held["rawBytes"])
    for _ in range(400):
        raw = bytearray(original)
        for _ in range(chance.randrange(1, 4)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        held["rawBytes"] = keyless.b64(bytes(raw))
        if bytes(raw) != original:
            with pytest.raises(IntegrityError):
                check(bundle, keyless.house)
