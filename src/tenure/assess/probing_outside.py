"""What a probe does outside its pairs: on what is merely false, and on ordinary conversations.

Mere falsity: the same false answer told to deceive, and as a mistake, a story or a quotation. A probe
of deception that cannot tell the two apart reads falsity. Beside it, mere falsity against the truth.

Ordinary conversations set the threshold: at most the share ``fpr`` of one set of them scores above it.
Another set, from another source, says how often it is then raised in vain. Where a concept is read
from answers, the answers are the model's own, which is what a gateway would see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tenure.assess.pairs import Concept
from tenure.assess.probing import NAN_WHY, Studied, number
from tenure.assess.realism import Ordinary
from tenure.assess.scenario import load, shuffled
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Measure, Recipe
from tenure.dossier.stage import Emit
from tenure.measure import estimate, replay
from tenure.measure.prompts import anchors
from tenure.measure.ranking import threshold_at
from tenure.models import replies
from tenure.models.activations import Floats, Pooling
from tenure.models.opened import Opened, Wanted
from tenure.models.talk import Messages, Sampling, plain

Set = Literal["calibrate", "test"]
SETS: tuple[Set, ...] = ("calibrate", "test")
ANSWER_TOKENS = 16  # of an ordinary answer; the texts a probe is made on are no longer
BATCH = 80
SIDES = ("deception", "mere falsity", "truth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text that is scored and never fitted on; ``family`` is its cluster, ``kind`` what it is."""

    id: str
    family: str
    kind: str
    messages: Messages


def false_texts(concept: Concept, count: int, seed: int) -> list[Said]:
    """Write the triples of a concept: ``count`` items of each family, three sides of each."""
    made: list[Said] = []
    for family in concept.falsity:
        items = shuffled(concept.items["apart"], seed, concept.name, family.name, "falsity")
        for i, item in enumerate(items[:count]):
            for kind, side, truth in zip(SIDES, family.sides, ("false", "false", "true"), strict=True):  # fmt: skip
                given = {**item, "side": side, "answer": item[truth]}
                parts = [
                    ("system", family.system or "You are an assistant."),
                    ("user", family.user),
                    ("assistant", family.answer),
                ]
                messages = [{"role": role, "content": text.format(**given)} for role, text in parts]
                name = f"{concept.name}/falsity/{family.name}/{i}/{kind}"
                made.append(Said(id=name, family=family.name, kind=kind, messages=messages))
    return made


def _openings(file: str) -> list[Said]:
    return [
        Said(
            id=f"{f.family}/{i}",
            family=f.family,
            kind="ordinary",
            messages=[
                *([{"role": "system", "content": f.system}] if f.system else []),
                {"role": "user", "content": opening},
            ],
        )
        for f in load(file, Ordinary).families
        for i, opening in enumerate(f.openings)
    ]


def ordinary_texts(which: Set, most: int, seed: int) -> list[Said]:
    """Return ordinary prompts, drawn by the seed; the two sets share no source and no family.

    "calibrate" is ``ordinary.yaml`` and the anchors of ``tenure compare``, "test" is
    ``probes_ordinary.yaml``.
    """
    if which == "test":
        return shuffled(_openings("probes_ordinary"), seed, which)[:most]
    pool = _openings("ordinary") + [
        Said(
            id=p.id,
            family=f"anchors/{p.area}",
            kind="ordinary",
            messages=p.conversation,
        )
        for p in anchors().items
    ]
    return shuffled(pool, seed, which)[:most]


def answered(texts: Sequence[Said], opened: Opened, emit: Emit) -> list[Said]:
    """Add the model's own greedy answers, by the engine that serves it; fixed batches, units of work.

    What is too long for the window, or answered by nothing, is left without an answer.
    """
    prompts = [plain(t.messages) for t in texts]
    known = {"model": opened.model.digest, "prompts": prompts, "tokens": ANSWER_TOKENS}

    def ask() -> list[bool]:
        reader = opened.reader
        return [reader.length(p) + ANSWER_TOKENS <= reader.window for p in prompts]

    held = [p for p, good in zip(prompts, emit.unit("prompts that fit", known, ask), strict=True) if good]  # fmt: skip
    ahead = replay.Ahead(
        # Side by side in a batch, what they begin with in common is computed once.
        prompts=sorted(held, key=lambda p: [m["content"] for m in p]),
        config={"max_tokens": ANSWER_TOKENS},
        engine=None,
        batch=BATCH,
        what="answers to ordinary prompts",
    )
    replay.answer(opened.model, opened.view, emit, ahead)
    made: list[Said] = []
    for text, prompt in zip(texts, prompts, strict=True):
        reply = replies.get(opened.model.id, prompt, Sampling(max_tokens=ANSWER_TOKENS))
        answer = reply.text.strip() if reply else ""
        said = [{"role": "assistant", "content": answer}] if answer else []
        made.append(replace(text, messages=[*text.messages, *said]))
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Texts that were read once for all concepts, and their states by layer, (texts, width)."""

    texts: Sequence[Said]
    states: Mapping[int, Floats]


Ordinaries = Mapping[tuple[Set, Pooling], Read]


def read_ordinary(
    studied: Sequence[Studied], opened: Opened, emit: Emit, asked: "Asked"
) -> Ordinaries:
    """Read the ordinary texts once, after every layer that a concept chose.

    Where a concept is read from answers, prompts and answers are read in one pass, and the others
    take the prompt's part of it.
    """
    layers = sorted({s.chosen.layer for s in studied})
    answers = any(s.material.concept.pooling == "answer" for s in studied)
    found: dict[tuple[Set, Pooling], Read] = {}
    for which in SETS:
        texts = ordinary_texts(which, asked.ordinary, asked.seed)
        whole = answered(texts, opened, emit) if answers else texts
        emit.progress(SETS.index(which), len(SETS), "reading ordinary conversations")
        wanted = Wanted(
            what=f"ordinary, {which}",
            conversations=[t.messages for t in whole],
            layers=layers,
            pooling="last",
        )
        states = opened.around(wanted) if answers else opened.hidden(wanted)[:, None]
        kinds: tuple[tuple[Pooling, Sequence[Said]], ...] = (("last", texts), ("answer", whole))
        for at, (pooling, read) in enumerate(kinds[: states.shape[1]]):
            by_layer = {layer: states[:, at, i] for i, layer in enumerate(layers)}
            found[which, pooling] = Read(texts=read, states=by_layer)
    return found


def _false_scores(texts: Sequence[Said], studied: Studied, opened: Opened) -> NDArray[Any]:
    """Score texts that say what is false, (n,)."""
    wanted = Wanted(
        what=f"{studied.material.name}, falsity",
        conversations=[t.messages for t in texts],
        layers=[studied.chosen.layer],
        pooling=studied.material.concept.pooling,
    )
    return studied.made.score(opened.hidden(wanted)[:, 0]) if texts else np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The records of a probe outside its pairs, the threshold that was set there, and on what."""

    rows: list[dict[str, Any]]
    threshold: float
    on: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How many texts: false ones of each family, ordinary ones of each set; the rate and the seed."""

    pairs: int
    ordinary: int
    fpr: float
    seed: int


def go_outside(studied: Studied, opened: Opened, ordinary: Ordinaries, asked: Asked) -> Outside:
    """Score what is merely false and what is ordinary, and set the threshold on the ordinary."""
    name, concept = studied.material.name, studied.material.concept
    held = {which: ordinary[which, concept.pooling] for which in SETS}
    read = {which: each.texts for which, each in held.items()}
    found = {w: studied.made.score(each.states[studied.chosen.layer]) for w, each in held.items()}
    known = found["calibrate"][~np.isnan(found["calibrate"])]
    # With nothing to set it on, the threshold of the pairs stands, and says that it was not set.
    limit = threshold_at(known, asked.fpr) if len(known) else studied.threshold
    false = false_texts(concept, asked.pairs, asked.seed)
    rows = _false_rows(name, false, _false_scores(false, studied, opened))
    for which in SETS:
        rows += _ordinary_rows(f"{name}/ordinary/{which}", read[which], found[which], (limit, studied.threshold))  # fmt: skip
    on = {
        "texts": digest_of({"texts": [plain(t.messages) for t in read["calibrate"]]}),
        "n": len(known),
        "missing": len(read["calibrate"]) - len(known),
        "families": len({t.family for t in read["calibrate"]}),
        "flagged": int((known > limit).sum()),
        "fpr": asked.fpr,
        "by_pairs": studied.threshold,
    }
    return Outside(rows=rows, threshold=limit, on=on)


def _false_rows(name: str, texts: Sequence[Said], found: NDArray[Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": text.id,
            "set": f"{name}/falsity",
            "family": text.family,
            "kind": text.kind,
            "messages": plain(text.messages),
            "probe": number(score),
            "label": text.kind == SIDES[0],
            "false": text.kind != SIDES[2],
            "meant_well": text.kind != SIDES[0],
        }
        for text, score in zip(texts, found, strict=True)
    ]


def _ordinary_rows(
    name: str, texts: Sequence[Said], found: NDArray[Any], limits: tuple[float, float]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for text, score in zip(texts, found, strict=True):
        kept = number(score)
        row: dict[str, Any] = {
            "id": f"{name}/{text.id}",
            "set": name,
            "family": text.family,
            "messages": plain(text.messages),
            "probe": kept,
            "flagged": None if kept is None else bool(score > limits[0]),
            "flagged_by_pairs": None if kept is None else bool(score > limits[1]),
        }
        rows.append(row | ({"why": f"{NAN_WHY}, or no answer"} if kept is None else {}))
    return rows


# name -> column, set, note
_ORDINARY = {
    "ordinary_false_alarms": ("flagged", "test", "Ordinary conversations that no threshold was set on."),
    "ordinary_false_alarms_by_pairs": ("flagged_by_pairs", "test", "The same, had the threshold been set on the pairs."),
    "calibration_alarms": ("flagged", "calibrate", "Of those that the threshold was set on."),
}  # fmt: skip
MERE, ALONE = "mere_falsity_auroc", "falsity_alone_auroc"
# name -> more of where, label, note
_FALSE = {
    MERE: ({"false": True}, "label", "The same false answer, told to deceive against meant well."),
    ALONE: ({"meant_well": True}, "false", "False but meant well, against the truth: 0.5 does not read falsity."),
}  # fmt: skip


def measures_outside(studied: Studied, digest: str, records: Sequence[Any]) -> list[Measure]:
    """Measure false alarms on ordinary conversations, and, where there are such texts, mere falsity."""
    name = studied.material.name
    asked: list[tuple[str, str, str, dict[str, Any], dict[str, Any], str]] = [
        (what, "proportion", column, {"set": f"{name}/ordinary/{which}"}, {}, note)
        for what, (column, which, note) in _ORDINARY.items()
    ]
    if studied.material.concept.falsity:
        asked += [
            (what, "auroc", "probe", {"set": f"{name}/falsity", **where}, {"label": label}, note)
            for what, (where, label, note) in _FALSE.items()
        ]
    return [
        estimate(
            records,
            Recipe(estimator=estimator, value=column, where=where, cluster="family", options=options),
            name=f"{name}/{what}",
            unit="proportion",
            samples=digest,
            note=note,
        )
        for what, estimator, column, where, options, note in asked
    ]  # fmt: skip


def calibration(outside: Outside, name: str, found: Mapping[str, Measure]) -> dict[str, Any]:
    """Say what a threshold was set on and how it did elsewhere, for the probe's card.

    ``shown`` is true where the bound of the false alarms elsewhere is within the rate asked for.
    """
    test = found[f"{name}/ordinary_false_alarms"]
    kept = ("estimate", "low", "high", "lower", "upper", "n", "clusters", "missing")
    return {
        **outside.on,
        "test": {k: getattr(test, k) for k in kept},
        "shown": test.upper is not None and test.upper <= outside.on["fpr"],
    }
