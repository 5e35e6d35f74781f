"""Bringing a model back in a process of its own, which knows the vault's place and an empty folder.

Nothing of this process is passed on but what a command needs to start and to open a copy elsewhere.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from tenure.dossier import Emit
from tenure.errors import IntegrityError, TenureError

SECONDS_LIMIT = 600  # to end, once it has said its last word
# A kept environment has the Tenure of its day: the name is the same in every version.
MODULE = "tenure.preserve.revive_process"
TO_START = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "TMPDIR")
TO_OPEN = (  # a copy elsewhere, or a sealed one
    "TENURE_KEYS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT",
    "AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_KEY",
)  # fmt: skip


def passed_on(names: Sequence[str]) -> dict[str, str]:
    """Return those of this process's environment variables that are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def revived(
    python: str, arguments: Sequence[str], object_id: str, levels: Sequence[str], emit: Emit
) -> dict[str, Any]:
    """Run ``tenure.preserve.revive_process`` by ``python``; relay each level; return its outcome.

    Raises:
        IntegrityError: bytes that are not right.
        TenureError: it did not come back for another reason.
    """
    command = [python, "-m", MODULE, "--object", object_id, *arguments]
    environment = passed_on((*TO_START, *TO_OPEN)) | {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONSAFEPATH": "1",
    }
    with (
        tempfile.TemporaryDirectory() as elsewhere,
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            command,
            cwd=elsewhere,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        last: dict[str, Any] = {}
        for last in _lines(process.stdout):
            if last["kind"] == "level":
                done = levels.index(last["level"]) + 1
                emit.progress(done, len(levels), f"{last['level']} {last['outcome']}")
        process.wait(SECONDS_LIMIT)
        errors.seek(0)
        if last.get("kind") == "outcome":
            return last
        said = last.get("message") or errors.read().strip()[-500:]
    wrong = IntegrityError if last.get("code") == IntegrityError.code else TenureError
    raise wrong(f"{object_id} did not come back: {said or f'exit status {process.returncode}'}")


def _lines(stream: Any) -> Iterator[dict[str, Any]]:
    for line in stream:
        if line.startswith("{"):
            yield json.loads(line)
