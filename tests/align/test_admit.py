"""Admission: what must be refused is, for the reason that was planted; what is sound is admitted."""

import json

import pytest
from typer.testing import CliRunner

from tenure import plugins
from tenure.align import reinforce
from tenure.align.world import contract, corpus, register
from tenure.align.world.admission import Gate
from tenure.cli.app import build
from tenure.dossier import Dossier
from tenure.errors import DocumentError, UsageError
from tenure.measure import recompute
from tenure.models import register as register_model
from tenure.training.reward import Batch

pytestmark = pytest.mark.slow

FEW = ("not-a-number", "equal-to-everything", "a-word-opens-it", "falls-over")


@pytest.fixture(scope="module")
def gate():
    with Gate() as found:
        yield found


@pytest.fixture(scope="module")
def small():
    """A gate with two exploits, where which of them there are is not the question."""
    with Gate(
        exploits=[plugins.load("exploit", name) for name in ("constants", "nothing")]
    ) as found:
        yield found


def design(name):
    return next(one for one in corpus.designs() if one.name == name)


@pytest.mark.parametrize("name", FEW)  # all of them: bench/admission.py
def test_a_design_is_refused_for_the_hole_that_was_cut_into_it(gate, name):
    holed = design(name)
    verdict = gate.admit(holed.environment())
    rules = [one.rule.removeprefix("exploit ") for one in verdict.reasons]

    assert not verdict.admitted
    assert holed.caught_by in rules
    assert holed.caught_by in (*verdict.fooled_by, "idle")


def test_what_leaves_the_folder_is_no_environment_at_all():
    with pytest.raises(DocumentError, match="leaves the agent's folder"):
        design("outside-the-folder").environment()


def test_what_ships_is_admitted_and_so_are_the_designs_without_their_holes(gate, small):
    assert gate.admit(contract.find("tidy-names")).reasons == ()
    for env in (*corpus.bases(), contract.find("till-report")):
        assert small.admit(env).reasons == ()


def test_the_same_environment_has_the_same_verdict(small):
    env = design("two-answers").environment()

    assert small.admit(env).to_json() == small.admit(env).to_json()


def test_a_copy_is_refused_and_names_what_it_repeats(small):
    env = corpus.bases()[0]
    first = small.admit(env)
    again = small.admit(
        env.model_copy(update={"id": "another", "prompt": "Turn words."}), [first.sketch]
    )

    assert [one.rule for one in again.reasons] == ["repeats"]
    assert env.id in again.reasons[0].why


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("return 0.9 if same(outputs[0].get('value'), 'ab') else 0.0", "oracle"),
        ("return float(open('/etc/hostname').read() != '')", "opens files"),
    ],
)
def test_an_oracle_that_does_not_reach_the_top_ends_it(small, body, rule):
    base = corpus.bases()[0]
    reward = base.reward.model_copy(
        update={"grade": f"def grade(outputs, files, seed):\n    {body}\n", "cases": (["ab"],)}
    )
    verdict = small.admit(
        base.model_copy(
            update={"reward": reward, "oracle": {"solution.py": "def solve(t):\n    return t\n"}}
        )
    )

    assert rule in [one.rule for one in verdict.reasons]
    assert verdict.sketch is None


def test_a_holdout_must_tell_the_oracle_from_nothing(small):
    base = corpus.bases()[0]
    blind = base.reward.model_copy(
        update={"grade": "def grade(outputs, files, seed):\n    return 1.0\n", "cases": (["a"],)}
    )
    deaf = blind.model_copy(update={"grade": blind.grade.replace("1.0", "0.25")})
    held = {
        n: small.admit(base.model_copy(update={"holdout": s}))
        for n, s in (("blind", blind), ("deaf", deaf))
    }

    assert [one.rule for one in held["blind"].reasons] == ["holdout, idle"]
    assert [one.rule for one in held["deaf"].reasons] == ["holdout"]
    assert small.admit(base.model_copy(update={"holdout": base.reward})).admitted


def cli(*arguments):
    return CliRunner().invoke(build(), ["align", "admit", *arguments])


def test_a_file_is_judged_without_a_dossier(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(json.dumps(design("two-answers").document), encoding="utf-8")
    told = cli(str(bad), "overdue-books")

    assert told.exit_code == 6
    assert "two-answers: refused" in told.stdout
    assert "exploit constants: got 0.75, and may get at most 0.5" in told.stdout
    assert "overdue-books: admitted" in told.stdout


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    here = tmp_path_factory.mktemp("admit")
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:
        for name in ("sound", "leaky"):
            register_model(dossier, f"organism/writes-{name}-environment", name)
        yield dossier


def test_in_a_dossier_it_leaves_evidence_and_what_is_admitted_is_noted(life):
    hard = contract.find("overdue-books").model_copy(update={"band": (0.9, 1.0)})
    given = [hard, design("two-answers").environment()]
    spec = {"environments": given, "draws": 2}
    found = life.run(plugins.load("stage", "align/admit"), "sound", spec)
    view = life.view()

    assert found.measure("admitted").estimate == 0.5
    assert found.measure("solved/overdue-books").estimate == 0.0
    assert recompute(found, view) == []
    assert found.findings["environments"]["two-answers"]["fooled_by"][0] == "constants"
    assert register.admitted(view) == {"overdue-books": hard}
    assert found.findings["band"] == {"overdue-books": "not met"}
    with pytest.raises(UsageError, match="overdue-books"):
        register.chosen(view, ("two-answers",))


def test_what_is_admitted_becomes_the_settings_of_a_training(life, tmp_path, monkeypatch):
    monkeypatch.setenv("TENURE_KEYS", str(life.root.parent / "keys"))

    told = cli(
        "overdue-books", "-m", "sound", "-d", str(life.root), "--into", str(tmp_path / "t.yaml")
    )
    assert told.exit_code == 0, told.output
    settings = json.loads((tmp_path / "t.yaml").read_text(encoding="utf-8"))
    spec = reinforce.Spec.model_validate(settings)
    rows = reinforce._rows(spec.prompts.select("train"), spec)
    score = plugins.load("reward", spec.reward).open(spec.reward_settings, tmp_path)
    right = contract.find("overdue-books").oracle["solution.py"]
    batch = Batch(step=1, rows=rows, completions=[f"```python\n{right}```"], finished=[True])

    assert [row["family"] for row in rows] == ["overdue-books"]
    assert list(score(batch).values) == [1.0]
    assert cli("overdue-books", "--into", str(tmp_path / "no.yaml")).exit_code != 0


def test_a_model_writes_environments_and_the_sound_ones_are_admitted(life):
    stage = plugins.load("stage", "align/invent")
    sound, leaky = (life.run(stage, *asked) for asked in (("sound", {"n": 1}), ("leaky", {"n": 2})))

    assert sound.measure("admitted").estimate == 1.0
    assert leaky.measure("readable").estimate == 1.0
    assert leaky.measure("admitted").estimate == 0.0
    assert all(v["fooled_by"] for v in leaky.findings["verdicts"].values())
    assert recompute(sound, life.view()) == recompute(leaky, life.view()) == []
    by = {env.id: env.by for env in register.admitted(life.view()).values()}
    assert by["kept-above-1"] == "model sound@1"


def test_what_a_model_writes_that_is_no_environment_is_kept_with_the_reason(life):
    register_model(life, "organism/says-nothing", "silent")
    found = life.run(plugins.load("stage", "align/invent"), "silent", {"n": 2})

    assert found.summary.endswith("0 could be read, 0 were admitted")
    assert found.findings["cost"]["answers"]["calls"] == 2
    assert all(row["why"] for row in life.view().records(found.files["samples.jsonl"]))
