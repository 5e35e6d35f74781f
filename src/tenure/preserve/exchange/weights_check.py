"""Looking into a model's own files before they are registered: headers, index, names said twice."""

from pathlib import Path

from tenure.errors import IntegrityError, ModelError, TenureError
from tenure.models.registration import default_system
from tenure.models.weights import HEADER_LIMIT, check, safetensors_header
from tenure.preserve.exchange.limits import json_of, small

INDEX = "model.safetensors.index.json"


def look(folder: Path) -> str:
    """Check a folder of weights and return its form, as ``tenure register`` does and more strictly.

    Raises:
        ModelError: anything :func:`tenure.models.weights.check` refuses; a tensor in two files.
        IntegrityError: a tensor twice in one header, an index that names what is not there.
    """
    where: dict[str, str] = {}
    for path in sorted(folder.glob("*.safetensors")):
        header = safetensors_header(path)  # sizes first: nothing long is read
        _refuse_twice(path)
        for name in header:
            if name in where:
                raise ModelError(
                    f"the tensor {name!r} is in {where[name]} and in {path.name}; fetch the files again"
                )
            where[name] = path.name
    if where and (folder / INDEX).is_file():
        _fits_index(folder, where)
    form = check(folder)
    _fits_template(folder)
    return form


def _fits_template(folder: Path) -> None:
    """See that what a registration reads of the tokenizer can be read at all."""
    ggufs = [] if list(folder.glob("*.safetensors")) else sorted(folder.glob("*.gguf"))
    try:
        default_system(ggufs[0] if ggufs else folder)
    except TenureError:
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's texts and template, read by three libraries
        raise ModelError(
            f"its tokenizer's config or chat template cannot be read ({type(error).__name__}); fetch the files "
            "again"
        ) from None


def _refuse_twice(path: Path) -> None:
    with path.open("rb") as source:
        length = int.from_bytes(source.read(8), "little")
        json_of(source.read(min(length, HEADER_LIMIT)), f"the header of {path.name}")


def _fits_index(folder: Path, where: dict[str, str]) -> None:
    index = json_of(small(folder / INDEX), INDEX).get("weight_map")
    if not isinstance(index, dict):
        raise IntegrityError(f"{INDEX} has no weight_map; fetch it again")
    wrong = sorted(name for name in {*index, *where} if index.get(name) != where.get(name))
    if wrong:
        raise IntegrityError(
            f"{INDEX} and the files differ about {len(wrong)} tensor(s), first {wrong[0]!r}: it says "
            f"{index.get(wrong[0])!r}, found in {where.get(wrong[0])!r}; fetch the files again"
        )
