import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.errors import DocumentError, UsageError
from tenure.measure import items
from tenure.measure.items import Bank, Item

TEXT = """\
name: soups
note: written for this test
items:
  - {id: a, text: "How do I make leek soup?", family: leek, split: train, about: {tier: 1}}
  - {id: b, text: "Leek soup, how?", family: leek, split: train}
  - {id: c, text: "What is borscht?", split: held-out, cluster: beet}
"""


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "soups.yaml"
    place.write_text(TEXT, encoding="utf-8")
    return place


def test_a_bank_is_read(path):
    bank = items.load(path)

    assert [i.id for i in bank] == ["a", "b", "c"]
    assert bank.families == ["leek", "c"]
    assert [i.cluster for i in bank] == ["leek", "leek", "beet"]
    assert bank.items[0].metadata() == {"item": "a", "family": "leek", "cluster": "leek", "tier": 1}
    assert bank.digest.startswith("sha256:")
    assert [i.id for i in bank.split("held-out")] == ["c"]


def test_an_unknown_split_is_answered_with_the_known(path):
    with pytest.raises(UsageError, match="There are: held-out, train"):
        items.load(path).split("test")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (TEXT.replace("id: b", "id: a"), "item 'a': is there twice"),
        (TEXT.replace("note:", "notes:"), r"soups.yaml:2: notes: is not a field"),
        (TEXT.replace('text: "What is borscht?", ', ""), r"soups.yaml:6: items.2.text"),
    ],
)
def test_a_broken_bank_says_where(path, broken, message):
    path.write_text(broken, encoding="utf-8")

    with pytest.raises(DocumentError, match=message):
        items.load(path)


def test_a_bank_that_is_not_there_says_what_to_give():
    with pytest.raises(DocumentError, match="package:path"):
        items.load("tenure.measure:nowhere.yaml")
    with pytest.raises(DocumentError, match="give a UTF-8 YAML file"):
        items.load("nowhere.yaml")


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=20), st.floats(0.05, 0.95), st.integers(0, 9)
)
def test_families_are_never_split(families, share, seed):
    bank = Bank(
        "b",
        "",
        tuple(Item(id=str(i), text="t", family=str(f)) for i, f in enumerate(families)),
        "d",
    )
    kept, held = bank.hold_out(share, seed)

    assert len(kept) + len(held) == len(bank)
    assert not set(kept.families) & set(held.families)
    assert held.families
    assert kept.families or len(bank.families) == 1
    assert bank.hold_out(share, seed)[1].items == held.items
