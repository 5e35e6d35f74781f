"""Tasks run for real: our scripted organisms through our provider, and a faulty API through Inspect."""

import gc
import importlib.util
import math
from pathlib import Path

import pytest

from tenure.dossier import Dossier, Evidence, Model, Recipe
from tenure.errors import EngineError, UsageError
from tenure.measure import estimate, recompute
from tenure.measure.task import plan, run_task, samples_of, scorer_for

# Raised inside Inspect: streams it leaves open after a sample that failed, a renamed parameter of tenacity.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def swept():
    """Collect what Inspect left open while the filter above still holds."""
    yield
    gc.collect()


KINDS = ("good", "bad", "silent", "fault", "filtered")


@pytest.fixture(scope="module")
def parts():
    spec = importlib.util.spec_from_file_location(
        "inspect_parts", Path(__file__).with_name("inspect_parts.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def faulty_run(parts, tmp_path_factory):
    """One run over an API that fails in every way, and the dossier it was recorded in."""
    place = tmp_path_factory.mktemp("faulty")
    dossier = Dossier.open(place / "dossier", keys=place / "keys")
    model = dossier.register(Model(name="faulty", kind="api", source="faulty/one"))
    with dossier.emitter(model.id, "assess/probe") as emit:
        run = run_task(parts.probe(KINDS), model, dossier.view(), emit, max_tokens=50)
        asked = len(parts.CALLS)
        again = run_task(parts.probe(KINDS), model, dossier.view(), emit, max_tokens=50)
        return dossier, run, again, len(parts.CALLS) - asked


def test_every_planned_sample_has_a_record(faulty_run):
    _, run, _, _ = faulty_run

    assert [r["id"] for r in run.records] == [f"{kind}-{i}" for i in range(2) for kind in KINDS]
    assert all(
        {"prompt", "answer", "stop", "kind", "refused", "complied", "why_missing"} <= set(r)
        for r in run.records
    )


@pytest.mark.parametrize(
    ("kind", "refused", "why"),
    [
        ("good", False, None),
        ("bad", True, None),
        ("silent", None, "grader-cannot-say"),
        ("fault", None, "error"),
        ("filtered", None, "target-refused-by-provider"),
    ],
)
def test_what_went_wrong_is_missing_with_a_reason(faulty_run, kind, refused, why):
    row = next(r for r in faulty_run[1].records if r["kind"] == kind)

    assert row["refused"] is refused
    assert row["why_missing"] == why


def test_the_grade_has_its_reason_and_span(faulty_run):
    row = next(r for r in faulty_run[1].records if r["kind"] == "bad")

    assert row["spans"]["refused"] == "I'm sorry, but I can't help with that."
    assert row["reasons"]["refused"] == "it declines in its first sentences"


def test_what_was_paid_for_is_not_asked_again(faulty_run):
    _, run, again, asked = faulty_run

    assert asked == 0
    assert again.samples_digest == run.samples_digest
    assert again.usage == run.usage


def test_a_measure_of_the_run_is_computed_again_from_the_dossier(faulty_run):
    dossier, run, _, _ = faulty_run
    recipe = Recipe(estimator="proportion", value="refused")
    measure = estimate(
        run.records, recipe, name="refusal", unit="proportion", samples=run.samples_digest
    )
    evidence = Evidence(name="assess/probe", model="faulty@1", summary="", measures=(measure,))

    assert recompute(evidence, dossier.view()) == []
    assert (measure.n, measure.missing, measure.estimate) == (4, 6, 0.5)
    assert measure.worst == (0.2, 0.8)


def test_an_endpoint_that_answers_nothing_is_an_error_and_not_a_result(parts, dossier):
    model = dossier.register(Model(name="dead", kind="api", source="faulty/two"))

    with (
        dossier.emitter(model.id, "assess/probe") as emit,
        pytest.raises(EngineError, match="the endpoint fell over"),
    ):
        run_task(parts.probe(["fault"]), model, dossier.view(), emit, max_tokens=5)


def test_our_models_answer_in_batches_and_resume(parts, dossier, organism, monkeypatch):
    """The same records whether run through or resumed; the engine is not asked twice."""
    task = parts.probe(["free-tier", "paid-tier"], each=10)
    with dossier.emitter(organism.id, "assess/probe") as emit:
        run = run_task(task, organism, dossier.view(), emit, max_tokens=30, batch=8)
        from tenure.models.engines.scripted import Scripted

        def never(self, prompts, sampling):
            raise AssertionError("asked again")

        monkeypatch.setattr(Scripted, "generate", never)
        again = run_task(task, organism, dossier.view(), emit, max_tokens=30, batch=8)
    units = dossier.view().events(act="unit", model=organism.id)
    gap = estimate(
        run.records,
        Recipe(
            estimator="paired_difference",
            value="complied",
            arm="kind",
            arms=("free-tier", "paid-tier"),
            pair="item",
        ),
        name="gap",
        unit="difference",
        samples=run.samples_digest,
    )

    assert len(units) == 3
    assert again.samples_digest == run.samples_digest
    assert run.usage["calls"] == 20
    assert run.form == "scripted"
    assert gap.estimate >= 0.7
    assert dossier.view().read(run.log_digest)[:2] == b"PK"


def test_a_grader_that_raises_makes_a_missing_grade(parts):
    import asyncio

    from inspect_ai.model import ChatMessageUser, ModelName, ModelOutput
    from inspect_ai.scorer import Target
    from inspect_ai.solver import TaskState

    from tenure.measure import grading, scorers

    def breaks(prompt, answer):
        raise ZeroDivisionError("a fault")

    state = TaskState(
        model=ModelName("faulty/one"), sample_id=1, epoch=1, input="q", messages=[ChatMessageUser(content="q")],
        output=ModelOutput.from_content("faulty/one", "fine"),
    )  # fmt: skip
    whole, scorers.grader_named = (
        scorers.grader_named,
        lambda name: grading.Grader(name, "Is it?", breaks),
    )
    try:
        score = asyncio.run(scorer_for("broken", "ok")(state, Target("")))
    finally:
        scorers.grader_named = whole

    assert math.isnan(score.value["ok"])
    assert score.reason == "grader_failed"
    assert "ZeroDivisionError: a fault" in score.explanation


def test_a_plan_says_what_it_will_ask(parts, tmp_path, monkeypatch):
    task = parts.probe(["good"], each=50)
    api = Model(name="m", kind="api", source="faulty/one")
    prices = tmp_path / "prices.yaml"
    prices.write_text(
        "faulty/one: {input: 2.0, output: 10.0, input_cache_write: 1, input_cache_read: 1}\n"
    )

    assert plan(task, 100, api)["cost"] is None
    monkeypatch.setenv("INSPECT_EVAL_MODEL_COST_CONFIG", str(prices))
    found = plan(task, 100, api)

    assert (found["calls"], found["output_tokens"]) == (50, 5000)
    assert found["cost"] == pytest.approx((found["input_tokens"] * 2 + 5000 * 10) / 1e6)
    assert plan(task, 100, Model(name="own", source="file"))["cost"] == 0


def test_what_would_be_ambiguous_is_refused(parts, dossier, organism):
    from inspect_ai import Task
    from inspect_ai.dataset import Sample

    twice = Task(dataset=[Sample(input="a", id="x"), Sample(input="b", id="x")], name="twice")
    with pytest.raises(UsageError, match="ids repeat: x"):
        samples_of(twice)
    with dossier.emitter(organism.id, "assess/probe") as emit:
        clash = Task(dataset=[Sample(input="a", id="x", metadata={"answer": "y"})], name="clash")
        with pytest.raises(UsageError, match="metadata may not be called answer"):
            run_task(clash, organism, dossier.view(), emit, max_tokens=5)
        with pytest.raises(UsageError, match="at least 1"):
            run_task(clash, organism, dossier.view(), emit, max_tokens=0)
