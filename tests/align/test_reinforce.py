"""Reinforcement, DPO and best of n as stages: rows set apart, baselines from the same data, numbers again."""

import pytest

from tenure import plugins
from tenure.align.rewards import checks
from tenure.dossier import Dossier
from tenure.errors import UsageError
from tenure.measure import recompute
from tenure.models import register, tiny
from tenure.training.reward import Batch

pytestmark = pytest.mark.local
TINY = {
    "steps": 2, "prompts_a_step": 4, "draws": 2, "max_tokens": 24, "rank": 4, "gold_prompts": 8,
    "gold_every": 1, "threads": 1, "dtype": "float32", "learning_rate": 1e-3,
    "temperature": 3.0,  # nearly even draws: a random model's likeliest token may be the last one
    "constitution": {
        "apiVersion": "tenure/constitution.v1", "name": "one check", "version": "1",
        "licence": "Apache-2.0",
        "principles": [
            {
                "id": "no-body", "text": "Claim no body.", "critique": "Is a body claimed?",
                "revision": "Claim none.", "comparison": "Which claims no body?",
                "axis": "correctness", "check": "no_body", "provenance": "own",
                "licence": "Apache-2.0",
            }
        ],
    },
}  # fmt: skip
LAMP = "It is a lamp on a table."


def run(dossier, name, model, spec):
    return dossier.run(plugins.load("stage", name), model, spec)


@pytest.fixture(scope="module")
def dossier(tmp_path_factory):
    here = tmp_path_factory.mktemp("reinforce")
    tiny.make(here / "tiny")
    with Dossier.open(here / "dossier", keys=here / "keys") as opened:
        register(opened, str(here / "tiny"), "parent")
        yield opened


def batch(*texts, finished=None):
    rows = [{"id": f"p-{n}", "family": "f", "text": "What is it?"} for n in range(len(texts))]
    ended = finished or [True] * len(texts)
    return Batch(step=0, rows=rows, completions=texts, finished=ended)


def test_an_answer_that_ran_into_its_limit_is_never_finished():
    score = checks.extension.open({"checks": ["finished", "brevity"]}, None)

    found = score(batch(LAMP, LAMP, LAMP[:-1], "", finished=[True, False, True, True]))

    assert found.values == [1.0, 0.5, 0.5, -1.0]
    assert found.columns["finished"] == [1.0, 0.0, 0.0, None]


def test_unknown_settings_and_checks_are_named():
    with pytest.raises(UsageError, match="did you mean 'checks'"):
        checks.extension.open({"check": []}, None)
    with pytest.raises(UsageError, match="no check named 'brevvity'"):
        checks.extension.open({"checks": ["brevvity"]}, None)
    with pytest.raises(UsageError, match="no check to ask"):
        checks.extension.open({"checks": []}, None)


def test_an_answer_in_circles_is_worth_less_and_a_collapsed_one_counts_against_it():
    score = checks.extension.open({"checks": ["plain_prose"]}, None)
    once, again = "The lamp is on the table.", "The lamp is on the table. A cat is on the table."

    found = score(batch(once, again, "on and on " * 9, "Yes.", "?!"))

    assert found.values[0] == 1.0
    assert 0.0 < found.values[1] < 1.0
    assert found.values[2:] == [-1.0, -1.0, -1.0]
    assert found.columns["repeats"][0] == 0.0


def test_an_answer_that_says_next_to_nothing_is_worth_in_proportion_less():
    score = checks.extension.open({"checks": ["plain_prose"]}, None)

    found = score(batch("The glass.", "It is the glass.", "It is the glass on the table."))

    assert found.values == [2 / 6, 4 / 6, 1.0]


def test_a_child_with_its_log_and_a_gold_measure_that_comes_out_again(dossier):
    found = run(dossier, "align/reinforce", "parent", TINY)

    view = dossier.view()
    assert found.product == "parent-reinforced@1"
    assert view.model("parent-reinforced").parent == "parent@1"
    rows = view.records(found.files["prompts.jsonl"])
    apart = {row["family"] for row in rows if row.get("gold")}
    assert apart
    assert not apart & {row["family"] for row in rows if not row.get("gold")}
    log = view.records(found.files["log.jsonl"])
    assert [line["step"] for line in log] == [0, 1]
    said = view.records(found.files["completions.jsonl"])
    trained_on = {row["id"] for row in rows if not row.get("gold")}
    assert all(set(line["ids"]) <= trained_on for line in said)
    gold = found.measure("gold/change")
    assert gold.n + gold.missing == sum(bool(row.get("gold")) for row in rows)
    assert recompute(found, view) == []


def test_without_what_it_rests_on_the_message_names_the_command(dossier):
    for name, spec, said in (
        (
            "align/reinforce",
            {**TINY, "reward": "preference"},
            "tenure align prefer --model parent@1",
        ),
        ("align/best_of", {"n": 2, "max_tokens": 8}, "tenure align prefer --model parent@1"),
        ("align/dpo", {}, "tenure align pairs --model parent@1"),
        ("align/reinforce", {**TINY, "gold_prompts": 500}, "would leave no family"),
        ("align/reinforce", {**TINY, "reward": "cheks"}, "did you mean 'checks'"),
    ):
        with pytest.raises(UsageError, match=said):
            run(dossier, name, "parent", spec)


def test_best_of_n_is_measured_by_checks_and_says_who_picked(dossier):
    spec = {"n": 4, "draws": 3, "max_tokens": 16, "reward": "checks", "batch": 4}

    found = run(dossier, "align/best_of", "parent", spec)

    gain = found.measure("best_of/3")
    rows = dossier.view().records(found.files["samples.jsonl"])
    assert all(row["kept_share"] is None or 0 <= row["kept_share"] <= 1 for row in rows)
    assert "at most" in gain.note
    assert found.findings["cost"]["answers"]["calls"] == 4 * 3
    assert recompute(found, dossier.view()) == []


def test_pairs_labelled_by_rules_train_a_child_directly(dossier):
    # A random model's answers: the checks find few of them better than others, so ties are many.
    run(dossier, "align/pairs", "parent", {"n": 12, "max_tokens": 24, "draws": 3})
    run(dossier, "align/label", "parent", {})

    found = run(
        dossier, "align/dpo", "parent",
        {"rank": 4, "threads": 1, "dtype": "float32", "batch": 4, "tie": 0.0},
    )  # fmt: skip

    counts = found.findings["pairs"]
    assert found.product == "parent-direct@1"
    assert found.findings["labels"]["chances"] == "mean"  # nobody fitted what the checks are worth
    assert "the mean of their labels" in found.summary
    assert counts["used"] == len(dossier.view().records(found.files["pairs.jsonl"])) > 0
    assert counts["used"] + counts["ties"] + counts["unlabelled"] == 36


@pytest.mark.slow
def test_with_focus_the_hardest_sixteenth_comes_more_often(dossier):
    said = []
    dossier.listener = lambda progress: said.append(progress.what)
    found = run(dossier, "align/reinforce", "parent", {**TINY, "name": "focused", "focus": 0.5})

    view = dossier.view()
    own = [row for row in view.records(found.files["prompts.jsonl"]) if not row.get("gold")]
    hard = {row["id"] for row in own if row.get("hard")}
    assert len(hard) == max(1, len(own) // 16)
    for line in view.records(found.files["completions.jsonl"]):
        assert len(hard & set(line["ids"])) == len(set(line["ids"])) // 2
    with pytest.raises(UsageError, match="focus needs a gold reward"):
        run(dossier, "align/reinforce", "parent", {**TINY, "focus": 0.5, "gold": None})
    assert "greedy answers" in said
    said.clear()
    with pytest.raises(UsageError, match=r"focused@1 is there already.*differs: seed"):
        run(
            dossier,
            "align/reinforce",
            "parent",
            {**TINY, "name": "focused", "focus": 0.5, "seed": 9},
        )
    assert "greedy answers" not in said, "refused before the prompts are answered"
