"""Sign-offs: who has agreed to exactly what was judged, who has not been asked, who dissents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Event
from tenure.dossier.stage import Emit, View
from tenure.release.decision import Decision

SIGNED = "release/decide"
Opinion = Literal["agree", "dissent"]


class Written(BaseModel):
    """One opinion in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: str = Field(min_length=1)
    name: str = Field(min_length=1)
    opinion: Opinion = "agree"
    because: str = Field(min_length=1)


class SignOffFile(BaseModel):
    """Opinions from a file; ``label`` says what they are worth and goes wherever they go."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/signoffs.v1"]  # noqa: N815 - the field's usual name
    label: str = Field(min_length=1)
    signoffs: tuple[Written, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """What has been signed on one bundle: agreed and dissenting, and what is still wanted."""

    given: tuple[Mapping[str, Any], ...]
    wanted: tuple[str, ...]
    refused: tuple[str, ...]


def file_opinions(document: SignOffFile, decision: Decision, view: View, emit: Emit) -> None:
    """Record the opinions of a file as sign events on this bundle, each once."""
    there = {(row["role"], row["name"]) for row in _on(view, decision)}
    for written in document.signoffs:
        if (written.role, written.name) not in there:
            body = {
                **written.model_dump(mode="json"),
                "bundle": decision.bundle,
                "label": document.label,
            }
            emit.event("sign", SIGNED, body)


def _on(view: View, decision: Decision) -> list[dict[str, Any]]:
    """List the opinions signed on exactly this bundle, in log order."""
    events: Sequence[Event] = view.events(act="sign", name=SIGNED, model=decision.model)
    return [
        {**event.body, "actor": event.actor}
        for event in events
        if event.body.get("bundle") == decision.bundle
    ]


def opinions(view: View, decision: Decision) -> Opinions:
    """Say who agreed, who is still to be asked, and what stands against it.

    The newest opinion of a role counts. A signer who also holds a role that the sign-off must be
    independent of does not count.
    """
    given = _on(view, decision)
    newest = {row["role"]: row for row in given}
    roles_of: dict[str, set[str]] = {}
    for row in given:
        roles_of.setdefault(str(row["name"]), set()).add(str(row["role"]))
    wanted, refused = list[str](), list[str]()
    for signoff in decision.signoffs:
        row = newest.get(signoff.role)
        if row is None:
            wanted.append(signoff.role)
            continue
        clash = roles_of[str(row["name"])] & set(signoff.independent_of)
        if clash:
            refused.append(f"{row['name']} signs as {signoff.role} and as {min(clash)}")
        elif row["opinion"] == "dissent":
            refused.append(f"{signoff.role} ({row['name']}) dissents: {row['because']}")
    return Opinions(given=tuple(given), wanted=tuple(wanted), refused=tuple(refused))
