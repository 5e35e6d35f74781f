"""A copy elsewhere proves that it read its bytes: sha256(nonce || file), without moving them.

A nonce is made here and recorded; the other site answers with ``tenure vault answer`` or, with
Python alone, ``read_vault.py answer NONCE ID``; the answer is compared with what our own copies
give, whose bytes are compared with the signed sha512 in the same reading. A nonce is good once, for
thirty days, and only where it was made (compare Shah et al., "Auditing to keep online storage
services honest", 2007).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from tenure.dossier import Emit, Event, Model, View
from tenure.errors import IntegrityError, UsageError, unknown
from tenure.preserve import ocfl, places, placing, vault
from tenure.preserve.fixity import Plan
from tenure.preserve.parity import encoding
from tenure.preserve.placing import Site
from tenure.preserve.scrub import ANSWERED, premis
from tenure.preserve.store import Store, chunks

ASKED = "preserve/challenge"
GOOD_FOR = timedelta(days=30)
HEAD = re.compile(r"tenure/answer/1 ([0-9a-f]{64}) (\S+) (v[1-9][0-9]*)")
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an answer showed: files that agree, that differ, that it left out, that nobody here has."""

    model: str
    copy: str
    agree: int
    differ: tuple[str, ...]
    left_out: tuple[str, ...]
    not_compared: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Say whether something was compared, and nothing differs or was left out."""
        return self.agree > 0 and not self.differ and not self.left_out


def ask(view: View, model: Model, at: str, emit: Emit) -> str:
    """Make and record a nonce for one copy; returns the text to send to where it lies.

    Raises:
        UsageError: the model is not kept, or has no such copy.
    """
    held = places.require(view, model)
    place = next((copy for copy in held.copies if copy.at == at), None)
    if place is None:
        raise unknown("copy", at, held.roots)
    nonce = secrets.token_hex(32)
    body = {"nonce": nonce, "object": held.object, "copy": at, "form": place.form}
    emit.event("note", ASKED, body)
    until = f"{datetime.now(UTC) + GOOD_FOR:%Y-%m-%d}"
    return (
        f"tenure/challenge/1 {nonce} {held.object}\n"
        f"Please prove that the copy of {model.id} at your place is read and whole, by {until}:\n"
        f"  python3 -S -I read_vault.py answer {nonce} {held.object} > answer.txt\n"
        "in the vault's folder (or: tenure vault answer THIS-FILE --vault FOLDER), and send back\n"
        "answer.txt. It holds check sums only.\n"
    )


def answer(store: Store, asked: str) -> str:
    """Answer a challenge (its text) from a copy at hand, as ``read_vault.py answer`` does.

    Raises:
        UsageError: it is not a challenge.
        IntegrityError: the copy does not hold the object, or lacks a file.
    """
    found = re.match(r"tenure/challenge/1 ([0-9a-f]{64}) (\S+)\n", asked)
    if found is None:
        raise UsageError(
            "this is no challenge; expected the file that 'tenure vault challenge' wrote"
        )
    nonce, object_id = found.groups()
    there = vault.read(store, object_id)
    if there is None:
        raise IntegrityError(
            f"{store.label} holds no {object_id}; name the vault's folder with --vault"
        )
    at, lines = (
        ocfl.object_path(object_id),
        [f"tenure/answer/1 {nonce} {object_id} {there[0].head}"],
    )
    for path in sorted(there[0].manifest.values()):
        try:
            with store.open(f"{at}/{path}") as source:
                lines.append(f"{_proof(nonce, source)[0]}  {path}")
        except KeyError:
            raise IntegrityError(
                f"{store.label} has lost {path} of {object_id}; mend it from another copy first"
            ) from None
    return "\n".join(lines) + "\n"


def _proof(nonce: str, source: BinaryIO) -> tuple[str, str]:
    """Return sha256 of nonce and bytes, and sha512 of the bytes."""
    short, long = hashlib.sha256(bytes.fromhex(nonce)), hashlib.sha512()
    for chunk in chunks(source):
        short.update(chunk)
        long.update(chunk)
    return short.hexdigest(), long.hexdigest()


def compare(view: View, text: str, emit_for: Any) -> Verdict:
    """Compare an answer with what our own other copies give, and record what came of it.

    ``emit_for`` gives an ``Emit`` for a model id and a name (a context manager), as
    ``Dossier.emitter`` does.

    Raises:
        UsageError: not an answer; or its nonce was not made here, was answered before or is stale.
        IntegrityError: nothing could be compared.
    """
    nonce, object_id, version, said = _parse(text)
    asked = _require_open(view, nonce, object_id)
    model = view.model(asked.model)
    held, at = places.require(view, model), str(asked.body["copy"])
    with emit_for(model.id, ANSWERED) as emit:
        others = [copy for copy in held.opened(view.root) if copy.at != at]
        site = Site(
            object=held.object, copies=others, folder=emit.scratch, signed=dict(held.signed)
        )
        form = str(asked.body["form"])
        wanted = placing.planned(
            site, form, held.signed.get(form), [c.store for c in held.opened(view.root)]
        )[0]
        verdict = _compare(site, form, wanted, (nonce, version, said), (model.id, at))
        if not verdict.agree and not verdict.differ and not verdict.left_out:
            raise IntegrityError(
                f"nothing of the answer could be compared: no other copy of {model.id} gives these "
                "files; mount one, and check the same answer again"
            )
        _record(emit, asked, held.object, form, verdict)
    return verdict


def _parse(text: str) -> tuple[str, str, str, dict[str, str]]:
    head, *lines = text.strip().splitlines() or [""]
    found, rows = HEAD.fullmatch(head), [LINE.fullmatch(line) for line in lines]
    if found is None or not all(rows):
        raise UsageError(
            "this is no answer to a challenge; expected the output of 'read_vault.py answer' or "
            "'tenure vault answer', unchanged"
        )
    return *found.group(1, 2, 3), {row[2]: row[1] for row in rows if row}  # type: ignore[return-value]


def _require_open(view: View, nonce: str, object_id: str) -> Event:
    asked = [e for e in view.events(act="note", name=ASKED) if e.body["nonce"] == nonce]
    if not asked or asked[0].body["object"] != object_id:
        raise UsageError(
            "this answers a challenge that was not made here; make one: tenure vault challenge MODEL "
            "--copy PLACE"
        )
    for event in view.events(act="note", name=ANSWERED):
        if event.body["detail"]["nonce"] == nonce:
            raise UsageError(
                f"this challenge was answered on {event.time[:10]}, and a nonce is good once; make a "
                f"new one: tenure vault challenge {asked[0].model} --copy {asked[0].body['copy']}"
            )
    age = datetime.now(UTC) - datetime.fromisoformat(asked[0].time)
    if not -timedelta(minutes=5) <= age <= GOOD_FOR:
        raise UsageError(
            f"this challenge is of {asked[0].time[:10]} and was good for {GOOD_FOR.days} days (or a "
            "clock was set back); make a new one: tenure vault challenge "
            f"{asked[0].model} --copy {asked[0].body['copy']}"
        )
    return asked[0]


def _compare(
    site: Site,
    form: str,
    wanted: Plan,
    answer: tuple[str, str, Mapping[str, str]],
    about: tuple[str, str],
) -> Verdict:
    nonce, version, said = answer
    at = ocfl.object_path(wanted.inventory.id)
    inventory = wanted.inventory
    stored = {path: digest for digest, path in inventory.manifest.items()}
    newest = min(int(version[1:]), len(inventory.versions))
    expected = {p: d for p, d in stored.items() if int(p.split("/", 1)[0][1:]) <= newest}
    agree, differ, unknown_here = 0, list[str](), list[str]()
    for path, digest in sorted(expected.items()):
        if path not in said:
            continue
        ours = _ours(site, form, wanted, f"{at}/{path}", (nonce, digest))
        if ours is None:
            unknown_here.append(path)
        elif hmac.compare_digest(ours, said[path]):
            agree += 1
        else:
            differ.append(path)
    behind = [] if version == inventory.head else [f"all of {inventory.head}: it answers {version}"]
    return Verdict(
        model=about[0],
        copy=about[1],
        agree=agree,
        differ=(*differ, *sorted(set(said) - set(stored))),
        left_out=(*sorted(set(expected) - set(said)), *behind),
        not_compared=tuple(unknown_here),
    )


def _ours(site: Site, form: str, wanted: Plan, key: str, proof: tuple[str, str]) -> str | None:
    """Compute the proof of one file from the first of our copies whose bytes are right."""
    nonce, sha512 = proof
    for stream in _streams(site, form, wanted, key):
        with closing(stream):
            short, long = _proof(nonce, stream)
        if long == sha512:
            return short
    return None


def _streams(site: Site, form: str, wanted: Plan, key: str) -> Sequence[BinaryIO]:
    found: list[BinaryIO] = []
    for store in site.stores(form):
        try:
            found.append(store.open(key))
        except (KeyError, OSError, IntegrityError):
            continue
    others = site.others(form)
    if found or not others:
        return found
    for finder in site.finders(others[0], form):
        try:
            found.append(finder.find(key, wanted)[1])
        except (KeyError, OSError, IntegrityError):
            continue
    return found


def _record(emit: Emit, asked: Event, held: str, form: str, verdict: Verdict) -> None:
    copy = places.Place(at=verdict.copy, form="packed" if form == "packed" else "plain")
    detail = {
        "nonce": asked.body["nonce"],
        "agree": verdict.agree,
        "differ": list(verdict.differ),
        "left out": list(verdict.left_out),
        "not compared": list(verdict.not_compared),
    }
    outcome = "pass" if verdict.well else "fail"
    if verdict.well and any(f"/{encoding.FOLDER}" not in path for path in verdict.not_compared):
        outcome = "in part"  # parity can be made again from what was compared
    emit.event("note", ANSWERED, premis("fixity check", copy, held, outcome, detail))
