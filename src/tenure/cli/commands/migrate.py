"""tenure migrate: what moving to another model would break, on your own prompts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    prompts: Annotated[
        Path | None,
        typer.Argument(help="Your prompts, JSON Lines; by default 600 everyday ones."),
    ] = None,
    *,
    old: Annotated[str, typer.Option("--from", help="The model you use now.")],
    new: Annotated[str, typer.Option("--to", help="The model you would move to.")],
    each: Annotated[int | None, typer.Option(help="Prompts of each kind; by default all.")] = None,
    margin: Annotated[float, typer.Option(help="A smaller change counts as the same.")] = 0.2,
    max_tokens: Annotated[int, typer.Option(help="Longest answer, in tokens.")] = 128,
    recover: Annotated[
        bool,
        typer.Option(help="Where it gets worse, try other ways of asking, and test them."),
    ] = True,
    engine: Annotated[str | None, typer.Option(help="Which engine answers.")] = None,
    into: Annotated[
        Path, typer.Option(help="Where the page is written; Markdown beside it.")
    ] = Path("migration.html"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before calls that cost.")] = False,
    dossier: DossierOption = None,
) -> None:
    """Say what breaks when you move from one model to another: by kind of task, with both models' words.

    For each kind: better, worse, the same, or not known. Where it gets worse, ways of asking that
    are shown to help. Nothing leaves this machine but the calls to the two models. A line of the file:
    {"prompt": "...", "area": "letters", "check": {"contains": ["..."]}}; 'tenure compare --help' lists
    the checks. Without a check: is it answered instead of declined?
    """
    from tenure import life, plugins
    from tenure.cli.run import console, show_cost
    from tenure.cli.run import progress as shown
    from tenure.dossier import Dossier, Evidence

    stage = plugins.load("stage", "retire/migrate")
    given: dict[str, Any] = {
        "each": each,
        "margin": margin,
        "max_tokens": max_tokens,
        "recover": recover,
        "engine": engine,
        "prompts": None if prompts is None else str(prompts),
    }
    root = find_dossier(dossier, create=True)
    with Dossier.open(root) as opened:
        before, after = (life.ensure_model(opened, name) for name in (old, new))
        wanted = {key: value for key, value in given.items() if value is not None}
        spec = life.make_spec(stage, {**wanted, "successor": after.id})
        for model in (before, after):
            if model.kind == "api":
                show_cost(stage, model, spec, ask=not yes)
        with shown() as listener:
            opened.listener = listener
            evidence = life.perform(opened, stage, before.id, spec)
        assert isinstance(evidence, Evidence)  # nobody is waited for
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_bytes(opened.files.read(evidence.files["guide.html"]))
        into.with_suffix(".md").write_bytes(opened.files.read(evidence.files["guide.md"]))
    console.print(evidence.summary, markup=False, soft_wrap=True)
    console.print(f"The guide: {into}\nRecorded in {root}", markup=False, soft_wrap=True)
