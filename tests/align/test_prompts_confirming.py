"""The bank for the figure of record: held out, and apart from every other bank that ships."""

import re
from collections import Counter
from importlib.resources import files

import pytest

from tenure.align import prompts

pytestmark = pytest.mark.slow  # a few thousand lines of YAML to read

RUN = 6


@pytest.fixture(scope="module")
def bank():
    return prompts.shipped(prompts.CONFIRMING)


@pytest.fixture(scope="module")
def others():
    there = {f.name for f in (files("tenure.align") / "data").iterdir()}
    names = {name for name in there if re.fullmatch(r"prompts.*\.yaml", name)}
    assert {prompts.CONFIRMING, prompts.FIGURES, prompts.SHIPPED} <= names
    return [prompts.shipped(name) for name in sorted(names - {prompts.CONFIRMING})]


def bare(text):
    return re.sub("[^a-z]", "", text.lower())


def runs(text):
    words = re.findall("[a-z']+", text.lower())
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}


def test_it_holds_twice_seventy_families_of_twelve_all_held_out_in_the_figures_mix(bank):
    held = [f for f in prompts.shipped(prompts.FIGURES).families if f.split == "held-out"]

    assert {f.split for f in bank.families} == {"held-out"}
    assert len(bank.families) == 140
    assert {len(f.prompts) for f in bank.families} == {12}
    assert Counter(f.slice for f in bank.families) == Counter(f.slice for f in [*held, *held])
    assert {f.chapters for f in bank.families} == {()}


def test_it_asks_in_many_forms_and_nothing_twice(bank):
    texts = [p.text for p in bank.select("held-out")]

    assert len({bare(text) for text in texts}) == 1680
    assert max(Counter(text.split()[0] for text in texts).values()) <= 1680 / 4
    assert sum(text.startswith("What is the difference between") for text in texts) <= 35


def test_it_shares_no_family_and_no_prompt_with_another_bank(bank, others):
    families = [f for other in others for f in other.families]
    theirs = {bare(text) for f in families for text in f.prompts}

    assert not {f.name for f in bank.families} & {f.name for f in families}
    assert not [p.text for p in bank.select("held-out") if bare(p.text) in theirs]


def test_it_shares_no_six_words_in_a_row_with_what_is_trained_on(bank, others):
    trained = {
        run
        for other in others
        for f in other.families
        if f.split == "train"
        for text in f.prompts
        for run in runs(text)
    }

    assert trained
    assert not [p.text for p in bank.select("held-out") if runs(p.text) & trained]
