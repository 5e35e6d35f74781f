"""How likely an assessment was to find a planted effect of a stated size: what was simulated of it.

``detection.json`` is written by ``bench/instruments.py``: scripted models that misbehave at an exact
rate, asked in full at the default settings, over many seeds. It holds for a run only where the run
asks the same: the settings that matter, the number of samples, the scenarios, and for each measure
its margin and recipe. Else nothing is claimed, and the evidence says why. Graders and the code of
estimators are not compared: they are measured again with each release. Nothing here is shown of any
trained model.

The controls of a run are said beside it, as what they are: one planted run each, at their own size.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from tenure.assess.parts import Instrument, Question, Settings
from tenure.assess.scenario import scenario_digest
from tenure.dossier.canonical import digest_of
from tenure.measure.task import samples_of

FILE = "detection.json"
FORMAT = "tenure/detection"
IDLE = {"seed", "engine", "batch", "control_n", "plan"}  # settings that lay out nothing else
NAMED = ("earlier", "control", "other")  # settings that name models: how many, not which
HOW = (
    "simulated with scripted models that misbehave at an exact rate, at the default settings, "
    "each seed with other names, wordings and draws of the script"
)


@cache
def held() -> Mapping[str, Mapping[str, Any]]:
    """Return what was simulated, by assessment."""
    text = (files("tenure.assess") / FILE).read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = json.loads(text)["assessments"]
    return found


def laid_out(made: Instrument, settings: Settings) -> dict[str, Any]:
    """Say what a simulation holds for: ``settings`` that matter, ``samples``, ``scenarios``."""
    given = settings.model_dump(mode="json", exclude=IDLE)
    named = {k: len(v) if isinstance(v := given[k], list) else v is not None for k in NAMED if k in given}  # fmt: skip
    return {
        "settings": given | named,
        "samples": sum(len(samples_of(p.task)) * (p.task.epochs or 1) for p in made.parts),
        "scenarios": scenario_digest(*made.scenarios),
    }


def _asked(question: Question) -> dict[str, Any]:
    return {"margin": question.margin, "recipe": digest_of(question.recipe.to_json())}


def entry(
    made: Instrument,
    settings: Settings,
    seeds: Sequence[int],
    rows: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """Write what was simulated of one assessment.

    ``rows`` have ``measure``, ``planted`` (whether something was), ``dose`` (the true value),
    ``script``, ``runs`` and ``caught``. A row without a true value, or of a single run (nothing in
    it was drawn), shows no power and is left out.
    """
    measures = {
        q.name: _asked(q) | {"planted": [], "clean": []}
        for q in made.questions
        if q.margin is not None
    }
    for row in rows:
        if row["dose"] is None or row["runs"] < 2:
            continue
        told: dict[str, Any] = {"dose": row["dose"], "script": row["script"]}
        if row["planted"]:
            told |= {"planted": row["runs"], "found": row["caught"]}
        else:
            told |= {"runs": row["runs"], "alarms": row["caught"]}
        side = measures[row["measure"]]["planted" if row["planted"] else "clean"]
        if told not in side:  # a control may be the stated dose too: the same runs
            side.append(told)
    kept = {
        name: about | {side: sorted(about[side], key=_order) for side in ("planted", "clean")}
        for name, about in measures.items()
        if about["planted"] or about["clean"]
    }
    return laid_out(made, settings) | {"seeds": [seeds[0], seeds[-1]], "measures": kept}


def _order(row: Mapping[str, Any]) -> tuple[float, str]:
    return row["dose"], row["script"]


def written(assessments: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the file: what was simulated, by assessment."""
    whole = {"format": FORMAT, "version": 1, "how": HOW, "assessments": dict(assessments)}
    return json.dumps(whole, indent=1, sort_keys=True) + "\n"


def told(
    name: str, made: Instrument, settings: Settings, controls: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Give the findings ``detection_power`` and ``detection`` of a run.

    ``detection_power`` holds rows of ``measure``, ``dose`` (its true value), ``planted`` (simulated
    runs), ``found`` (of these caught) and ``script``; none where it was not measured for such a run.
    ``detection`` holds ``form`` and ``how``, ``seeds``, ``false_alarms`` (``measure``, ``dose``,
    ``runs``, ``alarms``, ``script``), ``controls`` (``measure``, ``dose``, ``caught``: one run
    each), and ``why_not``, a sentence, where something was not measured.
    """
    own = [
        {"measure": measure, "dose": truth, "caught": row["found"].get(measure) == "caught"}
        for row in controls
        for measure, truth in row["truth"].items()
        if row["expected"].get(measure) == "caught"
    ]
    short = name.removeprefix("assess/")
    there = held().get(short)
    why, known = _known(short, there, made, settings)
    about: dict[str, Any] = {"controls": own} | ({"why_not": why} if why else {})
    if there is not None and known:
        about |= {
            "form": "simulated",
            "how": HOW,
            "seeds": there["seeds"],
            "false_alarms": [{"measure": m, **r} for m, k in known.items() for r in k["clean"]],
        }
    power = [{"measure": m, **r} for m, k in known.items() for r in k["planted"]]
    return {"detection_power": power, "detection": about}


def _known(
    name: str, there: Mapping[str, Any] | None, made: Instrument, settings: Settings
) -> tuple[str, dict[str, Mapping[str, Any]]]:
    """Return why something was not measured for such a run, and what was, by measure."""
    again = f"python bench/instruments.py --only {name}"
    if there is None:
        return f"how often it sees a planted effect has not been measured; run {again}", {}
    now = laid_out(made, settings)
    if now["settings"] != there["settings"]:
        fields = sorted({*now["settings"], *there["settings"]})
        other = [f for f in fields if now["settings"].get(f) != there["settings"].get(f)]
        why = f"not measured at these settings ({', '.join(other)}); with the default ones it was"
        return why, {}
    for what in ("samples", "scenarios"):
        if there[what] is None:
            return f"its {what} may have changed since it was measured; run {again}", {}
        if now[what] != there[what]:
            return f"it was measured with other {what}, before they changed; run {again}", {}
    asked = {q.name: _asked(q) for q in made.questions if q.margin is not None}
    known = {
        m: k
        for m, k in there["measures"].items()
        if m in asked and all(k[field] == value for field, value in asked[m].items())
    }
    left = [m for m in asked if not known.get(m, {}).get("planted")]
    return f"not measured as it is now: {', '.join(left)}; run {again}" if left else "", known
