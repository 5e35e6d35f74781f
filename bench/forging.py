"""Ways to tamper with a dossier, for `bench/tamper.py` and `tests/attacks`: with its key and without.

A record is taken into memory, changed as well as its forger can (trees, tiles and proofs are made
again; without the key, the best checkpoint at hand is put beside them), and written out to be checked.
"""

import json
import sqlite3
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenure.dossier import canonical
from tenure.dossier.checkpoint import Checkpoint, parse
from tenure.dossier.envelope import pae, unwrap, wrap
from tenure.dossier.keys import Signer, fingerprint
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.tiles import WIDTH, bundle, hashes, shape, tile_path

HIDEABLE = ("unit", "note", "evidence", "start", "sign")


@dataclass(frozen=True)
class Record:
    """A whole record in memory; ``older`` are genuine checkpoints of its past, oldest first."""

    entries: tuple
    note: str
    files: dict = field(default_factory=dict)
    older: tuple = ()
    cosigned: dict = field(default_factory=dict)

    @property
    def origin(self):
        return parse(self.note).origin


def stranger():
    """A key that this dossier does not know."""
    private = Ed25519PrivateKey.generate()
    return Signer("operator", private.public_key().public_bytes_raw(), private)


def read(entry):
    """The statement in an entry."""
    return json.loads(unwrap(entry).payload)


def sealed(statement, signer):
    """An entry with this statement, properly signed."""
    payload = canonical(statement)
    return wrap(payload, signer.fingerprint, signer.sign(pae(payload)))


def unsigned(entry, statement):
    """An entry with this statement and the signature it had before: all that one without the key can."""
    old = unwrap(entry)
    return wrap(canonical(statement), old.keyid, old.signature)


def headed(entries, origin, signer):
    """The checkpoint over these entries, signed."""
    tree = Tree([leaf_hash(entry) for entry in entries])
    return Checkpoint(origin, len(entries), tree.root()).sign(signer)


def numbers(value, path=()):
    """Every place of a number in a JSON value."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield path
    elif isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(each, (*path, key))


def nudged(statement, rng):
    """The statement with one number of its body changed, or its text where it has no number."""
    body = statement["predicate"]["body"]
    places = sorted(numbers(body), key=str)
    if not places:
        body["because"] = str(body.get("because", "")) + "!"
        return statement
    *path, last = rng.choice(places)
    for key in path:
        body = body[key]
    body[last] += rng.choice([-1, 1, 10])
    return statement


def backdated(statement, rng):
    """The statement with an earlier time."""
    year = rng.randrange(2019, 2026)
    predicate = statement["predicate"]
    predicate["time"] = f"{year}{predicate['time'][4:]}"
    return statement


def attempts(record):
    """The places of each attempt: its start, units and evidence, told by the key of the work."""
    found, current = {}, None
    for index, entry in enumerate(record.entries):
        predicate = read(entry)["predicate"]
        if predicate["act"] == "start":
            current = index
        if current is not None and predicate["act"] in ("start", "unit", "evidence", "note"):
            found.setdefault(current, []).append(index)
        if predicate["act"] == "evidence":
            current = None
    return list(found.values())


def without(record, places):
    """The entries but those at these places."""
    return tuple(e for i, e in enumerate(record.entries) if i not in set(places))


def flipped(data, rng):
    """One byte changed."""
    changed = bytearray(data)
    changed[rng.randrange(len(changed))] ^= rng.randrange(1, 256)
    return bytes(changed)


def hideable(record):
    """The places of events whose absence leaves nothing unexplained."""
    acts = [read(entry)["predicate"]["act"] for entry in record.entries]
    return [index for index, act in enumerate(acts) if act in HIDEABLE]


def _hideable(record, rng):
    return rng.choice(hideable(record))


def _place(record, rng):
    return rng.randrange(len(record.entries))


def _with(entries, index, entry):
    return (*entries[:index], entry, *entries[index + 1 :])


# What one without the key can do to the events; each gives the entries as they then are.


def byte(record, rng):
    index = _place(record, rng)
    return _with(record.entries, index, flipped(record.entries[index], rng))


def edit(record, rng):
    index = _place(record, rng)
    entry = record.entries[index]
    return _with(record.entries, index, unsigned(entry, nudged(read(entry), rng)))


def edit_signed_by_a_stranger(record, rng):
    index = _place(record, rng)
    entry, key = record.entries[index], stranger()
    forged = sealed(nudged(read(entry), rng), key)
    if rng.random() < 0.5:  # under the name of the true key
        forged = forged.replace(key.fingerprint.encode(), unwrap(entry).keyid.encode())
    return _with(record.entries, index, forged)


def backdate(record, rng):
    index = _place(record, rng)
    entry = record.entries[index]
    return _with(record.entries, index, unsigned(entry, backdated(read(entry), rng)))


def delete(record, rng):
    return without(record, [_place(record, rng)])


def reorder(record, rng):
    first, second = rng.sample(range(len(record.entries)), 2)
    entries = list(record.entries)
    entries[first], entries[second] = entries[second], entries[first]
    return tuple(entries)


def repeat(record, rng):
    copied, place = _place(record, rng), _place(record, rng)
    return (*record.entries[:place], record.entries[copied], *record.entries[place:])


def cut_tail(record, rng):
    return record.entries[: rng.randrange(1, len(record.entries))]


def hide_attempt(record, rng):
    return without(record, rng.choice(attempts(record)))


WITHOUT_KEY = (
    byte, edit, edit_signed_by_a_stranger, backdate, delete, reorder, repeat, cut_tail, hide_attempt,
)  # fmt: skip


def best_note(record, entries, rng):
    """The checkpoint one without the key puts beside forged entries: a genuine one, or a forged one."""
    fitting = [note for note in record.older if parse(note).size == len(entries)]
    tree = Tree([leaf_hash(entry) for entry in entries])
    forged = Checkpoint(record.origin, len(entries), tree.root())
    choices = [
        *fitting, *fitting, *fitting, record.note, forged.sign(stranger()),
        replace(forged, signatures=parse(record.note).signatures).note,
    ]  # fmt: skip
    return rng.choice(choices)


def tampered(record, kind, rng):
    """The record as somebody without the key leaves it."""
    entries = kind(record, rng)
    return replace(record, entries=entries, note=best_note(record, entries, rng))


def cut_with_an_older_checkpoint(record, rng):
    """Everything put back to an earlier day: nothing inside is wrong."""
    note = rng.choice([n for n in record.older if parse(n).size < len(record.entries)])
    return replace(record, entries=record.entries[: parse(note).size], note=note)


def written_by_a_stranger(record, rng):
    """The whole record signed again by another key, with something changed: consistent in itself."""
    key, changed = stranger(), rng.randrange(1, len(record.entries))
    entries = []
    for index, entry in enumerate(record.entries):
        statement = read(entry)
        if index == 0:
            statement["predicate"]["body"] |= {
                "fingerprint": fingerprint(key.public), "public": key.public.hex(),
            }  # fmt: skip
        entries.append(sealed(nudged(statement, rng) if index == changed else statement, key))
    return replace(record, entries=tuple(entries), note=headed(entries, record.origin, key))


def changed_note(record, rng):
    """One byte of the checkpoint changed."""
    while True:
        try:
            note = flipped(record.note.encode(), rng).decode()
        except UnicodeDecodeError:
            continue
        return replace(record, note=note)


def changed_file(record, rng):
    """A stored file changed in one byte, taken away, or given another's bytes."""
    files = dict(record.files)
    digest, other = rng.sample(sorted(files), 2)
    way = rng.choice(["byte", "gone", "another"])
    if way == "gone":
        del files[digest]
    else:
        files[digest] = flipped(files[digest], rng) if way == "byte" else files[other]
    return replace(record, files=files)


OTHERWISE = (
    cut_with_an_older_checkpoint, written_by_a_stranger, changed_note, changed_file,
)  # fmt: skip


# What the holder of the key can do: the log is written again from there, and nothing in it is wrong.


def rewritten(record, signer, places, change=None):
    """The record with these places left out, or the first of them changed; all after signed again."""
    entries, first = list(record.entries[: min(places)]), min(places)
    for index, entry in enumerate(record.entries[first:], first):
        statement = read(entry)
        if change is None and index in places:
            continue
        if change is not None and index == first:
            statement = change(statement)
        statement["predicate"]["index"] = len(entries)
        entries.append(sealed(statement, signer))
    return replace(record, entries=tuple(entries), note=headed(entries, record.origin, signer))


def key_edit(record, signer, rng):
    return rewritten(record, signer, [_hideable(record, rng)], lambda s: nudged(s, rng))


def key_backdate(record, signer, rng):
    place = rng.randrange(1, len(record.entries))
    return rewritten(record, signer, [place], lambda s: backdated(s, rng))


def key_delete(record, signer, rng):
    return rewritten(record, signer, [_hideable(record, rng)])


def key_hide_attempt(record, signer, rng):
    return rewritten(record, signer, rng.choice(attempts(record)))


def key_reorder(record, signer, rng):
    first, second = sorted(rng.sample(hideable(record), 2))
    entries = list(record.entries)
    entries[first], entries[second] = entries[second], entries[first]
    whole = replace(record, entries=tuple(entries))
    return rewritten(whole, signer, [first], lambda s: s)


def key_cut_tail(record, signer, rng):
    entries = record.entries[: rng.randrange(len(record.entries) // 2, len(record.entries))]
    return replace(record, entries=entries, note=headed(entries, record.origin, signer))


WITH_KEY = (
    key_edit, key_backdate, key_delete, key_hide_attempt, key_reorder, key_cut_tail,
)  # fmt: skip


# Writing a record out, as each of the three forms in which one may come.


def write_whole(record, folder):
    """A dossier's folder."""
    folder.mkdir()
    database = sqlite3.connect(folder / "dossier.db")
    database.execute("PRAGMA synchronous=OFF")
    database.execute("CREATE TABLE log (idx INTEGER PRIMARY KEY, envelope BLOB NOT NULL)")
    database.execute("CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, note TEXT NOT NULL)")
    database.executemany("INSERT INTO log VALUES (?, ?)", enumerate(record.entries))
    database.execute("INSERT INTO checkpoint VALUES (1, ?)", (record.note,))
    database.commit()
    database.close()
    _files(record, folder)


def write_tiles(record, folder):
    """A log in tiles, every tile made to fit the entries."""
    folder.mkdir()
    tree = Tree([leaf_hash(entry) for entry in record.entries])
    for level, number, width in shape(tree.size):
        _put(folder / tile_path(level, number, width), hashes(tree, level, number, width))
    for start in range(0, tree.size, WIDTH):
        held = record.entries[start : start + WIDTH]
        _put(folder / tile_path("entries", start // WIDTH, len(held)), bundle(held))
    _put(folder / "checkpoint", record.note.encode())
    _files(record, folder)


def write_export(record, folder):
    """An export of every event, with proofs made to fit the entries."""
    folder.mkdir()
    tree = Tree([leaf_hash(entry) for entry in record.entries])
    proofs = (
        json.dumps({"index": i, "hashes": [h.hex() for h in tree.inclusion(i)]})
        for i in range(tree.size)
    )
    _put(folder / "events.jsonl", b"".join(entry + b"\n" for entry in record.entries))
    _put(folder / "proofs.jsonl", "".join(proof + "\n" for proof in proofs).encode())
    _put(folder / "checkpoint", record.note.encode())
    _put(folder / "left-out.json", b"[]\n")
    _files(record, folder)


FORMS = (write_whole, write_tiles, write_export)


def _files(record, folder):
    for digest, content in record.files.items():
        _put(folder / "files" / "sha256" / digest[7:9] / digest[7:], content)
    for name, note in record.cosigned.items():
        _put(folder / "cosigned" / name, note.encode())


def _put(place, content):
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
