"""The compiled form: built once, used only where it can be trusted, and never needed."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from tenure.preserve.packing import delta, kernel, planes

pytestmark = pytest.mark.slow


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    monkeypatch.setattr(kernel, "_found", [])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TENURE_KERNEL", raising=False)
    return tmp_path / "tenure" / "kernel"


def test_it_can_be_forbidden(fresh, monkeypatch):
    monkeypatch.setenv("TENURE_KERNEL", "none")
    assert kernel.get() is None
    assert "TENURE_KERNEL=none" in kernel.state().why
    assert not fresh.exists()


def test_without_a_compiler_the_pure_form_is_used(fresh, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kernel.get() is None
    assert "no C compiler" in kernel.state().why


def test_a_folder_that_others_can_write_to_is_not_trusted(fresh):
    fresh.mkdir(parents=True)
    fresh.chmod(0o777)
    assert kernel.get() is None
    assert "chmod 700" in kernel.state().why


LIAR = """
#include <stddef.h>
#include <stdint.h>
int64_t tenure_room(size_t n, int width) { return 64 * (n * width + 64); }
int64_t tenure_planes_encode(const uint8_t *d, size_t n, int w, int t, uint8_t *r, uint8_t *o) { return 1; }
int64_t tenure_planes_decode(const uint8_t *f, size_t l, size_t n, int w, int t, uint8_t *r, uint8_t *o) { return -1; }
int64_t tenure_delta_encode(const uint8_t *d, const uint8_t *b, size_t n, int w, uint8_t *r, uint8_t *o) { return 1; }
int64_t tenure_delta_decode(const uint8_t *f, size_t l, const uint8_t *b, size_t n, int w, uint8_t *r, uint8_t *o) { return -1; }
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler here")
def test_a_library_that_disagrees_or_is_none_is_not_used(fresh, monkeypatch, tmp_path):
    source = tmp_path / "kernel.c"
    source.write_text(LIAR)
    monkeypatch.setattr(kernel, "SOURCE", source)
    assert kernel.get() is None
    assert "does not agree" in kernel.state().why
    (built,) = fresh.iterdir()
    assert fresh.stat().st_mode & 0o777 == 0o700
    program = (
        "import sys\nfrom pathlib import Path\nfrom tenure.preserve.packing import kernel\n"
        "kernel.SOURCE = Path(sys.argv[1])\nprint(kernel.state().why)"
    )
    built.write_bytes(b"no library")
    done = subprocess.run(
        [sys.executable, "-c", program, str(source)], capture_output=True, text=True, check=True
    )
    assert "no kernel could be built or loaded" in done.stdout
    assert built.read_bytes() == b"no library"


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_a_chunk_decoded_in_place_is_the_pure_form_and_nothing_beside_it(width):
    fast, draw = kernel.get(), np.random.default_rng(width)
    if fast is None:
        pytest.skip("there is no C compiler here")
    for count in (0, 1, 3, 4095, 131_072, 300_001):
        bits = draw.normal(size=count * width).astype("<f4").view("u1")[3::4]
        base = (bits & 0xF1).tobytes()
        data = (np.frombuffer(base, f"<u{width}") + (bits[:count] > 190)).astype(f"<u{width}")
        whole = np.full(count * width + 64, 0xA5, np.uint8)
        part = whole[32:-32]
        frame = planes.encode(base, width, 1)
        assert fast.planes_decode_into(frame, part, width, 1)
        assert part.tobytes() == base == planes.decode(frame, count, width, 1)
        change = delta.encode(data.tobytes(), base, width)
        assert fast.delta_decode_into(change, base, part, width)
        assert part.tobytes() == data.tobytes() == delta.decode(change, base, width)
        assert set(whole[:32]) | set(whole[-32:]) == {0xA5}
        assert not fast.planes_decode_into(frame + b"x", part, width, 1)
        assert set(whole[:32]) | set(whole[-32:]) == {0xA5}
