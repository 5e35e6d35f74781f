"""Where model-signing 1.1.1 and the specification, or we, differ: the table of docs/weights.md."""

import json

import pytest

pytestmark = [
    pytest.mark.slow,
    # pyOpenSSL, which model-signing uses for chains, warns of itself.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

from tenure.dossier.oms import check_model, sign_model  # noqa: E402
from tenure.dossier.oms_keys import Trusted  # noqa: E402
from tenure.errors import IntegrityError  # noqa: E402


@pytest.fixture
def bench(tmp_path, oms):
    """A model, a key in both tools' hands, and both checks."""
    from model_signing import hashing, signing, verifying

    class Bench:
        model = oms.folder(tmp_path / "tulip")
        place = tmp_path / "model.sig"
        private, public = oms.key_files(tmp_path / "k", oms.signer)

        def theirs_signs(self, model=None, **how):
            config = hashing.Config()
            if "shard_size" in how:
                config.use_shard_serialization(**how)
            elif how:
                config.use_file_serialization(**how)
            signer = signing.Config().use_elliptic_key_signer(private_key=self.private)
            signer.set_hashing_config(config).sign(model or self.model, self.place)
            return oms.opened(self.place.read_bytes())[1]["predicate"]["resources"]

        def theirs(self, model=None):
            config = verifying.Config().use_elliptic_key_verifier(public_key=self.public)
            return config.verify(model or self.model, self.place)

        def ours(self, model=None):
            trusted = Trusted.from_keys(oms.signer.public)
            return check_model(model or self.model, self.place, trusted)

    return Bench()


def test_the_order_of_files(bench, oms):
    names = [each["name"] for each in bench.theirs_signs()]

    assert names.index("a/b.bin") < names.index("a.txt")
    assert bench.ours().files == len(oms.files)
    bench.place.write_bytes(sign_model(bench.model, oms.signer))
    written = [r.path for r in bench.ours().manifest.resources]
    assert written.index("a.txt") < written.index("a/b.bin")
    bench.theirs()


def test_a_model_of_one_file(bench, oms):
    file = bench.model / "config.json"
    assert bench.theirs_signs(file)[0]["name"] == "."
    assert bench.ours(file).files == 1
    bench.place.write_bytes(sign_model(file, oms.signer))

    assert bench.ours(file).manifest.resources[0].path == "config.json"
    with pytest.raises(ValueError, match="Signature mismatch"):
        bench.theirs(file)


def test_the_algorithm_of_a_shard(bench):
    assert {each["algorithm"] for each in bench.theirs_signs(shard_size=64)} == {
        "sha256-sharded-64"
    }
    bench.ours()


def test_names_with_colons_in_shards(bench, oms):
    oms.folder(bench.model, {"a:1": b"x"})
    bench.theirs_signs(shard_size=64)

    with pytest.raises(ValueError, match="expected 3 components"):
        bench.theirs()
    assert bench.ours().files == len(oms.files)  # all but the empty one, and this one more


def test_blake2b(bench):
    bench.theirs_signs(hashing_algorithm="blake2")

    with pytest.raises(ValueError, match="Unsupported hashing method blake2b"):
        bench.theirs()
    bench.ours()


def test_a_leaf_certificate_that_has_run_out(bench, tmp_path, oms):
    from model_signing import verifying

    root, key = oms.authority(leaf_days=(-0.9, -0.1))
    file = tmp_path / "root.pem"
    file.write_bytes(root.public_bytes(oms.PEM))
    bench.place.write_bytes(sign_model(bench.model, key))

    verifying.Config().use_certificate_verifier(certificate_chain=[file]).verify(
        bench.model, bench.place
    )
    with pytest.raises(IntegrityError, match="was valid from"):
        check_model(bench.model, bench.place, Trusted(roots=(root,)))


def test_a_key_written_twice_and_a_second_signature(bench, oms):
    original = sign_model(bench.model, oms.signer)
    doubled = original.replace(b'"payloadType":', b'"payloadType": "text/plain", "payloadType":')
    whole = json.loads(original)
    whole["dsseEnvelope"]["signatures"].append({"sig": "AAAA", "keyid": ""})

    for data in (doubled, json.dumps(whole).encode()):
        bench.place.write_bytes(data)
        bench.theirs()
        with pytest.raises(IntegrityError, match=r"written twice|exactly one signature"):
            bench.ours()
