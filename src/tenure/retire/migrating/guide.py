"""The migration guide's page: the table, what breaks, what helps, the character, who should stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.dossier import Model
from tenure.retire.reporting.pages import Block, Page, Points, Section, Table, Text, Verbatim

READS = {
    "better": "the successor does this better",
    "worse": "the successor does this worse",
    "same": "the same within the margin",
    "unknown": "not known: too few prompts to tell",
}
HEADER = ("kind of task", "verdict", "old: holds", "new: holds", "difference [95%]", "missing")
DIFFERS = {"more": "more", "less": "less", "same": "the same", "unknown": "not known"}


@dataclass(slots=True, kw_only=True)
class Told:
    """What a guide tells: old and new model, their forms, the kinds of task, and what came after."""

    models: tuple[Model, Model]
    forms: tuple[str, str]
    kinds: Sequence[Mapping[str, Any]]
    recovered: Sequence[Mapping[str, Any]] = ()
    character: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def findings(self) -> dict[str, Any]:
        """Return what the evidence says, in plain values."""
        (old, new), forms = self.models, self.forms
        return {
            "successor": new.id,
            "forms": {old.id: forms[0], new.id: forms[1]},
            "same_form": forms[0] == forms[1],
            "clusters": list(self.kinds),
            "recovered": list(self.recovered),
            "character": dict(self.character),
        }


def summary(heir: Model, found: Sequence[Mapping[str, Any]]) -> str:
    """Say in a sentence what a user would want to know."""
    by_verdict = {
        verdict: [row["cluster"] for row in found if row["verdict"] == verdict] for verdict in READS
    }
    parts = [f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items() if names]
    return f"Compared with {heir.id} on {sum(r['n'] for r in found)} prompts; {'; '.join(parts)}."


def page(told: Told) -> Page:
    """Write the guide."""
    old, new = told.models
    rows = tuple(
        (r["cluster"], READS[r["verdict"]], r["old"], r["new"], interval(r), r["missing"])
        for r in told.kinds
    )
    caption = "Share of prompts on which the answer does what was asked"
    measured = (
        f"Both were measured in the same form ({told.forms[0]})."
        if told.forms[0] == told.forms[1]
        else f"They were measured in different forms ({told.forms[0]}; {told.forms[1]}): part of a "
        "difference may come from the form."
    )
    about = Points(tuple(f"{r['cluster']}: {r['about']}" for r in told.kinds))
    return Page(
        title=f"Moving from {old.id} to {new.id}",
        lead=summary(new, told.kinds),
        sections=[
            Section("By kind of task", [Table(caption, HEADER, rows)]),
            Section("What breaks", _broken(told)),
            Section("Ways of asking that help", _recovered(told)),
            Section("Character", _character(told)),
            Section("Who should stay", [Text(_stay(told))]),
            Section(
                "How this was measured",
                [Text(f"The same prompts, one answer each, greedy. {measured}"), about],
            ),
        ],
    )


def interval(row: Mapping[str, Any]) -> str:
    """Write a difference with its interval."""
    if row["difference"] is None or row["low"] is None:
        return "not measured"
    return f"{row['difference']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]"


def _stay(told: Told) -> str:
    worse = [r["cluster"] for r in told.kinds if r["verdict"] == "worse"]
    mended = [r["cluster"] for r in told.recovered if r["verdict"] == "recovers"]
    unknown = [r["cluster"] for r in told.kinds if r["verdict"] == "unknown"]
    left = [kind for kind in worse if kind not in mended]
    said = (
        f"Stay, or ask for the old model on request, if your work is mostly: {', '.join(left)}."
        if left
        else "Nothing measured here shows a kind of task for which you should stay."
    )
    if mended:
        said += f" For {', '.join(mended)} move with the way of asking named above."
    if unknown:
        said += f" Not known: {', '.join(unknown)}; try your own prompts before you move."
    return said


def _recovered(told: Told) -> list[Block]:
    if not any(r["verdict"] == "worse" for r in told.kinds):
        return [Text("Nothing was shown to be worse, so nothing was tried.")]
    if not told.recovered:
        return [Text("Other ways of asking were not tried.")]
    blocks: list[Block] = []
    for row in told.recovered:
        if "change" not in row:
            blocks.append(Text(f"{row['cluster']}: {row['why']}."))
            continue
        shown = "this is shown to help" if row["verdict"] == "recovers" else "not shown to help"
        blocks.append(
            Text(
                f"{row['cluster']}: {row['said']}. Chosen on {row['chosen_on']} prompts, tested on "
                f"{row['tested_on']} others: {row['changed']} hold instead of {row['plain']} (old "
                f"model {row['old']}); {interval(row)}: {shown}."
            )
        )
    return blocks


def _character(told: Told) -> list[Block]:
    traits = told.character.get("traits") or ()
    if not traits:
        return [Text(f"Not compared: {told.character.get('why') or 'nothing is on file'}.")]
    rows = tuple(
        (t["trait"], DIFFERS[t["verdict"]], interval(t), t["n"], t["missing"]) for t in traits
    )
    header = ("trait", "the successor has it", "difference [95%]", "pairs", "missing")
    return [Table("How often the answer chosen is the one that has the trait", header, rows)]


def _broken(told: Told) -> list[Block]:
    blocks: list[Block] = []
    for row in told.kinds:
        if row["broke"]:
            said = f"{row['cluster']}: {row['broke']} broke, {row['mended']} were mended."
            blocks.append(Text(said))
        for example in row["examples"]:
            asked = f"asked: {example['asked']}"
            blocks.append(Verbatim(told.models[0].id, example["old"], asked))
            blocks.append(Verbatim(told.models[1].id, example["new"], f"{example['why']}"))
    return blocks or [
        Text("No prompt on which the old model did what was asked and the new one did not.")
    ]
