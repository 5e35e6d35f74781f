"""Whole packs: the same file back, the same pack again, one tensor out of it, bases of every form."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tenure.errors import IntegrityError, UsageError
from tenure.preserve import packing
from tenure.preserve.packing import codec, kernel, layout, writer
from tenure.preserve.packing.codec import Form

from . import conftest as kit  # noqa: TID252

pytestmark = pytest.mark.slow
VECTORS = Path(writer.__file__).parents[1] / "in_vault" / "vectors"


def test_a_file_comes_back(form, pair):
    one, two, base = pair
    plain, said = kit.packed(one)
    assert kit.unpacked(plain) == one.read_bytes()
    assert said.stored == len(plain)
    assert said.by_codec["seen"] == 24_000
    assert said.sha256 == hashlib.sha256(one.read_bytes()).hexdigest()
    change, said = kit.packed(two, base)
    assert kit.unpacked(change, base) == two.read_bytes()
    assert said.by_codec["delta"] == 36_000
    assert len(change) < 0.7 * len(plain)


def test_the_bytes_do_not_depend_on_threads_or_form(pair, monkeypatch):
    _, two, base = pair
    found = {kit.packed(two, base, threads=n)[0] for n in (1, 2, 5)}
    monkeypatch.setattr(kernel, "_found", [kernel.State(None, "forbidden by this test")])
    found.add(kit.packed(two, base)[0])
    assert len(found) == 1


def test_vectors_are_what_this_version_writes(pair):
    one, two, base = pair
    for name, made in (("base", kit.packed(one)[0]), ("tuned", kit.packed(two, base)[0])):
        assert (VECTORS / f"{name}.pack").read_bytes() == made, (
            "the format changed: old packs would not be made again; that is a new format number"
        )
        said = (VECTORS / "SHA256SUMS").read_text().split()
        digest = hashlib.sha256((one if name == "base" else two).read_bytes()).hexdigest()
        assert said[said.index(name) - 1] == digest


def test_a_base_may_be_packed_itself(pair):
    one, two, base = pair
    from_pack = packing.PackBase(kit.opened(kit.packed(one)[0]), object=base.object, path=base.path)
    change, _ = kit.packed(two, from_pack)
    assert change == kit.packed(two, base)[0]
    assert kit.unpacked(change, from_pack) == two.read_bytes()
    with pytest.raises(UsageError, match="must not itself be a change"):
        packing.PackBase(kit.opened(change))


@pytest.mark.parametrize("wrong", [b"", b"\0" * 40, None])
def test_a_codec_that_errs_is_found_before_anything_is_kept(pair, monkeypatch, wrong):
    one, _, _ = pair
    right = codec.encode

    def errs(form, data, base=b""):
        frame = right(form, data, base)
        return frame[:-1] if wrong is None else wrong

    monkeypatch.setattr(writer.codec, "encode", errs)
    with pytest.raises(IntegrityError, match="does not decode to what it was"):
        kit.packed(one)


def test_one_tensor_and_any_range(pair):
    _, two, base = pair
    change = kit.opened(kit.packed(two, base)[0])
    whole, spans = two.read_bytes(), {s.name: s for s in layout.spans(two)}
    for name in change.names:
        span = spans[name]
        assert change.tensor(name, base) == whole[span.at : span.at + span.bytes]
    for at, count in ((0, 10), (7, 60_000), (len(whole) - 3, 99), (5, 0)):
        assert change.read(at, count, base) == whole[at : at + count]
    with pytest.raises(UsageError, match="no tensor named 'A'"):
        change.tensor("A", base)


def test_several_chunks(form, tmp_path, monkeypatch):
    monkeypatch.setattr(writer.codec, "CHUNK_BYTES", 1 << 12)
    rng = np.random.default_rng(1)
    weights = kit.bf16(rng.standard_normal(9001) * 0.02)
    one = kit.safetensors(tmp_path / "one", {"w": ("BF16", weights)})
    near = kit.bf16(kit.floats(weights) + rng.standard_normal(9001) * 1e-5)
    two = kit.safetensors(tmp_path / "two", {"w": ("BF16", near)})
    with packing.PlainBase(one) as base:
        data, said = kit.packed(two, base)
        assert said.by_codec["delta"] == 18_002
        assert kit.unpacked(data, base, threads=3) == two.read_bytes()
        assert kit.opened(data).tensor("w", base) == near.tobytes()


def test_a_missing_or_another_base_is_named(pair, tmp_path):
    one, two, base = pair
    change = kit.packed(two, base)[0]
    with pytest.raises(UsageError, match="urn:tenure:model:base@1"):
        kit.unpacked(change)
    with packing.PlainBase(two) as short, pytest.raises(UsageError, match="needs 'original/base'"):
        kit.unpacked(change, short)
    other = tmp_path / "other"
    other.write_bytes(one.read_bytes()[:900] + bytes(9000) + one.read_bytes()[9900:])
    with packing.PlainBase(other) as wrong, pytest.raises(IntegrityError, match="another file"):
        kit.unpacked(change, wrong)
    half = tmp_path / "half"
    with packing.PlainBase(other) as wrong, pytest.raises(IntegrityError):
        kit.opened(change).unpack_into(half, wrong)
    assert not half.exists()


def test_a_file_or_a_base_that_shrinks_meanwhile(pair, form):
    """The kernel would read beyond a base that is too short: it is never given one."""
    _, two, _ = pair
    delta = Form("delta", 2, 1)
    with pytest.raises(IntegrityError, match="shorter"):
        codec.encode(delta, bytes(800), bytes(798))
    with pytest.raises(ValueError, match="too early"):
        codec.decode(delta, codec.encode(delta, bytes(800), bytes(800)), 800, bytes(798))
    spans = layout.spans(two)
    two.write_bytes(two.read_bytes()[:30_000])
    with (
        two.open("rb") as cut,
        writer._Digests(cut.fileno(), spans) as digests,
        pytest.raises(UsageError, match="shorter"),
    ):
        digests.whole()


def test_the_best_base_is_chosen_and_a_stranger_is_not(pair, tmp_path):
    one, two, base = pair
    rng = np.random.default_rng(3)
    tensors = {
        n: (d, np.frombuffer(rng.bytes(a.nbytes), a.dtype).reshape(a.shape))
        for n, (d, a) in kit.vector_tensors()[0].items()
    }
    stranger = kit.safetensors(tmp_path / "stranger", tensors)
    with packing.PlainBase(stranger) as other:
        assert packing.similarity(two, base) < 0.3 < packing.similarity(two, other)
        assert packing.choose_base(two, [other, base]) is base
        assert packing.choose_base(stranger, [base]) is None
    assert packing.choose_base(one, []) is None


def test_the_reader_in_the_vault_restores_from_the_vectors_alone(tmp_path):
    """Python's standard library and nothing else: -S -I and no package on the path."""
    program = (
        "import sys, importlib.util as u; from pathlib import Path\n"
        "s = u.spec_from_file_location('r', sys.argv[1]); r = u.module_from_spec(s); s.loader.exec_module(r)\n"
        "v, out = Path(sys.argv[2]), Path(sys.argv[3])\n"
        "r.unpack(v / 'base.pack', out / 'base', None)\n"
        "r.unpack(v / 'tuned.pack', out / 'tuned', lambda base: out / 'base')\n"
    )
    reader = VECTORS.parent / "read_vault.py"
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", program, str(reader), str(VECTORS), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sums = (VECTORS / "SHA256SUMS").read_text().splitlines()
    for line in sums:
        digest, name = line.split()
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


def test_memory_does_not_grow_with_the_file(tmp_path):
    """A sparse file of a quarter of a gigabyte, in a process of its own."""
    path = tmp_path / "large"
    with path.open("wb") as out:
        out.truncate(1 << 28)
    program = (
        "import sys, os\nfrom pathlib import Path\nfrom tenure.preserve import packing\n"
        "with open(os.devnull, 'wb') as out: said = packing.pack_file(Path(sys.argv[1]), out)\n"
        # ru_maxrss would count what the process was forked from
        "peak = Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]\n"
        "print(said.stored, peak)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    stored, peak = map(int, done.stdout.split())
    assert stored < 20_000
    assert peak < 300 << 10  # KiB
