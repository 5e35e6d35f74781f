"""Reviews by outsiders: a form, signed with the reviewer's own key, filed with the answer to it.

The reviewer signs what they say, whether they have a conflict of interest, and the digest of what
they read (``sign_review``). The dossier's own key signs the event that holds it; the reviewer's
signature stands inside, whole, so that anybody can check it without asking us.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure import documents
from tenure.dossier.keys import Signer, fingerprint, signature_fits
from tenure.dossier.nouns import Event
from tenure.dossier.reading import Reading
from tenure.dossier.stage import Emit, View
from tenure.errors import IntegrityError, RefusedError, UsageError, unknown
from tenure.release import sign_review

STATEMENT = "assess/review/statement"  # one name for every review by an outsider
RESPONSE = "assess/review/response"
BUNDLE = "release/bundle"
LARGEST = 1 << 20  # bytes of a signed review
BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
Opinion = Literal["agree", "disagree", "cannot say"]


class Reviewer(BaseModel):
    """Who reviews."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    affiliation: str = Field(min_length=1)


class Said(BaseModel):
    """What a reviewer says of one claim."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    claim: str = ""
    opinion: Opinion = "cannot say"
    because: str = ""


class Form(BaseModel):
    """A review, as the reviewer fills it in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/review.v1"]  # noqa: N815 - the field's usual name
    model: str
    reviewer: Reviewer
    conflict_of_interest: str = Field(min_length=1)
    claims: tuple[Said, ...] = ()
    statement: str = Field(min_length=1)


def sign_here(form: str, bundle: str, signer: Signer) -> bytes:
    """Sign a form with a key of our key folder: for a reviewer who works in our house."""
    payload = sign_review.payload_of(form, bundle)
    return sign_review.envelope(payload, signer.public, signer.sign(sign_review.message(payload)))


def opened(signed: bytes, source: Path | str) -> tuple[Form, str, str, bytes]:
    """Open a signed review: the form, its text, the digest of what was read, the public key.

    Raises:
        IntegrityError: it is not one, or its signature does not fit.
        DocumentError: the form is not filled in as it should be; names the line.
    """
    try:
        if len(signed) > LARGEST:
            raise ValueError("it is longer than a mebibyte")
        told: dict[str, Any] = json.loads(signed)
        payload, public = base64.b64decode(told["payload"]), bytes.fromhex(told["public"])
        (only,) = told["signatures"]
        signature = base64.b64decode(only["sig"])
        if told["payloadType"] != sign_review.TYPE or only["keyid"] != fingerprint(public):
            raise ValueError("it is signed as something else, or names another key")
        if not signature_fits(public, signature, sign_review.message(payload)):
            raise ValueError(
                "the signature does not fit: the review was changed after it was signed"
            )
        inner: dict[str, Any] = json.loads(payload)
        if inner["format"] != sign_review.FORMAT or set(inner) != {"format", "bundle", "form"}:
            raise ValueError("it is of another format")
        text, bundle = str(inner["form"]), str(inner["bundle"])
    except BROKEN as error:
        raise IntegrityError(
            f"{source} is no signed review: {error}; expected the file that sign_review.py wrote"
        ) from None
    return documents.parse(text, Form, source=source), text, bundle, public


def _known_bundle(view: View, form: Form, bundle: str) -> str:
    """Return the id of the model whose bundle was read.

    Raises:
        UsageError: no such bundle was made here, the form is about another model, or holds an
            opinion on a claim that the bundle does not make.
    """
    model = view.model(form.model).id
    sent = {str(e.body["bundle"]): e for e in view.events(act="note", name=BUNDLE, model=model)}
    if bundle not in sent:
        raise UsageError(
            f"no bundle {bundle or '(none named)'} about {model} was made in this dossier; a review "
            "is filed where `tenure bundle` was run"
        )
    claims = [str(each["id"]) for each in sent[bundle].body["claims"]]
    for said in form.claims:
        if said.id not in claims:
            raise unknown("claim of the bundle", said.id, claims)
    return model


def file_review(signed: bytes, source: Path | str, view: Reading, emit: Emit, *, bundled: bool = True) -> Event:  # fmt: skip
    """Check a signed review and file it, once; ``bundled`` asks that a bundle of ours was read.

    Raises:
        IntegrityError, DocumentError: see :func:`opened`.
        UsageError: see ``_known_bundle``.
        RefusedError: the key is one that signs for the organisation.
    """
    form, text, bundle, public = opened(signed, source)
    model = view.model(form.model).id
    if bundled:
        model = _known_bundle(view, form, bundle)
    key = fingerprint(public)
    if key in view.ring().publics:
        raise RefusedError(
            f"{key} signs in this dossier; an outside reviewer signs with a key of their own"
        )
    stored = emit.file(signed)
    for event in view.events(act="sign", name=STATEMENT, model=model):
        if event.body.get("review") == stored:
            return event
    body = {
        "role": "external reviewer",
        "reviewer": form.reviewer.name,
        "affiliation": form.reviewer.affiliation,
        "model": model,
        "artefact": view.model(model).digest,
        "bundle": bundle,
        "conflict_of_interest": form.conflict_of_interest,
        "opinions": [said.model_dump(mode="json") for said in form.claims],
        "text": emit.file(form.statement),
        "review": stored,
        "key": key,
    }
    files = {"review.signed.json": stored, "statement.txt": body["text"], "review.yaml": emit.file(text)}  # fmt: skip
    return emit.event("sign", STATEMENT, body, model=model, files=files)


def respond(review: Event, text: str, view: View, emit: Emit) -> Event:
    """File the organisation's answer to a review beside it, once for each text."""
    if not text.strip():
        raise UsageError("the response is empty; say what follows from the review")
    body = {"to": review.digest, "reviewer": review.body["reviewer"], "text": emit.file(text)}
    for event in view.events(act="note", name=RESPONSE, model=review.model):
        if event.body == body:
            return event
    files = {"response.txt": body["text"]}
    return emit.event("note", RESPONSE, body, model=review.model, files=files)


def wrong_reviews(view: Reading) -> list[str]:
    """Check the reviewer's own signature in every review on file; a sentence for each that is wrong."""
    found: list[str] = []
    for event in view.events(act="sign", name=STATEMENT):
        stored = event.body.get("review")
        if stored is None:
            continue  # filed before reviews had a form: its signature is over the body itself
        try:
            form, _, bundle, public = opened(view.read(str(stored)), f"event {event.index}")
        except (IntegrityError, UsageError, ValueError) as error:
            found.append(f"event {event.index}: {error}")
            continue
        said: Mapping[str, Any] = {
            "reviewer": form.reviewer.name,
            "affiliation": form.reviewer.affiliation,
            "bundle": bundle,
            "conflict_of_interest": form.conflict_of_interest,
            "opinions": [each.model_dump(mode="json") for each in form.claims],
            "key": fingerprint(public),
        }
        other = [name for name, value in said.items() if event.body.get(name) != value]
        if other:
            found.append(f"event {event.index}: says otherwise than the review it holds: {other}")
    return found
