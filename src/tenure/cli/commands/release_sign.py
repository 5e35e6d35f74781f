"""tenure release sign: agree to a release, or dissent, under the key of your role."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


class Opinion(StrEnum):
    """What you say."""

    agree = "agree"
    dissent = "dissent"


def extension(
    *,
    model: ModelOption,
    role: Annotated[str, typer.Option(help="In which role you sign, as the policy names it.")],
    because: Annotated[str, typer.Option(help="Why you agree or dissent.")],
    name: Annotated[str, typer.Option(help="Your name.")] = "",
    opinion: Annotated[Opinion, typer.Option(help="What you say.")] = Opinion.agree,
    conflict: Annotated[
        str | None,
        typer.Option(help="What ties you to the matter; 'none' where nothing does."),
    ] = None,
    bundle: Annotated[
        str | None, typer.Option(help="The digest of what you have read; refused when it changed.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="The policy, a YAML file.")] = None,
    dossier: DossierOption = None,
) -> None:
    """Sign what was judged: the exact bundle of policy, evidence, verdicts and conditions.

    The signature is made with the key of the role (`safety lead` signs with the key `safety-lead`),
    which is made on this machine when the operator's key is here, or admitted with `tenure keys add`.
    Refused, and the refusal recorded: a role that was not asked, a revoked key, a key of another
    role, another bundle than the one named, no conflict statement where the policy asks for one.
    """
    from tenure import plugins
    from tenure.cli.signing import run_as

    settings = {
        "role": role,
        "name": name,
        "because": because,
        "opinion": opinion.value,
        "conflict": conflict,
        "bundle": bundle,
        "policy": policy,
    }
    stage = plugins.load("stage", "release/sign")
    run_as(stage, model, settings, role=role, root=find_dossier(dossier))
