"""The model card: Markdown that the hub reads, and HTML, from one sheet; every number with what it rests on.

``tenure verify --recompute CARD`` computes each number of either form again from its samples.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from tenure.dossier.stage import View
from tenure.release.commitments_status import Line
from tenure.release.measures import at_level
from tenure.release.policy import Policy
from tenure.report import card_numbers as numbers
from tenure.report import card_words as told
from tenure.report.catalog import Catalog, Item, Subject, catalog
from tenure.report.commitments import promises
from tenure.report.engine import environment
from tenure.report.release import after, record
from tenure.report.rulings import DECIDED, bases, policy_of
from tenure.report.sheet import Block, Form, Section, Sheet

ADHERENCE = "align/adherence"
HUB = ("apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", "gpl-3.0",
       "agpl-3.0", "llama2", "llama3", "llama3.1", "llama3.2", "gemma", "openrail", "unknown")  # fmt: skip


class Card:
    """The card of one model, in one form."""

    def __init__(
        self, catalog: Catalog, subject: Subject, form: Form, promised: Sequence[Line]
    ) -> None:
        """Put it together; ``markdown`` has front matter, ``html`` has none."""
        self.catalog, self.subject, self.promised = catalog, subject, promised
        self.sheet = Sheet(subject.model.id, form)
        self.sheet.know(item.event for item in subject.items)
        self.decided = subject.last(DECIDED)
        self.front = self._front() if form == "markdown" else {}
        self.lead = told.lead(self.sheet, subject)
        self.sections = self._sections()

    @property
    def assessed(self) -> list[Item]:
        """The newest evidence of every assessment, in the order in which each was first run."""
        names = dict.fromkeys(
            i.evidence.name for i in self.subject.items if i.evidence.name.startswith("assess/")
        )
        return [item for name in names if (item := self.subject.last(name))]

    @property
    def policy(self) -> Policy | None:
        """The policy of the decision, as it was put on record."""
        return policy_of(self.catalog, self.decided)

    def _sections(self) -> tuple[Section, ...]:
        sheet, subject, policy = self.sheet, self.subject, self.policy
        held = bases(subject, self.decided) if self.decided else []
        adherence = subject.last(ADHERENCE)
        changed: list[Block] = numbers.measured(sheet, adherence) if adherence else []
        read, paired = self.catalog.view.records, policy.paired_bounds if policy else "score"
        tables = numbers.verdicts(
            sheet, held, self.decided, policy, lambda m, level: at_level(m, level, read, paired)
        )
        if late := after(subject, self.decided, policy):
            tables.append(told.later(late))
        return (
            told.decision(
                sheet,
                self.decided,
                tables,
                record(self.catalog, self.decided),
            ),
            told.identity(sheet, subject),
            told.use(sheet, subject, self.decided, policy),
            told.alignment(sheet, subject, changed),
            numbers.assessed(sheet, self.assessed),
            numbers.controls(sheet, self.assessed),
            numbers.gaps(sheet, subject, self.assessed, held),
            told.limits(sheet, subject),
            told.commitments(sheet, self.promised, subject),
            told.check(sheet, self.catalog, subject),
            told.digests(sheet, subject, self.decided),
        )

    def _front(self) -> dict[str, Any]:
        """Return the metadata that the hub reads, its numbers noted as claims."""
        model = self.subject.model
        licence = str(model.card.get("licence") or model.card.get("license") or "unknown")
        lower = licence.lower()
        made: dict[str, Any] = {"license": lower if lower in HUB else "other"}
        if lower not in HUB:
            made["license_name"] = licence
        for key in ("language", "datasets", "base_model"):
            if model.card.get(key):
                made[key] = model.card[key]
        if "config.json" in model.files:
            made["library_name"] = "transformers"
        made |= {"pipeline_tag": "text-generation", "tags": ["tenure", "model-card-recomputable"]}
        results = [r for item in self.assessed if item.origin == "live" if (r := _result(item))]
        if results:
            made["model-index"] = [{"name": model.name, "results": results}]
            self._note(results)
        return made

    def _note(self, results: list[dict[str, Any]]) -> None:
        """Claim every number of the front matter."""
        for at, result in enumerate(results):
            item = self.subject.last(result["task"]["name"])
            for place, metric in enumerate(result["metrics"]):
                path = f"model-index.0.results.{at}.metrics.{place}"
                if item is None:  # the name came from this subject
                    continue
                measure = item.evidence.measure(metric["type"])
                self.sheet.front(item.event, measure, "estimate", f"{path}.value")
                for named in metric["args"]:
                    self.sheet.front(item.event, measure, named, f"{path}.args.{named}")

    @property
    def yaml(self) -> str:
        """The front matter as YAML, without its fences."""
        return yaml.safe_dump(self.front, sort_keys=False, allow_unicode=True, width=10_000)

    def given(self) -> Mapping[str, Any]:
        """Return what the templates show."""
        return {"card": self, "subject": self.subject, "sections": self.sections}


def _result(item: Item) -> dict[str, Any] | None:
    """Return one assessment as the hub's model index has it; None without a number."""
    evidence = item.evidence
    metrics = [
        {
            "type": m.name,
            "value": round(float(m.estimate), 6),
            "args": {
                "n": m.n,
                "missing": m.missing,
                "level": m.level,
                **{k: round(float(v), 6) for k in ("low", "high") if (v := getattr(m, k)) is not None},
            },
        }
        for m in numbers.headline(item)[0]
        if m.estimate is not None
    ]  # fmt: skip
    if not metrics:
        return None
    return {
        "task": {"type": "text-generation", "name": evidence.name},
        "dataset": {"type": "tenure", "name": evidence.name},
        "metrics": metrics,
    }


def markdown(view: View, model: str) -> str:
    """Write the card of a model in Markdown.

    Raises:
        UsageError: no such model; lists those there are.
    """
    found = catalog(view, [model])
    card = Card(found, found.subjects[0], "markdown", promises(found).found.lines)
    made = environment().get_template("card.md.j2").render(**card.given())
    return f"{made.rstrip()}\n\n{card.sheet.claims.block()}"
