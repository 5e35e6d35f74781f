"""tenure verify-weights: are these the weights that somebody signed, and who did?"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import IntegrityError, UsageError

TrustRootOption = Annotated[
    Path | None,
    typer.Option(help="For keyless signatures: the trusted_root.json of the Sigstore used."),
]
IdentityOption = Annotated[
    str | None, typer.Option(help="With --trust-root: the mail address or workflow that signed.")
]
IssuerOption = Annotated[
    str | None, typer.Option(help="With --trust-root: the address of who vouches for them.")
]
LARGE = 2 << 30  # bytes; hashing them takes a few seconds


def extension(
    model: Annotated[
        Path | None, typer.Argument(help="The folder, or the file, of the weights.")
    ] = None,
    *,
    signature: Annotated[
        Path | None, typer.Option(help="The signature file (default: model.sig beside them).")
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(help="The signer's public key, a PEM file; may be repeated."),
    ] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="A certificate you trust, a PEM file; for chains.")
    ] = None,
    trust_root: TrustRootOption = None,
    identity: IdentityOption = None,
    issuer: IssuerOption = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="A path inside the folder to leave out.")
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Allow files that were not signed; they are listed.")
    ] = False,
    trust: Annotated[
        str | None, typer.Option(help="With a dossier: the operator's fingerprint you know.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Check a signature of OpenSSF Model Signing (OMS) and every byte of the weights.

    Whom to believe is said by --key, --certificate or --trust-root; without any, the keys that the
    dossier declares are believed, once the dossier itself was verified. Without weights, every signature
    that the dossier records is checked against its key and the model's registered files.
    """
    if model is None:
        _all_seals(find_dossier(dossier), trust)
        return
    from tenure.dossier.oms import SIGNATURE, Leave, check_model

    place = signature or (model if model.is_dir() else model.parent) / SIGNATURE
    view: Any = None
    if trust_root or identity or issuer:
        trusted = _keyless(trust_root, identity, issuer, alone=not (key or certificate))
    elif key or certificate:
        trusted = _given(key or [], certificate or [])
    else:
        view, trusted = _from_dossier(find_dossier(dossier), trust)
    leave = Leave(ignore=tuple(ignore or ()), unsigned=unsigned)
    with ExitStack() as stack:
        checked = check_model(model, place, trusted, leave, _telling(stack))
    notes = [*checked.notes, *_beside(model, key or [])]
    if view is not None:
        from tenure.dossier.oms_record import check_time

        if not check_time(view, checked.signer, place.read_bytes()):
            notes.append("this key was ended since; the signature is on record from before")
    _say(model, checked, notes)
    if view is not None:
        _tie(view, checked.manifest, trust)


def _say(model: Path, checked: Any, notes: list[str]) -> None:
    from tenure.dossier.oms_manifest import shown

    typer.echo(f"{model}: {checked.files} files, {checked.bytes:,} bytes, are what was signed")
    typer.echo(f"signed by {checked.signer}")
    typer.echo(f"root digest {checked.manifest.root}, model {shown(checked.manifest.subject)}")
    for note in notes:
        typer.echo(f"note: {note}")
    if checked.unsigned:
        typer.echo(f"not signed: {', '.join(map(shown, checked.unsigned))}")


def _telling(stack: ExitStack) -> Callable[[int, int], None]:
    """Show how far hashing is, where there is more than a second or so of it."""
    shown: list[Callable[[Any], None]] = []

    def told(done: int, total: int) -> None:
        if total < LARGE:
            return
        from tenure.cli.run import progress
        from tenure.dossier.emitting import Progress

        if not shown:
            shown.append(stack.enter_context(progress()))
        at = {"done": done >> 20, "total": total >> 20, "what": "MiB hashed"}
        shown[0](Progress(stage="verify-weights", model="", **at))

    return told


def _all_seals(root: Path, trust: str | None) -> None:
    from tenure.dossier.oms_record import SEAL, check_seal
    from tenure.dossier.reading import evidence_of

    view, _ = _from_dossier(root, trust)
    for event in view.events(act="evidence", name=SEAL):
        evidence = evidence_of(event)
        typer.echo(f"{evidence.model}: signed by {check_seal(view, event, evidence)}")


def _given(keys: list[Path], certificates: list[Path]) -> Any:
    from tenure.dossier.oms_keys import Trusted, hint_of, public_key, read_certificates

    found: dict[str, Any] = {}
    for path in keys:
        if not path.is_file():
            raise UsageError(f"no key at {path}; give the PEM file the signer published")
        public = public_key(path.read_bytes(), path)
        found[hint_of(public)] = public
    roots = tuple(each for path in certificates for each in read_certificates(path))
    return Trusted(found, roots)


def _keyless(root: Path | None, identity: str | None, issuer: str | None, *, alone: bool) -> Any:
    from tenure.dossier.oms_keys import Trusted
    from tenure.dossier.oms_trust_root import Keyless, read_trust_root

    if root is None or not identity or not issuer:
        raise UsageError(
            "a keyless signature is believed by three things together: --trust-root "
            "trusted_root.json, --identity WHO SIGNED and --issuer WHO VOUCHES FOR THEM"
        )
    if not alone:
        raise UsageError("say --trust-root, or --key and --certificate; not both of one signature")
    return Trusted(keyless=Keyless(read_trust_root(root), identity, issuer))


def _from_dossier(root: Path, trust: str | None) -> Any:
    from tenure.dossier.oms_record import trusted_by
    from tenure.dossier.opening import open_view
    from tenure.dossier.verify import verify

    report = verify(root, trust=trust, files=False)
    if not report.ok:
        raise IntegrityError(
            f"the dossier {root} that should vouch for the key is not whole; see 'tenure verify'"
        )
    view = open_view(root)
    return view, trusted_by(view)


def _beside(model: Path, keys: list[Path]) -> list[str]:
    root = (model if model.is_dir() else model.parent).resolve()
    return [
        f"{path} lies beside the weights: whoever changed them could have changed it; "
        "get the key from the signer"
        for path in keys
        if path.resolve().is_relative_to(root)
    ]


def _tie(view: Any, manifest: Any, trust: str | None) -> None:
    from tenure.dossier.oms_record import model_of

    found = model_of(view, manifest)
    what = f"these are the files of {found.id}" if found else "no model here has these files"
    who = f"signed by {trust}" if trust else "consistent, signer unknown: name one with --trust"
    typer.echo(f"{what}, by the dossier {view.root} ({who})")
