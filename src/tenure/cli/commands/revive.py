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
    dossier: DossierOption = None,
) -> None:
    """Bring a kept model's own files back into a folder, every byte compared while it is written.

    Copies that are damaged are passed over; a packed copy is unpacked by all processor cores. The
    folder is there whole or not at all. For the drill with golden answers: tenure preserve revive.
    """
    from tenure.dossier.opening import open_view

    view = open_view(find_dossier(dossier))
    found = view.model(model.removeprefix("tenure/"))
    if tensor is not None:
        _tensor(view, found, tensor, copy, file)
    elif to is None:
        raise UsageError("where to? say --to FOLDER for the files, or --tensor NAME for one tensor")
    else:
        _files(view, found, to, copy)


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
