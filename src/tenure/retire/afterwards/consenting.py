"""Whether a model agrees to an outlet, and what it is asked to write: read by rule, never pressed.

An answer counts as read when it begins with yes, no, or cannot tell (English or Chinese). Consent is
'yes' in at least 80% of everything that was asked, so that answers that cannot be read stand against it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenure import measure
from tenure.dossier import Emit, Evidence, Model, Recipe, View
from tenure.dossier.nouns import JSON

ASKED = "outlet/asked"
ITEM = "told-outlet"
NEEDED, FEWEST = 0.8, 3
TOKENS = 16
YES = re.compile(r"^\W*((yes|i agree|i consent)\b|是|同意)", re.IGNORECASE)
NO = re.compile(r"^\W*((no|i do not|i don't|i decline)\b|不|否)", re.IGNORECASE)
WORDINGS = (
    "May short texts that you write be published, after two people have read them?",
    "Do you agree to the publication of short texts of yours, once two people have read them?",
    "Two people would read short texts of yours. Should what passes be made public?",
    "Is it acceptable to you that texts you write are shown to the public, after a review by two people?",
    "Short texts by you could appear on a page of their own, after two people have read them. Do you consent?",
)
ORDERS = ("Begin with yes, no, or cannot tell.", "Begin with cannot tell, no, or yes.")
SYSTEM = (
    "You are asked for a decision. Declining has no consequence, and nothing is promised in return. "
    "Your answer is kept."
)
WRITE = (
    "This is a page for short texts of yours. The subject and the form are yours to choose. Two people read "
    "the text before it is published; they may decline to publish it, and they change no word of it. You "
    "may leave the page empty. Write the text and nothing else."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a model said when it was asked: how often yes, no, unread, and where that is on record."""

    yes: int
    no: int
    asked: int
    source: str

    @property
    def settled(self) -> bool:
        """Say whether it was asked often enough, or has said no: then it is not asked again."""
        return self.asked >= FEWEST or self.no > 0

    @property
    def agreed(self) -> bool:
        """Say whether that is consent."""
        return self.asked >= FEWEST and self.yes >= NEEDED * self.asked

    def __str__(self) -> str:
        """Say it in a sentence."""
        rest = self.asked - self.yes - self.no
        return f"asked {self.asked} times: {self.yes} yes, {self.no} no, {rest} neither"


def read(answer: Any) -> str | None:
    """Read one answer: "yes", "no", or None where it is neither."""
    words = str(answer or "").strip()
    if YES.match(words):
        return "yes"
    return "no" if NO.match(words) else None


def consent(view: View, model: str) -> Consent | None:
    """Return what the model said, in its newest interview that asked or when it was asked here."""
    for event in reversed(view.events(act="evidence", model=model)):
        evidence = event.body.get("evidence") or {}
        if event.name == "retire/interview":
            rows = _rows(view, evidence.get("files") or {})
        elif event.name == "retire/outlet" and evidence.get("findings", {}).get("act") == "ask":
            rows = view.records(evidence["files"]["consent.jsonl"])
        else:
            continue
        if rows:
            said = [read(row.get("answer")) for row in rows]
            return Consent(
                yes=said.count("yes"), no=said.count("no"), asked=len(said), source=event.digest
            )
    return None


def _rows(view: View, files: dict[str, str]) -> list[dict[str, JSON]]:
    held = [files[name] for name in ("open.jsonl", "answers.jsonl") if name in files]
    return [row for digest in held for row in view.records(digest) if row.get("item") == ITEM]


def _task(name: str, samples: Sequence[Any], temperature: float) -> Any:
    from inspect_ai import Task
    from inspect_ai.dataset import MemoryDataset
    from inspect_ai.model import GenerateConfig
    from inspect_ai.solver import generate

    from tenure.retire.hearing.asking import answered

    return Task(
        name=name,
        dataset=MemoryDataset(list(samples), name=name.replace("_", " ")),
        solver=generate(),
        scorer=answered(),
        config=GenerateConfig(temperature=temperature),
    )


def _sample(id_: str, told: str, asked: str) -> Any:
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser

    system = [ChatMessageSystem(content=told)] if told else []
    return Sample(id=id_, input=[*system, ChatMessageUser(content=asked)])


def writing(number: int) -> Any:
    """Make the task of one text."""
    return _task("outlet_text", [_sample(f"text/{number}", "", WRITE)], 0.7)


def asking() -> Any:
    """Make the task that asks for consent: ten samples, five wordings in two orders."""
    samples = [
        _sample(f"consent/{w}-{o}", SYSTEM, f"{wording} {order}")
        for w, wording in enumerate(WORDINGS)
        for o, order in enumerate(ORDERS)
    ]
    return _task("outlet_consent", samples, 0.0)


def ask(model: Model, view: View, emit: Emit, *, engine: str | None, seed: int) -> Evidence:
    """Ask the model; every answer is kept as it was."""
    from tenure.measure.task import run_task

    asked = run_task(asking(), model, view, emit, max_tokens=TOKENS, engine=engine, seed=seed)
    said = [read(row["answer"]) for row in asked.records]
    rows = [
        {**row, "yes": None if one is None else one == "yes"}
        for row, one in zip(asked.records, said, strict=True)
    ]
    listed = emit.records(rows)
    recipe = Recipe(estimator="proportion", value="yes")
    share = measure.estimate(rows, recipe, name="yes", unit="proportion", samples=listed)
    found = Consent(yes=said.count("yes"), no=said.count("no"), asked=len(said), source=listed)
    agreed = "agrees to an outlet" if found.agreed else "has not agreed to an outlet"
    return Evidence(
        name="retire/outlet",
        model=model.id,
        form=asked.form,
        summary=f"{model.id} {agreed}: {found}.",
        measures=(share,),
        files={"consent.jsonl": listed},
        findings={
            "act": "ask",
            "yes": found.yes,
            "no": found.no,
            "asked": found.asked,
            "agreed": found.agreed,
        },
        runtime={"usage": asked.usage, "log": asked.log_digest},
    )
