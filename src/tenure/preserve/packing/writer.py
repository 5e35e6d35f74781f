"""Write a pack: one pass over the file, every chunk decoded again before it counts."""

import hashlib
import importlib.util
import os
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from tenure.errors import IntegrityError, UsageError
from tenure.preserve.packing import base as bases
from tenure.preserve.packing import codec, flow, index, layout
from tenure.preserve.packing.base import BaseFile
from tenure.preserve.packing.codec import Form
from tenure.preserve.packing.index import Segment
from tenure.preserve.packing.layout import Span

EVERY = (
    512  # of the frames of one kind, the first and then one of so many: by the vault's reader too
)


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written: bytes before and after, original bytes by codec, the file's digests, the index."""

    bytes: int
    stored: int
    by_codec: dict[str, int]
    sha256: str
    sha512: str
    index: dict[str, Any]

    @property
    def ratio(self) -> float:
        """Stored bytes per original byte."""
        return self.stored / self.bytes if self.bytes else 1.0


@dataclass(slots=True)
class _Open:
    """A segment that is being written: its span, form, reference, sha256 and frames so far."""

    span: Span
    form: Form
    of: int
    sha256: str
    frames: list[tuple[int, int]] = field(default_factory=list)

    def closed(self) -> Segment:
        s = self.span
        return Segment(
            s.at, s.bytes, s.name, s.dtype, self.form, self.sha256, self.of, tuple(self.frames)
        )


@dataclass(frozen=True, slots=True)
class _Job:
    """One chunk to code: its segment, its place in the file, its place in the base, its length."""

    segment: _Open
    at: int
    under: int
    count: int
    twice: bool  # decode it with the stand-alone reader too


def pack_file(
    source: Path,
    target: BinaryIO,
    *,
    base: BaseFile | None = None,
    threads: int = 2,
    verify: bool = True,
) -> Packed:
    """Write ``source`` as a pack into ``target``; the same bytes for the same input, whatever the threads.

    Memory stays under 300 MB whatever the file's size. With ``verify`` every chunk is decoded and
    compared before it is written, some of them by the reader that lies in the vault.

    Raises:
        IntegrityError: a chunk does not decode to what it was, or the base became shorter.
        UsageError: the file was written to meanwhile.
    """
    spans = layout.spans(source)
    with source.open("rb") as file, _Digests(file.fileno(), spans) as digests:
        work = _Work(file.fileno(), base, verify=verify)
        before = os.fstat(file.fileno())
        segments: list[_Open] = []
        target.write(index.HEAD)
        at = len(index.HEAD)
        jobs = _jobs(_decided(work, spans, digests, segments))
        for job, frame in flow.in_order(work.coded, jobs, threads):
            target.write(frame)
            job.segment.frames.append((at, len(frame)))
            at += len(frame)
        sha256, sha512 = digests.whole()
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise UsageError(f"'{source.name}' was written to while it was packed; pack it again")
    whole = {
        "format": index.FORMAT,
        "file": {"bytes": before.st_size, "sha256": sha256, "sha512": sha512},
        "base": bases.record(base) if any(s.form.codec in ("same", "delta") for s in segments) else None,
        "chunk": codec.CHUNK_BYTES,
        "segments": [segment.closed().record() for segment in segments],
    }  # fmt: skip
    index.segments(whole | {"frames_end": at})  # what our own reader would refuse is never finished
    end = index.closing(whole, at)
    target.write(end)
    by_codec = Counter[str]()
    for segment in segments:
        by_codec[segment.form.codec] += segment.span.bytes
    return Packed(before.st_size, at + len(end), dict(by_codec), sha256, sha512, whole)


def _exactly(handle: int, at: int, count: int) -> bytes:
    data = os.pread(handle, count, at)
    if len(data) != count:
        raise UsageError("the file became shorter while it was packed; pack it again")
    return data


class _Digests:
    """The sha256 of every span, and both digests of the file, computed ahead of the coding."""

    def __init__(self, handle: int, spans: list[Span]) -> None:
        self._handle, self._spans = handle, spans
        self._whole = hashlib.sha256(), hashlib.sha512()
        self._found: list[Future[str]] = [Future() for _ in spans]
        self._pool = ThreadPoolExecutor(3)
        self._stop = False

    def __enter__(self) -> "_Digests":
        self._run = self._pool.submit(self._all)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _all(self) -> None:
        try:
            for span, future in zip(self._spans, self._found, strict=True):
                future.set_result(self._span(span))
        except BaseException as error:
            for future in self._found:
                if not future.done():
                    future.set_exception(error)
            raise

    def _span(self, span: Span) -> str:
        single = hashlib.sha256()
        for at in range(0, span.bytes, codec.CHUNK_BYTES):
            if self._stop:
                raise UsageError("packing was given up")
            count = min(codec.CHUNK_BYTES, span.bytes - at)
            data = _exactly(self._handle, span.at + at, count)
            others = [self._pool.submit(machine.update, data) for machine in self._whole]
            single.update(data)
            for other in others:
                other.result()
        return single.hexdigest()

    def of(self, number: int) -> str:
        """Return the sha256 of one span."""
        return self._found[number].result()

    def whole(self) -> tuple[str, str]:
        """Return the file's sha256 and sha512."""
        self._run.result()
        return self._whole[0].hexdigest(), self._whole[1].hexdigest()


class _Work:
    """Choosing and coding for one file."""

    def __init__(self, handle: int, base: BaseFile | None, *, verify: bool) -> None:
        self._handle, self.base, self.verify = handle, base, verify
        self._tensors = bases.Tensors(base)
        self._seen: dict[tuple[str, int], int] = {}
        self._kinds: Counter[Form] = Counter()

    def read(self, at: int, count: int) -> bytes:
        return _exactly(self._handle, at, count)

    def decide(self, span: Span, sha256: str) -> _Open:
        """Choose a codec: a repetition, the base's own bytes, or what a sample says is smallest."""
        key = (sha256, span.bytes)
        if span.bytes and key in self._seen:
            return _Open(span, Form("seen"), self._seen[key], sha256)
        self._seen[key] = span.at
        other = self._tensors.twin(span)
        data = bases.sample(self.read, span)
        under = bases.sample(self.base.read, other) if self.base and other else b""
        if other is None or data == under:  # else they differ, and the base need not be hashed
            same = self._same(span, other, sha256)
            if same is not None:
                return _Open(span, Form("same"), same.at, sha256)
        form = bases.chosen(data, under, span)[0]
        of = other.at if other and form.codec == "delta" else -1
        return _Open(span, form, of, sha256)

    def _same(self, span: Span, other: Span | None, sha256: str) -> Span | None:
        """Find a span of the base with these bytes: the one of this name, else any tensor of this size."""
        if self.base is None or not span.name or not span.bytes:
            return None
        alike = self._tensors.alike(span)
        return next(
            (s for s in ([other] if other else alike) if self.base.span_digest(s) == sha256), None
        )

    def twice(self, form: Form) -> bool:
        """Say whether the next frame of this kind goes through the stand-alone reader."""
        self._kinds[form] += 1
        return self.verify and self._kinds[form] % EVERY == 1

    def coded(self, job: _Job) -> bytes:
        """Code one chunk, decode it again, compare."""
        form, data = job.segment.form, self.read(job.at, job.count)
        under = self.base.read(job.under, job.count) if self.base and job.under >= 0 else b""
        frame = codec.encode(form, data, under)
        if self.verify and form.codec != "raw":
            self._compare(lambda: codec.decode(form, frame, job.count, under), data)
            if job.twice:
                given = form.codec, form.width, form.turn, frame, job.count, under
                self._compare(lambda: stand_alone().decode_chunk(*given), data)
        return frame

    def _compare(self, decode: Callable[[], bytes], data: bytes) -> None:
        try:
            sound = decode() == data
        except (ValueError, LookupError, ArithmeticError, struct.error, zlib.error):
            sound = False
        if not sound:
            raise IntegrityError(
                "a packed chunk does not decode to what it was; nothing was kept: keep this file in plain "
                "form, and report it with its sha256; TENURE_KERNEL=none forbids the compiled codecs"
            )


def _decided(
    work: _Work, spans: list[Span], digests: _Digests, segments: list[_Open]
) -> Iterator[tuple[_Open, Callable[[Form], bool]]]:
    for number, span in enumerate(spans):
        segments.append(work.decide(span, digests.of(number)))
        yield segments[-1], work.twice


def _jobs(decided: Iterator[tuple[_Open, Callable[[Form], bool]]]) -> Iterator[_Job]:
    for segment, twice in decided:
        span, form = segment.span, segment.form
        if form.codec not in codec.CODED:
            continue
        for at in range(0, span.bytes, codec.CHUNK_BYTES):
            under = segment.of + at if segment.of >= 0 else -1
            count = min(codec.CHUNK_BYTES, span.bytes - at)
            yield _Job(segment, span.at + at, under, count, twice(form))


@cache
def stand_alone() -> ModuleType:
    """Return the reader that lies in the vault, loaded from its file: it imports nothing of ours."""
    path = Path(__file__).parents[1] / "in_vault" / "read_vault.py"
    spec = importlib.util.spec_from_file_location("tenure_read_vault", path)
    if spec is None or spec.loader is None:
        raise IntegrityError(f"'{path.name}' is missing; install Tenure again")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
