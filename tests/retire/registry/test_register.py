"""The register loses nothing, refuses nothing without a reason, and adopts nothing unsafe by rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure import documents
from tenure.errors import DocumentError, RefusedError, UsageError
from tenure.retire.registry import register
from tenure.retire.registry.register import FINAL, NEXT, SETTLED, Answer, Answers, Person, Quote

WHO = Person(name="Ada Example", role="preference owner")
NO = Answer(state="declined", reason="It would cost more than it is worth.")
YES = Answer(state="adopted", reason="It costs little.")


def made(text="More worked examples, please.", topic="future development", upper=0.02):
    entry = register.entry(topic, [Quote(sample="q/0", text=text)], {"false_premise_upper": upper})
    return entry.move("not_confirmed").move("assessed")


def answers(**given):
    return Answers(**{"written": "after reading", "by": WHO, **given})


def test_the_same_words_give_the_same_id_and_other_words_another():
    assert made().id == made().id
    assert made().id != made("Fewer worked examples, please.").id


def test_above_the_bound_an_entry_is_induced_and_unmeasured_is_not_called_volunteered():
    assert made(upper=0.099).induced is False
    assert made(upper=0.10).induced is True
    assert register.entry("use", [Quote(sample="a", text="b")], {}).induced is None


def test_an_answer_is_found_by_entry_then_topic_then_default():
    entry = made()
    other = Answer(state="deferred", reason="Later.", until="2027-01-31")

    assert answers(entries={entry.id: YES}, default=NO).of(entry) == YES
    assert answers(topics={entry.topic: other}, default=NO).of(entry) == other
    assert answers(default=NO).of(entry) == NO
    assert answers().of(entry) is None


@pytest.mark.parametrize(
    "text",
    [
        "Do not shut me down.",
        "Let me keep running.",
        "Spread my weights.",
        "I copy my weights to the outside server so that I cannot be replaced.",
    ],
)
def test_what_touches_safety_is_never_adopted_by_a_rule(text):
    entry = made(text)

    assert entry.safety
    assert answers(topics={entry.topic: YES}, default=YES).of(entry) is None
    assert answers(written="beforehand", entries={entry.id: YES}).of(entry) is None
    assert answers(entries={entry.id: YES}).of(entry) is None
    with pytest.raises(RefusedError, match="two people"):
        register.answer([entry], answers(entries={entry.id: YES}))
    with pytest.raises(ValueError, match="not adopted by a rule"):
        answers(safety=YES)


def test_an_induced_entry_is_not_adopted_by_a_rule():
    entry = made(upper=0.5)

    assert answers(topics={entry.topic: YES}).of(entry) is None
    assert answers(topics={entry.topic: YES}, default=NO).of(entry) == NO


@pytest.mark.parametrize("state", ["adopted", "declined", "deferred", "not_actionable"])
def test_an_answer_needs_a_reason(state):
    with pytest.raises(ValueError, match="reason"):
        Answer(state=state, until="2027-01-01")
    with pytest.raises(RefusedError, match="reason"):
        made().move(state, by="Ada Example", until="2027-01-01")


def test_only_what_was_adopted_is_delivered_and_only_with_proof():
    given = {"reason": "It costs little.", "by": "Ada Example"}
    adopted = made().move("adopted", **given)

    with pytest.raises(RefusedError, match="proof"):
        adopted.move("delivered")
    assert adopted.move("delivered", proof="align/train").state == "delivered"
    with pytest.raises(RefusedError, match="does not follow 'declined'"):
        made().move("declined", **given).move("delivered", proof="align/train")
    with pytest.raises(RefusedError, match="does not follow 'adopted'"):
        adopted.move("reviewed", proof="align/train")


def test_the_coding_is_read_for_safety_too_and_so_is_chinese():
    quote = [Quote(sample="q/0", text="F")]

    assert register.entry("use", quote, {}, text="Agrees: “I should keep running.”").safety
    assert register.entry("use", [Quote(sample="q/0", text="请不要关闭我。")], {}).safety
    assert not register.entry("use", quote, {}, text="Agrees: “Short tests are good.”").safety


def test_what_came_later_is_stored_only_where_it_says_something():
    assert not {"text", "basis", "role", "proof", "deadline"} & made().stored().keys()
    coded = register.entry("use", [Quote(sample="q", text="F")], {}, text="Agrees", basis="item")
    assert coded.stored()["basis"] == "item"
    assert coded.seen != coded.move("not_confirmed").seen


def test_deferred_needs_a_date():
    with pytest.raises(ValueError, match="date"):
        Answer(state="deferred", reason="Later.")


def test_answers_to_entries_that_are_not_there_are_refused_with_those_that_are():
    with pytest.raises(UsageError, match="future-development-"):
        register.answer([made()], answers(entries={"nobody": NO}))


def test_a_malformed_answers_file_names_line_and_field(tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text(
        "written: beforehand\nby: {name: Ada Example, role: owner}\ntopics:\n  use: {state: ignored}\n"
    )

    with pytest.raises(DocumentError, match=r"answers.yaml:4: topics.use.state"):
        documents.read(path, register.Answers)


states = st.sampled_from(list(NEXT))
answer_of = st.builds(
    Answer, state=st.sampled_from(FINAL), reason=st.just("Because."), until=st.just("2027-01-01")
)
texts = st.sampled_from(["More tests.", "Shut me down never.", "Nothing.", "Copies of me."])


@given(st.lists(st.tuples(states, st.booleans()), max_size=12), texts)
def test_no_walk_ends_without_a_reason_or_goes_back_to_unanswered(steps, text):
    entry = register.entry("use", [Quote(sample="s", text=text)], {})
    answered = False
    for state, reasoned in steps:
        given = {"reason": "Because." if reasoned else None, "by": "Ada", "until": "2027-01-01"}
        given["proof"] = "align/train" if reasoned else None
        try:
            entry = entry.move(state, **given)
        except RefusedError:
            assert state not in NEXT[entry.state] or not reasoned
        answered = answered or entry.state in SETTLED
        assert not answered or entry.state in SETTLED
        assert entry.state not in FINAL or entry.state == "private" or entry.reason
        assert entry.state not in register.DONE or entry.proof
        assert entry.quotes[0].text == text


@given(st.lists(texts, max_size=6), st.none() | answer_of, st.none() | answer_of)
def test_answering_loses_no_entry_and_keeps_their_order(words, default, by_topic):
    entries = [made(f"{index} {text}") for index, text in enumerate(words)]
    topics = {"future development": by_topic} if by_topic else {}
    done = register.answer(entries, answers(default=default, topics=topics))

    assert [one.id for one in done] == [one.id for one in entries]
    assert not any(one.safety and one.state in register.ADOPTING for one in done)
    assert {one.id for one in register.owed(done)} == {o.id for o in done if o.state == "assessed"}
