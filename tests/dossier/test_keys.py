"""Keys lie outside the dossier, are their owner's alone, and change by signed events."""

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tenure.dossier import Dossier, Model
from tenure.dossier.keyring import admit, revoke, rotate
from tenure.dossier.keys import Keys, default_folder
from tenure.dossier.verify import verify
from tenure.errors import RefusedError, UsageError


def note(dossier, text="hello"):
    with dossier.emitter("", "test") as emit:
        return emit.event("note", text, {})


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path):
    keys = Keys(tmp_path / "keys")
    first = keys.signer("operator")

    assert keys.signer("operator").fingerprint == first.fingerprint
    assert stat.S_IMODE(keys.path("operator").stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    assert [p.name for p in keys.folder.iterdir()] == ["operator.pem"]


def test_a_key_others_can_read_is_refused_with_the_remedy(tmp_path):
    keys = Keys(tmp_path)
    keys.signer("operator")
    keys.path("operator").chmod(0o644)

    with pytest.raises(RefusedError, match="chmod 600"):
        keys.signer("operator")


def test_what_is_no_key_says_so(tmp_path):
    keys = Keys(tmp_path)
    keys.path("a").touch(mode=0o600)
    other = generate_private_key(SECP256R1())
    keys.path("b").touch(mode=0o600)
    keys.path("b").write_bytes(
        other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )

    for role, why in (("a", "not a PEM key"), ("b", "not an Ed25519 key"), ("../c", "not a role")):
        with pytest.raises(UsageError, match=why):
            keys.signer(role)
    with pytest.raises(UsageError, match="TENURE_KEYS"):
        keys.signer("d", create=False)


def test_a_private_key_is_never_printed(tmp_path):
    signer = Keys(tmp_path).signer("operator")

    assert repr(signer) == f"Signer(operator, {signer.fingerprint})"


def test_the_folder_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("TENURE_KEYS")
    assert default_folder().parts[-3:] == (".config", "tenure", "keys")


def test_keys_inside_the_dossier_are_refused(tmp_path):
    with pytest.raises(UsageError, match="inside the dossier"):
        Dossier.open(tmp_path, keys=tmp_path / "keys")


def test_every_role_signs_with_its_own_key(tmp_path):
    for role in ("operator", "reviewer"):
        with Dossier.open(tmp_path / "d", keys=tmp_path / "k", actor=role) as dossier:
            event = note(dossier)
            assert event.actor == role
            assert event.key == dossier.writer.keys.signer(role).fingerprint

    report = verify(tmp_path / "d")
    assert report.ok
    assert sorted(report.roles.values()) == ["operator", "reviewer"]


def test_a_stranger_may_read_but_not_sign(tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        dossier.register(Model(name="m", source="x", kind="api"))
    for role in ("operator", "reviewer"):
        with Dossier.open(tmp_path / "d", keys=tmp_path / "other", actor=role) as stranger:
            assert stranger.view().model("m").id == "m@1"
            with pytest.raises(UsageError, match="may not sign in this dossier"):
                note(stranger)


def test_a_key_made_elsewhere_is_admitted_and_revoked(tmp_path):
    elsewhere = Keys(tmp_path / "elsewhere").signer("reviewer")
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        admit(dossier.writer, "reviewer", elsewhere.public)
        with pytest.raises(UsageError, match="already"):
            admit(dossier.writer, "reviewer", elsewhere.public)
    with Dossier.open(tmp_path / "d", keys=tmp_path / "elsewhere", actor="reviewer") as theirs:
        note(theirs)
        with pytest.raises(UsageError, match="as the operator"):
            revoke(theirs.writer, elsewhere.fingerprint, "mine")
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        revoke(dossier.writer, elsewhere.fingerprint, "left the house")
        with pytest.raises(UsageError, match="may not sign here anyway"):
            revoke(dossier.writer, elsewhere.fingerprint, "again")
        with pytest.raises(RefusedError, match="last key"):
            revoke(dossier.writer, dossier.writer.keys.signer("operator").fingerprint, "oops")
    with (
        Dossier.open(tmp_path / "d", keys=tmp_path / "elsewhere", actor="reviewer") as theirs,
        pytest.raises(UsageError, match="revoked or replaced"),
    ):
        note(theirs)

    assert verify(tmp_path / "d").ok


def test_a_rotated_key_signs_its_successor_and_nothing_after(tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        old = note(dossier).key
        change = rotate(dossier.writer, "operator")
        new = note(dossier).key

    assert change.key == old != new == change.body["fingerprint"]
    report = verify(tmp_path / "d", trust=old)
    assert report.ok
    assert verify(tmp_path / "d", trust=new).ok, "the successor signed the newest checkpoint"


def test_a_rotation_interrupted_after_its_event_is_finished(tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        note(dossier)
        writer = dossier.writer
        before = writer.keys.path("operator").read_bytes()
        new = rotate(writer, "operator").body["fingerprint"]
        writer.keys.path("operator").rename(writer.keys.path("operator.next"))
        Keys(tmp_path / "k").path("operator").touch(mode=0o600)
        writer.keys.path("operator").write_bytes(before)

        assert note(dossier).key == new
        assert not writer.keys.has("operator.next")


def test_a_new_key_that_never_came_into_the_log_changes_nothing(tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        key = note(dossier).key
        dossier.writer.keys.store("operator.next", Ed25519PrivateKey.generate())

        assert note(dossier).key == key
        assert rotate(dossier.writer, "operator").key == key


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "role", "signs_as"),
    [
        ("operator", "reviewer", "operator"),
        ("reviewer", "operator", "reviewer"),
        ("reviewer", "council", "reviewer"),
    ],
)
def test_a_key_file_copied_to_another_role_signs_nothing(tmp_path, kit, file, role, signs_as):
    """It once added the same key again under the other role: an event no verifier accepts."""
    for actor in ("operator", "reviewer"):
        with Dossier.open(tmp_path / "d", keys=tmp_path / "k", actor=actor) as dossier:
            note(dossier)
    keys = Keys(tmp_path / "k")
    keys.path(role).write_bytes(keys.path(file).read_bytes())
    keys.path(role).chmod(0o600)
    before = kit.entries(tmp_path / "d")

    with (
        Dossier.open(tmp_path / "d", keys=tmp_path / "k", actor=role) as dossier,
        pytest.raises(UsageError, match=f"copy of a key that signs here as '{signs_as}'.*move"),
    ):
        note(dossier)
    assert kit.entries(tmp_path / "d") == before
    assert kit.problems(tmp_path / "d") == ([], [])


@pytest.mark.slow
def test_a_copy_of_an_ended_key_signs_nothing_in_any_role(tmp_path, kit):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        note(dossier)
        rotate(dossier.writer, "operator")
    keys = Keys(tmp_path / "k")
    (old,) = keys.folder.glob("operator.*.old")
    old.rename(keys.path("reviewer"))

    with (
        Dossier.open(tmp_path / "d", keys=tmp_path / "k", actor="reviewer") as dossier,
        pytest.raises(UsageError, match="revoked or replaced"),
    ):
        note(dossier)
    assert kit.problems(tmp_path / "d") == ([], [])
