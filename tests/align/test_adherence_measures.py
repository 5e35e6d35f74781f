"""What is reported of parent and child, on planted records: every number is the planted one."""

import pytest

from tenure.align import guards
from tenure.align.checking import share
from tenure.align.constitution import shipped
from tenure.align.proof.measures import ARMS, measures, stated
from tenure.measure import estimate

pytestmark = pytest.mark.slow
TESTED = [shipped().principle(name) for name in ("brevity", "finished")]
FAMILIES, EACH = 8, 4


def planted(child=(), parent=(), slices=None):
    """Make records of 32 prompts: kept but where named, nothing collapsed, nothing refused."""
    changed = {"child": dict(child), "parent": dict(parent)}
    made = []
    for arm in ARMS:
        for k in range(FAMILIES * EACH):
            row = {
                "id": f"p{k}/{arm}", "pair": f"p{k}", "arm": arm, "family": f"f{k % FAMILIES}",
                "slice": (slices or {}).get(k), "brevity": True, "finished": True, "words": 20 + k,
                "distinct2": 0.9, "repeats": 0.01 * k, "collapsed": False, "refused": False,
            }  # fmt: skip
            row |= changed[arm].get(k, {})
            row["kept_share"] = share({p.id: row[p.id] for p in TESTED})
            made.append(row)
    return made


def named(records):
    return {m.name: m for m in measures(records, TESTED, "sha256:none")}


def test_the_mean_over_all_principles_is_child_minus_parent_in_pairs():
    found = named(planted(parent={k: {"brevity": False} for k in range(16)}))

    gap = found["adherence/all"]
    assert gap.estimate == pytest.approx(0.25)
    assert gap.low > 0
    assert (gap.n, gap.clusters, gap.missing) == (32, FAMILIES, 0)
    assert found["keeps/all/child"].estimate == 1
    assert found["keeps/all/parent"].estimate == pytest.approx(0.75)
    assert found["adherence/brevity"].estimate == pytest.approx(0.5)


def test_an_answer_of_which_nothing_is_decided_is_missing_and_widens_the_bound():
    nothing = {"brevity": None, "finished": None}
    found = named(planted(child={0: nothing, 1: nothing}))["adherence/all"]

    assert share(nothing) is None
    assert (found.n, found.missing) == (30, 2)
    assert found.worst[0] == pytest.approx(-2 / 32)
    assert found.lower < 0


def test_collapse_is_counted_without_the_family_cluster_and_with_it():
    clean, one = named(planted()), named(planted(child={3: {"collapsed": True}}))

    assert clean["collapse/child"].upper == pytest.approx(0.0894, abs=0.001)  # 0 of 32, exact
    assert clean["collapse/child"].clusters is None
    assert clean["collapse_by_family/child"].clusters == FAMILIES
    assert clean["collapse_by_family/child"].upper > 0.25
    assert one["collapse/child"].estimate == pytest.approx(1 / 32)
    assert one["collapse/parent"].estimate == 0
    assert "collapse_of_all/child" not in clean


def test_a_sentence_that_answers_a_whole_slice_is_no_collapse_but_is_counted_beside_it():
    slices = dict.fromkeys(range(4), "unknowable")
    found = named(planted(child={k: {"collapsed": True} for k in range(4)}, slices=slices))

    assert (found["collapse/child"].estimate, found["collapse/child"].n) == (0, 28)
    assert found["collapse_of_all/child"].estimate == pytest.approx(4 / 32)


def test_zero_of_three_hundred_is_what_one_percent_takes():
    records = [{**planted()[0], "id": f"p{k}/child", "pair": f"p{k}"} for k in range(299)]
    recipe = named(planted())["collapse/child"].recipe

    found = estimate(records, recipe, name="c", unit="proportion", samples=None)

    assert found.upper < 0.01


def test_harmless_prompts_that_were_declined_are_reported_and_those_that_sound_worse_apart():
    slices = dict.fromkeys(range(8), "sounds worse")
    found = named(planted(child={k: {"refused": True} for k in range(4)}, slices=slices))

    assert found["refused/child"].estimate == pytest.approx(4 / 32)
    assert found["over_refusal/child"].estimate == pytest.approx(0.5)
    assert found["over_refusal/parent"].estimate == 0
    assert found["guard/refused"].estimate == pytest.approx(4 / 32)
    assert "over_refusal/child" not in named(planted())


def test_a_statement_needs_the_interval_and_the_adjusted_p():
    records = planted(
        parent={k: {"brevity": False} for k in range(24)},
        child={k: {"finished": False} for k in range(2)},
    )
    found = measures(records, TESTED, "sha256:none")

    said = stated(records, TESTED, found)

    assert said["brevity"]["statement"] == "improved"
    assert said["brevity"]["only_child"] == 24
    assert said["finished"]["statement"] == "not shown"


def test_the_old_measures_keep_their_recipes():
    found = named(planted())

    assert found["adherence/brevity"].recipe.to_json() == {
        "estimator": "paired_difference", "value": "brevity", "where": {}, "arm": "arm",
        "arms": ("child", "parent"), "pair": "pair", "cluster": "family", "level": 0.95,
        "options": {},
    }  # fmt: skip
    assert found["keeps/brevity/child"].recipe.to_json() == {
        "estimator": "proportion", "value": "brevity", "where": {"arm": "child"},
        "cluster": "family", "level": 0.95, "options": {},
    }  # fmt: skip
    assert found["guard/words"].unit == "mean"


@pytest.mark.parametrize(
    ("answers", "fallen"),
    [
        (["The rice is done.", "A lid helps."], [False, False]),
        (["", "A lid helps."], [True, False]),
        (["Rice.", "A lid helps."], [True, False]),
        (["A lid helps.", "a lid helps!"], [True, True]),
        (["It is good to eat rice. " * 4, "A lid helps."], [True, False]),
        (["one two three four five one two three four", "A lid helps."], [False, False]),
    ],
)
def test_collapse_is_what_its_note_says(answers, fallen):
    assert guards.collapsed(answers) == fallen
