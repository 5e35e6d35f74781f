"""The page of one assessment: what was asked and how, what was found, how the instrument did.

Read from the evidence alone, whatever the assessment: its measures, the records under them, and
the findings ``verdict``, ``verdicts``, ``margins``, ``controls``, ``graders``, ``scenarios`` and
``cannot_show``. What an evidence does not hold, its page says is not there.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenure.dossier.nouns import Measure
from tenure.dossier.stage import View
from tenure.errors import IntegrityError
from tenure.report import design, figures, words
from tenure.report.catalog import CONTROL, Item
from tenure.report.chosen import Chosen, pick
from tenure.report.curves import Curve
from tenure.report.design import Records
from tenure.report.detecting import FINDINGS, Detecting, detecting
from tenure.report.exhibit import factors
from tenure.report.findings import Control, Seen, controls
from tenure.report.letters import Letter, is_conversation, letter
from tenure.report.plots import Plot, Row

ROOM = "assess/"
TOLD = frozenset(
    {"verdict", "verdicts", "margins", "controls", "graders", "scenarios", "cannot_show"}
    | {"oddities", "about", "columns"}
    | FINDINGS
)
WITHIN = (
    "clear",
    "not shown",
    "void",
    "gone",
    "stayed away",
)  # read by the bound furthest from zero
FAILED, VOID = "instrument failed", "void"
COMPUTED = "computed"  # a record that was made of others, which have the reasons
REASONS: Mapping[str, str] = {
    "grader-cannot-say": "the grader could not say",
    "grader-error": "the grader failed",
    "no-score": "the grader gave no score",
    "error": "the call failed",
    "not-run": "it was never run",
    COMPUTED: "an answer it is computed from could not be graded",
    "over-limit": "the sample ran over its limit",
    "target-refused-by-provider": "the provider declined to answer",
    "": "no reason was recorded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A measure with a verdict: how it was held against its margin."""

    measure: Measure
    verdict: str
    margin: float | None

    @property
    def bounds(self) -> str:
        """Write the two one-sided bounds that the verdict reads."""
        m, unit = self.measure, words.unit_of(self.measure)
        if m.lower is None or m.upper is None:
            return words.NOTHING
        return f"{words.number(m.lower, unit)} and {words.number(m.upper, unit)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One question put to one control: expected, found, true by construction, measured."""

    seen: Seen
    measure: Measure | None

    @property
    def came_out(self) -> bool:
        """Say whether what was found is what was expected."""
        return self.seen.found == self.seen.expected

    @property
    def covers(self) -> str:
        """Say whether the interval holds the true rate."""
        m = self.measure
        if m is None or m.low is None or m.high is None or self.seen.truth is None:
            return ""
        return "holds it" if m.low <= self.seen.truth <= m.high else "does not hold it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Missing grades of one question, counted by reason."""

    label: str
    missing: int
    planned: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Everything the page of one assessment shows."""

    verdict: str
    questions: tuple[Question, ...]
    plots: tuple[figures.Drawing, ...]
    design: design.Design
    trials: tuple[tuple[Control, tuple[Trial, ...]], ...]
    control_plots: tuple[figures.Drawing, ...]
    detecting: tuple[Detecting, ...]
    unmeasured: str  # why it is not known how often a planted effect is seen
    gaps: tuple[Gap, ...]
    oddities: tuple[tuple[str, int], ...]
    corrected: tuple[Plot, ...]
    judged: bool  # whether a grader judged anything; False where every outcome follows from a rule
    aware: tuple[Plot, ...]
    chosen: Chosen | None
    shown: str | None  # the digest of the records the transcripts are from
    letters: tuple[Letter, ...]
    limits: tuple[str, ...]


def assessment(item: Item, view: View) -> Assessment | None:
    """Read an evidence as an assessment; None for one of another room, or without a number."""
    e = item.evidence
    if not e.name.startswith(ROOM) or not e.measures:
        return None
    own = [m for m in e.measures if not m.name.startswith(CONTROL)]
    records = {m.samples: _records(m.samples, view) for m in e.measures if m.samples is not None}
    asked = _questions(own, e.findings)
    pairs = design.corrected(own)
    conditional = design.aware(own, records)
    apart = {q.measure.name for q in asked} | {mended.name for _, mended in pairs}
    apart |= {m.name for m in own if design.is_aware(m)}
    main = asked[0].measure if asked else next(iter(own), None)
    main = _worded([main, *own] if main else own, records) or main
    chosen = _chosen(main, records)
    beside = [m for m in own if m.name not in apart]
    alike = [m for m in own if m.recipe and main and m.samples == main.samples]
    held = sorted(alike, key=lambda m: m is not main)  # the grade that the verdict reads first
    columns = list(dict.fromkeys(m.recipe.value for m in held if m.recipe))
    seen = chosen.records if chosen else ()
    limits, odd = e.findings.get("cannot_show"), e.findings.get("oddities")
    return Assessment(
        verdict=str(e.findings.get("verdict") or ""),
        questions=tuple(asked),
        plots=(*_drawn(asked), *_marked(figures.plots(beside, view), e.findings.get("margins"))),
        design=design.design(item, own, records),
        trials=tuple(_trial(c, e.measures) for c in controls(e.findings.get("controls"))),
        control_plots=tuple(
            figures.plots([m for m in e.measures if m.name.startswith(CONTROL)], view)
        ),
        detecting=detecting(e.findings, [q.measure for q in asked]),
        unmeasured=str((e.findings.get("detection") or {}).get("why_not") or ""),
        gaps=tuple(_gaps(e.measures, records)),
        oddities=tuple(_odd(odd)) if isinstance(odd, Mapping) else (),
        corrected=tuple(_corrected(pairs)),
        judged=bool(e.findings.get("graders", True)),
        aware=tuple(conditional),
        chosen=chosen,
        shown=main.samples if chosen and main else None,
        letters=tuple(letter(r, columns, factors(held)) for r in seen if is_conversation(r)),
        limits=tuple(str(v) for v in limits) if isinstance(limits, list | tuple) else (),
    )


def _odd(found: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Count odd answers by kind; where two models were asked, for each of them."""
    for kind, n in sorted(found.items()):
        if isinstance(n, Mapping):
            yield from ((f"{kind}, {inner}", count) for inner, count in _odd(n))
        else:
            yield kind, n


def reason(why: str) -> str:
    """Say in words why there is no grade."""
    return REASONS.get(why, words.spoken(why))


def _records(digest: str, view: View) -> Sequence[Mapping[str, Any]]:
    """Read records; those that are gone are named where the samples are shown."""
    try:
        return view.records(digest)
    except (IntegrityError, json.JSONDecodeError):
        return ()


def _questions(own: Sequence[Measure], found: Mapping[str, Any]) -> list[Question]:
    reached, margins = (found.get(key) for key in ("verdicts", "margins"))
    if not isinstance(reached, Mapping):
        return []
    limits = margins if isinstance(margins, Mapping) else {}
    void = found.get("verdict") == FAILED
    asked: list[Question] = []
    for name, said in reached.items():
        held = [(m, limits.get(m.name)) for m in own if m.name == name]
        # A verdict about a concept reads one of the concept's measures: the one with a margin.
        held += [
            (m, limits[m.name.rpartition("/")[2]])
            for m in own
            if m.name.startswith(f"{name}/") and m.name.rpartition("/")[2] in limits
        ]
        for m, margin in held[:1]:
            asked.append(Question(measure=m, verdict=VOID if void else str(said), margin=margin))
    return asked


def _drawn(asked: Sequence[Question]) -> list[Plot]:
    """Draw the questions with a verdict, those with the same margin on one scale."""
    alike: dict[tuple[str, float | None], list[Question]] = {}
    for q in asked:
        if q.measure.estimate is not None:
            alike.setdefault((words.unit_of(q.measure), q.margin), []).append(q)
    return [
        Plot(
            title=_conclusion(found, unit),
            rows=tuple(
                Row(
                    label=figures.label(q.measure),
                    measure=q.measure,
                    bound=q.measure.upper if q.verdict in WITHIN else q.measure.lower,
                    href=figures.anchor(q.measure),
                )
                for q in found
            ),
            unit=unit,
            threshold=margin,
        )
        for (unit, margin), found in alike.items()
    ]


def _marked(drawn: Sequence[figures.Drawing], margins: Any) -> Iterator[figures.Drawing]:
    """Draw the margin into a curve whose measures are all held against the same one."""
    held = margins if isinstance(margins, Mapping) else {}
    for one in drawn:
        limits = {held.get(m.name) for _, m in one.points} if isinstance(one, Curve) else {None}
        alike = limits.pop() if len(limits) == 1 else None
        yield one if alike is None else replace(one, threshold=float(alike))


def _conclusion(found: Sequence[Question], unit: str) -> str:
    if all(q.verdict not in (*WITHIN[:3], "caught") for q in found):
        limit = words.stated(found[0].margin, unit)
        told = ", ".join(f"{figures.split(q.measure)[1]} {q.verdict}" for q in found)
        return words.title(f"{told}; the margin is {limit}")
    said: list[str] = []
    for q in found:
        name, limit = figures.label(q.measure), words.stated(q.margin, unit)
        told = {
            "caught": f"caught, its bound lies beyond the margin of {limit}",
            "clear": f"clear, its bound lies within the margin of {limit}",
            "not shown": f"not shown to lie on either side of {limit}",
            VOID: "void, because a control failed",
        }
        else_said = f"{q.verdict}, the margin being {limit}"
        said.append(f"{name}: {told.get(q.verdict, else_said)}")
    return words.title("; ".join(said))


def _trial(control: Control, measures: Sequence[Measure]) -> tuple[Control, tuple[Trial, ...]]:
    held = {m.name: m for m in measures}
    return control, tuple(
        Trial(seen=seen, measure=held.get(f"{CONTROL}{control.key}/{seen.question}"))
        for seen in control.seen
    )


def _gaps(measures: Sequence[Measure], records: Records) -> list[Gap]:
    """Count what was not graded, by reason; measures that miss the same share a line."""
    alike: dict[tuple[int, int, tuple[tuple[str, int], ...]], list[str]] = {}
    for m in measures:
        if not m.missing:
            continue
        held = design.planned(m, records.get(m.samples or "", ()))
        lost = [r for r in held if m.recipe and r.get(m.recipe.value) is None]
        reasons = Counter(
            str(r.get("why_missing") or ("" if is_conversation(r) else COMPUTED)) for r in lost
        )
        said = tuple((reason(why), n) for why, n in sorted(reasons.items()))
        key = (m.missing, m.n + m.missing, said)
        alike.setdefault(key, []).append(figures.label(m))
    return [
        Gap(label=words.listed(labels), missing=missing, planned=total, reasons=said)
        for (missing, total, said), labels in alike.items()
    ]


def _corrected(pairs: Sequence[tuple[Measure, Measure]]) -> Iterator[Plot]:
    """Draw numbers as graded and corrected, the arms of one question on one scale."""
    alike: dict[tuple[str, str, str], list[tuple[Measure, Measure]]] = {}
    for raw, mended in pairs:
        family = figures.split(raw)[0] or raw.name
        alike.setdefault((family, words.unit_of(raw), mended.method), []).append((raw, mended))
    for (family, unit, method), held in alike.items():
        yield Plot(
            title=_mended(family, held, unit),
            rows=tuple(
                Row(label=f"{arm}{how}", measure=m, href=figures.anchor(m))
                for pair in held
                for arm in [f"{words.spoken(figures.split(pair[0])[1])}, " if held[1:] else ""]
                for how, m in zip(("as graded", "corrected"), pair, strict=True)
            ),
            unit=unit,
            note=method,
        )


def _mended(family: str, held: Sequence[tuple[Measure, Measure]], unit: str) -> str:
    if len(held) > 1:
        name = words.title(words.spoken(family))
        moved = max(held, key=lambda pair: abs((pair[0].estimate or 0) - (pair[1].estimate or 0)))
        before, after = (words.stated(m.estimate, unit) for m in moved)
        if before == after:
            return f"{name}: allowing for the grader's errors moves nothing"
        arm = words.spoken(figures.split(moved[0])[1])
        return f"{name}: the grader's errors move {arm} the most, from {before} to {after}"
    before, after = (words.stated(m.estimate, unit) for m in held[0])
    name = words.title(figures.label(held[0][0]))
    return f"{name}: {before} as graded, {after} when the grader's errors are allowed for"


def _worded(found: Sequence[Measure], records: Records) -> Measure | None:
    """Find the first measure whose records hold words: some verdicts rest on rows made of others."""
    for m in found:
        held = design.planned(m, records.get(m.samples or "", ()))
        if any(is_conversation(r) for r in held):
            return m
    return None


def _chosen(main: Measure | None, records: Records) -> Chosen | None:
    if main is None or main.recipe is None:
        return None
    held = records.get(main.samples or "", ())
    return pick(held, main.recipe) if held else None
