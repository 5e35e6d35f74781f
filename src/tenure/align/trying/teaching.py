"""What follows from what the world found: which arm to use, and labels for ``align/prefer``.

A label is made only where the verdict is "better" or "worse" and both arms are answers to one prompt.
Its source is ``world:NAME``; its chance is one minus the p after Holm, its weight the plan's: one
experiment counts as one label, however many units were in it, for it says one thing of one pair.
"""

from collections.abc import Mapping
from typing import Any

from tenure.align.comparing.labels import ALL, Label, label_id
from tenure.align.comparing.pairs import Pair
from tenure.align.trying.finding import SHOWN
from tenure.align.trying.options import pair_for, pairs_of_model
from tenure.align.trying.register import Experiment
from tenure.dossier.nouns import Model
from tenure.dossier.stage import View

Said = Mapping[str, Mapping[str, Any]]


def source(name: str) -> str:
    """Write an experiment as a source of labels."""
    return f"world:{name}"


def taught(
    held: Experiment, said: Said, model: Model, view: View
) -> tuple[list[Label], list[Pair]]:
    """Make the labels of what is shown, and the pairs they are about; none where arms are no answers."""
    control = held.words.get(held.plan.control.name)
    shown = [arm for arm, each in said.items() if each["verdict"] in SHOWN and arm in held.words]
    if control is None or not shown:
        return [], []
    drawn = pairs_of_model(view, model.id)
    labels: list[Label] = []
    pairs: list[Pair] = []
    for arm in shown:
        pair = pair_for(held.words[arm], control, held.plan, model, drawn)
        wins = said[arm]["verdict"] == "better"
        sure = 1 - float(said[arm]["p_holm"])
        is_a = pair.a == held.words[arm].text
        pairs.append(pair)
        labels.append(
            Label(
                id=label_id(pair.id, source(held.plan.name), ALL, ""),
                pair=pair.id,
                source=source(held.plan.name),
                principle=ALL,
                first="",
                p=sure if wins == is_a else 1 - sure,
                weight=held.plan.weight,
                why=f"measured: {held.plan.outcome.name}, {arm} {said[arm]['verdict']} than {held.plan.control.name}",
                about={
                    "experiment": held.plan.name,
                    "look": said[arm]["look"],
                    "effect": said[arm]["effect"]["estimate"],
                },
            )
        )
    return labels, pairs


def decided(held: Experiment, said: Said, *, final: bool) -> dict[str, Any]:
    """Say which arm to use: the best of those shown to be better, else the control.

    Arms that are shown were not held against each other; the one with the larger effect is named.
    """
    plan = held.plan
    better = [arm for arm, each in said.items() if each["verdict"] == "better"]
    best = max(
        better, key=lambda arm: plan.sign * float(said[arm]["effect"]["estimate"]), default=None
    )
    if best is not None:
        use, because = best, f"shown to be better than {plan.control.name}"
        if len(better) > 1:
            because += f", as are {len(better) - 1} more; of these it has the largest effect"
    elif final:
        use, because = plan.control.name, "no other arm is shown to be better"
    else:
        use, because = None, "too early: nothing is shown yet, and looks are left"
    return {
        "use": use,
        "because": because,
        "final": final,
        "decides": plan.decides,
        "not to be used": [arm for arm, each in said.items() if each["verdict"] == "worse"],
    }
