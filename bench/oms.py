"""Signed weights beside OpenSSF's own tool: seconds for a model's size, and who accepts what.

Both sign and check the same file in one run, by turns, in one process each time the same. Run alone
on a quiet machine: `make bench-oms`. The published vectors are measured by `oms_vectors.py`.
"""

import base64
import json
import os
import random
import statistics
import tempfile
import time
import warnings
from pathlib import Path

from _spoil import spoil
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from table import row, write

from tenure.dossier.envelope import pae
from tenure.dossier.oms import check_model, sign_model
from tenure.dossier.oms_keys import Trusted, WeightsKey, public_pem
from tenure.errors import TenureError
from tenure.stats import upper_bound

SIZE = 269_060_552  # bytes of the embedded model's model.safetensors
RUNS = int(os.environ.get("BENCH_RUNS", "7"))
SPOILED = int(os.environ.get("BENCH_SPOILED", "1000"))
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
SMALL = {"model.safetensors": b"w" * 999, "a.txt": b"1", "a/b": b"2", "empty": b"", "ü (1)": b"3"}


class Pair:
    """A key in both tools' hands."""

    def __init__(self, folder, curve="P-256"):
        import model_signing.signing
        import model_signing.verifying

        self.key = WeightsKey(ec.generate_private_key(CURVES[curve]))
        self.trusted = Trusted.from_keys(self.key.public)
        private, public = folder / f"{curve}.pem", folder / f"{curve}.pub"
        private.write_bytes(
            self.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        public.write_bytes(public_pem(self.key.public))
        self.signer = lambda: model_signing.signing.Config().use_elliptic_key_signer(
            private_key=private
        )
        self.verifier = lambda: model_signing.verifying.Config().use_elliptic_key_verifier(
            public_key=public
        )

    def accepted(self, model, place):
        """(ours, theirs): whether each accepts a signature."""
        return (
            _says(lambda: check_model(model, place, self.trusted), TenureError),
            _says(lambda: self.verifier().verify(model, place), Exception),
        )


def _says(check, error):
    try:
        check()
    except error:
        return False
    return True


def small(folder):
    """A model of a few small files."""
    for name, content in SMALL.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def timed(work):
    """Seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def seconds(folder):
    """Rows: seconds to sign and to check a file of the embedded model's size, ours and theirs."""
    model = folder / "large"
    model.mkdir()
    with (model / "model.safetensors").open("wb") as file:
        for _ in range(SIZE >> 20):
            file.write(os.urandom(1 << 20))
        file.write(os.urandom(SIZE & 0xFFFFF))
    pair, ours, theirs = Pair(folder), folder / "ours.sig", folder / "theirs.sig"
    work = {
        ("sign", "ours"): lambda: ours.write_bytes(sign_model(model, pair.key)),
        ("sign", "theirs"): lambda: pair.signer().sign(model, theirs),
        ("check", "ours"): lambda: check_model(model, theirs, pair.trusted),
        ("check", "theirs"): lambda: pair.verifier().verify(model, ours),
    }
    times = {name: [] for name in work}
    for number in range(RUNS + 1):  # the first warms the file cache
        for name, do in work.items():
            took = timed(do)
            if number:
                times[name].append(took)
    rows = []
    for verb in ("sign", "check"):
        median = {who: statistics.median(times[verb, who]) for who in ("ours", "theirs")}
        ratio = median["ours"] / median["theirs"]
        how = (
            f"one file of {SIZE:,} bytes, in the file cache; medians of {RUNS} runs by turns: ours "
            f"{median['ours']:.2f} s, model-signing 1.1.1 {median['theirs']:.2f} s"
        )
        name = f"weights: seconds to {verb}, ours over theirs"
        rows.append(row(name, "<= 1.1", round(ratio, 2), "", RUNS, ratio <= 1.1, how))
        rows.append(
            row(f"weights: {verb} 269 MB", "-", round(median["ours"], 2), "s", RUNS, None, how)
        )
    return rows


def crossed(folder):
    """Rows: each tool's signatures of a small model, on three curves, checked by the other."""
    import model_signing.hashing

    model, place = small(folder / "small"), folder / "crossed.sig"
    written, read = [], []
    for curve in CURVES:
        pair = Pair(folder, curve)
        place.write_bytes(sign_model(model, pair.key))
        written.append(pair.accepted(model, place)[1])
        for kind in ("files", "shards", "blake2", "blake3"):
            config = model_signing.hashing.Config()
            if kind == "shards":
                config.use_shard_serialization(shard_size=64)
            elif kind != "files":
                config.use_file_serialization(hashing_algorithm=kind)
            pair.signer().set_hashing_config(config).sign(model, place)
            read.append(pair.accepted(model, place)[0])
    return [
        count("weights: theirs accepts what we write", written, "P-256, P-384, P-521"),
        count(
            "weights: ours accepts what they write",
            read,
            "three curves; whole files, shards, BLAKE2b, BLAKE3",
        ),
    ]


def count(figure, held, how):
    """A row of n of n; no rate is claimed beyond the cases."""
    n = len(held)
    return row(figure, f"{n} of {n}", f"{sum(held)} of {n}", "", n, all(held), how)


def spoiled(folder):
    """A row: signatures spoiled at random, that ours accepts and theirs refuses."""
    model, place, pair = small(folder / "spoiled"), folder / "spoiled.sig", Pair(folder)
    original, chance = json.loads(sign_model(model, pair.key)), random.Random(2026)
    statement = json.loads(base64.b64decode(original["dsseEnvelope"]["payload"]))
    more, fewer, both = 0, 0, 0
    for number in range(SPOILED):
        whole = json.loads(json.dumps(original))
        envelope = whole["dsseEnvelope"]
        if number % 2:  # their own key signs what was spoiled
            payload = json.dumps(spoil(statement, chance)).encode()
            envelope["payload"] = base64.b64encode(payload).decode()
            envelope["signatures"][0]["sig"] = base64.b64encode(
                pair.key.sign(pae(payload))
            ).decode()
        else:
            whole["dsseEnvelope"] = spoil(envelope, chance)
        place.write_text(json.dumps(whole))
        ours, theirs = pair.accepted(model, place)
        more, fewer, both = (
            more + (ours > theirs),
            fewer + (theirs > ours),
            both + (ours and theirs),
        )
    bound = upper_bound(more, SPOILED)
    how = (
        f"{more} of {SPOILED}, exact one-sided 95% bound; {both} accepted by both (changes that say "
        f"nothing), {fewer} by theirs alone; half are signed again with the trusted key"
    )
    figure = "weights: spoiled signatures that only ours accepts, at most"
    return [row(figure, "<= 0.5%", f"{bound:.2%}", "", SPOILED, bound <= 0.005, how)]


def main():
    """Measure, print, write."""
    warnings.simplefilter("ignore", DeprecationWarning)  # pyOpenSSL's, inside their tool
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = Path(name)
        write("oms", [*crossed(folder), *spoiled(folder), *seconds(folder)])


if __name__ == "__main__":
    main()
