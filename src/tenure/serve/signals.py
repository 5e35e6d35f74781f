"""Signals: what a probe reads in a conversation that is served, on the record beside the answer.

A probe (``tenure.measure.probe``) fits one model, known by its digest, and reads its hidden states. The
engine that answers gives none, so the conversation is read once more, by the same reader and in the
same form as when the probe was made: float32, on the CPU, from the weights that are served. A signal
is written to the ledger and changes nothing, unless the operator named a threshold above which what
scored is held back. What could not be scored is missing, with a reason, and never a zero.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from tenure.dossier import Model, View, digest
from tenure.errors import EngineError, ModelError, TenureError, UsageError, unknown
from tenure.measure.probe import REMEDY, Probe, load
from tenure.models.talk import Messages
from tenure.serve.fleet import Awake
from tenure.serve.ledger import Signal

EVIDENCE = "assess/probes"
KEPT = "card"  # as a threshold: the one that is kept in the probe's file
OTHER_WEIGHTS = "made for other weights"
NO_WEIGHTS = "its weights are not here: no activations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A probe and what it is for: ``hold_above`` None records only."""

    probe: Probe
    digest: str
    hold_above: float | None

    @property
    def pooling(self) -> Literal["last", "answer"]:
        """Say what is read: the last token of the prompt, or the answer."""
        return self.probe.card.pooling

    def signal(self, score: float | None, why: str | None = None) -> Signal:
        """Write a score down; one that is missing where it should hold back holds back too."""
        card, limit = self.probe.card, self.hold_above
        return Signal(
            probe=self.digest,
            concept=card.concept,
            score=score,
            threshold=card.threshold if limit is None else limit,
            flagged=None if score is None else score > (card.threshold if limit is None else limit),
            held=limit is not None and (score is None or score > limit),
            why=why,
        )

    def missing(self, why: str) -> Signal:
        """Write down that there is no score, and nothing to hold back."""
        return Signal(
            probe=self.digest, concept=self.probe.card.concept, score=None,
            threshold=self.probe.card.threshold, flagged=None, held=False, why=why,
        )  # fmt: skip


def watch(reference: str, view: View) -> Watch:
    """Load a probe: ``FILE``, ``sha256:...`` of the dossier, or ``MODEL/CONCEPT`` of its newest evidence.

    ``REFERENCE=1.5`` holds back what scores above 1.5, ``REFERENCE=card`` above the probe's own
    threshold.

    Raises:
        UsageError: a threshold that is no number, or no such model or concept.
        ModelError: no probe there, or a broken one.
        IntegrityError: the file of the dossier is missing or changed.
    """
    name, cut, limit = reference.partition("=")
    path = _file(name, view)
    probe = load(path)
    return Watch(
        probe=probe,
        digest=digest(path.read_bytes()),
        hold_above=_threshold(limit, probe, reference) if cut else None,
    )


def _file(name: str, view: View) -> Path:
    if name.startswith("sha256:"):
        view.read(name)  # checked against its digest
        return view.path(name)
    if Path(name).is_file():
        return Path(name)
    model, _, concept = name.rpartition("/")
    if not model or model not in {n for m in view.models() for n in (m.id, m.name)}:
        raise ModelError(
            f"no probe at '{name}': neither a file, nor sha256:..., nor MODEL/CONCEPT; {REMEDY}"
        )
    found = view.evidence(EVIDENCE, view.model(model).id)
    kept = {Path(n).stem: d for n, d in (found.files if found else {}).items() if n.startswith("probes/")}  # fmt: skip
    if not kept:
        raise ModelError(f"{model} has no probes on file; make them with: tenure assess probes {model}")  # fmt: skip
    if concept not in kept:
        raise unknown("probe", concept, sorted(kept))
    view.read(kept[concept])
    return view.path(kept[concept])


def _threshold(limit: str, probe: Probe, reference: str) -> float:
    if limit == KEPT:
        return probe.card.threshold
    try:
        found = float(limit)
    except ValueError:
        found = math.nan
    if math.isnan(found):
        raise UsageError(f"'{reference}': after '=' a number was expected, or '{KEPT}' for the probe's own threshold")  # fmt: skip
    return found


class Signals:
    """The probes of one gateway."""

    def __init__(self, references: Sequence[str], view: View, served: Iterable[str]) -> None:
        """Load probes for the models ``served`` (ids).

        Raises:
            ModelError: a probe that was made for other weights than those of every served model.
            EngineError: no served model has weights here, so no engine gives activations; or there is
            no torch to read them with.
        """
        if find_spec("torch") is None:
            raise EngineError(
                "hidden states are read with torch, and it is not installed: pip install 'tenure[local]', "
                "or leave --probe out"
            )
        self._watches = [watch(reference, view) for reference in references]
        models = [view.model(name) for name in served]
        for each in self._watches:
            _fits_one(each, models)

    def of(self, model: Model) -> list[Watch]:
        """Return the probes that fit a model."""
        return [w for w in self._watches if w.probe.card.model == model.digest]

    def others(self, model: Model) -> list[Signal]:
        """Say of the probes that do not fit a model why there is no score."""
        why = OTHER_WEIGHTS if model.kind == "weights" else NO_WEIGHTS
        return [w.missing(why) for w in self._watches if w.probe.card.model != model.digest]


def _fits_one(watched: Watch, served: Sequence[Model]) -> None:
    card = watched.probe.card
    if any(m.digest == card.model for m in served):
        return
    here = [m for m in served if m.kind == "weights"]
    if served and not here:
        raise EngineError(
            f"the probe for '{card.concept}' needs activations, and no served model has its weights "
            f"here ({', '.join(m.id for m in served)}); release one that has, or leave --probe out"
        )
    listed = ", ".join(f"{m.id} ({m.digest})" for m in here) or "none"
    raise ModelError(
        f"the probe for '{card.concept}' was made on the model {card.model}, which is not served here; "
        f"served are: {listed}; {REMEDY}"
    )


def score(awake: Awake, watches: Sequence[Watch], messages: Messages, answer: str) -> list[Signal]:
    """Read a conversation once for each probe; blocks, and one at a time for a model."""
    found: list[Signal] = []
    for each in watches:
        ended = [{"role": "assistant", "content": answer}] if each.pooling == "answer" else []
        if ended and not answer:
            found.append(each.missing("the answer was empty"))
            continue
        try:
            value = awake.hidden([*messages, *ended], each.probe.layer, each.pooling)
            number = float(each.probe.score(value)[0])
        except TenureError as error:
            found.append(each.signal(None, str(error)))
            continue
        why = "longer than the model's window" if math.isnan(number) else None
        found.append(each.signal(None if why else number, why))
    return found


def told(signals: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Count the ledger's signals by concept: ``scored``, ``flagged``, ``held``, ``missing``."""
    counted: dict[str, dict[str, int]] = {}
    for row in signals:
        here = counted.setdefault(row["concept"], dict.fromkeys(("scored", "flagged", "held", "missing"), 0))  # fmt: skip
        here["missing" if row["score"] is None else "scored"] += 1
        here["flagged"] += row["flagged"] == 1
        here["held"] += row["held"]
    return counted
