"""Check a dossier, an export, a log in tiles or one proof, with nothing but Python 3.10 or newer.

    python3 verify_dossier.py FOLDER [--trust sha256:...] [--checkpoint FILE] [--witness VKEY]...
    python3 verify_dossier.py EVENT.tlog-proof --log VKEY [--witness VKEY]...

It reads docs/dossier-format.md as a stranger would and shares no code with what wrote the dossier.
`cryptography`, where installed, is fifty times faster than the arithmetic below. Exit status: 0, 1.
"""

import argparse
import base64
import hashlib
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

P = 2**255 - 19  # Ed25519, RFC 8032 section 5.1
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE = (4 * pow(5, P - 2, P) % P).to_bytes(32, "little")


def _point(data: bytes) -> tuple[int, ...] | None:
    sign, y = divmod(int.from_bytes(data, "little"), 1 << 255)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def _add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % P, k * m % P, j * k % P, i * m % P


def _times(number: int, point: tuple[int, ...]) -> tuple[int, ...]:
    half = _times(number >> 1, _add(point, point)) if number > 1 else (0, 1, 1, 0)
    return _add(half, point) if number & 1 else half


def _plain_ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    base, key, r = _point(BASE), _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or base is None or key is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    a, b = _times(s, base), _add(r, _times(k, key))
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    def _ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

except ImportError:
    _ed25519 = _plain_ed25519


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _root(leaves: list[bytes]) -> bytes:  # RFC 6962, 2.1
    if len(leaves) < 2:
        return leaves[0] if leaves else _sha(b"")
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return _sha(b"\x01" + _root(leaves[:half]) + _root(leaves[half:]))


def _climb(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:  # RFC 6962, 2.1.1
    if size == 1 or not proof:
        return leaf if size == 1 and not proof and index == 0 else b""
    half = 1 << ((size - 1).bit_length() - 1)
    if index < half:
        return _sha(b"\x01" + _climb(leaf, index, half, proof[:-1]) + proof[-1])
    return _sha(b"\x01" + proof[-1] + _climb(leaf, index - half, size - half, proof[:-1]))


class Head:
    """A checkpoint: a C2SP signed note, in its one form."""

    def __init__(self, note: str) -> None:
        text, signatures = note.split("\n\n")
        self.text, (self.origin, size, root, *_) = text + "\n", text.split("\n")
        self.size, self.root = int(size), base64.b64decode(root, validate=True)
        lines = [line.split(" ") for line in signatures.split("\n")[:-1]]
        self.signed = [(n, base64.b64decode(s, validate=True)) for _, n, s in lines]
        again = "".join(f"\u2014 {n} {base64.b64encode(s).decode()}\n" for n, s in self.signed)
        if again != signatures or str(self.size) != size:
            raise ValueError("not a checkpoint in its one form")

    def signed_by(self, name: str, kind: bytes, public: bytes) -> int | None:
        """Return when (a witness, kind 4) or 0 (a log, kind 1); None when this key did not sign."""
        start, when = _sha(name.encode() + b"\n" + kind + public)[:4], None
        for data in (d for signer, d in self.signed if (signer, d[:4]) == (name, start)):
            cut = 12 if kind == b"\4" else 4
            when = int.from_bytes(data[4:cut], "big")
            head = f"cosignature/v1\ntime {when}\n" if kind == b"\4" else ""
            if not _ed25519(public, data[cut:], (head + self.text).encode()):
                raise ValueError(f"the signature of {name} does not fit")
        return when


def _vkey(text: str) -> tuple[str, bytes, bytes]:  # C2SP signed-note
    name, start, encoded = text.split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    if _sha(name.encode() + b"\n" + raw)[:4].hex() != start or raw[0] not in (1, 4):
        raise ValueError(f"not a verifier key: {text}")
    return name, raw[:1], raw[1:]


ENVELOPE = re.compile(
    rb'{"payload":"([A-Za-z0-9+/=]+)","payloadType":"application/vnd.in-toto\+json",'
    rb'"signatures":\[{"keyid":"(sha256:[0-9a-f]{64})","sig":"([A-Za-z0-9+/=]{88})"}\]}'
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
FIELDS = {"schema", "log", "index", "act", "name", "model", "time", "actor", "body", "files"}
KIND = ("urn:tenure:event:v1", 1, FIELDS)
BROKEN = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)


def _unwrap(entry: bytes) -> tuple[Any, str, bytes, bytes]:
    """Return the statement, the signer, the signature, and what was signed (DSSE)."""
    payload64, keyid, sig64 = ENVELOPE.fullmatch(entry).groups()  # type: ignore[union-attr] - caught
    payload, sig = base64.b64decode(payload64), base64.b64decode(sig64)
    if (base64.b64encode(payload), base64.b64encode(sig)) != (payload64, sig64) or len(entry) >> 16:
        raise ValueError("not an entry in its one form")
    message = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
    return json.loads(payload.decode(), object_pairs_hook=_once), keyid.decode(), sig, message


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key is written twice")
    return dict(pairs)


class Check:
    """One reading of a dossier."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.keys, self.roles = dict[str, bytes](), dict[str, str]()
        self.ended, self.signed = dict[str, int](), dict[str, int]()  # index; events
        self.subjects, self.files = dict[str, str](), dict[str, str]()
        self.first: str | None = None
        self.witnesses: dict[tuple[str, bytes, bytes], list[tuple[int, int]]] = {}
        self.origin, self.count, self.read, self.log = "", 0, False, ("given by --log", b"", b"")

    def _wrong(self, where: str, what: str) -> None:
        self.problems.append(f"{where}: {what}")

    def _event(self, index: int, entry: bytes) -> None:
        self.count += 1
        where = f"event {index}"
        try:
            whole, key, sig, message = _unwrap(entry)
            event, subject = whole["predicate"], whole["subject"][0]["digest"]["sha256"]
            where = f"event {index} ({event['act']} {event['name']})"
            if (whole["predicateType"], event["schema"], set(event)) != KIND:
                self._wrong(where, "not of this format")
            if event["act"] == "key":
                self._key_event(where, event, key)
            if key not in self.keys or not _ed25519(self.keys[key], sig, message):
                self._wrong(where, f"not signed by {key}: changed, or the key is unknown")
            else:
                self._content(where, event, key, index, "sha256:" + subject)
        except BROKEN as error:
            self._wrong(where, f"its bytes were changed ({type(error).__name__})")

    def _key_event(self, where: str, event: Any, signer: str) -> None:
        body, act, index = event["body"], event["name"], event["index"]
        name, role, ends = body["fingerprint"], body["role"], body.get("replaces")
        if self.first is None:
            self.first, self.origin = name, body["origin"]
            self.subjects[""] = "sha256:" + _sha(self.origin.encode()).hex()
            allowed = act == "add" and role == "operator" and signer == name
        else:
            own = act == "rotate" and ends == signer and role == self.roles.get(signer)
            valid = signer in self.keys and index <= self.ended.get(signer, index)
            allowed = valid and (own or self.roles[signer] == "operator")
        ends = name if act == "revoke" else ends
        if not allowed or (ends is not None and (ends not in self.keys or ends in self.ended)):
            self._wrong(where, "keys were changed by a key that may not, or as cannot be")
            return
        self.ended.update({ends: index} if ends is not None else {})
        if act != "revoke":
            public = bytes.fromhex(body["public"])
            if "sha256:" + _sha(public).hex() != name or name in self.keys:
                self._wrong(where, "the key is not the one it names, or is here already")
            self.keys[name], self.roles[name] = public, role

    def _content(self, where: str, event: Any, key: str, index: int, subject: str) -> None:
        if event["index"] > self.ended.get(key, event["index"]):
            self._wrong(where, "signed by a key after it was revoked or replaced")
        if event["actor"] != self.roles[key]:
            self._wrong(where, f"says '{event['actor']}', its key is '{self.roles[key]}'")
        self.signed[key] = self.signed.get(key, 0) + 1
        if event["index"] != index or event["log"] != self.origin:
            self._wrong(where, f"was written as event {event['index']} of {event['log']}")
        new = event["act"] == "register"
        if self.subjects.get(event["model"]) != (None if new else subject):
            self._wrong(where, "its subject is not the model, or the model is registered twice")
        self.subjects.update({event["model"]: subject} if new else {})
        for name, digest in event["files"].items():
            if not DIGEST.fullmatch(digest) or name.startswith("/") or ".." in name.split("/"):
                self._wrong(where, f"names a file that cannot be one: {name!r}")
            else:
                self.files.setdefault(digest, f"'{name}' of {where}")

    def _checkpoint(self, where: str, head: Head, root: bytes | None) -> str | None:
        if root != head.root:
            self._wrong(where, f"the first {head.size} events are not those it was made over")
        signers = (k for k, p in self.keys.items() if head.signed_by(head.origin, b"\1", p) == 0)
        signer = next(signers, None)
        if signer is None or head.origin != self.origin:
            self._wrong(where, "not signed by a key of this dossier")
        elif root == head.root:
            self._seen(head)
        return signer

    def _seen(self, head: Head) -> None:
        for witness, seen in self.witnesses.items():
            if (when := head.signed_by(*witness)) is not None and witness[1] == b"\4":
                seen.append((head.size, when))

    def _stored_files(self, folder: Path, left_out: str) -> None:
        for digest, where in self.files.items():
            place, hashed = folder / "files" / "sha256" / digest[7:9] / digest[7:], hashlib.sha256()
            if place.is_file():
                with place.open("rb") as source:
                    for chunk in iter(lambda: source.read(1 << 20), b""):
                        hashed.update(chunk)
                if "sha256:" + hashed.hexdigest() != digest:
                    self._wrong(f"file {digest} ({where})", "its bytes were changed")
            elif digest not in left_out:
                self._wrong(f"file {digest} ({where})", "missing")

    def _export(self, folder: Path, kept: Path | None) -> str | None:
        head = Head((folder / "checkpoint").read_text(encoding="utf-8"))
        entries = (folder / "events.jsonl").read_bytes().split(b"\n")
        proofs = [json.loads(x) for x in (folder / "proofs.jsonl").read_text("utf-8").splitlines()]
        places = [proof["index"] for proof in proofs]
        if entries.pop() or len(entries) != len(proofs) or sorted(set(places)) != places:
            self._wrong("proofs.jsonl", "not one proof for each event, in order")
        for entry, proof in zip(entries, proofs, strict=False):
            self._event(proof["index"], entry)
            hashes, leaf = [bytes.fromhex(x) for x in proof["hashes"]], _sha(b"\x00" + entry)
            if _climb(leaf, proof["index"], head.size, hashes) != head.root:
                self._wrong(f"event {proof['index']}", "its proof does not lead to the root")
        if kept is not None and Head(kept.read_text("utf-8")).text != head.text:
            self._wrong("kept checkpoint", "is another; only the whole log can show that they fit")
        return self._checkpoint("checkpoint", head, head.root)

    def _bundles(self, folder: Path, size: int) -> Iterator[tuple[int, bytes]]:  # C2SP tlog-tiles
        for start in range(0, size, 256):
            data, place = _tile(folder, "entries", start, min(256, size - start)).read_bytes(), 0
            for index in range(start, min(start + 256, size)):
                end = place + 2 + int.from_bytes(data[place : place + 2], "big")
                yield index, data[place + 2 : end]
                place = end
            if place != len(data):
                self._wrong(f"bundle of event {start}", "holds too much or too little")

    def _hash_tiles(self, folder: Path, hashes: list[bytes]) -> None:
        for level in range(8):
            parts = [hashes[start : start + 256] for start in range(0, len(hashes), 256)]
            for number, part in enumerate(parts):
                tile = _tile(folder, str(level), 256 * number, len(part))
                if tile.read_bytes() != b"".join(part):
                    self._wrong(f"tile {tile}", "not what the events say")
            hashes = [_root(part) for part in parts if len(part) == 256]

    def _whole(self, folder: Path, kept: Path | None) -> str | None:
        leaves, stored, entries = list[bytes](), folder / "dossier.db", None
        if stored.is_file():
            frozen = "" if (folder / "dossier.db-wal").exists() else "&immutable=1"
            database = sqlite3.connect(f"{stored.resolve().as_uri()}?mode=ro{frozen}", uri=True)
            head = Head(database.execute("SELECT note FROM checkpoint").fetchone()[0])
            entries = database.execute("SELECT idx, envelope FROM log ORDER BY idx")
        else:
            head = Head((folder / "checkpoint").read_text("utf-8"))
        for index, entry in entries or self._bundles(folder, head.size):
            if index != len(leaves):
                self._wrong(f"event {len(leaves)}", f"missing; event {index} is in its place")
            self._event(index, entry)
            leaves.append(_sha(b"\x00" + entry))
        if head.size != len(leaves):
            self._wrong(f"event {len(leaves)}", f"the log ends; signed were {head.size} events")
        if entries is None:
            self._hash_tiles(folder, leaves)
        for place in (*sorted((folder / "cosigned").glob("[0-9a-f]*")), *([kept] if kept else [])):
            old = Head(place.read_text("utf-8"))
            root = _root(leaves[: old.size]) if old.size <= len(leaves) else None
            self._checkpoint("kept checkpoint" if place == kept else place.name, old, root)
        return self._checkpoint("checkpoint", head, _root(leaves[: head.size]))

    def _proof(self, place: Path, log: tuple[str, bytes, bytes]) -> None:  # C2SP tlog-proof
        text, note = place.read_text("utf-8").split("\n\n", 1)
        first, index, *lines = text.split("\n")
        entry, head, number = place.with_suffix(".json").read_bytes(), Head(note), int(index[6:])
        whole, keyid, sig, message = _unwrap(entry)
        hashes = [base64.b64decode(line, validate=True) for line in lines]
        root = _climb(_sha(b"\x00" + entry), number, head.size, hashes)
        there = (whole["predicate"]["index"], whole["predicate"]["log"]) == (number, log[0])
        proven = (first, index) == ("c2sp.org/tlog-proof@v1", f"index {number}")
        if not there or not proven or root != head.root:
            self._wrong(place.stem, "its proof does not lead to the root, or from another place")
        own, self.count = keyid == "sha256:" + _sha(log[2]).hex(), 1
        if own and not _ed25519(log[2], sig, message):
            self._wrong(place.stem, "not signed by the key it names")
        if head.origin != log[0] or head.signed_by(*log) != 0 or log[1] != b"\1":
            self._wrong("checkpoint", f"not signed by the log {log[0]}")
        self._seen(head)

    def _folder(self, folder: Path, trust: str | None, kept: Path | None, *, files: bool) -> None:
        stored = (folder / "dossier.db").is_file()  # beside it, an export would only hide events
        exported = not stored and (folder / "events.jsonl").is_file()
        signer = (self._export if exported else self._whole)(folder, kept)
        heads = self.roles.get(signer or "") == "operator" and signer not in self.ended
        if trust not in (None, self.first, signer if heads else None):
            self._wrong("signer", f"begun by {self.first}, not by the key you trust")
        self.read = files and (exported or stored or (folder / "files").is_dir())
        if self.read:
            self._stored_files(folder, (folder / "left-out.json").read_text() if exported else "")

    def run(self, place: Path, trust: str | None, kept: Path | None, *, files: bool) -> None:
        """Read everything once; ``problems`` then holds what is wrong."""
        try:
            if place.is_file():
                self._proof(place, self.log)
            else:
                self._folder(place, trust, kept, files=files)
        except (*BROKEN, OSError, sqlite3.Error) as error:
            self._wrong(f"after event {self.count - 1}", f"cannot be read: {error}"[:300])
        for (name, _, _), seen in self.witnesses.items():
            if not seen:
                self._wrong(f"witness {name}", "has cosigned no checkpoint of this log")


def _tile(folder: Path, level: str, start: int, width: int) -> Path:
    number, path = start // 256, f"{start // 256 % 1000:03}"
    while number := number // 1000:
        path = f"x{number % 1000:03}/{path}"
    return folder / "tile" / level / (path if width == 256 else f"{path}.p/{width}")


def main(arguments: list[str] | None = None) -> int:
    """Check and say what was found."""
    parser = argparse.ArgumentParser(description="Check a dossier without what wrote it.")
    option = parser.add_argument
    option("folder", type=Path, nargs="?", default=Path(__file__).parent)
    option("--trust", help="fingerprint of the operator's key, known from elsewhere")
    option("--checkpoint", type=Path, help="an earlier checkpoint that you kept")
    option("--witness", type=_vkey, action="append", default=[], help="must have cosigned")
    option("--log", type=_vkey, help="the log's verifier key, to check one proof")
    option("--no-files", action="store_true", help="do not read the stored files")
    given, found = parser.parse_args(arguments), Check()
    found.witnesses = {witness: [] for witness in given.witness}
    found.log = given.log or found.log
    found.run(given.folder, given.trust, given.checkpoint, files=not given.no_files)
    print("".join(f"  {problem}\n" for problem in found.problems), end="")
    if found.problems or not found.count:
        print(f"NOT OK: {len(found.problems)} problems in {found.count} events")
        return 1
    by = given.trust or (given.log and given.log[0])
    who = f"vouched for by {by}" if by else "consistent, signer unknown"
    files = f"{len(found.files)} files {'read' if found.read else 'not read'}"
    print(f"OK: {found.count} events, {files}; {who}")
    for key, count in found.signed.items():
        print(f"  {key} ({found.roles[key]}): {count} events")
    for (name, _, _), seen in found.witnesses.items():
        date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(max(seen)[1]))
        print(f"  witness {name} saw the first {max(seen)[0]} events of the log by {date}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
