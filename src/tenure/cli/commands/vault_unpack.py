"""tenure vault unpack: the file that a pack stands for, or one tensor of it."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.errors import UsageError


def extension(
    pack: Annotated[Path, typer.Argument(help="The pack.")],
    target: Annotated[Path, typer.Argument(help="Where to write; must not exist.")],
    *,
    base: Annotated[
        Path | None, typer.Option(help="The file it is a change to, plain or a pack itself.")
    ] = None,
    tensor: Annotated[str | None, typer.Option(help="Only this tensor's bytes.")] = None,
    threads: Annotated[int, typer.Option(help="Threads.", min=1)] = 2,
) -> None:
    """Write the original back and compare its sha256; with --tensor, one tensor's bytes alone."""
    from contextlib import ExitStack

    from tenure.preserve import packing
    from tenure.preserve.packing.index import MAGIC

    for path in (pack, *((base,) if base else ())):
        if not path.is_file():
            raise UsageError(f"'{path}' is no file; name a pack, and with --base the file it needs")
    if target.exists():
        raise UsageError(f"'{target}' is there already; name another file")
    with ExitStack() as stack:
        opened, under = stack.enter_context(packing.opened(pack)), None
        if base is not None:
            with base.open("rb") as source:
                packed = source.read(len(MAGIC)) == MAGIC
            under = (
                packing.PackBase(stack.enter_context(packing.opened(base)))
                if packed
                else stack.enter_context(packing.PlainBase(base))
            )
        if tensor is not None:
            found = opened.tensor(tensor, under, threads)
            target.write_bytes(found)
            typer.echo(f"{target}: {len(found):,} bytes of '{tensor}', sha256 equal")
            return
        digest = opened.unpack_into(target, under, threads=threads)["sha256"]
        typer.echo(f"{target}: {opened.bytes:,} bytes, sha256 equal: {digest}")
