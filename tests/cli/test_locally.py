"""What is told to be served is served: from the moment its address is printed."""

import socket

import pytest

from tenure.cli import locally
from tenure.errors import UsageError


def test_who_opens_the_address_the_moment_it_is_told_is_not_refused(monkeypatch):
    opened = []

    def told(text):
        host, port = text.split("/")[2].split(":")
        opened.append(socket.create_connection((host, int(port)), timeout=5))
        raise KeyboardInterrupt

    monkeypatch.setattr(locally.typer, "echo", told)

    assert not locally.serve(lambda secret, done: None, "a page", 0, browser=False)
    opened.pop().close()


def test_a_port_that_is_taken_is_refused_with_the_way_out():
    with locally.listening("127.0.0.1", 0) as held:
        port = held.getsockname()[1]
        with pytest.raises(UsageError, match=f"{port} .*give another --port"):
            locally.listening("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"), [("nowhere.invalid", 0), ("127.0.0.1", 70_000), ("a" * 80, 0)]
)
def test_what_is_no_address_is_refused(host, port):
    with pytest.raises(UsageError, match="nothing can be served at"):
        locally.listening(host, port)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here: needs a machine with it")
def test_an_address_of_the_newer_protocol_is_served_too():
    try:
        held = locally.listening("::1", 0)
    except UsageError as error:
        assert "::1" in str(error)  # a machine whose loopback has only the older one
        return
    with held:
        assert locally.url("::1", held) == f"http://[::1]:{held.getsockname()[1]}"
