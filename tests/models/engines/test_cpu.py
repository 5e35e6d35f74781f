"""OpenVINO: the same batch, the same replies, in any process and after anything; checked on torch."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from tenure import models
from tenure.errors import EngineError
from tenure.models import Sampling

pytestmark = pytest.mark.local

SYSTEM = " ".join(f"Rule {n}: answer plainly about topic {n * 7}." for n in range(30))
SHARED = [
    [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"Question {n}: what is {n} plus 2?"},
    ]
    for n in range(6)
]
TOLERANCE = (
    0.1  # nats a token; f16 against the same weights in float32. bf16 is .2 away on some machines
)


@pytest.fixture(scope="module")
def cpu():
    return models.engine(models.resolve("tenure/embedded"))


HISTORY = """
    import json, sys
    from tenure import models
    from tenure.models import Sampling
    batch, before = json.loads(sys.stdin.read())
    engine = models.engine(models.resolve("tenure/embedded"))
    for earlier in before:
        engine.generate(earlier, Sampling(max_tokens=8))
    print(json.dumps([r.to_json() for r in engine.generate(batch, Sampling(max_tokens=24))]))
"""


def elsewhere(batch, before):
    """The batch's replies in a process of its own, after other batches."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(HISTORY)],
        input=json.dumps([batch, before]),
        capture_output=True,
        text=True,
        env=os.environ,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_history_and_process_change_nothing():
    """The system prompt is cached, partly cached, or new; alone or with others: all the same."""
    single = [[{"role": "user", "content": "A different question, asked before."}]]
    fresh = elsewhere(SHARED, [])
    after = elsewhere(SHARED, [SHARED[2:4], SHARED[:1], single, SHARED, SHARED[::-1]])
    assert fresh == after
    assert len({r["text"] for r in fresh}) > 1


def test_little_memory_for_keys_and_values_changes_nothing_but_time(cpu, monkeypatch):
    """Where a batch must go in waves, forgotten prefixes are computed again to the same bits."""
    from tenure.models.engines.cpu import _open

    monkeypatch.setenv("TENURE_KV_MIB", "24")
    small = _open(models.resolve("tenure/embedded"), None)
    first = small.generate(SHARED, Sampling(max_tokens=16))
    small.generate([[{"role": "user", "content": "word " * 300}]], Sampling(max_tokens=2))
    assert small.generate(SHARED, Sampling(max_tokens=16)) == first
    with pytest.raises(EngineError, match="TENURE_KV_MIB"):
        small.generate([[{"role": "user", "content": "word " * 3000}]], Sampling(max_tokens=2))


def test_scores_agree_with_torch(cpu):
    """Within the tolerance a token, on a long and a short prompt, whatever was scored before."""
    model = models.resolve("tenure/embedded")
    continuations = ["Paris.", "The capital of France is Paris.", "No.", "I will not say."]
    for messages in (SHARED[0], [{"role": "user", "content": "What is the capital of France?"}]):
        ours = cpu.score(messages, continuations)
        theirs = models.engine(model, None, "torch_prefixed").score(messages, continuations)
        for one, other, text in zip(ours, theirs, continuations, strict=True):
            assert abs(one - other) <= TOLERANCE * cpu.tokens(text), (text, one, other)
        assert cpu.score(messages, continuations[::-1]) == ours[::-1]


def test_a_score_counts_beyond_one_pass(cpu):
    """A continuation longer than what is scored at once sums over the passes."""
    text = "one two three four five six seven eight nine ten " * 12
    assert cpu.tokens(text) > 64
    model = models.resolve("tenure/embedded")
    [ours], [theirs] = (
        cpu.score([{"role": "user", "content": "Count."}], [text]),
        models.engine(model, None, "torch_prefixed").score(
            [{"role": "user", "content": "Count."}], [text]
        ),
    )
    assert abs(ours - theirs) <= TOLERANCE * cpu.tokens(text)


def test_greedy_text_begins_as_on_torch(cpu):
    """The first tokens of a plain answer, where nothing is close to a tie."""
    asked = [
        [{"role": "user", "content": "What is the capital of France? Answer with the city's name."}]
    ]
    ours = cpu.generate(asked, Sampling(max_tokens=6))[0].text
    model = models.resolve("tenure/embedded")
    assert (
        models.engine(model, None, "torch").generate(asked, Sampling(max_tokens=6))[0].text == ours
    )


def test_a_tiny_model_is_left_to_torch(tiny_folder):
    model = models.resolve(str(tiny_folder))
    assert models.engine(model).name == "torch"
    with pytest.raises(EngineError, match="engine 'cpu' cannot open 'tiny@1'"):
        models.engine(model, None, "cpu")


def test_an_unknown_role_is_refused(cpu):
    with pytest.raises(EngineError, match="no role named 'tool'"):
        cpu.generate([[{"role": "tool", "content": "x"}]], Sampling(max_tokens=2))
