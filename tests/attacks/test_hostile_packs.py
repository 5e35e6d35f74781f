"""Packs written by somebody hostile: refused with a clear error, nothing wrong given back, nothing huge allocated."""

import hashlib
import json
import random
import shutil
import struct
import subprocess
import tracemalloc
import zlib
from pathlib import Path

import pytest

from tenure.errors import IntegrityError, UsageError
from tenure.preserve import packing
from tenure.preserve.packing import index, kernel, layout, reader, writer

pytestmark = pytest.mark.slow
VECTORS = Path(writer.__file__).parents[1] / "in_vault" / "vectors"
GOOD = (VECTORS / "base.pack").read_bytes()
CHANGE = (VECTORS / "tuned.pack").read_bytes()
SUMS = (VECTORS / "SHA256SUMS").read_text().split()
MEGABYTE = 1 << 20


@pytest.fixture(params=["pure", "kernel"])
def form(request, monkeypatch):
    if request.param == "kernel":
        if kernel.state().kernel is None:
            pytest.skip(kernel.state().why)
    else:
        monkeypatch.setattr(kernel, "_found", [kernel.State(None, "forbidden by this test")])


def opened(data):
    return packing.open_pack(lambda at, count: data[at : at + count], len(data))


def base():
    return reader.PackBase(opened(GOOD))


def unpacked(data, tmp_path, under=None):
    place = tmp_path / "out"
    try:
        return opened(data).unpack_into(place, under)["sha256"]
    finally:
        place.unlink(missing_ok=True)


def parts(data):
    """A pack's frames and its index."""
    at, length, _, _ = index.FOOT.unpack(data[-index.FOOT.size :])
    return data[:at], json.loads(zlib.decompress(data[at : at + length], -15))


def forged(frames, whole):
    """A pack with everything around a forged index right."""
    text = whole if isinstance(whole, bytes) else json.dumps(whole).encode()
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    stored = machine.compress(text) + machine.flush()
    foot = (len(frames), len(stored), hashlib.sha256(stored).digest(), index.MAGIC)
    return frames + stored + index.FOOT.pack(*foot)


def lied(change, data=GOOD):
    frames, whole = parts(data)
    change(whole)
    return forged(frames, whole)


def first(whole, codec):
    return next(s for s in whole["segments"] if s["codec"] == codec)


LIES = {
    "a gap": lambda w: w["segments"][1].update(at=w["segments"][1]["at"] + 1),
    "an overlap": lambda w: w["segments"][1].update(at=w["segments"][1]["at"] - 1),
    "two for one": lambda w: w["segments"].insert(1, w["segments"][1]),
    "one left out": lambda w: w["segments"].pop(2),
    "a huge file": lambda w: w["file"].update(bytes=1 << 61),
    "a huge segment": lambda w: w["segments"][-1].update(bytes=1 << 61),
    "a negative size": lambda w: w["segments"][-1].update(bytes=-1),
    "a fraction": lambda w: w["segments"][1].update(at=1.5),
    "a huge chunk": lambda w: w.update(chunk=1 << 40),
    "a chunk of nothing": lambda w: w.update(chunk=0),
    "an odd chunk": lambda w: w.update(chunk=4099),
    "frames outside": lambda w: first(w, "planes")["frames"].__setitem__(0, [1 << 40, 9]),
    "frames that overlap": lambda w: first(w, "planes")["frames"][0].__setitem__(1, 3),
    "no frames": lambda w: first(w, "planes").update(frames=[]),
    "too many frames": lambda w: first(w, "planes").update(frames=[[16, 1]] * 9),
    "a huge width": lambda w: first(w, "planes").update(width=1 << 30),
    "an unknown codec": lambda w: first(w, "planes").update(codec="zip"),
    "a repetition of itself": lambda w: first(w, "seen").update(of={"at": first(w, "seen")["at"]}),
    "a repetition to come": lambda w: first(w, "seen").update(of={"at": w["segments"][-1]["at"]}),
    "no base": lambda w: w["segments"][1].update(codec="same", of={"at": 0}, frames=[]),
    "a name that is none": lambda w: w["segments"][1].update(name=["x"]),
    "another format": lambda w: w.update(format="tenure/pack/2"),
    "no segments": lambda w: w.pop("segments"),
    "segments that are none": lambda w: w.update(segments="many"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_index_is_refused(lie):
    with pytest.raises(IntegrityError, match="tenure scrub"):
        opened(lied(LIES[lie]))


def test_a_base_that_is_too_small_or_too_far(tmp_path):
    far = lied(lambda w: first(w, "delta").update(of={"at": 1 << 40}), CHANGE)
    with pytest.raises(IntegrityError, match="outside of its base"):
        opened(far)
    other = lied(lambda w: first(w, "delta").update(of={"at": 8}), CHANGE)
    with pytest.raises(IntegrityError):
        unpacked(other, tmp_path, base())
    with pytest.raises(UsageError, match="give that file"):
        unpacked(CHANGE, tmp_path)


@pytest.mark.parametrize("text", [b"[" * 90_000, b"{", b"\xff\xfe", b"7", b'{"format": {}}', b""])
def test_an_index_that_is_none(text):
    with pytest.raises(IntegrityError):
        opened(forged(index.HEAD, text))


def test_an_index_of_a_gigabyte_is_not_read():
    """Neither one that says so, nor one that inflates to it."""
    asked = []
    size = (1 << 30) + 72
    foot = index.FOOT.pack(16, 1 << 30, bytes(32), index.MAGIC)

    def read(at, count):
        asked.append(count)
        return index.HEAD if at == 0 else foot

    with pytest.raises(IntegrityError):
        packing.open_pack(read, size)
    assert max(asked) < 100
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    stored = b"".join(machine.compress(b" " * MEGABYTE) for _ in range(300)) + machine.flush()
    foot = index.FOOT.pack(16, len(stored), hashlib.sha256(stored).digest(), index.MAGIC)
    tracemalloc.start()
    with pytest.raises(IntegrityError):
        opened(index.HEAD + stored + foot)
    assert tracemalloc.get_traced_memory()[1] < 3 * index.INDEX_TEXT
    tracemalloc.stop()


def bomb(sizes):
    """A frame of one row that inflates to 200 MB, for a segment of a few thousand bytes."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = b"".join(machine.compress(bytes(MEGABYTE)) for _ in range(200)) + machine.flush()
    frame = bytes([2]) + struct.pack("<I", len(stream)) + stream
    return frame[:sizes] if sizes else frame


def one_segment(frame, size, codec="planes"):
    segment = {
        "at": 0, "bytes": size, "name": "w", "dtype": "BF16", "codec": codec, "width": 2, "turn": 1,
        "sha256": "", "frames": [[16, len(frame)]],
    }  # fmt: skip
    whole = {"format": index.FORMAT, "file": {"bytes": size, "sha256": "", "sha512": ""}, "base": None,
             "chunk": 4 * MEGABYTE, "segments": [segment]}  # fmt: skip
    return forged(index.HEAD + frame, whole)


def test_a_plane_that_is_a_bomb(form, tmp_path):
    frame, size = bomb(0), 2 * 200_000
    tracemalloc.start()
    with pytest.raises(IntegrityError, match=r"DEFLATE|frame"):
        unpacked(one_segment(frame, size), tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 40 * MEGABYTE
    tracemalloc.stop()


def test_cut_anywhere(form, tmp_path):
    rng = random.Random(1)
    for length in [0, 1, 15, 16, 71, 72, *(rng.randrange(len(GOOD)) for _ in range(60))]:
        with pytest.raises(IntegrityError):
            unpacked(GOOD[:length], tmp_path)


@pytest.mark.parametrize("data", [GOOD, CHANGE], ids=["planes", "delta"])
def test_a_flipped_bit_never_gives_other_bytes(form, tmp_path, data):
    """In the pack itself, and in a frame under a footer made right again."""
    rng, under = random.Random(2), base() if data is CHANGE else None
    right = SUMS[SUMS.index("base" if data is GOOD else "tuned") - 1]
    frames, whole = parts(data)
    for _ in range(150):
        hurt = bytearray(data)
        hurt[rng.randrange(len(hurt))] ^= 1 << rng.randrange(8)
        inner = bytearray(frames)
        inner[rng.randrange(16, len(inner))] ^= 1 << rng.randrange(8)
        for attempt in (bytes(hurt), forged(bytes(inner), whole)):
            try:
                assert unpacked(attempt, tmp_path, under) == right
            except IntegrityError:
                continue


def test_the_reader_in_the_vault_refuses_too(tmp_path):
    stand_alone = writer.stand_alone()
    rng, (frames, whole) = random.Random(3), parts(GOOD)
    attempts = [GOOD[: rng.randrange(len(GOOD))] for _ in range(20)]
    attempts += [lied(lie) for lie in LIES.values()]
    for _ in range(60):
        inner = bytearray(frames)
        inner[rng.randrange(16, len(inner))] ^= 1 << rng.randrange(8)
        attempts.append(forged(bytes(inner), whole))
    for number, attempt in enumerate(attempts):
        source, place = tmp_path / f"{number}.pack", tmp_path / str(number)
        source.write_bytes(attempt)
        try:
            stand_alone.unpack(source, place, None)
        except stand_alone.VaultError:
            assert not place.exists()
            continue
        assert hashlib.sha256(place.read_bytes()).hexdigest() == SUMS[SUMS.index("base") - 1]


def test_the_reader_in_the_vault_touches_nothing_that_is_there(tmp_path):
    place = tmp_path / "mine"
    place.write_bytes(b"mine")
    with pytest.raises(OSError, match="exists"):
        writer.stand_alone().unpack(VECTORS / "base.pack", place, None)
    assert place.read_bytes() == b"mine"


def test_a_header_of_a_gigabyte_is_not_parsed(tmp_path):
    path = tmp_path / "model.safetensors"
    with path.open("wb") as out:
        out.write(struct.pack("<Q", 1 << 30) + b'{"a":' + b"[" * 1000)
        out.truncate(8 + (1 << 30))
    tracemalloc.start()
    assert layout.spans(path) == [layout.Span(0, 8 + (1 << 30))]
    assert tracemalloc.get_traced_memory()[1] < MEGABYTE
    tracemalloc.stop()


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler here")
def test_the_kernel_under_sanitizers(tmp_path):
    """Thousands of frames, whole and damaged, with every buffer watched."""
    program = tmp_path / "fuzz"
    source = Path(writer.__file__).with_name("kernel.c")
    built = subprocess.run(
        ["cc", "-std=c11", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         f'-DKERNEL="{source}"', "-o", str(program), str(Path(__file__).with_name("fuzz_kernel.c"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if built.returncode:
        pytest.skip(f"no sanitizers here: {built.stderr[-200:]}")
    done = subprocess.run([program, "120", "4"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "120 rounds" in done.stdout
