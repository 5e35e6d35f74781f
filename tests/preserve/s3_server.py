"""A real S3-compatible server (moto's, another project's) in a process of its own."""

import re
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress


def start_server(log):
    """Start moto's S3 server on a free port; returns (process, endpoint)."""
    with log.open("wb") as target:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=target, stderr=target,
        )  # fmt: skip
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text())
        if found:
            with suppress(OSError):
                urllib.request.urlopen(f"{found[1]}/moto-api/", timeout=2).close()
                return process, found[1]
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"the server did not answer: {log.read_text()}")


def make_bucket(endpoint, name="vaults"):
    request = urllib.request.Request(
        f"{endpoint}/{name}", method="PUT", data=b"", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x/20261121/us-east-1/s3/aws4_request"}
    )  # fmt: skip
    urllib.request.urlopen(request, timeout=10).close()
