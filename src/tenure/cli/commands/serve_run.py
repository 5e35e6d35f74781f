"""tenure serve run: the gateway, until Ctrl-C."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import DocumentError


def read_keys(path: Path | None) -> dict[str, str]:
    """Read ``tier: key`` lines; a key is never printed."""
    if path is None:
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        tier, _, key = line.partition(":")
        if not key.strip():
            raise DocumentError(path, number, "key", "'tier: key' was expected, one a line")
        found[key.strip()] = tier.strip()
    return found


def extension(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8080,
    keys: Annotated[Path | None, typer.Option(help="API keys: one 'tier: key' a line.")] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="The ledger (default: beside the dossier).")
    ] = None,
    probe: Annotated[
        list[str] | None,
        typer.Option(
            help="A probe to read as a signal: FILE, sha256:... or MODEL/CONCEPT; '=1.5' or '=card' holds back "
            "what scores above."
        ),
    ] = None,
    engine: Annotated[str | None, typer.Option(help="cpu, torch or inspect.")] = None,
    dossier: DossierOption = None,
) -> None:
    """Serve every released model of the dossier over the OpenAI chat wire, until Ctrl-C."""
    from tenure import life
    from tenure.cli.locally import listening, url
    from tenure.dossier.opening import open_view
    from tenure.serve.fleet import Fleet
    from tenure.serve.gateway import Gateway
    from tenure.serve.ledger import Ledger
    from tenure.serve.running import forever
    from tenure.serve.signals import Signals

    root = find_dossier(dossier)
    view = open_view(root)
    fleet = Fleet(view, root.parent / "work", life.hands(view), engine)
    served = [str(entry["id"]) for entry in fleet.entries()]
    signals = Signals(probe, view, served) if probe else None
    book = Ledger(ledger or root.parent / "ledger.db")
    for entry in fleet.entries():
        typer.echo(f"{entry['id']}  {entry['state']}")
    try:
        gateway = Gateway(fleet=fleet, ledger=book, keys=read_keys(keys), signals=signals)
        with listening(host, port) as listener:
            told = f"{url(host, listener)}/v1  (process {os.getpid()}; Ctrl-C stops it)"
            forever(gateway, listener, lambda: typer.echo(told))
    finally:
        book.close()
