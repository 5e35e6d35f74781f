"""What every test shares: no network, no keys of the user, one hypothesis profile."""

import os
import signal

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("ci")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# A shell that starts the tests in the background has them ignore Ctrl-C, and their children with them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

NOTHING_SKIPPED = os.environ.get("TENURE_SKIP_NOTHING") == "1"


@pytest.fixture(autouse=True)
def own_places(tmp_path_factory, monkeypatch):
    """Keep a test's keys and dossier away from the user's."""
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path_factory.mktemp("keys")))
    monkeypatch.delenv("TENURE_DOSSIER", raising=False)


def pytest_runtest_makereport(item, call):
    """Where nothing may be skipped, a skip is a failure."""
    if NOTHING_SKIPPED and call.excinfo is not None and call.excinfo.typename == "Skipped":
        pytest.fail(
            f"{item.nodeid} was skipped, and TENURE_SKIP_NOTHING is set: {call.excinfo.value}"
        )
