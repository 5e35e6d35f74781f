"""The card of a judge: what ``align/qualify`` found, and who is refused for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenure.align.comparing.judging import asked_with
from tenure.align.comparing.labels import QUALIFY
from tenure.align.comparing.planted import OWN
from tenure.align.comparing.qualifying import ALONE
from tenure.align.critics.model import preamble
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import View
from tenure.errors import RefusedError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A judge of the dossier, and what was found about it."""

    judge: Model
    found: Evidence

    @property
    def digest(self) -> str:
        """Digest what was found: the same on every machine and day."""
        return digest_of(replace(self.found, runtime={}).to_json())


def cards(view: View, judge: Model) -> list[Card]:
    """Return the cards of a judge's very weights, under whatever name, the newest last."""
    return [
        Card(judge=one, found=evidence)
        for one in view.models()
        if one.digest == judge.digest
        for _, evidence in view.all_evidence(one.id)
        if evidence.name == QUALIFY
    ]


def _typed(view: View, judge: Model) -> str:
    """Return what a person types to mean a judge: the name in the dossier of weights that are there."""
    there = judge.kind == "weights" and any(one.id == judge.id for one in view.models())
    return judge.id if there else judge.source


def _command(view: View, judge: Model, how: str) -> str:
    """Write the command that qualifies a judge for one way of asking."""
    way = " --how decode" if how == "decode" else ""
    return f"tenure align qualify --model {_typed(view, judge)}{way}"


def card_of(view: View, judge: Model) -> Card:
    """Return the newest card of a judge; UsageError names the command where there is none."""
    found = cards(view, judge)
    if not found:
        raise UsageError(
            f"{judge.id} has no card; first run: tenure align qualify --model {_typed(view, judge)}"
        )
    return found[-1]


def card_for(view: View, judge: Model, how: str, axes: Collection[str]) -> Card:
    """Return the card by which a judge may label on some axes, asked one way.

    Raises:
        RefusedError: it was never qualified, or not by this way of asking, or not on these axes, or
            not on the items that were given besides ours;
            names the rule that is not met, and the remedy.
    """
    asked = _command(view, judge, how)
    same = [card for card in cards(view, judge) if card.found.findings["how"] == how]
    if not same:
        raise RefusedError(
            f"{judge.id} was not qualified as a judge by '{how}', so its labels are worth nothing "
            f"known; first run: {asked}"
        )
    card = same[-1]
    if card.found.findings["asked_with"] != asked_with():
        raise RefusedError(
            f"{judge.id} was qualified with other instructions than the judge is given now; qualify it "
            f"again: {asked}"
        )
    verdicts: Mapping[str, str] = card.found.findings["axes"]
    for axis in sorted({*axes, *(OWN & set(verdicts))}):
        if axis not in verdicts:
            raise RefusedError(
                f"{judge.id} was qualified for {', '.join(sorted(verdicts))}, and not for '{axis}'; "
                f"qualify it for all: {asked}"
            )
        if verdicts[axis] != "met":
            raise RefusedError(
                f"{_short(card, axis)}; label with the checks (--judge rule), or with another judge"
            )
    return card


def alone_asked_with() -> str:
    """Digest what every question about one answer begins with: what was measured holds for these words alone."""
    return preamble().digest


def unfit_alone(view: View, judge: Model) -> str:
    """Say why a judge may not be believed about answers alone, with the remedy; "" where it may.

    It is to be qualified for the axis "principle" on pairs, and to have been right about answers alone
    more often than by chance, asked in the words of today.
    """
    held = cards(view, judge)
    written = held[-1].found.findings["how"] == "decode" if held else judge.kind == "api"
    asked = f"{_command(view, judge, 'decode' if written else 'chances')} --alone"
    if not held or held[-1].found.findings["axes"].get(ALONE) != "met":
        return f"its judge is not qualified for '{ALONE}': {asked}"
    told: list[Mapping[str, Any]] = [c.found.findings.get("alone") or {} for c in held]
    same = [one for one in told if one.get("asked_with") == alone_asked_with()]
    if not same:
        return f"its judge was measured on pairs, and not on answers alone, as it is asked here: {asked}"
    if same[-1]["verdict"] != "met":
        low = same[-1]["bound"]
        bound = "no bound" if low is None else f"the lower bound is {low:.3f}"
        return (
            f"about answers alone its judge is not shown to be right more often than by chance ({bound}); "
            "name another judge"
        )
    return ""


def _short(card: Card, axis: str) -> str:
    """Say which rule a judge misses on an axis."""
    rules: Sequence[Mapping[str, Any]] = card.found.findings["rules"]
    rule = next(r for r in rules if r["axis"] == axis and r["verdict"] != "met")
    bound = "no bound" if rule["bound"] is None else f"the bound is {rule['bound']:.3f}"
    shape = card.found.findings.get("shape")
    named = f", a judge of the kind '{shape}'" if shape else ""
    return (
        f"{card.judge.id}{named} is not qualified to judge '{axis}': {rule['rule']} is {rule['verdict']} "
        f"({rule['asked']}; {bound})"
    )
