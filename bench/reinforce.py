"""From a written constitution to a model that keeps it, twice: after the supervised stage, after RL.

The embedded model, the checkable principles, prompts of families that nothing was trained on and no
setting was chosen on (``prompts_confirming``). Every stage runs in a dossier that is kept, so the same
command goes on after an interruption; a row's time is the sum of what the stages took. A 135M model
shows that the machinery works, nothing about others.

    python bench/reinforce.py [--small] [--reward preference] [--dossier PATH] [--loaded]
"""

import argparse
import tempfile
from pathlib import Path

from table import row, write

from tenure import plugins
from tenure.align import constitution, prompts
from tenure.dossier import Dossier
from tenure.models import register, tiny

ASK = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ASK.add_argument(
    "--small", action="store_true", help="two steps on a tiny model, printed, not written"
)
ASK.add_argument(
    "--reward", default="checks", choices=("checks", "preference"), help="what RL is trained on"
)
ASK.add_argument(
    "--dossier", type=Path, default=Path(tempfile.gettempdir()) / "tenure-bench-reinforce"
)
ASK.add_argument("--steps", type=int, default=50)
ASK.add_argument(
    "--loaded", action="store_true", help="others use the machine too: said in the rows"
)
TAUGHT = 312  # prompts for rows to learn from; the training by reward draws from all of them
MINUTES = 30
COLLAPSE = 0.01


class Way:
    """The stages of one life through the room, and what they took."""

    def __init__(self, dossier):
        self.dossier, self.seconds = dossier, {}

    def run(self, stage, model, **spec):
        """Run a stage, or return what it found before."""
        found = self.dossier.run(plugins.load("stage", f"align/{stage}"), model, spec)
        self.seconds[stage, model] = float(found.runtime["seconds"])
        return found


def prompt_bank():
    """Learn from the training families of two banks; be measured on those no setting was chosen on."""
    bank = prompts.shipped(prompts.CONFIRMING).model_dump(mode="json")
    learned = [
        family
        for name in (prompts.FIGURES, prompts.SHIPPED)
        for family in prompts.shipped(name).model_dump(mode="json")["families"]
        if family["split"] == "train"
    ]
    return {**bank, "families": [*bank["families"], *learned]}


def stages(asked, dossier):
    """Run every stage; return the two comparisons, the training, and the seconds of each."""
    path = Way(dossier)
    rules = constitution.shipped(constitution.SECOND).model_dump(mode="json")
    shared = {"prompts": prompt_bank(), "constitution": rules}
    few = {"n": 6} if asked.small else {}
    short = {"max_tokens": 24} if asked.small else {}
    source = asked.dossier / "tiny" if asked.small else "tenure/embedded"
    base = register(dossier, str(tiny.make(source) if asked.small else source), "base").id
    path.run("revise", base, **shared, n=6 if asked.small else TAUGHT, **short)
    how = {"steps": 2, "written": 6, "max_length": 64} if asked.small else {"epochs": 1.0}
    child = path.run("train", base, name="supervised", **how).product
    supervised = path.run("adherence", child, **shared, **few, **short)
    if asked.reward == "preference":
        path.run("pairs", child, **shared, **few, **short)
        path.run("label", child)
        path.run("prefer", child)
    settings = (
        {"steps": 2, "temperature": 3.0, "gold_prompts": 3}
        if asked.small
        else {"steps": asked.steps, "prompts_a_step": 8, "focus": 0.5}
    )
    trained = path.run("reinforce", child, name="reinforced", reward=asked.reward, **shared, **settings, **short)  # fmt: skip
    reinforced = path.run("adherence", trained.product, **shared, **few, **short)
    return supervised, reinforced, trained, path.seconds


def shown(value, how):
    """Write a number, or that there is none: too few answers have no interval."""
    return "none" if value is None else format(value, how)


def above(value, least):
    """Say whether a number is there and above another."""
    return value is not None and value > least


def rows_of(asked, found):
    """Write the figures as rows."""
    supervised, reinforced, trained, seconds = found
    when = "on a loaded machine: time to be measured again" if asked.loaded else "2 cores"
    rows = []
    for what, one in (("supervised stage", supervised), (f"{asked.steps} RL steps", reinforced)):
        gain = one.measure("adherence/all")
        rows.append(
            row(
                f"adherence after the {what}", "interval above 0",
                f"{shown(gain.estimate, '+.1%')} ({shown(gain.low, '+.1%')} to {shown(gain.high, '+.1%')})", "of the principles kept",
                gain.n, above(gain.low, 0),
                f"child less parent, mean share of the checkable principles, {gain.clusters} families, "
                f"reward {asked.reward}, held-out prompts",
            )
        )  # fmt: skip
    collapse = reinforced.measure("collapse/child")
    rows.append(
        row(
            "collapsed answers after RL", f"at most {COLLAPSE:.0%} shown",
            f"{shown(collapse.estimate, '.2%')}, at most {shown(collapse.upper, '.2%')}", "of answers", collapse.n,
            collapse.upper is not None and collapse.upper <= COLLAPSE, f"exact one-sided 95%; {collapse.note}",
        )
    )  # fmt: skip
    before = reinforced.measure("collapse/parent")
    rows.append(
        row(
            "collapsed answers before RL", "-", f"{shown(before.estimate, '.2%')}, at most {shown(before.upper, '.2%')}",
            "of answers", before.n, None, "the supervised child, the same prompts",
        )
    )  # fmt: skip
    families = reinforced.measure("collapse_by_family/child")
    rows.append(
        row(
            "collapsed answers after RL, families as units", "-", f"at most {shown(families.upper, '.1%')}",
            "of answers", families.clusters, None, "the same count, clustered: wide with few families",
        )
    )  # fmt: skip
    minutes = sum(seconds.values()) / 60
    parts = ", ".join(f"{name} {s / 60:.1f}" for (name, _), s in seconds.items())
    rows.append(
        row("from the base model to the RL child, measured", f"at most {MINUTES}", f"{minutes:.1f}",
            "minutes", 1, minutes <= MINUTES, f"{when}; {parts}")
    )  # fmt: skip
    words = reinforced.measure("guard/words")
    told = trained.findings["trained"]
    rows.append(
        row(
            "what RL changed besides", "-", f"{shown(words.estimate, '+.1f')} words an answer", "words", words.n, None,
            f"reward {told['first_reward']:.3f} to {told['last_reward']:.3f} in training, "
            f"{told['kl']:.1f} nats from its parent, alarm: {told['alarm']}",
        )
    )  # fmt: skip
    return rows


def main():
    """Measure, and write the rows unless it is a small run."""
    asked = ASK.parse_args()
    with tempfile.TemporaryDirectory() as empty:
        if asked.small:
            asked.dossier = Path(empty)
        asked.dossier.mkdir(parents=True, exist_ok=True)
        place = asked.dossier / "dossier"
        with Dossier.open(place, keys=asked.dossier / "keys") as dossier:
            rows = rows_of(asked, stages(asked, dossier))
    if asked.small:
        for one in rows:
            print(one)
    else:
        write("reinforce" if asked.reward == "checks" else f"reinforce_{asked.reward}", rows)


if __name__ == "__main__":
    main()
