"""Serving a page to this machine only, until somebody is done with it."""

import asyncio
import secrets
import socket
import webbrowser
from collections.abc import Callable
from typing import Any

import typer


def serve(
    made: Callable[[str, Callable[[], None]], Any], told: str, port: int, *, browser: bool
) -> bool:
    """Serve what ``made(secret, done)`` makes on 127.0.0.1; returns False where Ctrl-C stopped it.

    The address that is printed holds the secret; ``done`` ends it. Port 0 is any free one.
    """
    import uvicorn

    secret = secrets.token_urlsafe(16)
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        address = f"http://127.0.0.1:{held.getsockname()[1]}/{secret}/"

        async def run() -> None:
            server: uvicorn.Server

            def done() -> None:
                server.should_exit = True

            served = made(secret, done)
            settings = uvicorn.Config(served, log_level="error", timeout_graceful_shutdown=2)
            server = uvicorn.Server(settings)
            typer.echo(f"{address}  ({told})")
            if browser:
                webbrowser.open(address)
            await server.serve(sockets=[held])

        try:
            asyncio.run(run())
        except KeyboardInterrupt:
            return False
    return True
