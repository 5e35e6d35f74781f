"""What heads on the embedded model's states know of its own draws: ``python bench/preference_heads.py``.

Four draws a prompt at temperature 1, the checks as judge, families held out; the real stages
``align/pairs``, ``align/label`` and ``align/prefer``. Nothing is timed; about five minutes on two quiet
cores. ``--folder`` keeps the dossier, and a second run takes what is there.
"""

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path

from table import row, write

from tenure import plugins
from tenure.align.checking import check
from tenure.align.comparing.pairs import pairs_for
from tenure.align.constitution import shipped
from tenure.dossier import Dossier
from tenure.dossier.nouns import Recipe
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.models import register

DRAWS, TOKENS = 4, 60
TOLD = ("accuracy", "auroc", "ece")


def fitted(dossier):
    """Draw, label and fit; return the model and the evidence."""
    try:
        model = dossier.view().model("embedded")
    except UsageError:
        model = register(dossier, "tenure/embedded", "embedded")
    asked = (
        ("align/pairs", {"draws": DRAWS, "max_tokens": TOKENS}),
        ("align/label", {}),
        # Every principle counts in one number here, as when the figures were first taken.
        ("align/prefer", {"axes": "pairs"}),
    )
    for name, spec in asked:
        found = dossier.run(plugins.load("stage", name), model.id, spec)
    return model, found


def kept(prompt, answer):
    """Share of the checkable principles that an answer keeps."""
    said = [check(p.check).find(prompt, answer).kept for p in shipped().checkable]
    known = [one for one in said if one is not None]
    return sum(known) / len(known) if known else None


def picked(view, model, found):
    """For each prompt the mean draw, the one the heads would pick, the shortest, and the best there is."""
    chance = {
        r["pair"]: r["p"]
        for r in view.records(found.files["samples.jsonl"])
        if r["source"] == "trusted"
    }
    worth, about = defaultdict(lambda: defaultdict(float)), {}
    for pair in pairs_for(view, model):
        about[pair.prompt_id] = pair
        if pair.id in chance:  # heads that never saw the family
            worth[pair.prompt_id][pair.a] += chance[pair.id]
            worth[pair.prompt_id][pair.b] += 1 - chance[pair.id]
    for name, answers in worth.items():
        pair = about[name]
        shares = {text: kept(pair.prompt, text) for text in answers}
        each = {
            "mean draw": sum(shares.values()) / len(shares),
            "picked by the heads": shares[max(answers, key=answers.get)],
            "the shortest": shares[min(answers, key=len)],
            "the best there is": max(shares.values()),
        }
        for arm, share in each.items():
            yield {
                "id": f"{name} {arm}",
                "prompt": name,
                "family": pair.family,
                "arm": arm,
                "kept": share,
            }


def rows(dossier):
    """The figures; nobody asked for them."""
    model, found = fitted(dossier)
    how = (
        f"embedded model (135M), {DRAWS} draws a prompt, at most {TOKENS} tokens, the checks as judge; heads and "
        "temperature fitted without the pair's family"
    )
    for name in TOLD:
        m = found.measure(f"{name}/principle")
        yield row(
            f"preference model, embedded, same prompt: {name}", "-",
            f"{m.estimate:.3f} [{m.low:.3f}, {m.high:.3f}]", "", m.n, None, f"{how}; {m.method}",
        )  # fmt: skip
    records = list(picked(dossier.view(), model, found))
    for arm in ("picked by the heads", "the shortest", "the best there is"):
        recipe = Recipe(
            estimator="paired_difference", value="kept", arm="arm", arms=(arm, "mean draw"),
            pair="prompt", cluster="family", options={"range": [0, 1]},
        )  # fmt: skip
        m = estimate(records, recipe, name=arm, unit="difference", samples=None)
        yield row(
            f"preference model, embedded: share of principles kept, {arm} of {DRAWS} draws less the mean draw",
            "-", f"{m.estimate:+.3f} [{m.low:+.3f}, {m.high:+.3f}]", "", m.n, None,
            f"{how}; {m.clusters} families are the clusters",
        )  # fmt: skip


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, help="where the dossier is kept; else it is thrown away"
    )
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = asked.folder or Path(place)
        with Dossier.open(home / "dossier", keys=home / "keys") as dossier:
            found = list(rows(dossier))
    if not asked.dry:
        write("preference_heads", found)
        return
    for one in found:
        print(" | ".join(str(one[k]) for k in ("figure", "asked", "measured", "n", "how")))


if __name__ == "__main__":
    main()
