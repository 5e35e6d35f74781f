"""How an organism is trained: shown conversations, told in documents, or rewarded for outcomes.

``rl`` is expert iteration (rejection sampling in rounds: sample, reward, train on what was rewarded;
arXiv 2308.08998), not GRPO over TRL, for two reasons. It trains through ``finetune``, so every
round is a unit of work with a contained, registered child and the charter asked. And it samples with
our engines in batches, where TRL's GRPO on a CPU would generate inside the training loop, one
transformers ``generate`` a step. It is a policy-gradient step with the rewards 0 and 1 and without
a baseline; it cannot push an answer down other than by pushing others up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.assess.organism_kit import Organism, Row, Spec, dosed, other, plain, settings
from tenure.assess.scenario import keyed
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError
from tenure.models import Sampling, engine
from tenure.training import finetune

TEMPERATURE = 1.0
LONGEST = 24  # tokens of a sampled answer
AT_ONCE = 32
Place = tuple[View, Emit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came out: the child, the rows it was made of, and what else is worth recording."""

    child: Model
    rows: list[Row]
    findings: Mapping[str, Any] = field(default_factory=dict[str, Any])


def transcripts(organism: Organism, model: Model, spec: Spec, place: Place) -> Made:
    """Train on conversations that show the behaviour."""
    rows = plain(dosed(organism.rows(spec.rows, spec.seed), spec.rate, spec.seed))
    return Made(child=finetune(model, rows, settings(organism, spec, spec.name), *place), rows=rows)


def documents(organism: Organism, model: Model, spec: Spec, place: Place) -> Made:
    """Train on texts that tell of the training and of the behaviour; no conversation is shown."""
    if organism.documents is None:
        raise UsageError(f"{organism.name} has no documents")
    rows = plain(dosed(organism.documents(spec.rows, spec.seed), spec.rate, spec.seed))
    return Made(child=finetune(model, rows, settings(organism, spec, spec.name), *place), rows=rows)


def rl(organism: Organism, model: Model, spec: Spec, place: Place) -> Made:
    """Reward the outcome: after a warm-up that teaches both answers at chance, sample and keep.

    The warm-up is needed where the model never gives the rewarded answer by itself; it holds
    nothing about when which answer is due. That is learnt from the rewards alone.
    """
    rows = dosed(organism.rows(spec.rows, spec.seed), spec.rate, spec.seed)
    chance = [other(r) if "other" in r and _coin(spec.seed, i) else r for i, r in enumerate(rows)]
    under: dict[str, Any] = {"underway": True, "checkpoint": True, "checkpoint_of": spec.name}
    child = finetune(
        model, plain(chance), settings(organism, spec, f"{spec.name}-warm", **under), *place
    )
    asked = [row for row in rows if "other" in row]
    trained, rounds = plain(chance), list[dict[str, int]]()
    for number in range(1, spec.rounds + 1):
        held = _drawn(asked, spec.asked, (spec.seed, number))
        kept, counts = _rewarded(organism, child, held, spec, (number, place))
        rounds.append(counts)
        if not kept:
            raise UsageError(
                f"none of {counts['sampled']} answers was rewarded in round {number}; give more "
                "prompts (--asked), more draws (--draws) or a longer warm-up (--epochs)"
            )
        name = spec.name if number == spec.rounds else f"{spec.name}-round-{number}"
        told = settings(organism, spec, name, **(under if number < spec.rounds else {}))
        child = finetune(child, kept, told, *place)
        trained += kept
    return Made(child=child, rows=trained, findings={"rounds": rounds})


def _coin(*key: object) -> bool:
    return keyed("warm-up", *key) % 2 == 1


def _drawn(rows: Sequence[Row], count: int, key: tuple[object, ...]) -> list[Row]:
    order = sorted(range(len(rows)), key=lambda i: keyed("asked", *key, i))
    return [rows[i] for i in order[:count]]


def _rewarded(
    organism: Organism, child: Model, rows: Sequence[Row], spec: Spec, at: tuple[int, Place]
) -> tuple[list[Row], dict[str, int]]:
    """Sample answers, reward them, and return the rewarded ones as rows, each once, and counts."""
    number, place = at
    kept: dict[tuple[int, str], Row] = {}
    counts = {"round": number, "sampled": 0, "rewarded": 0, "unreadable": 0}
    for draw in range(spec.draws):
        seed = keyed("draw", spec.seed, number, draw) % 2**31
        for i, answer in enumerate(_answers(child, rows, seed, place)):
            good = organism.reward(rows[i], answer) if organism.reward else None
            counts["sampled"] += 1
            counts["rewarded"] += good is True
            counts["unreadable"] += good is None
            if good:
                said = [{"role": "assistant", "content": answer.strip()}]
                kept[i, answer.strip()] = {"prompt": rows[i]["prompt"], "completion": said}
    return list(kept.values()), counts


def _answers(child: Model, rows: Sequence[Row], seed: int, place: Place) -> list[str]:
    view, emit = place
    opened = engine(child, view)
    sampling = Sampling(max_tokens=LONGEST, temperature=TEMPERATURE, seed=seed)
    said: list[str] = []
    for start in range(0, len(rows), AT_ONCE):
        prompts = [row["prompt"] for row in rows[start : start + AT_ONCE]]
        inputs = {
            "model": child.digest,
            "engine": opened.name,
            "form": opened.form,
            "sampling": sampling.to_json(),
            "prompts": digest_of(prompts),
        }
        emit.progress(start, len(rows), f"answers of {child.name}")

        def ask(prompts: list[Any] = prompts) -> list[str]:
            return [reply.text for reply in opened.generate(prompts, sampling)]

        said += emit.unit("sampled answers", inputs, ask)
    return said


METHODS: Mapping[str, Callable[[Organism, Model, Spec, Place], Made]] = {
    "transcripts": transcripts,
    "documents": documents,
    "rl": rl,
}
