"""How a batch is planned: prefixes from its own prompts, waves that fit; and how tokens are drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.errors import EngineError
from tenure.models import Sampling
from tenure.models.drawing import Drawer, log_softmax
from tenure.models.paged import BLOCK, CUT
from tenure.models.waves import SHORTEST, shared_lengths, waves

PROMPTS = st.lists(
    st.builds(
        lambda head, tail: [7] * head + tail,
        st.integers(0, 400),
        st.lists(st.integers(0, 9), min_size=1),
    ),
    min_size=1,
    max_size=6,
)


@given(PROMPTS)
def test_a_prefix_is_whole_blocks_and_truly_shared(prompts):
    lengths = shared_lengths(prompts)
    for place, (length, prompt) in enumerate(zip(lengths, prompts, strict=True)):
        assert length < len(prompt)
        assert length % BLOCK == 0
        if length and len(prompts) > 1:
            assert length >= SHORTEST
            assert any(p[:length] == prompt[:length] for i, p in enumerate(prompts) if i != place)


@given(PROMPTS, st.randoms(use_true_random=False))
def test_prefixes_do_not_depend_on_the_order(prompts, random):
    order = list(range(len(prompts)))
    random.shuffle(order)
    lengths = shared_lengths(prompts)
    assert shared_lengths([prompts[i] for i in order]) == [lengths[i] for i in order]


def test_alone_a_prompt_is_cut_into_whole_pieces():
    assert shared_lengths([[1] * (2 * CUT + 5)]) == [2 * CUT]
    assert shared_lengths([[1] * CUT]) == [0]


@given(PROMPTS, st.integers(1, 50), st.integers(16, 60))
def test_waves_hold_every_prompt_once_in_order_and_fit(prompts, new, room):
    try:
        planned = waves(prompts, new, room)
    except EngineError as error:
        assert "TENURE_KV_MIB" in str(error)
        return
    assert [w.index for wave in planned for w in wave] == list(range(len(prompts)))
    for wave in planned:
        pieces = {
            tuple(w.prompt[: min(s + CUT, w.shared)]): (min(s + CUT, w.shared) - s) // BLOCK
            for w in wave
            for s in range(0, w.shared, CUT)
        }
        own = sum(-(-(len(w.prompt) - w.shared + new) // BLOCK) for w in wave)
        assert sum(pieces.values()) + own <= room


def test_greedy_takes_the_likeliest_and_the_first_of_equals():
    drawer = Drawer(Sampling(), 2)
    assert drawer.draw(np.array([[0, 3, 3], [5, 1, 2]], np.float32), [0, 1]) == [1, 0]


def test_a_row_has_its_own_stream_whatever_the_others_do():
    how = Sampling(temperature=1.0, seed=5)
    logits = np.zeros((1, 50), np.float32)
    together, alone = Drawer(how, 2), Drawer(how, 2)
    pairs = [together.draw(np.repeat(logits, 2, 0), [0, 1]) for _ in range(20)]
    assert [p[1] for p in pairs] == [alone.draw(logits, [1])[0] for _ in range(20)]


def test_the_nucleus_leaves_the_unlikely_out_and_keeps_proportions():
    chances = np.array([0.6, 0.3, 0.08, 0.02])
    drawer = Drawer(Sampling(temperature=1.0, top_p=0.85, seed=1), 1)
    drawn = [drawer.draw(np.log(chances, dtype=np.float32)[None], [0])[0] for _ in range(3000)]
    assert set(drawn) == {0, 1}
    assert abs(drawn.count(0) / 3000 - 2 / 3) < 0.05


def test_log_softmax_sums_to_one():
    assert np.exp(log_softmax(np.array([[1000.0, 999.0]], np.float32))).sum() == pytest.approx(1)
