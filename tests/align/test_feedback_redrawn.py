"""Pairs that are drawn anew: what people said of the earlier ones stays a label; only the new are shown."""

import pytest
from pydantic import BaseModel

from tenure.align import feedback
from tenure.align.comparing.labels import read_labels
from tenure.align.comparing.pairs import PAIRS
from tenure.align.people import exchange, said
from tenure.align.people.gold import made_pair
from tenure.align.people.said import Answer
from tenure.align.preferring.words import gathered
from tenure.dossier import Dossier, Evidence, Model, Stage
from tenure.web.feedback import Desk, Job

pytestmark = pytest.mark.slow  # a dossier


class Drawing(BaseModel):
    """Which pairs are drawn."""

    start: int


def pair(i):
    return made_pair(f"Q{i}?", f"one {i}", f"two {i}", axis="principle", family=f"f{i}", came="t")


def drawn(model, view, spec, emit):
    pairs = [pair(i).to_json() for i in range(spec.start, spec.start + 3)]
    return Evidence(
        name=PAIRS, model=model.id, summary="", files={"pairs.jsonl": emit.records(pairs)}
    )


def test_what_people_said_of_earlier_pairs_is_never_lost(tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        dossier.register(Model(name="m", kind="scripted", source="organism/refuses"))
        stage = Stage(name=PAIRS, spec=Drawing, run=drawn, summary="")
        dossier.run(stage, "m@1", {"start": 0})
        desk = Desk(dossier, dossier.view().model("m@1"), Job(rater="Ada"))
        first = desk.state()["sheet"]
        desk.answer({"ticket": first.ticket, "say": "first"})
        dossier.run(stage, "m@1", {"start": 10})

        view = dossier.view()
        labels = read_labels(view, dossier.run(feedback.stage, "m@1", {}))
        again = Desk(dossier, view.model("m@1"), Job(rater="Ada"))

        assert [label.pair for label in labels] == [first.turn.pair.id]
        assert len(gathered(view.model("m@1"), dossier.view()).labels) == 1
        assert len(exchange.exported(said.read(view, "m@1"))[0]) == 1
        assert set(again.pool.pairs) == {pair(i).id for i in (10, 11, 12)}


def test_an_answer_of_which_the_pair_is_gone_is_counted_as_such():
    lost = Answer(pair="pair-0", by="Ada", principle="all", first="a", say="a", kind="useful")
    held = said.Said(answers=(lost,), raters={}, pairs={}, brought={}, gold={})

    assert exchange.exported(held) == ([], {"its pair is not on record": 1})
