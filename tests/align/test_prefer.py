"""The stage align/prefer on a tiny model, asked of pairs as a whole: planted labels, sources, heads, refusals."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from tenure import plugins
from tenure.align.comparing.labels import Label, ai, label_id
from tenure.align.comparing.pairs import PAIRS, Said, pair_of
from tenure.align.preferring.states import texts
from tenure.align.preferring.words import words
from tenure.align.prompts import Prompt
from tenure.dossier import Dossier
from tenure.dossier.nouns import Evidence
from tenure.dossier.stage import Stage
from tenure.errors import TenureError, UsageError
from tenure.measure import recompute
from tenure.models import activations, register, tiny
from tenure.training.preference import load, pooled
from tenure.training.reward import Batch

pytestmark = [pytest.mark.local, pytest.mark.slow]
SPEC = {"heads": 3, "folds": 3, "l2": 30.0, "axes": "pairs"}
RULE = "rule:brevity"
_turn = count()


def planted(model, prompts=24, axis="principle"):
    """Pairs of which one answer has more of the letter e; which is a is a keyed hash."""
    chance = np.random.default_rng(0)
    pairs = []
    for i in range(prompts):
        prompt = Prompt(id=f"f{i % 6}-{i}", family=f"f{i % 6}", split="train", text=f"Say {i}.")
        said = [
            Said(
                "".join(chance.choice(list("ez "), 12, p=[q, 0.9 - q, 0.1])) + f"{i}{s}", f"{i}{s}"
            )
            for s, q in (("x", 0.75), ("y", 0.15))
        ]
        pairs.append(pair_of(prompt, *said, model=model, axis=axis))
    return pairs


def better(pair):
    return float(pair.a.count("e") > pair.b.count("e"))


def label(pair, source, p, first="", principle="all", **more):
    return Label(
        id=label_id(pair.id, source, principle, first, p, str(more)),
        pair=pair.id,
        source=source,
        principle=principle,
        first=first,
        p=p,
        **more,
    )


def put(dossier, name, model, files, findings=None):
    """Put an evidence on record by a small stage of its own."""

    def run(about, view, spec, emit):
        stored = {key: emit.records([row.to_json() for row in rows]) for key, rows in files.items()}
        return Evidence(
            name=name, model=about.id, summary="planted", files=stored, findings=findings or {}
        )

    like = plugins.load("stage", PAIRS)
    dossier.run(
        Stage(name=name, spec=like.spec, run=run, summary="planted", repeat=True),
        model.id,
        {"seed": next(_turn)},
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    here = tmp_path_factory.mktemp("prefer")
    tiny.make(here / "tiny")
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:
        yield dossier, here / "tiny"


@pytest.fixture
def fresh(home):
    """A tiny model under a name of its own, without pairs."""
    dossier, folder = home
    return dossier, register(dossier, str(folder), f"tiny-{next(_turn)}")


def prefer(dossier, model, **spec):
    return dossier.run(plugins.load("stage", "align/prefer"), model.id, {**SPEC, **spec})


@pytest.fixture(scope="module")
def learnt(home):
    """Labels of a rule, of a person on another axis, and of a judge that goes by place."""
    dossier, folder = home
    model, judge = (
        register(dossier, str(folder), "learner"),
        register(dossier, str(folder), "judge"),
    )
    pairs = planted(model)
    helpful = [replace(p, id=f"h{p.id}", axis="helpful") for p in pairs]
    put(dossier, "align/qualify", judge, {}, {"verdict": "met", "axes": {"principle": "met"}})
    put(dossier, PAIRS, model, {"pairs.jsonl": [*pairs, *helpful]})
    chance = np.random.default_rng(1)
    said = []
    for pair in pairs:
        said.append(label(pair, RULE, better(pair), principle="brevity"))
        for first in "ab":
            takes = chance.random() < 0.3
            p = float(first == "a") if takes else better(pair)
            said.append(label(pair, ai(judge), p, first))
    said += [label(p, RULE, 1 - better(p), principle="brevity") for p in helpful]
    said += [
        label(pairs[0], RULE, 0.0, about={"gold": True}),
        label(pairs[1], RULE, 0.0, about={"repeat": True}),
        label(pairs[2], RULE, None, principle="finished", why="missing: it cannot say"),
    ]
    match = replace(pairs[3], id="pair-of-two-models")
    put(dossier, "align/compare", model, {"pairs.jsonl": [match]})
    said.append(label(match, RULE, 0.0))
    put(dossier, "align/label", model, {"labels.jsonl": said}, {"judge": "planted"})
    return dossier, model, pairs, prefer(dossier, model), ai(judge)


def test_it_names_the_better_answer_of_pairs_it_never_saw_and_says_how_surely(learnt):
    dossier, _, pairs, found, judge = learnt
    accuracy = found.measure("accuracy/principle")

    assert accuracy.estimate > 0.85
    assert accuracy.n == len(pairs)
    assert found.measure("ece/principle").n == len(pairs)
    assert f"accuracy/principle/{judge}" in {m.name for m in found.measures}
    assert recompute(found, dossier.view()) == []
    assert found.findings["fits"]["principle"]["held_out_by"] == "family"


def test_what_the_judge_owes_to_place_is_told_apart_from_the_truth(learnt):
    *_, found, judge = learnt
    told = found.findings["sources"]["principle"]

    assert told[judge]["beta"] > 0.2
    assert told[RULE]["trusted"]
    assert not told[judge]["trusted"]
    assert told[judge]["shrunk"]  # 24 shared pairs are few
    assert found.findings["counted"] == {
        "labels": 97, "missing": 1, "unread": 0, "gold": 1, "repeat": 1, "compared": 1,
    }  # fmt: skip


def test_the_heads_of_each_axis_stay_apart_and_are_added_by_declared_weights(learnt):
    dossier, model, pairs, found, _ = learnt
    heads = load(dossier.view(), found)
    reader = activations.open_reader(model, dossier.view())
    with reader:
        chats = [
            [{"role": "user", "content": p.prompt}, {"role": "assistant", "content": t}]
            for p in pairs
            for t in (p.a, p.b)
        ]
        raw, tokens = reader.answered(chats, [heads.layer])
    states = pooled(raw[:, 0, 0], raw[:, 1, 0], tokens)
    won = heads.chances(states[::2], states[1::2], "principle") > 0.5
    lost = heads.chances(states[::2], states[1::2], "helpful") > 0.5
    truth = np.array([better(p) for p in pairs]) > 0.5

    assert (won == truth).all()
    assert (lost == ~truth).all()
    assert heads.weights == {"principle": 1.0, "helpful": 0.5}
    assert heads.backbone == model.digest
    logits = heads.logits(states)
    both = logits["principle"] + 0.5 * logits["helpful"]
    assert heads.scores(states)[0] == pytest.approx(both.mean(1) - 0.5 * both.std(1))


def test_the_reward_of_the_trainer_is_the_model_of_the_stage(learnt, tmp_path):
    dossier, _, _, found, _ = learnt
    for name in ("preference.json", "preference.npz"):
        (tmp_path / name).write_bytes(dossier.view().read(found.files[name]))
    score = plugins.load("reward", "preference").open({}, tmp_path)
    states = np.random.default_rng(0).standard_normal((2, 2 * tiny.HIDDEN + 1))
    batch = Batch(
        step=0, rows=[{}] * 2, completions=["x"] * 2, finished=[True] * 2, states=list(states)
    )

    assert score(batch).values == pytest.approx(load(dossier.view(), found).scores(states)[0])


def test_every_pair_is_in_one_fold_and_a_family_in_no_two(learnt):
    dossier, _, _, found, _ = learnt
    rows = dossier.view().records(found.files["samples.jsonl"])
    folds = {}
    for row in rows:
        folds.setdefault((row["axis"], row["family"]), set()).add(row["fold"])

    assert all(len(each) == 1 for each in folds.values())
    assert len({fold for each in folds.values() for fold in each}) == 3


def test_the_same_work_gives_the_same_files(learnt):
    dossier, model, _, found, _ = learnt
    again = dossier.run(replace(plugins.load("stage", "align/prefer"), repeat=True), model.id, SPEC)

    assert again.files == found.files


def test_answers_are_read_as_the_reader_reads_one_alone(learnt):
    dossier, model, pairs, _, _ = learnt
    chat = [{"role": "user", "content": "Say 0."}, {"role": "assistant", "content": "eez"}]
    empty = [chat[0], {"role": "assistant", "content": ""}]
    with activations.open_reader(model, dossier.view()) as reader:
        found, tokens = reader.answered([chat, empty], [1])
        mean, last = (reader.hidden([chat], [1], how) for how in ("answer", "last"))

    assert tokens == [3, 0]
    assert found[0, 0] == pytest.approx(mean[0], abs=1e-5)
    assert found[0, 1] == pytest.approx(last[0], abs=1e-5)
    assert np.isnan(found[1]).all()
    assert texts(pairs) == sorted(set(texts(pairs)))


def test_labels_that_cannot_be_believed_are_refused_by_name(fresh):
    dossier, model = fresh
    with pytest.raises(UsageError, match="tenure align pairs --model"):
        prefer(dossier, model)
    pairs = planted(model, 4)
    put(dossier, PAIRS, model, {"pairs.jsonl": pairs})
    with pytest.raises(UsageError, match="tenure align label --model"):
        prefer(dossier, model)

    def refused(*said, match):
        put(dossier, "align/label", model, {"labels.jsonl": said}, {"judge": "planted"})
        with pytest.raises(UsageError, match=match):
            prefer(dossier, model)

    one = pairs[0]
    stranger = "ai:stranger@1@" + "0" * 16
    refused(label(one, stranger, 1.0), match="tenure align qualify --model stranger@1")
    refused(label(one, "human:nobody", 1.0), match="tenure feedback --rater 'nobody'")
    refused(label(one, RULE, 1.0), label(one, RULE, 0.0), match=r"both ways.*--undo")
    refused(label(replace(one, id="pair-0"), RULE, 1.0), match="not among the 4 pairs")
    refused(label(one, RULE, None, why="missing: x"), match=r"all 1 labels .* are missing")


def test_a_judge_alone_says_nothing_of_what_it_is_worth(fresh):
    dossier, model = fresh
    put(dossier, "align/qualify", model, {}, {"verdict": "met", "axes": {"principle": "met"}})
    pairs = planted(model, 6)
    put(dossier, PAIRS, model, {"pairs.jsonl": pairs})
    said = [label(p, ai(model), better(p)) for p in pairs]
    put(dossier, "align/label", model, {"labels.jsonl": said}, {"judge": "planted"})

    # It is said to be fit, and nothing says how often it errs: no accuracy was measured.
    with pytest.raises(
        UsageError,
        match=r"axis .principle. none .* a rule or an experiment.*tenure feedback.*align qualify",
    ):
        prefer(dossier, model)


def test_principles_of_one_source_are_one_word_and_rules_speak_as_one(home):
    dossier, _ = home
    pair = planted(dossier.view().model("learner"), 1)[0]
    said = [
        label(pair, "ai:j@1@" + "0" * 16, p, principle=f"p{i}")
        for i, p in enumerate((1.0, 0.5, 0.0, 1.0))
    ]
    said += [label(pair, f"rule:{name}", 1.0) for name in ("brevity", "finished")]
    found, missing = words(
        {pair.id: pair}, [*said, label(pair, RULE, None, principle="x", why="missing: x")]
    )

    assert missing == 1
    assert [(w.p, w.weight, w.principles) for w in found] == [
        (0.625, 1.0, 4),
        (1.0, 0.5, 1),
        (1.0, 0.5, 1),
    ]
    assert [w.trusted for w in found] == [False, True, True]


def test_the_second_form_is_told_beside_the_heads_on_pairs_neither_saw(learnt):
    dossier, model, _, found, _ = learnt
    lora = {"form": "lora", "rank": 4, "epochs": 1.0, "learning_rate": 0.01}
    whole = prefer(dossier, model, **lora)
    went = whole.findings["lora"]["principle"]

    assert went["pairs"] + went["held"] == 72  # what was said, by a rule and by a judge twice
    assert whole.measure("lora/accuracy/principle").n == went["held"] / 3
    assert whole.measure("lora/gain/principle").recipe.arms == ("lora", "head")
    assert whole.measure("accuracy/principle") == found.measure("accuracy/principle")
    assert {"lora-principle.safetensors", "lora-helpful.safetensors"} <= set(whole.files)
    assert recompute(whole, dossier.view()) == []
    with pytest.raises(TenureError, match="24 of 24 pairs are longer than max_length 16"):
        prefer(dossier, model, **lora, max_length=16)
