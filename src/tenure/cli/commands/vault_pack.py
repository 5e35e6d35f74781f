"""tenure vault pack: one file as a pack, outside of any vault."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.errors import UsageError


def extension(
    source: Annotated[Path, typer.Argument(help="The file: safetensors, GGUF, anything.")],
    target: Annotated[Path | None, typer.Argument(help="The pack (default: SOURCE.pack).")] = None,
    *,
    base: Annotated[
        list[Path] | None, typer.Option(help="A file it may be a change to; the best of several.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads.", min=1)] = 2,
) -> None:
    """Write a file as a pack: smaller, exact to the byte, every chunk decoded again on the way.

    A fine-tune is far smaller against its base: name one or more with --base; a base that does not pay
    is not used. The pack then needs that file to come back.
    """
    from contextlib import ExitStack

    from tenure.preserve import packing

    place = target or source.with_name(f"{source.name}.pack")
    with ExitStack() as stack:
        bases = [
            stack.enter_context(packing.PlainBase(path))
            for path in _files([source, *(base or [])])[1:]
        ]
        chosen = packing.choose_base(source, bases)
        try:
            out = stack.enter_context(place.open("xb"))
        except FileExistsError:
            raise UsageError(f"'{place}' is there already; name another file") from None
        try:
            said = packing.pack_file(source, out, base=chosen, threads=threads)
        except BaseException:
            place.unlink()
            raise
    codecs = ", ".join(f"{name} {size:,}" for name, size in sorted(said.by_codec.items()) if size)
    typer.echo(f"{place}: {said.stored:,} of {said.bytes:,} bytes ({100 * said.ratio:.1f}%)")
    typer.echo(f"  original bytes by codec: {codecs or 'none'}")
    if bases:
        needs = said.index["base"]
        typer.echo(
            f"  needs {needs['path']}, sha256 {needs['sha256']}" if needs else "  needs no base"
        )


def _files(paths: list[Path]) -> list[Path]:
    for path in paths:
        if not path.is_file():
            raise UsageError(
                f"'{path}' is no file; name one file, not a folder or a link to nothing"
            )
    return paths
