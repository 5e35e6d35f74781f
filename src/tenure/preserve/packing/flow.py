"""Work on chunks side by side, answers in order, never more than a few in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")


def in_order(
    work: Callable[[Job], Answer], jobs: Iterable[Job], threads: int
) -> Iterator[tuple[Job, Answer]]:
    """Yield each job with its answer, in the jobs' order; at most twice ``threads`` are under way.

    numpy, zlib, hashlib and the kernel release the interpreter's lock, so threads are enough.
    """
    if threads <= 1:
        for job in jobs:
            yield job, work(job)
        return
    waiting: deque[tuple[Job, Future[Answer]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for job in jobs:
                waiting.append((job, pool.submit(work, job)))
                if len(waiting) >= 2 * threads:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
