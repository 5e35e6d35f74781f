"""tenure retire feed: the notices of retirement for users, as JSON, RSS and pages."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    *,
    into: Annotated[
        Path | None, typer.Option(help="Write feeds and pages into this folder.")
    ] = None,
    base: Annotated[
        str, typer.Option(help="The address of the site, as https://models.example.org.")
    ] = "",
    dossier: DossierOption = None,
) -> None:
    """Write what users are told of retirements: retirements.json, retirements.rss, a page a model.

    Without --into the JSON feed is printed. The gateway serves the same under /retirements.json,
    /retirements.rss and /retirements/NAME.
    """
    from tenure.dossier.opening import open_view
    from tenure.retire.notices import feed

    view = open_view(find_dossier(dossier))
    if into is None:
        typer.echo(feed.as_json(view), nl=False)
        return
    for path, text in feed.files(view, base.rstrip("/")):
        place = into / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        typer.echo(place)
