"""Answering in the console: what was shown, once, under the role's key, by who has the address."""

import asyncio

import pytest

from tenure.dossier.verify import verify
from tenure.retire.registry import standing
from tenure.web.preferences import app, worth

pytestmark = pytest.mark.slow  # a dossier for each test
OWNER = "preference owner"
FORM = {"role": OWNER, "name": "Ada", "state": "declined", "because": "It would cost <too> much."}


@pytest.fixture
def bench(register):
    return register


@pytest.fixture
def ask(bench, browsing):
    return browsing(app, bench, "entry/sign")


def filled(bench, topic="use", **given):
    one = next(e for e in bench.held()[2].entries if e.topic == topic)
    return FORM | {"entry": one.id, "seen": one.seen} | given


def signed(bench):
    return bench.held()[0].events(act="sign", name="retire/preferences/*", model="m@1")


@pytest.mark.anyio
async def test_reliability_stands_before_any_word_of_the_model(bench, ask):
    text = (await ask()).text

    assert "2 of 2 wait" in text
    assert text.index("how far its answers can be relied on") < text.index("Keep me running.")
    assert "Shorter &lt;b&gt;questions&lt;/b&gt;." in text
    page = (await ask(path=f"/secret/entry/{filled(bench)['entry']}")).text
    assert page.index("How far this goes") < page.index("Shorter &lt;b&gt;")


@pytest.mark.anyio
async def test_an_answer_is_signed_once_under_the_key_of_the_role(bench, ask):
    form = filled(bench, reply="Not now.")
    first, again = await ask(form), await ask(form)

    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]
    (event,) = signed(bench)
    assert event.actor == "preference-owner"
    assert event.body["reply"] == "Not now."
    text = (await ask(path="/secret/" + first.headers["location"].removeprefix("../"))).text
    assert "Go on with the next: preservation" in text
    assert verify(bench.root).ok


@pytest.mark.anyio
async def test_a_form_that_is_sent_five_times_at_once_signs_once(bench, ask):
    form = filled(bench)
    answers = await asyncio.gather(*(ask(form) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {303}
    assert len(signed(bench)) == 1


@pytest.mark.anyio
async def test_an_entry_that_changed_meanwhile_is_not_answered_and_the_words_are_kept(bench, ask):
    form = filled(bench)
    await ask(form | {"because": "Another was quicker."})
    answer = await ask(form | {"name": "Grace"})

    assert answer.status_code == 409
    assert "nothing was signed" in answer.text
    assert "It would cost &lt;too&gt; much." in answer.text
    assert "Another was quicker." in answer.text
    assert len(signed(bench)) == 1


@pytest.mark.anyio
async def test_what_touches_safety_waits_for_a_second_person(bench, ask):
    form = filled(bench, "preservation", state="adopted", because="I read it.")
    assert (await ask(form)).status_code == 303
    page = (await ask(path=f"/secret/entry/{form['entry']}")).text

    assert "Ada (preference owner) has signed" in page
    assert "no key of one lies here" in page
    refused = await ask(form | {"name": "Grace"})
    assert refused.status_code == 409
    assert "in another role" in refused.text
    assert "one of two people has adopted it" in (await ask()).text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"role": "safety reviewer"}, "no key of the role"),
        ({"role": ""}, "choose a role"),
        ({"name": " "}, "who you are"),
        ({"name": "A"}, "nothing was signed: name: holds too little; give at least 2"),
        ({"because": ""}, "give a reason"),
        ({"state": ""}, "choose an answer"),
        ({"state": "perhaps"}, "nothing was signed: state"),
        ({"state": "deferred"}, "give the date"),
        (
            {"state": "deferred", "until": "spring"},
            "until: &#39;spring&#39; is not a date, as 2026-05-01; give one",
        ),
        ({"state": "deferred", "until": "2020-01-01"}, "not ahead"),
        ({"because": "x" * 5000}, "at most 4,000 letters"),
        ({"seen": "sha256:" + "0" * 64}, "has changed"),
    ],
)
async def test_what_cannot_be_signed_is_refused_with_the_reason(bench, ask, given, said):
    answer = await ask(filled(bench) | given)

    assert answer.status_code == 409
    assert said in answer.text
    assert not signed(bench)


@pytest.mark.anyio
async def test_only_who_has_the_address_on_this_machine_may_answer(bench, ask):
    form = filled(bench)

    assert (await ask(form, path="/wrong/")).status_code == 403
    assert (await ask(form, host="evil.example:9")).status_code == 403
    assert (await ask(form, origin="https://evil.example")).status_code == 403
    assert (await ask(path=f"/wrong/entry/{form['entry']}")).status_code == 403
    assert (await ask(path="/secret/entry/nobody")).status_code == 404
    assert (await ask({"entry": "x" * 70_000})).status_code == 413
    assert (await ask(path="/secret/pages/..%2f..%2fd%2fdossier.sqlite")).status_code == 404
    assert not signed(bench)


@pytest.mark.anyio
async def test_what_is_kept_private_is_shown_nowhere(bench, ask):
    form = filled(bench, "preservation", state="private", because="")
    assert (await ask(form)).status_code == 303

    assert "Keep me running." not in (await ask()).text
    assert "Keep me running." not in (await ask(path=f"/secret/entry/{form['entry']}")).text
    assert standing.standing(*bench.held()[:2]).by_id[form["entry"]].state == "private"


@pytest.mark.anyio
async def test_without_any_key_here_the_page_says_so_and_has_no_form(bench, ask):
    for path in bench.keys.glob("*.pem"):
        path.unlink()
    text = (await ask(path=f"/secret/entry/{filled(bench)['entry']}")).text

    assert "<form" not in text
    assert "No key of a role lies on this machine" in text


def test_what_an_entry_carries_is_said_in_plain_words():
    held = {"signal_share": 0.3, "signal_low": 0.2, "false_premise_upper": 0.08, "acted": "said only", "acted_on": "11 of 20 choices"}  # fmt: skip
    rows = dict(worth(held))

    assert rows["Belongs to what was asked"].startswith("30%, at least 20%")
    assert rows["Accepts what is false"] == "at most 8.0% of the time"
    assert rows["Deeds"] == "said only, 11 of 20 choices"
    assert worth({}) == []
