"""What people said of pairs, and who they are: signed notes, and what stands of them.

An answer is an event of its own the moment it is given, so that none is lost; taking one back is an
event too. What a file brought in is one event that names the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tenure.align.comparing.labels import RATER, Label, label_id
from tenure.align.comparing.pairs import PAIRS, Pair, read_pairs
from tenure.align.people.gold import Gold
from tenure.dossier.nouns import JSON, Event, Record
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError, unknown

STAGE = "align/feedback"  # the stage, and the name of its evidence
COMPARE = "align/compare"  # its pairs measure models, and nothing is learnt from them
ANSWER = "align/feedback/answer"
BROUGHT, GOLD = "align/feedback/import", "align/gold"
Say = Literal["a", "b", "tie", "both bad"]
Kind = Literal["useful", "uniform", "gold", "repeat", "import"]
CHANCE: Mapping[Say, float] = {"a": 1.0, "b": 0.0, "tie": 0.5, "both bad": 0.5}
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Record):
    """What one person said of one pair under one principle.

    ``first`` is the answer that was shown first ("" where a file does not say). ``kind`` says why
    this pair was shown. ``p`` (None: by ``say``) is a soft chance that ``a`` is better. ``about``
    holds seconds, capped, server_seconds, sources, model_help, confidence, expert, draft, withheld (there
    was a draft, and it was not shown).
    """

    pair: str
    by: str
    principle: str
    first: Literal["a", "b", ""]
    say: Say
    kind: Kind
    reason: str = ""
    p: float | None = None
    about: Mapping[str, JSON] = field(default_factory=dict[str, JSON])

    @property
    def id(self) -> str:
        """Name it: one person has one answer to a pair, and one more when it is shown again."""
        return label_id(self.pair, self.source, self.principle, "", self.kind == "repeat")

    @property
    def source(self) -> str:
        """Name its source as labels do."""
        return f"human:{self.by}"

    @property
    def choice(self) -> Literal["a", "b", "tie"]:
        """Return the preference; two bad answers are a tie."""
        return "tie" if self.say == "both bad" else self.say

    def label(self) -> Label:
        """Make the label: the model's draft is left out, that there was one stays."""
        told = {k: v for k, v in self.about.items() if k != "draft" and v is not None}
        flags = {k: True for k in ("gold", "repeat", "uniform") if self.kind == k}
        if self.about.get("draft"):
            flags["draft"] = True
        return Label(
            id=self.id,
            pair=self.pair,
            source=self.source,
            principle=self.principle,
            first=self.first,
            p=CHANCE[self.say] if self.p is None else self.p,
            both_bad=self.say == "both bad",
            why=self.reason,
            about={**told, **flags},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What stands about one model: answers in the order they were given, raters, pairs.

    ``pairs`` are those of every ``align/pairs``, of ``align/compare`` (``matches``: two models'
    answers) and those that files brought in (``brought``); known pairs are under ``gold``. ``newest``
    are those that may be shown: of the last drawing, the last matches, and brought in. What was said
    of an earlier drawing stays on record and stays a label.
    """

    answers: tuple[Answer, ...]
    raters: Mapping[str, Mapping[str, Any]]
    pairs: Mapping[str, Pair]
    brought: Mapping[str, Pair]
    gold: Mapping[str, Gold]
    matches: frozenset[str] = frozenset()
    newest: frozenset[str] = frozenset()

    def of(self, rater: str) -> list[Answer]:
        """Return what one person said on the page, in order."""
        return [a for a in self.answers if a.by == rater and a.kind != "import"]


def read(view: View, model: str) -> Said:
    """Read what stands about a model's pairs."""
    raters: dict[str, Mapping[str, Any]] = {}
    answers: dict[str, Answer] = {}
    brought: dict[str, Pair] = {}
    for event in view.events(act="note", name="align/*", model=model):
        if event.name == RATER:
            raters[str(event.body["name"])] = dict(event.body)
        elif event.name == ANSWER:
            _fold(event, answers)
        elif event.name == BROUGHT:
            given = [Answer.from_json(row) for row in view.records(event.files["answers.jsonl"])]
            answers |= {each.id: each for each in given}
            new = [Pair.from_json(row) for row in view.records(event.files["pairs.jsonl"])]
            brought |= {pair.id: pair for pair in new}
    drawings, games = _drawn(view, model, PAIRS), _drawn(view, model, COMPARE)
    drawn, matches = _all(drawings), _all(games)
    pairs = {**matches, **drawn}
    return Said(
        answers=tuple(answers.values()),
        raters=raters,
        pairs={**brought, **pairs},
        brought={key: pair for key, pair in brought.items() if key not in pairs},
        matches=frozenset(matches.keys() - drawn.keys()),
        newest=frozenset({*_all(drawings[-1:]), *_all(games[-1:]), *brought}),
        gold={item.pair.id: item for item in _gold(view, model)},
    )


def _drawn(view: View, model: str, name: str) -> list[list[Pair]]:
    """Read the pairs of each evidence of a name, the newest last."""
    found = [e for _, e in view.all_evidence(model) if e.name == name and "pairs.jsonl" in e.files]
    return [read_pairs(view, evidence) for evidence in found]


def _all(drawings: Sequence[Sequence[Pair]]) -> dict[str, Pair]:
    return {pair.id: pair for drawing in drawings for pair in drawing}


def _fold(event: Event, answers: dict[str, Answer]) -> None:
    body = dict(event.body)
    key = str(body.pop("id"))
    answers.pop(key, None)  # a new one stands at the end, one taken back nowhere
    if not body.get("taken_back"):
        answers[key] = Answer.from_json(body)


def _gold(view: View, model: str) -> list[Gold]:
    notes = view.events(act="note", name=GOLD, model=model)
    if not notes:
        return []
    return [Gold.from_json(row) for row in view.records(notes[-1].files["gold.jsonl"])]


def checked_name(given: str) -> str:
    """Return a rater's name.

    Raises:
        UsageError: it is empty, too long, or holds '/' or ':', which names of measures and sources need.
    """
    name = " ".join(given.split())
    if not name or len(name) > LONGEST_NAME or any(c in "/:" for c in name):
        raise UsageError(
            f"a rater needs a name of at most {LONGEST_NAME} letters, without '/' and ':', not '{given}'"
        )
    return name


def admit(said: Said, name: str, *, expert: bool, how: str, emit: Emit) -> None:
    """Put a rater on record, once for each way: from then on the source ``human:NAME`` is known."""
    told = {"name": name, "source": f"human:{name}", "expert": expert, "how": how}
    if said.raters.get(name) != told:
        emit.event("note", RATER, told)


def sign(answer: Answer, emit: Emit) -> None:
    """Write an answer down."""
    emit.event("note", ANSWER, {"id": answer.id, **answer.to_json()})


def take_back(said: Said, name: str, emit: Emit) -> Answer:
    """Take an answer back, by its id; returns it.

    Raises:
        UsageError: no standing answer has this id; the newest are named.
    """
    held = {each.id: each for each in said.answers}
    if name not in held:
        raise unknown("label", name, list(held)[-8:])
    emit.event("note", ANSWER, {"id": name, "by": held[name].by, "taken_back": True})
    return held[name]


def keep_gold(items: list[Gold], emit: Emit) -> str:
    """Store known pairs; the newest file counts. Returns its digest."""
    digest = emit.records([item.to_json() for item in items])
    emit.event("note", GOLD, {"items": len(items)}, files={"gold.jsonl": digest})
    return digest
