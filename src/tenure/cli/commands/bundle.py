"""tenure bundle: a model's record as one file that can be mailed to an outside reviewer."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.commands.disclose import (
    CountOption,
    FractionOption,
    HideOption,
    ReasonOption,
    SeedOption,
    WithholdOption,
    choice_of,
)
from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    *,
    model: ModelOption,
    into: Annotated[Path, typer.Option(help="A new zip file.")],
    to: Annotated[str, typer.Option(help="Whom it is for; it is put on record.")] = "",
    withhold: WithholdOption = None,
    fraction: FractionOption = 0.0,
    seed: SeedOption = 0,
    hide: HideOption = None,
    count_only: CountOption = False,
    reason: ReasonOption = "",
    largest: Annotated[
        int, typer.Option(help="Leave out files larger than this many KiB; they are listed.")
    ] = 16 << 10,
    dossier: DossierOption = None,
) -> None:
    """Write evidence, decision, rows, checkers and a form for a review into one zip file.

    What is kept back is kept back as by `tenure disclose`. The reviewer needs Python and nothing
    else: they check, read, fill in the form, sign it with a key of their own and send it back;
    `tenure import-review` files it.
    """
    from tenure.dossier import Dossier
    from tenure.dossier.samples import SECRET, secret_in
    from tenure.release.bundle import Parcel, pack
    from tenure.report.card import markdown

    choice = choice_of(withhold, fraction, seed, hide, count_only, reason)
    with Dossier.open(find_dossier(dossier), create=False) as held:
        named = held.view().model(model.removeprefix("tenure/"))
        keys = held.writer.keys.folder
        secret = secret_in(keys, create=False) if (keys / SECRET).exists() else None
        with held.emitter(named.id, "release/bundle") as emit:
            more = {"model-card.md": markdown(held.view(), named.id)}
            parcel = Parcel(choice=choice, to=to, largest=largest << 10, more=more)
            made = pack(held.reading, secret, named.id, parcel, emit, into)
    typer.echo(f"{made.path}: {made.events} events, {made.shown} of {made.rows} rows in whole")
    for warning in made.warnings:
        typer.echo(f"  mind: {warning}")
    typer.echo(f"on record as {made.bundle}; file what comes back: tenure import-review FILE")
