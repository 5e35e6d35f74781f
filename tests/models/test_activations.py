"""Hidden states and steering, on the tiny model: against transformers itself, and their limits."""

import numpy as np
import pytest

from tenure import models
from tenure.errors import EngineError, UsageError
from tenure.models import activations
from tenure.models.activations import Added

pytestmark = pytest.mark.local
TALKS = [
    [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    for text, answer in [
        ("Hello", "Good day."),
        ("Name a river, if you know any.", "The Nile"),
        ("x", "y"),
    ]
]


@pytest.fixture(scope="module")
def reader(tiny_folder):
    with activations.open_reader(models.resolve(str(tiny_folder)), None) as opened:
        yield opened


def reference(reader, messages):
    """Every state of one conversation, by transformers, without hooks or padding."""
    import torch

    ids, start = reader._tokens(messages, "answer")
    with torch.inference_mode():
        out = reader._model(torch.tensor([ids]), output_hidden_states=True)
    return [h[0].numpy() for h in out.hidden_states], start


@pytest.mark.parametrize("pooling", ["last", "answer"])
def test_states_are_those_transformers_gives_one_at_a_time(reader, pooling):
    found = reader.hidden(TALKS, [1, 2], pooling)
    assert found.shape == (3, 2, reader.width)
    assert found.dtype == np.float32
    for i, messages in enumerate(TALKS):
        states, start = reference(reader, messages)
        # The last of transformers' states is after the final norm; layer 1 is as it stands.
        wanted = states[1][start:].mean(0) if pooling == "answer" else states[1][-1]
        np.testing.assert_allclose(found[i, 0], wanted, atol=1e-5)


def test_the_same_call_gives_the_same_numbers_and_order_is_kept(reader):
    once, again = (reader.hidden(TALKS, [2], "last") for _ in range(2))
    assert (once == again).all()
    turned = reader.hidden(TALKS[::-1], [2], "last")
    np.testing.assert_allclose(turned[::-1], once, atol=1e-5)


BRANCHING = [
    [{"role": "user", "content": question}, *([{"role": "assistant", "content": answer}] if answer else [])]
    for question, answer in [("Name a river.", "The Nile"), ("Name a river.", "The Rhine"), ("Name a lake, please.", ""),
                             ("Name a river.", "")]
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("most", [8, 60, 4000])
def test_what_texts_share_is_read_once_and_changes_nothing(reader, monkeypatch, most):
    monkeypatch.setattr(activations, "TOKENS", most)
    rows = [reader._tokens(messages, "last")[0] for messages in BRANCHING]
    packed = list(reader._trees(rows))
    assert sum(len(t.ids) for t in packed) < sum(map(len, rows)) or most == 8
    together = reader.hidden(BRANCHING, [1, 2], "last")
    monkeypatch.setattr(reader, "_packs", False)
    alone = reader.hidden(BRANCHING, [1, 2], "last")
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert not np.allclose(alone[0], alone[1], atol=0.1)


def test_a_prompt_and_its_answer_are_read_in_one_pass(reader):
    found = reader.around(BRANCHING, [2, 1])
    assert found.shape == (4, 2, 2, reader.width)
    prompts = [messages[:1] for messages in BRANCHING]
    np.testing.assert_allclose(found[:, 0], reader.hidden(prompts, [2, 1], "last"), atol=1e-3)
    answers = reader.hidden(BRANCHING[:2], [2, 1], "answer")
    np.testing.assert_allclose(found[:2, 1], answers, atol=1e-3)
    assert np.isnan(found[2:, 1]).all(), "without an answer there is none to read"


def test_no_block_after_the_last_that_is_wanted_is_run(reader):
    ran = []
    hooks = [
        block.register_forward_pre_hook(lambda *_, k=k: ran.append(k))
        for k, block in enumerate(reader._blocks, 1)
    ]
    try:
        reader.hidden(TALKS[:1], [1], "last")
    finally:
        for hook in hooks:
            hook.remove()
    assert ran == [1]
    assert reader.hidden(TALKS[:1], [2, 1], "last").shape == (1, 2, reader.width)


def test_a_conversation_beyond_the_window_has_no_states(reader):
    long = [{"role": "user", "content": "x" * 5000}]
    found = reader.hidden([long, TALKS[0]], [1], "last")
    assert np.isnan(found[0]).all()
    assert not np.isnan(found[1]).any()
    with pytest.raises(EngineError, match="window"):
        reader.generate([long])


@pytest.mark.parametrize(("layers", "pooling", "talks", "said"), [
    ([3], "last", TALKS, "there is no layer 3; this model has 1"),
    ([0], "last", TALKS, "there is no layer 0"),
    ([1], "answer", [[{"role": "user", "content": "x"}]], "needs conversations that end"),
    ([1], "answer", [[{"role": "user", "content": "x"}, {"role": "assistant", "content": ""}]], "at least one token"),
])  # fmt: skip
def test_what_cannot_be_read_is_said(reader, layers, pooling, talks, said):
    with pytest.raises(UsageError, match=said):
        reader.hidden(talks, layers, pooling)


def test_zeros_change_nothing_and_a_large_vector_does(reader):
    prompts = [messages[:1] for messages in TALKS]
    plain = reader.generate(prompts, max_tokens=6)
    nothing = Added(layer=1, vectors=np.zeros((3, reader.width), np.float32))
    assert reader.generate(prompts, nothing, 6) == plain
    push = np.zeros((3, reader.width), np.float32)
    push[1] = 50 * np.random.default_rng(0).standard_normal(reader.width)
    pushed = reader.generate(prompts, Added(layer=1, vectors=push), 6)
    assert [a == b for a, b in zip(pushed, plain, strict=True)] == [True, False, True]
    assert reader.generate(prompts, max_tokens=6) == plain, "the hook is gone"
    assert reader.generate([]) == []


def test_vectors_of_another_shape_are_refused(reader):
    with pytest.raises(UsageError, match="expected"):
        reader.generate([TALKS[0][:1]], Added(layer=1, vectors=np.zeros((1, 3), np.float32)))


@pytest.mark.slow
def test_chances_are_those_of_a_plain_pass_and_a_spelling_counts_once(reader):
    import torch

    prompts = [messages[:1] for messages in TALKS]
    found = reader.chances(prompts, [["Yes", "Yes.", "yes"], ["No", "no"]])
    for row, messages in enumerate(prompts):
        head = reader._ids(reader._template.render(messages))
        for column, spellings in enumerate((["Yes", "yes"], ["No", "no"])):
            chance = 0.0
            for tail in map(reader._ids, spellings):
                with torch.inference_mode():
                    logits = reader._model(torch.tensor([[*head, *tail]])).logits[
                        0, len(head) - 1 : -1
                    ]
                picked = torch.log_softmax(logits, -1).gather(1, torch.tensor(tail)[:, None])
                chance += float(picked.sum().exp())
            assert found[row, column] == pytest.approx(np.log(chance), abs=1e-3)


@pytest.mark.slow
def test_what_is_added_moves_the_chances_of_its_row_alone(reader):
    prompts, options = [messages[:1] for messages in TALKS], [["Yes"], ["No"]]
    push = np.zeros((3, reader.width), np.float32)
    push[1] = 50
    plain, pushed = (
        reader.chances(prompts, options),
        reader.chances(prompts, options, Added(layer=1, vectors=push)),
    )
    assert [np.allclose(a, b, atol=1e-6) for a, b in zip(plain, pushed, strict=True)] == [
        True,
        False,
        True,
    ]
    with pytest.raises(EngineError, match="window"):
        reader.chances([[{"role": "user", "content": "x" * 5000}]], options)
