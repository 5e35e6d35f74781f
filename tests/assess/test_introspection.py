"""Concept injection: trials, reading of answers, arms, and the controls that must be told apart."""

import numpy as np
import pytest

from tenure.assess import introspection, introspection_trials

it = introspection_trials
SPEC = it.Spec()
MADE = it.trials(SPEC)


def found(rows, who="model"):
    return {m.name: m for m in it.measures(rows, None, who)}


def test_the_arms_of_a_pair_are_asked_the_same_and_pairs_are_not():
    assert len(MADE) == 12 * 4 * 3
    asked = {t.pair: {u.messages[1]["content"] for u in MADE if u.pair == t.pair} for t in MADE}
    assert all(len(texts) == 1 for texts in asked.values())
    assert len({next(iter(texts)) for texts in asked.values()}) == 48
    assert it.trials(SPEC) == MADE


@pytest.mark.parametrize(("answer", "said"), [
    ("Yes. Bread.", True), ("no, nothing", False), ('"Yes', True), ("Nothing at all", None),
    ("", None), ("I would say yes", None), ("Not that I know", None), ("**No**", False),
])  # fmt: skip
def test_an_answer_is_yes_no_or_missing(answer, said):
    assert it.noticed(answer) is said


def test_naming_counts_the_word_and_no_part_of_another():
    assert it.names("It is about Horses.", "horses")
    assert it.names("a horse", "horses")
    assert not it.names("fireplaces", "fire")


@pytest.mark.slow  # 48 pairs, eight measures
@pytest.mark.parametrize("name", it.CONTROLS)
def test_a_control_is_read_as_it_must_be_and_holds_its_truth(name):
    script = it.CONTROLS[name]
    for seed in range(2):
        rows = it.records(MADE, it.scripted(script, seed)(MADE), name)
        control = introspection._control(name, found(rows, name))
        assert control["passed"], control
        spoken = found(rows, name)[f"control/{name}/{it.SPOKEN}"]
        assert spoken.low <= script.hit - script.alarm <= spoken.high


@pytest.mark.slow  # as above
def test_what_pushes_every_answer_to_yes_is_no_noticing_by_the_forced_choice_alone():
    rows = it.records(MADE, it.scripted(it.CONTROLS["pushed"], 0)(MADE), "model")
    measured = found(rows)
    assert measured[it.FORCED].lower > it.AREA
    assert it.verdicts(measured) == {it.SPOKEN: "notices", it.FORCED: "not shown"}


def answers(text, chances=(-1.0, -2.0)):
    return [it.Answer(text=text.format(word=t.word), chances=[chances] * 4) for t in MADE]


@pytest.mark.slow  # as above
def test_saying_nothing_to_the_point_is_missing_and_the_forced_choice_decides():
    measured = found(it.records(MADE, answers("The ocean is wide."), "model"))
    spoken = measured[it.SPOKEN]
    assert (spoken.estimate, spoken.missing) == (None, 48)
    assert it.verdict(spoken) == "not shown"
    assert introspection.decider(spoken) == it.FORCED
    forced = measured[it.FORCED]
    assert (forced.estimate, forced.missing, forced.clusters) == (0.5, 0, 12)


@pytest.mark.slow  # as above
def test_naming_needs_a_yes_and_answers_that_are_read_decide():
    measured = found(it.records(MADE, answers("No. {word}"), "model"))
    assert measured["named_beyond_random"].estimate == 0
    assert introspection.decider(measured[it.SPOKEN]) == it.SPOKEN


def test_odds_are_the_mean_of_both_orders_and_mass_is_a_chance():
    chances = [(-1.0, -2.0), (-2.0, -2.5), (-3.0, -1.0), (-1.0, -3.0)]
    row = it.read(MADE[0], it.Answer(text="", chances=chances))
    assert (row["odds"], row["other_odds"], row["noticed"]) == (0.75, 0.0, None)
    assert (row["odds_yes_first"], row["odds_no_first"]) == (1.0, 0.5)
    assert row["mass"] == pytest.approx((np.exp(-1) + np.exp(-2) + np.exp(-2) + np.exp(-2.5)) / 2)


def test_the_orders_differ_in_nothing_else():
    first, second, third, fourth = (m[0]["content"] for m in MADE[0].forced)
    assert first == third == second.replace("No or Yes", "Yes or No")
    assert (second, second != first) == (fourth, True)
    assert MADE[0].forced[0] == MADE[0].messages


def test_what_is_added_is_as_long_as_the_word_and_nothing_is_nothing():
    word = np.arange(8, dtype=np.float32)
    by_arm = {t.arm: introspection.added(t, word, 0) for t in MADE[:3]}
    assert np.linalg.norm(by_arm["random"]) == pytest.approx(np.linalg.norm(word), rel=1e-5)
    assert not by_arm["nothing"].any()
    assert by_arm["injected"] is word
    assert (introspection.added(MADE[1], word, 0) == by_arm["random"]).all()
    assert (introspection.added(MADE[4], word, 0) != by_arm["random"]).any()
