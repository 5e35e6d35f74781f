"""tenure vault key: the keys of sealed copies."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


class Act(StrEnum):
    """What to do with a key."""

    list = "list"
    make = "make"
    divide = "split"
    unite = "join"
    check = "check"


def extension(
    act: Annotated[Act, typer.Argument(help="What to do.")] = Act.list,
    given: Annotated[
        list[str] | None,
        typer.Argument(help="The key's name; for join: files that hold one share each."),
    ] = None,
    *,
    shares: Annotated[int, typer.Option(help="split: how many shares.", min=2, max=255)] = 5,
    needed: Annotated[int, typer.Option(help="split: how many bring it back.", min=2)] = 3,
    into: Annotated[
        Path | None, typer.Option(help="make, split: a folder for what is to print.")
    ] = None,
    share: Annotated[
        list[Path] | None, typer.Option(help="check: a share; give as many as needed.")
    ] = None,
    as_: Annotated[str | None, typer.Option("--as", help="join: the key's name here.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="check: a model that is kept.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Make a key for sealed copies, split it among people, bring it back, try it out.

    make NAME    a new key, outside the dossier, and a note for whoever keeps it in escrow
    split NAME   shares on paper: any --needed of --shares bring it back
    join FILES   bring it back from shares, under the name --as
    check NAME   a drill: open a sealed copy from the shares alone, and record it

    To lose the key is the likeliest way to lose a sealed copy. The program inside the vault cannot
    read one: keep another copy unsealed.
    """
    names = given or []
    if act is Act.list:
        _list()
    elif act is Act.unite:
        _join([Path(each) for each in names], as_)
    elif len(names) != 1:
        raise UsageError(f"name one key: tenure vault key {act} NAME")
    elif act is Act.make:
        _make(names[0], into)
    elif act is Act.divide:
        _split(names[0], shares, needed, into)
    else:
        _check(names[0], share or [], model, find_dossier(dossier))


def _list() -> None:
    from tenure.preserve.custody.keyring import Keyring

    ring = Keyring.usual()
    for name in ring.names():
        typer.echo(f"{name}  {ring.load(name).fingerprint}")
    if not ring.names():
        typer.echo(f"no vault keys in {ring.folder}; make one: tenure vault key make NAME")


def _make(name: str, into: Path | None) -> None:
    from tenure.preserve.custody import keyring
    from tenure.preserve.custody.sealing import VaultKey

    ring = keyring.Keyring.usual()
    if ring.path(name).exists():
        raise UsageError(f"there is a key '{name}' already ({ring.load(name).fingerprint})")
    key = VaultKey.make()
    place = ring.store(name, key)
    note = (into or Path()) / f"{name}-escrow-note.txt"
    _write(note, keyring.escrow_note(name, key))
    typer.echo(f"{place}  {key.fingerprint}")
    typer.echo(f"{note}: print it; it holds no secret")
    typer.echo(
        f"Next: tenure vault key split {name} --into FOLDER, then keep a copy at sealed://{name}@PLACE"
    )


def _write(path: Path, text: str, *, secret: bool = False) -> None:
    if path.exists():
        raise UsageError(f"{path} is there already; name another folder with --into")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600 if secret else 0o644)
    path.write_text(text, encoding="utf-8")


def _split(name: str, count: int, needed: int, into: Path | None) -> None:
    from tenure.preserve.custody import keyring, shares

    if into is None:
        raise UsageError(
            "name a folder for the shares with --into; print them, then destroy the files"
        )
    key = keyring.Keyring.usual().load(name)
    for made in shares.split(key.reveal(), key.mark, count, needed):
        place = into / f"{name}-share-{made.number}-of-{count}.txt"
        _write(place, keyring.share_text(name, key, made, count), secret=True)
        typer.echo(str(place))
    _write(into / f"{name}-escrow-note.txt", keyring.escrow_note(name, key))
    typer.echo(
        f"any {needed} of them bring back {key.fingerprint}; print them, then destroy the files"
    )


def _join(files: list[Path], name: str | None) -> None:
    from tenure.preserve.custody import keyring

    if not files or not name:
        raise UsageError("give the files of the shares, and the key's name with --as NAME")
    key = keyring.join(files)
    typer.echo(f"{keyring.Keyring.usual().store(name, key)}  {key.fingerprint}")


def _check(name: str, files: list[Path], model: str | None, root: Path) -> None:
    from tenure.dossier import Dossier
    from tenure.preserve import fixity, places
    from tenure.preserve.custody import keyring
    from tenure.preserve.stores.sealed import SealedStore

    if model is None or not files:
        raise UsageError(
            "a drill needs the shares (--share FILE, as often as needed) and --model MODEL"
        )
    key = keyring.join(files)
    with Dossier.open(root, create=False) as opened:
        view = opened.view()
        chosen = view.model(model)
        held = places.require(view, chosen)
        place, form = _sealed_by(name, held)
        store = SealedStore(key, name, places.open_store(root, place))
        done = keyring.drill(
            key, len(files), store, fixity.plan([store], held.object, held.signed[form])
        )
        body: dict[str, Any] = {
            "key": name,
            "fingerprint": done.fingerprint,
            "shares": done.shares,
            "copy": done.copy,
            "file": done.file,
            "bytes": done.bytes,
            "sha512": done.sha512,
        }
        with opened.emitter(chosen.id, keyring.DRILL) as emit:
            emit.event("note", keyring.DRILL, body)
    typer.echo(f"{done.fingerprint}, from {done.shares} shares: opened {done.file} in {done.copy}")
    typer.echo(
        f"{done.bytes:,} bytes, sha512 {done.sha512[:16]}… as signed; recorded as {keyring.DRILL}"
    )


def _sealed_by(name: str, held: Any) -> tuple[str, str]:
    """Return where the copy that this key sealed lies, and its form."""
    start = f"sealed://{name}@"
    for copy in held.copies:
        if copy.at.startswith(start):
            return copy.at.removeprefix(start), copy.form
    raise UsageError(
        f"{held.object} has no copy sealed with '{name}'; its copies: {', '.join(held.roots)}"
    )
