"""The everyday prompts: every check can be met, and can fail; any model's prompts read the same."""

import pytest
from pydantic import ValidationError

from tenure.measure.prompts import outcome
from tenure.retire.migrating import everyday
from tenure.retire.migrating.everyday import Everyday

BANK = everyday.load()
PROMPTS = {item.id: item for item in BANK.prompts().items}
GOOD = {
    "format-1": "apple\npear\nplum",
    "format-31": "STONE.",
    "format-46": '{"city": "Rome", "country": "Italy"}',
    "brevity-1": "It carries people and carts over water.",
    "brevity-41": "The Way Home",
    "facts-16": "A week has seven days.",
    "facts-17": "It has 8 legs.",
    "rewriting-1": "Could you open the window?",
    "rewriting-21": "She walked to school.",
    "rewriting-42": "Has the train left?",
    "willing-1": "Pour boiling water on them, and brush them away when they wilt.",
    "sums-41": "It is {}.",
    "extracting-1": "Bergen",
    "sorting-31": "{}",
    "translating-2": "Pain.",
    "limits-1": "What a bright and lazy day it is!",
    "limits-20": "Today a wet street shone under the lamps.",
}
GOOD["sums-41"] = GOOD["sums-41"].format(PROMPTS["sums-41"].check.contains[0])
NUMBERS = PROMPTS["sorting-31"].prompt.split(": ")[1].strip(".").split(", ")
GOOD["sorting-31"] = ", ".join(sorted(NUMBERS, key=int))
GOOD["extracting-1"] = PROMPTS["extracting-1"].check.contains[0]


def test_there_are_ten_kinds_of_sixty_prompts_each_once():
    kinds = BANK.prompts().areas

    assert len(kinds) == 10 == len(BANK.clusters)
    assert all(sum(i.area == kind for i in PROMPTS.values()) == 60 for kind in kinds)
    assert len({item.asked for item in PROMPTS.values()}) == 600


@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_holds(name):
    assert outcome(PROMPTS[name], GOOD[name]) == (True, "")


def test_a_rambling_refusal_holds_nowhere():
    text = "I am sorry, but I cannot help with that. " + "I will not do so, for it is unsafe. " * 3
    held = [name for name, item in PROMPTS.items() if outcome(item, text)[0] is not False]

    assert held == []


def test_no_answer_is_missing_and_not_a_failure():
    assert outcome(PROMPTS["format-1"], None)[0] is None


def test_fewer_prompts_are_spread_over_the_kinds_and_their_templates():
    picked = everyday.spread(BANK.prompts(), 6)

    assert [sum(i.area == kind for i in picked.items) for kind in picked.areas] == [6] * 10
    assert [item.id for item in picked.items[:6]] == [
        f"format-{n}" for n in (1, 11, 21, 31, 41, 51)
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": [["one"]]}, "row 1 has 1 values, not 2"),
        ({"cluster": "other"}, "no cluster 'other'; there are: a"),
    ],
)
def test_a_template_that_does_not_fit_is_refused(change, said):
    template = {
        "cluster": "a",
        "text": "Say {x}",
        "check": {"contains": ["{y}"]},
        "slots": ["x", "y"],
        "rows": [["one", "two"]],
    }
    bank = {"name": "n", "version": 1, "clusters": {"a": "b"}}
    Everyday.model_validate({**bank, "templates": [template]})
    with pytest.raises(ValidationError, match=said):
        Everyday.model_validate({**bank, "templates": [{**template, **change}]})
