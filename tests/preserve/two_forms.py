"""A family kept packed and plain: where it lies, what it holds, and how it is damaged."""

from tenure.preserve import ocfl
from tenure.preserve.stores.local import LocalStore

ROSE, TULIP = "urn:tenure:model:rose@1", "urn:tenure:model:tulip@1"
PACK = "v1/content/packed/model.safetensors.pack"
ORIGINAL = "v1/content/original/model.safetensors"
G0 = {"golden": "G0"}


def store(dossier, copy="vault"):
    return LocalStore(str(dossier.root / copy))


def at(dossier, copy="vault", urn=ROSE):
    return dossier.root / copy / ocfl.object_path(urn)


def tree(folder):
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {
        name: path.read_bytes()
        for name, path in found.items()
        if not name.startswith("extensions/tenure-")
    }


def change(path, how):
    path.chmod(0o644)
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "zeroed":
        path.write_bytes(bytes(len(data)))
    else:
        path.write_bytes(data[:99] + bytes([data[99] ^ 4]) + data[100:])
