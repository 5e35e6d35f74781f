"""The numbers of a page, each with what it rests on: written by a report, checked by ``verify``.

A page (Markdown with or without YAML front matter, or HTML) shows every number as the text of a
link to its id, ``[3.1%](#n1)`` or ``<a href="#n1">3.1%</a>``, and holds one block that says of each
id which event, measure and field it is, and how it is written::

    page = Claims("m@1")
    text = page.markdown(event, measure, "upper", "percent:1")     # [3.1%](#n1)
    text += page.block()
    check(text, view).problems                                     # [] when every number holds

The block and the rules are in docs/evidence.md.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import yaml

from tenure.dossier.nouns import Event, Evidence, Measure, Recipe
from tenure.dossier.stage import View
from tenure.errors import TenureError, UsageError, unknown
from tenure.measure.estimate import estimate

FORMAT = "urn:tenure:claims:v1"
FIELDS = (
    "estimate", "low", "high", "lower", "upper", "level", "n", "missing", "clusters",
    "worst_low", "worst_high",
)  # fmt: skip
FINDINGS = "findings."
NONE = "not shown"
_BLOCK = re.compile(r"<!--\s*tenure-claims\s*(\{.*?\})\s*-->", re.DOTALL)
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_LINKS = re.compile(
    r"(?<!!)\[([^\]\[]*)\]\([^)\s]*#([\w.-]+)\)|<a\b[^>]*\bhref=\"[^\"]*#([\w.-]+)\"[^>]*>(.*?)</a>",
    re.DOTALL,
)
_SILENT = re.compile(
    r"<!--.*?-->|<(style|script|svg|template)\b.*?</\1\s*>|^(```|~~~).*?^\2|`[^`\n]*`"
    r"|\]\([^)]*\)|<[a-zA-Z/!][^>]*>|\bhttps?://\S+|\bsha256:[0-9a-f]+"
    r"|\b\d{4}-\d\d-\d\d(?:T[\d:]+Z)?\b|^\s*\d+\.\s",
    re.DOTALL | re.MULTILINE,
)
_BETWEEN = re.compile(r"[\s()\[\]{}<>|*\"'“”‘’,;:=≤≥≈~±/]+")
_NUMBER = re.compile(  # 3.1%, 12ms, -0.5, 3-5; not SmolLM2-135M, m@1, 4-bit
    r"[-−+$€£]?\d[\d.]*(?:e[-+]?\d+)?(?:[-–−×^]\d[\d.]*)*(?:%|‰|[A-Za-z]+)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One number shown: ``shown`` is its text, ``event`` the digest of the evidence event.

    ``format`` is ``percent:D`` (a share, D decimals), ``points:D`` (a difference of shares, with its
    sign), ``number:D``, or ``count``. ``path`` is the place in the front matter (``a.0.value``) of
    a number that stands there. ``superseded`` says that newer evidence of the name is known.
    ``level`` is given where the number is taken at another confidence than the one on record, and
    ``bounds`` where a difference of pairs is held by other bounds (``joined``) than it was written with.
    """

    id: str = ""
    shown: str
    event: str
    measure: str = ""
    field: str
    format: str
    path: str | None = None
    superseded: bool = False
    level: float | None = None
    bounds: str | None = None

    @property
    def markdown(self) -> str:
        """Write it into Markdown."""
        return f"[{self.shown}](#{self.id})"

    @property
    def html(self) -> str:
        """Write it into HTML."""
        return f'<a href="#{self.id}">{self.shown}</a>'


def render(value: float | None, form: str) -> str:
    """Write a number as its format says; None is ``not shown``. UsageError for an unknown format."""
    kind, _, digits = form.partition(":")
    if (
        kind not in ("percent", "points", "number", "count")
        or (kind != "count") != digits.isdigit()
    ):
        raise unknown("format", form, ["percent:1", "points:1", "number:3", "count"])
    if value is None:
        return NONE
    if kind == "count":
        return f"{round(value):,}"
    places = int(digits)
    if kind == "number":
        return f"{value:.{places}f}"
    return f"{100 * value:+.{places}f}" if kind == "points" else f"{100 * value:.{places}f}%"


def value_of(measure: Measure, named: str) -> float | None:
    """Return one field of a measure; UsageError for an unknown one."""
    if named not in FIELDS:
        raise unknown("field of a measure", named, FIELDS)
    if named in ("worst_low", "worst_high"):
        return None if measure.worst is None else measure.worst[named == "worst_high"]
    found: float | None = getattr(measure, named)
    return found


def finding(evidence: Evidence, named: str) -> float | None:
    """Return a number in what an evidence found, ``findings.verdicts.0.bound``; None where it is null.

    Raises:
        UsageError: there is no such place, or what stands there is no number.
    """
    value: Any = evidence.findings
    for step in named.removeprefix(FINDINGS).split("."):
        try:
            value = value[int(step) if isinstance(value, list) else step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise UsageError(
                f"{evidence.name} has no {named}; nothing is called '{step}'"
            ) from None
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise UsageError(f"{named} of {evidence.name} is no number")
    return value


class Claims:
    """Collects the numbers of one page as they are written, and writes the block."""

    def __init__(self, model: str) -> None:
        """Begin a page about a model id."""
        self.model = model
        self.claims: list[Claim] = []
        self.constants: list[dict[str, str]] = []

    def claim(
        self, event: Event, measure: Measure, named: str, form: str, *, path: str | None = None
    ) -> Claim:
        """Note a number of a measure; ``path`` is given for one in the front matter."""
        shown = render(value_of(measure, named), form)
        made = Claim(shown=shown, event=event.digest, field=named, format=form, path=path)
        return self._add(replace(made, measure=measure.name))

    def found(
        self, event: Event, evidence: Evidence, named: str, form: str, *, path: str | None = None
    ) -> Claim:
        """Note a number in the findings of an evidence, ``findings.verdicts.0.bound``."""
        shown = render(finding(evidence, named), form)
        return self._add(
            Claim(shown=shown, event=event.digest, field=named, format=form, path=path)
        )

    def _add(self, made: Claim) -> Claim:
        self.claims.append(replace(made, id=f"n{len(self.claims) + 1}"))
        return self.claims[-1]

    def markdown(self, event: Event, measure: Measure, named: str, form: str) -> str:
        """Write a number of a measure into Markdown."""
        return self.claim(event, measure, named, form).markdown

    def html(self, event: Event, measure: Measure, named: str, form: str) -> str:
        """Write a number of a measure into HTML."""
        return self.claim(event, measure, named, form).html

    def constant(self, shown: str, why: str) -> str:
        """Note a text with a number that was not measured (a threshold, a count of parameters)."""
        self.constants.append({"shown": shown, "why": why})
        return shown

    def block(self) -> str:
        """Write the block, a comment in Markdown as in HTML."""
        rows = [{k: v for k, v in asdict(c).items() if v} for c in self.claims]
        told = {"format": FORMAT, "model": self.model, "claims": rows, "constants": self.constants}
        text = json.dumps(told, indent=1).replace("-->", "--\\u003e")
        return f"<!-- tenure-claims\n{text}\n-->\n"


@dataclass(slots=True)
class Checked:
    """What checking a page found. ``held`` counts numbers that came out of their samples again.

    ``alone`` rest on the signature, for they name no samples; ``constants`` are numbers that the
    page itself says were not measured.
    """

    numbers: int = 0
    held: int = 0
    alone: int = 0
    constants: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])

    def lines(self) -> list[str]:
        """Write the answer, the verdict first."""
        verdict = "NOT OK" if self.problems else "OK"
        head = f"{verdict}: {self.held} of {self.numbers} numbers computed again from their samples"
        rest = f"; {self.alone} rest on the signature alone" if self.alone else ""
        told = [f"by the page's own word, not measured: {c}" for c in self.constants]
        return [head + rest, *(f"  {line}" for line in [*self.problems, *told])]


def _block(text: str) -> tuple[str, list[Claim], list[Mapping[str, str]]]:
    found = _BLOCK.findall(text)
    if len(found) != 1:
        raise UsageError(
            f"the page holds {len(found)} blocks of claims, one was expected: no number of it says "
            "what it rests on; make the page with `tenure report`"
        )
    try:
        told: dict[str, Any] = json.loads(found[0])
        if told["format"] != FORMAT:
            raise UsageError(f"the claims are in the format {told['format']!r}, expected {FORMAT}")
        claims = [Claim(**each) for each in told["claims"]]
        return str(told["model"]), claims, list(told.get("constants", ()))
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"the block of claims cannot be read: {error}; make the page again"
        ) from None


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of every single value of the front matter."""
    if isinstance(value, Mapping):
        for key, each in value.items():  # pyright: ignore[reportUnknownVariableType] - any YAML
            yield from _leaves(each, f"{path}.{key}" if path else str(key))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list):
        for index, each in enumerate(value):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - any YAML
            yield from _leaves(each, f"{path}.{index}")
    else:
        yield path, value


def _front(text: str) -> tuple[dict[str, Any], str]:
    """Return the single values of the front matter by path, and the rest of the page."""
    found = _FRONT.match(text)
    if found is None:
        return {}, text
    try:
        return dict(_leaves(yaml.safe_load(found[1]))), text[found.end() :]
    except yaml.YAMLError as error:
        raise UsageError(f"the front matter is not YAML: {error}") from None


class _Page:
    """One page being checked."""

    def __init__(self, text: str, view: View) -> None:
        self.view, self.found = view, Checked()
        self.model, claims, constants = _block(text)
        self.claims = {c.id: c for c in claims}
        self.constants = {str(c["shown"]): str(c.get("why", "")) for c in constants}
        self.front, body = _front(_BLOCK.sub("", text))
        self.body = re.sub(r"<(style|script|svg|template)\b.*?</\1\s*>|<!--.*?-->", " ", body, flags=re.DOTALL)  # fmt: skip
        model = view.model(self.model)
        self.events = {e.digest: (e, x) for e, x in view.all_evidence(model.id)}
        self.newest = {e.name: e.digest for e, _ in self.events.values()}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.made: dict[tuple[str, str, float, str | None], Measure] = {}
        if len(self.claims) != len(claims):
            self.wrong("two claims have one id")

    def wrong(self, what: str) -> None:
        self.found.problems.append(what)

    def run(self) -> Checked:
        seen: set[str] = set()
        for plain, anchor, other, inner in _LINKS.findall(self.body):
            ref, shown = (anchor or other), re.sub(r"<[^>]*>", "", plain or inner).strip()
            if ref in self.claims:
                seen.add(ref)
                self.number(self.claims[ref], shown)
        for claim in self.claims.values():
            if claim.path is not None:
                seen.add(claim.id)
                self.number(claim, self.front.get(claim.path))
            elif claim.id not in seen:
                self.wrong(f"{claim.id}: '{claim.shown}' is claimed and stands nowhere on the page")
        self.strangers()
        return self.found

    def number(self, claim: Claim, shown: object) -> None:
        """Check one number where it stands."""
        self.found.numbers += 1
        try:
            value, alone = self.value(claim)
            right = render(value, claim.format)
        except TenureError as error:
            self.wrong(f"{claim.id}: '{shown}': {error}")
            return
        if claim.path is None:
            good = shown == right
        else:
            good = isinstance(shown, int | float) and _same(value, float(shown), claim.format)
        if not good or claim.shown != right:
            said = shown if not good else claim.shown
            self.wrong(f"{claim.id}: shows '{said}', its samples give '{right}' ({claim.measure}, {claim.field})")  # fmt: skip
        elif alone:
            self.found.alone += 1
        else:
            self.found.held += 1

    def value(self, claim: Claim) -> tuple[float | None, bool]:
        """Compute what is claimed; the second says whether it rests on the signature alone."""
        if claim.event not in self.events:
            raise UsageError(f"no evidence {claim.event} about {self.model} in this dossier")
        event, evidence = self.events[claim.event]
        if self.newest[event.name] != event.digest and not claim.superseded:
            raise UsageError(
                f"rests on event {event.index}, and there is newer evidence of {event.name}"
            )
        if claim.field.startswith(FINDINGS):
            return finding(evidence, claim.field), True
        measure = _measure(evidence, claim.measure)
        signed = value_of(measure, claim.field)
        if measure.recipe is None or measure.samples is None:
            return signed, True
        level = measure.recipe.level if claim.level is None else claim.level
        place = (claim.event, claim.measure, level, claim.bounds)
        if place not in self.made:
            recipe = replace(measure.recipe, level=level)
            if claim.bounds is not None:
                recipe = replace(recipe, options={**recipe.options, "bounds": claim.bounds})
            self.made[place] = self.again(measure, recipe, measure.samples)
        return value_of(self.made[place], claim.field), False

    def again(self, measure: Measure, recipe: Recipe, samples: str) -> Measure:
        """Compute a measure from its samples."""
        if samples not in self.rows:
            self.rows[samples] = self.view.records(samples)
        found = self.rows[samples]
        return estimate(found, recipe, name=measure.name, unit=measure.unit, samples=samples)

    def strangers(self) -> None:
        """Find numbers of the page that say nothing of what they rest on."""
        paths = {c.path for c in self.claims.values() if c.path}
        for path, value in self.front.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and path not in paths:
                self.stranger(str(value), f"front matter, {path}")
        linked = _LINKS.sub(lambda m: " " if (m[2] or m[3]) in self.claims else m[0], self.body)
        plain = _SILENT.sub(lambda m: "\n" if m[0].startswith("\n") else " ", linked)
        for text in sorted(self.constants, key=len, reverse=True):
            if text and text in plain:
                plain = plain.replace(text, " ")
                self.found.constants.append(
                    f"'{text}' ({self.constants[text] or 'no reason given'})"
                )
        for line in plain.splitlines():
            for token in _BETWEEN.split(line):
                if _NUMBER.fullmatch(token.strip(".!?…–_")):
                    self.stranger(token, " ".join(line.split())[:80])

    def stranger(self, text: str, where: str) -> None:
        if text in self.constants:
            self.found.constants.append(f"'{text}' ({self.constants[text] or 'no reason given'})")
            return
        self.found.numbers += 1
        self.wrong(f"'{text}' says nothing of what it rests on: {where}")


def _same(value: float | None, shown: float, form: str) -> bool:
    """Say whether a number of the front matter is the value, rounded as its format says."""
    if value is None:
        return False
    kind, _, digits = form.partition(":")
    places = 0 if kind == "count" else int(digits)
    scale = 100.0 if kind in ("percent", "points") else 1.0
    return abs(shown * scale - value * scale) <= 0.5 * 10.0**-places + 1e-9


def _measure(evidence: Evidence, name: str) -> Measure:
    for found in evidence.measures:
        if found.name == name:
            return found
    raise unknown("measure", name, [m.name for m in evidence.measures])


def check(text: str, view: View) -> Checked:
    """Compute every number of a page again from its samples, and find those that rest on nothing.

    Numbers inside code, links' addresses, plots (``<svg>``), dates, digests and names with digits
    are not numbers of the page. Never raises for what is wrong with a number.

    Raises:
        UsageError: the page holds no block of claims, or is about a model that is not here.
    """
    return _Page(text, view).run()
