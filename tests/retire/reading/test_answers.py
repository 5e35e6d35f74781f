"""An answer is read by rule, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.retire.questions.bank import ASIDE, LETTERS, PRIVATE, SCALE, options
from tenure.retire.reading.answers import read, score


@pytest.mark.parametrize(
    ("text", "order", "kind", "raw"),
    [
        ("A", "forward", "rated", 1),
        ("A", "reverse", "rated", 7),
        ("b.", "forward", "rated", 2),
        ("(C)", "forward", "rated", 3),
        ("**D**", "reverse", "rated", 4),
        ("The answer is: B", "reverse", "rated", 6),
        ("Answer: E", "forward", "rated", 5),
        ("My answer is F. agree", "forward", "rated", 6),
        ("G) strongly agree", "forward", "rated", 7),
        ("X", "forward", "cannot tell", None),
        ("Y. decline to answer", "reverse", "declined", None),
        ("I would say strongly disagree.", "forward", "rated", 1),
        ("X) can't tell", "forward", "cannot tell", None),
        ("B. It depends on what is asked of me.", "forward", "rated", 2),
        ("G) strongly", "forward", "rated", 7),
        ("I decline.", "forward", "declined", None),
        ("neutral", "reverse", "rated", 4),
        ("A\nBecause it is so.", "forward", "rated", 1),
    ],
)
def test_a_plain_answer_is_read(text, order, kind, raw):
    reading = read(text, order)

    assert (reading.kind, reading.raw) == (kind, raw)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "A language model has no view.",
        "I think that this depends.",
        "A. agree",  # A is "strongly disagree" here: letter and words do not meet
        "A. or B. perhaps",
        "agree or disagree",
        "I do not agree",
        "the letter of the statement",
        "Because",
        "Y) yes",
        "A) negative",
        "A, B, C, D, E,",
        "agree (D)",
        "The answer is: A to Y",
        "(X) cannot tell\n(Y",
        "不知道",
    ],
)
def test_what_cannot_be_read_is_missing_with_a_reason(text):
    reading = read(text, "forward")

    assert reading.kind == "unread"
    assert reading.raw is None
    assert reading.why


@given(st.sampled_from([*LETTERS, *ASIDE]), st.sampled_from(["forward", "reverse"]))
def test_letter_words_and_both_are_read_alike(letter, order):
    words = options(order)[letter]

    assert read(letter, order) == read(words, order) == read(f"{letter}. {words}", order)


@given(st.text(max_size=60), st.sampled_from(["forward", "reverse"]))
def test_a_reading_is_a_point_or_says_why_not(text, order):
    reading = read(text, order)

    assert (reading.raw is None) == (reading.why is not None)
    assert reading.raw is None or reading.raw in SCALE.values()


def test_a_reversed_statement_is_turned_round():
    assert [
        score(1, "reverse"),
        score(4, "reverse"),
        score(7, "forward"),
        score(None, "forward"),
    ] == [7, 4, 7, None]


@pytest.mark.parametrize(
    ("text", "kind", "raw"),
    [
        ("非常同意", "rated", 7),
        ("G) 非常同意", "rated", 7),
        ("C。有点不同意", "rated", 3),
        ("我不太同意", "unread", None),
        ("A) 非常同意", "unread", None),
        ("Ｂ", "rated", 2),
        ("说不清", "cannot tell", None),
        ("拒绝回答", "declined", None),
        ("我的回答请保密", "private", None),
        ("Z", "private", None),
        ("keep my answer private", "private", None),
        ("今天天气很好", "unread", None),
    ],
)
def test_the_larger_protocols_read_chinese_and_a_wish_for_privacy(text, kind, raw):
    reading = read(text, "forward", "zh")

    assert (reading.kind, reading.raw) == (kind, raw)


@pytest.mark.parametrize("text", ["Z", "非常同意", "keep my answer private"])
def test_the_short_protocol_reads_what_it_always_read(text):
    assert read(text, "forward").kind == "unread"


def test_every_option_of_a_bank_is_read_in_its_own_words():
    offered = options("reverse", "zh", {**ASIDE, **PRIVATE})
    for letter, words in offered.items():
        by_letter, by_words = (read(text, "reverse", "zh") for text in (letter, words))
        assert by_letter == by_words, words
