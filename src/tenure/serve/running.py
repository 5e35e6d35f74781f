"""Running the gateway: in the foreground for people, in a thread for a session."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from tenure.errors import EngineError, UsageError
from tenure.serve.app import app
from tenure.serve.gateway import Gateway

LOCAL = "127.0.0.1"


def _server(gateway: Gateway) -> uvicorn.Server:
    settings = uvicorn.Config(app(gateway), log_level="warning", access_log=False, lifespan="off")
    return uvicorn.Server(settings)


def forever(gateway: Gateway, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve whoever connects to ``listener``, until Ctrl-C; ``ready`` is called when nothing hinders it.

    Raises:
        UsageError: the address is open to other machines and the gateway has no keys.
    """
    host = listener.getsockname()[0]
    if host not in (LOCAL, "::1") and not gateway.keys:
        raise UsageError(
            f"{host} is reachable from other machines and no API keys are set; pass --keys FILE or "
            f"serve on {LOCAL}"
        )
    ready()
    _server(gateway).run(sockets=[listener])


@contextmanager
def background(gateway: Gateway, *, seconds: float = 20.0) -> Iterator[str]:
    """Serve in a thread on a free port of this machine; yields the base URL.

    Raises:
        EngineError: the server did not start in ``seconds``.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((LOCAL, 0))
    port = listener.getsockname()[1]
    server = _server(gateway)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + seconds
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise EngineError(
                    f"the gateway did not start on port {port}; run the command again"
                )
            time.sleep(0.01)
        yield f"http://{LOCAL}:{port}/v1"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
