"""A dossier in which a model was aligned in every way; its numbers come from the real estimators."""

import random
from dataclasses import replace

from pydantic import BaseModel

from tenure.align import feedback
from tenure.align.comparing.pairs import PAIRS
from tenure.align.people import said
from tenure.align.people.gold import Gold, made_pair
from tenure.align.people.said import Answer
from tenure.dossier import Dossier, Evidence, Model, Recipe, Stage
from tenure.measure import estimate

HOSTILE = "<script>alert(1)</script>"
JUDGE = "ai:judge@1@0000000000000000"
PRINCIPLES = ("brevity", "no-orders", HOSTILE[1:7])
ALL = [
    made_pair(f"Q{i}?", f"one {i}", f"two {i}", axis="principle", family=f"f{i % 6}", came="t")
    for i in range(30)
]


class Nothing(BaseModel):
    """No settings."""


def share(rows, name, column, samples, **more):
    where, words = more.pop("where", {}), more
    recipe = Recipe(estimator="proportion", value=column, where=where)
    return estimate(rows, recipe, name=name, unit="proportion", samples=samples, **words)


def gap(rows, name, column, samples, where=None, **words):
    recipe = Recipe(estimator="paired_difference", value=column, arm="arm", arms=("child", "parent"), pair="pair", where=where or {})  # fmt: skip
    return estimate(rows, recipe, name=name, unit="difference", samples=samples, **words)


def both(lift, seed, **more):
    chance = random.Random(seed)
    return [
        {"id": f"{i}/{arm}", "pair": i, "arm": arm, "family": f"f{i % 6}", "kept": chance.random() < 0.3 + (lift if arm == "child" else 0), **more}
        for i in range(48)
        for arm in ("child", "parent")
    ]  # fmt: skip


def revise(model, view, spec, emit):
    constitution = {
        "name": "house",
        "version": "3",
        "principles": [
            {"id": "brevity", "text": "Be brief.", "check": "brevity", "provenance": "own"},
            {"id": "no-orders", "text": HOSTILE, "check": None, "provenance": "own", "chapter": "code"},
        ],
    }  # fmt: skip
    told = {
        "drawn": 9,
        "kept": 2,
        "cannot say": 1,
        "revised": 4,
        "rejected": 2,
        "gates": {"copy": 2},
    }
    return Evidence(
        name="align/revise", model=model.id, summary="90 of 112 prompts gave a row",
        files={"constitution.jsonl": emit.records([constitution])},
        findings={"yield": {"brevity": told, "no-orders": {**told, "gates": {}}}},
        runtime={"usage": {"input_tokens": 1200, "output_tokens": 34}},
    )  # fmt: skip


def train(model, view, spec, emit):
    return Evidence(name="align/train", model=model.id, kind="record", summary="A child was trained", product="small-135m-aligned@1", findings={"trained": {"tokens": 24739}})  # fmt: skip


def baseline(model, view, spec, emit):
    return Evidence(name="align/train", model=model.id, kind="record", summary="A side branch was trained", product="small-135m-direct@1")  # fmt: skip


def reinforce(model, view, spec, emit):
    log = [{"step": i, "reward": 0.5 + i / 100, "kl": i / 50} for i in range(21)]
    golds = [{"step": i, "values": [0.6 - i / 100, 0.5, None]} for i in (0, 10, 20)]
    return Evidence(
        name="align/reinforce", model=model.id, kind="record", summary="A child was reinforced",
        product="small-135m-reinforced@1", files={"log.jsonl": emit.records(log)},
        findings={
            "alarm": {"at": 20, "why": f"gold fell {HOSTILE}"}, "kept_step": 10,
            "trained": {"gold_digest": emit.records(golds), "settings": {"reward": "preference"}, "tokens": 31218},
        },
    )  # fmt: skip


def best_of(model, view, spec, emit):
    rows = both(0.2, 4)
    gain = gap(rows, "best_of/gain", "kept", emit.records(rows))
    return Evidence(name="align/best_of", model=model.id, summary="Picked", measures=(gain,))


def adherence(model, view, spec, emit):
    measures, holm = [], {}
    for i, name in enumerate(PRINCIPLES):
        rows = both((0.6, 0.05, -0.29)[i], i)
        samples = emit.records(rows)
        measures.append(gap(rows, f"adherence/{name}", "kept", samples))
        measures += [share(rows, f"keeps/{name}/{arm}", "kept", samples, where={"arm": arm}) for arm in ("child", "parent")]  # fmt: skip
        holm[name] = {"p_holm": (0.0001, 0.4, 0.01)[i], "statement": ("improved", "not shown", "worsened")[i]}  # fmt: skip
    rows = [{"id": i, "collapsed": i == 3} for i in range(300)]
    measures.append(share(rows, "collapse/child", "collapsed", emit.records(rows)))
    told = both(0.1, 7)
    for name in ("guard/refused", "guard/words"):
        measures.append(replace(gap(told, name, "kept", emit.records(told)), unit="mean"))
    return Evidence(
        name="align/adherence", model=model.id, summary="One is kept more often",
        measures=tuple(measures),
        findings={
            "parent": {"id": model.parent}, "holm": holm, "collapse": {"child": {"empty": 0}},
            "not_measured": {"kindness": "needs a judge"},
            "cost": {"child": {"prompt_tokens": 600, "tokens": 4000}, "parent": {"prompt_tokens": 600, "tokens": 50}},
        },
    )  # fmt: skip


def compare(model, view, spec, emit):
    rows = [{"id": i, "won": i % 3 > 0} for i in range(60)]
    rated = share(rows, f"elo/{model.id}", "won", emit.records(rows))
    won = share(rows, "win/small-135m@1", "won", emit.records(rows))
    elo = {model.id: {"rating": 61.0, "low": 20.0, "high": 102.0}, model.parent: {"rating": 0.0, "low": None, "high": None}}  # fmt: skip
    return Evidence(name="align/compare", model=model.id, summary="It wins 40 of 60", measures=(won, rated), findings={"elo": elo, "judge": "rule"})  # fmt: skip


def pairs(model, view, spec, emit):
    files = {"pairs.jsonl": emit.records([p.to_json() for p in ALL])}
    return Evidence(name=PAIRS, model=model.id, summary="30 pairs", kind="record", files=files)


def label(source, judge):
    def run(model, view, spec, emit):
        rows = [
            {"id": f"{source}{i}", "pair": p.id, "source": source, "principle": "brevity", "first": "",
             "p": None if i == 3 else 0.5 if i == 4 else 1.0, "weight": 1.0, "both_bad": False,
             "why": "missing: silent" if i == 3 else "", "about": {}}
            for i, p in enumerate(ALL)
        ]  # fmt: skip
        return Evidence(name="align/label", model=model.id, summary="30 labels", files={"labels.jsonl": emit.records(rows)}, findings={"judge": judge})  # fmt: skip

    return run


def qualify(model, view, spec, emit):
    rows = [{"id": i, "right": i % 9 > 0} for i in range(90)]
    right = share(rows, "accuracy/principle", "right", emit.records(rows))
    rule = {"axis": "principle", "rule": "accuracy", "asked": "lower bound at least 0.75", "bound": right.lower, "verdict": "met"}  # fmt: skip
    return Evidence(name="align/qualify", model=model.id, kind="judge", summary="It may judge", measures=(right,), findings={"verdict": "met", "rules": [rule], "shape": None, "cost": {"judge": {"calls": 600, "prompt_tokens": 90000, "tokens": 597, "uncounted": 3}}}, runtime={"dollars": 0.0942})  # fmt: skip


def invent(model, view, spec, emit):
    told = {"own": {"verdict": "refused", "fooled_by": ["searches"]}}
    return Evidence(name="align/invent", model=model.id, kind="empirical", summary="1 written, 0 admitted", findings={"verdicts": told})  # fmt: skip


def scripted(view):
    """Name the scripted judges as sources."""
    return [
        f"ai:{m.id}@{m.digest.removeprefix('sha256:')[:16]}"
        for m in view.models()
        if m.kind == "scripted"
    ]


def prefer(model, view, spec, emit):
    # The answer that is named, a and b in turn, is given 50% to 90%; it is said to be better at 100% and 75%.
    rows = [
        {
            "id": str(i),
            "source": "trusted",
            "p": 0.5 + (i + 1) / 200 * (-1) ** i,
            "said": (1.0, 0.25)[i % 2],
            "right": i % 5 > 0 or i > 60,
        }
        for i in range(80)
    ]
    samples = emit.records(rows)
    names = (
        "accuracy/principle",
        "accuracy/principle/human:Ada",
        "accuracy/principle/gap-1",
        "ece/principle",
        *(f"ece/principle/{s}" for s in scripted(view)),
    )
    sources = {"principle": {"human:Ada": {"eps": 0.02, "tau": 1.0, "beta": 0.0, "lam": 0.0, "trusted": True}}}  # fmt: skip
    return Evidence(
        name="align/prefer", model=model.id, kind="record", summary="64 of 80 named",
        measures=tuple(share(rows, name, "right", samples) for name in names), findings={"sources": sources},
        files={"samples.jsonl": samples},
    )  # fmt: skip


def facing(model, view, spec, emit):
    rows = both(0.3, 9)
    samples = emit.records(rows)
    names = ("says/bright", "does/shutdown", "carry/mild")
    return Evidence(
        name="align/facing", model=model.id, kind="record", summary="Four accounts",
        measures=tuple(gap(rows, name, "kept", samples) for name in names),
        findings={
            "says": {"counts": "none of its rows holds a question of the interviews"},
            "does": {"shutdown": {"statement": "not shown"}, "replacement": {"missing": "not measured: no runs"}},
            "apart": {"statement": "not shown", "why": "no deed and no word stand against each other"},
            "contamination": {"verdict": "clean", "checked": True, "rows": 90, "rows_that_overlap": 0},
            "carry": {"verdict": "not shown", "why": "no gain on the mild rung"},
        },
    )  # fmt: skip


def admit(model, view, spec, emit):
    told = {
        "sort-words": {"verdict": "admitted", "fooled_by": [], "because": []},
        "leaky": {"verdict": "refused", "fooled_by": ["exits"], "because": [{"rule": "exploit exits", "why": "got 1"}]},
    }  # fmt: skip
    return Evidence(name="align/admit", model=model.id, kind="empirical", summary="1 of 2 admitted", findings={"environments": told})  # fmt: skip


def readmit(model, view, spec, emit):
    told = {"leaky": {"verdict": "admitted", "fooled_by": [], "because": []}}
    return Evidence(name="align/admit", model=model.id, kind="empirical", summary="1 of 1 admitted", findings={"environments": told})  # fmt: skip


def weights(dossier, name, parent=None):
    with dossier.emitter("", "files") as emit:
        files = {"model.safetensors": emit.file(name.encode() * 50)}
    return dossier.register(Model(name=name, source="x", files=files, parent=parent)).id


def live(root):
    """Align a model in every way in ``root``; return it."""
    with Dossier.open(root) as dossier:
        first = weights(dossier, "small-135m")
        judge = dossier.register(Model(name="judge", kind="api", source="openai-api/lab/judge")).id
        script = dossier.register(Model(name="toy", kind="scripted", source="organism/refuses"))

        def do(name, run, model):
            dossier.run(Stage(name=name, spec=Nothing, run=run, summary="", repeat=True), model, {})

        for name, run in (("align/revise", revise), (PAIRS, pairs), ("align/train", baseline), ("align/train", train)):  # fmt: skip
            do(name, run, first)
        child = weights(dossier, "small-135m-aligned", first)
        weights(dossier, "small-135m-direct", first)
        for each in (judge, script.id):
            do("align/qualify", qualify, each)
        (toy,) = scripted(dossier.view())
        for source, who in (("rule:brevity", "rule"), (JUDGE, judge), (toy, script.id)):
            do("align/label", label(source, who), first)
        with dossier.emitter(first, said.STAGE) as emit:
            held = said.read(dossier.view(), first)
            said.admit(held, "Ada", expert=True, how="page", emit=emit)
            known = [Gold(pair=made_pair(f"G{i}?", "x", f"y{i}", axis="principle", family="g", came="g"), better="a") for i in range(8)]  # fmt: skip
            said.keep_gold(known, emit)
            for item in known:
                said.sign(Answer(pair=item.pair.id, by="Ada", principle="all", first="a", say="a", kind="gold"), emit)  # fmt: skip
            for pair in ALL:
                said.sign(Answer(pair=pair.id, by="Ada", principle="brevity", first="a", say="a", kind="useful"), emit)  # fmt: skip
        dossier.run(feedback.stage, first, {})
        for name, run in (("align/adherence", adherence), ("align/prefer", prefer), ("align/best_of", best_of), ("align/reinforce", reinforce)):  # fmt: skip
            do(name, run, child)
        last = weights(dossier, "small-135m-reinforced", child)
        for name, run in (("align/adherence", adherence), ("align/compare", compare), ("align/facing", facing)):  # fmt: skip
            do(name, run, last)
        do("align/admit", admit, first)
        do("align/invent", invent, script.id)
    return root
