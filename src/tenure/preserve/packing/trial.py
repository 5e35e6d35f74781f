"""A trial of both forms of the codecs on this machine, in about a second."""

import time
from collections.abc import Callable

import numpy as np

from tenure.preserve.packing import delta, kernel, planes

ELEMENTS = 1 << 20


def speeds() -> dict[str, dict[str, float]]:
    """Measure both forms on 1 Mi bf16 weights: MB of the original a second, one thread, best of two.

    Returns the work ("pack", "unpack", "pack a change", "unpack a change") and its speed, by form.
    """
    rng = np.random.default_rng(0)
    weights = (rng.standard_normal(ELEMENTS, np.float32) * 0.02).view(np.uint32)
    near = (weights.view(np.float32) + rng.standard_normal(ELEMENTS, np.float32) * 5e-5).view("u4")
    base, data = ((values >> np.uint32(16)).astype("<u2").tobytes() for values in (weights, near))
    frame, change = planes.encode(base, 2, 1), delta.encode(data, base, 2)
    found = {
        "pure": {
            "pack": _speed(lambda: planes.encode(base, 2, 1)),
            "unpack": _speed(lambda: planes.decode(frame, ELEMENTS, 2, 1)),
            "pack a change": _speed(lambda: delta.encode(data, base, 2)),
            "unpack a change": _speed(lambda: delta.decode(change, base, 2)),
        }
    }
    fast = kernel.get()
    if fast is not None:
        found["compiled"] = {
            "pack": _speed(lambda: fast.planes_encode(base, 2, 1)),
            "unpack": _speed(lambda: fast.planes_decode(frame, len(base), 2, 1)),
            "pack a change": _speed(lambda: fast.delta_encode(data, base, 2)),
            "unpack a change": _speed(lambda: fast.delta_decode(change, base, 2)),
        }
    return found


def _speed(work: Callable[[], object]) -> float:
    best = 0.0
    for _ in range(2):
        started = time.perf_counter()
        work()
        best = max(best, 2 * ELEMENTS / 1e6 / (time.perf_counter() - started))
    return best
