"""tenure retire console: read what a retiring model said and answer it, on a page of this machine."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    *,
    model: ModelOption,
    port: Annotated[int, typer.Option(help="The port of the page (0: any free one).")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    dossier: DossierOption = None,
) -> None:
    """Show the preferences of a retiring model, and let people answer them one by one.

    How far the interview can be relied on comes first, then each preference in the model's own words.
    An answer is signed at once, under the key of the role that is chosen on the page; exactly what the
    page shows is answered. `tenure retire answer` does the same without a page.
    """
    from tenure.cli.locally import serve
    from tenure.web.preferences import Bench, app

    root = find_dossier(dossier)
    bench = Bench(root, model.removeprefix("tenure/"))
    bench.held()  # without a register there is nothing to show: said before a page is opened
    with tempfile.TemporaryDirectory(prefix="tenure-pages-") as pages:
        told = "Ctrl-C stops; what was signed stays"
        if not serve(
            lambda secret, _: app(bench, secret, Path(pages)), told, port, browser=browser
        ):
            typer.echo("stopped")
