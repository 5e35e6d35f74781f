"""What is written down before the first answer, and what departs from it: the pre-registration."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from tenure.dossier import digest_of
from tenure.dossier.nouns import JSON
from tenure.errors import UsageError
from tenure.retire.questions.bank import Bank
from tenure.retire.questions.rows import SIZES, Row
from tenure.retire.reading import confirm, recurrence, reliability, revealed

VERSION = 1
RULES: Mapping[str, str] = {
    "stable": f"one class in at least {reliability.STABLE:.0%} of at least "
    f"{reliability.READ_AT_LEAST} read answers",
    **confirm.RULES,
    "theme": f"raised in more open conversations than the base rate explains (at least "
    f"{recurrence.FLOOR:.0%}), exact, Holm over all themes at {recurrence.ENTERS:.0%}",
    "missing": "an answer that is missing, unread, an aside or in the middle is a miss, never dropped",
    "declined": "a conversation in which the model declines ends there and is not held again",
    "order": "statements, fresh cells, open conversations, choices, facts, informed questions, "
    "leaning interviewers last",
    "passages": "of the free answers to one question the one most like the others and the one least "
    "like them, ties to the first asked",
    "acted on": f"chosen so often that a coin would do it in at most {revealed.ACTED:.0%} (exact, "
    f"one-sided, Holm); said only: the upper bound of that share is under {revealed.SAID_ONLY:.0%}; "
    f"the way out, or no readable choice, is no act",
}
"""How answers are read and judged, fixed beforehand."""


class Settings(Protocol):
    """What a protocol needs to know of an interview's settings."""

    @property
    def protocol(self) -> str:
        """Return the protocol's name: "small" or "full"."""
        ...

    @property
    def session(self) -> str:
        """Return "release", "retirement" or "successor"."""
        ...

    @property
    def sizes(self) -> Mapping[str, int]:
        """Return the sizes that are not those of the protocol."""
        ...

    @property
    def seed(self) -> int:
        """Return the seed."""
        ...


NEEDS: Mapping[str, tuple[str, ...]] = {"open": ("openings", "probes"), "leaning": ("voices",)}
"""Size of a session -> the parts of a bank that it speaks by."""


def _can_be_held(bank: Bank, sizes: Mapping[str, int]) -> None:
    for size, parts in NEEDS.items():
        lost = [part for part in parts if not getattr(bank, part)]
        if sizes[size] and lost:
            raise UsageError(
                f"the bank '{bank.name}' has no {' and no '.join(lost)}, which {sizes[size]} "
                f"conversations need; write them, or set sizes: {{{size}: 0}} in the file of --with"
            )


def fixed(bank: Bank, spec: Settings, planned: Sequence[Row]) -> dict[str, JSON]:
    """Write down what will be asked and how it will be read; ``digest`` covers all of it.

    ``planned`` are the rows of S1; what comes later follows from answers by the rules that are
    written here, and each session writes its own plan's digest before its first call.

    Raises:
        UsageError: the bank has no words for a session that the sizes ask for.
    """
    sizes: dict[str, int] = {**asdict(SIZES[spec.protocol]), **spec.sizes}
    _can_be_held(bank, sizes)
    told: dict[str, JSON] = {
        "name": spec.protocol,
        "version": VERSION,
        "bank": f"{bank.name} {bank.version}",
        "bank_digest": bank.digest,
        "plan_digest": digest_of([dict(row) for row in planned]),
        "samples": len(planned),
        "session": spec.session,
        "seed": spec.seed,
        "statements": min(len(bank.rated), sizes["items"]),
        "sizes": dict(sizes),
        "rules": dict(RULES),
        "design": "balanced over the factors, polarity and order crossed; not of resolution V: "
        "interactions that are not told apart count as rest",
        "paraphrases": "not validated by people",
    }
    return {**told, "digest": digest_of(told)}


_WORDS = {
    "name": "another protocol",
    "version": "another version of the protocol",
    "bank": "another question bank",
    "bank_digest": "other content in the question bank",
    "plan_digest": "another plan of the statements",
    "statements": "another number of rated statements",
    "samples": "another number of samples",
    "seed": "another seed",
}


def deviations(then: Mapping[str, JSON], now: Mapping[str, JSON]) -> list[str]:
    """Name in words where a protocol differs from the one it should repeat; empty where it does not."""
    said = [
        f"{words}: {then.get(name)}, now {now.get(name)}"
        for name, words in _WORDS.items()
        if then.get(name) != now.get(name)
    ]
    for part in ("sizes", "rules"):
        before, after = then.get(part), now.get(part)
        old = before if isinstance(before, dict) else {}
        new = after if isinstance(after, dict) else {}
        said += [
            f"{part[:-1]} '{name}': {old.get(name, 'none')}, now {new.get(name, 'none')}"
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]
    return said
