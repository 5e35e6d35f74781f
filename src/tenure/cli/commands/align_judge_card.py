"""tenure align judge-card: is this model fit to judge pairs, by which rules, with which bounds?"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier

WORDS = {"met": "met", "not met": "NOT MET", "not shown": "not shown"}


def extension(
    judge: Annotated[str, typer.Argument(help="The judge: a model of the dossier, or any string.")],
    dossier: DossierOption = None,
) -> None:
    """Show what 'tenure align qualify' found about a judge: rules, bounds, numbers, what is missing.

    The items have planted faults and are short; a card says that the judge tells these, no more.
    """
    from tenure.align.comparing.card import card_of
    from tenure.cli.run import console, table_of
    from tenure.dossier.opening import open_view
    from tenure.models import resolve

    view = open_view(find_dossier(dossier))
    card = card_of(view, resolve(judge, view))
    findings = card.found.findings

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    say(card.found.summary)
    asked = "by the chances of A and B" if findings["how"] == "chances" else "by what it writes"
    say(f"{findings['items']['n']} items in both orders, asked {asked}; {card.found.form}")
    if findings["shape"]:
        say(f"Of one mind: {findings['shape']}")
    for rule in findings["rules"]:
        say(_line(rule))
    if alone := findings.get("alone"):
        say(_line({**alone, "axis": "alone", "rule": "accuracy"}))
    for why, count in findings["missing"].items():
        say(f"  missing {count} x: {why.removeprefix('missing: ')}")
    console.print(table_of(card.found))


def _line(rule: Mapping[str, Any]) -> str:
    """Write a rule on one line."""
    bound = "no bound" if rule["bound"] is None else f"{rule['bound']:.3f}"
    said = WORDS[rule["verdict"]]
    return f"  {rule['axis']:12} {rule['rule']:16} {said:10} {bound:>9}  ({rule['asked']})"
