"""What every test shares: no network, no keys of the user, one hypothesis profile."""

import os
import signal
import subprocess
from contextlib import ExitStack

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("ci")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Two processes test at once: torch's threads would take the cores from each other while they look for work.
os.environ.setdefault("GOMP_SPINCOUNT", "0")
# A shell that starts the tests in the background has them ignore Ctrl-C, and their children with them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

NOTHING_SKIPPED = os.environ.get("TENURE_SKIP_NOTHING") == "1"


@pytest.fixture(autouse=True)
def own_places(tmp_path_factory, monkeypatch):
    """Keep a test's keys and dossier away from the user's."""
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path_factory.mktemp("keys")))
    monkeypatch.delenv("TENURE_DOSSIER", raising=False)


@pytest.fixture
def start():
    """Return start(command, **how): a process that ends with the test, so that no failure waits for it."""
    with ExitStack() as started:

        def begun(command, **how):
            process = started.enter_context(
                subprocess.Popen(
                    [str(c) for c in command], stdout=subprocess.PIPE, text=True, **how
                )
            )
            started.callback(process.kill)
            return process

        yield begun


@pytest.fixture
def compared(tmp_path):
    """Return open(pairs, source, chance): a dossier whose model m@1 has pairs of answers to compare.

    A judge called ``source`` has labelled them; ``chance(i)`` is what it gave to the i-th pair's a.
    """
    from pydantic import BaseModel

    from tenure.align.comparing.labels import LABEL
    from tenure.align.comparing.pairs import PAIRS
    from tenure.dossier import Dossier, Evidence, Model, Stage

    class Nothing(BaseModel):
        """No settings."""

    def made(pairs, source="", chance=lambda i: 0.8):
        def paired(model, view, spec, emit):
            files = {"pairs.jsonl": emit.records([p.to_json() for p in pairs])}
            return Evidence(name=PAIRS, model=model.id, summary="", kind="record", files=files)

        def labelled(model, view, spec, emit):
            rows = [
                {"id": f"l{i}", "pair": p.id, "source": source, "principle": "brevity", "first": "",
                 "p": chance(i), "weight": 1.0, "both_bad": False, "why": "", "about": {}}
                for i, p in enumerate(pairs)
            ]  # fmt: skip
            files = {"labels.jsonl": emit.records(rows)}
            return Evidence(name=LABEL, model=model.id, summary="", files=files)

        dossier = opened.enter_context(Dossier.open(tmp_path / "d", keys=tmp_path / "k"))
        dossier.register(Model(name="m", kind="scripted", source="organism/refuses"))
        for name, run in ((PAIRS, paired), (LABEL, labelled))[: 1 + bool(source)]:
            dossier.run(Stage(name=name, spec=Nothing, run=run, summary=""), "m@1", {})
        return dossier

    with ExitStack() as opened:
        yield made


def pytest_runtest_makereport(item, call):
    """Where nothing may be skipped, a skip is a failure."""
    if NOTHING_SKIPPED and call.excinfo is not None and call.excinfo.typename == "Skipped":
        pytest.fail(
            f"{item.nodeid} was skipped, and TENURE_SKIP_NOTHING is set: {call.excinfo.value}"
        )
