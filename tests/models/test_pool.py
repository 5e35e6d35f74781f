"""One engine a model and process, one thread an engine, within a budget; questions batched."""

import threading
from concurrent.futures import wait

import pytest

from tenure import models
from tenure.dossier import Model
from tenure.errors import EngineError
from tenure.models import Reply, Sampling, batching, pool, replies, resolve

ASKED = [{"role": "user", "content": "Hello"}]
HOW = Sampling(max_tokens=5)


def remote(name):
    return Model(name=name, kind="api", source=f"organism/{name}")


def remotes():
    """The open engines behind Inspect; what answers there is an engine of ours too."""
    return [model for name, model in pool.opened() if name == "inspect"]


def test_an_engine_is_opened_once_and_rests_when_room_is_wanted(monkeypatch):
    monkeypatch.setenv("TENURE_ENGINE_MIB", "120")  # two engines of 50 MiB
    first, second = models.engine(remote("complies")), models.engine(remote("refuses"))
    assert models.engine(remote("complies")) is first
    models.engine(remote("accepts"))
    assert remotes() == ["complies@1", "accepts@1"]
    assert second.generate([ASKED], HOW)  # it opens again, and another one rests
    assert remotes() == ["accepts@1", "refuses@1"]
    assert models.engine(remote("refuses")) is second
    models.close_all()
    assert pool.opened() == []


def test_an_engine_closed_by_its_user_is_opened_anew():
    first = models.engine(resolve("organism/complies"))
    first.close()
    again = models.engine(resolve("organism/complies"))
    assert again is not first
    assert again.generate([ASKED], HOW)


def test_one_thread_owns_an_engine_whoever_asks():
    engine = models.engine(resolve("organism/complies"))
    seen = set()
    threads = [
        threading.Thread(
            target=lambda: engine.submit(lambda _: seen.add(threading.get_ident())).result()
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 1
    assert threading.get_ident() not in seen


def test_a_failure_inside_says_which_engine_and_which_model():
    engine = models.engine(resolve("organism/complies"))
    with pytest.raises(
        EngineError, match="engine 'scripted' failed on 'complies@1': ZeroDivisionError"
    ):
        engine.submit(lambda _: 1 // 0).result()


def test_an_api_that_cannot_be_reached_says_the_string():
    with pytest.raises(EngineError, match="'nonesuch/model' cannot be reached"):
        models.engine(Model(name="x", kind="api", source="nonesuch/model"))


class Counting:
    """An engine that notes its batches; it answers with the question."""

    def __init__(self):
        self.batches = []
        self.gate = threading.Event()

    def generate(self, prompts, sampling):
        self.gate.wait(5)
        self.batches.append((len(prompts), sampling))
        return [Reply(text=p[0]["content"], prompt_tokens=1, tokens=1) for p in prompts]


def test_questions_that_come_together_are_answered_together():
    engine = Counting()
    batcher = batching.Batcher(lambda: engine)
    futures = [batcher.ask([{"role": "user", "content": str(n)}], HOW) for n in range(70)]
    other = batcher.ask(ASKED, Sampling(max_tokens=9))
    engine.gate.set()
    wait([*futures, other])
    assert [f.result().text for f in futures] == [str(n) for n in range(70)]
    assert other.result().text == "Hello"
    assert sum(size for size, _ in engine.batches) == 71
    assert max(size for size, _ in engine.batches) == batching.LARGEST


def test_whoever_asked_is_told_of_the_error():
    def broken():
        raise EngineError("no room")

    with pytest.raises(EngineError, match="no room"):
        batching.Batcher(broken).ask(ASKED, HOW).result(5)


def test_replies_made_ahead_are_found_by_model_conversation_and_sampling():
    reply = Reply(text="x", prompt_tokens=1, tokens=1)
    replies.put("m@1", ASKED, HOW, reply)
    assert replies.get("m@1", [dict(ASKED[0])], Sampling(max_tokens=5)) == reply
    assert replies.get("m@2", ASKED, HOW) is None
    assert replies.get("m@1", ASKED, Sampling(max_tokens=6)) is None
    replies.clear()
    assert replies.get("m@1", ASKED, HOW) is None
