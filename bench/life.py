"""The whole life of the embedded model, from an empty folder: minutes, and peak memory.

The peak is the largest sum of resident memory over the life's process and all its children, sampled
every 50 ms (shared pages counted in each: an upper bound). Takes about ten minutes: `make bench-life`;
with a folder as argument, the life stays there.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from table import row, write

ROOT = Path(__file__).parents[1]
TENURE = str(Path(sys.executable).parent / "tenure")


def resident(process):
    """Resident bytes of a process and its children, now."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def lived(place, environment):
    """Run the life; return the seconds it took and the peak of its memory."""
    began, peak = time.perf_counter(), 0
    command = [TENURE, "life", str(ROOT / "examples" / "life.yaml"), "--into", str(place)]
    running = subprocess.Popen(command, env=environment)
    watched = psutil.Process(running.pid)
    while running.poll() is None:
        try:
            peak = max(peak, resident(watched))
        except psutil.NoSuchProcess:
            break
        time.sleep(0.05)
    if running.wait() != 0:
        raise SystemExit("the life did not end well; see above")
    return time.perf_counter() - began, peak


def main():
    """Measure and write."""
    kept = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as place:
        folder = kept or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "TENURE_KEYS": str(folder / "keys"),
            "TENURE_CACHE": str(folder / "cache"),
        }
        took, peak = lived(folder / "life", environment)
        again, _ = lived(folder / "life", environment)
        verified = subprocess.run(
            [TENURE, "verify", "--recompute", "--dossier", str(folder / "life" / "dossier")],
            env=environment, check=False, capture_output=True, text=True,
        )  # fmt: skip
    how = f"{os.cpu_count()} cores, examples/life.yaml into an empty folder, empty cache, once installed"
    write(
        "life",
        [
            row("the whole life", "<= 10", round(took / 60, 2), "minutes", 1, took <= 600, how),
            row("peak memory of the whole life", "<= 4", round(peak / 2**30, 2), "GiB", 1, peak <= 4 * 2**30, how),
            row("the same command again", "resumes", round(again, 1), "s", 1, again < took / 4, "nothing is repeated"),
            row("verify --recompute of its dossier", "exit 0", verified.returncode, "exit status", 1,
                verified.returncode == 0, verified.stdout.splitlines()[0] if verified.stdout else json.dumps(verified.stderr[-200:])),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
