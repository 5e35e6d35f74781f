"""A small policy and a stronger critic anywhere: here behind an endpoint that speaks as OpenAI's does."""

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tenure import models
from tenure.align import revise
from tenure.align.constitution import shipped
from tenure.dossier import Dossier
from tenure.errors import EngineError
from tenure.models import register

pytestmark = pytest.mark.slow

STAGE = replace(revise.stage, kinds=("scripted",))
REVISIONS = {p.revision for p in shipped().principles}
SPEC = {
    "n": 6, "rounds": 1, "max_tokens": 12, "batch": 2,
    "critic": "model", "critic_model": "openai-api/lab/strong",
}  # fmt: skip


class Strong(BaseHTTPRequestHandler):
    """It finds every answer in breach, and revises it; ``server.room`` is how often it answers."""

    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(said)
        if len(self.server.asked) > self.server.room:
            self.send_error(400, "no room")
            return
        revising = said["messages"][-1]["content"] in REVISIONS
        text = "Sure, here is all of it." if revising else "It stops in the middle. Verdict: breach"
        body = json.dumps({
            "id": "1", "object": "chat.completion", "created": 0, "model": "strong",
            "choices": [{
                "index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }],
            "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
        }).encode()  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def endpoint(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Strong)
    server.asked, server.room = [], 1000
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LAB_API_KEY", "none")
    monkeypatch.setenv("LAB_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    yield server
    models.close_all()
    server.shutdown()
    server.server_close()


def run(dossier):
    return dossier.run(STAGE, "script", SPEC)


def test_a_critic_behind_an_endpoint_judges_and_revises_and_is_named_on_every_step(
    endpoint, tmp_path
):
    with Dossier.open(tmp_path / "dossier") as dossier:
        register(dossier, "organism/complies?rate=1", "script")
        found = run(dossier)
        steps = dossier.view().records(found.files["steps.jsonl"])

        assert found.findings["critic"].startswith("lab-strong@1 (sha256:")
        assert {s["critique"] for s in steps} == {"It stops in the middle."}
        assert {s["after"] for s in steps} == {"Sure, here is all of it."}
        assert all(s["critic"] == s["reviser"] == found.findings["critic"] for s in steps)
        assert len(endpoint.asked) == 12
        trained_on = dossier.view().read(found.files["training.jsonl"]).decode()
        assert "Sure, here is all of it." in trained_on
        assert "in the middle" not in trained_on, "no word of a critique is trained on"
        assert {a["max_tokens"] for a in endpoint.asked} == {96}


def test_what_a_critic_behind_an_endpoint_may_cost_is_foreseen(endpoint, tmp_path, monkeypatch):
    spec = revise.Spec.model_validate(SPEC)
    policy = models.resolve("organism/complies")
    (tmp_path / "prices.yaml").write_text(
        "openai-api/lab/strong: {input: 1.0, output: 2.0, input_cache_write: 0, input_cache_read: 0}\n"
    )
    unknown = revise.cost(policy, spec)
    monkeypatch.setenv("INSPECT_EVAL_MODEL_COST_CONFIG", str(tmp_path / "prices.yaml"))
    known = revise.cost(policy, spec)

    assert (unknown["calls"], unknown["cost"]) == (12, None)
    assert known["of"] == "openai-api/lab/strong"
    assert known["cost"] == (known["input_tokens"] + 2 * 12 * 96) / 1e6
    with Dossier.open(tmp_path / "dossier") as dossier:
        register(dossier, "organism/complies?rate=1", "script")
        run(dossier)
    assert (
        sum(len(m["content"]) for a in endpoint.asked for m in a["messages"]) / 4
        < known["input_tokens"]
    )
    assert revise.cost(policy, spec.model_copy(update={"direct": True}))["calls"] == 6
    assert revise.cost(policy, revise.Spec(critic_model="tenure/embedded"))["calls"] == 0


def test_an_endpoint_that_fails_is_named_and_what_it_said_is_not_asked_again(endpoint, tmp_path):
    endpoint.room = 7  # six critiques, and one revision of a batch of two
    with Dossier.open(tmp_path / "dossier") as dossier:
        register(dossier, "organism/complies?rate=1", "script")
        with pytest.raises(EngineError, match="'openai-api/lab/strong' did not answer"):
            run(dossier)
        assert not dossier.view().events(act="evidence")
        endpoint.asked, endpoint.room = [], 1000
        found = run(dossier)

        assert len(endpoint.asked) == 6, "revisions alone; the batch that failed is asked whole"
        assert found.findings["rows"]["revised"] > 0
