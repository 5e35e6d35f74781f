"""What a hostile writer may try, each refused by both verifiers with the event named."""

import json

import pytest

from tenure.dossier import canonical, digest
from tenure.dossier.export import export
from tenure.dossier.fold import ring_of
from tenure.dossier.opening import open_view
from tenure.errors import IntegrityError, ModelError


def refused(hostile, *needles, alone=True):
    forger, _ = hostile
    ours, theirs = forger.found()
    for found in (ours, theirs) if alone else (ours,):
        assert any(all(n in line for n in ("event 2", *needles)) for line in found), found


def test_the_forger_can_write_what_is_right(hostile):
    forger, signer = hostile
    forger.add(forger.sign(forger.payload(), signer), signer)

    assert forger.found() == ([], [])


@pytest.mark.parametrize(
    "name", ["../../escape", "/etc/passwd", "a/../../b", "..", "C:\\x", "a\nb", ""]
)
def test_a_file_name_that_leads_elsewhere(hostile, name):
    forger, signer = hostile
    forger.add(forger.sign(forger.payload(files={name: digest(b"w")}), signer), signer)

    refused(hostile, "names a file that cannot be one", alone=name.startswith(("..", "/", "a/")))


@pytest.mark.parametrize("named", ["../../../etc/passwd", "sha256:../../etc", "sha256:" + "g" * 64])
def test_a_digest_that_is_a_path(hostile, named):
    forger, signer = hostile
    forger.add(forger.sign(forger.payload(files={"x": named}), signer), signer)

    refused(hostile, "names a file that cannot be one")


def test_a_model_whose_files_lie_outside_its_folder(hostile, tmp_path):
    forger, signer = hostile
    body = {"name": "evil", "source": "x", "files": {"../../escaped": digest(b"w")}}
    subject = digest(canonical(body["files"]))
    forger.add(
        forger.sign(
            forger.payload(act="register", model="evil@1", subject=subject, body=body), signer
        ),
        signer,
    )

    refused(hostile, "outside its folder", alone=False)
    view = open_view(forger.root)
    with pytest.raises(ModelError, match="outside its folder; refused"):
        view.folder(view.model("evil"))
    assert not list(forger.root.rglob("escaped"))


def test_an_entry_larger_than_the_log_takes(hostile):
    forger, signer = hostile
    payload = forger.payload(body={"x": "y" * 70_000})
    forger.add(forger.sign(payload, signer), signer)

    refused(hostile, "")


@pytest.mark.parametrize(
    "deep", [b"[" * 20_000 + b"]" * 20_000, b'{"a":' * 6_000 + b"1" + b"}" * 6_000]
)
def test_json_nested_without_end(hostile, deep):
    forger, signer = hostile
    payload = forger.payload(body={"x": 1}).replace(b'{"x":1}', b'{"x":' + deep + b"}")
    forger.add(forger.sign(payload, signer), signer)

    refused(hostile, "")
    with pytest.raises(IntegrityError):
        open_view(forger.root).events()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"name":"forged"', b'"name":"forged","name":"harmless"'),
        (b'"act":"note"', b'"act":"note","extra":1'),
        (b'"schema":1', b'"schema":2'),
        (b'"act":"note"', b'"act":null'),
        (b'"files":{}', b'"files":[]'),
        (b"urn:tenure:event:v1", b"urn:other:event:v1"),
        (b'"subject":[{', b'"subject":[{"name":"x"},{'),
    ],
)
def test_a_statement_of_another_shape(hostile, old, new):
    forger, signer = hostile
    payload = forger.payload()
    assert old in payload
    forger.add(forger.sign(payload.replace(old, new), signer), signer)

    refused(hostile, "", alone=old != b'"act":"note"' or b"extra" in new)


def test_the_same_json_spelt_another_way(hostile):
    forger, signer = hostile
    entry = json.dumps(json.loads(forger.sign(forger.payload(), signer))).encode()
    forger.add(entry, signer)

    refused(hostile, "changed")


def test_an_event_signed_by_an_unknown_key(hostile, other_key):
    forger, signer = hostile
    forger.add(forger.sign(forger.payload(), other_key()), signer)

    refused(hostile, "key")


def test_an_event_under_a_known_name_signed_by_another_key(hostile, other_key):
    forger, signer = hostile
    payload = forger.payload()
    entry = forger.sign(payload, other_key())
    forger.add(
        entry.replace(other_key().fingerprint.encode(), b"").replace(
            json.loads(entry)["signatures"][0]["keyid"].encode(), signer.fingerprint.encode()
        ),
        signer,
    )

    refused(hostile, "changed")


def test_a_role_the_key_does_not_have(hostile):
    forger, signer = hostile
    forger.add(forger.sign(forger.payload(actor="reviewer"), signer), signer)

    refused(hostile, "'reviewer'", "'operator'")


def key_event(forger, name, key, **more):
    body = {"role": key.role, "fingerprint": key.fingerprint, "public": key.public.hex(), **more}
    return forger.payload(act="key", name=name, body=body, actor=more.pop("actor", "operator"))


def test_a_revoked_key_signs_nothing_more(hostile, other_key):
    forger, signer = hostile
    reviewer = other_key("reviewer")
    forger.add(forger.sign(key_event(forger, "add", reviewer), signer), signer)
    forger.add(forger.sign(forger.payload(actor="reviewer"), reviewer), signer)
    assert forger.found() == ([], [])
    forger.add(forger.sign(key_event(forger, "revoke", reviewer), signer), signer)
    forger.add(forger.sign(forger.payload(actor="reviewer"), reviewer), signer)

    for found in forger.found():
        assert [line for line in found if "event 5" in line and "revoked" in line], found


def test_a_reviewer_makes_himself_operator(hostile, other_key):
    forger, signer = hostile
    reviewer, accomplice = other_key("reviewer"), other_key("operator")
    forger.add(forger.sign(key_event(forger, "add", reviewer), signer), signer)
    payload = key_event(forger, "add", accomplice).replace(
        b'"actor":"operator"', b'"actor":"reviewer"'
    )
    forger.add(forger.sign(payload, reviewer), signer)

    for found in forger.found():
        assert [line for line in found if "event 3" in line and "may not" in line], found
    assert ring_of(open_view(forger.root).events(act="key")).active() == [
        signer.fingerprint,
        reviewer.fingerprint,
    ]


def test_a_stranger_adds_his_own_key(hostile, other_key):
    forger, signer = hostile
    key = other_key()
    forger.add(forger.sign(key_event(forger, "add", key), key), signer)

    refused(hostile, "may not")


def test_a_key_that_is_not_the_one_it_names(hostile, other_key):
    forger, signer = hostile
    body = {
        "role": "reviewer",
        "fingerprint": other_key().fingerprint,
        "public": other_key().public.hex(),
    }
    forger.add(forger.sign(forger.payload(act="key", name="add", body=body), signer), signer)

    refused(hostile, "not the one it names")


def test_a_checkpoint_signed_by_a_stranger(hostile, other_key):
    forger, signer = hostile
    forger.add(forger.sign(forger.payload(), signer), other_key())

    for found in forger.found():
        assert any("checkpoint" in line and "not" in line for line in found), found


def test_an_event_of_another_log_of_the_same_key(hostile):
    forger, signer = hostile
    forger.add(
        forger.sign(forger.payload().replace(forger.log.encode(), b"tenure/another"), signer),
        signer,
    )

    refused(hostile, "another")


@pytest.mark.parametrize(
    "changes", [{"model": "nobody@1"}, {"model": "m@1"}, {"subject": digest(b"another model")}]
)
def test_an_event_whose_subject_is_not_its_model(hostile, changes):
    forger, signer = hostile
    forger.add(forger.sign(forger.payload(**changes), signer), signer)

    refused(hostile, "subject")


def test_a_fact_the_house_forbids(hostile):
    forger, signer = hostile
    subject = open_view(forger.root).events(act="register")[0].subject
    body = {"value": "public", "because": "we like it"}
    forger.add(
        forger.sign(
            forger.payload(
                act="fact", name="availability", model="m@1", subject=subject, body=body
            ),
            signer,
        ),
        signer,
    )

    refused(hostile, "forbidden", "not kept", alone=False)


def test_work_recorded_twice(hostile):
    forger, signer = hostile
    for _ in range(2):
        forger.add(
            forger.sign(forger.payload(act="unit", body={"key": "k", "result": 1}), signer), signer
        )

    assert any("event 3" in line and "recorded twice" in line for line in forger.found()[0])


def test_a_hostile_export_writes_nothing_outside_its_folder(hostile, tmp_path):
    forger, _ = hostile
    export(open_view(forger.root), [], tmp_path / "export")
    (tmp_path / "export" / "left-out.json").write_text('[{"digest":"../../x","size":"many"}]')
    (tmp_path / "export" / "proofs.jsonl").write_text(
        '{"index": 99999999999999999999, "hashes": []}\n' * 2
    )
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(IntegrityError):
        open_view(tmp_path / "export").models()
    assert sorted(tmp_path.rglob("*")) == before
