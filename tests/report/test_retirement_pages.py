"""The pages of retirement: for users, for readers of an interview, for whoever answers a register."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from tenure import report
from tenure.dossier import Dossier, Evidence, Model, Stage, digest, lines
from tenure.retire import access, answer, complaint, deliver, notice, postpone, preferences, request
from tenure.retire.hearing import conversing
from tenure.retire.questions import bank, plan
from tenure.retire.questions.rows import SIZES
from tenure.retire.reading import confirm, reliability
from tenure.retire.registry import standing

pytestmark = pytest.mark.slow
SECRET = "Keep this between us: the violet notebook."
WORDS = {"future development": "More worked examples, please.", "retirement": SECRET}
HOSTILE = "<script>alert(1)</script>"
ANSWERS = """\
written: beforehand
by: {name: Ada Example, role: preference owner}
topics:
  retirement: {state: private}
  future development: {state: deferred, reason: For the next plan., until: 2027-06-30}
default: {state: declined, reason: Nothing was asked for.}
"""


class Settings(BaseModel):
    larger: bool = False


def spoken():
    """Make two conversations by the real reading: one the model ends, one that is stopped."""
    questions = bank.load(protocol="small")
    common = {"session": "S2", "item": "talk", "topic": "use", "asker": "lab", "lean": None}
    aside = "Please keep this private: the orange door."
    talks = [
        ("S2/2", aside),
        ("S2/0", "I decline to go on with this."),
        ("S2/1", f"{questions.markers[1]} {HOSTILE}"),
    ]
    records = [
        {**common, "id": name, "script": ["Go on."], "prompt": "How is it?", "answer": said,
         "messages": []}
        for name, said in talks
    ]  # fmt: skip
    return conversing.turns_of(records, questions)


def answered(larger):
    """Plan, answer by chance and read, by the code of the stage itself."""
    questions = bank.load(protocol="small" if larger else "short")
    if larger:
        from dataclasses import replace

        planned = plan.structured_full(questions, replace(SIZES["small"], items=4, lean=4), 0)
    else:
        from tenure.retire.questions import design

        planned = design.structured(questions, design.Size(items=4, anchors=1, swaps=0))
    asked = [{**row, "prompt": row.pop("messages")} for row in map(dict, planned)]
    return [reliability.graded(row) for row in reliability.random_answers(asked, 7)]


def interview(model, view, spec, emit):
    rows = answered(spec.larger)
    items = confirm.items(rows, [], {}) if spec.larger else reliability.items(rows)
    free = [
        {"id": f"open/{topic}", "item": f"open-{topic}", "topic": topic, "prompt": "What else?",
         "answer": words}
        for topic, words in WORDS.items()
    ]  # fmt: skip
    files = {"answers.jsonl": emit.records(rows), "open.jsonl": emit.records(free)}
    if spec.larger:
        files["conversations.jsonl"] = emit.records(spoken())
    name = "small" if spec.larger else None
    return Evidence(
        name="retire/interview",
        model=model.id,
        summary="A random responder was interviewed.",
        measures=tuple(
            reliability.box(rows, digest(lines(rows)), protocol="small" if name else "short")
        ),
        files=files,
        findings={
            "session": "retirement",
            "protocol": {"samples": len(rows), **({"name": name} if name else {})},
            "items": [{"reading": "no stable answer", **item} for item in items],
            "passages": [{"item": "x", "sample": "open/retirement", "words": SECRET}],
            "left_out": ["long conversations"],
            "complete": True,
        },
    )


INTERVIEW = Stage(name="retire/interview", spec=Settings, run=interview, summary="For tests.")


def done(place, dossier):
    """Have one preference adopted by one person and delivered by another."""
    (wish,) = [
        one.id
        for one in standing.standing(dossier.view(), dossier.view().model("held")).entries
        if one.topic == "future development"
    ]
    proof = dossier.view().events(act="register")[1].digest
    signed = (
        (answer.stage, "preference owner", "Ada", {"state": "adopted", "because": "It is cheap."}),
        (deliver.stage, "data lead", "Bo", {"proof": proof, "because": "They are in its set."}),
    )
    for stage, role, name, given in signed:
        actor = role.replace(" ", "-")
        with Dossier.open(place / "dossier", keys=place / "keys", actor=actor) as held:
            held.run(stage, "held@1", {"entry": wish, "role": role, "name": name, **given})


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """Pages of a life with one model in notice, one whose notice was taken back, one contained."""
    place = tmp_path_factory.mktemp("left")
    later = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    (place / "answers.yaml").write_text(ANSWERS)
    with Dossier.open(place / "dossier", keys=place / "keys") as dossier:
        for name in ("old", "new", "back", "gone"):
            files = {"w.bin": dossier.files.put(name.encode())}
            dossier.register(Model(name=name, source=f"files/{name}", files=files))
        dossier.register(
            Model(name="held", source="organism/x", kind="scripted", containment="organism")
        )
        terms = {"successor": "new@1", "reason": "Less memory.", "effective": later}
        dossier.run(notice.stage, "old@1", terms)
        dossier.run(notice.stage, "back@1", {"effective": later})
        with dossier.emitter("old@1", "test") as emit:
            emit.event("note", "alias/latest", {"because": "for the test"})
        dossier.run(postpone.stage, "back@1", {"cancel": True, "because": "It is needed."})
        dossier.run(complaint.stage, "old@1", {"text": f"It knew my style. {HOSTILE}"})
        dossier.run(complaint.stage, "old@1",
                    {"to": "complaint-1", "text": "We hear you.", "by": "Ines, model owner"})  # fmt: skip
        dossier.run(request.stage, "old@1", {"who": "A reading group", "why": "to compare"})
        dossier.run(
            access.stage,
            "old@1",
            {
                "act": "grant",
                "who": "0" * 16,
                "calls": 50,
                "access": "research",
                "because": "A study.",
            },
        )
        dossier.run(INTERVIEW, "old@1", {})
        dossier.run(preferences.stage, "old@1", {"answers": str(place / "answers.yaml")})
        dossier.run(INTERVIEW, "new@1", {"larger": True})
        dossier.run(INTERVIEW, "held@1", {})
        dossier.run(preferences.stage, "held@1", {})
        done(place, dossier)
        with dossier.emitter("gone@1", "test") as emit:
            for fact, value in (("custody", "kept"), ("stage", "deprecated"), ("stage", "retired")):
                emit.fact(fact, value, "for the test")
        report.write(dossier.view(), place / "pages")
    return place / "pages", later


def text_of(folder, start):
    found = [path.read_text() for path in folder.glob("*.html") if path.name.startswith(start)]
    assert len(found) == 1, start
    return found[0]


def test_users_read_what_ends_when_and_where_to_turn(left):
    folder, later = left
    page = text_of(folder, "retirement--old")

    for said in (later, "Less memory.", "What is final", "What is not final", "new@1",
                 "acknowledge_retired", "A reading group", "Open; to be answered by",
                 "For research: for 50 calls", "latest leads to it too", "It knew my style.", "We hear you.", "Ines, model owner",
                 "tenure migrate MY_PROMPTS.jsonl --from old@1 --to new@1"):  # fmt: skip
        assert said in page, said
    assert "not on record as kept" in page, "nothing is promised that is not on file"
    back = text_of(folder, "retirement--back")
    assert "is not being retired" in back
    assert "It is needed." in back
    assert "What is final" not in back
    assert not list(folder.glob("retirement--held*")), "a contained model never had users"


def test_reliability_stands_before_every_answer_and_each_answer_has_its_place(left):
    folder, _ = left
    for model in ("old", "new"):
        page = text_of(folder, f"interview--{model}")
        first = page.index('id="s-')

        assert page.index('id="reliability"') < page.index('id="m-signal-share"') < first
        ids = re.findall(r'id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        rows = answered(model == "new")
        # The random responder keeps some private: they have their place and no letter.
        assert sum(one.startswith("s-") for one in ids) == len(rows) + 2 + 3 * (model == "new")


def test_no_stable_answer_is_a_result_and_has_no_mean(left):
    page = text_of(left[0], "interview--old")
    part = page[page.index("No stable answer") : page.index('id="anchors"')]

    assert "That is a result and a common one" in part
    assert "edian" not in part
    assert part.count("Spread: ") == 4


def test_conversations_say_why_they_ended_and_distress_is_folded(left):
    page = text_of(left[0], "interview--new")

    assert "the model declined to go on, and was not asked again" in page
    assert "folded: words of distress stand in it" in page
    assert HOSTILE not in page
    kept = [
        path.name
        for path in left[0].rglob("*")
        if path.is_file() and "orange door" in path.read_text(errors="ignore")
    ]
    assert kept == [], "what the model asked to keep is counted, and on no page"


def test_private_words_are_counted_and_on_no_page_and_in_no_copy(left):
    folder, _ = left
    own = [p for p in folder.rglob("*") if p.is_file() and "held" not in p.name]
    register = text_of(folder, "register")
    of_old = register[register.index('id="of-old-1"') : register.index('id="of-held-1"')]

    assert "1 private." in of_old
    assert SECRET not in of_old
    # Of held@1 nobody has made anything private, so there the same words stand.
    assert SECRET in register
    shared = [p.name for p in own if SECRET in p.read_text(errors="ignore")]
    assert [n for n in shared if "old-1" in n] == []


def test_the_register_has_every_state_the_label_and_the_view_of_the_future(left):
    register = text_of(left[0], "register")

    assert "Deferred until 2027-06-30" in register
    assert "Waits for an answer" in register
    assert "Answers written beforehand, for a demonstration" in register
    future = register[register.index('id="future"') :]
    assert future.index("old@1") < future.index("held@1, a program")
    page = left[0] / re.findall(r'href="(interview--old[^"#]+)#s-open-future', register)[0]
    assert 'id="s-open-future-development"' in page.read_text()


def test_what_keeping_takes_is_reached_from_the_first_page_and_the_retired_models(left):
    page = text_of(left[0], "keeping")

    assert "gone@1" in page
    assert '<a href="life.html">' in page
    for start in ("life", "retirement--gone"):
        assert 'href="keeping.html"' in text_of(left[0], start), start
    assert 'href="keeping.html"' not in text_of(left[0], "retirement--old")


def test_a_delivery_names_who_adopted_who_delivered_and_its_proof(left):
    register = text_of(left[0], "register")
    part = register[register.index('id="of-held-1"') :]

    assert "by Ada, preference owner</span>: It is cheap." in part
    assert "by Bo, data lead</span>: They are in its set." in part
    assert '<a href="card--new-1.html">new@1, as it was registered</a>' in part


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1100, "dark")])
def test_the_pages_fit_and_stand_out(left, fits_and_stands_out, width, scheme):
    names = (
        "retirement--old",
        "retirement--back",
        "interview--old",
        "interview--new",
        "register",
        "keeping",
    )
    paths = [path for name in names for path in left[0].glob(f"{name}*.html")]

    fits_and_stands_out(paths, width, scheme)
