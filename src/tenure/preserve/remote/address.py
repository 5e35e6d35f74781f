"""Reading where a bucket is: ``bucket/prefix?endpoint=...``; a secret in it is refused."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tenure.errors import UsageError
from tenure.preserve.store import safe_path

SECRET = re.compile(r"key|secret|token|sas|sig|pass|credential|account_key", re.IGNORECASE)
RETRIES: Any = {"max_retries": 5, "retry_timeout": timedelta(seconds=120)}
CLIENT: Any = {
    "timeout": timedelta(seconds=120),
    "connect_timeout": timedelta(seconds=10),
}
"""How long one request may take, and how often it is tried again; tests are less patient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A bucket, the prefix in it, and the settings that stood behind the question mark."""

    bucket: str
    prefix: str
    settings: Mapping[str, str]

    @property
    def label(self) -> str:
        """Name it as a folder is named: by its last part."""
        return self.prefix.rpartition("/")[2] or self.bucket

    @property
    def plain_http(self) -> bool:
        """Say whether the endpoint is asked without encryption, as on one's own machine."""
        return self.settings.get("endpoint", "").startswith("http://")


def parse(scheme: str, rest: str, allowed: Sequence[str]) -> Place:
    """Read ``bucket/prefix?name=value``.

    Raises:
        UsageError: no bucket, a prefix that is refused, an unknown setting, or a secret.
    """
    where, _, query = rest.partition("?")
    bucket, _, prefix = where.partition("/")
    prefix = prefix.strip("/")
    if "@" in where or not bucket or not re.fullmatch(r"[A-Za-z0-9._-]+", bucket):
        raise UsageError(
            f"'{scheme}://{'…' if '@' in where else where}' does not name a bucket; expected "
            f"{scheme}://BUCKET/PREFIX, and credentials in the environment only"
        )
    settings: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in allowed:
            secret = SECRET.search(name)
            hint = "credentials come from the environment, never from here" if secret else ""
            raise UsageError(
                f"{scheme}://{where}: '{name}' is not a setting here{': ' + hint if hint else ''}. There "
                f"are: {', '.join(allowed)}"
            )
        settings[name] = value
    _require_address(scheme, settings.get("endpoint"))
    return Place(bucket=bucket, prefix=safe_path(prefix) if prefix else "", settings=settings)


def client_options(place: Place) -> Any:
    """Return how one request is made; unencrypted only to an endpoint that says http itself."""
    return {**CLIENT, "allow_http": place.plain_http}


def _require_address(scheme: str, endpoint: str | None) -> None:
    if endpoint is None:
        return
    split = urlsplit(endpoint)
    if split.scheme not in ("http", "https") or not split.hostname or split.query:
        raise UsageError(f"{scheme}: endpoint={endpoint} is not an address like https://HOST:PORT")
    if split.username or split.password:
        raise UsageError(f"{scheme}: the endpoint holds a password; give it in the environment")
