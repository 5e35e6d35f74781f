"""Check a dossier, or an export of one, with nothing but Python 3.9 or newer.

    python3 verify_dossier.py FOLDER [--trust sha256:...] [--checkpoint FILE] [--no-files]

It reads docs/dossier-format.md as a stranger would, shares no code with the program that wrote the
dossier, and travels in every export. The package `cryptography` is used where it is installed; it
is some fifty times faster than the arithmetic below. Exit status: 0 all is well, 1 something is
wrong, 2 there was nothing to check.
"""

import argparse
import base64
import hashlib
import json
import re
import sqlite3
import sys
from pathlib import Path

# --- Ed25519 (RFC 8032, section 5.1) ------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def _point(data):
    """Decode 32 bytes to extended coordinates, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def _add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % P, k * m % P, j * k % P, i * m % P


def _times(number, point):
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _add(total, point)
        point, number = _add(point, point), number >> 1
    return total


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_arithmetic(public, signature, message):
    """Verify in plain Python: [S]B = R + [k]A."""
    key, r = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or r is None or s >= ORDER:
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(hashed, "little") % ORDER
    a, b = _times(s, BASE), _add(r, _times(k, key))
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    def ed25519(public, signature, message):
        """Verify with OpenSSL."""
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

except ImportError:
    ed25519 = ed25519_arithmetic

# --- Merkle tree (RFC 6962) and checkpoint (C2SP signed note) -------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def add_leaf(stack, size, node):
    """Append a leaf hash to the roots of the full subtrees."""
    while size & 1:
        node, size = sha256(b"\x01" + stack.pop() + node), size >> 1
    stack.append(node)


def root_of(stack):
    node = stack[-1] if stack else sha256(b"")
    for left in reversed(stack[:-1]):
        node = sha256(b"\x01" + left + node)
    return node


def root_from_proof(leaf, index, size, proof):
    """Compute the root an inclusion proof leads to (RFC 9162, 2.1.3.2), or None."""
    node, place, last = leaf, index, size - 1
    if not 0 <= index < size:
        return None
    for sibling in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            node = sha256(b"\x01" + sibling + node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = sha256(b"\x01" + node + sibling)
        place, last = place >> 1, last >> 1
    return None if last else node


def read_checkpoint(note):
    """Return (origin, size, root, text, signatures)."""
    text, signatures = note.split("\n\n")
    origin, size, root = text.split("\n")
    lines = [line.split(" ") for line in signatures.rstrip("\n").split("\n")]
    signed = [(name, base64.b64decode(data, validate=True)) for _, name, data in lines]
    return origin, int(size), base64.b64decode(root, validate=True), (text + "\n").encode(), signed


# --- Events ---------------------------------------------------------------------------------------

ENVELOPE = re.compile(
    rb'{"payload":"([A-Za-z0-9+/=]+)","payloadType":"application/vnd.in-toto\+json",'
    rb'"signatures":\[{"keyid":"(sha256:[0-9a-f]{64})","sig":"([A-Za-z0-9+/=]{88})"}\]}'
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
FIELDS = {"schema", "log", "index", "act", "name", "model", "time", "actor", "body", "files"}


def once(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key is written twice")
    return dict(pairs)


class Check:
    """One reading of a dossier."""

    def __init__(self, trust):
        self.trust, self.problems, self.count = trust, [], 0
        self.keys, self.roles, self.ended, self.signed = {}, {}, {}, {}
        self.first = self.origin = None
        self.subjects, self.files = {}, {}

    def wrong(self, where, what):
        self.problems.append(f"{where}: {what}")

    def event(self, index, entry):
        """Check one entry at its place."""
        self.count += 1
        where = f"event {index}"
        try:
            found = ENVELOPE.fullmatch(entry)
            payload, sig = (base64.b64decode(found[i], validate=True) for i in (1, 3))
            if base64.b64encode(payload) != found[1] or base64.b64encode(sig) != found[3]:
                raise ValueError("base64 in another form")
            keyid = found[2].decode()
            whole = json.loads(payload.decode(), object_pairs_hook=once)
            event = whole["predicate"]
            subject = "sha256:" + whole["subject"][0]["digest"]["sha256"]
            if whole["predicateType"] != "urn:tenure:event:v1" or set(event) != FIELDS:
                raise ValueError("not an event of this format")
            where = f"event {index} ({event['act']} {event['name']})"
            if event["act"] == "key":
                self.key_event(where, event, keyid, index)
            self.signature(where, event, keyid, sig, payload)
            self.content(where, event, index, subject)
        except (
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            AttributeError,
            RecursionError,
        ) as error:
            self.wrong(where, f"its bytes were changed ({type(error).__name__}: {error})")

    def key_event(self, where, event, signer, index):
        body, name = event["body"], event["body"]["fingerprint"]
        role, replaces = body["role"], body.get("replaces")
        if self.first is None:
            if event["name"] != "add" or role != "operator" or signer != name:
                self.wrong(where, "the log does not begin with the operator's own key")
            self.first, self.origin = name, body["origin"]
        else:
            own = event["name"] == "rotate" and replaces == signer and role == self.roles[signer]
            valid = signer in self.keys and index <= self.ended.get(signer, index)
            if not valid or not (self.roles[signer] == "operator" or own):
                self.wrong(where, "keys were changed by a key that may not")
                return
        ends = {"revoke": name, "rotate": replaces}.get(event["name"])
        if ends is not None:
            self.ended[ends] = index
        if event["name"] != "revoke":
            public = bytes.fromhex(body["public"])
            if "sha256:" + hashlib.sha256(public).hexdigest() != name or name in self.keys:
                self.wrong(where, "the key is not the one it names, or is here already")
                return
            self.keys[name], self.roles[name] = public, role

    def signature(self, where, event, keyid, sig, payload):
        if keyid not in self.keys:
            self.wrong(where, f"signed by an unknown key, {keyid}")
            return
        signed = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
        if not ed25519(self.keys[keyid], sig, signed):
            self.wrong(where, "its signature does not fit: its bytes were changed")
        if event["index"] > self.ended.get(keyid, event["index"]):
            self.wrong(where, "signed by a key after it was revoked or replaced")
        if event["actor"] != self.roles[keyid]:
            self.wrong(where, f"says '{event['actor']}', its key is '{self.roles[keyid]}'")
        self.signed[keyid] = self.signed.get(keyid, 0) + 1

    def content(self, where, event, index, subject):
        if event["index"] != index or event["log"] != self.origin:
            self.wrong(where, f"was written as event {event['index']} of {event['log']}")
        if event["act"] == "register":
            if self.subjects.setdefault(event["model"], subject) != subject:
                self.wrong(where, "this model is registered twice")
        elif event["model"] and self.subjects.get(event["model"]) != subject:
            self.wrong(where, "its subject is not the registered model")
        for name, digest in event["files"].items():
            if not DIGEST.fullmatch(digest) or name.startswith("/") or ".." in name.split("/"):
                self.wrong(where, f"names a file that cannot be one: {name!r}")
            else:
                self.files.setdefault(digest, f"'{name}' of {where}")

    def checkpoint(self, where, found, root):
        origin, _, wanted, text, signatures = found
        if root != wanted:
            self.wrong(where, "the events are not those it was made over")
        for public in self.keys.values():
            key_hash = sha256(origin.encode() + b"\n\x01" + public)[:4]
            for name, data in signatures:
                if name == origin == self.origin and data[:4] == key_hash:
                    if ed25519(public, data[4:], text):
                        return "sha256:" + hashlib.sha256(public).hexdigest()
        self.wrong(where, "not signed by a key of this dossier")
        return None

    def stored_files(self, folder, left_out):
        for digest, where in self.files.items():
            place = folder / "files" / "sha256" / digest[7:9] / digest[7:]
            if digest in left_out:
                continue
            if not place.is_file():
                self.wrong(f"file {digest} ({where})", "missing")
                continue
            hashed = hashlib.sha256()
            with place.open("rb") as source:
                for chunk in iter(lambda: source.read(1 << 20), b""):
                    hashed.update(chunk)
            if "sha256:" + hashed.hexdigest() != digest:
                self.wrong(f"file {digest} ({where})", "its bytes were changed")


def check(folder, trust=None, kept=None, files=True):
    """Read everything once and return the Check."""
    found, left_out, note = Check(trust), set(), None
    if (folder / "events.jsonl").is_file():
        note = (folder / "checkpoint").read_text(encoding="utf-8")
        head = read_checkpoint(note)
        entries = (folder / "events.jsonl").read_bytes().split(b"\n")[:-1]
        proofs = [json.loads(line) for line in (folder / "proofs.jsonl").read_text().splitlines()]
        left_out = {each["digest"] for each in json.loads((folder / "left-out.json").read_bytes())}
        if len(proofs) != len(entries) or sorted({p["index"] for p in proofs}) != [
            p["index"] for p in proofs
        ]:
            found.wrong("proofs.jsonl", "not one proof for each event, in order")
        for entry, proof in zip(entries, proofs):  # noqa: B905 - Python 3.9
            found.event(proof["index"], entry)
            hashes = [bytes.fromhex(each) for each in proof["hashes"]]
            leaf = sha256(b"\x00" + entry)
            if root_from_proof(leaf, proof["index"], head[1], hashes) != head[2]:
                found.wrong(f"event {proof['index']}", "its proof does not lead to the root")
        signer = found.checkpoint("checkpoint", head, head[2])
    else:
        where = (folder / "dossier.db").resolve().as_uri() + "?mode=ro"
        database = sqlite3.connect(where, uri=True)
        stack, size, roots = [], 0, {}
        for index, entry in database.execute("SELECT idx, envelope FROM log ORDER BY idx"):
            if index != size + len(found.problems) * 0:
                found.wrong(f"event {size}", "missing")
            found.event(index, entry)
            add_leaf(stack, size, sha256(b"\x00" + entry))
            size += 1
            roots[size] = root_of(stack)
        (note,) = database.execute("SELECT note FROM checkpoint").fetchone()
        head = read_checkpoint(note)
        if head[1] != size:
            found.wrong(f"event {size}", f"the checkpoint knows {head[1]} events, here are {size}")
        signer = found.checkpoint("checkpoint", head, roots.get(head[1]))
        if kept:
            old = read_checkpoint(kept)
            found.checkpoint("the checkpoint you kept", old, roots.get(old[1]))
    if trust and trust != found.first and (trust != signer or found.roles.get(trust) != "operator"):
        found.wrong("signer", f"begun by {found.first}, not by the key you trust")
    if files:
        found.stored_files(folder, left_out)
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description="Check a dossier without the program that wrote it."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trust", help="fingerprint of the operator's key, known from elsewhere")
    parser.add_argument("--checkpoint", type=Path, help="an earlier checkpoint that you kept")
    parser.add_argument("--no-files", action="store_true", help="do not read the stored files")
    given = parser.parse_args(arguments)
    if not any((given.folder / name).is_file() for name in ("events.jsonl", "dossier.db")):
        print(f"nothing to check in {given.folder}")
        return 2
    kept = given.checkpoint.read_text(encoding="utf-8") if given.checkpoint else None
    try:
        found = check(given.folder, given.trust, kept, not given.no_files)
    except (ValueError, KeyError, TypeError, OSError, RecursionError, sqlite3.Error) as error:
        print(f"NOT OK: cannot be read ({type(error).__name__}: {error})")
        return 1
    for problem in found.problems:
        print(f"  {problem}")
    if found.problems or not found.count:
        print(f"NOT OK: {len(found.problems)} problems in {found.count} events")
        return 1
    who = f"begun or headed by {given.trust}" if given.trust else "consistent, signer unknown"
    print(f"OK: {found.count} events, {len(found.files)} files named; {who}")
    for key, count in found.signed.items():
        print(f"  {key} ({found.roles[key]}): {count} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
