"""Our own gateway as a stranger's endpoint: a released model behind the OpenAI wire."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from tenure import models
from tenure.dossier import Dossier

TENURE = Path(sys.executable).parent / "tenure"


@contextmanager
def serving(place, source, name, engine=None):
    """Serve one model; yields the environment a stranger needs to reach it as local/NAME."""
    keys = place / "host-keys"
    with Dossier.open(place / "host", keys=keys) as dossier:
        model = models.register(dossier, source, name=name)
        with dossier.emitter(model.id, "test") as emit:
            emit.fact("custody", "kept", "for the test")
            emit.fact("availability", "internal", "for the test")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [TENURE, "serve", "run", "--port", str(port), "--dossier", place / "host"]
    command += ["--engine", engine] if engine else []
    environment = {**os.environ, "TENURE_KEYS": str(keys)}
    with (place / "endpoint.txt").open("wb") as said:
        process = subprocess.Popen(
            [str(c) for c in command], env=environment, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, port, place / "endpoint.txt")
        yield {"LOCAL_BASE_URL": f"http://127.0.0.1:{port}/v1", "LOCAL_API_KEY": "none"}
    finally:
        process.terminate()
        process.wait(20)


def _wait(process, port, said, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(said.read_text())
