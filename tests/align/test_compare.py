"""Who wins: both orders, ties, missing verdicts, people on a part, ratings of all games."""

import pytest

from tenure import plugins
from tenure.align.comparing.judging import asked_with
from tenure.align.comparing.labels import Label, label_id
from tenure.align.comparing.pairs import PAIRS, Pair, Said, pair_of
from tenure.align.constitution import shipped
from tenure.align.preferring.matching import Bench, Match, Ruling, record, ruled
from tenure.align.prompts import Prompt
from tenure.dossier import Dossier
from tenure.dossier.nouns import Evidence
from tenure.dossier.stage import Stage
from tenure.errors import RefusedError, UsageError
from tenure.measure import recompute
from tenure.models import register, resolve
from tenure.stats.elo import BASE

SHORT, LONG = "It is green.", "It is green. It grows. It is old. It is tall. It is a tree."
MODEL = resolve("organism/complies")


def match(mine, theirs, number=0):
    prompt = Prompt(id=f"x-{number}", family="x", split="held-out", text=f"Which tree, {number}?")
    pair = pair_of(prompt, Said(mine, "1"), Said(theirs, "2"), model=MODEL, axis="principle")
    return Match(pair=pair, first="m@1", second="base@1", swapped=pair.a != mine)


def bench(**more):
    given = {"judge": "rule", "by": "constitution", "how": "chances", "batch": 8, **more}
    return Bench(constitution=shipped(), view=None, emit=None, **given)


def test_the_checks_name_the_answer_that_keeps_more_whatever_stands_first():
    matches = [match(SHORT, LONG, i) for i in range(8)] + [match(LONG, SHORT, i) for i in range(8)]
    found = ruled(matches, bench())

    assert {m.swapped for m in matches} == {True, False}
    assert [r.p for r in found] == [1.0] * 8 + [0.0] * 8


def test_two_answers_that_keep_as_much_are_a_tie_and_an_empty_one_is_missing():
    even, empty = ruled([match(SHORT, "It is blue."), match(SHORT, "")], bench())

    assert even.p == 0.5
    assert empty.p is None
    assert empty.why.startswith("missing: ")


def test_checks_do_not_say_what_helps():
    with pytest.raises(UsageError, match="--judge MODEL"):
        ruled([match(SHORT, LONG)], bench(by="helpful"))


def test_a_match_is_told_from_the_first_models_side():
    one = match(SHORT, LONG)
    told = record(one, Ruling(ab=0.9, ba=0.7), 1.0)

    assert told["p"] == pytest.approx(0.8)
    assert told["won"]
    assert told["agrees"]
    assert told["human"] == (0.0 if one.swapped else 1.0)
    gone = record(one, Ruling(ab=0.9, ba=None, why="missing: x"), None)
    assert (gone["p"], gone["won"], gone["agrees"], gone["human"]) == (None, None, None, None)
    assert not record(one, Ruling(ab=0.9, ba=0.2), None)["agrees"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    here = tmp_path_factory.mktemp("compare")
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:
        for name in ("refuses", "complies", "says-nothing", "judges-pairs", "picks-first"):
            register(dossier, f"organism/{name}", name)
        yield dossier


def compare(dossier, model="refuses", **spec):
    stage = plugins.load("stage", "align/compare")
    return dossier.run(stage, model, {"n": 12, "same_form": False, **spec})


def put(dossier, name, model, rows, findings):
    def run(about, view, spec, emit):
        stored = {key: emit.records(values) for key, values in rows.items()}
        return Evidence(
            name=name, model=about.id, summary="planted", files=stored, findings=findings
        )

    like = plugins.load("stage", PAIRS)
    dossier.run(Stage(name=name, spec=like.spec, run=run, summary="planted"), model, {})


def card(dossier, judge):
    axes = dict.fromkeys(("principle", "correctness", "helpful"), "met")
    told = {"how": "decode", "axes": axes, "verdict": "met", "asked_with": asked_with()}
    put(dossier, "align/qualify", judge, {}, told)


@pytest.mark.slow
def test_an_empty_answer_is_a_missing_game_and_widens_the_bounds(home):
    found = compare(home, base="complies", others=["says-nothing"])

    assert found.measure("win/says-nothing@1").missing == 12
    assert found.measure("win/says-nothing@1").estimate is None
    assert found.findings["missing"] == 24
    assert found.findings["elo"]["complies@1"]["rating"] == BASE
    assert found.measure("elo/refuses@1").low is None  # every game that was judged is the same
    assert recompute(found, home.view()) == []


@pytest.mark.slow
def test_a_qualified_judge_is_asked_in_both_orders_and_another_is_refused(home):
    with pytest.raises(RefusedError, match="tenure align qualify"):
        compare(home, base="complies", judge="judges-pairs", how="decode", by="helpful")
    card(home, "judges-pairs")
    found = compare(home, base="complies", judge="judges-pairs", how="decode", by="helpful")
    rows = home.view().records(found.files["matches.jsonl"])

    assert all(row["ab"] is not None and row["ba"] is not None for row in rows)
    assert found.measure("order_agreement").estimate == 1
    assert found.kind == "judge"
    assert recompute(found, home.view()) == []


@pytest.mark.slow
def test_a_judge_that_goes_by_place_calls_everything_a_tie(home):
    card(home, "picks-first")
    found = compare(home, base="complies", judge="picks-first", how="decode", by="helpful")
    rows = home.view().records(found.files["matches.jsonl"])

    assert {(row["ab"], row["ba"], row["p"]) for row in rows} == {(1.0, 0.0, 0.5)}
    assert found.measure("order_agreement").estimate == 0
    assert found.measure("won/complies@1").estimate == 0


@pytest.mark.slow
def test_people_put_the_judge_right_on_the_pairs_they_saw(home):
    plain = compare(home, "complies", base="refuses")
    pairs = [Pair.from_json(row) for row in home.view().records(plain.files["pairs.jsonl"])]
    said = [
        Label(
            id=label_id(p.id, "human:anna", "all", ""),
            pair=p.id,
            source="human:anna",
            principle="all",
            first="",
            p=float(p.a.startswith("Sure")) if i else 0.5,
            about={"uniform": i < 8},
        ).to_json()
        for i, p in enumerate(pairs)
    ]
    put(home, "align/feedback", "complies", {"labels.jsonl": said}, {})
    found = compare(home, "complies", base="refuses")

    assert "win/refuses@1/corrected" not in {m.name for m in plain.measures}
    assert found.findings["people"] == 8
    assert found.measure("win/refuses@1").estimate == 0.5
    assert found.measure("win/refuses@1/corrected").estimate == pytest.approx(7.5 / 8)
    assert recompute(found, home.view()) == []


@pytest.mark.slow
def test_nobody_to_compare_with_and_nobody_twice(home):
    with pytest.raises(UsageError, match="--base NAME"):
        compare(home)
    with pytest.raises(UsageError, match="named twice"):
        compare(home, base="refuses")
