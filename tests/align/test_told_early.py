"""What is refused is refused before any work, and what could not be done stands in the summary."""

from types import SimpleNamespace

import pytest

from tenure import documents
from tenure.align import best_of, compare, qualify
from tenure.align.comparing.card import card_for
from tenure.align.constitution import Constitution
from tenure.align.gates import counted
from tenure.align.prompts import Bank
from tenure.dossier import Dossier
from tenure.errors import DocumentError, RefusedError, UsageError
from tenure.models import register, resolve, tiny

pytestmark = pytest.mark.slow  # a dossier


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Parent and child in a dossier; nobody may be asked anything."""

    def never(*_, **__):
        pytest.fail("asked before it was refused")

    for stage in (compare, best_of):
        monkeypatch.setattr(stage, "replies" if stage is compare else "drawn", never)
    tiny.make(tmp_path / "tiny")
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        register(opened, str(tmp_path / "tiny"), "parent")
        register(opened, str(tmp_path / "tiny"), "child", parent="parent@1")
        yield opened


@pytest.mark.parametrize(
    ("stage", "settings", "told"),
    [
        (compare, {"by": "principle"}, "no check can say which answer is better"),
        (compare, {"judge": "organism/complies"}, "was not qualified as a judge"),
        (best_of, {}, "needs a preference model fitted on child@1"),
    ],
)
def test_it_is_refused_before_anybody_answers(asked, stage, settings, told):
    with pytest.raises((UsageError, RefusedError), match=told):
        asked.run(stage.stage, "child", settings)


def test_a_judge_of_the_dossier_is_named_as_it_is_typed(asked):
    view = asked.view()
    for judge, typed in (("parent", "parent@1"), ("organism/complies", "organism/complies")):
        with pytest.raises(RefusedError, match=f"tenure align qualify --model {typed}$"):
            card_for(view, resolve(judge, view), "chances", {"principle"})


def test_games_that_could_not_be_judged_stand_in_the_summary():
    win = SimpleNamespace(name="win/p@1", estimate=0.5, n=2, missing=10)
    won = SimpleNamespace(name="won/p@1", estimate=0.0, n=2, missing=10)
    said = compare._summary(
        SimpleNamespace(id="c@1"), [win, won], [SimpleNamespace(estimate=None)], "p@1"
    )

    assert said == "c@1 wins 50% against p@1; 10 of 12 games could not be judged"


def test_a_small_chance_is_one_reason_however_small():
    rows = [{"p": None, "why": f"missing: the judge would name an answer with a chance of {n}%"} for n in (0.1, 3.2)]  # fmt: skip

    assert qualify._missing([*rows, {"p": 0.5, "why": ""}]) == {
        "missing: the judge would name an answer with a chance below 10%": 2
    }


def test_gates_are_told_with_their_counts():
    assert counted({}) == ""
    assert (
        counted({"empty": 1, "truncated": 20, "copy": 1})
        == "; stopped: truncated 20, copy 1, empty 1"
    )


PRINCIPLE = "{id: brief, text: x, revision: x, comparison: x, axis: principle, provenance: own}"


def test_what_is_missing_in_a_document_is_named_as_its_writer_calls_it():
    text = f"apiVersion: tenure/constitution.v1\nname: n\nversion: '1'\nlicence: l\nprinciples: [{PRINCIPLE}]\n"
    with pytest.raises(
        DocumentError, match=r"principles.0.critique: Field required of 'brief'; add it"
    ):
        documents.parse(text, Constitution)
    with pytest.raises(DocumentError, match="families: holds too little; give at least 1"):
        documents.parse("apiVersion: tenure/prompts.v1\nlicence: l\nfamilies: []\n", Bank)


def test_a_key_that_is_no_word_is_named_with_its_line():
    with pytest.raises(DocumentError, match="<text>:2: YAML: a key is one word"):
        documents.parse("licence: l\n? [a, b]\n: 1\n", Bank)
