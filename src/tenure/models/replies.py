"""Replies made ahead, in fixed batches; the Inspect provider finds them here first.

Inspect asks for one reply at a time, in an order that depends on timing; which replies share a
batch would then depend on timing too, and greedy text with it. So a task's replies are made
first, in the order of its dataset, and looked up afterwards.
"""

from threading import Lock

from tenure.dossier.canonical import digest_of
from tenure.models.talk import Messages, Reply, Sampling, plain

_store: dict[str, Reply] = {}
_lock = Lock()


def key(model_id: str, messages: Messages, sampling: Sampling) -> str:
    """Name a reply by model, conversation and sampling."""
    return digest_of(
        {"model": model_id, "messages": plain(messages), "sampling": sampling.to_json()}
    )


def put(model_id: str, messages: Messages, sampling: Sampling, reply: Reply) -> None:
    """Keep a reply for this process."""
    with _lock:
        _store[key(model_id, messages, sampling)] = reply


def get(model_id: str, messages: Messages, sampling: Sampling) -> Reply | None:
    """Find a reply, or None."""
    with _lock:
        return _store.get(key(model_id, messages, sampling))


def clear() -> None:
    """Forget every reply."""
    with _lock:
        _store.clear()
