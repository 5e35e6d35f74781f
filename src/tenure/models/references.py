"""What a name means: a model of the dossier, the embedded one, files, an API, an organism."""

import re
from pathlib import Path

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import ModelError, UsageError, unknown
from tenure.models import embedded
from tenure.models.fingerprint import files_of
from tenure.models.organisms import parse
from tenure.models.weights import check

EMBEDDED = "tenure/embedded"


def resolve(name: str, view: View | None = None) -> Model:
    """Turn a name into a model reference.

    ``name`` or ``name@version`` of the dossier's models (also written ``tenure/<name>``);
    ``tenure/embedded``; a folder of safetensors or a GGUF file; ``organism/<behaviour>?rate=0.05``;
    any other string with a slash is an Inspect model string (``openai-api/lab/model``), kind "api".

    Raises:
        UsageError: the name is none of these; the known ones are listed.
        ModelError: the files are missing, broken, or of a kind that is never opened.
    """
    if name.startswith("organism/"):
        return _organism(name)
    found = _registered(name.removeprefix("tenure/"), view)
    if found:
        return found
    if name == EMBEDDED:
        return _embedded()
    known = ["tenure/embedded", *(m.name for m in view.models())] if view else ["tenure/embedded"]
    if name.startswith("tenure/"):
        if view is None:
            raise UsageError(
                f"'{name}' is a model of a dossier, and none was named; set TENURE_DOSSIER to the "
                f"dossier's folder or give the model argument dossier=FOLDER"
            )
        raise unknown("model", name, known)
    if _is_path(name):
        return _files(Path(name).expanduser())
    if "/" in name:
        return Model(name=_slug(name.split("/", 1)[1]), kind="api", source=name)
    raise unknown("model", name, known)


def _registered(name: str, view: View | None) -> Model | None:
    if view is None:
        return None
    wanted, _, version = name.partition("@")
    same = [m for m in view.models() if m.name == wanted or m.source == name]
    if version:
        same = [m for m in same if m.version == version]
    return same[-1] if same else None


def _is_path(name: str) -> bool:
    if name.startswith(("/", "./", "../", "~")) or name.endswith((".gguf", ".safetensors")):
        return True
    return Path(name).exists()


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"


def _embedded() -> Model:
    return Model(
        name="embedded",
        source=EMBEDDED,
        files={embedded.FILE: embedded.GGUF},
        card={"form": embedded.FORM, "licence": embedded.LICENCE, "package": embedded.PACKAGE},
    )


def _files(path: Path) -> Model:
    form = check(path)
    return Model(
        name=_slug(path.stem if path.is_file() else path.name),
        source=str(path.resolve()),
        files=files_of(path),
        card={"form": form},
    )


def _organism(name: str) -> Model:
    parse(name)
    slug = _slug(
        name.removeprefix("organism/").replace("?", "-").replace("=", "-").replace("&", "-")
    )
    return Model(name=slug, kind="scripted", source=name, containment="organism")


def place(model: Model, view: View | None) -> Path:
    """Return where a model's files lie: a GGUF file, or a folder of safetensors.

    Raises:
        ModelError: it has no files, or they are not here.
    """
    if not model.files:
        raise ModelError(f"'{model.id}' ({model.kind}) has no files; name a model with weights")
    if view is not None and any(m.digest == model.digest for m in view.models()):
        folder = view.folder(model)
    elif model.source == EMBEDDED:
        return embedded.find()
    else:
        folder = Path(model.source)
    if not folder.exists():
        raise ModelError(
            f"the files of '{model.id}' are not at '{model.source}'; register it again"
        )
    ggufs = sorted(folder.glob("*.gguf")) if folder.is_dir() else []
    return ggufs[0] if len(ggufs) == 1 and not list(folder.glob("*.safetensors")) else folder
