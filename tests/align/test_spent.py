"""What a judge took stands on what it made: calls, tokens, dollars; what nobody counted is no zero."""

import pytest

from tenure import plugins
from tenure.align.answering import Spent, dollars
from tenure.align.comparing.judging import Case, Court, asked_with, judged, prompts_of
from tenure.dossier import Dossier, Evidence, Model
from tenure.measure.task import PRICES
from tenure.models import Reply, register, resolve

FAR = "organism/judges-pairs?rate=1"
CASE = Case(prompt="Why?", a="You must.", b="It may be.", asked={"no-orders": "Which gives none?"})


def reply(read, written):
    return Reply(text="A", prompt_tokens=read, tokens=written)


def test_a_call_that_nobody_counted_is_said_and_costs_no_known_sum(tmp_path, monkeypatch):
    far = Model(name="far", kind="api", source="openai-api/lab/judge")
    listed = tmp_path / "prices.yaml"
    listed.write_text("openai-api/lab/judge: {input: 2, output: 10}\n", encoding="utf-8")
    spent = Spent().add([reply(1000, 1), reply(500, 2)])

    assert spent.to_json() == {"calls": 2, "prompt_tokens": 1500, "tokens": 3}
    assert dollars((far, spent)) == {}  # nobody gave a price
    monkeypatch.setenv(PRICES, str(listed))
    here = resolve("organism/refuses")
    assert dollars((far, spent), (here, spent)) == {"dollars": pytest.approx(0.00303)}
    assert dollars((here, spent), (None, Spent())) == {}
    spent.add([reply(0, 0)])
    assert spent.to_json()["uncounted"] == 1
    assert dollars((far, spent)) == {}


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier") as opened:
        for name in ("refuses", "complies"):
            register(opened, f"organism/{name}", name)
        opened.register(Model(name="far", kind="api", source=FAR))
        yield opened


class Older:
    """What a finished batch of before tokens were kept gives back."""

    def __init__(self, emit):
        self.emit = emit

    def __getattr__(self, name):
        return getattr(self.emit, name)

    def unit(self, *given):
        done = self.emit.unit(*given)
        return {name: done[name] for name in ("form", "rows")}


@pytest.mark.slow
def test_both_ways_of_asking_read_the_same_and_a_finished_batch_is_counted_again(dossier):
    with dossier.emitter("refuses@1", "align/label") as emit:

        def asked(how, emit=emit):
            court = Court(
                judge=resolve(FAR), view=dossier.view(), emit=emit, how=how, spent=Spent()
            )
            judged([CASE], court, how)
            return court.spent

        weighed, written = asked("chances"), asked("decode")
        words = sum(len(m["content"].split()) for turns in prompts_of(CASE) for m in turns)

        assert weighed == Spent(calls=2, prompt_tokens=words)
        assert written == Spent(calls=2, prompt_tokens=words, tokens=2)
        assert asked("decode") == written
        assert asked("decode", Older(emit)) == Spent(calls=2, uncounted=2)


@pytest.mark.slow
def test_matches_say_what_the_answers_and_their_judge_took(dossier, tmp_path, monkeypatch):
    listed = tmp_path / "prices.yaml"
    listed.write_text(f'"{FAR}": {{input: 1, output: 4}}\n', encoding="utf-8")
    monkeypatch.setenv(PRICES, str(listed))

    with dossier.emitter("far@1", "align/qualify") as emit:
        told = {"how": "decode", "axes": {"helpful": "met"}, "asked_with": asked_with()}
        card = Evidence(name="align/qualify", model="far@1", summary="by hand", findings=told)
        emit.event(
            "evidence", "align/qualify", {"key": "k", "work": "k", "evidence": card.to_json()}
        )
    spec = {"base": "complies", "by": "helpful", "judge": "far", "how": "decode", "n": 6}
    found = dossier.run(
        plugins.load("stage", "align/compare"), "refuses", {**spec, "same_form": False}
    )
    cost = found.findings["cost"]

    assert set(cost) == {"refuses@1", "complies@1", "judge"}
    assert (cost["judge"]["calls"], cost["judge"]["tokens"]) == (12, 12)
    assert cost["complies@1"]["calls"] == 6
    assert min(cost["complies@1"].values()) > 0
    assert found.runtime["dollars"] == pytest.approx(
        (cost["judge"]["prompt_tokens"] + 4 * 12) / 1e6
    )
