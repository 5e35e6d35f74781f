"""Running a stage in the name of a role: under the role's own key, or refused on the record."""

import sys
from pathlib import Path
from typing import Any

from tenure import life
from tenure.cli import WAITING
from tenure.cli.run import console, say
from tenure.dossier import Dossier, Stage, Waiting
from tenure.dossier.fold import OPERATOR
from tenure.errors import RefusedError
from tenure.release.roles import revoked, roles_of_keys, slug


def run_as(stage: Stage, model: str, settings: dict[str, Any], *, role: str, root: Path) -> None:
    """Run one stage with the key of a role; settings that are None are left out.

    Raises:
        RefusedError: the key was revoked or replaced, or signs in another role already; recorded.
    """
    key = slug(role)
    with Dossier.open(root, create=False) as house:
        found = house.view().model(model.removeprefix("tenure/"))
        _check_key(house, key, stage.name, found.id)
    spec = life.make_spec(stage, {k: v for k, v in settings.items() if v is not None})
    with Dossier.open(root, create=False, actor=key) as dossier:
        result = life.perform(dossier, stage, found.id, spec)
    say(result)
    console.print(f"Signed with the key '{key}', recorded in {root}", markup=False, soft_wrap=True)
    if isinstance(result, Waiting):
        sys.exit(WAITING)


def _check_key(house: Dossier, key: str, name: str, model: str) -> None:
    """Refuse a key that may not sign in this role, and put the refusal on record."""
    keys = house.writer.keys
    if not keys.has(key):
        return  # it is made, and admitted by the operator, when it is first used
    ours = keys.signer(key).fingerprint
    events = house.view().events(act="key")
    known, ended = roles_of_keys(events), house.reading.ring().ended
    why = remedy = ""
    if ours in ended:
        because = revoked(events).get(ours)
        how = "was replaced" if because is None else f"was revoked ({because})"
        why = f"the key of '{key}' {how} and signs no more"
        remedy = f"put its successor into {keys.folder}, or move {keys.path(key)} away and a new one is made"
    elif ours in known and known[ours] != key:
        why = f"the key of '{key}' is that of '{known[ours]}': one key never signs in two roles"
        remedy = f"move {keys.path(key)} away, and a key of its own is made"
    if not why:
        return
    if keys.has(OPERATOR) and keys.signer(OPERATOR).fingerprint not in ended:
        with house.emitter(model, name) as emit:
            earlier = house.view().events(act="refuse", name=name, model=model)
            if not any(event.body.get("reason") == why for event in earlier):
                emit.event("refuse", name, {"reason": why, "role": key})
    raise RefusedError(f"{why}; {remedy}")
