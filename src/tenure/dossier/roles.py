"""Roles of people, and the keys they sign with: a signature counts only under its role's own key.

A document names roles in words (``safety lead``); the key of that role is ``safety-lead``.
"""

import re
import unicodedata
from collections.abc import Iterable

from tenure.dossier.nouns import Event
from tenure.dossier.stage import Emit, View
from tenure.errors import RefusedError, UsageError


def slug(role: str) -> str:
    """Name the key of a role: ``safety lead`` signs with the key ``safety-lead``.

    Raises:
        UsageError: nothing of it could name a key.
    """
    found = re.sub(r"[^a-z0-9]+", "-", role.lower()).strip("-")
    if not found:
        raise UsageError(f"'{role}' is not a role: use letters and digits, as in 'safety lead'")
    return found


def person(name: str) -> str:
    """Write a person's name so that two spellings of it are the same."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", name).casefold()))


def roles_of_keys(events: Iterable[Event]) -> dict[str, str]:
    """Return, by fingerprint, the role of every key ever admitted, from the ``key`` events."""
    return {
        str(event.body["fingerprint"]): str(event.body["role"])
        for event in events
        if event.name in ("add", "rotate")
    }


def revoked(events: Iterable[Event]) -> dict[str, str]:
    """Return the keys that were revoked (not merely replaced), with the reason."""
    return {
        str(event.body["fingerprint"]): str(event.body.get("because", ""))
        for event in events
        if event.name == "revoke"
    }


def under_own_keys(view: View, name: str, model: str, *, also_revoked: bool = False) -> list[Event]:
    """Return what was signed about a model under the key of the role it names.

    What a key signed that was revoked since is left out, unless ``also_revoked``.
    """
    events = view.events(act="key")
    roles, ended = roles_of_keys(events), revoked(events)
    return [
        event
        for event in view.events(act="sign", name=name, model=model)
        if (also_revoked or event.key not in ended)
        and roles.get(event.key) == slug(str(event.body["role"]))
    ]


def under_own_key(emit: Emit, role: str, verb: str, room: str = "release") -> None:
    """Refuse what is not signed under the key of the role it is said in.

    ``verb`` is the command of ``room`` that signs it.

    Raises:
        RefusedError: names the key that is wanted, and how it is used.
    """
    if emit.actor != slug(role):
        raise RefusedError(
            f"a {verb} by the {role} is signed with the key '{slug(role)}', and this would be signed "
            f"with '{emit.actor}'; run 'tenure {room} {verb} --role \"{role}\" ...' where that key "
            f"lies, or admit it with 'tenure keys add --role {slug(role)} --public HEX'"
        )
