"""Research access: what it takes to compare a retired model with later ones on the very same harness.

A folder with ``harness.json`` (which model, by digest; every file of the tasks, scenarios, graders and
estimators, by digest; the versions of what they run on), the sample records of the model's assessments as
they are stored, ``requirements.txt``, and a README with the commands. ``check`` says which of these have
changed since, by name: numbers from a changed harness are not compared with these.

Transcripts of interviews are not in it: they are kept for what they were given for, and never for training.
"""

import json
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import tenure
from tenure.dossier import Model, View
from tenure.dossier.canonical import digest, digest_file, digest_of
from tenure.errors import DocumentError, RefusedError, UsageError

SCHEMA = "tenure/harness.v1"
HARNESS = "harness.json"
FROZEN = ("tenure.assess", "tenure.measure", "tenure.stats")
KINDS = (".py", ".yaml", ".json", ".jsonl")
PACKAGES = ("inspect-ai", "numpy", "scipy", "torch", "transformers", "openvino", "openvino-genai")


def frozen() -> dict[str, str]:
    """Digest every file of the harness as installed: tasks, scenarios, graders, estimators, statistics."""
    found: dict[str, str] = {}
    for package in FROZEN:
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(root).rglob("*")):
                if path.is_file() and path.suffix in KINDS:
                    name = f"{package.replace('.', '/')}/{path.relative_to(root).as_posix()}"
                    found[name] = digest_file(path)
    return found


def versions() -> dict[str, str]:
    """Return the versions of what the harness runs on, of those that are installed."""
    held: dict[str, str] = {"tenure": tenure.__version__}
    for name in PACKAGES:
        try:
            held[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return held


def _records(view: View, model: Model) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the records of a model's assessments: (path, digest, what they are from)."""
    newest = {e.name: (e, found) for e, found in view.all_evidence(model.id)}
    for name, (event, evidence) in sorted(newest.items()):
        if not name.startswith("assess/"):
            continue
        starts = view.events(act="start", name=name, model=model.id)
        settings = next(
            (e.body.get("spec") for e in reversed(starts) if e.index < event.index), None
        )
        about = {"evidence": name, "event": event.digest, "form": evidence.form, "spec": settings}
        for file, stored in sorted(evidence.files.items()):
            yield f"records/{name.replace('/', '-')}/{file}", stored, about


def write(view: View, model: Model, into: Path) -> Mapping[str, Any]:
    """Write the folder and return what ``harness.json`` says.

    Raises:
        RefusedError: the model is contained.
        UsageError: the folder is there already and not empty.
    """
    label = view.state(model.id).containment
    if label:
        raise RefusedError(f"{model.id} is contained ({label}); its records stay in the house")
    if into.exists() and any(into.iterdir()):
        raise UsageError(f"{into} is not empty; name a new folder with --into")
    held = list(_records(view, model))
    into.mkdir(parents=True, exist_ok=True)
    for path, stored, _ in held:
        place = into / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(view.read(stored))
    harness: dict[str, Any] = {
        "schema": SCHEMA,
        "model": {"id": model.id, "digest": model.digest, "kind": model.kind},
        "versions": versions(),
        "files": frozen(),
        "records": {path: {"digest": stored, **about} for path, stored, about in held},
    }
    harness["digest"] = digest_of(harness)
    text = json.dumps(harness, indent=2, ensure_ascii=False) + "\n"
    (into / HARNESS).write_text(text, encoding="utf-8")
    pinned = "".join(f"{name}=={at}\n" for name, at in harness["versions"].items())
    (into / "requirements.txt").write_text(pinned, encoding="utf-8")
    (into / "README.md").write_text(_readme(model, harness), encoding="utf-8")
    return harness


def _readme(model: Model, harness: Mapping[str, Any]) -> str:
    names = sorted({held["evidence"] for held in harness["records"].values()})
    runs = "\n".join(
        f"    tenure {n.replace('/', ' ').replace('_', '-')} --model NEW" for n in names
    )
    told = runs or "    (no assessment of this model is on record)"
    return f"""# {model.id}: a frozen harness

What this folder holds was measured on {model.id} (`{model.digest}`). Before a number of another model is
set beside one of these, check that the harness is the same:

    tenure retire research --check .

Ask the same of another model, on the same tasks:

{told}

Compare the two, pair by pair:

    tenure compare {model.id} NEW

`requirements.txt` pins what the harness runs on. `records/` are the samples as they are stored, by digest in
`{HARNESS}`. The model itself answers after 'tenure retire grant --access research', or from its vault by
'tenure preserve revive'. Nothing in here is for training: an assessment that was trained on measures nothing.
"""


def check(folder: Path) -> list[str]:
    """Name what is not as it was frozen, sorted: files of the harness, records, versions. Empty: the same.

    Raises:
        DocumentError: the folder holds no harness, or its file was changed.
    """
    place = folder / HARNESS
    try:
        held = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DocumentError(place, None, "", f"a frozen harness was expected: {error}") from None
    said = held.pop("digest", None) if isinstance(held, dict) else None
    if said is None or held.get("schema") != SCHEMA or digest_of(held) != said:
        raise DocumentError(place, None, "digest", "the file is not as it was written")
    changed = [
        *_differ("the harness", held["files"], frozen()),
        *_differ("the version of", held["versions"], versions()),
    ]
    for path, about in sorted(held["records"].items()):
        there = folder / path
        if not there.is_file():
            changed.append(f"{path} is missing")
        elif digest(there.read_bytes()) != about["digest"]:
            changed.append(f"{path} was changed")
    return changed


def _differ(what: str, then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if name not in now:
            yield f"{what} {name} is not here"
        elif name not in then:
            yield f"{what} {name} was added"
        elif then[name] != now[name]:
            yield f"{what} {name} was changed"
