"""The reward model of the whole backbone: the loss is that of the sources, no pair goes without a word."""

import numpy as np
import pytest

from tenure.errors import UsageError
from tenure.stats.bradley_terry import Comparisons, problem
from tenure.training.reward_trainer import MORE, check_lengths, source_loss


def row(length):
    return {"chosen_ids": [0] * length, "rejected_ids": [0] * 4}


def test_pairs_that_trl_would_leave_out_are_refused_with_their_number():
    check_lengths([row(4), row(8)], 8)
    with pytest.raises(UsageError, match=r"2 of 3 pairs are longer than max_length 8.*12 tokens"):
        check_lengths([row(4), row(9), row(12)], 8)


@pytest.mark.local
@pytest.mark.slow
def test_the_loss_is_that_of_the_heads():
    import torch

    chance, n = np.random.default_rng(0), 30
    data = Comparisons(
        x=chance.standard_normal((n, 1)),
        p=chance.random(n),
        weight=chance.uniform(0.5, 2, n),
        source=chance.integers(0, 2, n),
        first=chance.choice([-1.0, 0.0, 1.0], n),
        length=chance.standard_normal(n),
        pair=np.arange(n),
        names=("human:x", "ai:y"),
    )
    asked = problem(data, {0}, l2=0.0)
    theta = np.array([1.0, 0.4, 0.2, 1.5, -0.3, 0.6])  # w, beta of the person, all of the judge
    numbers = asked.numbers(theta)[1]
    drawn = ((numbers - [0.1, 1, 0, 0]) / [0.1, 1, 1, 1])[asked.free]
    pull = np.repeat(asked.pull, asked.free.sum(1))
    plain = asked(theta)[0] - 0.5 * float((pull * drawn**2).sum())
    labels = {name: torch.tensor(getattr(data, name), dtype=torch.float32) for name in MORE}
    found = source_loss(
        torch.tensor(data.x[:, 0], dtype=torch.float32), labels, torch.tensor(numbers).float()
    )

    assert float(found) == pytest.approx(plain / data.weight.sum(), rel=1e-4)


@pytest.mark.local
@pytest.mark.slow
def test_what_trl_does_not_know_reaches_the_loss():
    from tenure.training.reward_trainer import _classes

    collator, kind = _classes()
    example = {"chosen_ids": [1, 2], "rejected_ids": [3], "p": 0.3, "weight": 2.0, "source": 1,
               "first": -1.0, "length": 0.5}  # fmt: skip
    batch = collator(pad_token_id=0)([example, example])
    asked = kind.__new__(kind)
    asked._set_signature_columns_if_needed()

    assert {name: batch[name].tolist() for name in MORE} == {
        name: [pytest.approx(example[name])] * 2 for name in MORE
    }
    assert set(asked._signature_columns) == {"chosen_ids", "rejected_ids", *MORE}
