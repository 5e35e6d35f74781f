"""The likelihood by finite differences and by symmetry; planted sources, found again."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.errors import UsageError
from tenure.stats.bradley_terry import (
    ENOUGH,
    Comparisons,
    cross_entropy,
    fit,
    named_sources,
    overlaps,
    problem,
    sigmoid,
)


def drawn(seed, n=40, width=3, sources=2):
    chance = np.random.default_rng(seed)
    return Comparisons(
        x=chance.standard_normal((n, width)),
        p=chance.choice([0.0, 0.25, 0.5, 1.0], n),
        weight=chance.uniform(0, 2, n),
        source=chance.integers(0, sources, n),
        first=chance.choice([-1.0, 0.0, 1.0], n),
        length=chance.standard_normal(n),
        pair=np.arange(n),
        names=tuple(f"s{i}" for i in range(sources)),
    )


@pytest.mark.slow
@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), l2=st.floats(0, 10), modelled=st.booleans())
def test_the_gradient_is_the_slope_of_the_loss(seed, l2, modelled):
    asked = problem(drawn(seed), {0}, l2=l2, modelled=modelled)
    chance = np.random.default_rng(seed)
    theta = asked.start + chance.uniform(-0.05, 0.3, len(asked.start))
    slope = asked(theta)[1]
    step = 1e-6
    for at in range(len(theta)):
        up, down = theta.copy(), theta.copy()
        up[at] += step
        down[at] -= step
        assert (asked(up)[0] - asked(down)[0]) / (2 * step) == pytest.approx(
            slope[at], rel=1e-4, abs=1e-4
        )


@pytest.mark.slow
@given(seed=st.integers(0, 10**6))
@settings(max_examples=20)
def test_which_answer_is_called_a_does_not_matter(seed):
    data = drawn(seed)
    turned = replace(data, x=-data.x, p=1 - data.p, first=-data.first, length=-data.length)
    theta = problem(data, {0}, l2=1.0).start + 0.1

    assert problem(turned, {0}, l2=1.0)(theta)[0] == pytest.approx(
        problem(data, {0}, l2=1.0)(theta)[0], rel=1e-12
    )


@given(p=st.floats(0, 1), chance=st.floats(0.001, 0.999))
@settings(max_examples=25)
def test_no_chance_explains_a_label_better_than_the_label_itself(p, chance):
    own = cross_entropy(np.array([p]), np.array([p]))[0]

    assert own <= cross_entropy(np.array([chance]), np.array([p]))[0] + 1e-9


def test_a_weight_is_so_many_labels():
    data = drawn(3)
    twice = data.take(np.concatenate([np.arange(len(data.p))] * 2))
    heavy = replace(data, weight=2 * data.weight)

    theta = problem(data, {0}, l2=0.5).start + 0.05
    assert problem(twice, {0}, l2=0.5)(theta)[0] == pytest.approx(
        problem(heavy, {0}, l2=0.5)(theta)[0]
    )


def planted(seed=0, judge=6000, expert=600, *, confounded=True):
    """A judge that errs in a fifth, is half as steep, goes by place and length; an expert on a tenth."""
    chance = np.random.default_rng(seed)
    w = np.array([1.2, -0.8, 0.5, 0.0])
    x = chance.standard_normal((judge, 4))
    length = chance.standard_normal(judge)
    first = np.sign(x[:, 0]) if confounded else chance.choice([-1.0, 1.0], judge)
    first = np.where(chance.random(judge) < 0.9, first, -first)
    said = 0.15 + 0.7 * sigmoid(0.7 * (x @ w) + 0.8 * first + 0.6 * length)
    truth = 0.02 + 0.96 * sigmoid(x[:expert] @ w)
    return w, Comparisons(
        x=np.vstack([x[:expert], x]),
        p=np.concatenate([chance.random(expert) < truth, chance.random(judge) < said]).astype(
            float
        ),
        weight=np.ones(expert + judge),
        source=np.repeat([0, 1], [expert, judge]),
        first=np.concatenate([np.zeros(expert), first]),
        length=np.concatenate([length[:expert], length]),
        pair=np.concatenate([np.arange(expert), np.arange(judge)]),
        names=("expert", "judge"),
    )


@pytest.mark.slow
def test_planted_sources_are_found_again_and_pooling_learns_the_place():
    w, data = planted()
    found, pooled = fit(data, {0}, l2=0.1), fit(data, {0}, l2=0.1, modelled=False)

    assert found.converged
    assert found.w == pytest.approx(w, abs=0.2)
    assert found.eps[1] == pytest.approx(0.15, abs=0.06)
    assert found.tau[1] == pytest.approx(0.7, abs=0.25)
    assert found.beta[1] == pytest.approx(0.8, abs=0.25)
    assert found.lam[1] == pytest.approx(0.6, abs=0.2)
    assert (found.tau[0], found.eps[0], found.lam[0]) == (1.0, 0.02, 0.0)

    def angle(v):
        return v @ w / np.linalg.norm(v) / np.linalg.norm(w)

    assert angle(found.w) > 0.99 > angle(pooled.w)


@pytest.mark.slow
def test_random_order_costs_a_pooled_model_little():
    w, data = planted(1, confounded=False)
    pooled = fit(data, {0}, l2=0.1, modelled=False)

    assert pooled.w @ w / np.linalg.norm(pooled.w) / np.linalg.norm(w) > 0.98


@pytest.mark.slow
def test_too_few_shared_pairs_draw_a_source_to_a_plain_one_and_name_it():
    _, data = planted(2, judge=400, expert=ENOUGH - 10)
    found = fit(data, {0}, l2=1.0)

    assert found.shrunk == ("judge",)
    assert found.overlap.tolist() == [0, ENOUGH - 10]
    assert named_sources(found, ["expert"])["judge"]["shrunk"]
    apart = replace(data, pair=np.arange(len(data.p)))
    assert overlaps(apart, {0}).tolist() == [0, 0]
    loose, drawn_in = fit(data, {0}, l2=1.0), fit(apart, {0}, l2=1.0)
    assert abs(drawn_in.tau[1] - 1) < abs(loose.tau[1] - 1) + 1e-6


@pytest.mark.slow
def test_an_anchor_whose_noise_was_measured_teaches_more_when_that_noise_is_held():
    told, known, more = [], [], []
    for seed in range(12):
        chance = np.random.default_rng(seed)
        w, x = chance.standard_normal(12), chance.standard_normal((400, 12))
        says = chance.random(400) < 0.2 + 0.6 * sigmoid(x @ w)
        same = np.zeros(400)
        data = Comparisons(
            x=x, p=says.astype(float), weight=np.ones(400), source=np.zeros(400, np.intp),
            first=same, length=same, pair=np.arange(400), names=("judge",),
        )  # fmt: skip
        for noise, right in ((None, told), ({0: 0.2}, known), ({0: 0.28}, more)):
            found = fit(data, {0}, l2=1.0, noise=noise)
            assert found.eps.tolist() == [0.02 if noise is None else noise[0]]
            right.append(found.w @ w / np.linalg.norm(found.w) / np.linalg.norm(w))

    assert np.mean(known) > np.mean(told) + 0.01
    # To hold it for worse than it is costs next to nothing: why the lower bound is taken.
    assert abs(np.mean(more) - np.mean(known)) < 0.005


@pytest.mark.slow
def test_ties_alone_teach_nothing():
    data = replace(drawn(5), p=np.full(40, 0.5), first=np.zeros(40), length=np.zeros(40))

    assert fit(data, {0}, l2=1.0).w == pytest.approx(np.zeros(3), abs=1e-3)


def test_what_cannot_be_fitted_is_named():
    data = drawn(6)
    with pytest.raises(UsageError, match="chance from 0 to 1"):
        replace(data, p=np.full(40, 1.2))
    with pytest.raises(UsageError, match="finite"):
        replace(data, x=np.full((40, 3), np.nan))
    with pytest.raises(UsageError, match="as many rows"):
        replace(data, first=np.zeros(3))
    with pytest.raises(UsageError, match="among the 2 names"):
        replace(data, source=np.full(40, 2))
    with pytest.raises(UsageError, match=r"trusted source.*tenure feedback"):
        fit(data.take(data.source == 1), {0}, l2=1.0)
    with pytest.raises(UsageError, match="no labels"):
        fit(data.take(np.zeros(40, bool)), {0}, l2=1.0)
