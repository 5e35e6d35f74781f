"""Some models out of a log: proofs, files, and a verifier that needs nothing of tenure."""

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tenure.dossier import Model, digest, verifier
from tenure.dossier.checkpoint import parse
from tenure.dossier.export import export, proof
from tenure.dossier.merkle import leaf_hash, root_from_inclusion
from tenure.dossier.opening import open_view
from tenure.dossier.verify import verify
from tenure.errors import IntegrityError, UsageError


@pytest.fixture
def exported(lived, tmp_path):
    export(open_view(lived.root), ["tulip"], tmp_path / "export")
    return tmp_path / "export"


def test_an_export_holds_what_is_about_its_models_and_verifies(lived, exported, kit):
    view = open_view(exported)

    assert kit.problems(exported) == ([], [])
    assert [m.id for m in view.models()] == ["tulip@1"]
    assert {e.model for e in view.events()} == {"", "tulip@1"}
    assert view.events(model="tulip@1") == lived.view().events(model="tulip@1")
    assert view.state("tulip@1") == lived.view().state("tulip@1")
    assert view.evidence("test/stage", "tulip@1").measure("sum").estimate == 5
    assert (view.folder(view.model("tulip")) / "model.safetensors").read_bytes() == b"weights"
    assert "what was left out cannot be seen" in " ".join(verify(exported).notes)


def test_every_model_is_exported_when_none_is_named(lived, tmp_path, kit):
    found = export(open_view(lived.root), [], tmp_path / "all")

    assert found.events == lived.size()
    assert kit.problems(found.folder) == ([], [])


def test_large_files_are_left_out_and_listed(lived, tmp_path, kit):
    found = export(open_view(lived.root), ["tulip"], tmp_path / "small", largest=10)

    listed = json.loads((found.folder / "left-out.json").read_bytes())
    assert [each["digest"] for each in listed] == list(found.left_out)
    assert kit.problems(found.folder) == ([], [])
    assert "left out" in " ".join(verify(found.folder).notes)


def test_an_export_is_never_half_of_two(lived, exported):
    with pytest.raises(UsageError, match="is not empty"):
        export(open_view(lived.root), ["tulip"], exported)
    with pytest.raises(UsageError, match="is an export itself"):
        export(open_view(exported), ["tulip"], exported.parent / "again")
    with pytest.raises(UsageError, match="no model named 'rose'"):
        export(open_view(lived.root), ["rose"], exported.parent / "rose")


def test_a_damaged_file_is_not_exported(lived, tmp_path):
    place = lived.files.path(digest(b"weights"))
    place.chmod(0o644)
    place.write_bytes(b"wAights")

    with pytest.raises(IntegrityError, match="was changed"):
        export(open_view(lived.root), ["tulip"], tmp_path / "export")


@pytest.mark.parametrize("line", [0, 3, -1])
def test_a_changed_event_or_proof_is_named(exported, kit, line):
    for name in ("events.jsonl", "proofs.jsonl"):
        copy = exported.parent / f"copy of {name}"
        shutil.copytree(exported, copy)
        lines = (copy / name).read_text().splitlines()
        index = json.loads((copy / "proofs.jsonl").read_text().splitlines()[line])["index"]
        place = lines[line].rindex("0") if "0" in lines[line] else 20
        lines[line] = lines[line][:place] + "1" + lines[line][place + 1 :]
        (copy / name).write_text("\n".join(lines) + "\n")

        for found in kit.problems(copy):
            assert found
            assert any(f"event {index}" in each or "proof" in each for each in found)


@pytest.mark.parametrize("change", ["drop", "swap", "repeat"])
def test_events_dropped_moved_or_repeated_in_an_export_are_noticed(exported, kit, change):
    for name in ("events.jsonl", "proofs.jsonl"):
        lines = (exported / name).read_text().splitlines()
        if change == "drop":
            del lines[2]
        elif change == "swap":
            lines[2], lines[3] = lines[3], lines[2]
        else:
            lines.insert(3, lines[2])
        if change == "drop" and name == "proofs.jsonl":
            break
        (exported / name).write_text("\n".join(lines) + "\n")

    assert all(kit.problems(exported))


def test_a_missing_part_of_an_export_is_noticed(exported, kit):
    for name in ("checkpoint", "proofs.jsonl"):
        shutil.copytree(exported, exported.parent / name)
        (exported.parent / name / name).unlink()
        assert all(kit.problems(exported.parent / name)), name


@pytest.mark.parametrize("options", [[], ["-I", "-S"]], ids=["with cryptography", "plain Python"])
def test_the_verifier_stands_alone(lived, exported, options):
    run = [sys.executable, *options, str(exported / "verify_dossier.py")]
    for folder in (exported, lived.root):
        found = subprocess.run([*run, str(folder)], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found
        assert found.stdout.startswith("OK:")
    (exported / "checkpoint").write_text("nonsense")
    found = subprocess.run([*run, str(exported)], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "NOT OK" in found.stdout


def test_the_verifier_is_short_and_imports_nothing_of_tenure():
    text = Path(verifier.__file__).read_text()

    assert text.count("\n") <= 400
    assert "import tenure" not in text
    assert "from tenure" not in text


def test_plain_arithmetic_agrees_with_openssl(kit, lived):
    signer = lived.writer.keys.signer("operator")
    plain = verifier._plain_ed25519
    signature = signer.sign(b"message")

    assert plain(signer.public, signature, b"message")
    assert not plain(signer.public, signature, b"massage")
    assert not plain(signer.public, signature[:-1] + b"\\xff", b"message")
    assert not plain(bytes(32), signature, b"message")
    order = 2**252 + 27742317777372353535851937790883648493
    larger = int.from_bytes(signature[32:], "little") + order
    malleable = signature[:32] + larger.to_bytes(32, "little")
    assert not plain(signer.public, malleable, b"message"), "RFC 8032: S is below the order"


def test_the_readme_says_how_to_read_an_event(exported):
    text = (exported / "README.md").read_text()

    assert "python3 verify_dossier.py . --trust" in text
    command = text.split("`sed")[1].split("`\n")[0]
    found = subprocess.run(
        ["bash", "-c", "sed" + command], cwd=exported, capture_output=True, text=True, check=True
    )
    assert json.loads(found.stdout)["predicate"]["act"] == "key"


def test_one_event_is_proven_offline(lived, kit):
    view = open_view(lived.root)
    text = proof(view, 4)

    head, note = text.split("\n\n", 1)
    first, index, *hashes = head.split("\n")
    checkpoint = parse(note)
    assert (first, index) == ("c2sp.org/tlog-proof@v1", "index 4")
    leaf = leaf_hash(kit.entries(lived.root)[4])
    proven = [base64.b64decode(h) for h in hashes]
    assert root_from_inclusion(leaf, 4, checkpoint.size, proven) == checkpoint.root
    with pytest.raises(UsageError, match="no event named '99'"):
        proof(view, 99)


def test_a_model_behind_an_api_is_exported_too(lived, tmp_path, kit):
    lived.register(Model(name="far", source="openai/far", kind="api"))

    export(open_view(lived.root), ["far"], tmp_path / "far")

    assert kit.problems(tmp_path / "far") == ([], [])
