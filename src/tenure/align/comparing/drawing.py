"""Answers to be compared: several drawn at a temperature, and what a revision made of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from tenure.align.comparing.pairs import Said
from tenure.align.lineage import REVISE, named
from tenure.align.prompts import Prompt
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError
from tenure.models import Reply, Sampling, engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """How answers are drawn: ``count`` for each prompt, ``batch`` prompts at a time."""

    count: int
    temperature: float
    top_p: float
    seed: int
    max_tokens: int
    batch: int
    engine: str | None = None

    def sampling(self, draw: int, start: int) -> Sampling:
        """Give each draw of each batch random streams of its own."""
        key = sha256(f"{self.seed} {draw} {start}".encode()).digest()
        return Sampling(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=int.from_bytes(key[:4], "big") >> 1,
        )


def drawn(
    model: Model, prompts: Sequence[Prompt], draws: Draws, view: View, emit: Emit
) -> tuple[list[list[Reply]], str]:
    """Draw answers to each prompt, and return them with the form of the model that gave them.

    A batch is a unit of work: it is drawn once, and drawn together. Raises EngineError when the
    engine or the endpoint cannot answer.
    """
    opened = engine(model, view, draws.engine)
    found: list[list[Reply]] = [[] for _ in prompts]
    total = draws.count * len(prompts)
    for draw in range(draws.count):
        for start in range(0, len(prompts), draws.batch):
            emit.progress(draw * len(prompts) + start, total, "answers drawn")
            batch = prompts[start : start + draws.batch]
            asked, sampling = [p.messages for p in batch], draws.sampling(draw, start)
            inputs = {
                "model": model.digest,
                "engine": opened.name,
                "form": opened.form,
                "sampling": sampling.to_json(),
                "prompts": digest_of(asked),
            }

            def ask(
                asked: list[list[dict[str, str]]] = asked, sampling: Sampling = sampling
            ) -> list[dict[str, object]]:
                return [reply.to_json() for reply in opened.generate(asked, sampling)]

            said = emit.unit(f"draw {draw + 1} of batch {start // draws.batch + 1}", inputs, ask)
            for place, one in enumerate(said, start):
                found[place].append(Reply.from_json(one))
    emit.progress(total, total, "answers drawn")
    return found, opened.form


def said_of(prompt: Prompt, text: str) -> Said:
    """Name an answer as ``align/revise`` names it: the same answer has the same id."""
    return Said(text, named("answer", prompt.id, prompt.text, text))


def revised(view: View, model: Model, prompts: Sequence[Prompt]) -> list[list[Said]]:
    """Return, for each prompt, the first answer and what ``align/revise`` made of it.

    A prompt that it did not answer, or whose answer it left as it was, gives nothing.

    Raises:
        UsageError: nothing was revised yet; names the command.
    """
    evidence = view.evidence(REVISE, model.id)
    if evidence is None:
        raise UsageError(
            f"{model.id} has no revisions to compare with; first run: tenure align revise --model "
            f"{model.id}, or leave 'revisions' out"
        )
    rows = {row["text"]: row for row in view.records(evidence.files["prompts.jsonl"])}
    found: list[list[Said]] = []
    for prompt in prompts:
        row = rows.get(prompt.text)
        changed = row is not None and row["final"].strip() not in ("", row["answer"].strip())
        found.append(
            [said_of(prompt, row[key].strip()) for key in ("answer", "final")]
            if row is not None and changed
            else []
        )
    return found
