"""tenure witness: somebody else who signs that a log only ever grew."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


class Act(StrEnum):
    """What to do."""

    key = "key"
    add = "add"
    ask = "ask"
    init = "init"
    trust = "trust"
    distrust = "distrust"
    answer = "answer"
    run = "run"
    list = "list"


AtOption = Annotated[
    Path | None, typer.Option(help="The witness's own folder (init, trust, answer, run...).")
]


def extension(
    act: Annotated[Act, typer.Argument(help="What to do.")],
    what: Annotated[
        str | None,
        typer.Argument(help="init: a name; add, (dis)trust: a key; ask: a URL; answer: a file."),
    ] = None,
    *,
    at: AtOption = None,
    url: Annotated[str | None, typer.Option(help="add: where this witness answers.")] = None,
    into: Annotated[Path | None, typer.Option(help="answer: the file to write.")] = None,
    host: Annotated[str, typer.Option(help="run: the address to answer at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="run: the port.")] = 7380,
    dossier: DossierOption = None,
) -> None:
    """Have checkpoints cosigned by somebody else, or be that somebody (C2SP tlog-witness).

    For your own dossier: key (what the witness must trust), add KEY, ask [URL].

    As a witness of others, with --at FOLDER: init NAME, trust KEY, distrust KEY, answer FILE,
    run, list.
    """
    if act in (Act.key, Act.add, Act.ask):
        _of_a_dossier(act, what, url, find_dossier(dossier))
        return
    if at is None:
        raise UsageError(f"witness {act} needs --at FOLDER, the witness's own folder")
    if act is Act.run:
        _run(at, host, port)
    elif act is Act.list:
        _list(at)
    else:
        _as_a_witness(act, _given(act, what), at, into)


def _given(act: Act, what: str | None) -> str:
    if not what:
        needed = {Act.init: "NAME", Act.answer: "FILE"}.get(act, "KEY")
        raise UsageError(f"say which: tenure witness {act} {needed}")
    return what


def _of_a_dossier(act: Act, what: str | None, url: str | None, root: Path) -> None:
    from tenure.dossier import cosigned
    from tenure.dossier.cosignature import parse_vkey
    from tenure.dossier.opening import open_view

    if act is Act.add:
        policy = cosigned.declare(root, parse_vkey(_given(act, what)), url)
        typer.echo(f"{root / cosigned.WITNESSES}: {policy.wanted()}")
        return
    view = open_view(root)
    if act is Act.key:
        for key in cosigned.log_keys(view):
            typer.echo(key)
        return
    _ask(root, what)


def _ask(root: Path, what: str | None) -> None:
    from tenure.dossier import cosigned
    from tenure.dossier.opening import open_view
    from tenure.dossier.witness_http import ask, operators

    policy, view = cosigned.declared(root), open_view(root)
    places = [
        (key, policy.urls[key.name])
        for key in policy.witnesses.values()
        if policy.urls.get(key.name) and what in (None, key.name, policy.urls[key.name])
    ]
    if not places:
        raise UsageError("no witness with that address; run: tenure witness add KEY --url URL")
    for key, place in places:
        for found in ask(view, place, key, operators(view)):
            typer.echo(f"cosigned by {found.witness.name} on {found.date}")


def _as_a_witness(act: Act, what: str, at: Path, into: Path | None) -> None:
    from tenure.dossier.cosignature import parse_vkey
    from tenure.dossier.witness import Witness, answer_file

    if act is Act.init:
        typer.echo(str(Witness.create(at, what).key))
        return
    witness = Witness(at)
    if act is Act.distrust:
        witness.distrust(parse_vkey(what))
        typer.echo(f"{witness.name} cosigns no more what is signed with this key")
        return
    if act is Act.trust:
        key = parse_vkey(what)
        witness.trust(key)
        typer.echo(f"{witness.name} will cosign what {key.name} signs with this key")
        return
    try:
        text = Path(what).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {what}: {error}") from None
    note = answer_file(witness, text)
    if into is None:
        typer.echo(note, nl=False)
        return
    into.write_text(note, encoding="utf-8")
    typer.echo(f"{into}: send it back; it goes in with: tenure checkpoint --cosigned {into}")


def _list(at: Path) -> None:
    from tenure.dossier.witness import Witness

    witness = Witness(at)
    typer.echo(str(witness.key))
    for log in witness.logs():
        typer.echo(f"  {log.origin}: {log.size} events cosigned")
        for key in log.keys:
            typer.echo(f"    trusted: {key}")
    for when, why, note in witness.refused():
        date = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        origin, size, *_ = note.split("\n")
        typer.echo(f"  refused on {date}: {origin} at {size} events: {why}")


def _run(at: Path, host: str, port: int) -> None:
    import uvicorn

    from tenure.cli.locally import listening, url
    from tenure.dossier.witness import Witness
    from tenure.dossier.witness_http import Service

    witness = Witness(at)
    with listening(host, port) as listener:
        where = f"{url(host, listener)}/add-checkpoint"
        typer.echo(f"{witness.key}\nanswers at {where}; Ctrl-C ends it")
        settings = uvicorn.Config(Service(witness), log_level="warning", lifespan="off")
        uvicorn.Server(settings).run(sockets=[listener])
