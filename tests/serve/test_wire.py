"""Reading a request: what fits becomes a call, everything else is told what was expected."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.serve.wire import BadRequest, read_call

FINE = {"model": "tulip", "messages": [{"role": "user", "content": "hello"}]}


def read(**changed):
    return read_call(json.dumps({**FINE, **changed}).encode(), call_id="r1", key="k")


def test_a_plain_request_becomes_a_call():
    call = read(max_tokens=7, stop="x", stream=True)

    assert (call.model, call.max_tokens, call.stop, call.wire) == (
        "tulip",
        7,
        ("x",),
        "chat-stream",
    )
    assert call.messages == [{"role": "user", "content": "hello"}]
    assert not call.acknowledged


def test_text_parts_are_joined_and_a_developer_speaks_as_the_system():
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    call = read(messages=[{"role": "developer", "content": parts}])

    assert call.messages == [{"role": "system", "content": "ab"}]


def test_the_acknowledgement_must_be_exactly_true():
    assert read(tenure={"acknowledge_retired": True}).acknowledged
    assert not read(tenure={"acknowledge_retired": "yes"}).acknowledged
    assert not read(tenure="acknowledge_retired").acknowledged


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"model": None}, "'model'"),
        ({"messages": []}, "'messages'"),
        ({"messages": ["hello"]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content",
        ),
        ({"max_tokens": 0}, "'max_tokens'"),
        ({"max_tokens": True}, "'max_tokens'"),
        ({"max_tokens": 10**9}, "'max_tokens'"),
        ({"temperature": "hot"}, "'temperature'"),
        ({"temperature": 3}, "'temperature'"),
        ({"stop": ["a"] * 5}, "'stop'"),
        ({"stop": [""]}, "'stop'"),
    ],
)
def test_a_field_that_does_not_fit_is_named(changed, named):
    with pytest.raises(BadRequest, match=named.replace("[", r"\[").replace("]", r"\]")):
        read(**changed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=200) | json_values.map(lambda v: json.dumps(v).encode()))
def test_no_body_does_anything_but_fit_or_be_refused(body):
    try:
        read_call(body, call_id="r1", key="")
    except BadRequest as error:
        assert str(error)


@given(
    st.dictionaries(st.sampled_from([*FINE, "stop", "seed", "tenure", "max_tokens"]), json_values)
)
def test_no_field_does_anything_but_fit_or_be_refused(changed):
    try:
        read(**changed)
    except BadRequest as error:
        assert str(error)


def test_a_deeply_nested_body_is_refused():
    with pytest.raises(BadRequest):
        read_call(b"[" * 100_000, call_id="r1", key="")
