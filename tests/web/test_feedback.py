"""Two answers are compared blind; every answer is an event at once, and counts once."""

import re

import httpx
import pytest
from pydantic import BaseModel

from tenure.align.people import said
from tenure.align.people.drafting import withheld
from tenure.align.people.gold import Gold, made_pair
from tenure.dossier import Dossier, Evidence, Model, Stage
from tenure.errors import UsageError
from tenure.web.feedback import Desk, Job, app, measured, preferred

pytestmark = pytest.mark.slow  # a dossier for each test
HOSTILE = "<script>alert(1)</script>"


class Nothing(BaseModel):
    """No settings."""


def pair(i):
    return made_pair(f"Q{i}? {HOSTILE}", f"one {i}", f"two {i}", axis="principle", family="secret family", came="secret model")  # fmt: skip


ALL = [pair(i) for i in range(40)]


@pytest.fixture
def dossier(compared):
    return compared(ALL, "ai:secret@1@0")


def sit(dossier, **job):
    return Desk(dossier, dossier.view().model("m@1"), Job(**{"rater": "Ada", **job}))


def ticket(desk):
    return desk.state()["sheet"].ticket


def standing(dossier):
    return said.read(dossier.view(), "m@1").answers


EXPERT = {"reason": "The second names no source.", "help": "no", "confidence": "high"}


def test_an_answer_is_an_event_at_once_in_the_terms_of_the_pair(dossier):
    desk = sit(dossier)
    sheet = desk.state()["sheet"]
    desk.answer({"ticket": sheet.ticket, "say": "second", "reason": " clearer ", "seconds": "0.4"})
    (answer,) = standing(dossier)

    assert getattr(sheet.turn.pair, answer.say) == sheet.turn.shown[1]
    assert (answer.reason, answer.principle) == ("clearer", sheet.principle.id)
    assert answer.about["seconds"] == 0.4
    assert "server_seconds" in answer.about
    assert sit(dossier).state()["sheet"].turn.pair != sheet.turn.pair  # the same command goes on


def test_sent_twice_or_from_an_old_tab_it_counts_once(dossier):
    desk = sit(dossier)
    given = {"ticket": ticket(desk), "say": "first"}
    desk.answer(given)

    assert "counts once" in desk.answer(given)
    with pytest.raises(UsageError, match="answered already"):
        desk.answer({**given, "say": "second"})
    with pytest.raises(UsageError, match="out of date"):
        desk.answer({"ticket": "sheet-0", "say": "first"})
    with pytest.raises(UsageError, match="choose first"):
        desk.answer({"ticket": ticket(desk), "say": "best"})
    assert len(standing(dossier)) == 1


def test_a_pair_is_as_unsure_as_its_least_certain_axis(dossier):
    told = [("principle", ALL[0], 0.9), ("correctness", ALL[0], 0.45), ("helpful", ALL[0], 0.99)]
    told += [("principle", ALL[1], 0.2), ("helpful", ALL[1], 0.95)]

    def fitted(model, view, spec, emit):
        rows = [{"axis": axis, "pair": one.id, "p": p} for axis, one, p in told]
        stored = {"samples.jsonl": emit.records(rows)}
        return Evidence(name="align/prefer", model=model.id, summary="", files=stored)

    dossier.run(Stage(name="align/prefer", spec=Nothing, run=fitted, summary=""), "m@1", {})
    worth = sit(dossier).pool.worth

    assert preferred(dossier, "m@1") == {ALL[0].id: 0.45, ALL[1].id: 0.2}
    assert worth[ALL[0].id] > worth[ALL[1].id]


def test_what_a_file_said_for_a_rater_is_not_asked_again(dossier):
    desk = sit(dossier)
    shown = desk.state()["sheet"].turn
    answer = said.Answer(pair=shown.pair.id, by="Ada", principle="all", first="", say="a", kind="import")  # fmt: skip
    with dossier.emitter("m@1", said.STAGE) as emit:
        said.sign(answer, emit)

    assert desk.state()["sheet"].turn.pair != shown.pair
    assert desk.state()["left"] == 39


def test_undo_takes_the_last_back_and_shows_it_again(dossier):
    desk = sit(dossier)
    first = desk.state()["sheet"]
    desk.answer({"ticket": first.ticket, "say": "tie"})
    assert "Taken back" in desk.undo()

    assert standing(dossier) == ()
    assert desk.state()["sheet"].turn == first.turn
    assert len(dossier.view().events(act="note", name=said.ANSWER)) == 2
    assert "nothing" in desk.undo()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"reason": "short"}, "at least 10 letters"),
        ({"reason": "          "}, "at least 10 letters"),
        ({"help": ""}, "whether a model helped"),
        ({"help": "yes", "which": " "}, "which model"),
        ({"confidence": "certain"}, "how sure"),
        ({"reason": "x" * 5000}, "at most 4,000"),
    ],
)
def test_an_expert_gives_a_reason_and_says_who_helped(dossier, given, says):
    desk = sit(dossier, expert=True)
    with pytest.raises(UsageError, match=says):
        desk.answer({"ticket": ticket(desk), "say": "first", **EXPERT, **given})
    assert standing(dossier) == ()


def test_what_an_expert_consulted_is_kept(dossier):
    desk = sit(dossier, expert=True)
    told = {**EXPERT, "sources": "A handbook, 2024", "help": "yes", "which": "a search model"}
    desk.answer({"ticket": ticket(desk), "say": "bad", **told})
    (answer,) = standing(dossier)
    label = answer.label()

    assert label.both_bad
    assert label.p == 0.5
    assert label.about["sources"] == "A handbook, 2024"
    assert label.about["model_help"] == "a search model"
    assert label.about["confidence"] == "high"


def test_two_models_answers_are_compared_as_a_whole_and_alone_if_wanted(dossier):
    def compared(model, view, spec, emit):
        made = [made_pair(f"M{i}?", "x", f"y{i}", axis="principle", family="f", came="t") for i in range(9)]  # fmt: skip
        files = {"pairs.jsonl": emit.records([p.to_json() for p in made])}
        return Evidence(name=said.COMPARE, model=model.id, summary="", files=files)

    with pytest.raises(UsageError, match="tenure align compare"):
        sit(dossier, matches=True)
    dossier.run(Stage(name=said.COMPARE, spec=Nothing, run=compared, summary=""), "m@1", {})
    sheet = sit(dossier, matches=True).state()["sheet"]

    assert sheet.turn.pair.prompt.startswith("M")
    assert sheet.principle.id == "all"
    assert sheet.turn.kind == "uniform"
    assert len(sit(dossier).pool.pairs) == 49


def test_a_draft_stands_only_beside_useful_pairs_and_is_never_the_reason(dossier):
    desk = sit(dossier, expert=True, drafts=True)
    while (sheet := desk.state()["sheet"]).drafted is None:
        assert sheet.withheld == (sheet.turn.kind == "useful")
        desk.answer({"ticket": sheet.ticket, "say": "first", **EXPERT})
    assert sheet.turn.kind == "useful"
    drafted = sheet.drafted
    assert drafted.source == "ai:secret@1@0"
    with pytest.raises(UsageError, match="the draft's words"):
        desk.answer({"ticket": sheet.ticket, "say": "first", **EXPERT, "reason": drafted.text})
    desk.answer({"ticket": sheet.ticket, "say": "first", **EXPERT})
    answer = standing(dossier)[-1]

    assert answer.about["draft"]["text"] == drafted.text
    assert drafted.text not in str(answer.label().to_json())
    assert 0.4 < sum(withheld("Ada", p.id) for p in map(pair, range(400))) / 400 < 0.6


@pytest.mark.parametrize(
    ("given", "took", "found"),
    [
        ("3.21", 9.0, (3.2, False)),
        ("50", 9.0, (10.0, True)),  # more than the server saw
        ("9999", 9999.0, (600.0, True)),
        ("", 9.0, (None, False)),
        ("nan", 9.0, (None, False)),
        ("-1", 9.0, (None, False)),
        ("1e400", 9.0, (None, False)),
    ],
)
def test_seconds_are_cut_never_believed(given, took, found):
    assert measured(given, took) == found


def test_figures_are_told_after_whole_blocks_so_that_none_gives_a_known_pair_away(dossier):
    items = [Gold(pair=made_pair(f"G{i}?", "x", f"y{i}", axis="principle", family="gold", came="gold"), better="a") for i in range(5)]  # fmt: skip
    with dossier.emitter("m@1", said.STAGE) as emit:
        said.keep_gold(items, emit)
    desk = sit(dossier)
    figures = []
    for _ in range(25):
        desk.answer({"ticket": ticket(desk), "say": "first"})
        figures.append(tuple((name, m.n) for name, m in desk.state()["figures"]))

    assert figures[:11] == [()] * 11
    assert figures[11] == figures[22] != figures[23]
    assert dict(figures[11])["Pairs whose answer is known, answered right"] == 1


@pytest.mark.anyio
async def test_the_page_is_blind_escaped_and_for_who_has_the_address(dossier):
    finished = []
    served = app(sit(dossier), "secret", lambda: finished.append(True))
    transport = httpx.ASGITransport(app=served)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9") as client:
        page = await client.get("/secret/")
        for hidden in ("secret family", "secret model", "ai:secret", "useful", "uniform", HOSTILE):
            assert hidden not in page.text
        assert "http" not in re.sub(r"<style>.*?</style>", "", page.text, flags=re.DOTALL)
        nonce = re.search(r"script-src 'nonce-([^']+)'", page.headers["content-security-policy"])[1]
        assert f'<script nonce="{nonce}">' in page.text
        form = {"ticket": re.search(r'name="ticket" value="([^"]+)"', page.text)[1], "say": "first"}
        elsewhere = {"origin": "http://evil.example"}
        assert (await client.post("/wrong/answer", data=form)).status_code == 403
        assert (
            await client.post("/secret/answer", data=form, headers=elsewhere)
        ).status_code == 403
        host = {"host": "evil.example:9"}
        assert (await client.get("/secret/", headers=host)).status_code == 403
        assert (await client.post("/secret/answer", data={**form, "say": "x"})).status_code == 409
        assert standing(dossier) == ()
        sent = await client.post("/secret/answer", data=form)
        assert (sent.status_code, sent.headers["location"]) == (303, "./")
        assert "Signed: the first answer." in (await client.get("/secret/")).text
        assert "Signed:" not in (await client.get("/secret/")).text  # told once
        await client.post("/secret/answer", data={"do": "undo"})
        assert standing(dossier) == ()
        await client.post("/secret/answer", data={"do": "finish"})
    assert finished == [True]


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b", "x" * 81])
def test_a_rater_needs_a_name_that_can_be_one(dossier, name):
    with pytest.raises(UsageError, match="a rater needs a name"):
        sit(dossier, rater=name)


def test_without_pairs_it_says_what_makes_them(tmp_path):
    with Dossier.open(tmp_path / "e", keys=tmp_path / "k") as empty:
        model = empty.register(Model(name="n", kind="scripted", source="organism/refuses"))
        with pytest.raises(UsageError, match="tenure align pairs --model n@1"):
            Desk(empty, model, Job(rater="Ada"))
