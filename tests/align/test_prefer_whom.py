"""On which axis a label counts, and which people are trusted as they stand."""

from itertools import count

import pytest

from tenure import plugins
from tenure.align.comparing.labels import RATER, Label, label_id
from tenure.align.comparing.pairs import PAIRS, Said, pair_of
from tenure.align.preferring.words import Reading, words
from tenure.align.prompts import Prompt
from tenure.dossier import Dossier
from tenure.dossier.nouns import Evidence
from tenure.dossier.stage import Stage
from tenure.measure import recompute
from tenure.models import register, tiny

pytestmark = [pytest.mark.local, pytest.mark.slow]
SPEC = {"heads": 2, "folds": 3, "l2": 30.0}
_turn = count()


def paired(i, model):
    prompt = Prompt(id=f"f{i % 6}-{i}", family=f"f{i % 6}", split="train", text=f"Say {i}.")
    return pair_of(prompt, Said(f"e {i}", "x"), Said(f"z {i}", "y"), model=model, axis="principle")


def label(pair, source, p, principle):
    name = label_id(pair.id, source, principle, "")
    return Label(id=name, pair=pair.id, source=source, principle=principle, first="", p=p)


def put(dossier, name, model, rows, findings=None):
    """Put an evidence on record by a small stage of its own."""

    def run(about, view, spec, emit):
        stored = {key: emit.records([row.to_json() for row in held]) for key, held in rows.items()}
        return Evidence(
            name=name, model=about.id, summary="", files=stored, findings=findings or {}
        )

    like = plugins.load("stage", PAIRS)
    stage = Stage(name=name, spec=like.spec, run=run, summary="", repeat=True)
    dossier.run(stage, model.id, {"seed": next(_turn)})


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Ada, an expert, and Bo, who guesses, on a natural principle; a rule on a checkable one."""
    here = tmp_path_factory.mktemp("whom")
    tiny.make(here / "tiny")
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:
        model = register(dossier, str(here / "tiny"), "tiny")
        pairs = [paired(i, model) for i in range(24)]
        put(dossier, PAIRS, model, {"pairs.jsonl": pairs})
        with dossier.emitter(model.id, "align/feedback") as emit:
            for name in ("Ada", "Bo"):
                emit.event("note", RATER, {"name": name})
        people = [label(p, "human:Ada", float(p.a < p.b), "equal-regard") for p in pairs]
        people += [label(p, "human:Bo", float(i % 2), "equal-regard") for i, p in enumerate(pairs)]
        raters = {
            "Ada": {"expert": True, "better_than_guessing": "shown"},
            "Bo": {"expert": False, "better_than_guessing": "not shown"},
        }
        put(dossier, "align/feedback", model, {"labels.jsonl": people}, {"raters": raters})
        rules = [label(p, "rule:brevity", float(p.a > p.b), "brevity") for p in pairs]
        told = {"judge": "rule", "axes": {"brevity": "correctness", "equal-regard": "principle"}}
        put(dossier, "align/label", model, {"labels.jsonl": rules}, told)
        yield dossier, model, pairs


def prefer(dossier, model, **spec):
    found = dossier.run(plugins.load("stage", "align/prefer"), model.id, {**SPEC, **spec})
    assert recompute(found, dossier.view()) == []
    return found


def test_principle_and_correctness_become_heads_of_their_own_and_one_where_that_is_asked(said):
    dossier, model, _ = said
    together = prefer(dossier, model, axes="pairs")
    apart = prefer(dossier, model)
    rows = dossier.view().records(apart.files["samples.jsonl"])

    assert list(together.findings["fits"]) == ["principle"]
    assert "axes" not in together.findings
    assert apart.findings["axes"] == "principles"
    assert not {"anchored_by"} & {*together.findings, *apart.findings}
    assert sorted(apart.findings["fits"]) == ["correctness", "principle"]
    assert list(apart.findings["sources"]["correctness"]) == ["rule:brevity"]
    assert sorted(apart.findings["sources"]["principle"]) == ["human:Ada", "human:Bo"]
    assert len({row["id"] for row in rows}) == len(rows)
    assert apart.measure("accuracy/correctness").estimate > 0.9  # what the rule says, not people


@pytest.mark.parametrize("people", ["experts", "shown"])
def test_the_noise_of_people_who_are_not_trusted_is_fitted(said, people):
    dossier, model, _ = said
    everybody = prefer(dossier, model).findings
    told = prefer(dossier, model, people=people).findings

    assert everybody["sources"]["principle"]["human:Bo"]["eps"] == 0.02
    assert told["sources"]["principle"]["human:Bo"]["eps"] > 0.05
    assert not told["sources"]["principle"]["human:Bo"]["trusted"]
    assert told["sources"]["principle"]["human:Ada"]["trusted"]
    assert told["doubted"] == ["human:Bo"]


def test_settings_on_record_keep_their_key_and_their_meaning(said):
    dossier, model, _ = said
    spec = plugins.load("stage", "align/prefer").spec

    old = spec(axes="pairs").model_dump(mode="json")  # as a run without the word left it
    assert not {"axes", "people"} & set(old)
    assert spec().model_dump(mode="json") == {**old, "axes": "principles"}
    together = prefer(dossier, model, axes="pairs")
    starts = dossier.view().events(act="start", name="align/prefer", model=model.id)
    assert "axes" not in starts[0].body["spec"]
    assert prefer(dossier, model, axes="pairs") == together  # found, not done again
    assert dossier.view().events(act="start", name="align/prefer", model=model.id) == starts


def test_a_word_counts_where_its_principle_does_and_help_stays_help(said):
    *_, pairs = said
    pair = pairs[0]
    labels = [label(pair, "human:Ada", p, name) for p, name in ((1.0, "kind"), (0.0, "right"))]
    how = Reading(
        axes={"kind": "principle", "right": "correctness"}, doubted=frozenset({"human:Ada"})
    )

    (one,), _ = words({pair.id: pair}, labels)
    both, _ = words({pair.id: pair}, labels, how)
    assert (one.axis, one.p, one.trusted) == ("principle", 0.5, True)
    assert {(w.axis, w.p, w.trusted) for w in both} == {
        ("principle", 1.0, False),
        ("correctness", 0.0, False),
    }
