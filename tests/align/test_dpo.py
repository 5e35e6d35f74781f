"""Which chance DPO learns: labels weighed by what a preference model found of their sources, or their mean."""

from itertools import count

import pytest

from tenure import plugins
from tenure.align.comparing.labels import Label, ai, label_id
from tenure.align.comparing.pairs import PAIRS, Said, pair_of
from tenure.align.preferring.words import Gathered, Word
from tenure.align.preferring.worth import told, weighed
from tenure.align.prompts import Prompt
from tenure.dossier import Dossier
from tenure.dossier.nouns import Evidence
from tenure.dossier.stage import Stage
from tenure.errors import UsageError
from tenure.models import register, tiny
from tenure.training import warm

pytestmark = [pytest.mark.local, pytest.mark.slow]
TRAINED = {"rank": 4, "threads": 1, "dtype": "float32", "batch": 16, "epochs": 0.3}
_turn = count()


def put(dossier, name, model, rows, findings):
    """Put an evidence on record by a small stage of its own."""

    def run(about, view, spec, emit):
        stored = {key: emit.records([row.to_json() for row in held]) for key, held in rows.items()}
        return Evidence(name=name, model=about.id, summary="", files=stored, findings=findings)

    like = plugins.load("stage", PAIRS)
    stage = Stage(name=name, spec=like.spec, run=run, summary="", repeat=True)
    dossier.run(stage, model.id, {"seed": next(_turn)})


def label(pair, source, p, first=""):
    name = label_id(pair.id, source, "brevity", first)
    return Label(id=name, pair=pair.id, source=source, principle="brevity", first=first, p=p)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """A rule on two thirds of the pairs; a judge on all that names what stands first in half of them."""
    warm()  # the trainer loads its libraries while the preference model is fitted
    here = tmp_path_factory.mktemp("dpo")
    tiny.make(here / "tiny")
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:
        model, judge = (register(dossier, str(here / "tiny"), name) for name in ("parent", "judge"))
        put(dossier, "align/qualify", judge, {}, {"axes": {"correctness": "met"}})
        pairs = [
            pair_of(
                Prompt(id=f"f{i % 6}-{i}", family=f"f{i % 6}", split="train", text=f"Say {i}."),
                Said(f"e {i}", "x"), Said(f"z {i}", "y"), model=model, axis="principle",
            )
            for i in range(48)
        ]  # fmt: skip
        put(dossier, PAIRS, model, {"pairs.jsonl": pairs}, {})
        labels = [label(p, "rule:brevity", float(p.a < p.b)) for p in pairs[:32]]
        for at, pair in enumerate(pairs):
            for first in "ab":
                p = float(first == "a") if at % 2 else float(pair.a < pair.b)
                labels.append(label(pair, ai(judge), p, first))
        axes = {"brevity": "correctness"}
        put(
            dossier, "align/label", model, {"labels.jsonl": labels}, {"judge": judge.id, "axes": axes}
        )  # fmt: skip
        yield dossier, model, pairs, labels


def trained(dossier, model, **spec):
    found = dossier.run(plugins.load("stage", "align/dpo"), model.id, {**TRAINED, **spec})
    rows = dossier.view().records(found.files["pairs.jsonl"])
    return found, {row["id"]: row["p"] for row in rows}


def test_labels_are_weighed_by_what_their_sources_were_found_to_be_worth(said):
    dossier, model, pairs, labels = said
    given = Gathered(pairs={p.id: p for p in pairs}, labels=labels, left_out={})
    with pytest.raises(UsageError, match=r"was fitted.*tenure align prefer --model parent@1"):
        trained(dossier, model, sources="modelled")
    assert "no preference model" in weighed(model, given, "principle", dossier.view()).why

    fit = dossier.run(
        plugins.load("stage", "align/prefer"), model.id, {"heads": 2, "folds": 2, "l2": 30.0}
    )
    found, chances = trained(dossier, model)
    judge = fit.findings["sources"]["correctness"][ai(dossier.view().model("judge"))]
    # The judge went by place: of the first a rule said which is better, of the second nobody did.
    ruled, torn, true = pairs[1], pairs[33], pairs[32]

    assert found.findings["labels"]["chances"] == "modelled"
    assert "weighed by what each source was found to be worth" in found.summary
    assert judge["beta"] > 0.3
    assert abs(chances[ruled.id] - float(ruled.a < ruled.b)) < 0.1
    assert torn.id not in chances
    assert (chances[true.id] > 0.5) == (true.a < true.b)
    with pytest.raises(UsageError, match=r"parent-direct@1 is there already.*pairs\).*--name NAME"):
        trained(dossier, model, sources="mean")


def test_a_source_that_the_fit_has_not_heard_is_named(said):
    dossier, model, pairs, labels = said
    new = label(pairs[0], "rule:finished", 1.0)
    given = Gathered(pairs={p.id: p for p in pairs}, labels=[*labels, new], left_out={})
    found = weighed(model, given, "principle", dossier.view())

    assert not found.chances
    assert "has not heard rule:finished on the axis 'correctness'" in found.why


def test_settings_on_record_without_the_word_mean_the_mean():
    spec = plugins.load("stage", "align/dpo").spec

    assert "sources" not in spec(sources="mean").model_dump(mode="json")
    assert spec().model_dump(mode="json")["sources"] == "auto"


def test_a_word_counts_what_its_source_is_worth_and_more_against_its_habit(said):
    *_, pairs, _ = said
    pair = pairs[0]

    def adds(p=1.0, first="", weight=1.0, **numbers):
        word = Word(pair=pair, source="human:x", first=first, p=p, weight=weight, principles=1)
        return told(word, {"eps": 0.02, "tau": 1.0, "beta": 0.0, "lam": 0.0, **numbers})

    assert adds() == pytest.approx(-adds(p=0.0))
    assert adds(p=0.5) == pytest.approx(0.0)
    assert adds(weight=0.5) == pytest.approx(adds() / 2)
    assert adds() > adds(eps=0.2) > adds(eps=0.4) > 0
    assert adds() > adds(tau=0.2) > 0
    # It names what stands first: that a stood first explains the word, that b did does not.
    assert 0 < adds(first="a", beta=1.5) < adds(first="b", beta=1.5)
    assert adds(p=0.5, first="a", beta=1.5) < 0  # torn, though a stood first: for b
