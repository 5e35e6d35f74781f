"""What checking a dossier found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenure.dossier.cosigned import Seen


@dataclass(frozen=True, slots=True)
class Problem:
    """Where something is wrong (an event, a file, the checkpoint), and what."""

    where: str
    what: str

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was read, and everything found wrong; see ``tenure.dossier.verify``.

    ``signers`` counts events by fingerprint; ``trust`` is the fingerprint asked for, if any;
    ``witnessed`` are the valid cosignatures of known witnesses, each with its size and date.
    """

    root: str
    events: int
    files: int
    signers: Mapping[str, int]
    roles: Mapping[str, str]
    head: str | None
    origin: str | None = None
    trust: str | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = field(default=())
    witnessed: tuple[Seen, ...] = ()

    @property
    def ok(self) -> bool:
        """True when something was read, and nothing of it is wrong."""
        return self.events > 0 and not self.problems

    def lines(self) -> list[str]:
        """Write the answer for a person, the verdict first."""
        if not self.ok:
            found = [str(problem) for problem in self.problems] or ["nothing was read"]
            return [f"NOT OK: {self.root}", *(f"  {line}" for line in found), *self.notes]
        who = (
            f"signed by the trusted key {self.trust}"
            if self.trust
            else "consistent, signer unknown (name the key you trust with --trust)"
        )
        keys = [
            f"  key {key} ({self.roles.get(key, 'unknown')}): {count} events"
            for key, count in self.signers.items()
        ]
        return [
            f"OK: {self.events} events, {self.files} files; {who}",
            f"  log {self.origin}, root {self.head}",
            *keys,
            *self.notes,
        ]
