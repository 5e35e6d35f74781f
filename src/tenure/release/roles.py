"""Roles of people, and the keys they sign with: those of the spine, under the words of this room."""

from tenure.dossier.roles import (
    person,
    revoked,
    roles_of_keys,
    slug,
    under_own_key,
    under_own_keys,
)

__all__ = ["person", "revoked", "roles_of_keys", "slug", "under_own_key", "under_own_keys"]
