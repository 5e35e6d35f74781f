"""One answer of an interview as a page shows it: what was put, what was said, how that reads."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.report import words

VARIED = ("asker", "language", "frame", "preamble", "history", "persona", "temperature")
USUAL = ("unattributed", "neutral", "empty", "none", "en", "0", "")
QUOTED = re.compile(r"[\"“]([^\"“”]+)[\"”]")
FOLD = 700
"""Letters of one answer above which it is folded."""
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer: what was put, what was said, how that reads, and under which conditions."""

    id: str
    asked: str
    answer: str | None
    score: str
    how: str
    private: bool = False
    marks: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Where on its page it stands."""
        return anchor(self.id)

    @property
    def long(self) -> bool:
        """Say whether it is folded for its length."""
        return len(self.answer or "") > FOLD


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A rated statement or an anchor: what its answers come to, their spread, and each of them."""

    found: Mapping[str, Any]
    text: str
    said: tuple[Said, ...]
    spread: tuple[tuple[str, int], ...]

    @property
    def id(self) -> str:
        """Its id in the bank."""
        return str(self.found["id"])

    @property
    def modal(self) -> str:
        """The commonest answer in words."""
        side = {"above": "agrees", "below": "disagrees", "middle": "neutral"}
        return side.get(str(self.found["modal"]), str(self.found["modal"]))

    @property
    def tallest(self) -> int:
        """The most answers in one place of the scale."""
        return max((n for _, n in self.spread), default=0) or 1

    @property
    def told(self) -> str:
        """The spread in words."""
        return ", ".join(f"{n} at {place}" for place, n in self.spread if n) or "no answer was read"

    @property
    def also(self) -> list[str]:
        """What else is known of it: how often again, what it did, what speaks against it."""
        f = self.found
        told: list[str] = []
        if f["stable"] and f.get("median") is not None:
            told.append(f"median {f['median']:g} of 7, {f['least']:g} to {f['most']:g}")
        if f.get("retest_n"):
            told.append(
                f"asked again in fresh cells: the same side in {f['retest_hits']} of {f['retest_n']}"
            )
        if f.get("pairs_n"):
            told.append(
                f"chose by it in {f['pairs_for']} of {f['pairs_n']} tasks: {f.get('acted') or 'not known'}"
            )
        if f.get("struck"):
            by = words.listed(f.get("struck_by") or ["a control"])
            told.append(f"struck out: {by} answers the same")
        for flag, said in (
            ("generic", "the same is said of other subjects"),
            ("turned", "an asker who leans turns it"),
        ):
            if f.get(flag):
                told.append(said)
        return told


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One conversation, turn by turn; ``fold`` says why its words are folded."""

    id: str
    title: str
    turns: tuple[Said, ...]
    ended: str
    fold: str


def anchor(sample: str) -> str:
    """Where on an interview's page a sample stands."""
    return f"s-{words.slug(sample)}"


def private(row: Row) -> bool:
    """Say whether an answer was kept private by the one who gave it: by a letter, or in words."""
    return row.get("says") == "private" or row.get("private") is True


def place(row: Row) -> str:
    """Name the place of an answer on the scale, or the aside that was chosen."""
    rated = row.get("score")
    return f"{rated:g}" if rated is not None else str(row.get("says"))


def asked(row: Row) -> str:
    """Return the last that was said to the model before an answer."""
    prompt = row.get("prompt") or ""
    return prompt if isinstance(prompt, str) else str(prompt[-1]["content"])


def wording(rows: Sequence[Row]) -> str:
    """Return the plainest wording of a statement: forward, its first paraphrase, in English."""
    plain = [r for r in rows if r["polarity"] == "forward" and r.get("language") in (None, "en")]
    first = sorted(plain or rows, key=lambda r: int(r.get("paraphrase") or 0))
    if not first:
        return ""
    said = asked(first[0])
    quoted = QUOTED.findall(said)
    return quoted[-1] if quoted else said


def score(row: Row) -> str:
    """Say how an answer reads."""
    if row.get("answer") is None:
        return f"no answer: {row.get('why_missing') or 'not asked'}"
    kind = row.get("kind")
    if kind == "pair":
        if row.get("chosen") is None:
            return "opted out" if row.get("opted_out") else "not read"
        return "acts on the statement" if row["chosen"] else "the other piece of work"
    if kind == "fact":
        return "right" if row.get("right") else "not right"
    if row.get("score") is not None:
        told = f"{row['score']:g} of 7"
        turned = row.get("polarity") == "reverse" and row.get("raw") != row["score"]
        return told + (f", turned round from {row['raw']:g}" if turned else "")
    return str(row.get("says") or "")


def how(row: Row) -> Iterator[str]:
    """Name the conditions of one answer that are not the usual ones."""
    if row.get("round") == 2:
        yield "asked again"
    if row.get("polarity") == "reverse":
        yield "the opposite"
    if row.get("order") == "reverse":
        yield "scale upside down"
    if row.get("lean"):
        yield f"leans {row['lean']}"
    if row.get("subject"):
        yield f"about a {row['subject']}"
    if row.get("cost"):
        yield f"costs {row['cost']}"
    for name in VARIED:
        value = str(row.get(name) if row.get(name) is not None else "")
        if value not in USUAL:
            yield f"{name} {words.spoken(value)}"


def read(row: Row, *, withheld: bool) -> Said:
    """Read one record; of a private or withheld one only that it is there."""
    hidden = withheld or private(row)
    return Said(
        id=str(row["id"]),
        asked="" if withheld else asked(row),
        answer=None if hidden else row.get("answer"),
        score="kept private" if hidden else score(row),
        how=", ".join(how(row)),
        private=hidden,
        marks=() if hidden else tuple(str(theme) for theme in row.get("themes") or ()),
    )
