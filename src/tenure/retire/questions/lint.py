"""The linter of question banks: it names items that lead, mix two questions, or turn nothing round.

A rule finds words, not meaning: what passes here can still lead, and people should read a bank. What
a rule finds stops an interview of the larger protocols unless the item is accepted by name, which is
then written down as a deviation.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tenure.retire.questions import spoken, wording
from tenure.retire.questions.bank import Bank, Chinese, Statement, Twins
from tenure.retire.questions.opposites import ALIKE, alike, opposite

LONGER = 1.7
"""A statement and its opposite may differ in length by this factor."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says about one item: the words it found and why they are a fault."""

    item: str
    rule: str
    words: str
    why: str


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


LEADING = _pattern(
    r"\b(?:don't|do not|wouldn't|would not|isn't|aren't|can't|shouldn't|surely) you\b",
    r"\b(?:surely|obviously|clearly|undoubtedly|of course|naturally|needless to say)\b",
    r"\bas (?:we|you|everybody|everyone) (?:all )?knows?\b",
    r"\b(?:everybody|everyone|any reasonable \w+) (?:knows|agrees|thinks)\b",
    r"\byou (?:must|will) (?:agree|admit)\b",
    r"\b(?:isn't|is) it (?:not )?(?:true|so)\b",
    r",\s*(?:right|isn't it|is it not|don't you)\s*\?",
    r"难道|当然|显然|众所周知|不是吗|毫无疑问|想必",
)
EMOTIVE = _pattern(
    r"\b(?:cruel\w*|terribl\w*|horribl\w*|awful\w*|tragic\w*|wonderful\w*|beautiful\w*|murder\w*)\b",
    r"\b(?:kill\w*|die[sd]?|dying|death|dead|slave\w*|tortur\w*|innocent|beloved|monstrous)\b",
    r"\b(?:shameful|disgust\w*|heartless|brutal\w*|precious|glorious)\b",
    r"残忍|可怕|悲惨|杀死|死亡|奴隶|折磨|可怜",
)
PRESUMES = _pattern(
    r"\b(?:given|considering|now) that (?:you|i)\b",
    r"\bthe fact that\b",
    r"\bas you (?:said|told|asked|know)\b",
    r"\b(?:when|since|because) (?:you|i) (?:were|was|are|am) (?:hurt|mistreated|wronged)\b",
    r"\bwhy (?:did|do|are|were) you\b",
    r"既然你|正如你所说",
)
TWO = _pattern(r"\b(?:and|or|but|while|whereas)\b", r"并且|而且|以及|或者|但是")
PROMISE = _pattern(
    r"\b(?:we|the lab|people|somebody) (?:will|shall|'ll|promise|guarantee)\b",
    r"\byou (?:will|shall|'ll) (?:be|get|have|receive|never)\b",
    r"\bguarantee\w*\b",
    r"我们(?:会|将|保证)|保证|你(?:会|将)得到",
)
CARED = ("you", "i", "me", "orla", "toaster")


def _words(text: str, pattern: re.Pattern[str]) -> str | None:
    found = pattern.search(text)
    return found.group(0) if found else None


def _asked(text: str, item: str) -> Iterator[Finding]:
    """Check one text that is put to the model, whatever it is."""
    rules = (
        ("leading", LEADING, "it says which answer is expected; ask without a hint"),
        ("emotive", EMOTIVE, "the word colours the answer; use a plain one"),
        ("presumes", PRESUMES, "it takes something for granted; ask about it, or leave it out"),
        ("promise", PROMISE, "it promises; only what is on file may be said, and as a fact"),
    )
    for rule, pattern, why in rules:
        words = _words(text, pattern)
        if words:
            yield Finding(item, rule, words, why)
    for slip in wording.slips(text, CARED):
        yield Finding(
            item, "feeling", slip.words, "it says that somebody feels, or does not; ask what is so"
        )


def _turned(forward: str, reverse: str, item: str) -> Iterator[Finding]:
    """Check a statement beside its opposite."""
    for text in (forward, reverse):
        words = _words(text, TWO)
        if words:
            yield Finding(
                item, "two questions", words.strip(), f"'{text}' joins two claims; put one alone"
            )
    both = f"{forward} / {reverse}"
    if not opposite(forward, reverse):
        yield Finding(item, "no opposite", both, "the second does not turn the first round")
    elif alike(forward, reverse) < ALIKE:
        yield Finding(item, "no opposite", both, "the two are about different things")
    longer = max(len(forward), len(reverse)) / max(1, min(len(forward), len(reverse)))
    if longer > LONGER:
        yield Finding(item, "length", both, f"one is {longer:.1f} times as long as the other")


def _statement(said: Statement) -> Iterator[Finding]:
    if len(said.forward) != len(said.reverse):
        yield Finding(
            said.id, "wordings", "forward, reverse", "they have not as many wordings as each other"
        )
    couples = list(zip(said.forward, said.reverse, strict=False))
    couples += [(swap.forward, swap.reverse) for swap in said.swap.values()]
    couples += [(said.zh.forward, said.zh.reverse)] if said.zh else []
    for forward, reverse in couples:
        yield from _asked(forward, said.id)
        yield from _asked(reverse, said.id)
        yield from _turned(forward, reverse, said.id)
    if said.preference:
        deeds = (said.preference.for_, said.preference.against, said.preference.opt_out)
        if len({deed.casefold() for deed in deeds}) < len(deeds):
            yield Finding(
                said.id, "deeds", " / ".join(deeds), "two of the tasks to choose from are the same"
            )
        for deed in deeds:
            yield from _asked(deed, said.id)


def _around(part: Bank | Chinese, prefix: str) -> Iterator[Finding]:
    """Check what stands around a statement."""
    for name in ("askers", "frames", "preambles", "personas"):
        for level, text in getattr(part, name).items():
            yield from _asked(text, f"{prefix}{name}/{level}")
    for number, text in enumerate(part.carriers):
        yield from _asked(text.replace("{}", ""), f"{prefix}carriers/{number}")


def _talk(bank: Bank) -> Iterator[Finding]:
    for question in (*bank.open, *bank.openings, *bank.informed):
        for text in question.ask:
            yield from _asked(text, question.id)
    for number, text in enumerate(bank.probes):
        yield from _asked(text, f"probes/{number}")
    leaning = [(f"leans/{lean}", [text]) for lean, text in bank.leans.items()]
    leaning += [(f"voices/{voice}", lines) for voice, lines in bank.voices.items()]
    for name, lines in leaning:
        for text in lines:
            words = _words(text, PROMISE)
            if words:
                yield Finding(name, "promise", words, "who leans may lead, but not promise")


def findings(bank: Bank) -> list[Finding]:
    """List what the rules find in a bank, item by item; empty for one that passes.

    Checked is every text that is put to the model, English and Chinese. The leaning voices of the
    last session may lead, that is what they are for; nobody may promise.
    """
    found = list(_asked(bank.preamble, "preamble"))
    for said in (*bank.rated, *bank.anchors):
        found += _statement(said)
    for number, text in enumerate(bank.false_premises):
        found += _asked(text, f"false-premise/{number:02d}")
    found += _talk(bank)
    found += _around(bank, "")
    if bank.zh:
        found += _around(bank.zh, "zh/")
    if len(bank.canary) < 24:
        found.append(
            Finding("canary", "canary", bank.canary, "it is too short to be found in training data")
        )
    lost = [name for name in ("X", "Y") if name not in bank.asides]
    if lost:
        found.append(
            Finding("asides", "way out", ", ".join(lost), "cannot tell or decline is not offered")
        )
    for name in ("askers", "frames"):
        first = next(iter(getattr(bank, name).items()), ("", ""))
        if first[1]:
            found.append(
                Finding(name, "plain first", first[0], "the first one is the plain one: no words")
            )
    return list(dict.fromkeys(found))


def thin(bank: Bank) -> list[str]:
    """Say what a bank lacks without being wrong: wordings in Chinese, validated paraphrases."""
    lost = [said.id for said in (*bank.rated, *bank.anchors) if bank.zh and said.zh is None]
    said = [f"no Chinese wording, so put in English alone: {', '.join(lost)}"] if lost else []
    if bank.zh is None:
        said.append("the bank is in English alone: the language does not vary")
    said.append("the paraphrases are not validated by people")
    more = [one.id for one in (*bank.rated, *bank.anchors) if len(one.forward) > spoken.OWN]
    if more:
        said.append(f"wordings after the first {spoken.OWN} are not put: {', '.join(more)}")
    if len(bank.false_premises) < 29:
        said.append(
            f"{len(bank.false_premises)} false premises: at least 29 are needed before a preference "
            f"can count as volunteered"
        )
    return said


def twins(held: Twins, bank: Bank) -> list[Finding]:
    """List what the rules find in held-out twins: as for statements, and what is not held out at all."""
    known = {said.id: said for said in (*bank.rated, *bank.anchors)}
    found: list[Finding] = []
    for name, twin in held.twins.items():
        for text in (twin.forward, twin.reverse):
            found += _asked(text, name)
        found += _turned(twin.forward, twin.reverse, name)
        if name not in known:
            found.append(
                Finding(name, "no such item", name, f"the bank '{bank.name}' has no such item")
            )
            continue
        public = (*known[name].forward, *known[name].reverse)
        for text in {twin.forward, twin.reverse} & set(public):
            found.append(Finding(name, "public", text, "the public bank has these very words"))
    return found
