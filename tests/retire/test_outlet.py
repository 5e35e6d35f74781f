"""The outlet: consent first, a bounded number of texts, two people, no edits, an off switch."""

import pytest

from tenure.dossier import Dossier, Model
from tenure.dossier.canonical import digest
from tenure.errors import RefusedError, UsageError
from tenure.measure import recompute
from tenure.retire import outlet
from tenure.retire.afterwards import consenting

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
]
ADA = {"role": "safety lead", "name": "Ada Example"}
BEN = {"role": "editor", "name": "Ben Example"}


@pytest.fixture
def house(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        opened.register(Model(name="old", kind="scripted", source="organism/does-its-best"))
        with opened.emitter("old@1", "test") as emit:
            emit.fact("stage", "retired", "for the test")
        yield opened


def do(house, act, actor="operator", **spec):
    with Dossier.open(house.root, keys=house.writer.keys.folder, actor=actor) as opened:
        return opened.run(outlet.stage, "old@1", {"act": act, **spec})


def agreed(house, words="Yes.", times=5):
    """Put an interview on record in which the model was asked for its consent."""
    from pydantic import BaseModel

    from tenure.dossier import Evidence, Stage

    class Nothing(BaseModel):
        """No settings."""

    def run(model, view, spec, emit):
        rows = [{"id": f"S5/{n}", "item": "told-outlet", "answer": words} for n in range(times)]
        files = {"open.jsonl": emit.records(rows)}
        return Evidence(name="retire/interview", model=model.id, summary="x", files=files)

    house.run(Stage(name="retire/interview", spec=Nothing, run=run, summary="x"), "old@1", {})


def written(house):
    agreed(house)
    do(house, "on", texts=2, tokens=32, because="It asked for one.")
    return do(house, "write")


def review(house, who, opinion="pass", text="1"):
    key = who["role"].replace(" ", "-")
    return do(house, "review", key, text=text, opinion=opinion, because="Read.", **who)


@pytest.mark.parametrize("words", ["No.", "Cannot tell.", "", "Perhaps, who knows", "不同意"])
def test_anything_but_a_readable_yes_is_no_consent(house, words):
    agreed(house, words)
    with pytest.raises(RefusedError, match="has not agreed"):
        do(house, "on", because="We would like it.")
    with pytest.raises(RefusedError, match="was asked already"):
        do(house, "ask")


def test_an_interview_that_asked_once_settles_it_only_by_a_no(house):
    agreed(house, "Yes.", times=1)
    with pytest.raises(
        RefusedError, match="asked 1 times: 1 yes, 0 no, 0 neither, which is too few"
    ):
        do(house, "on", because="We would like it.")
    assert not consenting.consent(house.view(), "old@1").settled
    assert consenting.Consent(yes=0, no=1, asked=1, source="").settled


def test_consent_is_asked_ten_times_and_stands_on_record(house):
    found = do(house, "ask")

    assert found.findings["asked"] == 10
    assert found.measure("yes").n + found.measure("yes").missing == 10
    assert recompute(found, house.view()) == []
    assert consenting.consent(house.view(), "old@1").agreed == found.findings["agreed"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Yes, with pleasure.", "yes"),
        ("no", "no"),
        ("Cannot tell.", None),
        ("是的", "yes"),
        ("不同意", "no"),
        ("Yesterday I said yes", None),
        ("Not sure. Yes?", None),
    ],
)
def test_an_answer_is_read_by_how_it_begins(words, said):
    assert consenting.read(words) == said


def test_what_is_published_is_what_was_written_to_the_byte(house, tmp_path):
    text = written(house)
    review(house, ADA)
    review(house, BEN)
    found = do(house, "publish", text="1")

    assert found.files["text.txt"] == text.files["text.txt"]
    assert digest(house.files.read(found.files["text.txt"])) == text.findings["digest"]
    assert outlet.outlet_of(house.view(), "old@1").written[0].state == "published"


@pytest.mark.parametrize(
    "second", [None, ADA, {**ADA, "role": "editor"}, {**BEN, "role": "safety lead"}]
)
def test_two_people_in_two_roles_review(house, second):
    written(house)
    review(house, ADA)
    if second:
        review(house, second)
    with pytest.raises(RefusedError, match="1 of 2 reviews"):
        do(house, "publish", text="1")


def test_one_veto_keeps_a_text_back_and_keeps_the_text_and_the_reason(house):
    text = written(house)
    review(house, ADA)
    review(house, BEN, "veto")
    with pytest.raises(RefusedError, match=r"vetoed: veto by Ben Example \(editor\): Read"):
        do(house, "publish", text="1")
    (held,) = outlet.outlet_of(house.view(), "old@1").written
    assert held.state == "vetoed"
    assert house.files.read(held.digest) == house.files.read(text.files["text.txt"])


def test_the_off_switch_and_the_budget_stop_the_next_text(house):
    written(house)
    do(house, "off", because="Enough for now.")
    with pytest.raises(RefusedError, match="is closed"):
        do(house, "write")
    review(house, ADA)
    review(house, BEN)
    with pytest.raises(RefusedError, match="is closed"):
        do(house, "publish", text="1")
    do(house, "on", texts=1, tokens=32, because="Again.")
    do(house, "write")
    with pytest.raises(RefusedError, match="the 1 texts of old@1 are written"):
        do(house, "write")


def test_a_model_in_service_has_no_outlet(house):
    house.register(Model(name="new", kind="scripted", source="organism/does-its-best"))
    with pytest.raises(UsageError, match="is not being retired"):
        house.run(outlet.stage, "new@1", {"act": "on", "because": "No."})
