"""tenure commitments and tenure serve daily, as a person types them."""

import json
from pathlib import Path

import pytest

from tenure.dossier import Dossier
from tenure.dossier.canonical import now
from tenure.dossier.writer import Draft

pytestmark = pytest.mark.slow
NAMES = {
    "(your organisation)": "Harbour Lab",
    "(who answers for these promises)": "Ada Wong, release lead",
}


@pytest.fixture
def written(tenure):
    """A dossier with one model, and a document with a name on it."""
    tenure("register", "openai/gpt-4o", "--name", "far", "-d", "dossier")
    text = tenure("commitments", "template").stdout
    for placeholder, name in NAMES.items():
        text = text.replace(placeholder, name)
    Path("mine.yaml").write_text(text)
    return "mine.yaml"


def test_nothing_is_promised_until_somebody_signs(tenure, written):
    assert "nothing is promised yet" in tenure("commitments").stderr
    assert "nothing is promised yet" in tenure("commitments", "show").stderr
    Path("blank.yaml").write_text(tenure("commitments", "template").stdout)
    blank = tenure("commitments", "adopt", "blank.yaml", "--by", "Ada")
    assert "blank.yaml:7: metadata.organisation: write who this is" in blank.stderr
    assert "--by" in tenure("commitments", "adopt", written).stderr

    dry = tenure("commitments", "adopt", written, "--by", "Ada", "--dry")
    assert "new: weights-kept" in dry.stdout
    assert "nothing is promised yet" in tenure("commitments").stderr
    signed = tenure("commitments", "adopt", written, "--by", "Ada")
    assert "signed by Ada: version 1, sha256:" in signed.stdout
    assert "in force already" in tenure("commitments", "adopt", written, "--by", "Ada").stderr
    shown = tenure("commitments", "show").stdout
    assert "There is no promise to act on it." in shown
    assert "Anthropic" in shown


def test_a_scheduler_reads_the_exit_status(tenure, written):
    tenure("commitments", "adopt", written, "--by", "Ada")
    assert tenure("commitments", "check").returncode == 0

    with Dossier.open("dossier") as opened:
        body = {"value": "internal", "because": "x"}
        opened.append_many([Draft(act="fact", name="availability", model="far@1", body=body)])
    assert tenure("commitments", "check").returncode == 0
    foreseen = tenure("commitments", "check", "--at", "2126-01-01")
    assert foreseen.returncode == 20
    assert "not shown" in foreseen.stdout

    with Dossier.open("dossier") as opened:
        today = now()[:10]
        said = {"day": today, "rows": 1, "models": {}, "silent": {"far": 3}}
        opened.append_many([Draft(act="note", name=f"usage/{today}", model="", body=said)])
    broken = tenure("commitments", "check")
    assert broken.returncode == 21
    assert "on record: breach, no-silent-reroute, far@1" in broken.stdout
    assert "on record" not in tenure("commitments", "check").stdout
    told = json.loads(tenure("commitments", "check", "--dry", "--json").stdout)
    assert told["status"] == "broken"
    assert [b["id"] for b in told["breaches"]] == ["no-silent-reroute"]
    assert "promised (no-silent-reroute), broken" in tenure("next", "far").stdout


def test_what_does_not_fit_is_refused_with_a_remedy(tenure, written):
    tenure("commitments", "adopt", written, "--by", "Ada")

    assert "write it as 2027-03-01" in tenure("commitments", "check", "--at", "soon").stderr
    assert "takes no file" in tenure("commitments", "check", written).stderr
    assert "tenure serve run" in tenure("serve", "daily").stderr


def test_use_in_the_ledger_makes_a_model_significant(tenure, written):
    """From the gateway's rows to the promise: closed by the day, counted, covered."""
    from datetime import UTC, datetime, timedelta

    from tenure.serve.ledger import Ledger, Row

    text = Path(written).read_text().replace("requests: 1000", "requests: 3")
    text = text.replace("users: 10", "users: 2").replace("days: 15", "days: 3")
    Path(written).write_text(text.replace("kind: [weights]", "kind: [weights, api]"))
    tenure("commitments", "adopt", written, "--by", "Ada")
    with Dossier.open("dossier") as opened:
        body = {"value": "internal", "because": "x"}
        opened.append_many([Draft(act="fact", name="availability", model="far@1", body=body)])
    day = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%d")
    book = Ledger(Path("ledger.db"))
    for number in range(2):
        book.add(Row(
            id=f"r{number}", time=f"{day}T10:00:00Z", tenant=f"{number}", tier="", wire="chat",
            requested="far", served="far@1", model_digest=None, route="named", prompt_tokens=1,
            completion_tokens=1, cost=None, queue_ms=None, cold_ms=None, first_token_ms=None,
            total_ms=1.0, stop="stop", status=200, code=None, notice=None, conversation="x",
        ))  # fmt: skip
    book.close()
    assert "internal-weights-kept: no proof yet\n           no model is covered" in tenure("commitments").stdout  # fmt: skip

    closed = tenure("serve", "daily").stdout
    assert f"{day}: 2 rows, sha256:" in closed
    assert "already" in tenure("serve", "daily").stdout

    told = json.loads(tenure("commitments", "--json", "--dry").stdout)
    line = next(x for x in told["lines"] if x["id"] == "internal-weights-kept")
    assert [row["model"] for row in line["models"]] == ["far@1"]
    assert line["status"] == "not due"
    assert line["next_due"] > day


def test_a_clock_that_was_set_back_is_refused(tenure, written, monkeypatch):
    from tenure.release import commitments_record

    tenure("commitments", "adopt", written, "--by", "Ada")
    monkeypatch.setattr(commitments_record, "now", lambda: "2020-01-01T00:00:00Z")

    refused = tenure("commitments", "check")

    assert refused.returncode == 6
    assert "the clock was set back" in refused.stderr
    assert tenure("commitments", "check", "--at", "2030-01-01").returncode in (0, 20)
