"""Any manifest is read back as it was written, whatever the names; the order is that of OMS."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tenure.dossier.oms import check_model, sign
from tenure.dossier.oms_keys import Trusted
from tenure.dossier.oms_manifest import Manifest, Resource, is_inside, read_manifest
from tenure.errors import IntegrityError

pytestmark = pytest.mark.slow

NAMES = some.lists(
    some.text(min_size=1, max_size=6).filter(lambda part: "/" not in part), min_size=1, max_size=3
).map("/".join)
DIGESTS = some.binary(min_size=32, max_size=32).map(bytes.hex)
FILES = some.dictionaries(NAMES.filter(is_inside), DIGESTS, min_size=1, max_size=6)


def manifest(files, **more):
    resources = tuple(Resource(name, files[name]) for name in sorted(files))
    return Manifest(subject="m", resources=resources, **more)


@given(FILES)
def test_a_manifest_is_read_back_as_it_was_written(files):
    written = manifest(files, ignore=(".git", "model.sig"))

    assert read_manifest(written.to_payload()) == written
    joined = b"".join(bytes.fromhex(files[name]) for name in sorted(files))
    assert written.root == hashlib.sha256(joined).hexdigest()


@given(FILES, some.integers(1, 99), some.integers(1, 300))
def test_shards_are_read_back_whatever_colons_the_names_have(files, size, length):
    resources = tuple(
        Resource(f"{name}:1:2", files[name], at, min(at + size, length))
        for name in sorted(files)
        for at in range(0, length, size)
    )
    written = Manifest(subject="m", resources=resources, shard_size=size)

    assert read_manifest(written.to_payload()) == written


@pytest.mark.parametrize(
    "ranges",
    [
        [(0, 64)],  # the rest is not covered
        [(64, 128)],
        [(0, 64), (32, 96)],
        [(0, 64), (64, 127)],
        [(0, 64), (64, 128), (128, 192)],
        [(0, 32), (32, 64), (64, 128)],
        [(0, 128)],
    ],
)
def test_shards_that_do_not_cover_a_file_exactly_are_not_that_file(tmp_path, oms, ranges):
    content, place = bytes(range(128)), tmp_path / "s.sig"
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "w").write_bytes(content)
    digests = [hashlib.sha256(content[a:b]).hexdigest() for a, b in ranges]
    parts = (Resource("w", d, *at) for d, at in zip(digests, ranges, strict=True))
    resources = tuple(sorted(parts, key=lambda part: part.name))
    place.write_bytes(sign(Manifest(subject="m", resources=resources, shard_size=64), oms.signer))

    with pytest.raises(IntegrityError, match="changed: 'w'"):
        check_model(tmp_path / "m", place, Trusted.from_keys(oms.signer.public))


@given(FILES, DIGESTS, some.data())
def test_another_digest_name_or_order_is_another_manifest(files, other, data):
    name = data.draw(some.sampled_from(sorted(files)))
    before = manifest(files)

    if files[name] != other:
        assert manifest(files | {name: other}).root != before.root
    renamed = {(n + "x" if n == name else n): d for n, d in files.items()}
    assert manifest(renamed).to_payload() != before.to_payload()


@given(NAMES)
def test_a_path_outside_the_model_is_never_read(name):
    outside = [f"../{name}", f"/{name}", f"{name}/..", f"{name}/../..", f"{name}//x", f"./{name}"]
    for each in outside:
        assert not is_inside(each)
        with pytest.raises(IntegrityError, match="not a path inside the model"):
            read_manifest(manifest({each: "00" * 32}).to_payload())


@given(some.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_with_our_own_error(data):
    with pytest.raises(IntegrityError):
        read_manifest(data)


JSON = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(some.sampled_from(["subject", "resources", "serialization", "name", "digest"]), JSON)
def test_any_json_in_any_place_is_refused_with_our_own_error_or_is_harmless(place, value):
    whole = json.loads(manifest({"w": "00" * 32}).to_payload())
    predicate = whole["predicate"]
    target = {
        "subject": whole,
        "resources": predicate,
        "serialization": predicate,
        "name": predicate["resources"][0],
        "digest": predicate["resources"][0],
    }[place]
    target[place] = value
    payload = json.dumps(whole).encode()

    try:
        found = read_manifest(payload)
    except IntegrityError as error:
        assert "sign again" in str(error) or "not the JSON" in str(error)
    else:
        assert place == "name"
        assert found.resources[0].path == value
