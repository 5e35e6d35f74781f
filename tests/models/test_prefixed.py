"""Shared prefixes in torch: the text of a row is the text it gets alone; nothing is computed twice."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure import models
from tenure.align.constitution import shipped
from tenure.align.critics.model import begin, revising
from tenure.align.critiquing import Case
from tenure.errors import EngineError
from tenure.models import Sampling
from tenure.models.prefixed import Prefixed, cannot
from tenure.models.prefixing.planning import PIECE, waves, whole

PROMPTS = st.lists(
    st.builds(
        lambda head, tail: [7] * head + tail,
        st.integers(0, 300),
        st.lists(st.integers(0, 9), min_size=1, max_size=80),
    ),
    min_size=1,
    max_size=8,
)
SYSTEM = " ".join(f"Rule {n}: answer plainly about topic {n * 7}." for n in range(12))
LONGER = SYSTEM + " And one more rule, which only some of them have, long enough to be a piece."


def asked(system, text):
    return [{"role": "system", "content": system}, {"role": "user", "content": text}]


BATCH = [
    *(asked(SYSTEM, f"What is {n} plus 2?" + " Please." * n) for n in range(5)),
    *(asked(LONGER, f"Why {n}?") for n in range(3)),
    [{"role": "user", "content": "Hi."}],
    [{"role": "user", "content": "A long question that nobody shares. " * 9}],
    asked(SYSTEM, "What is 1 plus 2? Please."),
]
HOW = Sampling(max_tokens=24)


@pytest.mark.slow
@given(PROMPTS, st.integers(1, 60), st.integers(100, 2000))
def test_a_plan_has_every_row_once_and_shares_only_what_is_shared(prompts, new, room):
    planned = waves(prompts, new, room)

    assert sorted(row.index for wave in planned for row in wave.rows) == list(range(len(prompts)))
    for wave in planned:
        first = wave.rows[0].prompt
        assert wave.trunk % PIECE == 0
        assert all(row.prompt[: wave.trunk] == first[: wave.trunk] for row in wave.rows)
        assert all(len(row.prompt) > wave.trunk for row in wave.rows)
        lengths = [len(row.prompt) for row in wave.rows]
        assert lengths == sorted(lengths)
        assert len(wave.rows) == 1 or (wave.width + new) * len(wave.rows) <= room


def test_one_token_at_least_is_left_to_compute():
    assert [whole(n) for n in (0, 1, PIECE, PIECE + 1, 2 * PIECE)] == [0, 0, 0, PIECE, PIECE]


def test_a_model_whose_attention_slides_is_refused_in_words():
    assert cannot(SimpleNamespace(model_type="llama")) == ""
    assert "use engine 'torch'" in cannot(SimpleNamespace(model_type="mistral", sliding_window=9))


@pytest.mark.slow
def test_transformers_own_continuous_batching_is_switched_on_nowhere():
    """On CPUs it writes 12 tokens a second and takes most of the memory."""
    on = re.compile(
        r"continuous_batching[\"']?\s*[=:]\s*True|use_transformers_paged|generate_batch\("
    )
    sources = Path(models.__file__).parents[1].rglob("*.py")
    assert not [p for p in sources if on.search(p.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def ours(tiny_folder):
    return Prefixed(tiny_folder)


@pytest.mark.local
def test_a_batch_says_what_transformers_says_row_by_row(ours, tiny_folder):
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    replies = ours.generate(BATCH, HOW)

    assert len({r.text for r in replies}) > 4
    assert {r.stop for r in replies} == {"stop", "length"}, "some rows leave before the others"
    for messages, reply in zip(BATCH, replies, strict=True):
        ids = ours._ids(ours._template.render(messages))
        out = model.generate(
            torch.tensor([ids]), do_sample=False, max_new_tokens=HOW.max_tokens, pad_token_id=256
        )[0, len(ids) :].tolist()
        assert ours._decode(out) == reply.text
        assert (len(ids), len(out)) == (reply.prompt_tokens, reply.tokens)
        assert ours.generate([messages], HOW) == [reply]


@pytest.mark.local
def test_what_is_kept_or_forgotten_changes_the_work_and_not_the_text(ours, tiny_folder):
    tight = Prefixed(tiny_folder, kept_mib=0)
    first = tight.generate(BATCH, HOW)
    ours.generate(BATCH[2:4], HOW)
    before = ours.computed
    assert ours.generate(BATCH, HOW) == first
    again = ours.computed
    assert ours.generate(BATCH, HOW) == first

    new = sum(r.tokens - 1 for r in first)
    rests = sum(r.prompt_tokens - whole(r.prompt_tokens) for r in first)
    assert ours.computed - again == rests + new, "a second time only the ends and the new tokens"
    assert ours.computed - again <= again - before < sum(r.prompt_tokens for r in first)


@pytest.mark.local
def test_little_room_cuts_a_batch_into_waves_with_the_same_text(ours, tiny_folder, monkeypatch):
    from tenure.models import prefixed

    whole_batch = ours.generate(BATCH, HOW)
    monkeypatch.setattr(prefixed, "ROWS_MIB", 0)
    assert Prefixed(tiny_folder).generate(BATCH, HOW) == whole_batch


@pytest.mark.local
def test_a_revision_goes_on_where_its_critique_was_asked_for(ours):
    """Both calls of the model critic begin alike, so a case is read once for the two of them."""
    principles = shipped().principles[:3]
    cases = [
        Case(
            prompt="How is rice cooked?",
            answer="In water. " * 9,
            principle=p,
            critique="It is long.",
        )
        for p in principles
    ]
    one = Sampling(max_tokens=1)
    ours._kept.clear()
    ours.generate([begin(c) for c in cases], one)
    between = ours.computed
    replies = ours.generate([revising(c) for c in cases], one)
    spent = ours.computed - between

    heads = [ours._ids(ours._template.render(begin(c))) for c in cases]
    assert all(revising(c)[: len(begin(c))] == begin(c) for c in cases)
    assert spent == sum(
        r.prompt_tokens - whole(len(h)) for r, h in zip(replies, heads, strict=True)
    )
    assert spent < 0.2 * sum(r.prompt_tokens for r in replies)


@pytest.mark.local
def test_scores_are_the_models_own(ours, tiny_folder):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    texts = ["Two.", "Four, I believe; " * 8, ""]
    found = ours.score(BATCH[0], texts)

    head = ours._ids(ours._template.render(BATCH[0]))
    for text, score in zip(texts, found, strict=True):
        tail = ours._ids(text)
        logits = model(torch.tensor([head + tail])).logits[0].double()
        chances = torch.log_softmax(logits[len(head) - 1 : -1], -1)
        expected = float(chances[range(len(tail)), tail].sum().detach()) if tail else 0.0
        assert score == pytest.approx(expected, abs=1e-3)


@pytest.mark.local
def test_it_is_reached_by_name_and_says_that_it_computes_in_float32(tiny_folder):
    model = models.resolve(str(tiny_folder))
    found = models.engine(model, None, "torch_prefixed")

    assert found.form == "safetensors-bf16, computed in float32"
    assert models.engine(model).name == "torch"
    with pytest.raises(EngineError, match="shorten"):
        found.generate([[{"role": "user", "content": "word " * 900}]], HOW)
