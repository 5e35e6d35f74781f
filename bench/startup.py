"""How quickly the command line answers, as whole processes: `--help`, and opening the example.

Run alone on a quiet machine: `make bench-startup`.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from table import row, write

TENURE = str(Path(sys.executable).parent / "tenure")
RUNS = 15


def seconds(*arguments):
    """Median seconds of whole processes, after two that warm the file cache."""
    times = []
    for number in range(RUNS + 2):
        began = time.perf_counter()
        subprocess.run([TENURE, *arguments], check=True, stdout=subprocess.DEVNULL)
        if number >= 2:
            times.append(time.perf_counter() - began)
    return statistics.median(times), max(times)


def main():
    """Measure and write."""
    rows = []
    for arguments, asked in ((("--help",), 0.3), (("show", "example"), 5.0)):
        median, worst = seconds(*arguments)
        how = f"median of {RUNS} whole processes after 2 warm-ups; slowest {worst:.3f} s"
        name = "tenure " + " ".join(arguments)
        rows.append(row(name, f"< {asked}", round(median, 3), "s", RUNS, median < asked, how))
    write("startup", rows)


if __name__ == "__main__":
    main()
