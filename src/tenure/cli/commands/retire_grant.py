"""tenure retire grant: access to a retired model, for one caller."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier
from tenure.dossier import View
from tenure.errors import UsageError


class Access(StrEnum):
    """The class of access."""

    emeritus = "emeritus"
    research = "research"


def extension(
    *,
    model: ModelOption,
    who: Annotated[
        str | None, typer.Option(help="The caller, by the ledger's digest of an API key.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="A file with the caller's API key; only its digest is kept.")
    ] = None,
    access: Annotated[Access, typer.Option(help="The class of access.")] = Access.emeritus,
    until: Annotated[str | None, typer.Option(help="The last day (2027-01-31).")] = None,
    calls: Annotated[int | None, typer.Option(help="So many calls, and no more.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="End the caller's access.")] = False,
    because: Annotated[str | None, typer.Option(help="The reason.")] = None,
    dossier: DossierOption = None,
) -> None:
    """Grant a caller access to a retired model, or withdraw it; without a caller, list who has it.

    The gateway answers who holds a grant without asking again, and counts the calls as 'emeritus' or
    'research'. `tenure retire access --act by-grant` opens the model to holders of a grant alone.
    """
    from tenure import life, plugins
    from tenure.cli.run import run_stage
    from tenure.dossier.opening import open_view
    from tenure.serve.ledger import tenant_of

    root = find_dossier(dossier)
    if key_file is not None:
        who = tenant_of(key_file.read_text(encoding="utf-8").strip().rpartition(":")[2].strip())
    if who is not None:
        if because is None:
            raise UsageError("say why with --because; it stands on record")
        act = "withdraw" if withdraw else "grant"
        given = {"act": act, "who": who, "access": access.value, "because": because}
        bounds = {"until": until, "calls": calls}
        given |= {name: value for name, value in bounds.items() if value is not None}
        stage = plugins.load("stage", "retire/access")
        run_stage(stage, model, life.make_spec(stage, given), root=root)
    view = open_view(root)
    _list(view, life.require(view, model).id)


def _list(view: View, model: str) -> None:
    from tenure.dossier.granting import grants, needs_grant

    found = grants(view, model)
    rule = "those who hold a grant" if needs_grant(view, model) else "everybody who asks"
    typer.echo(f"{model}, once retired, answers {rule}; {len(found)} grants:")
    for each in found:
        calls = f"{each.budget} calls" if each.budget else "no bound of calls"
        typer.echo(f"  {each.who}  {each.klass}  until {each.until or 'no day'}  {calls}")
