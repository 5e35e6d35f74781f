"""An axis on which nobody trusted spoke: the judge that was measured best anchors it, and it says so."""

import shutil
from itertools import count

import pytest

from tenure import plugins, report
from tenure.align.comparing import planted, qualifying
from tenure.align.comparing.judging import Verdict
from tenure.align.comparing.labels import Label, ai, label_id
from tenure.align.comparing.pairs import PAIRS, Said, pair_of
from tenure.align.preferring.anchoring import judged_alone, said_of
from tenure.align.prompts import Prompt
from tenure.dossier import Dossier
from tenure.dossier.nouns import Evidence
from tenure.dossier.stage import Stage
from tenure.errors import UsageError
from tenure.measure import recompute
from tenure.models import register, tiny
from tenure.training.preference import load
from tenure.training.reward import Batch

pytestmark = [pytest.mark.local, pytest.mark.slow]
SPEC = {"heads": 2, "folds": 2, "l2": 30.0}
NATURAL = "equal-regard"
_turn = count()


def put(dossier, name, model, run):
    """Put an evidence on record by a small stage of its own."""
    like = plugins.load("stage", PAIRS)
    stage = Stage(name=name, spec=like.spec, run=run, summary="", repeat=True)
    dossier.run(stage, model.id, {"seed": next(_turn)})


def rows(dossier, name, model, held, findings=None):
    def run(about, view, spec, emit):
        stored = {key: emit.records([row.to_json() for row in some]) for key, some in held.items()}
        told = findings or {}
        return Evidence(name=name, model=about.id, summary="", files=stored, findings=told)

    put(dossier, name, model, run)


def qualify(dossier, judge, wrong):
    """Measure a judge on the known pairs of 'principle', as align/qualify does: every ``wrong``-th is missed."""
    items = planted.of_axes(["principle"])

    def run(about, view, spec, emit):
        said = []
        for at, item in enumerate(items):
            p = float((item.truth == "a") == (at % wrong > 0))
            said.append((item, Verdict(ab=p, ba=p, said=1.0)))
        known = [qualifying.item_record(*one) for one in said]
        orders = [row for one in said for row in qualifying.verdict_records(*one)]
        held = qualifying.Stored(
            items=known, verdicts=orders,
            items_digest=emit.records(known), verdicts_digest=emit.records(orders),
        )  # fmt: skip
        found = qualifying.measures(held, ["principle"])
        verdict = qualifying.together(
            row["verdict"] for row in qualifying.rules(found, ["principle"])
        )
        return Evidence(
            name="align/qualify", model=about.id, kind="judge", summary="", measures=tuple(found),
            findings={"how": "chances", "verdict": verdict, "axes": {"principle": verdict, "helpful": "met"}},
        )  # fmt: skip

    put(dossier, "align/qualify", judge, run)


def label(pair, source, p, principle, first=""):
    return Label(
        id=label_id(pair.id, source, principle, first), pair=pair.id, source=source,
        principle=principle, first=first, p=p,
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Judges in weights of their own: good errs on one known pair in 16, fair on one in 8, poor on each third."""
    here = tmp_path_factory.mktemp("anchored")
    tiny.make(here / "tiny")
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:
        judges = {}
        for name, wrong in (("good", 16), ("fair", 8), ("poor", 3)):
            shutil.copytree(here / "tiny", here / name)
            (here / name / "README.md").write_text(name)
            judges[name] = register(dossier, str(here / name), name)
            qualify(dossier, judges[name], wrong)
        yield dossier, here / "tiny", judges


def labelled(home, *names, apart=False):
    """A model whose pairs a rule labelled on a checkable principle, and these judges on a natural one."""
    dossier, folder, judges = home
    model = register(dossier, str(folder), f"learner-{next(_turn)}")
    pairs = [
        pair_of(
            Prompt(id=f"f{i % 6}-{i}", family=f"f{i % 6}", split="train", text=f"Say {i}."),
            Said(f"e {i}", "x"), Said(f"z {i}", "y"), model=model, axis="principle",
        )
        for i in range(24)
    ]  # fmt: skip
    rows(dossier, PAIRS, model, {"pairs.jsonl": pairs})
    ruled = [label(p, "rule:brevity", float(p.a > p.b), "brevity") for p in pairs]
    told = {"axes": {"brevity": "correctness", NATURAL: "principle"}}
    rows(dossier, "align/label", model, {"labels.jsonl": ruled}, {**told, "judge": "rule"})
    for name in names:
        said = [
            label(p, ai(judges[name]), float(p.a < p.b), NATURAL, first)
            for p in pairs
            for first in ("ab" if apart else ("",))
        ]
        rows(
            dossier, "align/label", model, {"labels.jsonl": said},
            {**told, "judge": judges[name].id},
        )  # fmt: skip
    return dossier, model


def prefer(dossier, model, **spec):
    return dossier.run(plugins.load("stage", "align/prefer"), model.id, {**SPEC, **spec})


@pytest.fixture(scope="module")
def apart(home):
    """A judge that was asked in both orders anchors an axis, which counts for a quarter."""
    dossier, model = labelled(home, "good", apart=True)
    return dossier, model, prefer(dossier, model, weights={"principle": 0.25})


def test_the_best_measured_judge_anchors_the_axis_with_the_noise_that_was_measured(home):
    dossier, model = labelled(home, "fair", "good")
    found = prefer(dossier, model)
    good, fair = (ai(home[2][name]) for name in ("good", "fair"))
    card = dossier.view().evidence("align/qualify", "good@1").measure("accuracy/principle")
    told, one = found.findings["sources"]["principle"], found.findings["anchored_by"]["principle"]

    assert list(found.findings["anchored_by"]) == ["principle"]
    assert one["source"] == good
    assert one["at_least"] == pytest.approx(card.lower, abs=1e-4)
    assert told[good]["eps"] == pytest.approx(1 - card.lower, abs=1e-4)
    assert (
        told[good]["eps"] > 1 - card.estimate > 0.02
    )  # the lower end, not what was found, nor what is assumed
    assert (told[good]["tau"], told[good]["lam"]) == (1.0, 0.0)
    assert (told[good]["trusted"], told[good]["anchors"]) == (False, True)
    assert "anchors" not in told[fair]
    assert told[fair]["overlap"] == 24  # fitted beside the anchor, as beside the trusted
    assert one["known_pairs"] == card.n
    assert one["position_bias"] == 0.0
    assert recompute(found, dossier.view()) == []


def test_an_anchored_axis_says_so_wherever_it_is_told(home, apart, tmp_path):
    dossier, model, found = apart
    good = ai(home[2]["good"])
    names = {m.name for m in found.measures}
    notes = {m.name: m.note for m in found.measures}
    said = "no trusted source spoke here; calibrated only as well as judge good@1 was measured"

    assert "accuracy/correctness" in names
    assert not {"accuracy/principle", "accuracy/principle/gap-1"} & names  # held against no truth
    assert said in notes[f"accuracy/principle/{good}"]
    assert said not in notes["accuracy/correctness"]
    assert (
        f"the answer that good@1 prefers named in 24 of 24 held-out pairs ({said}" in found.summary
    )
    assert found.findings["anchored_by"]["principle"]["note"].startswith(said)
    held = dossier.view().records(found.files["samples.jsonl"])
    mine = [r["source"] for r in held if r["axis"] == "principle"]
    assert mine == [good] * 48  # asked in both orders: of 24 pairs, one word each
    report.write(dossier.view(), tmp_path)
    page = (tmp_path / f"align--{model.name}-1.html").read_text(encoding="utf-8")
    assert "On the axis principle no trusted source spoke" in page
    assert "anchors the axis" in page


def test_the_reward_adds_an_anchored_axis_and_its_card_names_the_judge(home, apart, tmp_path):
    dossier, _, found = apart
    heads = load(dossier.view(), found)
    for name in ("preference.json", "preference.npz"):
        (tmp_path / name).write_bytes(dossier.view().read(found.files[name]))
    states = [heads.mean + at * heads.scale for at in range(3)]
    batch = Batch(step=0, rows=[{}] * 3, completions=["x"] * 3, finished=[True] * 3, states=states)
    scored = plugins.load("reward", "preference").open({}, tmp_path)(batch)
    only = plugins.load("reward", "preference").open({"weights": {"principle": 0.0}}, tmp_path)

    assert heads.about["anchored_by"] == {"principle": ai(home[2]["good"])}
    assert dict(heads.weights) == {"correctness": 1.0, "principle": 0.25}
    assert set(scored.columns) == {"std", "correctness", "principle"}
    assert scored.values != only(batch).values


def test_what_is_picked_by_a_reward_that_a_judge_anchors_says_so(apart):
    dossier, model, fit = apart
    spec = {"n": 2, "draws": 2, "max_tokens": 4}
    found = dossier.run(plugins.load("stage", "align/best_of"), model.id, spec)
    by_checks = dossier.run(
        plugins.load("stage", "align/best_of"), model.id, {**spec, "reward": "checks"}
    )
    heads = load(dossier.view(), fit)

    assert found.findings["anchored_by"] == judged_alone(heads) == {"principle": "good@1"}
    assert (
        "on the axis 'principle' of the reward no trusted source spoke: it is what judge good@1"
        in found.summary
    )
    assert "anchored_by" not in by_checks.findings
    assert judged_alone(heads, {"principle": 0.0}) == {}  # it counts for nothing there
    assert said_of({}) == ""


def test_a_judge_that_is_not_fit_on_the_axis_states_nothing(home):
    dossier, model = labelled(home, "poor")

    with pytest.raises(UsageError, match=r"axis 'principle' none .*tenure feedback.*--axes pairs"):
        prefer(dossier, model)
    together = prefer(dossier, model, axes="pairs")  # tied to the rule, on one axis
    assert "anchored_by" not in together.findings


def test_a_judge_that_fails_later_asked_the_same_way_anchors_nothing_more(home):
    dossier, folder, judges = home
    shutil.copytree(folder, folder.parent / "once")
    (folder.parent / "once" / "README.md").write_text("once")
    judges["once"] = register(dossier, str(folder.parent / "once"), "once")
    qualify(dossier, judges["once"], 16)
    dossier, model = labelled(home, "once")
    assert prefer(dossier, model).findings["anchored_by"]
    qualify(dossier, judges["once"], 3)

    with pytest.raises(UsageError, match="qualify the judge"):
        prefer(dossier, model, heads=3)


def test_who_trains_by_a_reward_that_a_judge_anchors_is_told(apart):
    dossier, model, _ = apart
    spec = {
        "reward": "preference", "steps": 1, "prompts_a_step": 2, "draws": 2, "max_tokens": 4,
        "rank": 4, "gold": None, "threads": 1,
    }  # fmt: skip
    found = dossier.run(plugins.load("stage", "align/reinforce"), model.id, spec)

    assert found.findings["anchored_by"] == {"principle": "good@1"}
    assert "no trusted source spoke: it is what judge good@1 prefers" in found.summary
    assert found.findings["rests_on"] == "align/prefer"
