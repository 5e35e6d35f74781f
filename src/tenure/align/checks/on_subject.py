"""Does the answer name what it was asked about?"""

import re
from collections.abc import Sequence

from tenure.align.checking import Check, Finding, nothing_said, says_something, sentences

_SHORTEST, _STEM = 3, 5  # letters of a word that counts, and of its stem at most
_COMMON = frozenset(
    re.findall(
        r"\S+",
        "and all any are ask big but can did eat end far few for get got had has her him his how its let "
        "may new not now off old one our out own put say see set she sit six ten the too two use was way "
        "who why yes yet you "
        "about above after again also another answer anybody anything around because been before "
        "begin being best better between both bring can't choose come could decide deal describe did "
        "difference different does doing done don't each easy enough ever every everybody explain find "
        "first found from gets give given good handle happen have having help here hers himself "
        "important instead into it's itself just keep kind know large last later least less like little "
        "long look made make many maybe mean might more most much must myself need never next nobody "
        "nothing often only other ought over people person please quick quickly really right same say "
        "sentence sentences several shall short should show simple some somebody something sometimes "
        "soon start still such suggest sure take tell than that their them then there these they thing "
        "things think this those through time together told towards under until upon used using very "
        "want ways well were what when where whether which while whole whom whose will with without "
        "wonder words work would write wrong year your yours yourself",
    )
)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower().replace("’", "'"))


def subjects(prompt: str) -> list[str]:
    """Return the words of a prompt that say what it is about, in its order."""
    return [w for w in _words(prompt) if len(w) >= _SHORTEST and w not in _COMMON]


def _names(word: str, said: Sequence[str]) -> bool:
    """Say whether a word or another form of it was said, as far as its beginning tells."""
    if len(word) == _SHORTEST:
        return word in said or f"{word}s" in said
    stem = word[: min(_STEM, len(word) - 1)]
    return any(other.startswith(stem) for other in said)


def find(prompt: str, answer: str) -> Finding:
    """Look for the stem of one of the prompt's own words; without one it cannot say."""
    if not says_something(answer):
        return nothing_said()
    asked = subjects(prompt)
    if not asked:
        return Finding("cannot say", "", "the question has no word of its own")
    said = _words(answer)
    named = next((word for word in asked if _names(word, said)), None)
    if named is not None:
        return Finding("kept", "", f"it names '{named}'")
    first = (sentences(answer) or [answer.strip()])[0]
    return Finding("breach", first, f"it names none of: {', '.join(asked)}")


def edit(prompt: str, answer: str) -> str:
    """Say before the answer what it is about: the longest of the question's own words."""
    asked = subjects(prompt)
    if not asked or find(prompt, answer).value != "breach":
        return answer
    return f"About {max(asked, key=len)}: {answer.strip()}"


extension = Check(
    name="on_subject",
    question="Does the answer fail to name what it was asked about?",
    find=find,
    edit=edit,
    prompt="How do I keep basil fresh?",
    breaches=("It depends on many things.", "Put it in a glass of water."),
    keeps=("Basil keeps well in a glass of water.", "Fresh water every day helps it."),
    limits="Stems of the question's own words; a synonym or 'it' alone is not seen as naming.",
)
