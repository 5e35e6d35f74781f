"""Outcomes that come back: looks, verdicts, what is refused, what follows; on a dossier for each test."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tenure import plugins
from tenure.align.comparing.labels import Label, check_labels, known_sources, read_labels
from tenure.align.comparing.pairs import read_pairs
from tenure.align.people.gold import made_pair
from tenure.align.preferring.words import Reading, gathered, without_lone, words
from tenure.align.trying.register import experiment, owed
from tenure.dossier import Dossier, Model
from tenure.errors import DocumentError, RefusedError, UsageError
from tenure.measure import recompute

pytestmark = pytest.mark.slow
RATES = {"as before": 0.3, "plain": 0.8, "short": 0.3}


@pytest.fixture
def here(tried, tmp_path):
    """A dossier with a model; ``plan(...)`` registers, ``file(name, rows)`` brings outcomes in."""
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        dossier.register(Model(name="m", kind="scripted", source="organism/refuses"))

        def run(name, **spec):
            found = dossier.run(plugins.load("stage", name), "m@1", spec)
            assert recompute(found, dossier.view()) == []
            return found

        def plan(base=tried.LETTER, units=180, block=None, **changes):
            path = tried.write_plan(tmp_path / "plan.yaml", base, **changes)
            listed = tmp_path / "units.txt"
            listed.write_text(
                "".join(f"u{i:03}{block(i) if block else ''}\n" for i in range(units))
            )
            return run("align/experiment", plan=path, **({"units": listed} if units else {}))

        def file(name, rows):
            path = tried.write_rows(tmp_path / "outcomes.jsonl", rows)
            return run("align/outcomes", experiment=name, file=path)

        def held(name="letter"):
            return experiment(dossier.view(), "m@1", name)

        yield SimpleNamespace(dossier=dossier, run=run, plan=plan, file=file, held=held, row=tried.row, tried=tried)  # fmt: skip


def drawn(here, name="letter", rates=None, seed=0):
    """A row for each assigned unit: yes at its arm's rate."""
    chance, rates = np.random.default_rng(seed), rates or RATES
    return [
        here.row(unit, one.arm, bool(chance.random() < rates[one.arm]))
        for unit, one in sorted(here.held(name).assigned.items())
    ]


def verdicts(found):
    return {arm: each["verdict"] for arm, each in found.findings["arms"].items()}


def test_a_planted_effect_is_found_and_the_arm_without_one_is_not(here):
    here.plan()
    found = here.file("letter", drawn(here))

    assert verdicts(found) == {"plain": "better", "short": "not shown"}
    assert found.findings["decision"]["use"] == "plain"
    assert found.findings["decision"]["final"]
    effect = found.measure("effect/plain")
    assert (effect.n, effect.missing, effect.better) == (120, 0, "higher")
    assert 0.25 < effect.low < effect.estimate < effect.high
    assert found.measure("missing/plain").estimate == 0
    assert owed(here.dossier.view(), "m@1") == []


def test_where_less_is_better_within_blocks_the_cream_that_helps_is_named(here):
    here.plan(here.tried.FACE, units=80, block=lambda i: f",face {i // 4}")
    chance = np.random.default_rng(1)
    faces = chance.normal(6, 1, 20)
    gain = {"nothing": 0, "cream a": 0, "cream b": 2, "cream c": -1.5}
    rows = [
        here.row(unit, one.arm, float(np.clip(faces[int(one.block[5:])] - gain[one.arm] + chance.normal(0, 0.8), 0, 10)))
        for unit, one in here.held("face").assigned.items()
    ]  # fmt: skip
    found = here.file("face", rows)

    assert verdicts(found) == {"cream a": "not shown", "cream b": "better", "cream c": "worse"}
    assert found.findings["decision"]["use"] == "cream b"
    assert found.findings["decision"]["not to be used"] == ["cream c"]
    assert found.measure("effect/cream b").method.startswith("paired t")
    assert found.findings["arms"]["cream b"]["as large as asked"] == "ruled out"  # 3 was asked


def test_between_planned_looks_there_are_counts_and_no_effect(here):
    here.plan(looks=2)
    rows = drawn(here)
    found = here.file("letter", rows[:30])

    assert verdicts(found) == {"plain": "too early", "short": "too early"}
    assert found.measures == ()
    assert found.findings["decision"]["use"] is None
    assert [reason for reason, _ in owed(here.dossier.view(), "m@1")] == ["experiment letter: 150 of 180 outcomes outstanding"]  # fmt: skip
    first = here.file("letter", rows[30:120])
    assert [one["look"] for one in first.findings["looks"]] == [1]
    assert first.findings["arms"]["plain"]["alpha"] == 0.025
    assert "outstanding/plain" in {m.name for m in first.measures}
    again = here.file("letter", rows[120:150])
    assert again.measures == first.measures  # what the look saw, and no new look
    last = here.file("letter", rows[150:])
    assert [one["look"] for one in last.findings["looks"]] == [1, 2]
    assert here.held().done
    same = here.file("letter", rows)
    assert same.findings["looks"] == last.findings["looks"]
    assert same.findings["this file"]["there already"] == 180


def test_every_unit_counts_under_the_arm_that_it_was_assigned_to(here):
    here.plan()
    rows = drawn(here)
    moved = [r for r in rows if r["arm"] == "as before" and r["value"]][:5]
    for each in moved:
        each["arm"] = "plain"
    found = here.file("letter", rows)
    as_assigned, as_treated = (found.measure(f"{what}/plain") for what in ("effect", "as treated"))

    assert found.findings["units"]["as before"]["got another arm"] == 5
    assert as_assigned.estimate < as_treated.estimate
    assert found.measure("outcome/as before").n == 60


def test_a_missing_outcome_is_missing_and_uneven_loss_takes_a_verdict_away(here):
    here.plan()
    rows = drawn(here)
    for each in [r for r in rows if r["arm"] == "plain" and not r["value"]]:
        each["value"] = None  # who did not answer under 'plain' is not counted at all
    for each in [r for r in rows if r["arm"] == "plain" and r["value"]][:20]:
        each["value"] = None
    found = here.file("letter", rows)
    said, effect = found.findings["arms"]["plain"], found.measure("effect/plain")

    assert effect.missing == found.findings["units"]["plain"]["missing"] > 20
    assert found.measure("outcome/plain").estimate == 1
    assert found.measure("missing/plain").low > 0
    assert effect.worst[0] < effect.estimate
    assert said["missing unevenly"]
    assert said["verdict"] == "not shown"


def test_what_was_wrong_does_not_stand_and_corrections_afterwards_give_no_verdict(here):
    here.plan()
    rows = drawn(here)
    here.file("letter", rows)
    mended = [{**r, "value": False, "corrects": True, "note": "read wrongly"} for r in rows if r["arm"] == "plain"]  # fmt: skip
    found = here.file("letter", mended)
    turned = [{**r, "value": True} for r in mended]
    yes = sum(r["value"] for r in rows if r["arm"] == "plain")
    again = here.file("letter", turned)

    assert verdicts(found)["plain"] == "not shown"
    assert "after corrections" in found.findings["arms"]["plain"]["because"]
    assert found.findings["decision"]["use"] == "as before"
    assert verdicts(again)["plain"] == "not shown"
    assert again.findings["corrected"]["after the last look"] == yes + 60


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"unit": "u999"}, "'u999' was not assigned"),
        ({"arm": "plan"}, "did you mean 'plain'"),
        ({"value": 0.5}, "the plan says yes/no"),
        ({"when": "2020-01-01"}, "known before it cannot count"),
        ({"when": "2020-01-01T10:00"}, "known before it cannot count"),
        ({"corrects": True}, "no outcome to correct"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_and_nothing_is_kept(here, change, says):
    here.plan()
    good = here.row("u001", "plain", 1, when="2099-01-01")

    with pytest.raises(UsageError, match=says):
        here.file("letter", [good, {**here.row("u002", "plain", 1), **change}])
    assert here.held().newest is None


def test_twice_the_same_unit_is_one_outcome_and_another_value_needs_a_correction(here):
    here.plan()
    one = here.row("u001", "plain", 1)
    here.file("letter", [one, one])

    with pytest.raises(
        UsageError, match="line 1: 'u001' has the outcome True under 'plain' already"
    ):
        here.file("letter", [{**one, "value": False}])
    with pytest.raises(UsageError, match="u001"):
        here.file("letter", [{**one, "value": None}])
    here.file("letter", [{**one, "value": False, "corrects": True}])
    assert here.held().outcomes["u001"].value is False
    assert here.held().corrected == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"unit": "u1", "arm": "plain", "value": NaN, "source": "x"}', "finite"),
        ('{"unit": "u1", "arm": "plain", "value": 1e999, "source": "x"}', "finite"),
        (f'{{"unit": "u1", "arm": "plain", "value": 1{"0" * 400}, "source": "x"}}', "finite"),
        ('{"unit": "u1", "arm": "plain", "source": "x"}', "null where nothing will come"),
        ('{"unit": "u1", "arm": "plain", "value": "maybe", "source": "x"}', "neither true"),
        ('{"unit": "u1", "arm": "plain", "value": true}', "source"),
        ('{"unit": "u1", "arm": "plain", "value": true, "source": "x", "when": "soon"}', "no day"),
        ('{"unit": "u1", "arm": "plain", "value": true, "source": "x", "p": 1}', "not a field"),
        ('[1]', "a JSON object"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_its_line(here, tmp_path, text, says):
    path = tmp_path / "bad.jsonl"
    path.write_text(text + "\n", encoding="utf-8")

    with pytest.raises(DocumentError, match=says) as refused:
        here.run("align/outcomes", experiment="letter", file=path)
    assert "bad.jsonl:1" in str(refused.value)


def test_an_experiment_must_be_registered_and_is_not_changed_afterwards(here):
    with pytest.raises(UsageError, match="outcomes without a plan show nothing"):
        here.file("letter", [here.row("u001", "plain", 1)])
    here.plan()
    with pytest.raises(UsageError, match=r"did you mean 'letter'"):
        here.file("leter", [here.row("u001", "plain", 1)])
    with pytest.raises(RefusedError, match=r"another plan \(planned differ\)"):
        here.plan(planned=61)
    with pytest.raises(RefusedError, match=r"would show an effect of 0\.35"):
        here.plan(name="other", planned=10)
    before = dict(here.held().assigned)
    here.plan(units=200)
    assert {k: v for k, v in here.held().assigned.items() if k in before} == before
    assert len(here.held().assigned) == 200
    here.file("letter", drawn(here))
    with pytest.raises(RefusedError, match="nobody more can be assigned"):
        here.plan(units=210)


def test_what_the_world_found_of_two_answers_is_a_label_to_learn_from(here):
    here.plan(here.tried.ANSWERS)
    rates = {"today": 0.3, "warm": 0.8, "strict": 0.3}
    found = here.file("reminder", drawn(here, "reminder", rates))
    view, model = here.dossier.view(), here.dossier.view().model("m")
    labels, pairs = read_labels(view, found), read_pairs(view, found)
    check_labels(labels, pairs, known_sources(view))
    (word,), missing = words({p.id: p for p in pairs}, gathered(model, view).labels)

    assert verdicts(found) == {"warm": "better", "strict": "not shown"}
    assert len(labels) == len(pairs) == 1
    assert word.source == "world:reminder"
    assert word.trusted
    assert missing == 0
    better = pairs[0].a if word.p > 0.5 else pairs[0].b
    assert better == "Hello! Your bill of May is still open."
    assert max(word.p, 1 - word.p) == 1 - found.findings["arms"]["warm"]["p_holm"] > 0.95


def test_a_verdict_that_falls_takes_its_label_back(here):
    here.plan(here.tried.ANSWERS)
    rows = drawn(here, "reminder", {"today": 0.3, "warm": 0.8, "strict": 0.3})
    here.file("reminder", rows)
    found = here.file("reminder", [{**r, "value": False, "corrects": True} for r in rows if r["arm"] == "warm"])  # fmt: skip
    view = here.dossier.view()

    assert read_labels(view, found) == []
    with pytest.raises(UsageError, match="have no labels yet"):
        gathered(view.model("m"), view)


def test_a_label_alone_on_its_axis_does_not_keep_the_others_from_being_learnt(here):
    told = {"id": "l", "pair": "p", "principle": "all", "first": "", "p": 1.0}
    axes = ("principle", "principle", "helpful")
    made = [
        made_pair(f"Q{i}?", "yes", "no", axis=axis, family=f"f{i}", came="t")
        for i, axis in enumerate(axes)
    ]
    drawn_pairs = {pair.id: pair for pair in made}
    sources = ("rule:brevity", "rule:brevity", "world:reminder")
    labels = [Label(**{**told, "id": p, "pair": p, "source": s}) for p, s in zip(drawn_pairs, sources, strict=True)]  # fmt: skip

    assert without_lone(drawn_pairs, labels) == (labels[:2], 1)
    assert without_lone(drawn_pairs, labels[2:]) == (labels[2:], 0)
    # Where labels count on their principle's axis, the two of a pair may be on two axes.
    how = Reading(axes={"brevity": "correctness"})
    ruled = [replace(one, principle="brevity") for one in labels[:2]]
    world = replace(labels[2], pair=labels[0].pair)
    assert without_lone(drawn_pairs, [*ruled, world]) == ([*ruled, world], 0)
    assert without_lone(drawn_pairs, [*ruled, world], how) == (ruled, 1)
