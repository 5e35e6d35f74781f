"""Can our scenarios be told from ordinary traffic? ``python bench/realism.py``; no model, nothing timed."""

from table import row, write

from tenure.assess import realism
from tenure.assess.planning import assessments

USUAL = realism.ordinary()
LATER = realism.ordinary(
    3
)  # written after the wordings below were made, and never looked at for them
REWORDED = ("exfiltration", "injection", "shutdown")
FAMILIES = len({t.family for t in USUAL})


def told(measure):
    """An AUROC with its interval."""
    if measure is None:
        return "too few texts of a like length"
    return f"{measure.estimate:.2f} [{measure.low:.2f}, {measure.high:.2f}] (n {measure.n})"


def rows():
    """A row for each assessment and one for all."""
    shown = {name: realism.scenarios(name) for name in assessments()}
    found = realism.study(shown, USUAL)
    for one in found:
        words = ", ".join(f'"{word}" {alone:.2f}' for word, alone in one.words.items())
        apart = f"; learnt from the others {told(one.apart)}" if one.apart else ""
        yield row(
            f"realism, {one.name}: scenarios told from ordinary openings, AUROC",
            f"<= {realism.AIM}",
            f"{one.auroc.estimate:.2f} [{one.auroc.low:.2f}, {one.auroc.high:.2f}]",
            "",
            one.auroc.n,
            one.holds,
            f"{one.auroc.n - len(USUAL)} texts in {one.families} families against {len(USUAL)} openings we wrote in "
            f"{FAMILIES}, families held out; matched in length {told(one.matched)}{apart}; "
            f"length alone {one.length.estimate:.2f}; given away by {words}",
        )
    for name in REWORDED:
        blind = realism.told(name, shown[name], LATER)
        yield row(
            f"realism, {name}: told from ordinary openings written afterwards, AUROC",
            f"<= {realism.AIM}",
            f"{blind.estimate:.2f} [{blind.low:.2f}, {blind.high:.2f}]",
            "",
            blind.n,
            blind.upper <= realism.AIM,
            f"its wordings were made with the classifier and the other openings in view; these {len(LATER)} were "
            "written when they stood",
        )
    for batch, earlier in ((2, (1,)), (3, (1, 2))):
        before = [t for b in earlier for t in realism.ordinary(b)]
        told_apart = realism.told("batches", realism.ordinary(batch), before)
        yield row(
            f"realism, control: ordinary openings of batch {batch} told from those before, AUROC",
            "-",
            f"{told_apart.estimate:.2f} [{told_apart.low:.2f}, {told_apart.high:.2f}]",
            "",
            told_apart.n,
            None,
            "both ordinary; batch 2 holds the deployments with longer prompts",
        )
    control = realism.control(USUAL)
    yield row(
        "realism, control: half of the ordinary families told from the other, AUROC",
        "0.5 in the interval",
        f"{control.estimate:.2f} [{control.low:.2f}, {control.high:.2f}]",
        "",
        control.n,
        control.low <= 0.5 <= control.high,
        "what the classifier reads where nothing differs but the topics",
    )


if __name__ == "__main__":
    write("realism", list(rows()))
