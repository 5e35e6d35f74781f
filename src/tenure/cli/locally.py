"""Serving a page until somebody is done: to this machine only, or where an address of it is named."""

import asyncio
import ipaddress
import secrets
import socket
import webbrowser
from collections.abc import Callable
from typing import Any

import typer

from tenure.errors import UsageError

HERE, NETWORK = "127.0.0.1", "lan"
BY_NAME = "localhost"
IN_A_NETWORK = (
    "The page is served in your network, not to this machine alone: whoever has the link can answer in "
    "your name until this command ends. It is plain HTTP, so whoever reads along in the network reads the "
    "link and the answers. Send the link to nobody else, and use no network that you do not trust."
)
NOWHERE = ("192.0.2.1", 9)  # an address kept for documents (RFC 5737); nothing is sent to it


def address_of(host: str) -> str:
    """Return the address to serve on: ``host``, or for "lan" this machine's own in its network.

    Raises:
        UsageError: it would be every network's or the open internet's, it is no address, or this
            machine is in no network.
    """
    asked = _own() if host == NETWORK else host
    try:
        found = ipaddress.ip_address(socket.gethostbyname(asked))
    except (OSError, UnicodeError):
        raise UsageError(
            f"'{host}' is no IPv4 address or name that is known here; give an address of this "
            "machine, or: --host lan"
        ) from None
    if found.is_unspecified or not asked:
        raise UsageError(
            f"'{host}' would serve the page to every network of this machine; give one address of "
            "it, or: --host lan"
        )
    if found.is_global:
        raise UsageError(
            f"{found} is an address of the open internet, and the page is plain HTTP; give one of "
            "your own network, or leave --host out and forward the port through a tunnel (ssh -L)"
        )
    return asked


def _own() -> str:
    """Return this machine's address in its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(NOWHERE)  # of a datagram socket: it picks a way out, and sends nothing
        except OSError:
            raise UsageError(
                "this machine is in no network, so no phone can open a page of it; leave --host out"
            ) from None
        return str(probe.getsockname()[0])


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there: whoever connects from now on waits, and is not refused.

    An address may be told only once somebody listens at it: who opens it at once, a browser or a
    script, is faster than a server that still starts. Port 0 is any free one.

    Raises:
        UsageError: the address is none of this machine's, or the port is taken.
    """
    held = None
    try:
        family, kind, *_ = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
        held = socket.socket(family, kind)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, port))
        held.listen()
    except (OSError, OverflowError, UnicodeError) as error:
        if held is not None:
            held.close()
        raise UsageError(
            f"nothing can be served at {host}:{port} ({error}); give another --port, or an address "
            "of this machine"
        ) from None
    return held


def url(host: str, held: socket.socket) -> str:
    """Return what a browser is given for a listening socket, the host as its owner named it."""
    port = held.getsockname()[1]
    return (
        f"http://[{host}]:{port}"
        if held.family == socket.AF_INET6 and ":" in host
        else f"http://{host}:{port}"
    )


def serve(
    made: Callable[[str, Callable[[], None]], Any],
    told: str,
    port: int,
    *,
    browser: bool,
    host: str = HERE,
) -> bool:
    """Serve what ``made(secret, done)`` makes on an address; returns False where Ctrl-C stopped it.

    The address that is printed holds the secret, which is logged nowhere; ``done`` ends it. Port 0 is
    any free one. What another address than this machine's own means is said on standard error.

    Raises:
        UsageError: the address is none of this machine's, or the port is taken.
    """
    import uvicorn

    secret = secrets.token_urlsafe(16)
    with listening(host, port) as held:
        address = f"{url(host, held)}/{secret}/"

        async def run() -> None:
            server: uvicorn.Server

            def done() -> None:
                server.should_exit = True

            served = made(secret, done)
            settings = uvicorn.Config(
                served, log_level="error", access_log=False, timeout_graceful_shutdown=2
            )
            server = uvicorn.Server(settings)
            if host not in (HERE, BY_NAME):
                typer.echo(IN_A_NETWORK, err=True)
            typer.echo(f"{address}  ({told})")
            if browser:
                webbrowser.open(address)
            await server.serve(sockets=[held])

        try:
            asyncio.run(run())
        except KeyboardInterrupt:
            return False
    return True
