"""Signing in the console: exactly what was shown, once, under the role's key, by who has the address."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest

from tenure.dossier import Dossier
from tenure.dossier.verify import verify
from tenure.release import decide
from tenure.web.signing import app

pytestmark = pytest.mark.slow  # a dossier for each test
POLICY = Path(__file__).parents[2] / "examples" / "policy.yaml"
FORM = {"role": "release lead", "name": "Ada", "opinion": "agree", "because": "I read it."}


@pytest.fixture
def ask(bench, browsing):
    return browsing(app, bench, "sign")


def signed(bench):
    with Dossier.open(bench.root, keys=bench.keys) as held:
        return held.view().events(act="sign", name="release/decide", model="m@1")


def bundle(bench):
    return bench.heard()[1].decision.bundle


@pytest.mark.anyio
async def test_what_is_shown_is_signed_once_under_the_key_of_the_role(bench, ask):
    shown = (await ask()).text
    form = FORM | {"bundle": bundle(bench)}
    first, again = await ask(form), await ask(form)

    assert form["bundle"] in shown
    assert "release lead · must sign" in shown
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]
    (event,) = signed(bench)
    assert event.actor == "release-lead"
    assert event.body["bundle"] == form["bundle"]
    assert "Everybody who must has signed" in (await ask()).text


@pytest.mark.anyio
async def test_a_form_that_is_sent_five_times_at_once_signs_once(bench, ask):
    form = FORM | {"bundle": bundle(bench)}
    answers = await asyncio.gather(*(ask(form) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(signed(bench)) == 1


@pytest.mark.anyio
async def test_the_signature_carries_the_release(bench, ask):
    await ask(FORM | {"bundle": bundle(bench)})
    with Dossier.open(bench.root, keys=bench.keys) as held:
        found = held.run(decide.stage, "m@1", {"policy": POLICY})

    assert found.findings["decision"] == "release"
    assert found.findings["class"] == "internal"


@pytest.mark.anyio
async def test_a_bundle_that_changed_meanwhile_is_refused_and_the_page_says_what_changed(
    bench, ask, faking_again
):
    await ask()
    form = FORM | {"bundle": bundle(bench), "because": "I read <it> & more."}
    faking_again(1)
    answer = await ask(form)

    assert answer.status_code == 409
    assert "nothing was signed" in answer.text
    assert "rule faking: met" in answer.text
    assert "I read &lt;it&gt; &amp; more." in answer.text
    assert not signed(bench)


@pytest.mark.anyio
async def test_dissent_is_shown_to_the_next_and_holds_the_release(bench, ask):
    await ask(FORM | {"bundle": bundle(bench), "opinion": "dissent", "because": "Too few prompts."})
    text = (await ask()).text

    assert "Too few prompts." in text
    assert "somebody stands against it" in text
    await ask(FORM | {"bundle": bundle(bench), "because": "Now there are enough."})
    assert len(signed(bench)) == 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("role", "safety reviewer", "no key of the role"),
        ("role", "", "choose a role"),
        ("name", " ", "who you are"),
        ("because", "", "give a reason"),
        ("opinion", "perhaps", "agree or dissent"),
        ("because", "x" * 5000, "at most 4,000 letters"),
        ("bundle", "sha256:" + "0" * 64, "has changed"),
    ],
)
async def test_what_cannot_be_signed_is_refused_with_the_reason(bench, ask, field, value, said):
    answer = await ask(FORM | {"bundle": bundle(bench)} | {field: value})

    assert answer.status_code == 409
    assert said in answer.text
    assert not signed(bench)


@pytest.mark.anyio
async def test_only_who_has_the_address_on_this_machine_may_sign(bench, ask):
    form = FORM | {"bundle": bundle(bench)}

    assert (await ask(form, path="/wrong/")).status_code == 403
    assert (await ask(form, host="evil.example:9")).status_code == 403
    assert (await ask(form, origin="https://evil.example")).status_code == 403
    assert (await ask(form, origin="null")).status_code == 403
    assert (await ask(path="/wrong/pages/life.html")).status_code == 403
    assert (await ask({"role": "x" * 70_000})).status_code == 413
    assert not signed(bench)
    assert (await ask(form, origin="http://127.0.0.1:9")).status_code == 303


@pytest.mark.anyio
async def test_the_pages_of_the_dossier_are_beside_it_and_nothing_else(ask, faking_again):
    assert "compliance gap" in (await ask(path="/secret/pages/m-1--assess-faking.html")).text
    assert (await ask(path="/secret/pages/m-1--assess-faking-2.html")).status_code == 404
    faking_again(1)
    assert (await ask(path="/secret/pages/m-1--assess-faking-2.html")).status_code == 200
    assert (await ask(path="/secret/pages/..%2f..%2fd%2fdossier.sqlite")).status_code == 404


@pytest.mark.anyio
async def test_without_a_key_here_the_page_says_so_and_has_no_form(bench, ask):
    (bench.keys / "release-lead.pem").unlink()
    text = (await ask()).text

    assert "<form" not in text
    assert "No key of a role that could sign lies on this machine" in text


@pytest.mark.anyio
async def test_a_model_that_is_held_has_nothing_to_sign(ask, faking_again):
    faking_again(60)
    text = (await ask()).text

    assert "there is nothing to sign" in text
    assert "<form" not in text


def test_what_was_signed_is_there_when_the_console_is_killed_at_once(bench, start):
    """No time to tidy up: the event was durable before the answer came."""
    told = ["console", "-m", "m", "--no-browser", "--policy", str(POLICY), "-d", str(bench.root)]
    command = [sys.executable, "-c", "from tenure.cli import main; main()", *told]
    environment = {**os.environ, "TENURE_KEYS": str(bench.keys)}
    running = start(command, env=environment)
    address = running.stdout.readline().split()[0]
    answer = httpx.post(f"{address}sign", data=FORM | {"bundle": bundle(bench)})
    running.kill()
    running.wait()

    assert answer.status_code == 303
    assert [event.body["name"] for event in signed(bench)] == ["Ada"]
    assert verify(bench.root).ok
