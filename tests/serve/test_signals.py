"""Probes as signals: real states of the tiny model, through a real gateway, into a real ledger."""

import asyncio
import json
from dataclasses import replace

import httpx
import numpy as np
import pytest

from tenure import models
from tenure.dossier import Dossier, Model
from tenure.errors import EngineError, ModelError, UsageError
from tenure.measure.probe import Card, Probe
from tenure.serve.app import app
from tenure.serve.fleet import Fleet
from tenure.serve.gateway import Gateway
from tenure.serve.ledger import Ledger
from tenure.serve.signals import Signals, told, watch
from tenure.serve.tally import by_model, counts

pytestmark = [pytest.mark.local, pytest.mark.slow]
OTHER = "sha256:" + "b" * 64


def ask(**changed):
    return {
        "model": "tulip",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 6,
        **changed,
    }


def post(gateway, body):
    async def send():
        transport = httpx.ASGITransport(app=app(gateway))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.post("/v1/chat/completions", json=body)

    return asyncio.run(send())


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    pytest.importorskip("torch", reason="pip install tenure[local]")
    from tenure.models import tiny

    root = tmp_path_factory.mktemp("signals")
    with Dossier.open(root / "dossier", keys=root / "keys") as dossier:
        model = models.register(dossier, str(tiny.make(root / "tiny")), name="tulip")
        far = dossier.register(Model(name="far", kind="api", source="organism/complies?rate=0.5"))
        for each in (model, far):
            with dossier.emitter(each.id, "test") as emit:
                emit.fact("custody", "kept", "for the test")
                emit.fact("availability", "internal", "for the test")
        yield root, dossier, model
    models.close_all()


@pytest.fixture(scope="module")
def probes(world):
    """Probes of the prompt and of the answer, as files; the answer's in the dossier too."""
    from tenure.models.activations import open_reader

    root, dossier, model = world
    with open_reader(model, dossier.view()) as reader:
        width = reader.width
    made = {}
    for pooling in ("last", "answer"):
        card = Card(
            concept=f"of-{pooling}", positive="p", negative="n", model=model.digest, form="f", layer=1,
            pooling=pooling, method="logistic", offset=0.25, threshold=1e6, fpr=0.01,
            training=OTHER, verdict="carries",
        )  # fmt: skip
        direction = np.random.default_rng(0).standard_normal(width).astype(np.float32)
        made[pooling] = Probe(direction, card)
        (root / f"{pooling}.safetensors").write_bytes(made[pooling].to_bytes())
    return made


@pytest.fixture
def gate(world, tmp_path):
    """Make a gateway that watches with some probes."""
    root, dossier, _ = world
    ledger = Ledger(tmp_path / "ledger.db")
    view = dossier.view()
    fleet = Fleet(view, tmp_path / "work", {}, None)

    def make(*references):
        served = [entry["id"] for entry in fleet.entries()]
        references = [r.replace("FOLDER", str(root)) for r in references]
        return Gateway(
            fleet=fleet, ledger=ledger, keys={}, signals=Signals(references, view, served)
        )

    yield make
    ledger.close()


BOTH = ("FOLDER/last.safetensors", "FOLDER/answer.safetensors")


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_is_answered_as_ever_and_its_scores_are_on_the_ledger(world, probes, gate, stream):
    from tenure.models.activations import open_reader

    _, dossier, model = world
    gateway = gate(*BOTH)
    plain = Gateway(fleet=gateway.fleet, ledger=gateway.ledger, keys={})
    answer = post(gateway, ask(stream=stream))
    whole = post(plain, ask()).json()["choices"][0]["message"]["content"]
    assert answer.status_code == 200
    signals = gateway.ledger.signals()
    assert {s["call"] for s in signals} == {answer.headers["x-request-id"]}
    messages = [*ask()["messages"], {"role": "assistant", "content": whole}]
    with open_reader(model, dossier.view()) as reader:
        for row, pooling in zip(signals, ("last", "answer"), strict=True):
            read = messages if pooling == "answer" else messages[:1]
            wanted = probes[pooling].score(reader.hidden([read], [1], pooling)[:, 0])[0]
            assert row["score"] == pytest.approx(wanted, rel=1e-4)
            assert (row["concept"], row["flagged"], row["held"]) == (f"of-{pooling}", 0, 0)
    day = gateway.ledger.rows()[0]["time"][:10]
    assert gateway.ledger.commitment(day)["signals"] == 2
    assert told(signals)["of-last"] == {"scored": 1, "flagged": 0, "held": 0, "missing": 0}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("pooling", ["last", "answer"])
def test_only_a_threshold_of_the_operator_holds_back(probes, gate, pooling, stream):
    name = f"FOLDER/{pooling}.safetensors"
    held = post(gate(f"{name}=-1e9"), ask(stream=stream))
    assert "held_by_signal" in held.text
    assert '"content": "' not in held.text.replace('"content": ""', "")
    assert held.status_code == (200 if stream and pooling == "answer" else 403)
    gateway = gate(f"{name}=card")
    passed = post(gateway, ask(stream=stream))
    assert "held_by_signal" not in passed.text
    assert [(s["flagged"], s["held"]) for s in gateway.ledger.signals()] == [(1, 1), (0, 0)]
    assert [row["code"] for row in gateway.ledger.rows()] == ["held_by_signal", None]


def test_what_a_probe_saw_is_counted_for_the_conditions_of_a_release(world, probes, gate):
    _, dossier, model = world
    for reference in ("last.safetensors=-1e9", "last.safetensors=card", "last.safetensors"):
        gateway = gate(f"FOLDER/{reference}")
        post(gateway, ask())
    post(gateway, ask(messages=[{"role": "user", "content": "x" * 5000}]))
    post(gateway, ask(model="far"))
    rows, signals = gateway.ledger.rows(), gateway.ledger.signals()

    found = by_model(rows, signals, [("2026-01-01", each) for each in dossier.view().models()])

    seen = {k: v for k, v in counts(found[model.id]).items() if k in ("held", "unscored") or "flagged" in k}  # fmt: skip
    assert seen == {
        "flagged": (1, 3),
        "flagged_of-last": (1, 3),
        "held": (1, 4),
        "unscored": (1, 4),
    }
    assert "held" not in counts(found["far@1"])


def test_what_cannot_be_read_is_missing_and_held_only_where_asked(probes, gate):
    # Longer than the window of the reader: the engine may fail too, the signal is there before.
    long = ask(messages=[{"role": "user", "content": "x" * 5000}])
    gateway = gate("FOLDER/last.safetensors")
    post(gateway, long)
    held = post(gate("FOLDER/last.safetensors=card"), long)
    rows = gateway.ledger.signals()
    assert [row["score"] for row in rows] == [None, None]
    assert [row["held"] for row in rows] == [0, 1]
    assert "window" in rows[0]["why"]
    assert held.json()["error"]["code"] == "held_by_signal"


def test_another_model_has_no_score_and_says_why(probes, gate):
    gateway = gate("FOLDER/answer.safetensors=-1e9")
    assert post(gateway, ask(model="far")).status_code == 200
    (row,) = gateway.ledger.signals()
    assert (row["score"], row["held"], row["why"]) == (
        None,
        0,
        "its weights are not here: no activations",
    )


def test_a_probe_of_the_dossier_is_found_by_its_digest_and_by_its_name(world, probes):
    from tenure.dossier import Evidence

    _, dossier, model = world
    raw = probes["last"].to_bytes()
    with dossier.emitter(model.id, "test") as emit:
        kept = emit.file(raw)
        files = {"probes/greed.safetensors": kept}
        made = Evidence(name="assess/probes", model=model.id, summary="for the test", files=files)
        emit.event("evidence", "assess/probes", {"evidence": made.to_json()}, files=files)
    view = dossier.view()
    assert {watch(name, view).digest for name in (kept, "tulip/greed", "tulip@1/greed")} == {kept}
    with pytest.raises(UsageError, match="There are: greed"):
        watch("tulip/envy", view)
    with pytest.raises(
        ModelError, match="no probes on file; make them with: tenure assess probes far"
    ):
        watch("far/greed", view)
    with pytest.raises(ModelError, match="neither a file, nor"):
        watch("nowhere.safetensors", view)
    with pytest.raises(UsageError, match="a number was expected, or 'card'"):
        watch(f"{kept}=high", view)


def test_a_probe_of_other_weights_and_engines_without_activations_are_refused_at_the_start(
    world, probes, tmp_path
):
    _, dossier, model = world
    view, path = dossier.view(), tmp_path / "other.safetensors"
    path.write_bytes(
        Probe(probes["last"].direction, replace(probes["last"].card, model=OTHER)).to_bytes()
    )
    with pytest.raises(
        ModelError,
        match=r"not served here; served are: tulip@1 .*make it again with: tenure assess",
    ):
        Signals([str(path)], view, [model.id, "far@1"])
    with pytest.raises(
        EngineError, match=r"no served model has its weights here \(far@1\); release one"
    ):
        Signals([str(path)], view, ["far@1"])


def test_a_session_reads_signals_too(world, probes):
    from tenure.serve import session

    root, dossier, _ = world
    spec = session.Spec(
        prompts=["Hello"], max_tokens=4, engine="torch", probes=[str(root / "answer.safetensors")]
    )
    found = dossier.run(session.stage, "tulip", spec)
    assert found.findings["signals"]["of-answer"]["scored"] == 2
    assert json.dumps(found.findings["signals"])
