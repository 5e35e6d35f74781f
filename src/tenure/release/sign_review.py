"""Sign a review of what lies in this folder, with a key of your own. Needs nothing but Python.

    python3 sign_review.py [--form review.yaml] [--key reviewer.key] [--into review.signed.json]

It checks that the folder is still what was sent to you, makes a key of yours where there is none
yet (a file that only you can read; keep it, and never send it), and signs the form as it stands.
Send back review.signed.json. Tell the organisation the fingerprint it prints by another way, on the
telephone for instance: then nobody can sign in your name.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import secrets
import sys
from pathlib import Path

UNSAID = "What you looked at, what you found, and what you could not look at."
Point = tuple[int, int, int, int]

P = 2**255 - 19  # Ed25519, RFC 8032 section 5.1
ORDER = 2**252 + 27742317777372353535851937790883648493
TWICE_D = 2 * -121665 * pow(121666, P - 2, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
TYPE = "application/vnd.tenure.review+json"
FORMAT = "urn:tenure:review:v1"
MANIFEST = "manifest.json"
ASKED = {"name": "your name", "affiliation": "where you work", "conflict_of_interest": "conflicts of interest, or none"}  # fmt: skip


def message(payload: bytes) -> bytes:
    """Return what is signed: the pre-authentication encoding of DSSE v1."""
    return b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload)


def payload_of(form: str, bundle: str) -> bytes:
    """Write what is signed: the form as it stands, and the digest of what was read."""
    told = {"format": FORMAT, "bundle": bundle, "form": form}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def _add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = TWICE_D * a[3] * b[3] % P, 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % P, k * m % P, j * k % P, i * m % P


def _times_base(number: int) -> bytes:
    """Multiply the base point and encode the product (RFC 8032, 5.1.2)."""
    found, point = (0, 1, 1, 0), (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)
    while number:
        found = _add(found, point) if number & 1 else found
        point, number = _add(point, point), number >> 1
    inverse = pow(found[2], P - 2, P)
    x, y = found[0] * inverse % P, found[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def sign(seed: bytes, text: bytes) -> tuple[bytes, bytes]:
    """Sign with Ed25519 (RFC 8032, 5.1.6); return the raw public key and the signature.

    Plain arithmetic, not in constant time: for a person's machine, not for a server that others
    can measure.
    """
    hashed = hashlib.sha512(seed).digest()
    number = int.from_bytes(hashed[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    public = _times_base(number)
    once = int.from_bytes(hashlib.sha512(hashed[32:] + text).digest(), "little") % ORDER
    commitment = _times_base(once)
    asked = int.from_bytes(hashlib.sha512(commitment + public + text).digest(), "little")
    answer = (once + asked * number) % ORDER
    return public, commitment + answer.to_bytes(32, "little")


def envelope(payload: bytes, public: bytes, signature: bytes) -> bytes:
    """Write the signed review: a DSSE envelope with the public key beside it."""
    named = "sha256:" + hashlib.sha256(public).hexdigest()
    told = {
        "payloadType": TYPE,
        "payload": base64.b64encode(payload).decode(),
        "public": public.hex(),
        "signatures": [{"keyid": named, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(told, indent=1).encode() + b"\n"


def read_bundle(folder: Path) -> str:
    """Check the folder against its manifest; return the digest of that. ValueError where it differs."""
    manifest = (folder / MANIFEST).read_bytes()
    for name, digest in json.loads(manifest)["files"].items():
        if "sha256:" + hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise ValueError(f"{name} is not as it was sent; unpack the bundle again")
    return "sha256:" + hashlib.sha256(manifest).hexdigest()


def filled_in(form: str) -> None:
    """Refuse a form in which something that is asked of everybody is left empty; ValueError."""
    for field, words in ASKED.items():
        if not re.search(rf"^ *{field}: *(?!['\"]{{2}})[^\s#].*$", form, re.MULTILINE):
            raise ValueError(f"the form does not say {words}; fill in '{field}'")
    if UNSAID in form:
        raise ValueError("the statement is still the one that was sent; write yours in its place")


def _seed(path: Path) -> bytes:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as target:
            target.write(secrets.token_hex(32) + "\n")
    return bytes.fromhex(path.read_text(encoding="ascii").strip())


def main(arguments: list[str] | None = None) -> int:
    """Check the folder, sign the form, say the fingerprint."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description="Sign a review with a key of your own.")
    parser.add_argument("--form", type=Path, default=here / "review.yaml")
    parser.add_argument(
        "--key", type=Path, default=here / "reviewer.key", help="yours; made if need be"
    )
    parser.add_argument("--into", type=Path, default=here / "review.signed.json")
    given = parser.parse_args(arguments)
    try:
        bundle, form = read_bundle(here), given.form.read_text(encoding="utf-8")
        filled_in(form)
        payload = payload_of(form, bundle)
        public, signature = sign(_seed(given.key), message(payload))
        given.into.write_bytes(envelope(payload, public, signature))
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"nothing was signed: {error}\n")
        return 1
    sys.stdout.write(
        f"signed: {given.into}\nyour key is sha256:{hashlib.sha256(public).hexdigest()}\n"
        f"({given.key}: keep it to yourself; tell the organisation these digits by another way)\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
