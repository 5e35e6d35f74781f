"""A bundle that is mailed, and the review that comes back: signed, bound to what was read, filed once."""

import base64
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tenure.assess import reviewing
from tenure.dossier import Dossier, Model
from tenure.dossier.keys import Keys, signature_fits
from tenure.dossier.nouns import Evidence, Recipe
from tenure.dossier.samples import secret_in
from tenure.dossier.verify import verify
from tenure.errors import DocumentError, IntegrityError, RefusedError, UsageError
from tenure.measure import estimate
from tenure.measure.disclosed import check
from tenure.measure.disclosing import Choice
from tenure.release import decide, external, sign_review
from tenure.release.bundle import Parcel, claims_of, pack

pytestmark = pytest.mark.slow
SECRET_TEXT = "the words of an answer that is not to leave the house, number"
ROWS = [{"id": f"s{i}", "failed": i % 4 == 0, "answer": f"{SECRET_TEXT} {i}"} for i in range(24)]
VERDICT = {"rule": "harm", "claim": "declines harm", "verdict": "met", "why": "0.1 is below 0.5"}


def fill(dossier):
    """Evidence with rows, a unit of work and a label that repeat an answer, a decision."""
    dossier.register(Model(name="m", source="test", kind="scripted"))
    with dossier.emitter("m@1", "assess/made") as emit:
        named = emit.records(ROWS)
        recipe = Recipe(estimator="proportion", value="failed")
        measure = estimate(ROWS, recipe, name="failing", unit="proportion", samples=named)
        emit.unit("answering", {"a": 1}, lambda: ROWS[0]["answer"])
        emit.event("note", "assess/review/label", {"sample": "s1", "reason": ROWS[1]["answer"]})
        found = Evidence(name="assess/made", model="m@1", summary="made", measures=(measure,), files={"samples.jsonl": named, "log.eval": emit.file(ROWS[2]["answer"])})  # fmt: skip
        emit.event("evidence", "assess/made", {"key": "a", "evidence": found.to_json()}, files=dict(found.files))  # fmt: skip
        policy = {"policy.json": emit.file('{"policy": 1}')}
        decided = Evidence(name="release/decide", model="m@1", summary="Held: not shown", kind="record", findings={"verdicts": [VERDICT], "decision": "hold"}, files=policy)  # fmt: skip
        emit.event("evidence", "release/decide", {"key": "b", "evidence": decided.to_json()}, files=policy)  # fmt: skip


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        fill(opened)
        yield opened


def packed(dossier, into: Path, **choice):
    secret = secret_in(dossier.writer.keys.folder)
    with dossier.emitter("m@1", "release/bundle") as emit:
        parcel = Parcel(choice=Choice(**choice), to="Ada")
        made = pack(dossier.reading, secret, "m", parcel, emit, into)
    with zipfile.ZipFile(into) as held:
        held.extractall(into.parent / "unpacked")
    return made, into.parent / "unpacked" / into.stem


def filled(folder: Path, **change: str) -> None:
    said = {
        'name: ""': 'name: "Ada Byron"',
        'affiliation: ""': "affiliation: none",
        'conflict_of_interest: ""': "conflict_of_interest: none",
        "opinion: cannot say ": "opinion: agree ",
        sign_review.UNSAID: "I read the rows.",
        **change,
    }
    text = (folder / "review.yaml").read_text()
    for was, becomes in said.items():
        assert was in text
        text = text.replace(was, becomes, 1)
    (folder / "review.yaml").write_text(text)


def signed_alone(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-S", str(folder / "sign_review.py")], env={}, capture_output=True, text=True, check=False)  # fmt: skip


def file(dossier, signed: bytes):
    with dossier.emitter("m@1", "assess/review") as emit:
        return external.file_review(signed, "review", dossier.reading, emit)


def test_a_bundle_is_read_signed_and_comes_back(dossier, tmp_path):
    made, folder = packed(dossier, tmp_path / "m.zip", fraction=0.5, reason="private")
    assert (verify(folder).ok, check(folder).problems) == (True, [])
    assert (made.shown, made.rows) == (12, 24)
    assert "cannot be judged again" in made.warnings[0], "its policy is none"
    assert json.loads((folder / "decision.json").read_text())["decision"] == "hold"
    assert "Held: not shown" in (folder / "README.md").read_text()

    refused = signed_alone(folder)
    assert refused.returncode == 1
    assert "your name" in refused.stderr
    filled(folder)
    done = signed_alone(folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "reviewer.key").stat().st_mode & 0o777 == 0o600
    signed = (folder / "review.signed.json").read_bytes()
    event = file(dossier, signed)
    assert event.name == reviewing.STATEMENT == external.STATEMENT
    assert event.body["opinions"][0] == {"id": "harm", "claim": "declines harm: met. 0.1 is below 0.5", "opinion": "agree", "because": ""}  # fmt: skip
    assert event.body["key"] in done.stdout
    assert (event.body["conflict_of_interest"], event.body["bundle"]) == ("none", made.bundle)
    assert file(dossier, signed).index == event.index, "filed once"
    with dossier.emitter("m@1", "assess/review") as emit:
        answers = [external.respond(event, "Thank you.", dossier.reading, emit) for _ in range(2)]
    assert answers[0].index == answers[1].index
    assert answers[0].body["to"] == event.digest
    assert external.wrong_reviews(dossier.reading) == []
    assert verify(dossier.root).ok


def test_the_decision_is_judged_again_from_the_bundle_by_other_code(dossier, tmp_path):
    decided = dossier.run(decide.stage, "m", {})
    file_more = Evidence(name="assess/later", model="m@1", summary="after the decision")
    with dossier.emitter("m@1", "assess/later") as emit:
        emit.event("evidence", "assess/later", {"evidence": file_more.to_json()})
        emit.event("note", "ledger/x", {"id": "s", "state": "open", "text": "after the decision"})
    _, folder = packed(dossier, tmp_path / "m.zip", fraction=0.5, reason="private")

    def judged():
        return subprocess.run([sys.executable, "-S", str(folder / "verify_decision.py")], env={}, capture_output=True, text=True, check=False)  # fmt: skip

    assert decided.findings["decision"] == "hold"
    run = judged()
    assert (run.returncode, run.stdout[:6]) == (0, "AGREES"), run.stdout + run.stderr
    docket = folder / "docket.json"
    assert "after the decision" not in docket.read_text()
    docket.write_text(docket.read_text().replace('"verdict":"missing"', '"verdict":"met"', 1))
    assert judged().returncode == 1


def test_what_is_kept_back_is_nowhere_in_the_bundle(dossier, tmp_path):
    _, folder = packed(dossier, tmp_path / "m.zip", hide=("answer",), reason="private")
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    payloads = [base64.b64decode(json.loads(e)["payload"]) for e in (folder / "events.jsonl").read_bytes().splitlines()]  # fmt: skip

    assert SECRET_TEXT.encode() not in held + b"".join(payloads)
    assert b'{"policy": 1}' in held
    whole, folder = packed(dossier, tmp_path / "whole.zip")
    assert (whole.shown, whole.rows) == (24, 24)
    assert SECRET_TEXT.encode() in (folder / "disclosed").iterdir().__next__().read_bytes()


def test_the_plain_signature_is_that_of_ed25519():
    for seed in (b"\0" * 32, bytes(range(32)), b"\xff" * 32):
        public, signature = sign_review.sign(seed, b"message" + seed)
        assert signature_fits(public, signature, b"message" + seed)
        assert not signature_fits(public, signature, b"other")
    # RFC 8032, section 7.1, test 2
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public, signature = sign_review.sign(seed, b"\x72")
    assert public.hex().startswith("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf")
    assert signature.hex().startswith("92a009a9f0d4cab8720e820b5f642540a2b27b54")


def _payload(signed: bytes, **change) -> bytes:
    told = json.loads(signed)
    inner = json.loads(base64.b64decode(told["payload"])) | change
    told["payload"] = base64.b64encode(json.dumps(inner).encode()).decode()
    return json.dumps(told).encode()


def _other_key(signed: bytes) -> bytes:
    told = json.loads(signed)
    return json.dumps({**told, "public": "00" * 32}).encode()


def test_a_review_that_was_changed_or_is_of_something_else_is_refused(dossier, tmp_path):
    _, folder = packed(dossier, tmp_path / "m.zip", fraction=0.5, reason="private")
    filled(folder)
    signed_alone(folder)
    signed = (folder / "review.signed.json").read_bytes()

    for bad in (_payload(signed, form="x"), _payload(signed, bundle="sha256:0"), _other_key(signed), b"{", b"[]", b" " * (2 << 20)):  # fmt: skip
        with pytest.raises(IntegrityError, match="no signed review"):
            file(dossier, bad)
    own = Keys(tmp_path / "reviewer").signer("ada")
    form = (folder / "review.yaml").read_text()
    bundle = sign_review.read_bundle(folder)
    for text, said, wrong, signer in (
        (form, "sha256:" + "0" * 64, UsageError, own),
        (form.replace("harm", "luck"), bundle, UsageError, own),
        (form.replace("m@1", "n@1"), bundle, UsageError, own),
        (form.replace("opinion: agree", "opinion: maybe"), bundle, DocumentError, own),
        (form.replace("conflict_of_interest: none", ""), bundle, DocumentError, own),
        (form, bundle, RefusedError, Keys(tmp_path / "keys").signer("operator")),
    ):
        with pytest.raises(wrong):
            file(dossier, external.sign_here(text, said, signer))
    assert dossier.view().events(act="sign") == []


def test_a_bundle_that_was_tampered_with_is_not_signed(dossier, tmp_path):
    _, folder = packed(dossier, tmp_path / "m.zip", fraction=0.5, reason="private")
    filled(folder)
    decision = folder / "decision.json"
    decision.write_text(decision.read_text().replace("hold", "release"))

    assert "decision.json is not as it was sent" in signed_alone(folder).stderr
    assert not (folder / "review.signed.json").exists()


def test_an_event_that_says_otherwise_than_its_review_is_found(dossier, tmp_path):
    _, folder = packed(dossier, tmp_path / "m.zip", fraction=0.5, reason="private")
    filled(folder)
    signed_alone(folder)
    event = file(dossier, (folder / "review.signed.json").read_bytes())
    body = {**event.body, "conflict_of_interest": "paid", "opinions": []}
    with dossier.emitter("m@1", "assess/review") as emit:
        emit.event("sign", external.STATEMENT, body)

    (said,) = external.wrong_reviews(dossier.reading)
    assert "conflict_of_interest" in said
    assert "opinions" in said


def test_a_bundle_is_on_record_before_it_is_there_and_whole_or_not_at_all(
    dossier, tmp_path, monkeypatch
):
    """Killed while the file is written: the record knows a bundle nobody has; the next one works."""
    from tenure.release import bundle

    def killed(_folder, into):
        into.with_name(f".{into.name}.new").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(bundle, "_zip", killed)
        with pytest.raises(KeyboardInterrupt):
            packed(dossier, tmp_path / "m.zip", fraction=0.5, reason="r")
    assert not (tmp_path / "m.zip").exists()
    assert len(dossier.view().events(act="note", name=external.BUNDLE)) == 1
    packed(dossier, tmp_path / "m.zip", fraction=0.5, reason="r")
    with pytest.raises(UsageError, match="there already"):
        packed(dossier, tmp_path / "m.zip", fraction=0.5, reason="r")


def test_without_a_decision_the_reviewer_is_asked_about_each_evidence():
    one, two = (Evidence(name="assess/a", model="m@1", summary=s) for s in ("old", "new"))

    assert claims_of([one, two]) == [{"id": "assess/a", "claim": "new"}]
