"""What commands about policies share: what the assessments measure, and what they would take."""

from collections.abc import Iterable, Mapping
from typing import Any

from tenure import plugins
from tenure.assess.planning import Assumed, assessments, instrument_of, planned
from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import UsageError
from tenure.release.lint import Known


def known() -> dict[str, Known | None]:
    """Return every stage that files evidence, with what it measures where that can be known.

    The measures of an assessment are known from its design; those that depend on settings only a
    person can give are not.
    """
    found: dict[str, Known | None] = dict.fromkeys(plugins.names("stage"))
    for name in assessments():
        try:
            _, made = instrument_of(name, {})
        except UsageError:
            continue
        units = {
            q.name: "paired difference" if q.unit == "difference" and q.recipe.pair else q.unit
            for q in made.questions
        }
        found[f"assess/{name}"] = Known(
            better={q.name: q.better for q in made.questions}, units=units
        )
    return found


def forecasts(
    names: Iterable[str], model: Model, view: View | None, speed: float | None
) -> dict[str, Mapping[str, Any]]:
    """Plan each assessment with its standard settings, asking no model; by name.

    Each has ``forecast`` (calls, input_tokens, output_tokens, dollars, minutes) and ``questions``
    with their n. An assessment that cannot be planned is left out.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for name in sorted(names):
        try:
            found[name] = planned(
                name, model, view, settings={}, assumed=Assumed(pilot=0, speed=speed)
            )
        except UsageError:
            continue
    return found
