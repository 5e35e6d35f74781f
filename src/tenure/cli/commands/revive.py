"""tenure revive: bring a kept model's files back from the vault, or one tensor of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError

SHOWN = 16  # values of a tensor that are printed


def extension(
    model: Annotated[str, typer.Argument(help="A model of the dossier: NAME or NAME@VERSION.")],
    *,
    to: Annotated[
        Path | None, typer.Option(help="A new folder for the files; /dev/shm/... is in memory.")
    ] = None,
    copy: Annotated[
        str | None,
        typer.Option("--from", help="Which copy to read (default: a plain one, then any)."),
    ] = None,
    tensor: Annotated[
        str | None, typer.Option(help="One tensor only, by name; read without the others.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="With --tensor: a new file for its raw bytes.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="Straight into this engine (torch): no file of weights is written."),
    ] = None,
    ask: Annotated[str | None, typer.Option(help="With --engine: what the model is asked.")] = None,
    level: Annotated[
        str, typer.Option(help="With --engine: check golden answers up to this level: G0 to G5.")
    ] = "G4",
    dossier: DossierOption = None,
) -> None:
    """Bring a kept model's own files back into a folder, or the model straight into an engine.

    Every byte is compared while it comes. Copies that are damaged are passed over; a packed copy is
    unpacked by all processor cores. A folder is there whole or not at all.

    With --engine the weights are decoded into memory, in a fresh process; the model is held
    against its golden answers, answers one question, and is gone again. Each part is timed, and
    it is evidence in the dossier. For the drill with files: tenure drill.
    """
    if engine is not None:
        if to is not None or tensor is not None:
            raise UsageError("--engine writes no files; leave --to and --tensor out")
        settings = {"engine": engine, "ask": ask, "at": copy, "level": level}
        return _engine(find_dossier(dossier), model, settings)
    if ask is not None:
        raise UsageError("--ask needs --engine, the engine that answers: --engine torch")
    return _bring(find_dossier(dossier), model, to, copy, (tensor, file))


def _bring(
    root: Path, model: str, to: Path | None, copy: str | None, one: tuple[str | None, Path | None]
) -> None:
    from tenure.dossier.opening import open_view

    view, (tensor, file) = open_view(root), one
    found = view.model(model.removeprefix("tenure/"))
    if tensor is not None:
        _tensor(view, found, tensor, copy, file)
    elif to is None:
        raise UsageError(
            "where to? say --to FOLDER for the files, --engine torch for an engine, or --tensor NAME "
            "for one tensor"
        )
    else:
        _files(view, found, to, copy)


def _engine(root: Path, name: str, settings: dict[str, Any]) -> None:
    from tenure import life
    from tenure.cli.run import progress, say
    from tenure.dossier import Dossier, Evidence
    from tenure.preserve.revive import stage

    with Dossier.open(root, create=False) as opened:
        found = life.require(opened.view(), name)
        with progress() as listener:
            opened.listener = listener
            done = life.perform(opened, stage, found.id, life.make_spec(stage, settings))
    say(done)
    if isinstance(done, Evidence):
        _tell(done)


def _tell(done: Any) -> None:
    from tenure.preserve.revival.into_engine import PARTS

    chat, runtime = done.findings["chat"], done.runtime
    if chat["reply"] is not None:
        typer.echo(f"Asked {chat['messages'][-1]['content']!r} it said: {chat['reply']['text']!r}")
    for part in (name for name in PARTS if name in runtime["parts"]):
        typer.echo(f"  {runtime['parts'][part]:8.2f} s  {part}")
    weights, peak = (runtime["memory"][k] / 2**20 for k in ("weights_bytes", "peak_bytes"))
    typer.echo(
        f"  {runtime['first_token_seconds']:8.2f} s  to the first token; {weights:,.0f} MiB of weights "
        f"came, at most {peak:,.0f} MiB were held by the process, libraries included"
    )


def _files(view: Any, model: Any, to: Path, copy: str | None) -> None:
    from tenure.preserve import tombstones
    from tenure.preserve.revive import to_folder

    stone = tombstones.of(view, model)
    if stone is not None:
        typer.echo(f"note: {model.id} {stone}")
    with _told(model.id) as told:
        back = to_folder(view, model, to, copy, told)
    size, rate = back.bytes / 1e6, back.bytes / 1e6 / max(back.seconds, 1e-9)
    typer.echo(
        f"{model.id}: {len(back.files)} files, {size:,.1f} MB, from {back.copy} ({back.form}) in "
        f"{back.seconds:.2f} s, {rate:,.0f} MB/s; every sha256 is the registered one\n{to}"
    )


@contextmanager
def _told(name: str) -> Iterator[Callable[[int, int], None]]:
    from tenure.cli.run import progress
    from tenure.dossier.emitting import Progress

    with progress() as shown:

        def told(done: int, total: int) -> None:
            at = {"done": done >> 20, "total": max(1, total >> 20), "what": "MiB brought back"}
            shown(Progress(stage="revive", model=name, **at))

        yield told


def _tensor(view: Any, model: Any, name: str, copy: str | None, file: Path | None) -> None:
    from tenure.preserve.revive import one_tensor

    found, place = one_tensor(view, model, name, copy)
    shape = " x ".join(map(str, found.shape)) or "one value"
    typer.echo(f"{found.name}: {found.dtype}, {shape}, {len(found.data):,} bytes, from {place}")
    if file is not None:
        with file.open("xb") as out:
            out.write(found.data)
        typer.echo(f"{file}: its raw bytes, sha256 as in the passport")
        return
    values = found.values
    if values is None:
        typer.echo("values of this format are not shown; --file NAME writes the raw bytes")
        return
    more = ", ..." if len(values) > SHOWN else ""
    typer.echo(", ".join(f"{value:g}" for value in values[:SHOWN]) + more)
