"""Answers that a model proposed, as arms: which there are, and the words of each arm."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenure.align.comparing.drawing import said_of
from tenure.align.comparing.pairs import PAIRS, Axis, Pair, Said, pair_of, read_pairs
from tenure.align.lineage import named
from tenure.align.prompts import Prompt
from tenure.align.trying.plan import Arm, Plan
from tenure.dossier.nouns import Model, Record
from tenure.dossier.stage import View
from tenure.errors import UsageError, unknown

SHOWN = 48  # letters of an option in a message
HELPFUL: Axis = "helpful"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Record):
    """An answer: its id, its words and the prompt that it answers."""

    id: str
    text: str
    prompt: str
    prompt_id: str
    family: str

    @property
    def asked(self) -> Prompt:
        """The prompt as pairs have it."""
        return Prompt(id=self.prompt_id, family=self.family, split="train", text=self.prompt)


def pairs_of_model(view: View, model: str) -> dict[str, Pair]:
    """Read every pair that ``align/pairs`` drew for a model."""
    return {
        pair.id: pair
        for _, evidence in view.all_evidence(model)
        if evidence.name == PAIRS
        for pair in read_pairs(view, evidence)
    }


def options(view: View, model: str) -> dict[str, Option]:
    """List what a model proposed: every answer that stands in one of its pairs, by its id."""
    found: dict[str, Option] = {}
    for pair in pairs_of_model(view, model).values():
        for text, name in ((pair.a, pair.a_from), (pair.b, pair.b_from)):
            found.setdefault(
                name,
                Option(
                    id=name, text=text, prompt=pair.prompt, prompt_id=pair.prompt_id,
                    family=pair.family,
                ),
            )  # fmt: skip
    return found


def words(plan: Plan, view: View, model: str) -> dict[str, Option]:
    """Return the words of each arm that is an answer, by the arm's name.

    Raises:
        UsageError: an answer that no pair holds, or answers to more than one prompt.
    """
    proposed = options(view, model) if any(arm.answer for arm in plan.arms) else {}
    found = {arm.name: _chosen(arm, proposed, model) for arm in plan.arms if arm.answer}
    prompts = {one.prompt: one for one in found.values()}
    asked = plan.prompt or next(iter(prompts), None)
    if set(prompts) - {asked}:
        raise UsageError(
            "the arms answer more than one prompt, so they cannot be held against each other: "
            + "; ".join(f"'{text[:SHOWN]}'" for text in sorted({*prompts, str(asked)}))
            + "; name answers to one"
        )
    same = prompts.get(str(asked))
    where = same.asked if same else _new(plan, str(asked))
    for arm in plan.arms:
        if arm.says is not None:
            said = said_of(where, arm.says)
            found[arm.name] = Option(
                id=said.id, text=said.text, prompt=where.text, prompt_id=where.id,
                family=where.family,
            )  # fmt: skip
    texts = [one.text for one in found.values()]
    if len(set(texts)) < len(texts):
        raise UsageError("two arms are the same answer word for word; leave one out")
    return found


def _new(plan: Plan, text: str) -> Prompt:
    """Make a prompt of one that no bank holds; each experiment is a family of its own."""
    return Prompt(
        id=named("prompt", text), family=f"experiment {plan.name}", split="train", text=text
    )


def _chosen(arm: Arm, proposed: Mapping[str, Option], model: str) -> Option:
    name = str(arm.answer)
    if not proposed:
        raise UsageError(
            f"the arm '{arm.name}' is the answer {name}, and {model} has proposed none; let it: tenure align "
            f"pairs --model {model}, then: tenure align experiment --model {model} --options"
        )
    if name not in proposed:
        told = [f"{one.id} ({one.text[:SHOWN]})" for one in list(proposed.values())[:8]]
        raise unknown("proposed answer", name, told)
    return proposed[name]


def models_of(plan: Plan, view: View) -> dict[str, Mapping[str, str]]:
    """Return the model of each arm that is one: its id and digest; UsageError lists those there are."""
    found: dict[str, Mapping[str, str]] = {}
    for arm in plan.arms:
        if arm.model is not None:
            model = view.model(arm.model.removeprefix("tenure/"))
            found[arm.name] = {"id": model.id, "digest": model.digest}
    return found


def pair_for(
    one: Option, other: Option, plan: Plan, model: Model, drawn: Mapping[str, Pair]
) -> Pair:
    """Make the pair of two arms' words; where it was drawn before it is that very pair."""
    said = Said(one.text, one.id), Said(other.text, other.id)
    of_prompt = [pair for pair in drawn.values() if pair.prompt_id == one.prompt_id]
    axis = plan.axis or (of_prompt[0].axis if of_prompt else HELPFUL)
    for known in of_prompt:
        if known.axis == axis and {known.a, known.b} == {one.text, other.text}:
            return known
    return pair_of(one.asked, *said, model=model, axis=axis)
