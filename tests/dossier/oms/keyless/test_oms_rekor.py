"""The log's entry in a keyless signature: whatever is changed of it, it counts for nothing."""

import base64
import json
import random

import pytest

from tenure.errors import IntegrityError, TenureError, UsageError

pytestmark = pytest.mark.slow


def entry(change):
    def act(keyless, bundle):
        change(bundle["verificationMaterial"]["tlogEntries"][0])

    return act


def proof(change):
    return entry(lambda e: change(e["inclusionProof"]))


def spoilt(text):
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def other_checkpoint(keyless, bundle):
    """A note that says another root, signed by somebody else in the log's name."""
    held = bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    text = held["checkpoint"]["envelope"].split("\n\n")[0] + "\n"
    house = keyless.house
    forged = keyless.b64(house.log_id[:4] + keyless.signed(keyless.Sigstore().log, text.encode()))
    held["checkpoint"]["envelope"] = f"{text}\n— log.example.org {forged}\n"


def other_tree(keyless, bundle):
    """A proof that is good in itself, over a root that the log never signed."""
    first = bundle["verificationMaterial"]["tlogEntries"][0]
    body = base64.b64decode(first["canonicalizedBody"])
    mine = keyless.Sigstore().entry(body)["inclusionProof"]
    first["inclusionProof"] |= {"hashes": mine["hashes"][::-1], "rootHash": mine["rootHash"]}


CHANGES = {
    "no entry": (lambda k, b: b["verificationMaterial"].update(tlogEntries=[]), "holds 0 entries"),
    "two entries": (
        lambda k, b: b["verificationMaterial"].update(tlogEntries=[{}, {}]), "holds 2 entries",
    ),
    "no promise": (entry(lambda e: e.pop("inclusionPromise")), "no signed entry timestamp"),
    "empty promise": (entry(lambda e: e.update(inclusionPromise={})), "no signed entry timestamp"),
    "other promise": (
        entry(lambda e: e["inclusionPromise"].update(signedEntryTimestamp=spoilt(e["inclusionPromise"]["signedEntryTimestamp"]))),
        "signed entry timestamp is not the log's",
    ),
    "other time": (entry(lambda e: e.update(integratedTime=str(int(e["integratedTime"]) + 1))), "timestamp is not the log's"),
    "other index": (entry(lambda e: e.update(logIndex="1")), "timestamp is not the log's"),
    "not a number": (entry(lambda e: e.update(integratedTime="1e9")), "not a number that can be"),
    "a huge number": (entry(lambda e: e.update(logIndex="9" * 19)), "not a number that can be"),
    "other body": (entry(lambda e: e.update(canonicalizedBody="e30=")), "about another signature"),
    "other log": (entry(lambda e: e.update(logId={"keyId": "AAAAAAAA"})), "not one of the 1 logs"),
    "no proof": (entry(lambda e: e.pop("inclusionProof")), "not whole"),
    "hash spoilt": (proof(lambda p: p["hashes"].__setitem__(0, spoilt(p["hashes"][0]))), "does not lead to the root"),
    "hash missing": (proof(lambda p: p["hashes"].pop()), "inclusion proof"),
    "hash more": (proof(lambda p: p["hashes"].append(p["hashes"][0])), "inclusion proof"),
    "other place": (proof(lambda p: p.update(logIndex="3")), "does not lead to the root"),
    "other size": (proof(lambda p: p.update(treeSize="8")), "inclusion proof"),
    "root spoilt": (proof(lambda p: p.update(rootHash=spoilt(p["rootHash"]))), "does not lead to the root"),
    "no checkpoint": (proof(lambda p: p.pop("checkpoint")), "not whole"),
    "checkpoint cut": (proof(lambda p: p["checkpoint"].update(envelope="x")), "not a checkpoint"),
    "checkpoint forged": (other_checkpoint, "not signed by the log"),
    "another tree": (other_tree, "does not lead to the root"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_a_changed_entry_is_refused(keyless, payload, check, case):
    change, why = CHANGES[case]
    bundle = keyless.house.bundle(payload)
    change(keyless, bundle)

    with pytest.raises(IntegrityError, match=why):
        check(bundle, keyless.house)


def test_the_entry_of_another_signature_proves_nothing(keyless, payload, check):
    """What CVE-2022-36056 was about: a good entry, of something else."""
    first, second = keyless.house.bundle(payload), keyless.house.bundle(payload)
    material = first["verificationMaterial"]
    material["tlogEntries"] = second["verificationMaterial"]["tlogEntries"]

    with pytest.raises(IntegrityError, match="about another signature"):
        check(first, keyless.house)


def test_an_entry_whose_time_a_third_party_signs_names_the_tool_that_reads_it(keyless, payload, check):  # fmt: skip
    bundle = keyless.house.bundle(payload)
    told = bundle["verificationMaterial"]["tlogEntries"][0]
    told["kindVersion"] = {"kind": "hashedrekord", "version": "0.0.2"}

    with pytest.raises(UsageError, match="model_signing verify sigstore"):
        check(bundle, keyless.house)


@pytest.fixture(scope="module")
def theirs(keyless, tmp_path_factory):
    """Sigstore's own verifier under the same root; it needs no network for what we make."""
    from sigstore.models import Bundle, TrustedRoot
    from sigstore.verify import Verifier, policy

    place = tmp_path_factory.mktemp("root") / "trusted_root.json"
    place.write_text(json.dumps(keyless.house.trusted_root()))
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(place)))
    whom = policy.Identity(identity=keyless.who, issuer=keyless.issuer)
    return lambda told: verifier.verify_dsse(Bundle.from_json(json.dumps(told)), whom)


def test_sigstores_own_verifier_agrees_about_what_is_good(keyless, payload, theirs):
    assert theirs(keyless.house.bundle(payload))[1] == payload


def test_ours_accepts_nothing_that_theirs_refuses(keyless, payload, check, theirs, spoil):
    """120 bundles spoilt at random in what stands beside the signed statement."""
    chance, tally = random.Random(11), {}
    original = keyless.house.bundle(payload)
    for _ in range(120):
        told = json.loads(json.dumps(original))
        told["verificationMaterial"] = spoil(told["verificationMaterial"], chance)
        answers = accepts(lambda t=told: check(t, keyless.house), TenureError), accepts(lambda t=told: theirs(t), Exception)  # fmt: skip
        tally[answers] = tally.get(answers, 0) + 1
        assert answers != (True, False), told
    assert tally[False, False] > 60, tally


def accepts(act, error):
    try:
        act()
    except error:
        return False
    return True
