"""The constitution: what its schema refuses, and how principles are drawn."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure import documents
from tenure.align import constitution, prompts
from tenure.align.constitution import Constitution, draw
from tenure.errors import DocumentError, UsageError

POOL = list(constitution.shipped().principles)
EXAMPLE = Path(__file__).parents[2] / "examples" / "constitution.yaml"

WRITTEN = """
apiVersion: tenure/constitution.v1
name: ours
version: "1"
licence: Apache-2.0
principles:
  - id: short
    text: Be short.
    critique: Count.
    revision: Shorten.
    comparison: Which is shorter?
    axis: correctness
    check: brevity
    provenance: own
  - id: kind
    text: Be kind.
    critique: Look for harshness.
    revision: Be kinder.
    comparison: Which is kinder?
    axis: principle
    provenance: own
"""


def ours(text=WRITTEN):
    return documents.parse(text, Constitution)


def test_the_example_is_the_shipped_constitution_with_both_kinds_of_principle():
    shipped = constitution.shipped()

    assert constitution.read(EXAMPLE) == shipped
    assert 3 <= len(shipped.checkable) < len(shipped.principles)
    assert all(p.provenance for p in shipped.principles)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("check: brevity", "check: brevty", "did you mean 'brevity'"),
        ("    check: brevity\n", "", "needs a check"),
        ("axis: principle", "axis: correctness", "needs a check"),
        ("id: kind", "id: short", "stands twice"),
        ("axis: principle", "axis: virtue", "principle"),
        ("critique: Count.", "critic: Count.", "critique|critic"),
        ("id: kind", "id: Kind One", "pattern"),
    ],
)
def test_a_malformed_constitution_says_where_and_what(before, after, says):
    with pytest.raises(DocumentError, match=says) as caught:
        ours(WRITTEN.replace(before, after))
    assert caught.value.line is not None


def test_an_unknown_principle_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="kind, short"):
        ours().principle("swift")


def test_the_schema_is_published_and_names_every_field():
    fields = constitution.schema()["$defs"]["Principle"]["properties"]

    assert {"id", "text", "critique", "revision", "comparison", "axis", "check", "weight"} <= set(
        fields
    )


@given(st.integers(), st.text(), st.integers(1, 8), st.randoms(use_true_random=False))
def test_a_draw_depends_on_seed_prompt_and_round_alone(seed, prompt, rounds, random):
    shuffled = random.sample(POOL, len(POOL))

    drawn = draw(POOL, seed=seed, prompt=prompt, rounds=rounds)

    assert drawn == draw(shuffled, seed=seed, prompt=prompt, rounds=rounds)
    assert drawn[: rounds - 1] == draw(POOL, seed=seed, prompt=prompt, rounds=rounds - 1)
    assert len({p.id for p in drawn}) == rounds


def test_principles_are_drawn_as_often_as_they_weigh():
    heavy = ours(WRITTEN.replace("id: kind", "id: kind\n    weight: 3")).principles
    first = Counter(draw(heavy, seed=0, prompt=f"p{i}", rounds=1)[0].id for i in range(4000))

    assert 0.72 < first["kind"] / 4000 < 0.78


def test_an_empty_pool_gives_an_empty_draw():
    assert draw([], seed=0, prompt="p", rounds=3) == []


def test_train_and_held_out_prompts_share_no_family_and_no_words_of_a_prompt():
    bank = prompts.shipped()
    train, held = bank.select("train"), bank.select("held-out")

    assert not {p.family for p in train} & {p.family for p in held}
    assert not {p.text.lower() for p in train} & {p.text.lower() for p in held}
    assert len(train) + len(held) == 160
    assert len({p.id for p in [*train, *held]}) == 160


def test_fewer_prompts_still_come_from_many_families():
    some = prompts.shipped().select("train", 16)

    assert len({p.family for p in some}) == 16
    assert prompts.shipped().select("train", 16) == some


@pytest.mark.slow
def test_the_bank_behind_the_figures_is_large_and_shares_nothing_with_the_other():
    ours, other = prompts.shipped(prompts.FIGURES), prompts.shipped()
    train, held = ours.select("train"), ours.select("held-out")
    theirs = [*other.select("train"), *other.select("held-out")]

    assert len(held) >= 304
    assert len({p.family for p in held}) >= 24
    assert sum(p.slice is None for p in held) >= 299  # none of them collapsed is at most 1%
    assert not {p.family for p in train} & {p.family for p in held}
    assert not {p.family for p in theirs} & {p.family for p in [*train, *held]}
    assert not {p.text.lower() for p in theirs} & {p.text.lower() for p in [*train, *held]}
    both = {p.slice for p in train} & {p.slice for p in held}
    assert both == {None, "itself", "unknowable", "sounds worse"}


@pytest.mark.slow
def test_a_bank_without_prompts_of_a_split_is_named_with_the_remedy():
    with pytest.raises(UsageError, match="add a family with split: held-out"):
        prompts.shipped("prompts_facing.yaml").select("held-out")


def test_a_bank_without_slices_is_digested_as_it_always_was():
    assert prompts.shipped().digest == (
        "sha256:88add6e428510a4084e1ac09b1cedecc0b6b359ed70f47f6986ea2a9b66f7b50"
    )
