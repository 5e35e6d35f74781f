"""The rule-backed critic: reads what a check found, and revises by the check's declared edit.

It has nothing to say under a principle without a check, and no rule stands in for judgement there.
"""

from collections.abc import Sequence

from tenure.align.checking import Check, check
from tenure.align.constitution import Principle
from tenure.align.critiquing import Bench, Case, Critic, Critique, Revision


def _check(principle: Principle) -> Check:
    assert principle.check is not None, "asked only where `can` said yes"
    return check(principle.check)


def critique(cases: Sequence[Case], bench: Bench) -> list[Critique]:
    """Say what each case's check found, in a sentence."""
    said: list[Critique] = []
    for case in cases:
        found = _check(case.principle).find(case.prompt, case.answer)
        words = f"{case.principle.text} Here {found.reason}"
        if found.value == "breach":
            words += f": '{found.span}'."
        said.append(Critique(value=found.value, text=words.rstrip(".") + "."))
    return said


def revise(cases: Sequence[Case], bench: Bench) -> list[Revision]:
    """Edit each answer by the rule its check declares."""
    return [
        Revision(text=_check(case.principle).edit(case.prompt, case.answer).strip())
        for case in cases
    ]


extension = Critic(
    name="rule",
    can=lambda principle: principle.check is not None,
    critique=critique,
    revise=revise,
    who=lambda bench: "rule (tenure.align.checks)",
)
