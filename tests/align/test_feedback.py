"""What people said becomes labels, and numbers about people that come out of their records again."""

import pytest

from tenure.align import feedback
from tenure.align.comparing.labels import Label, check_labels, known_sources, read_labels
from tenure.align.people import drafting, exchange, gold, said
from tenure.align.people.gold import Gold, made_pair
from tenure.align.people.said import Answer
from tenure.align.preferring.words import gathered
from tenure.dossier import Waiting
from tenure.errors import UsageError
from tenure.measure.estimate import recompute

pytestmark = pytest.mark.slow  # a dossier for each test


def pair(i, axis="principle"):
    return made_pair(f"Q{i}?", f"one {i}", f"two {i} " + "word " * i, axis=axis, family=f"f{i % 6}", came="t")  # fmt: skip


ALL = [pair(i) for i in range(40)]


@pytest.fixture
def dossier(compared):
    """Open pairs with a judge that prefers a at times, with which a person can agree or not."""
    return compared(ALL, "ai:m@1@0", lambda i: 0.8 if i % 2 else 0.3)


def answered(dossier, *answers, expert=False):
    with dossier.emitter("m@1", said.STAGE) as emit:
        for answer in answers:
            held = said.read(dossier.view(), "m@1")
            said.admit(held, answer.by, expert=expert, how="page", emit=emit)
            said.sign(answer, emit)


def one(i, say="a", by="Ada", kind="useful", **about):
    first = about.pop("first", "a")
    return Answer(pair=ALL[i].id, by=by, principle="brevity", first=first, say=say, kind=kind,
                  about={"seconds": 7.5, **about})  # fmt: skip


def fold(dossier):
    found = dossier.run(feedback.stage, "m@1", {})
    assert recompute(found, dossier.view()) == []
    return found


def test_without_answers_it_waits_for_a_rater(dossier):
    found = dossier.run(feedback.stage, "m@1", {})

    assert isinstance(found, Waiting)
    assert found.command == "tenure feedback m@1 --rater NAME"


def test_answers_become_labels_of_a_known_source(dossier):
    answered(dossier, one(0, "a"), one(1, "tie"), one(2, "both bad"), one(3, "b", draft={"text": "x", "prefers": "first"}))  # fmt: skip
    found = fold(dossier)
    labels = read_labels(dossier.view(), found)
    check_labels(labels, ALL, known_sources(dossier.view()))

    assert [label.p for label in labels] == [1.0, 0.5, 0.5, 0.0]
    assert [label.both_bad for label in labels] == [False, False, True, False]
    assert {label.source for label in labels} == {"human:Ada"}
    assert labels[0].about["seconds"] == 7.5
    assert labels[3].about["draft"] is True
    assert found.findings["raters"]["Ada"]["overruled"] == 1


def test_the_newest_word_counts_and_what_was_taken_back_does_not(dossier):
    answered(dossier, one(0, "a"), one(1, "a"), one(0, "b"))
    held = said.read(dossier.view(), "m@1")
    with dossier.emitter("m@1", said.STAGE) as emit:
        said.take_back(held, one(1).id, emit)
    labels = read_labels(dossier.view(), fold(dossier))

    assert [(label.pair, label.p) for label in labels] == [(ALL[0].id, 0.0)]
    assert len(dossier.view().events(act="note", name=said.ANSWER)) == 4
    with pytest.raises(UsageError, match="no label named 'label-0'"), dossier.emitter("m@1", said.STAGE) as emit:  # fmt: skip
        said.take_back(said.read(dossier.view(), "m@1"), "label-0", emit)


def test_known_pairs_repeats_and_the_model_are_measured_for_each_rater(dossier):
    items = [Gold(pair=pair(100 + i), better="a", domain="law" if i > 9 else "") for i in range(16)]
    with dossier.emitter("m@1", said.STAGE) as emit:
        said.keep_gold(items, emit)
    known = [
        Answer(
            pair=g.pair.id,
            by="Ada",
            principle="all",
            first="b",
            say="a" if i < 12 else "tie",
            kind="gold",
        )
        for i, g in enumerate(items)
    ]
    own = [one(i, "a" if i % 2 else "b", kind="uniform" if i < 10 else "useful") for i in range(20)]
    back = [one(0, "b", kind="repeat", first="b"), one(1, "b", kind="repeat", first="b")]
    answered(dossier, *known, *own, *back)
    found = fold(dossier)

    assert (found.measure("gold/Ada").estimate, found.measure("gold/Ada").n) == (0.75, 16)
    law = found.measure("gold/Ada/law")
    assert (law.estimate, law.n) == (pytest.approx(1 / 3), 6)
    assert found.measure("flips/Ada").estimate == 0.5
    assert found.measure("kappa/ai/Ada").estimate == 1.0
    assert found.measure("ai_agrees/uniform").n == 10
    assert found.measure("seconds/Ada").estimate == 7.5
    assert [found.measure(f"right/{q}").n for q in gold.QUARTILES] == [4, 4, 4, 4]
    assert found.findings["raters"]["Ada"]["better_than_guessing"] == "shown"
    # 4 of 4 right has a lower bound of 47%: four known pairs a quartile show nothing yet.
    assert found.findings["end_of_usefulness"]["verdict"].startswith("not shown")
    assert (
        len(read_labels(dossier.view(), found)) == 22
    )  # known pairs of a file are no training data


def test_what_a_draft_does_is_a_difference_to_pairs_where_it_was_held_back(dossier):
    drafted = [one(i, "a" if i % 2 else "b", draft={"text": "x", "prefers": "first"}, seconds=4.0 + i % 3) for i in range(16)]  # fmt: skip
    alone = [one(i, "a", withheld=True, seconds=9.0 + i % 3) for i in range(16, 32)]
    answered(dossier, *drafted, *alone)
    found = fold(dossier)

    assert found.measure("draft/agrees").estimate == 0.5  # all with a draft, half of those without
    assert found.measure("draft/agrees").n == 32
    assert found.measure("draft/seconds").high < 0


def test_where_usefulness_ends_is_the_first_quartile_not_shown(dossier):
    items = [Gold(pair=pair(100 + i), better="a", difficulty=float(i)) for i in range(80)]
    with dossier.emitter("m@1", said.STAGE) as emit:
        said.keep_gold(items, emit)
        for i, item in enumerate(items):
            right = i < 40 or i % 2
            said.sign(Answer(pair=item.pair.id, by="Ada", principle="all", first="a", say="a" if right else "b", kind="gold"), emit)  # fmt: skip
    found = fold(dossier)

    assert found.findings["end_of_usefulness"]["verdict"].startswith("shown up to quartile 2 of 4")


def test_two_raters_are_compared_from_twenty_shared_pairs_on(dossier):
    answered(dossier, *(one(i, "a" if i % 3 else "b") for i in range(30)))
    answered(dossier, *(one(i, "a" if i % 3 else "b", by="Bo") for i in range(19)))
    assert not [m for m in fold(dossier).measures if m.name == "kappa/Ada/Bo"]
    answered(dossier, one(19, "a", by="Bo"))
    found = fold(dossier)

    assert (found.measure("kappa/Ada/Bo").estimate, found.measure("kappa/Ada/Bo").n) == (1.0, 20)


def test_some_of_what_a_program_decides_is_known_where_there_is_no_gold_file():
    pairs = {p.id: p for p in (pair(i) for i in range(600))}
    labels = [
        Label(id=f"l{i}", pair=name, source=source, principle="brevity", first="", p=p)
        for i, name in enumerate(pairs)
        for source, p in [(("rule:brevity", 1.0), ("rule:brevity", 0.5), ("ai:m@1@0", 1.0))[i % 3]]
    ]
    found = gold.decided(pairs, labels)

    assert {list(pairs).index(item.pair.id) % 3 for item in found} == {0}
    assert {(item.better, item.principle) for item in found} == {("a", "brevity")}
    assert 8 <= len(found) <= 30  # of 200 that are decided, one in twelve


def gold_labels(source, i, p):
    yield Label(id=f"{source}{i}", pair=ALL[i].id, source=source, principle="brevity", first="", p=p)  # fmt: skip


def test_a_file_that_is_brought_in_counts_as_its_rater_and_contradictions_are_refused(
    dossier, tmp_path
):
    path = tmp_path / "p.jsonl"
    path.write_text(
        '{"prompt": "New?", "chosen": "x", "rejected": "y", "reason": "clearer"}\n'
        f'{{"prompt": "{ALL[0].prompt}", "chosen": "{ALL[0].b}", "rejected": "{ALL[0].a}"}}\n'
    )
    held = said.read(dossier.view(), "m@1")
    found = exchange.brought(path, "human:Cy", held)
    with dossier.emitter("m@1", said.STAGE) as emit:
        exchange.file_brought(found, path, held, emit)
    folded = fold(dossier)
    labels = read_labels(dossier.view(), folded)
    pairs = said.read(dossier.view(), "m@1").pairs
    check_labels(labels, pairs.values(), known_sources(dossier.view()))

    assert {label.source for label in labels} == {"human:Cy"}
    assert labels[1].pair == ALL[0].id
    assert labels[1].p == 0.0
    assert len(dossier.view().records(folded.files["pairs.jsonl"])) == 1
    path.write_text(
        f'{{"prompt": "{ALL[0].prompt}", "chosen": "{ALL[0].a}", "rejected": "{ALL[0].b}"}}\n'
    )
    held = said.read(dossier.view(), "m@1")
    other = exchange.brought(path, "human:Cy", held)
    with pytest.raises(UsageError, match=r"--undo label-"), dossier.emitter("m@1", said.STAGE) as e:
        exchange.file_brought(other, path, held, e)
    assert len(said.read(dossier.view(), "m@1").answers) == 2


def test_a_preference_model_learns_from_people_but_not_from_what_tests_them(dossier, tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"prompt": "New?", "chosen": "x", "rejected": "y"}\n')
    held = said.read(dossier.view(), "m@1")
    with dossier.emitter("m@1", said.STAGE) as emit:
        exchange.file_brought(exchange.brought(path, "human:Cy", held), path, held, emit)
    answered(dossier, one(0), one(1, kind="gold"), one(0, "b", kind="repeat", first="b"))
    fold(dossier)
    found = gathered(dossier.view().model("m@1"), dossier.view())
    people = [label for label in found.labels if label.source.startswith("human:")]

    assert sorted((label.source, label.p is not None) for label in people) == [
        ("human:Ada", True),
        ("human:Cy", True),
    ]
    assert (found.left_out["gold"], found.left_out["repeat"]) == (1, 1)
    assert {label.pair for label in people} <= set(found.pairs)


def test_a_draft_is_made_of_labels_in_the_order_shown():
    labels = [*gold_labels("ai:m@1@0", 0, 0.9), *gold_labels("rule:brevity", 0, 0.0)]
    forward = drafting.draft("a", labels, {"brevity": "Be brief."})
    turned = drafting.draft("b", labels, {"brevity": "Be brief."})

    assert (forward.prefers, turned.prefers) == ("first", "second")
    assert forward.p == turned.p == 0.9
    assert drafting.draft("a", labels[1:], {}) is None
    assert drafting.same_words("under ONE principle: 0.90!", forward.text)
    assert not drafting.same_words("The second names no source.", forward.text)
