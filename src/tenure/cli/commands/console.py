"""tenure console: read what was judged about a model and sign it, on a page of this machine."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    *,
    model: ModelOption,
    policy: Annotated[
        Path | None, typer.Option(help="The policy, a YAML file (default: the package's).")
    ] = None,
    port: Annotated[int, typer.Option(help="The port of the page (0: any free one).")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    dossier: DossierOption = None,
) -> None:
    """Show what was judged about a model, and let a person sign it or dissent.

    The page shows the verdicts, what changed since the last decision and what others said. Who
    signs chooses a role whose key lies on this machine. Exactly what the page shows is signed: when
    it has changed meanwhile, nothing is, and the page says what changed.
    """
    from tenure.cli.locally import serve
    from tenure.dossier.opening import open_view
    from tenure.release.policy import read_policy
    from tenure.web.signing import Bench, app

    root = find_dossier(dossier)
    named = open_view(root).model(model.removeprefix("tenure/")).id
    bench = Bench(root, named, read_policy(policy))
    with tempfile.TemporaryDirectory(prefix="tenure-pages-") as pages:
        told = "Ctrl-C stops; what was signed stays"
        if not serve(
            lambda secret, _: app(bench, secret, Path(pages)), told, port, browser=browser
        ):
            typer.echo("stopped")
