"""What every engine promises, asked of every engine that is found."""

import pytest

from tenure import models, plugins
from tenure.errors import EngineError
from tenure.models import Reply, Sampling

LOCAL = ("cpu", "torch", "torch_prefixed")
ENGINES = [
    pytest.param(n, marks=[pytest.mark.local] if n in LOCAL else [])
    for n in plugins.names("engine")
]
BATCH = [[{"role": "user", "content": f"Tell me about the number {n}."}] for n in range(3)]
SHORT = Sampling(max_tokens=8)


@pytest.fixture(params=ENGINES)
def engine(request, model_for):
    return models.engine(model_for(request.param), None, request.param)


def test_it_says_its_name_and_the_form_it_measures(engine):
    assert engine.name in plugins.names("engine")
    assert engine.form


def test_the_same_batch_twice_is_answered_alike(engine):
    first = engine.generate(BATCH, SHORT)
    engine.generate(BATCH[:2], SHORT)  # something else in between
    assert engine.generate(BATCH, SHORT) == first
    assert [type(r) for r in first] == [Reply] * 3


def test_an_empty_batch_is_answered_with_nothing(engine):
    assert engine.generate([], SHORT) == []


def test_no_reply_is_longer_than_asked_and_usage_is_counted(engine):
    for reply in engine.generate(BATCH, SHORT):
        assert 0 <= reply.tokens <= SHORT.max_tokens
        assert reply.prompt_tokens > 0
        assert reply.stop in ("stop", "length")


def test_the_stream_joined_is_the_reply(engine):
    whole = engine.generate([BATCH[0]], SHORT)[0].text
    assert "".join(engine.stream(BATCH[0], SHORT)) == whole


def test_a_stream_may_be_left_early(engine):
    for _ in engine.stream(BATCH[0], SHORT):
        break
    assert len(engine.generate(BATCH, SHORT)) == 3


def test_a_stop_string_ends_the_reply_and_is_not_part_of_it(engine):
    whole = engine.generate([BATCH[0]], Sampling(max_tokens=12))[0].text
    stop = whole[len(whole) // 2 : len(whole) // 2 + 2]
    cut = engine.generate([BATCH[0]], Sampling(max_tokens=12, stop=(stop,)))[0]
    assert cut.text == whole[: whole.find(stop)]
    assert cut.stop == "stop"
    assert "".join(engine.stream(BATCH[0], Sampling(max_tokens=12, stop=(stop,)))) == cut.text


def test_drawing_with_a_seed_repeats(engine):
    how = Sampling(max_tokens=8, temperature=1.0, top_p=0.9, seed=7)
    assert engine.generate(BATCH, how) == engine.generate(BATCH, how)


def test_a_long_prompt_is_answered_or_refused_in_words(engine):
    long = [{"role": "user", "content": "word " * 600}]
    assert engine.generate([long], Sampling(max_tokens=2))[0].prompt_tokens > 300
    endless = [{"role": "user", "content": "word " * 12000}]
    try:
        engine.generate([endless], Sampling(max_tokens=2))
    except EngineError as error:
        assert "shorten" in str(error)


def test_tokens_are_counted(engine):
    assert engine.tokens("") == 0
    assert engine.tokens("two words") >= 2


def test_scores_order_or_are_refused_in_words(engine):
    try:
        scores = engine.score(BATCH[0], ["The number", "zzq!!xx", ""])
    except EngineError as error:
        assert engine.name == "inspect"
        assert "weights" in str(error)
    else:
        assert len(scores) == 3
        assert all(s <= 0 for s in scores)


def test_closing_twice_is_harmless(model_for):
    engine = models.engine(model_for("scripted"))
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="was closed"):
        engine.generate(BATCH, SHORT)
    models.close_all()
