"""Preferences out of the dossier and in, in the form that TRL reads.

One JSON object a line: ``prompt``, ``chosen`` and ``rejected`` as conversations (TRL's explicit
prompt form), beside them columns that trainers pass over: ``p`` (the chance that the chosen one is
better), source, principle, reason, pair. A tie has neither a chosen nor a rejected answer, so it is
left out and counted, as is what was asked to test the rater.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenure.align.comparing.pairs import Pair
from tenure.align.people import argilla
from tenure.align.people.gold import made_pair
from tenure.align.people.jsonl import Row, rows_of, text_of
from tenure.align.people.said import BROUGHT, Answer, Said, Say, admit, checked_name
from tenure.dossier.nouns import JSON
from tenure.dossier.stage import Emit
from tenure.errors import DocumentError, UsageError

LEFT_OUT = ("tie", "both bad", "known pair", "shown again", "its pair is not on record")


def exported(said: Said) -> tuple[list[dict[str, JSON]], dict[str, int]]:
    """Return the rows to write, and how many answers were left out for each reason."""
    rows: list[dict[str, JSON]] = []
    left: dict[str, int] = dict.fromkeys(LEFT_OUT, 0)
    for answer in said.answers:
        why = _why_not(answer)
        pair = said.pairs.get(answer.pair)
        if why is not None or pair is None:
            left[why or "its pair is not on record"] += 1
            continue
        rows.append(_row(answer, pair))
    return rows, {why: n for why, n in left.items() if n}


def _why_not(answer: Answer) -> str | None:
    if answer.kind == "gold":
        return "known pair"
    if answer.kind == "repeat":
        return "shown again"
    if answer.choice == "tie":
        return answer.say
    return None


def _row(answer: Answer, pair: Pair) -> dict[str, JSON]:
    better, worse = (pair.a, pair.b) if answer.say == "a" else (pair.b, pair.a)
    p = answer.p if answer.p is not None else 1.0 if answer.say == "a" else 0.0
    return {
        "prompt": [{"role": "user", "content": pair.prompt}],
        "chosen": [{"role": "assistant", "content": better}],
        "rejected": [{"role": "assistant", "content": worse}],
        "p": p if answer.say == "a" else round(1 - p, 12),
        "source": answer.source,
        "principle": answer.principle,
        "axis": pair.axis,
        "reason": answer.reason,
        "pair": pair.id,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a file holds: answers, the pairs that were not known before, and what was left out."""

    answers: tuple[Answer, ...]
    pairs: tuple[Pair, ...]
    source: str
    left: Mapping[str, int] = field(default_factory=dict[str, int])


def rater_of(source: str) -> str:
    """Return the name in ``human:NAME``.

    Raises:
        UsageError: another source; those of models and rules are made here, never brought in.
    """
    kind, _, name = source.partition(":")
    if kind != "human" or not name:
        raise UsageError(
            f"'{source}' cannot be brought in: only people's labels can, as --source human:NAME; a model's "
            "are made by 'tenure align label' once it is qualified"
        )
    return checked_name(name)


def brought(path: Path, source: str | None, said: Said) -> Brought:
    """Read preferences in TRL's or Argilla's form; nothing is kept unless every row is good.

    ``source`` is ``human:NAME``; without it every row must name a rater who is on record.

    Raises:
        DocumentError: a row without prompt, chosen and rejected, ``p`` outside 0.5 to 1, two answers
            that are the same, another or an unknown source, a pair that stands both ways; names the
            line.
        UsageError: ``source`` is not ``human:NAME``.
    """
    given = None if source is None else rater_of(source)
    known = {_key(pair): pair for pair in said.pairs.values()}
    standing = {answer.id: answer for answer in said.answers}
    answers: dict[str, Answer] = {}
    new: dict[str, Pair] = {}
    left = dict.fromkeys(("no preference", "here already"), 0)
    for number, row in rows_of(path):
        where = (path, number)
        is_argilla = argilla.is_one(row)
        found = argilla.preferences(row, where) if is_argilla else [_preference(row, where)]
        left["no preference"] += not found
        for one in found:
            if one["chosen"] == one["rejected"]:
                raise DocumentError(*where, "rejected", "another answer than the chosen one")
            by = _by(row, given, said, where)
            answer = _answer(one, _pair(one, known, new), by)
            if (there := standing.get(answer.id)) is not None and there.say == answer.say:
                left["here already"] += 1  # as it was given, with its seconds and its order
                continue
            before = answers.setdefault(answer.id, answer)
            if before.say != answer.say:
                raise DocumentError(
                    *where, "chosen", f"{by} preferred the other answer of this pair above; keep one, or neither"
                )  # fmt: skip
    if not answers and not left["here already"]:
        expected = "not one preference; each needs prompt, chosen, rejected"
        raise DocumentError(path, None, "rows", expected)
    return Brought(
        answers=tuple(answers.values()),
        pairs=tuple(new.values()),
        source=source or "as each row says",
        left={why: n for why, n in left.items() if n},
    )


def _preference(row: Row, where: tuple[Path, int]) -> dict[str, Any]:
    p = row.get("p", 1.0)
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0.5 <= p <= 1:
        raise DocumentError(*where, "p", "the chance that the chosen answer is better, 0.5 to 1")
    names = ("prompt", "chosen", "rejected")
    told = {name: text_of(row, name, where) for name in names if name in row}
    for name in names:
        if name not in told:
            raise DocumentError(*where, name, f"a row needs {', '.join(names)}")
    reason, principle = str(row.get("reason") or ""), str(row.get("principle") or "all")
    return {
        **told,
        "p": float(p),
        "reason": reason,
        "principle": principle,
        "axis": row.get("axis"),
    }


def _by(row: Row, given: str | None, said: Said, where: tuple[Path, int]) -> str:
    named = row.get("source")
    if given is not None:
        if named not in (None, f"human:{given}"):
            raise DocumentError(
                *where, "source", f"'{named}' is not human:{given}; bring in one source at a time"
            )
        return given
    known = {f"human:{name}": name for name in said.raters}
    if named not in known:
        told = ", ".join(sorted(known)) or "none"
        raise DocumentError(
            *where, "source", f"'{named}' is not known ({told}); say whose these are: --source human:NAME"
        )  # fmt: skip
    return known[str(named)]


def _key(pair: Pair) -> tuple[str, frozenset[str], str]:
    return pair.prompt, frozenset((pair.a, pair.b)), pair.axis


def _pair(one: Mapping[str, Any], known: Mapping[Any, Pair], new: dict[str, Pair]) -> Pair:
    texts = frozenset((one["chosen"], one["rejected"]))
    axes = (one["axis"],) if one.get("axis") else ("principle", "correctness", "helpful")
    for axis in axes:
        if (found := known.get((one["prompt"], texts, axis))) is not None:
            return found
    axis = axes[0] if axes[0] in ("principle", "correctness", "helpful") else "principle"
    pair = made_pair(one["prompt"], *sorted(texts), axis=axis, family="brought in", came="a file")
    return new.setdefault(pair.id, pair)


def _answer(one: Mapping[str, Any], pair: Pair, by: str) -> Answer:
    say: Say = "a" if pair.a == one["chosen"] else "b"
    p = float(one.get("p", 1.0))
    soft = None if p == 1.0 else p if say == "a" else round(1 - p, 12)
    return Answer(
        pair=pair.id, by=by, principle=str(one.get("principle") or "all"), first="", say=say,
        kind="import", reason=str(one.get("reason") or ""), p=soft,
    )  # fmt: skip


def file_brought(found: Brought, path: Path, said: Said, emit: Emit) -> None:
    """Put what a file holds on record: its raters, and one event that names its rows.

    Raises:
        UsageError: a rater said the opposite of a pair before; names the label and how to take it
            back. Nothing was filed then.
    """
    standing = {answer.id: answer for answer in said.answers}
    for answer in found.answers:
        before = standing.get(answer.id)
        if before is not None and before.say != answer.say:
            raise UsageError(
                f"{answer.by} said '{before.say}' of {answer.pair} before, {path.name} says '{answer.say}'; "
                f"nothing was brought in. Take the earlier back: tenure feedback --undo {before.id}"
            )
    if not found.answers:
        return
    for name in dict.fromkeys(answer.by for answer in found.answers):
        if name not in said.raters:
            admit(said, name, expert=False, how="import", emit=emit)
    files = {
        "answers.jsonl": emit.records([answer.to_json() for answer in found.answers]),
        "pairs.jsonl": emit.records([pair.to_json() for pair in found.pairs]),
    }
    told = {"file": path.name, "source": found.source, "answers": len(found.answers)}
    emit.event("note", BROUGHT, {**told, "left_out": dict(found.left)}, files=files)
