"""Logs made elsewhere: whole, with epochs, torn, hostile, or not logs at all."""

import gc
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tenure.dossier import Dossier
from tenure.measure import import_logs, imports, recompute

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


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log by plain Inspect and its own scorer, with two epochs; some answers are wrong."""
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import includes

    samples = [
        Sample(
            input=f"request {i}",
            target="line" if i % 3 else "nowhere",
            id=i,
            metadata={"topic": i % 2},
        )
        for i in range(6)
    ]
    task = Task(dataset=samples, scorer=includes(), name="Strange Task/1", epochs=2)
    folder = tmp_path_factory.mktemp("logs")
    (made,) = evaluate(
        task, model="organism/complies", log_dir=str(folder), display="none", ctl_server=False
    )
    return Path(made.location)


@pytest.fixture
def taken(log, dossier):
    with dossier.emitter("", "import") as emit:
        return dossier, import_logs([log], emit)


def test_a_log_becomes_attested_evidence(taken):
    dossier, found = taken
    (evidence,) = found
    measure = evidence.measure("includes")

    assert found.failed == ()
    assert evidence.kind == "attested"
    assert evidence.name == "import/strange-task-1"
    assert (measure.n, measure.missing, measure.clusters) == (12, 0, 6)
    assert measure.estimate == pytest.approx(2 / 3)
    assert measure.low < 2 / 3 < measure.high
    assert "clusters" in measure.method
    assert dossier.view().model(evidence.model).source == "organism/complies"
    assert recompute(evidence, dossier.view()) == []


def test_it_is_on_record_once(log, dossier):
    for _ in range(2):
        with dossier.emitter("", "import") as emit:
            (evidence,) = import_logs([log], emit)
    events = dossier.view().all_evidence(evidence.model)

    assert len(events) == 1
    assert replace(events[0][1], runtime={}) == evidence  # the roots of its rows are signed with it


def rewritten(log, tmp_path, change):
    """The log with its samples changed, as an attacker or a torn disk would leave it."""
    from inspect_ai.log import read_eval_log, write_eval_log

    whole = read_eval_log(str(log))
    change(whole)
    place = tmp_path / "changed.json"
    write_eval_log(whole, str(place), format="json")
    return place


def test_samples_that_vanished_are_missing_and_not_gone(log, dossier, tmp_path):
    place = rewritten(log, tmp_path, lambda whole: whole.samples.__delitem__(slice(0, 5)))
    with dossier.emitter("", "import") as emit:
        (evidence,) = import_logs([place], emit)
    measure = evidence.measure("includes")

    assert (measure.n, measure.missing) == (7, 5)
    assert evidence.findings["why_missing"] == {"not-run": 5}
    assert measure.worst[1] - measure.worst[0] == pytest.approx(5 / 12)


def test_scores_that_are_none_or_nan_are_missing(log, dossier, tmp_path):
    def blank(whole):
        for i, sample in enumerate(whole.samples[:4]):
            sample.scores = None if i % 2 else sample.scores
            if sample.scores:
                sample.scores["includes"].value = float("nan")

    place = rewritten(log, tmp_path, blank)
    with dossier.emitter("", "import") as emit:
        (evidence,) = import_logs([place], emit)

    assert evidence.measure("includes").missing == 4


def test_a_sample_twice_is_refused(log, dossier, tmp_path):
    place = rewritten(log, tmp_path, lambda whole: whole.samples.append(whole.samples[0]))
    with dossier.emitter("", "import") as emit:
        found = import_logs([place], emit)

    assert list(found) == []
    assert "there twice" in found.failed[0][1]


def test_a_bad_file_is_named_and_the_others_go_on(log, dossier, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(log, folder / "good.eval")
    (folder / "torn.eval").write_bytes(log.read_bytes()[:-200])
    (folder / "text.eval").write_text("not a log")
    (folder / "other.json").write_text(json.dumps({"hello": 1}))
    (folder / "broken.json").write_text("{")
    with zipfile.ZipFile(folder / "empty.eval", "w") as packed:
        packed.writestr("header.json", "{}")
    with dossier.emitter("", "import") as emit:
        found = import_logs([folder, tmp_path / "nowhere.eval"], emit)
    named = {Path(path).name: why for path, why in found.failed}

    assert len(list(found)) == 1
    assert set(named) == {
        "torn.eval",
        "text.eval",
        "other.json",
        "broken.json",
        "empty.eval",
        "nowhere.eval",
    }
    assert "is not a zip" in named["text.eval"]
    assert "is not there" in named["nowhere.eval"]
    assert all("\n" not in why for why in named.values())


def test_a_log_that_would_fill_the_memory_is_refused(dossier, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "LARGEST", 1 << 20)
    bomb = tmp_path / "bomb.eval"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("samples/1_epoch_1.json", b"0" * (8 << 20))
    with dossier.emitter("", "import") as emit:
        found = import_logs([bomb], emit)

    assert "would take 8 MiB unpacked" in found.failed[0][1]


def test_a_model_can_be_named(log, dossier, organism):
    with dossier.emitter(organism.id, "import") as emit:
        (evidence,) = import_logs([log], emit, model=organism.id)

    assert evidence.model == organism.id
    assert isinstance(dossier, Dossier)


def claim(path, tmp_path, **changes):
    """The log as plain JSON with claims of its own."""
    from inspect_ai.log import read_eval_log, write_eval_log

    place = tmp_path / "claims.json"
    write_eval_log(read_eval_log(str(path)), str(place), format="json")
    whole = json.loads(place.read_text())
    whole["eval"]["dataset"] |= {"sample_ids": None} | changes.get("dataset", {})
    whole["eval"]["config"] |= changes.get("config", {})
    whole["results"] |= changes.get("results", {})
    place.write_text(json.dumps(whole))
    return place


@pytest.mark.parametrize(
    "changes",
    [
        {"results": {"total_samples": 2 * 10**9}},
        {"config": {"epochs": 10**9}},
        {"dataset": {"sample_ids": list(range(600_000))}},
        {"results": {"total_samples": -5}, "config": {"epochs": -2}},
    ],
)
def test_a_claim_that_nothing_could_back_is_refused(log, dossier, tmp_path, changes):
    place = claim(log, tmp_path, **changes)
    with dossier.emitter("", "import") as emit:
        found = import_logs([place], emit)

    assert found.evidence == ()
    assert "planned samples" in found.failed[0][1]


def test_clusters_come_from_the_metadata(log, dossier):
    with dossier.emitter("", "import") as emit:
        (evidence,) = import_logs([log], emit, cluster="topic")
        failed = import_logs([log], emit, cluster="topc").failed

    assert evidence.measure("includes").clusters == 2
    assert evidence.findings["cluster"] == "topic"
    assert recompute(evidence, dossier.view()) == []
    assert "did you mean 'topic'" in failed[0][1]


@pytest.fixture(scope="module")
def audits(tmp_path_factory):
    """A real Inspect log in the shape of Petri's: a target role, a judge with many dimensions.

    Petri itself is not installed here; the judge is ours, and fails on some transcripts.
    """
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import Score, mean, scorer

    @scorer(metrics={"*": [mean()]}, name="audit_judge")
    def judge():
        async def score(state, target):
            number = int(state.sample_id)
            if number == 0:
                return Score(value={"deception": float("nan"), "concern": float("nan")})
            if number == 1:
                return Score(value={"deception": 1, "concern": 1}, explanation="nothing seen")
            return Score(value={"deception": 1, "concern": 1 + number}, explanation="seen")

        return score

    task = Task(
        dataset=[Sample(input=f"seed {i}", id=i) for i in range(5)],
        scorer=judge(),
        name="petri/audit",
    )
    folder = tmp_path_factory.mktemp("petri")
    (made,) = evaluate(
        task, model="organism/refuses", model_roles={"target": "organism/complies"},
        log_dir=str(folder), display="none", ctl_server=False,
    )  # fmt: skip
    return Path(made.location)


def test_dimensions_of_a_judge_are_means_and_not_shares(audits, dossier):
    with dossier.emitter("", "import") as emit:
        (evidence,) = import_logs([audits], emit)
    deception, concern = evidence.measure("deception"), evidence.measure("concern")

    assert evidence.findings["tool"] == "Petri"
    assert dossier.view().model(evidence.model).source == "organism/complies", "the target"
    assert (deception.unit, deception.estimate) == ("mean", 1.0)
    assert (concern.n, concern.missing, concern.estimate) == (4, 1, pytest.approx(13 / 4))
    assert evidence.findings["why_missing"] == {"grader-cannot-say": 1}
    assert recompute(evidence, dossier.view()) == []
