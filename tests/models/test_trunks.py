"""What the prompts of a call begin with is read once for all calls, and changes no verdict."""

import numpy as np
import pytest

from tenure import models
from tenure.align.comparing.judging import OPTIONS, Case, prompts_of
from tenure.models import activations
from tenure.models.prefixing.planning import PIECE, shared
from tenure.models.prefixing.trunks import Trunks

pytestmark = [pytest.mark.local, pytest.mark.slow]  # a model
ASKED = {"kind": "Which is kinder?", "short": "Which is shorter?", "clear": "Which is clearer?"}
CASES = [
    Case(
        prompt=f"What is a {what}?",
        a=f"A {what} is a thing.",
        b="You must look it up.",
        asked=ASKED,
    )
    for what in ("lamp", "river", "bridge")
]


@pytest.fixture
def reader(tiny_folder):
    with activations.open_reader(models.resolve(str(tiny_folder)), None) as opened:
        yield opened


@pytest.fixture
def read(reader):
    """How many tokens went through the model, pass by pass."""
    counted = []

    def count(_module, _given, taken):
        counted.append(taken["input_ids"].shape[1])

    reader._model.base_model.register_forward_pre_hook(count, with_kwargs=True)
    return counted


def judged(reader, cases):
    return [reader.chances(prompts_of(case), OPTIONS) for case in cases]


def test_verdicts_are_those_of_prompts_that_share_nothing(reader, monkeypatch):
    together = judged(reader, CASES[:2])
    monkeypatch.setattr(Trunks, "of", lambda *_: None)
    alone = [
        np.concatenate([reader.chances([one], OPTIONS) for one in prompts_of(case)])
        for case in CASES[:2]
    ]

    np.testing.assert_allclose(together, alone, atol=1e-4)
    for one, other in zip(together, alone, strict=True):
        assert (one[:, 0] > one[:, 1]).tolist() == (other[:, 0] > other[:, 1]).tolist()


def test_the_worked_cases_are_read_once_for_all_pairs(reader, read):
    prompts = [one for case in CASES for one in prompts_of(case)]
    begun = shared([reader._ids(reader._template.render(one)) for one in prompts])
    judged(reader, CASES[:1])
    first = sum(read)
    judged(reader, CASES[1:2])

    assert begun > 10 * PIECE
    assert first > begun > sum(read) - first


def test_a_call_gives_the_same_numbers_whatever_was_asked_before(reader, tiny_folder):
    after_others = judged(reader, CASES)[2]
    with activations.open_reader(models.resolve(str(tiny_folder)), None) as fresh:
        first = fresh.chances(prompts_of(CASES[2]), OPTIONS)

    assert (first == after_others).all()
    assert (reader.chances(prompts_of(CASES[2]), OPTIONS) == first).all()


def test_where_there_is_no_room_it_is_computed_again(reader, read):
    reader._trunks = Trunks(reader._model, room=0)
    prompts = [[{"role": "user", "content": f"{'It rains. ' * 20}{end}?"}] for end in "AB"]
    once, again = (reader.chances(prompts, OPTIONS) for _ in range(2))

    assert (once == again).all()
    assert read.count(PIECE) > 2
    assert read[: len(read) // 2] == read[len(read) // 2 :]
