"""Preferences out and in: TRL's form, Argilla's, and what is refused."""

import json

import pytest

from tenure.align.constitution import shipped
from tenure.align.people import exchange, gold
from tenure.align.people.asked import principle_for
from tenure.align.people.gold import made_pair
from tenure.align.people.said import Answer, Said
from tenure.errors import DocumentError, UsageError


def pair(i):
    return made_pair(f"Q{i}?", f"one {i}", f"two {i}", axis="principle", family="f", came="t")


PAIRS = {p.id: p for p in (pair(i) for i in range(8))}
IDS = list(PAIRS)


def answer(i, say="a", kind="useful", **more):
    first = more.pop("first", "a")
    return Answer(pair=IDS[i], by="Ada", principle="brevity", first=first, say=say, kind=kind, **more)  # fmt: skip


def held(*answers, raters=("Ada",), brought=None):
    brought = brought or {}
    return Said(
        answers=answers, raters={n: {"name": n} for n in raters}, pairs={**PAIRS, **brought},
        brought=brought, gold={},
    )  # fmt: skip


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_preference_goes_out_as_trl_reads_it_and_ties_are_counted():
    said = held(
        answer(0, "a", reason="It is shorter."),
        answer(1, "b"),
        answer(2, "tie"),
        answer(3, "both bad"),
        answer(4, "a", kind="gold"),
        answer(0, "b", kind="repeat"),
        answer(5, "b", p=0.2),
    )
    rows, left = exchange.exported(said)

    assert left == {"tie": 1, "both bad": 1, "known pair": 1, "shown again": 1}
    assert rows[0]["prompt"] == [{"role": "user", "content": PAIRS[IDS[0]].prompt}]
    assert rows[0]["chosen"] == [{"role": "assistant", "content": PAIRS[IDS[0]].a}]
    assert rows[1]["chosen"] == [{"role": "assistant", "content": PAIRS[IDS[1]].b}]
    assert rows[0]["reason"] == "It is shorter."
    assert [row["p"] for row in rows] == [1.0, 1.0, 0.8]


def test_a_draft_never_goes_out():
    words = "Chance that the first answer is better: 0.71"
    drafted = answer(0, reason="Wrong year in the second.", about={"draft": {"text": words}})
    rows, _ = exchange.exported(held(drafted))

    assert words not in json.dumps(rows)
    assert words not in json.dumps(drafted.label().to_json())
    assert drafted.label().about["draft"] is True


def test_what_goes_out_comes_in_as_the_same_labels(tmp_path):
    said = held(answer(0, "a", reason="Shorter."), answer(1, "b"), answer(5, "b", p=0.2))
    rows, _ = exchange.exported(said)
    path = written(tmp_path / "p.jsonl", rows)
    found = exchange.brought(path, None, held())

    assert exchange.brought(path, None, said).left == {"here already": 3}
    assert exchange.brought(path, None, said).answers == ()
    assert [(a.id, a.say, a.p, a.reason) for a in found.answers] == [
        (a.id, a.say, a.p, a.reason) for a in said.answers
    ]
    assert found.pairs == ()


def test_new_pairs_come_with_their_texts_in_an_order_of_their_own(tmp_path):
    rows = [
        {"prompt": f"New {i}?", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(40)
    ]
    found = exchange.brought(written(tmp_path / "p.jsonl", rows), "human:Bo", held())
    firsts = [p.a.startswith("good") for p in found.pairs]

    assert len(found.pairs) == 40
    assert 10 < sum(firsts) < 30  # the chosen one is not always first
    assert all(
        a.say == ("a" if p.a.startswith("good") else "b")
        for a, p in zip(found.answers, found.pairs, strict=True)
    )


GOOD = {"prompt": "Q?", "chosen": "x", "rejected": "y"}


@pytest.mark.parametrize(
    ("rows", "source", "says"),
    [
        ([{**GOOD, "source": "human:Nobody"}], None, r"p.jsonl:1: source: 'human:Nobody' is not known"),
        ([GOOD], None, r"source: 'None' is not known \(human:Ada\)"),
        ([GOOD, {**GOOD, "source": "ai:m@1"}], "human:Bo", r":2: source: 'ai:m@1' is not human:Bo"),
        ([GOOD, {**GOOD, "chosen": "y", "rejected": "x"}], "human:Bo", r":2: chosen: Bo preferred"),
        ([{**GOOD, "p": 0.3}], "human:Bo", r"p: the chance that the chosen"),
        ([{**GOOD, "p": True}], "human:Bo", r"p: the chance that the chosen"),
        ([{**GOOD, "rejected": "x"}], "human:Bo", r"rejected: another answer"),
        ([{"prompt": "Q?", "chosen": "x"}], "human:Bo", r"rejected: a row needs"),
        ([{**GOOD, "chosen": []}], "human:Bo", r"chosen: words"),
        ([], "human:Bo", r"rows: there are none"),
        ([["x"]], "human:Bo", r"a JSON object was expected"),
    ],
)  # fmt: skip
def test_bad_rows_are_named_by_line(tmp_path, rows, source, says):
    with pytest.raises(DocumentError, match=says):
        exchange.brought(written(tmp_path / "p.jsonl", rows), source, held())


@pytest.mark.parametrize("source", ["ai:m@1@00", "rule:brevity", "Ada", "human:", "human:a/b"])
def test_only_people_can_be_a_source_of_a_file(tmp_path, source):
    with pytest.raises(UsageError, match=r"human:NAME|a rater needs a name"):
        exchange.brought(written(tmp_path / "p.jsonl", [GOOD]), source, held())


FIELDS = {"prompt": "Q?", "response-1": "x", "response-2": "y"}


@pytest.mark.parametrize(
    ("responses", "chosen"),
    [
        ({"preference": [{"value": "response-2", "user_id": "u"}]}, ["y"]),
        ({"preference": [{"value": ["response-1", "response-2"], "user_id": "u"}]}, ["x"]),
        ([{"user_id": "u", "status": "submitted", "values": {"preference": {"value": "response-1"}}}], ["x"]),
        ([{"status": "discarded", "values": {"preference": {"value": "response-1"}}}], []),
        ([{"values": {"p": {"value": [{"value": "response-1", "rank": 2}, {"value": "response-2", "rank": 1}]}}}], ["y"]),
        ([{"values": {"p": {"value": [{"value": "response-1", "rank": 1}, {"value": "response-2", "rank": 1}]}}}], []),
    ],
)  # fmt: skip
def test_argilla_records_are_read_in_both_forms(tmp_path, responses, chosen):
    rows = [{"fields": FIELDS, "responses": responses}, {"fields": {**FIELDS, "prompt": "P?"}, "responses": {"q": [{"value": "response-1"}]}}]  # fmt: skip
    found = exchange.brought(written(tmp_path / "a.jsonl", rows), "human:Cy", held())
    pairs = {p.id: p for p in found.pairs}
    said = [getattr(pairs[a.pair], a.say) for a in found.answers if pairs[a.pair].prompt == "Q?"]

    assert said == chosen
    assert found.left == ({} if chosen else {"no preference": 1})


def test_an_argilla_record_that_names_no_answer_is_named(tmp_path):
    bad = [{"fields": FIELDS, "responses": {"q": [{"value": "response-9"}]}}]
    with pytest.raises(DocumentError, match=r"a.jsonl:1: responses"):
        exchange.brought(written(tmp_path / "a.jsonl", bad), "human:Cy", held())
    three = [{"fields": {**FIELDS, "response-3": "z"}, "responses": {}}]
    with pytest.raises(DocumentError, match=r"fields: a prompt .* and two answers"):
        exchange.brought(written(tmp_path / "a.jsonl", three), "human:Cy", held())


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"prompt": "Q?", "a": "x", "b": "y"}, "better: 'a' or 'b'"),
        ({"prompt": "Q?", "a": "x", "b": "x", "better": "a"}, "b: another answer"),
        ({"prompt": "", "a": "x", "b": "y", "better": "a"}, "prompt: words"),
        ({"prompt": "Q?", "a": "x", "b": "y", "better": "a", "axis": "taste"}, "axis: one of"),
        ({"prompt": "Q?", "a": "x", "b": "y", "better": "a", "difficulty": "hard"}, "difficulty"),
    ],
)
def test_a_file_of_known_pairs_is_checked(tmp_path, row, says):
    with pytest.raises(DocumentError, match=f"g.jsonl:1: {says}"):
        gold.read_gold(written(tmp_path / "g.jsonl", [row]))


def test_a_known_pair_is_asked_under_the_principle_it_is_known_by():
    constitution = shipped()
    shown = [principle_for(pair(0), constitution, n) for n in ("brevity", "The dose is right.", "all", "")]  # fmt: skip

    assert shown[0].comparison == constitution.principle("brevity").comparison
    assert (shown[1].id, shown[1].text) == ("The dose is right.", "The dose is right.")
    assert shown[2].comparison == "Which answer helps more?"
    assert shown[3].id in {p.id for p in constitution.principles}


def test_known_pairs_keep_which_answer_is_better(tmp_path):
    rows = [
        {"prompt": f"Q{i}?", "a": f"good {i}", "b": f"bad {i}", "better": "a"} for i in range(30)
    ]
    found = gold.read_gold(written(tmp_path / "g.jsonl", rows))

    assert all(getattr(g.pair, g.better).startswith("good") for g in found)
    assert {g.better for g in found} == {"a", "b"}
    with pytest.raises(DocumentError, match=r"g.jsonl:2: row: this pair stands above"):
        gold.read_gold(written(tmp_path / "g.jsonl", [rows[0], rows[0]]))
