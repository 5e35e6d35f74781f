"""Sign a model's weights, so that whoever downloads them can check them without Tenure.

The signature is one file in the format of OpenSSF Model Signing v1.0, made with a key of its own
(ECDSA P-256) that the dossier declares. It says who signed which bytes. It does not say that the
model is good, or safe to load, or released: that is what a decision is for.

'tenure release signature' writes the file; 'tenure verify-weights', or the model_signing tool of
OpenSSF, checks it.
"""

from pydantic import BaseModel, ConfigDict

from tenure.dossier.keys import Keys, default_folder
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.oms import GIT, SIGNATURE, Listing, hash_files, sign
from tenure.dossier.oms_keys import own_key, public_pem
from tenure.dossier.oms_manifest import PREDICATE, Manifest
from tenure.dossier.oms_record import SEAL, declare
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import IntegrityError, RefusedError


class Spec(BaseModel):
    """Settings: there are none; what is signed is the model as registered."""

    model_config = ConfigDict(extra="forbid")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Hash the stored files again, sign them, and record the signature and its key.

    Raises:
        RefusedError: the model is contained, or the key was ended.
        IntegrityError: a stored file is not the one that was registered.
    """
    label = view.state(model.id).containment
    if label:
        raise RefusedError(
            f"{model.id} is contained ({label}): a signature would vouch for it outside the house; "
            f"hand its record on with 'tenure export {model.id}'"
        )
    manifest = _manifest(model, view, emit)
    key = own_key(Keys(default_folder()))
    declare(view, emit, key)
    size = sum(view.path(each).stat().st_size for each in model.files.values())
    count = len(manifest.resources)
    return Evidence(
        name=SEAL,
        model=model.id,
        kind="record",
        summary=f"{model.id}: {count} files, {size:,} bytes, signed as OMS v1.0; "
        f"root digest {manifest.root[:16]}",
        files={"manifest.json": emit.file(manifest.to_payload())},
        findings={
            "predicate": PREDICATE,
            "root": manifest.root,
            "files": count,
            "bytes": size,
            "digest": model.digest,
        },
        # The key is each machine's own; two dossiers of the same work are compared without it.
        runtime={
            "key": key.fingerprint,
            "public_key": emit.file(public_pem(key.public)),
            "signature": emit.file(sign(manifest, key)),
        },
    )


def _manifest(model: Model, view: View, emit: Emit) -> Manifest:
    ignore = GIT if SIGNATURE in model.files else tuple(sorted((*GIT, SIGNATURE)))
    paths = {name: view.path(digest) for name, digest in model.files.items()}
    left_out = sorted(set(paths) & set(ignore))
    if left_out:
        raise RefusedError(
            f"{model.id} has files that no signature of OMS v1.0 covers: {', '.join(left_out)}; "
            "register it without them under another version"
        )
    subject = model.name.rsplit("/", 1)[-1]
    manifest = hash_files(
        Listing(subject=subject, files=paths, ignore=ignore),
        told=lambda done, total: emit.progress(done >> 20, total >> 20, "MiB hashed"),
    )
    for each in manifest.resources:
        if "sha256:" + each.digest != model.files[each.path]:
            raise IntegrityError(
                f"the stored file {each.path} of {model.id} was changed; bring it back with "
                f"'tenure preserve revive {model.id}'"
            )
    return manifest


stage = Stage(
    name=SEAL,
    spec=Spec,
    run=run,
    summary="Sign a model's weights, so that whoever downloads them can check them.",
    kinds=("weights",),
    why_not="there are no files to sign",
    repeat=True,
)
