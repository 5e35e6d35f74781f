"""Names that confuse are refused or warned of, each with a remedy; a family of names is left alone."""

import pytest

from tenure.dossier.nouns import Model
from tenure.release.naming import Named, check, distance, skeleton


def model(name, version="1", **more):
    return Model(name=name, version=version, source="x", **more)


def findings(mine, *others, retired=(), aliases=None, later=True):
    every = (*others, mine) if later else (mine, *others)
    named = Named(model=mine, others=every, retired=frozenset(retired), aliases=aliases)
    return [(each.check, each.grade) for each in check(named)]


@pytest.mark.parametrize("name", ["tulip-2", "tulip-mini", "rose", "smollm2-135m-aligned"])
def test_a_plain_name_beside_others_is_left_alone(name):
    assert findings(model(name), model("tulip-1"), model("smollm2-135m")) == []


@pytest.mark.parametrize(
    "name", ["tuIip", "tu1ip", "Tulip", "tu-lip", "tulip_", "tul\u0456p"]
)  # the last has a Cyrillic letter
def test_a_name_that_the_eye_takes_for_another_is_refused(name):
    assert ("lookalike", "refuse") in findings(model(name), model("tulip"))


def test_letters_of_another_script_are_refused_even_alone():
    assert findings(model("tul\u0456p")) == [("letters", "refuse")]


def test_one_edit_away_is_warned_of_and_a_number_is_not_an_edit():
    assert findings(model("tulpi"), model("tulip")) == [("near", "warn")]
    assert findings(model("tulip-3"), model("tulip-2")) == []
    assert findings(model("abd"), model("abc")) == []


def test_a_word_that_moves_is_no_name():
    assert findings(model("tulip-latest")) == [("alias", "refuse")]
    assert findings(model("tulip", "stable")) == [("alias", "refuse")]
    assert findings(model("tulip-final")) == [("boast", "warn")]


def test_a_lower_number_registered_later_will_look_older():
    assert findings(model("m-3.5"), model("m-4.0")) == [("order", "warn")]
    assert findings(model("m-3.5"), model("m-4.0"), later=False) == []
    assert findings(model("m", "1.9"), model("m", "2.0")) == [("order", "warn")]


def test_the_name_of_a_retired_model_is_only_for_what_was_made_from_it():
    old = model("tulip")

    assert findings(model("tulip", "2"), old, retired=["tulip@1"]) == [("reused", "refuse")]
    assert findings(model("tulip", "2", parent="tulip@1"), old, retired=["tulip@1"]) == []
    assert findings(model("tulip", "2"), old) == []


def test_an_alias_of_another_model_is_taken():
    table = {"tulip": "rose@1"}

    assert findings(model("tulip"), model("rose"), aliases=table) == [("alias", "refuse")]


def test_every_finding_says_what_mends_it():
    found = check(Named(model=model("tuIip-latest"), others=[model("tulip-latest")]))

    assert found
    assert all("--name" in each.remedy or "alias" in each.remedy for each in found)


@pytest.mark.parametrize(
    ("one", "two", "edits"),
    [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("abc", "abc", 0)],
)
def test_distances_are_those_of_damerau(one, two, edits):
    assert distance(one, two) == distance(two, one) == edits


def test_a_skeleton_has_no_case_separator_or_lookalike():
    assert skeleton("GPT-0O l1I|") == skeleton("gpt oo-llll")
