"""The compiled form of the codecs (placeholder until kernel.c is there)."""

from typing import Any


def get() -> Any:
    """Return the kernel, or None."""
    return None
