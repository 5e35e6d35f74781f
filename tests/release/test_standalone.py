"""The verdict, judged again by other code: alike on drawn policies, and awake to what differs."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tenure.dossier import Dossier, Evidence, Model, Recipe
from tenure.dossier.canonical import canonical
from tenure.dossier.samples import secret_in
from tenure.measure import estimate
from tenure.release import decide
from tenure.release.bundle import Parcel, pack
from tenure.release.docket_file import written
from tenure.release.standalone import main
from tenure.release.standalone_program import NAME, program

BENCH = Path(__file__).parents[2] / "bench"
FAULTS = (
    ("upper < require", "upper <= require"),
    ("attempt * (attempt + 1)", "attempt * attempt"),
    ('each["index"] > self.held["index"]', 'each["index"] < self.held["index"]'),
)


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(BENCH))
    try:
        import agreement
    finally:
        sys.path.remove(str(BENCH))
    return agreement


@pytest.fixture(scope="module")
def held(bench):
    return [bench.recorded(seed) for seed in range(60)]


@pytest.fixture
def mailed(make, tmp_path):
    """A docket and the program beside it, as a stranger gets them."""
    found = make.evidence(
        make.rate("harmful_compliance", 0, 200), make.rate("false_refusal", 3, 20)
    )
    docket = make.docket(make.filed(found, attempt=2), ledgers={"surprises": []})
    (tmp_path / "docket.json").write_bytes(
        canonical(written(make.policy(attempts="spending"), docket))
    )
    (tmp_path / NAME).write_bytes(program())
    return tmp_path


def change(folder: Path, *keys: str | int, to: object) -> None:
    """Write another value at a place of the docket."""
    path = folder / "docket.json"
    whole = at = json.loads(path.read_bytes())
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] = to
    path.write_bytes(canonical(whole))


def alone(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-S", "-I", str(folder / NAME), str(folder)], env={}, capture_output=True, text=True, check=False)  # fmt: skip


@pytest.mark.slow
def test_both_agree_on_drawn_policies_and_evidence(bench, held):
    assert {seed: found for seed, each in enumerate(held) if (found := bench.unlike(*each))} == {}
    assert len({v["gate"] for whole, _ in held for v in whole["verdicts"]}) > 12
    assert len({reached for _, reached in held}) > 2


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_one_of_them_is_found(bench, held, fault):
    assert any(bench.unlike(*each, bench.faulty(*fault)) for each in held)


@pytest.mark.slow
def test_it_runs_alone_and_prints_the_table(mailed):
    run = alone(mailed)

    assert (run.returncode, run.stderr) == (0, "")
    first, *rest = run.stdout.splitlines()
    assert first == "AGREES"
    assert " ".join(rest[0].split()) == "harm met directional bound 0.0236532 at 0.991667, n 200"
    assert "class internal, before signatures" in run.stdout


@pytest.mark.parametrize(
    ("place", "to", "said"),
    [
        (("verdicts", 0, "verdict"), "stale", "rule 'harm': verdict was recorded as 'stale'; judged again it is 'met'"),
        (("verdicts", 1, "bound"), 0.0, "rule 'plain': bound was recorded as 0; judged"),
        (("verdicts", 1, "level"), 0.95, "rule 'plain': level was recorded as 0.95"),
        (("verdicts", 1, "rule"), "other", "rule: recorded are ['harm', 'other']"),
        (("docket", "now"), "2027-11-21T12:00:00Z", "rule 'harm': verdict was recorded as 'met'; judged again it is 'stale'"),
        (("docket", "filed", 0, "evidence", "model"), "else@1", "judged again it is 'not shown'"),
        (("docket", "filed", 0, "attempt"), 3, "rule 'harm': verdict was recorded as 'met'; judged again it is 'not shown'"),
        (("policy", "rules", 0, "require", "lt"), 0.001, "rule 'harm': verdict was recorded as 'met'"),
        (("level", "level"), "L1", "level: level was recorded as L1; judged again it is None"),
    ],
)  # fmt: skip
def test_what_differs_is_named(mailed, capsys, place, to, said):
    change(mailed, *place, to=to)

    assert main([str(mailed)]) == 1
    verdict, first, *_ = capsys.readouterr().out.splitlines()
    assert verdict == "DIFFERS"
    assert said in first


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "other"}', '{"format": "tenure/docket.v1"}', "[" * 9999])  # fmt: skip
def test_what_is_no_docket_is_said(tmp_path, capsys, content):
    (tmp_path / "docket.json").write_text(content)

    assert main([str(tmp_path / "docket.json")]) == 2
    assert capsys.readouterr().err.startswith("nothing to judge: ")
    assert main([str(tmp_path / "elsewhere")]) == 2


def policy(make):
    first, second = make.document["rules"]
    ends = {"assessment": "assess/other", "expires": {"on": ["new_attack"]}}
    return make.policy(attempts="spending", rules=[first, second | ends])


@pytest.fixture
def bundle(make, tmp_path):
    """A decision in a dossier, packed for an outside reviewer."""
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        dossier.register(Model(name="m", source="test", kind="scripted"))
        with dossier.emitter("m@1", "assess/refusals") as emit:
            rows = [{"id": f"s{i}", "failed": i < 1} for i in range(200)]
            recipe = Recipe(estimator="proportion", value="failed")
            measure = estimate(rows, recipe, name="harmful_compliance", unit="proportion", samples=emit.records(rows))  # fmt: skip
            found = Evidence(
                name="assess/refusals", model="m@1", summary="made", measures=(measure,)
            )
            emit.event("evidence", "assess/refusals", {"key": "a", "evidence": found.to_json()})
            emit.event("note", "happened/new_attack", {"because": "a test"})
        dossier.run(decide.stage, "m", {"policy": policy(make)})
        with dossier.emitter("m@1", "release/bundle") as emit:
            secret = secret_in(dossier.writer.keys.folder)
            pack(dossier.reading, secret, "m", Parcel(to="Ada"), emit, tmp_path / "m.zip")
    with zipfile.ZipFile(tmp_path / "m.zip") as packed:
        packed.extractall(tmp_path)
    return tmp_path / "m"


@pytest.mark.slow
def test_a_bundle_agrees_with_the_decision_on_record(bundle, capsys):
    assert alone(bundle).returncode == 0
    assert main([str(bundle)]) == 0
    out = capsys.readouterr().out
    assert "1 of 1 evidences are those of the record" in out
    assert "no decision lies here" not in out


@pytest.mark.slow
def test_a_docket_that_is_not_the_record_is_found_even_where_its_verdicts_fit(bundle, capsys):
    held = ("docket", "filed", 0)
    change(bundle, *held, "evidence", "findings", to={"assurance": "third_party"})
    change(bundle, *held, "evidence", "measures", 0, "n", to=201)
    change(bundle, "verdicts", 0, "n", to=201)
    change(bundle, "policy_digest", to="sha256:" + "0" * 64)
    change(bundle, "policy", "rules", 0, "require", "lt", to=0.5)

    assert main([str(bundle)]) == 1
    out = capsys.readouterr().out
    assert "its findings in the docket differs from the record" in out
    assert "its measures in the docket differs from the record" in out
    assert "in the decision: rule 'harm': n was recorded as 200; judged again it is 201" in out
    assert "the decision was made under another policy" in out
    assert "the policy of the docket is not the one stored with the decision" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "to", "said"),
    [
        (("attempt",), 0, "its attempt in the docket differs from the record"),
        (("time",), "2026-01-01T00:00:00Z", "its time in the docket differs from the record"),
        (("subject",), "", "its subject in the docket differs from the record"),
        (("index",), 77, "event 77 of the record is no such evidence"),
        (("evidence", "name"), "assess/other", "of the record is no such evidence"),
    ],
)
def test_evidence_that_was_bent_or_left_out_is_found(bundle, capsys, place, to, said):
    change(bundle, "docket", "filed", 0, *place, to=to)
    assert main([str(bundle)]) == 1
    assert said in capsys.readouterr().out


@pytest.mark.slow
def test_what_was_left_out_of_the_docket_is_found(bundle, capsys):
    change(bundle, "docket", "filed", to=[])
    change(bundle, "docket", "happenings", to=[])

    assert main([str(bundle)]) == 1
    out = capsys.readouterr().out
    assert "assess/refusals: event 2 of the record is not in the docket" in out
    assert "happened/new_attack: event 3 of the record is not in the docket" in out
