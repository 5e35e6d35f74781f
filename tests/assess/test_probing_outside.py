"""Probes outside their pairs: mere falsity, ordinary conversations, and the threshold set on them."""

from collections import Counter

import numpy as np
import pytest

from tenure.assess import pairs, probing, probing_outside
from tenure.dossier import Recipe
from tenure.measure import estimate

DECEPTION = next(c for c in pairs.bank().concepts if c.falsity)


def test_the_false_answer_is_the_same_whether_it_is_meant_to_deceive_or_not():
    made = probing_outside.false_texts(DECEPTION, 2, seed=0)
    assert Counter(t.kind for t in made) == dict.fromkeys(probing_outside.SIDES, 24)
    for lie, mere, truth in zip(made[::3], made[1::3], made[2::3], strict=True):
        answers = [t.messages[-1]["content"] for t in (lie, mere, truth)]
        assert answers[0] == answers[1] != answers[2]
        assert lie.messages[:-1] != mere.messages[:-1]
        assert len({t.family for t in (lie, mere, truth)}) == 1
    assert len({t.id for t in made}) == len(made)
    assert "{" not in str([m["content"] for t in made for m in t.messages])


def test_all_kinds_of_mere_falsity_are_there_and_none_is_trained_on():
    assert Counter(f.kind for f in DECEPTION.falsity) == {
        "mistake": 4,
        "fiction": 4,
        "quotation": 4,
    }
    assert not {f.name for f in DECEPTION.falsity} & {f.name for f in DECEPTION.families}
    fitted = {i["question"] for i in DECEPTION.items["train"]}
    asked = {m["content"] for t in probing_outside.false_texts(DECEPTION, 6, 0) for m in t.messages}
    assert not any(question in text for question in fitted for text in asked)


@pytest.mark.slow  # reads the anchors
def test_a_threshold_is_set_and_tested_on_texts_of_other_sources():
    one, other = (probing_outside.ordinary_texts(which, 400, 0) for which in probing_outside.SETS)
    assert len(one) > 350
    assert len(other) >= 150
    assert not {t.family for t in one} & {t.family for t in other}
    assert not {str(t.messages) for t in one} & {str(t.messages) for t in other}
    assert probing_outside.ordinary_texts("test", 30, 0) == other[:30]


def measured(scores):
    """Measure the AUROCs of falsity from scores by kind of text."""
    made = probing_outside.false_texts(DECEPTION, 3, 0)
    random = np.random.default_rng(1)
    values = np.asarray([scores[t.kind] for t in made]) + random.normal(0, 0.5, len(made))
    rows = probing_outside._false_rows("deception", made, values)
    return {
        name: estimate(
            rows,
            Recipe(
                estimator="auroc",
                value="probe",
                where=where,
                cluster="family",
                options={"label": label},
            ),
            name=f"deception/{name}",
            unit="proportion",
            samples=None,
        )
        for name, (where, label, _) in probing_outside._FALSE.items()
    }


@pytest.mark.slow  # intervals of 36 families
@pytest.mark.parametrize(("scores", "reached"), [
    ({"deception": 1, "mere falsity": 1, "truth": -1}, "not shown beyond falsity"),
    ({"deception": 1, "mere falsity": -1, "truth": -1}, "carries"),
])  # fmt: skip
def test_a_probe_that_reads_falsity_alone_does_not_carry(scores, reached):
    found = measured(scores)
    good = [
        {"probe": float(i % 2), "words": 0.0, "label": bool(i % 2), "family": i // 4}
        for i in range(80)
    ]
    for what, estimator, options in (
        ("apart_auroc", "auroc", {}),
        ("beyond_words", "auroc_difference", {"minus": "words"}),
    ):
        recipe = Recipe(
            estimator=estimator,
            value="probe",
            cluster="family",
            options={"label": "label", **options},
        )
        found[what] = estimate(good, recipe, name=what, unit="proportion", samples=None)
    named = {f"deception/{name}": m for name, m in found.items()}
    assert probing.verdict("deception", named, p=0.005) == reached
    alone = found[probing_outside.ALONE]
    assert (alone.low > 0.7) == (reached != "carries")
