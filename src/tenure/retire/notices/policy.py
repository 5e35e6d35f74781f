"""What the policy on file says of retirement: the days of notice, who answers, whom users ask."""

from pydantic import BaseModel, ConfigDict

from tenure import documents
from tenure.dossier import Model, View
from tenure.retire.notices.calendar import NoticePolicy

OWNER = "preference owner"
"""Who answers preferences where no policy names anybody."""


class _Owned(BaseModel):
    """A part of a policy that somebody answers for."""

    model_config = ConfigDict(extra="ignore")

    owner: str | None = None


class _Owners(BaseModel):
    """Who answers for a policy, and for what it says of retirement.

    Read beside :class:`NoticePolicy`, which is a setting of the notice: what it holds is part of the
    key of that work.
    """

    model_config = ConfigDict(extra="ignore")

    metadata: _Owned = _Owned()
    retirement: _Owned | None = None


def _on_file(view: View) -> tuple[str, str] | None:
    """Return the policy of the newest release decision: its name and its text."""
    for event in reversed(view.events(act="evidence", name="release/decide")):
        for name, digest in event.files.items():
            if "policy" in name:
                return name, view.read(digest).decode()
    return None


def policy_on_file(view: View) -> NoticePolicy | None:
    """Read what the policy of the newest release decision says of retirement; None without one."""
    found = _on_file(view)
    return documents.parse(found[1], NoticePolicy, source=found[0]) if found else None


def _owners(view: View) -> _Owners:
    found = _on_file(view)
    return documents.parse(found[1], _Owners, source=found[0]) if found else _Owners()


def answers(view: View) -> str:
    """Name who answers the preferences of retiring models: the policy's owner of retirement, else a role."""
    held = _owners(view).retirement
    return (held.owner if held else None) or OWNER


def contact(view: View, model: Model) -> str:
    """Say whom a user asks about a retirement: by the model's card, else by the policy; "" for nobody."""
    named = model.card.get("contact")
    if named:
        return str(named)
    owners = _owners(view)
    held = owners.retirement.owner if owners.retirement else None
    return held or owners.metadata.owner or ""
