"""tenure vault kernel: which form of the codecs this machine uses."""

from typing import Annotated

import typer


def extension(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Say which form of the pack codecs is used here, and how fast both are.

    The compiled form is built once by this machine's C compiler and writes the same bytes as the pure
    one (numpy and zlib). TENURE_KERNEL=none forbids it.
    """
    import json

    from tenure.preserve.packing import kernel, trial

    state, speeds = kernel.state(), trial.speeds()
    if as_json:
        typer.echo(json.dumps({"compiled": state.kernel is not None, "why": state.why, **speeds}))
        return
    typer.echo(f"In use: {state.why}.")
    for form, found in speeds.items():
        told = ", ".join(f"{work} {speed:,.0f} MB/s" for work, speed in found.items())
        typer.echo(f"  {form:8} on one thread: {told}")
