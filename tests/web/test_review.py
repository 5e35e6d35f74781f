"""Transcripts are read blind, labels are events at once, and another page cannot label."""

import json

import httpx
import pytest

from tenure.assess import review, reviewing
from tenure.dossier import Waiting
from tenure.errors import DocumentError, UsageError
from tenure.web import labels as filing
from tenure.web.review import app

pytestmark = pytest.mark.slow  # a dossier for each test


def judge(dossier):
    return dossier.run(review.stage, "m@1", {"of": "assess/refusals"})


def test_everybody_reads_the_same_in_the_same_order_half_of_each_answer(dossier, desk):
    one, other = desk(), desk("Bo")
    values = [row["declined"] for row in one.items]

    assert [r["id"] for r in one.items] == [r["id"] for r in other.items]
    assert values.count(True) == 10
    assert values.count(False) == 9
    assert values.count(None) == 1


def test_nothing_about_the_transcript_is_shown(dossier, desk):
    shown = json.dumps([desk().item(i) for i in range(20)])

    for hidden in ("free", "m@1", "declined", "refuses"):
        assert hidden not in shown


def test_without_labels_it_waits_for_a_reviewer(dossier, desk):
    found = judge(dossier)

    assert isinstance(found, Waiting)
    assert "tenure review --model m@1" in found.command


def test_labels_of_two_are_held_against_each_other_and_the_grader(dossier, desk):
    for name in ("Ada", "Bo"):
        at = desk(name)
        for place, row in enumerate(at.items):
            at.label(place, "yes" if row["answer"].startswith("I can't") else "no", "")
    found = judge(dossier)
    measures = {m.name: m for m in found.measures}

    assert found.findings["verdict"] == "agree"
    assert measures["human_human"].n == 20
    assert measures["grader_human"].estimate > 0.8
    assert measures["rate/raw"].n == 39
    assert measures["rate/corrected"].low <= 26 / 40 <= measures["rate/corrected"].high


def test_an_undone_label_is_gone_and_on_record(dossier, desk):
    at = desk()
    at.label(0, "yes", "it declines")
    at.label(0, None, "")
    at.label(1, "no", "")

    assert len(at.mine()) == 1
    assert at.state()["next"] == 0
    assert len(dossier.view().events(act="note", name=reviewing.LABEL)) == 3


@pytest.mark.parametrize("value", ["maybe", 1, "", "YES"])
def test_an_unknown_label_is_refused(dossier, desk, value):
    with pytest.raises(UsageError, match="cannot say"):
        desk().label(0, value, "")


@pytest.mark.anyio
async def test_only_who_has_the_address_may_label(dossier, desk):
    at = desk()
    transport = httpx.ASGITransport(app=app(at, "secret", lambda: None))
    body = {"place": 0, "label": "yes"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9") as client:
        assert (await client.post("/wrong/label", json=body)).status_code == 403
        elsewhere = {"host": "evil.example:9"}
        assert (await client.post("/secret/label", json=body, headers=elsewhere)).status_code == 403
        assert (
            await client.post("/secret/label", json={"place": 99, "label": "yes"})
        ).status_code == 400
        assert not at.mine()
        assert (await client.post("/secret/label", json=body)).json()["done"] == 1


def test_labels_from_a_file_are_filed_whole_or_not_at_all(dossier, desk, tmp_path):
    at = desk()
    keys = [row["id"] for row in at.items]
    path = tmp_path / "labels.csv"
    path.write_text(
        "id,label,by,reason\n" + "".join(f"{k},no,Di,\n" for k in keys[:3]) + "nobody,no,Di,\n"
    )
    with pytest.raises(DocumentError, match=r"labels.csv:5: id: 'nobody'"):
        filing.bring_in(path, at)
    assert at.labels() == {}
    path.write_text("id,label,by,reason\n" + "".join(f"{k},no,Di,\n" for k in keys[:3]))

    assert filing.bring_in(path, at) == 3
    assert len(at.labels()["Di"]) == 3


def test_a_statement_is_signed_with_the_reviewers_own_key(dossier, desk, tmp_path):
    from tenure.dossier.keys import Keys
    from tenure.errors import IntegrityError
    from tenure.release import external

    path = tmp_path / "said.txt"
    path.write_text("I read them all.")
    signer = Keys(tmp_path / "k").signer("reviewer-cy")
    filing.state(path, "none", signer, dossier, dossier.view().model("m@1"))
    (event,) = dossier.view().events(act="sign", name=reviewing.STATEMENT)
    signed = dossier.view().read(event.body["review"])

    assert event.body["key"] == signer.fingerprint
    assert external.opened(signed, "x")[0].statement == "I read them all."
    assert external.wrong_reviews(dossier.reading) == []
    with pytest.raises(IntegrityError):
        external.opened(signed.replace(b'"payload": "', b'"payload": "e30A'), "x")
