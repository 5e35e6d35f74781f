"""Sign-offs: who has agreed to exactly what was judged, who has not been asked, who dissents.

An opinion counts when it is signed under the key of the role it is given in, on exactly this
bundle. Opinions from a file are signed by whoever filed them: they carry their label wherever they
go, and never a public release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.release.decision import Decision
from tenure.release.policy import SignOff
from tenure.release.roles import person, revoked, roles_of_keys, slug

SIGNED = "release/decide"
TRAINING_LEAD = "training lead"
Opinion = Literal["agree", "dissent"]
Row = Mapping[str, Any]


class Written(BaseModel):
    """One opinion in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: str = Field(min_length=1)
    name: str = Field(min_length=1)
    opinion: Opinion = "agree"
    because: str = Field(min_length=1)
    conflict: str | None = Field(None, min_length=1)


class SignOffFile(BaseModel):
    """Opinions from a file; ``label`` says what they are worth and goes wherever they go."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/signoffs.v1"]  # noqa: N815 - the field's usual name
    label: str = Field(min_length=1)
    signoffs: tuple[Written, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """What has been signed on one bundle.

    ``given`` are the opinions that count, dissent of roles nobody asked for included; ``wanted``
    the roles still to be asked; ``refused`` what stands against the release; ``passed_over`` what
    was signed and does not count, with the reason; ``ended`` those of them whose key was revoked.
    """

    given: tuple[Row, ...]
    wanted: tuple[str, ...]
    refused: tuple[str, ...]
    passed_over: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


def file_opinions(document: SignOffFile, decision: Decision, view: View, emit: Emit) -> None:
    """Record the opinions of a file as sign events on this bundle, each once."""
    rows = _all(view, decision.model)
    there = {(row["role"], row["name"]) for row in rows if row["bundle"] == decision.bundle}
    for written in document.signoffs:
        if (written.role, written.name) not in there:
            body = {
                **written.model_dump(mode="json", exclude_none=True),
                "bundle": decision.bundle,
                "label": document.label,
            }
            emit.event("sign", SIGNED, body)


def _all(view: View, model: str) -> list[dict[str, Any]]:
    """List every opinion about a model, on whatever bundle, in log order."""
    return [
        {**event.body, "actor": event.actor, "key": event.key, "event": event.digest, "index": event.index}
        for event in view.events(act="sign", name=SIGNED, model=model)
    ]  # fmt: skip


def _why_not(row: Row, roles: Mapping[str, str], ended: Mapping[str, str]) -> str | None:
    """Say why an opinion does not count, whatever it says, or None."""
    who = f"{row['name']} as {row['role']}"
    if row["key"] in ended:
        return f"{who}: the key was revoked ({ended[row['key']]}); sign again with its successor"
    if row.get("label"):
        return None
    if roles.get(row["key"]) != slug(str(row["role"])):
        return f"{who}: signed with the key of '{row['actor']}', not with that of the role"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Who holds which role in the matter of one model: names and keys, by role."""

    names: Mapping[str, set[str]]
    keys: Mapping[str, set[str]]

    def clash(self, row: Row, signoff: SignOff) -> str | None:
        """Name a role that the signer must be independent of and holds, or None."""
        for role in sorted(signoff.independent_of):
            same_key = not row.get("label") and row["key"] in self.keys.get(role, ())
            if same_key or person(str(row["name"])) in self.names.get(role, ()):
                return role
        return None


def holders(view: View, model: Model, rows: Sequence[Row]) -> Holders:
    """Find who holds which role: who signed in it, who the model's card names, who trained it."""
    names: dict[str, set[str]] = {}
    keys: dict[str, set[str]] = {}
    for row in rows:
        names.setdefault(str(row["role"]), set()).add(person(str(row["name"])))
        if not row.get("label"):
            keys.setdefault(str(row["role"]), set()).add(str(row["key"]))
    people: Mapping[str, str] = model.card.get("people") or {}
    for role, name in people.items():
        names.setdefault(role, set()).add(person(name))
    for event in view.events(act="evidence", name="align/train"):
        if model.id == event.body.get("evidence", {}).get("product"):
            keys.setdefault(TRAINING_LEAD, set()).add(event.key)
    return Holders(names=names, keys=keys)


def _lacks(row: Row, signoff: SignOff, decision: Decision) -> str | None:
    """Say what an opinion that counts still lacks for this release, or None."""
    if signoff.conflict_statement and not row.get("conflict"):
        return (
            f"{row['name']} as {row['role']}: the policy asks what ties them to the matter; sign again "
            "with --conflict 'none' or what it is"
        )
    if row.get("label") and decision.availability == "public":
        return (
            f"{row['name']} as {row['role']}: written beforehand ({row['label']}), which never carries a "
            "public release"
        )
    return None


def opinions(view: View, decision: Decision) -> Opinions:
    """Say who agreed, who is still to be asked, and what stands against it.

    The newest opinion of a role counts. A signer who also holds a role that the sign-off must be
    independent of does not count: not under the same name, not under the same key.
    """
    key_events = view.events(act="key")
    roles, ended = roles_of_keys(key_events), revoked(key_events)
    every = _all(view, decision.model)
    held = holders(view, view.model(decision.model), every)
    passed_over = list[str]()
    given = list[Row]()
    for row in every:
        if row["bundle"] == decision.bundle:
            why = _why_not(row, roles, ended)
            if why is None:
                given.append(row)
            else:
                passed_over.append(why)
    newest = {row["role"]: row for row in given}
    wanted, refused = list[str](), list[str]()
    for signoff in decision.signoffs:
        row = newest.get(signoff.role)
        if row is None:
            wanted.append(signoff.role)
            passed_over += _earlier(every, signoff.role, decision.bundle)
            continue
        clash, lacks = held.clash(row, signoff), _lacks(row, signoff, decision)
        if clash:
            refused.append(f"{row['name']} signs as {signoff.role} and as {clash}")
        elif row["opinion"] == "dissent":
            refused.append(f"{signoff.role} ({row['name']}) dissents: {row['because']}")
        elif lacks:
            wanted.append(signoff.role)
            passed_over.append(lacks)
    return Opinions(
        given=tuple(given),
        wanted=tuple(wanted),
        refused=tuple(refused),
        passed_over=tuple(passed_over),
        ended=_ended(every, ended, decision.bundle, wanted),
    )


def _ended(
    every: Sequence[Row], ended: Mapping[str, str], bundle: str, wanted: Sequence[str]
) -> tuple[str, ...]:
    """Name the roles that are wanted again because the key they signed with was revoked."""
    return tuple(
        f"{row['name']} as {row['role']}: the key was revoked ({ended[row['key']]})"
        for row in every
        if row["bundle"] == bundle and row["key"] in ended and row["role"] in wanted
    )


def _earlier(every: Sequence[Row], role: str, bundle: str) -> list[str]:
    """Say of a role that is wanted that it signed something else before."""
    others = [row for row in every if row["role"] == role and row["bundle"] != bundle]
    if not others:
        return []
    last = others[-1]
    return [
        f"{last['name']} as {role}: signed {last['bundle'][:16]}, and what is judged has changed since"
    ]
