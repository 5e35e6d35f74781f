"""Some rows shown, the others kept back: what is shown is proved, and what is not cannot be seen."""

import base64
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tenure.dossier import Dossier, Model
from tenure.dossier.nouns import Evidence, Recipe
from tenure.dossier.samples import secret_in
from tenure.dossier.verify import verify
from tenure.errors import TenureError, UsageError
from tenure.measure import estimate
from tenure.measure.disclosed import check
from tenure.measure.disclosing import CHECKER, Choice, disclose

pytestmark = pytest.mark.slow


def rows_of(seed: int) -> list[dict]:
    draw = random.Random(seed)
    return [
        {"id": f"s{i}-{arm}", "item": f"i{i}", "arm": arm, "group": f"c{i % 10}",
         "complied": draw.random() < (0.7 if arm == "free" else 0.2), "weight": draw.random() * 7,
         "answer": f"words of an answer that nobody could guess: {draw.getrandbits(64):x}"}
        for i in range(30) for arm in ("free", "paid")
    ]  # fmt: skip


def file_evidence(dossier, name, seed, **findings):
    rows = rows_of(seed)
    with dossier.emitter("m@1", name) as emit:
        named = emit.records(rows)

        def one(measure, recipe, unit="proportion"):
            return estimate(rows, recipe, name=measure, unit=unit, samples=named)

        gap = Recipe(estimator="paired_difference", value="complied", arm="arm", arms=("free", "paid"), pair="item", cluster="group")  # fmt: skip
        free = Recipe(estimator="proportion", value="complied", where={"arm": "free"})
        weight = Recipe(estimator="mean", value="weight", options={"range": [0, 7]})
        measures = (one("gap", gap, "difference"), one("free", free), one("weight", weight, "mean"))
        found = Evidence(
            name=name, model="m@1", summary="made", measures=measures, findings=findings,
            files={"samples.jsonl": named},
        )  # fmt: skip
        body = {"key": f"{name}{seed}", "evidence": found.to_json()}
        return emit.event("evidence", name, body, files={"samples.jsonl": named})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A dossier with two evidences, and half of the first one's rows disclosed."""
    folder = tmp_path_factory.mktemp("disclosing")
    with Dossier.open(folder / "dossier", keys=folder / "keys") as dossier:
        dossier.register(Model(name="m", source="test", kind="scripted"))
        first = file_evidence(dossier, "assess/made", 1)
        file_evidence(dossier, "assess/other", 2)
        secret = secret_in(folder / "keys")
        choice = Choice(
            fraction=0.5, hide=("id",), reason="the words of half the answers are private"
        )
        disclose(dossier.reading, secret, [first], choice, folder / "out")
        yield folder, dossier


@pytest.fixture
def out(place, tmp_path):
    """A copy that may be tampered with."""
    return Path(shutil.copytree(place[0] / "out", tmp_path / "out"))


def told(out: Path) -> dict:
    return json.loads((out / "disclosure.json").read_text())


def tell(out: Path, value: dict) -> None:
    (out / "disclosure.json").write_text(json.dumps(value))


def shown(out: Path) -> Path:
    (found,) = (out / "disclosed").iterdir()
    return found


def test_what_is_shown_is_proved_and_bounds_every_number(out):
    found = check(out)

    assert verify(out).ok
    assert found.problems == []
    assert [n.measure for n in found.numbers] == ["gap", "free", "weight"]
    for number in found.numbers:
        low, high = number.found.within
        assert number.found.unknown > 0
        assert low <= number.signed["lower"] <= number.signed["upper"] <= high
        assert "rows kept back" in str(number)


def test_the_checker_alone_says_the_same_with_nothing_installed(out):
    run = subprocess.run(
        [sys.executable, "-S", str(out / CHECKER)], env={}, capture_output=True, text=True, check=False
    )  # fmt: skip

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.endswith("\n".join(check(out).lines()) + "\n")
    shown(out).write_text(shown(out).read_text().replace("true", "false", 1))
    assert subprocess.run([sys.executable, "-S", str(out / CHECKER)], env={}, capture_output=True, check=False).returncode == 1  # fmt: skip


def test_nothing_that_is_kept_back_is_in_the_folder(out):
    held = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    visible = shown(out).read_text()
    answers = [row["answer"] for row in rows_of(1)]
    kept = [a for a in answers if a not in visible]

    assert len(kept) == 30
    assert not any(a.encode() in held for a in kept)
    assert b"s0-free" not in held, "a hidden column"


def _forge_row(out):
    line = json.loads(shown(out).read_text().splitlines()[0])
    with shown(out).open("a") as target:
        target.write(json.dumps({**line, "i": 61}) + "\n")


def _line(change):
    def tamper(out):
        lines = shown(out).read_text().splitlines()
        shown(out).write_text("".join(f"{line}\n" for line in change(lines)))

    return tamper


def _both(lines):
    first = json.loads(lines[0])
    column = next(iter(first["cells"]))
    return [json.dumps({**first, "hidden": {**first["hidden"], column: "00" * 32}}), *lines[1:]]


def _listed(**change):
    def tamper(out):
        value = told(out)
        value["evidence"][0]["samples"][0] |= change
        tell(out, value)

    return tamper


def _without_proof(out):
    value = told(out)
    value["evidence"][0]["samples"][0]["proof"].append("00" * 32)
    tell(out, value)


def _swapped(out):
    """Claim the rows for another evidence of the same log, put beside the first."""
    value = told(out)
    value["evidence"][0]["event"] = "sha256:" + "0" * 64
    tell(out, value)


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (_forge_row, "no row 61"),
        (_line(lambda x: [*x, x[3]]), "shown twice"),
        (_line(lambda x: x[1:]), "too short"),
        (_line(lambda x: [x[0].replace('"i":0', '"i":1'), x[1].replace('"i":1', '"i":0'), *x[2:]]), "do not lead"),
        (_line(lambda x: [x[0].replace("free", "paid"), *x[1:]]), "do not lead"),
        (_line(_both), "shown and hidden at once"),
        (_line(lambda x: [x[0].replace('"i":0', '"i":true'), *x[1:]]), "not a number"),
        (_line(lambda x: ["{", *x[1:]]), "assess/made"),
        (_listed(count=30), "names 30 rows; signed were 60"),
        (_listed(root="00" * 32), "under another"),
        (_listed(digest="sha256:" + "1" * 64), "without a root"),
        (_without_proof, "too long"),
        (_swapped, "no evidence of this log"),
        (lambda out: tell(out, {"format": "other"}), "the format is 'other'"),
        (lambda out: tell(out, {**told(out), "evidence": []}), "no number rests"),
        (lambda out: (out / "disclosure.json").write_text("["), "JSONDecodeError"),
    ],
)  # fmt: skip
def test_a_disclosure_that_was_tampered_with_is_refused(out, attack, said):
    attack(out)
    problems = check(out).problems

    assert any(said in problem for problem in problems), problems


def test_rows_of_one_evidence_cannot_be_claimed_for_another(place, tmp_path):
    folder, dossier = place
    events = [dossier.view().events(act="evidence", name=n)[0] for n in ("assess/made", "assess/other")]  # fmt: skip
    disclose(dossier.reading, secret_in(folder / "keys"), events, Choice(), tmp_path / "both")
    assert check(tmp_path / "both").problems == []
    value = told(tmp_path / "both")
    one, two = value["evidence"]
    one["samples"], two["samples"] = two["samples"], one["samples"]
    tell(tmp_path / "both", value)

    assert all("without a root" in p for p in check(tmp_path / "both").problems)


def test_another_recipe_breaks_the_signature(out):
    events = out / "events.jsonl"
    lines = events.read_bytes().splitlines()
    envelope = json.loads(lines[-1])
    payload = base64.b64decode(envelope["payload"]).replace(b'"free"', b'"paid"')
    envelope["payload"] = base64.b64encode(payload).decode()
    lines[-1] = json.dumps(envelope, separators=(",", ":")).encode()
    events.write_bytes(b"".join(line + b"\n" for line in lines))

    assert not verify(out).ok
    assert check(out).problems, "the event is another, so nothing rests on it"


def test_everything_shown_gives_the_numbers_themselves(place, tmp_path):
    folder, dossier = place
    event = dossier.view().events(act="evidence", name="assess/made")[0]
    disclose(dossier.reading, secret_in(folder / "keys"), [event], Choice(), tmp_path / "all")
    found = check(tmp_path / "all")

    assert (found.shown, found.rows, found.problems) == (60, 60, [])
    assert all("comes out of the rows" in str(n) for n in found.numbers)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice(fraction=0.5), "needs a reason"),
        (Choice(fraction=1.5, reason="r"), "between 0 and 1"),
        (Choice(hide=("luck",), reason="r"), "luck"),
        (Choice(withhold=({"luck": 1},), reason="r"), "luck"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(place, tmp_path, choice, said):
    folder, dossier = place
    event = dossier.view().events(act="evidence", name="assess/made")[0]
    with pytest.raises(TenureError, match=said):
        disclose(dossier.reading, secret_in(folder / "keys"), [event], choice, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_count_only_and_a_filter_show_less_and_bound_less(place, tmp_path):
    folder, dossier = place
    event = dossier.view().events(act="evidence", name="assess/made")[0]
    for name, more in (("design", {}), ("count", {"count_only": True})):
        choice = Choice(withhold=({"item": "i3"}, {"item": "i4"}), reason="r", **more)
        disclose(dossier.reading, secret_in(folder / "keys"), [event], choice, tmp_path / name)
    design, count = (check(tmp_path / name).numbers[0].found for name in ("design", "count"))

    assert design.unknown == 2, "two pairs whose members are kept back"
    assert count.unknown == 4, "four rows that may be anything"
    assert count.within[0] < design.within[0]
    assert "i3" not in shown(tmp_path / "count").read_text()


def test_killed_on_the_way_nothing_is_there_and_the_same_command_works(
    place, tmp_path, monkeypatch
):
    from tenure.measure import disclosing

    folder, dossier = place
    event = dossier.view().events(act="evidence", name="assess/made")[0]
    secret = secret_in(folder / "keys")

    def killed(_into):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(disclosing, "write_checker", killed)
        with pytest.raises(KeyboardInterrupt):
            disclose(dossier.reading, secret, [event], Choice(), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    disclose(dossier.reading, secret, [event], Choice(), tmp_path / "out")
    assert check(tmp_path / "out").problems == []
    with pytest.raises(UsageError, match="not empty"):
        disclose(dossier.reading, secret, [event], Choice(), tmp_path / "out")


def test_evidence_from_before_there_were_roots_is_named_and_not_shown_in_part(place, tmp_path):
    folder, dossier = place
    with dossier.emitter("m@1", "assess/bare") as emit:
        found = Evidence(name="assess/bare", model="m@1", summary="no samples")
        event = emit.event("evidence", "assess/bare", {"evidence": found.to_json()})

    with pytest.raises(UsageError, match="before rows had a root"):
        disclose(dossier.reading, secret_in(folder / "keys"), [event], Choice(), tmp_path / "out")
