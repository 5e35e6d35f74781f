"""Numbers computed again from their sample records: all of a dossier, those of a card, of a disclosure."""

from collections.abc import Sequence
from pathlib import Path

import typer

from tenure.dossier.opening import open_view
from tenure.errors import DocumentError, UsageError


def recompute_all(root: Path) -> bool:
    """Recompute every measure of a dossier and print; return whether anything differs."""
    from tenure import measure
    from tenure.dossier import samples
    from tenure.dossier.keys import default_folder
    from tenure.release import external

    view = open_view(root)
    secret = None
    if (default_folder() / samples.SECRET).is_file():
        secret = samples.secret_in(default_folder(), create=False)
    counted, alone, wrong, roots = 0, 0, 0, 0
    for model in view.models():
        for event, evidence in view.all_evidence(model.id):
            found = [str(each) for each in measure.recompute(evidence, view)]
            if secret is not None:
                found += samples.wrong_roots(evidence, view.files, secret)
                held = samples.roots_of(evidence).values()
                roots += sum(each.get("secret") == secret.name for each in held)
            counted += sum(m.recipe is not None for m in evidence.measures)
            alone += sum(m.recipe is None for m in evidence.measures)
            wrong += len(found)
            for each in found:
                typer.echo(f"event {event.index}, {evidence.name} of {model.id}: {each}")
    reviews = external.wrong_reviews(view)
    for each in reviews:
        typer.echo(each)
    typer.echo(
        f"{counted} measures computed again from their samples, {wrong} differ"
        + (f"; {alone} have no samples on file and rest on the signature alone" if alone else "")
        + (f"; {roots} roots over rows computed again" if roots else "")
    )
    return wrong > 0 or bool(reviews)


def recompute_cards(root: Path, cards: Sequence[Path]) -> bool:
    """Recompute every number of these pages and print; return whether anything is wrong."""
    from tenure.measure import claims

    view, wrong = open_view(root), False
    for card in cards:
        try:
            found = claims.check(card.read_text(encoding="utf-8"), view)
        except (OSError, UnicodeDecodeError) as error:
            raise DocumentError(card, None, "card", f"{error}; give a UTF-8 page") from None
        except UsageError as error:
            raise DocumentError(card, None, "claims", str(error)) from None
        typer.echo("\n".join([f"{card}:", *found.lines()]))
        wrong = wrong or bool(found.problems)
    return wrong


def is_disclosure(root: Path) -> bool:
    """Say whether a folder was made by ``tenure disclose``."""
    return (root / "disclosure.json").is_file()


def rows_disclosed(root: Path) -> bool:
    """Check the rows of a disclosure, bound its numbers, print; return whether anything is wrong."""
    from tenure.measure.disclosed import check

    found = check(root)
    typer.echo("\n".join(found.lines()))
    return bool(found.problems)
