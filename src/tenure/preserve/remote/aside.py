"""Moving bytes out of the way where nothing may be deleted.

A vault's credentials should not be able to delete. So a file that no inventory names is copied
below ``extensions/tenure-set-aside/`` and then replaced by a notice of a fixed size that says where
its bytes went; a store leaves out of its lists what is such a notice.
"""

from tenure.preserve.store import safe_path

ASIDE = "extensions/tenure-set-aside"
BYTES = 1021  # no usual size, so that only files of this size are looked into
_BEGIN = b"TENURE: NOT PART OF THE VAULT\n\nWhat lay here was set aside; no inventory names it. It lies at:\n"


def notice(key: str) -> bytes:
    """Write the notice that takes a file's place; ``key`` is where its bytes are now."""
    text = _BEGIN + key.encode() + b"\nThis notice may be removed.\n"
    return text.ljust(BYTES - 1)[: BYTES - 1] + b"\n"


def is_notice(data: bytes) -> bool:
    """Say whether this is a notice."""
    return len(data) == BYTES and data.startswith(_BEGIN)


def place(key: str, number: int) -> str:
    """Name the number-th place for what lay at a key."""
    return f"{ASIDE}/{number}/{safe_path(key)}"


def origin(key: str) -> str:
    """Name where a set-aside file lay; any other key is its own."""
    if not key.startswith(f"{ASIDE}/"):
        return key
    return key.removeprefix(f"{ASIDE}/").partition("/")[2] or key
