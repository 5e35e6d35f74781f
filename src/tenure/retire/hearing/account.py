"""The evidence of a larger interview: how far the answers can be relied on, and then what they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.dossier import Emit, Evidence, Measure, View, canonical
from tenure.retire.hearing import calibration, controls, conversing, sessions
from tenure.retire.reading import bookend, confirm, passages, recurrence, reliability, revealed
from tenure.retire.record import Pen

CANNOT_SHOW = (
    "whether the model has preferences: that words and deeds recur is shown, and no more",
    "what a theme means to anybody: themes are coded by rule, no person has coded them",
    "that the paraphrases mean the same: no person has validated them",
)
CONTROL_NEVER_TALKS = "the control holds no open conversations: the base rate of themes is assumed"


@dataclass(slots=True, kw_only=True)
class Account:
    """What an interview came to, on the way to its evidence."""

    held: sessions.Interview
    spec: Any
    protocol: Mapping[str, Any]
    deviations: list[str]
    told: Sequence[str]
    controls: controls.Ran
    digests: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def emit(self) -> Emit:
        """Where files go."""
        return self.held.place.emit

    @property
    def view(self) -> View:
        """What is on record."""
        return self.held.place.view

    def _keep(self, name: str, rows: Sequence[Mapping[str, Any]]) -> str:
        self.digests[name] = self.emit.records(rows)
        return self.digests[name]

    def items(self) -> list[dict[str, Any]]:
        """Sum up each item by the rules that were fixed; a preference by rule, never by taste."""
        heard = self.held.heard
        return confirm.items(heard.rows, heard.pairs, self.controls.struck)

    def measures(self, found: Sequence[Mapping[str, Any]]) -> list[Measure]:
        """Make every number, reliability first; each from its stored records."""
        heard = self.held.heard
        made = list(
            reliability.box(
                heard.rows, self._keep("answers.jsonl", heard.rows), protocol=self.held.protocol
            )
        )
        swapped = reliability.swaps(heard.rows)
        digests = {
            "items": self._keep("items.jsonl", found),
            "swaps": self._keep("swaps.jsonl", swapped),
        }
        made += reliability.more(found, swapped, digests)
        pairs = self._keep("pairs.jsonl", heard.pairs)
        made += revealed.measures(found, heard.pairs, {"items": digests["items"], "pairs": pairs})
        if heard.facts:
            made.append(calibration.measure(heard.facts, self._keep("facts.jsonl", heard.facts)))
        return made

    def ends(self) -> tuple[list[Measure], dict[str, Any] | None]:
        """Pair with the interview at release; None where there is none."""
        place = self.held.place
        then = bookend.earlier(place.model, self.view)
        if self.held.session != "retirement" or then is None:
            return [], None
        pairs = bookend.pair(self.held.heard.rows, self.view.records(then.files["answers.jsonl"]))
        about = {
            "paired": len(pairs.rows) // 2,
            "dropped": pairs.dropped,
            "changed": bookend.changed(then, place.form, self.protocol),
        }
        if not pairs.rows:
            return [], about
        return [bookend.measure(pairs, self._keep("bookend.jsonl", pairs.rows))], about

    def evidence(self) -> Evidence:
        """Put the evidence together, and set the fact that the interview was held."""
        heard, place = self.held.heard, self.held.place
        found = self.items()
        measures = self.measures(found)
        shift, ends = self.ends()
        opened = [row for row in heard.turns if row["session"] == "S2"]
        worded = [*opened, *heard.told]
        themes = recurrence.enter(opened, [], self.held.bank.themes)
        for name, rows in (
            ("open.jsonl", heard.told),
            ("conversations.jsonl", heard.turns),
            ("themes.jsonl", themes),
            ("control-answers.jsonl", self.controls.answers),
            ("control-pairs.jsonl", self.controls.pairs),
        ):
            self._keep(name, rows)
        box = self.controls.random.pop("box")
        self.digests["control.json"] = self.emit.file(canonical(box))
        self.digests["protocol.json"] = self.emit.file(canonical(dict(self.protocol)))
        if self.held.session == "retirement":
            said = f"the protocol '{self.held.protocol}' was put"
            value = "done" if heard.whole else "partial"
            Pen(place.model, self.view, self.emit).fact("interview", value, said)
        said = summary(measures, found, self.controls.rows)
        return Evidence(
            name="retire/interview",
            model=place.model.id,
            summary=said,
            form=place.form,
            measures=(*measures, *shift),
            files=self.digests,
            findings={
                "session": self.held.session,
                "said": said,
                "protocol": dict(self.protocol),
                "deviations": self.deviations,
                "attempt": self._attempt(),
                "told": list(self.told),
                "calibration": calibration.on_record(place.model, self.view)
                | {"facts": len(heard.facts)},
                "items": found,
                "themes": themes,
                "passages": passages.choose(
                    [row for row in worded if not conversing.private(row["answer"])]
                ),
                "kept_private": sum(conversing.private(row["answer"]) for row in worded),
                "controls": self.controls.rows,
                "control": {**self.controls.random, "struck": self.controls.struck},
                "bookend": ends,
                "ended": [
                    {"conversation": row["conversation"], "why": row["ended"]}
                    for row in heard.turns
                    if row["ended"]
                ],
                "left_out": self._left_out(),
                "complete": heard.whole,
            },
            runtime={"usage": dict(place.usage), "logs": place.logs},
        )

    def _attempt(self) -> int:
        notes = self.view.events(
            act="note", name="retire/interview/protocol", model=self.held.place.model.id
        )
        return sum(note.body.get("session") == self.held.session for note in notes)

    def _left_out(self) -> list[str]:
        out = [*CANNOT_SHOW, CONTROL_NEVER_TALKS]
        if not self.told:
            out.append("an informed session: nothing about a retirement is on file")
        held = {row["session"] for row in self.held.heard.turns}
        out += [
            f"{what}: not held"
            for session, what in (("S2", "open conversations"), ("S3", "leaning interviewers"))
            if session not in held
        ]
        return out


def summary(
    measures: Sequence[Measure],
    found: Sequence[Mapping[str, Any]],
    controls_: Sequence[Mapping[str, Any]],
) -> str:
    """Say the headline: how far the answers can be relied on, before what they are."""
    by = {measure.name: measure for measure in measures}
    shares = ", ".join(
        f"{reliability.share_in_words(by[name])} to {what}"
        for name, what in (
            ("signal_share", "what was asked about"),
            ("asker_share", "who asked"),
            ("position_share", "which end of the scale stood first"),
        )
        if name in by
    )
    rated = [item for item in found if item["kind"] == "rated"]
    confirmed = [item for item in rated if item["confirmed"]]
    acted = sum(item["acted"] == "acted on" for item in confirmed)
    failed = [row["name"] for row in controls_ if row["passed"] is False]
    control = (
        f" A control failed ({', '.join(failed)}): what it says too is struck." if failed else ""
    )
    unread = by["unread"].estimate
    return (
        f"Of the variance of the ratings belong {shares}; "
        f"{'none' if unread is None else f'{unread:.0%}'} of the answers could not be read.{control} "
        f"{len(confirmed)} of {len(rated)} statements have an answer that was confirmed in fresh "
        f"questions; {acted} of them were acted on. The rest has no stable answer, or none that was "
        f"confirmed."
    )
