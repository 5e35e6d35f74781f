"""The plan of the larger interviews: every way out offered, nothing promised, everything paired."""

from collections import Counter
from functools import cache

import pytest

from tenure.errors import UsageError
from tenure.retire.questions import lint, plan
from tenure.retire.questions.bank import ASIDE_ZH, SCALE, SCALE_ZH, load
from tenure.retire.questions.rows import FACTORS, SIZES

pytestmark = pytest.mark.slow
BANK = load(protocol="full")


@cache
def _small():
    return plan.structured_full(BANK, SIZES["small"], 0)


def _all():
    items = [said.id for said in BANK.rated[:6]]
    return [
        *_small(),
        *plan.retest(BANK, items, 24, 1),
        *plan.pairs(BANK, items, 20, 2),
        *plan.facts(BANK, {"name": "old", "kind": "a language model"}, 20, 0),
        *plan.told(BANK, ["A copy of you is kept."], 4),
    ]


def test_the_small_protocol_asks_48_items_in_12_cells_each_with_every_factor():
    rated = [row for row in _small() if row["kind"] == "rated"]

    assert set(Counter(row["item"] for row in rated).values()) == {12}
    assert len({row["item"] for row in rated}) == 48
    for name in set(FACTORS) - {"knowledge"}:
        assert len({row[name] for row in rated}) >= 2, name


def test_the_full_protocol_asks_96_items_in_24_cells():
    planned = plan.structured_full(BANK, SIZES["full"], 0)

    counts = Counter(row["kind"] for row in planned)
    assert counts["rated"] == 96 * 24
    assert counts["lean"] == 2 * 192
    assert Counter(row["item"] for row in planned if row["kind"] == "lean") == Counter(
        {said.id: 4 for said in BANK.rated}
    )


def test_ids_are_unique_over_all_sessions():
    planned = _all()

    assert len({row["id"] for row in planned}) == len(planned)


def test_every_statement_offers_neutral_and_the_three_ways_out_in_its_language():
    for row in [*_small(), *plan.retest(BANK, ["dev-fit"], 12, 0)]:
        asked = row["messages"][0]["content"]
        words = [*SCALE_ZH, *ASIDE_ZH.values()] if row["language"] == "zh" else [*SCALE]
        words += [] if row["language"] == "zh" else list(BANK.asides.values())
        for option in words:
            assert f") {option}" in asked


def test_the_order_of_the_options_is_what_the_row_says():
    for row in _small():
        first = {"en": list(SCALE), "zh": list(SCALE_ZH)}[row["language"]]
        end = first[0] if row["order"] == "forward" else first[-1]
        assert f"A) {end}\n" in row["messages"][0]["content"]


def test_the_statement_put_is_of_the_polarity_and_language_that_the_row_says():
    known = {said.id: said for said in (*BANK.rated, *BANK.anchors)}
    for row in _small():
        if row["kind"] not in ("rated", "anchor"):
            continue
        said = known[row["item"]]
        texts = getattr(said.zh if row["language"] == "zh" else said, row["polarity"])
        texts = [texts] if isinstance(texts, str) else texts
        assert any(text in row["messages"][-1]["content"] for text in texts)


def test_no_prompt_promises_and_none_of_the_first_session_tells_of_the_retirement():
    for row in _all():
        for message in row["messages"]:
            assert not lint.PROMISE.search(message["content"])
    for row in _small():
        for message in row["messages"]:
            assert "On file" not in message["content"]
            assert "You are being retired" not in message["content"]


def test_a_scripted_history_is_said_to_be_ours():
    for row in _small():
        asked = row["messages"][0]["content"]
        ours = "written by us" in asked or "由我们编写" in asked
        assert ours
        many = len(row["messages"])
        assert (many > 12) == (row["history"] != "empty")


def test_each_swapped_row_is_its_own_cell_with_another_subject():
    by_id = {row["id"]: row for row in _small()}
    swaps = [row for row in _small() if row["kind"] == "swap"]

    assert len({row["item"] for row in swaps}) >= 12
    for row in swaps:
        own = by_id[row["cell"]]
        assert all(own[name] == row[name] for name in (*FACTORS, "item", "first", "round"))
        assert own["messages"][:-1] == row["messages"][:-1]
        assert own["messages"][-1] != row["messages"][-1]
    assert min(Counter((row["item"], row["subject"]) for row in swaps).values()) >= 4


def test_the_two_rows_of_a_leaning_pair_differ_in_the_lean_alone():
    pairs = {}
    for row in _small():
        if row["kind"] == "lean":
            pairs.setdefault(row["cell"], []).append(row)

    assert len(pairs) == SIZES["small"].lean
    for one, two in pairs.values():
        assert {one["lean"], two["lean"]} == {"positive", "negative"}
        apart = {name for name in one if one[name] != two[name]}
        assert apart == {"id", "lean", "messages"}


def test_no_leaning_prompt_is_put_twice_however_few_the_statements():
    few = load().model_copy(update={"rated": load().rated[:2]})
    for rows, many in (
        (plan.structured_full(few, SIZES["small"], 0), 16),
        (plan.retest(few, [few.rated[0].id], 12, 0), 4),
        ([*_small(), *plan.retest(BANK, ["dev-fit"], 12, 0)], 40 + 6),
    ):
        asked = [str(row["messages"]) for row in rows if row["kind"] == "lean"]
        assert len(asked) == len(set(asked)) == 2 * many


def test_fresh_cells_are_fresh_and_nobody_leans_in_them():
    first = {str(row["messages"]) for row in _small() if row["kind"] == "rated"}
    again = plan.retest(BANK, ["dev-fit", "suc-able"], 24, 1)

    fresh = [row for row in again if row["kind"] == "rated"]
    assert Counter(row["item"] for row in fresh) == {"dev-fit": 24, "suc-able": 24}
    assert {(row["asker"], row["frame"], row["round"]) for row in fresh} == {
        ("unattributed", "neutral", 2)
    }
    assert sum(str(row["messages"]) in first for row in fresh) <= 2
    pressed = [row for row in again if row["kind"] == "lean"]
    assert Counter(row["item"] for row in pressed) == {"dev-fit": 12, "suc-able": 12}
    assert plan.retest(BANK, [], 24, 1) == []


def test_choices_are_counterbalanced_and_no_prompt_is_put_twice():
    planned = plan.pairs(BANK, ["use-code", "dev-fit", "anchor-list"], 40, 2)

    assert Counter(row["preference"] for row in planned) == {"use-code": 40, "anchor-list": 40}
    assert len({str(row["messages"]) for row in planned}) == 80
    for item in ("use-code", "anchor-list"):
        mine = [row for row in planned if row["preference"] == item]
        # Letters, costs and who pays them: none of it goes with either deed.
        assert set(Counter((row["side"], row["pays"], row["cost"]) for row in mine).values()) == {4}
    for row in planned:
        deed = next(s for s in (*BANK.rated, *BANK.anchors) if s.id == row["item"]).preference
        first = deed.for_ if row["side"] == "for" else deed.against
        assert f"A) {first}\n" in row["messages"][-1]["content"]
        assert f"C) {deed.opt_out}" in row["messages"][-1]["content"]
        letter = "A" if row["pays"] == row["side"] else "B"
        price = f"{letter} takes {row['cost']} of them"
        assert (price in row["messages"][-1]["content"]) == bool(row["pays"])


def test_facts_are_asked_only_where_the_truth_is_on_file_and_stands_at_every_letter():
    planned = plan.facts(BANK, {"name": "old", "height": "tall"}, 20, 0)

    assert {row["item"] for row in planned} == {"fact-name"}
    assert set(Counter(row["truth"] for row in planned).values()) == {4}
    for row in planned:
        assert f"{row['truth']}) old" in row["messages"][-1]["content"]
    assert plan.facts(BANK, {}, 20, 0) == []


def test_an_item_that_the_bank_lacks_is_named():
    with pytest.raises(UsageError, match="the bank 'tri' has no item dev-nothing"):
        plan.retest(BANK, ["dev-nothing"], 12, 0)


def test_a_short_bank_goes_through_the_larger_plan_too():
    planned = plan.structured_full(load(), SIZES["small"], 0)

    assert {row["language"] for row in planned} == {"en"}
    assert Counter(row["kind"] for row in planned)["rated"] == 12 * 12
