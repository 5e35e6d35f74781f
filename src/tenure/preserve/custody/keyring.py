"""Keys of sealed copies: made, kept outside the dossier, split among people, and tried out.

To lose a key is the likeliest way to lose a sealed copy, likelier than a broken disk or a thief. So a
key is not made without a note of what it is for, can be split so that k of n people bring it back,
and ``drill`` proves, from the shares alone, that a sealed copy still opens.
"""

import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tenure.dossier.keys import default_folder
from tenure.errors import IntegrityError, RefusedError, UsageError, unknown
from tenure.preserve import forms, ocfl
from tenure.preserve.custody import shares as sharing
from tenure.preserve.custody.sealing import KEY_BYTES, VaultKey
from tenure.preserve.fixity import Plan
from tenure.preserve.store import Store, sha512_of

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
DRILL = "vault/key-drill"


class Keyring:
    """A folder of vault keys, one text file (mode 0600) for each name."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when the first key is."""
        self.folder = folder

    @classmethod
    def usual(cls) -> "Keyring":
        """Return the folder ``vault`` in that of the signing keys ($TENURE_KEYS)."""
        return cls(default_folder() / "vault")

    def path(self, name: str) -> Path:
        """Say where a key lies.

        Raises:
            UsageError: the name is none for a key.
        """
        if not NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' is no name for a key: use letters, digits, '-', '_' and '.'"
            )
        return self.folder / f"{name}.key"

    def names(self) -> list[str]:
        """List the keys there are."""
        return sorted(path.stem for path in self.folder.glob("*.key"))

    def load(self, name: str) -> VaultKey:
        """Load a key.

        Raises:
            UsageError: there is none of this name, or the file is not a vault key.
            RefusedError: others may read the file.
        """
        path = self.path(name)
        if not path.is_file():
            error = unknown("vault key", name, self.names())
            raise UsageError(
                f"{error}. A sealed copy does not open without it: bring it back from its shares with "
                f"'tenure vault key join --as {name}', or make one with 'tenure vault key make {name}'"
            )
        if path.stat().st_mode & 0o077:
            raise RefusedError(f"{path} can be read by others; run: chmod 600 {path}")
        try:
            fields = dict(
                line.split(": ", 1) for line in path.read_text(encoding="ascii").splitlines()
            )
            key = VaultKey(bytes.fromhex(fields["key"]))
            fits = fields["fingerprint"] == key.fingerprint
        except (ValueError, KeyError, UsageError):
            fits, key = False, None
        if not fits or key is None:
            raise UsageError(
                f"{path} is not a vault key, or is damaged; bring the key back with 'tenure vault key join'"
            )
        return key

    def store(self, name: str, key: VaultKey) -> Path:
        """Write a key, whole or not at all, never over another one.

        Raises:
            UsageError: another key of this name is there.
        """
        path = self.path(name)
        if path.exists():
            if self.load(name).fingerprint == key.fingerprint:
                return path
            raise UsageError(
                f"there is another key '{name}' already; a sealed copy may need it: take another name"
            )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = (
            f"format: tenure/vault-key/1\nname: {name}\nfingerprint: {key.fingerprint}\n"
            f"key: {key.reveal().hex()}\n"
        )
        descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=".new-")  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as target:
                target.write(text)
                target.flush()
                os.fsync(target.fileno())
            os.link(temporary, path)  # fails when another process was first
        except FileExistsError:
            return self.store(name, key)
        finally:
            Path(temporary).unlink(missing_ok=True)
        return path


def escrow_note(name: str, key: VaultKey) -> str:
    """Write the note that goes with a key: what it is, who should hold it, how it is used."""
    return f"""\
ESCROW NOTE: a key to sealed copies of language models

Name of the key:  {name}
Fingerprint:      {key.fingerprint}

What it is for
  Some copies of our vault are encrypted before they leave the house. They open with this key and with
  nothing else: no password, no company and no program can replace it. Whoever has the key and such a
  copy can read every model in it.

What is lost with it
  Every copy that was sealed with it. To lose the key is the likeliest way to lose such a copy.

Who should hold it
  Nobody alone. Split it ("tenure vault key split {name} --shares 5 --needed 3 --into FOLDER"), print
  each share on paper, and give them to people who do not work in one place, with a copy of this note.
  Write here who has which share, and since when:

    share 1: ______________________________   share 4: ______________________________
    share 2: ______________________________   share 5: ______________________________
    share 3: ______________________________

How to use it
  1. Bring as many shares together as each one says are needed; type them into text files.
  2. tenure vault key join SHARE SHARE SHARE --as {name}
     It says the fingerprint; it must be the one above.
  3. Use the copy as any other: its location is sealed://{name}@PLACE.
  The form of the files is written down in SEALED.txt beside them; a programmer can open them with that
  description and any library that has AES-GCM, AES-SIV and HKDF. Python's own library has none of these:
  the program read_vault.py cannot read a sealed copy.

Once a year
  tenure vault key check {name} --share SHARE --share SHARE --share SHARE --model MODEL
  opens a sealed copy from the shares alone, compares a check sum, and records that it was done.

This note holds no secret. Keep it with each share, and once where your wills and contracts are kept.
"""


def share_text(name: str, key: VaultKey, share: sharing.Share, of: int) -> str:
    """Write one share for paper."""
    lines = "\n".join(f"    {line}" for line in share.to_lines())
    return f"""\
Share {share.number} of {of} of the vault key '{name}'

{lines}

Any {share.needed} of the {of} shares bring the key back; fewer tell nothing about it. Keep this one secret.
Fingerprint of the key (no secret): {key.fingerprint}
To use: tenure vault key join, with the other shares. The last four signs of a line are its check sum.
"""


def sealed_note(name: str, key: VaultKey) -> str:
    """Write what lies in the open beside sealed files, for whoever finds them."""
    return f"""\
SEALED COPY OF A MODEL VAULT (tenure/sealed/1)

The files in the folder "sealed" are encrypted. They open with one key only:

  name {name}, fingerprint {key.fingerprint}

read_vault.py cannot read this copy, since Python's own library has no such cipher. Look for a plain
copy first. To open this one with Tenure, give the location sealed://{name}@THIS-PLACE.

How the files are made, K being the key's 32 bytes and HKDF being HKDF-SHA256 (RFC 5869):

  fingerprint  HKDF(K, no salt, info "tenure/sealed/1 fingerprint"), 16 bytes
  name         the path of a file in the vault (UTF-8), then 0x80, then zeros to a multiple of 32 bytes,
               sealed with AES-SIV (RFC 5297; no associated data) under HKDF(K, no salt, info
               "tenure/sealed/1 names"), 64 bytes; written in lower-case base32 (RFC 4648) without "=",
               cut into folders: "sealed", the first two signs, then all signs in parts of 200
  file         header: "TENURESL", number 1 (4 bytes, little-endian), 4 zero bytes, the fingerprint,
               32 bytes of salt; then records. Its key is HKDF(K, salt, info "tenure/sealed/1 file",
               one zero byte, the path), 32 bytes. Each record is AES-256-GCM of 65,536 bytes, the last
               one of 0 to 65,536; the nonce is the record's number from 0 in 11 bytes, big-endian, and
               one byte: 1 for the last record, else 0; the header is its associated data; the tag of 16
               bytes stands behind it.
  set aside    what lies below extensions/tenure-set-aside/N/ was replaced; its path is that behind N/.

The vault itself is an OCFL 1.1 storage root once the paths and files are opened.
"""


def sealed(location: str) -> bool:
    """Say whether a location is that of a sealed copy."""
    return location.startswith("sealed://")


def require_unsealed(locations: Sequence[str], *, allowed: bool = False) -> None:
    """Refuse to keep a model in sealed copies only, unless that was allowed.

    Raises:
        UsageError: every copy would be sealed.
    """
    if locations and all(map(sealed, locations)) and not allowed:
        raise UsageError(
            "every copy would be sealed: with the key the model would be lost, and no copy could be read "
            "by the program in the vault; leave one copy unsealed, or say 'allow_no_plain: true'"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """What a drill did: the key's fingerprint, how many shares, and the file that was opened."""

    fingerprint: str
    shares: int
    copy: str
    file: str
    bytes: int
    sha512: str


def drill(key: VaultKey, shares: int, copy: Store, wanted: Plan) -> Drilled:
    """Open a file of a sealed copy with a key that was just joined, and compare its digest.

    The file is the smallest of the model's own (or of its packs), so that it is no choice, and a drill
    of a large model takes no day: one key opens all of them.

    Raises:
        IntegrityError: it is not there, does not open, or is not what was signed.
    """
    path, place, digest = _smallest(copy, wanted)
    try:
        with copy.open(place) as source:
            found, size = sha512_of(source)
    except KeyError:
        raise IntegrityError(
            f"{copy.label} lacks {path} of {wanted.inventory.id}; run 'tenure preserve check'"
        ) from None
    if found != digest:
        raise IntegrityError(
            f"{copy.label}: {path} opened, and is not what was signed; run 'tenure preserve check'"
        )
    return Drilled(
        fingerprint=key.fingerprint,
        shares=shares,
        copy=copy.label,
        file=path,
        bytes=size,
        sha512=digest,
    )


def _smallest(copy: Store, wanted: Plan) -> tuple[str, str, str]:
    """Choose the file of a drill: its path in the object, its key in the store, its sha512."""
    at = ocfl.object_path(wanted.inventory.id)
    named = sorted((path, digest) for digest, path in wanted.inventory.manifest.items())
    own = [
        each for each in named if f"/content/{forms.ORIGINAL}" in each[0] or "/packed/" in each[0]
    ]
    there: list[tuple[int, str, str]] = []
    for path, digest in own or named:
        with suppress(KeyError):
            there.append((copy.size(f"{at}/{path}"), path, digest))
    if not there:
        raise IntegrityError(
            f"{copy.label} holds no file of {wanted.inventory.id}; run 'tenure preserve check'"
        )
    _, path, digest = min(there)
    return path, f"{at}/{path}", digest


def join(given: Sequence[Path]) -> VaultKey:
    """Bring a key back from files that hold one share each.

    Raises:
        UsageError: a file that cannot be read, a share that is wrong, or too few of them.
    """
    read: list[sharing.Share] = []
    for path in given:
        try:
            read.append(sharing.read_share(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} cannot be read: {error}") from None
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None
    secret = sharing.join(read)
    key = VaultKey(secret)
    if len(secret) != KEY_BYTES or key.mark[: len(read[0].mark)] != read[0].mark:
        raise UsageError(
            "these shares do not give the key they name: one of them is of another splitting; give one more "
            "share than needed, and the one that does not fit is named"
        )
    return key
