"""Signing weights and checking them, as a person types it; and keys for weights."""

import shutil

import pytest

from tenure.dossier import Dossier, Model

pytestmark = pytest.mark.slow


@pytest.fixture
def weights(tmp_path, tenure):
    """A folder of weights, registered and signed, its signature and key in ``out``."""
    folder = tmp_path / "tulip"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    with Dossier.open(tmp_path / "dossier") as dossier:
        files = {"model.safetensors": dossier.files.put(b"weights")}
        dossier.register(Model(name="tulip", source="test", files=files))
    assert tenure("release", "seal", "--model", "tulip").returncode == 0
    assert tenure("release", "signature", "--model", "tulip", "--into", "out").returncode == 0
    return folder


def test_weights_are_checked_with_a_key_alone(tenure, weights, tmp_path):
    shutil.copy("out/model.sig", weights)
    shutil.rmtree(tmp_path / "dossier")

    answer = tenure("verify-weights", "tulip", "--key", "out/weights-key.pem")

    assert answer.returncode == 0
    assert "tulip: 1 files, 7 bytes, are what was signed\nsigned by key sha256:" in answer.stdout


def test_weights_are_checked_against_a_dossier(tenure, weights):
    answer = tenure("verify-weights", "tulip", "--signature", "out/model.sig")

    assert answer.returncode == 0
    assert "these are the files of tulip@1, by the dossier" in answer.stdout
    assert "signer unknown" in answer.stdout
    wrong = tenure(
        "verify-weights", "tulip", "--signature", "out/model.sig", "--trust", "sha256:" + "0" * 64
    )
    assert (wrong.returncode, "is not whole" in wrong.stderr) == (3, True)


def test_every_signature_on_record_is_checked_without_weights(tenure, weights):
    answer = tenure("verify-weights")

    assert answer.returncode == 0
    assert answer.stdout.startswith("tulip@1: signed by key sha256:")


def test_long_hashing_says_how_far_it_is(tenure, weights, monkeypatch):
    from tenure.cli.commands import verify_weights

    monkeypatch.setattr(verify_weights, "LARGE", 1)
    assert tenure("verify-weights", "tulip", "--signature", "out/model.sig").returncode == 0


def test_changed_weights_end_with_status_3(tenure, weights):
    (weights / "model.safetensors").write_bytes(b"Weights")

    answer = tenure("verify-weights", "tulip", "--signature", "out/model.sig")

    assert answer.returncode == 3
    assert "changed: 'model.safetensors'" in answer.stderr


def test_a_file_that_was_not_signed_is_refused_or_listed(tenure, weights):
    (weights / "README.md").write_bytes(b"hello")
    command = ("verify-weights", "tulip", "--signature", "out/model.sig")

    assert "not signed: 'README.md'" in tenure(*command).stderr
    assert "not signed: 'README.md'" in tenure(*command, "--unsigned").stdout
    assert tenure(*command, "--ignore", "README.md").returncode == 0


def test_a_key_beside_the_weights_is_used_and_warned_of(tenure, weights):
    shutil.copy("out/weights-key.pem", weights)
    command = ("verify-weights", "tulip", "--signature", "out/model.sig", "--unsigned")

    answer = tenure(*command, "--key", "tulip/weights-key.pem")

    assert "lies beside the weights" in answer.stdout


def test_what_is_absent_is_named_with_the_remedy(tenure, weights):
    for arguments, why in (
        (("tulip",), "name it with --signature"),
        (("tulip", "--key", "x.pem"), "no key at x.pem"),
        (("tulip", "--certificate", "out/model.sig"), "holds no PEM certificate"),
        (("nowhere", "--signature", "out/model.sig"), "nothing at nowhere"),
    ):
        answer = tenure("verify-weights", *arguments)
        assert answer.returncode in (2, 4), answer.stderr
        assert why in answer.stderr


def test_a_model_that_is_not_signed_says_what_signs_it(tenure, weights, tmp_path):
    with Dossier.open(tmp_path / "dossier") as dossier:
        dossier.register(Model(name="rose", source="test", kind="scripted"))

    assert (
        "tenure release seal --model rose"
        in tenure("release", "signature", "--model", "rose").stderr
    )


def test_the_key_is_listed_rotated_and_revoked(tenure, weights):
    listed = tenure("keys").stdout.splitlines()
    assert listed[-1].split()[1:3] == ["add", "weights"]
    first = listed[-1].split()[-1]

    assert "end  weights" in tenure("keys", "rotate", "--role", "weights").stdout
    since = tenure("verify-weights", "tulip", "--signature", "out/model.sig")
    assert (since.returncode, "this key was ended since" in since.stdout) == (0, True)
    assert "no key for weights" in tenure("keys", "rotate", "--role", "weights").stderr
    tenure("release", "seal", "--model", "tulip")
    again = tenure("keys").stdout.splitlines()[-1].split()[-1]
    assert again != first
    assert "--because" in tenure("keys", "revoke", "--role", "weights").stderr
    tenure("keys", "revoke", "--role", "weights", "--fingerprint", again, "--because", "stolen")
    ended = [line for line in tenure("keys").stdout.splitlines() if " end " in line]
    assert len(ended) == 2
    assert "release seal" in tenure("keys", "add", "--role", "weights").stderr
