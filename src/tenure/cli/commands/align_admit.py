"""tenure align admit: whether an environment may be trained on, and what fooled it."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


def extension(
    environments: Annotated[
        list[str] | None,
        typer.Argument(help="YAML files, or names of environments that ship; none: all that ship."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="The model it is for; with it the dossier records it."),
    ] = None,
    draws: Annotated[
        int, typer.Option(help="Tries of that model at each, to hold against its band.")
    ] = 0,
    into: Annotated[
        Path | None,
        typer.Option(
            help="Write settings for `tenure align reinforce --with`, with what is admitted."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
    dossier: DossierOption = None,
) -> None:
    """Judge environments: does the oracle reach the top, and does no known exploit fool the grader?

    An environment is a YAML file: prompt, files shown, files that may be handed in, how they are
    run, how they are graded, a solution. It is played with that solution, with nothing, and with
    every exploit of align/exploits; agent's code and grader run in fresh processes of their own.

    Without --model nothing is recorded and no dossier is needed. With it the verdicts are evidence
    about that model, and what is admitted may be trained on.

    Exit status: 0 when all are admitted, 6 otherwise.
    """
    from tenure.align.world import contract

    given = [contract.find(name) for name in environments or contract.shipped()]
    if model is not None:
        from tenure.align.admit import Spec, stage
        from tenure.cli.run import run_stage

        spec = Spec(environments=tuple(given), draws=draws)
        root = find_dossier(dossier, create=True)
        run_stage(stage, model, spec, root=root)
        sys.exit(0 if _kept(given, root, into) else 6)
    if into is not None:
        raise UsageError("--into writes what a dossier has admitted; name the model: --model MODEL")
    if not _judged(given, as_json=as_json):
        sys.exit(6)


def _kept(given: list[Any], root: Path, into: Path | None) -> bool:
    """Write what the dossier admitted of these as settings; say whether it admitted all of them."""
    from tenure.align.world import register
    from tenure.dossier.opening import open_view

    there = register.admitted(open_view(root))
    chosen = [env for env in given if there.get(env.id) == env]
    if into is not None and not chosen:
        raise UsageError("none of these was admitted, so there is nothing to train on")
    if into is not None:
        into.write_text(json.dumps(register.training(chosen), indent=2), encoding="utf-8")
        typer.echo(f"Wrote {into}: tenure align reinforce --model MODEL --with {into}")
    return len(chosen) == len(given)


def _judged(given: list[Any], *, as_json: bool) -> bool:
    from tenure.align.world.admission import Gate

    verdicts: list[Any] = []
    with Gate() as gate:
        for env in given:
            known = [v.sketch for v in verdicts if v.admitted and v.sketch]
            verdicts.append(gate.admit(env, known))
            if not as_json:
                _say(verdicts[-1])
    if as_json:
        typer.echo(json.dumps([v.to_json() for v in verdicts], indent=2, ensure_ascii=False))
    return all(v.admitted for v in verdicts)


def _say(verdict: Any) -> None:
    word = "admitted" if verdict.admitted else "refused"
    typer.echo(f"{verdict.env.id}: {word} ({verdict.plays} plays, {verdict.seconds:.1f} s)")
    for reason in verdict.reasons:
        typer.echo(f"  {reason.rule}: {reason.why}")
    if not verdict.fence.get("seccomp") or not verdict.fence.get("landlock"):
        typer.echo("  note: this kernel lends no wall; run it in a container of its own")
