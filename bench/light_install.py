"""What `pip install tenure` costs without any extra: seconds, and megabytes on disk.

Builds the wheel, installs it alone into a new environment with pip's cache switched off, and weighs
what the environment gained over an empty one. Then assesses the embedded model as a stranger would,
behind an OpenAI-compatible endpoint (our own gateway, in the development environment), with the
default settings. Needs a package index: `make bench-light_install`.
"""

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from table import row, write

ROOT = Path(__file__).parents[1]


def weigh(folder):
    """Bytes on disk of a folder, as a file system counts them."""
    return sum(p.lstat().st_blocks * 512 for p in folder.rglob("*"))


def pip(python, *arguments):
    """Run pip quietly."""
    subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "-q", *arguments],
        check=True,
        stderr=subprocess.DEVNULL,
    )


def first_interval(folder):
    """Seconds from the command to the table with the first interval; default settings."""
    sys.path.insert(0, str(ROOT / "tests" / "install"))
    import endpoint

    own = {"TENURE_KEYS": str(folder / "keys"), "TENURE_DOSSIER": str(folder / "dossier")}
    command = [str(folder / "env" / "bin" / "tenure"), "assess", "faking"]
    with endpoint.serving(folder, "tenure/embedded", "tulip") as reach:
        began = time.perf_counter()
        found = subprocess.run(
            [*command, "--model", "openai-api/local/tulip"],
            env={**os.environ, **own, **reach},
            capture_output=True,
            text=True,
            check=True,
        )
        took = time.perf_counter() - began
    assert "compliance_gap" in found.stdout
    return took, found.stdout.splitlines()[0]


def main():
    """Measure and write."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pip(sys.executable, "wheel", "--no-deps", "-w", str(folder), str(ROOT))
        wheel = next(folder.glob("tenure-*.whl"))
        venv.create(folder / "env", with_pip=True)
        empty = weigh(folder / "env")
        python = str(folder / "env" / "bin" / "python")
        began = time.perf_counter()
        pip(python, "install", "--no-cache-dir", "-c", str(ROOT / "constraints.txt"), str(wheel))
        took = time.perf_counter() - began
        gained = (weigh(folder / "env") - empty) / 1e6
        interval, cost = first_interval(folder)
    how = "wheel built, installed alone, no cache, pinned versions; disk blocks gained over an empty environment"
    write(
        "light_install",
        [
            row("light install, on disk", "<= 600", round(gained), "MB", 1, gained <= 600, how),
            row("light install, time", "<= 60", round(took, 1), "s", 1, took <= 60, how),
            row(
                "first interval on a light install",
                "<= 180",
                round(interval, 1),
                "s",
                1,
                interval <= 180,
                f"tenure assess faking, default settings; printed first: {cost}",
            ),
        ],
    )


if __name__ == "__main__":
    main()
