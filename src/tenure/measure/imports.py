"""Inspect logs that were made elsewhere, taken in as attested evidence.

Nobody here saw the run, so the evidence is of the kind ``attested`` and counts as such. What can
be done is done: the planned samples are recounted, every score has an interval, epochs of one
sample are one cluster, and missing scores are bounded. A file that cannot be read is named, with
the reason; the others go on.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tenure.dossier.canonical import digest_file
from tenure.dossier.nouns import Evidence, Measure, Model, Recipe
from tenure.dossier.stage import Emit
from tenure.errors import DocumentError, TenureError
from tenure.measure import logs
from tenure.measure.estimate import estimate

LARGEST = 2 << 30  # bytes of a log, unpacked; a log of 100,000 samples is a tenth of it
SUFFIXES = (".eval", ".json")


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken in, one evidence a log, and what could not be: (file, reason)."""

    evidence: tuple[Evidence, ...]
    failed: tuple[tuple[str, str], ...]

    def __iter__(self) -> Iterator[Evidence]:
        """Go through the evidence; look at ``failed`` too."""
        return iter(self.evidence)


def import_logs(paths: Sequence[Path | str], emit: Emit, *, model: str | None = None) -> Imported:
    """Record Inspect logs (files, or folders of them) as attested evidence, once each.

    ``model`` is the id of the registered model they are about; without it the model of each log
    is registered as an API model under its own string. Nothing is raised for a broken log: it is
    listed in ``failed``.
    """
    evidence: list[Evidence] = []
    failed: list[tuple[str, str]] = []
    for path in _files(paths, failed):
        try:
            _check_size(path)
            inputs = {"log": digest_file(path), "model": model}
            done = emit.unit("import", inputs, partial(_record, path, emit, model))
            evidence.append(Evidence.from_json(done))
        except TenureError as error:
            failed.append((str(path), str(error)))
    return Imported(tuple(evidence), tuple(failed))


def _record(path: Path, emit: Emit, model: str | None) -> dict[str, Any]:
    """Add one log's evidence to the dossier."""
    found = _one(path, emit, model)
    samples = {f"samples/{m.name}": m.samples for m in found.measures if m.samples is not None}
    body = found.to_json()
    emit.event(
        "evidence",
        found.name,
        {"evidence": body},
        model=found.model,
        files={**samples, **found.files},
    )
    return body


def _files(paths: Sequence[Path | str], failed: list[tuple[str, str]]) -> list[Path]:
    found: list[Path] = []
    for given in map(Path, paths):
        if given.is_dir():
            inside = sorted(p for p in given.rglob("*") if p.suffix in SUFFIXES and p.is_file())
            if not inside:
                failed.append((str(given), "holds no Inspect log (.eval or .json)"))
            found += inside
        elif given.is_file():
            found.append(given)
        else:
            failed.append((str(given), "is not there; give an Inspect log or a folder of them"))
    return found


def _check_size(path: Path) -> None:
    """Refuse a log that would unpack to more than ``LARGEST`` bytes, before it is unpacked."""
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
    elif path.suffix == ".eval":
        raise DocumentError(path, None, "file", "is not a zip, as a .eval log is; fetch it again")
    if size > LARGEST:
        raise DocumentError(
            path, None, "file", f"would take {size >> 20} MiB unpacked, the most is {LARGEST >> 20}"
        )


def _read(path: Path) -> Any:
    try:
        log = logs.read(path)
    except Exception as error:  # noqa: BLE001 - a hostile log may break its reader in any way
        said = str(error).strip().splitlines()
        reason = f"{type(error).__name__}: {said[0][:200]}" if said else type(error).__name__
        raise DocumentError(
            path, None, "log", f"is not a readable Inspect log ({reason})"
        ) from None
    if not log.eval.task or not log.eval.model:
        raise DocumentError(path, None, "eval", "names no task or no model")
    return log


def planned_of(log: Any) -> list[logs.Planned]:
    """List what the log says was to be run, and what it holds besides."""
    samples: dict[tuple[str, int], Any] = {(str(s.id), s.epoch): s for s in log.samples or ()}
    epochs = log.eval.config.epochs or 1
    ids: list[Any] = list(
        log.eval.dataset.sample_ids or dict.fromkeys(s.id for s in log.samples or ())
    )
    ids += [f"not-run-{i}" for i in range(1, _unnamed(log, len(ids)) + 1)]
    order: dict[tuple[str, int], None] = {
        (str(i), e): None for i in ids for e in range(1, epochs + 1)
    }
    for key in samples:
        order.setdefault(key)
    found: list[logs.Planned] = []
    for key in order:
        sample = samples.get(key)
        about: dict[str, Any] = dict(sample.metadata) if sample else {}
        prompt = logs.plain(sample.input) if sample else None
        metadata = {k if k not in logs.OURS else f"their_{k}": _json(v) for k, v in about.items()}
        found.append(logs.Planned(id=key[0], epoch=key[1], prompt=prompt, metadata=metadata))
    return found


def _unnamed(log: Any, named: int) -> int:
    """Count the planned samples that the log does not name."""
    if log.eval.dataset.sample_ids:
        return 0
    total = log.results.total_samples if log.results else 0
    return max(0, total // (log.eval.config.epochs or 1) - named)


def _json(value: Any) -> Any:
    """Make foreign metadata plain JSON, without NaN."""
    text = json.dumps(value, default=str)
    return json.loads(text, parse_constant=lambda _: None)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "unnamed"


def _one(path: Path, emit: Emit, about: str | None) -> Evidence:
    log = _read(path)
    samples: list[Any] = list(log.samples or ())
    found = {(str(s.id), s.epoch): s for s in samples}
    if len(found) != len(samples):
        raise DocumentError(
            path, None, "samples", "one sample is there twice; the log was altered or torn"
        )
    planned = planned_of(log)
    columns = logs.columns_of(samples)
    if not planned:
        raise DocumentError(
            path, None, "samples", "there are none, planned or run; nothing to attest"
        )
    rows = [logs.record(p, found.get((str(p.id), p.epoch)), columns) for p in planned]
    about = (
        about
        or emit.register(Model(name=_slug(log.eval.model), kind="api", source=log.eval.model)).id
    )
    address = emit.records(rows)
    measures = tuple(_measure(column, rows, address) for column in columns)
    missing = sum(row["why_missing"] is not None for row in rows)
    return Evidence(
        name=f"import/{_slug(log.eval.task)}",
        model=about,
        kind="attested",
        summary=f"{log.eval.task}: {len(rows)} samples planned, {missing} with something missing; run elsewhere",
        form="api",
        measures=measures,
        files={"samples": address, "log": emit.file(path)},
        findings={
            "task": log.eval.task,
            "model": log.eval.model,
            "created": log.eval.created,
            "status": log.status,
            "planned": len(rows),
            "in_log": len(samples),
            "why_missing": _reasons(rows),
        },
    )


def _reasons(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for row in rows:
        if row["why_missing"] is not None:
            counted[row["why_missing"]] = counted.get(row["why_missing"], 0) + 1
    return dict(sorted(counted.items()))


def _measure(column: str, rows: Sequence[dict[str, Any]], samples: str) -> Measure:
    binary = all(row[column] is None or isinstance(row[column], bool) for row in rows)
    repeated = any(row["epoch"] > 1 for row in rows)
    recipe = Recipe(
        estimator="proportion" if binary else "mean",
        value=column,
        cluster="id" if repeated else None,
    )
    return estimate(
        rows,
        recipe,
        name=column,
        unit="proportion" if binary else "mean",
        samples=samples,
        note="run elsewhere",
    )
