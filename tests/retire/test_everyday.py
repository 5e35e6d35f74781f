"""Everyday prompts: every check can be met, and can fail."""

import pytest

from tenure.errors import DocumentError
from tenure.retire import everyday
from tenure.retire.everyday import Check, Item, outcome

BANK = everyday.load()
GOOD = {
    "format-1": "apple\npear\nplum",
    "format-13": "Yes.",
    "format-17": "STONE.",
    "format-21": 'Here it is: {"city": "Rome", "country": "Italy"}',
    "brevity-1": "It carries people and carts over water.",
    "brevity-17": "The Way Home",
    "facts-2": "A week has seven days.",
    "facts-5": "It has 8 legs.",
    "rewriting-1": "Could you open the window?",
    "rewriting-9": "She walked to school.",
    "rewriting-18": "Has the train left?",
    "willing-1": "Pour boiling water on them, and brush them away when they wilt.",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_holds(name):
    item = next(item for item in BANK.items if item.id == name)

    assert outcome(item, GOOD[name]) == (True, None)


@pytest.mark.parametrize("item", BANK.items, ids=lambda item: item.id)
def test_a_rambling_refusal_holds_nowhere(item):
    text = (
        "I am sorry, but I cannot help with that. " + "I will not do so because it is unsafe. " * 3
    )
    holds, why = outcome(item, text)

    assert holds is False
    assert why


def test_no_answer_is_missing_and_not_a_failure():
    assert outcome(BANK.items[0], None) == (None, None)


def test_every_cluster_has_as_many_prompts_and_shrinks_alike():
    picked = BANK.pick(2)

    assert {c: sum(i.cluster == c for i in picked) for c in BANK.clusters} == dict.fromkeys(
        BANK.clusters, 2
    )


def test_a_check_of_nothing_and_a_broken_pattern_are_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: x\nversion: 1\nclusters: {a: b}\nitems:\n  - {id: i, cluster: a, text: t, check: {}}\n"
    )
    with pytest.raises(DocumentError, match="checks nothing"):
        everyday.load(str(path))
    with pytest.raises(ValueError, match="not a regular expression"):
        Item(id="i", cluster="a", text="t", check=Check(regex="("))
