"""Show some rows of a run and keep back the others, so that it can be checked which were kept back.

    made = disclose(view, secret, events, Choice(fraction=0.5, reason="..."), folder)

``events`` are evidence events; the folder gets them with their proofs, the rows that are shown with
the salts of their cells, the hashes of the rest, and the checker (``measure/disclosed.py``).
"""

import json
import math
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenure.dossier import cells, samples
from tenure.dossier.excerpt import May, excerpt, write
from tenure.dossier.merkle import Tree
from tenure.dossier.nouns import Event, Evidence
from tenure.dossier.reading import Reading, evidence_of
from tenure.dossier.samples import Secret
from tenure.dossier.source import Wanted
from tenure.errors import UsageError, unknown
from tenure.measure import leaks
from tenure.measure.columns import same
from tenure.measure.disclosed import FORMAT, LISTED
from tenure.measure.leaks import File, Row

CHECKER = "check_disclosure.py"
COMPANIONS = (
    "measure/worst.py",
    "measure/clusters.py",
    "measure/unseen.py",
    "measure/quantiles.py",
    "dossier/cells.py",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is kept back: rows whose cells equal one of ``withhold``, a ``fraction``, columns.

    ``count_only`` keeps back the design of these rows too (which arm, pair, cluster): then less
    can be said. ``reason`` is required where anything is kept back.
    """

    withhold: tuple[Mapping[str, Any], ...] = ()
    fraction: float = 0.0
    seed: int = 0
    hide: tuple[str, ...] = ()
    count_only: bool = False
    reason: str = ""

    @property
    def everything(self) -> bool:
        """Say whether nothing is kept back."""
        return not self.withhold and not self.fraction and not self.hide


def no_file(_name: str, _digest: str) -> bool:
    """Hand out no file."""
    return False


@dataclass(frozen=True, slots=True)
class Besides:
    """Further events to hand out, and which files (``may(name, digest)``) of all of them."""

    events: tuple[Event, ...] = ()
    may: May = no_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """What was handed out: events, rows in whole, rows in all; ``warnings`` say what to mind."""

    folder: Path
    events: int
    shown: int
    rows: int
    warnings: tuple[str, ...]


def _read(view: Reading, digest: str) -> list[Row]:
    return [cells.read(line) for line in samples.lines_of(view.path(digest))]


def _design(evidence: Evidence, digest: str) -> frozenset[str]:
    """Return the columns by which recipes place a row, those that hold no outcome."""
    found, outcomes = set[str](), set[str]()
    for measure in evidence.measures:
        recipe = measure.recipe
        if recipe is not None and measure.samples == digest:
            found |= {*recipe.where, *(c for c in (recipe.arm, recipe.pair, recipe.cluster) if c)}
            outcomes.add(recipe.value)
    return frozenset(found - outcomes)


def _kept(rows: Sequence[Row], digest: str, choice: Choice) -> frozenset[int]:
    """Choose the rows that are kept back."""
    found = {i for i, row in enumerate(rows) for one in choice.withhold if _equal(row, one)}
    order = sorted(range(len(rows)), key=lambda i: cells.row_salt(b"%d" % choice.seed, digest, i))
    return frozenset(found | set(order[: math.floor(choice.fraction * len(rows))]))


def _equal(row: Row, wanted: Mapping[str, Any]) -> bool:
    return all(c in row and same(row[c], v) for c, v in wanted.items())


def _files(view: Reading, evidence: Evidence, choice: Choice) -> list[File]:
    roots, made = samples.roots_of(evidence), list[File]()
    if not roots:
        raise UsageError(
            f"{evidence.name} was recorded before rows had a root, or holds none; run it again, or "
            "hand out the whole record with `tenure export`"
        )
    for digest in roots:
        rows = _read(view, digest)
        design = frozenset[str]() if choice.count_only else _design(evidence, digest)
        hide = frozenset(choice.hide)
        made.append(File(digest, rows, _kept(rows, digest, choice), design - hide, hide))
    return made


def _known_columns(files: Sequence[File], choice: Choice) -> None:
    known = {column for file in files for row in file.rows for column in row}
    for column in (*choice.hide, *(c for one in choice.withhold for c in one)):
        if column not in known:
            raise unknown("column", column, known)


def _line(row: Row, salt: bytes, hidden: set[str], index: int) -> str:
    if not hidden:
        return f'{{"i":{index},"row":{cells.text_of(row)},"salt":"{salt.hex()}"}}\n'
    own = {c: cells.cell_salt(salt, c) for c in row}
    shown = ",".join(
        f'{json.dumps(c)}:{{"salt":"{own[c].hex()}","value":{cells.text_of(row[c])}}}'
        for c in sorted(set(row) - hidden)
    )
    shut = {c: cells.cell_hash(own[c], cells.text_of(row[c])).hex() for c in sorted(hidden)}
    return f'{{"i":{index},"cells":{{{shown}}},"hidden":{json.dumps(shut)}}}\n'


def _write(file: File, held: Mapping[str, Any], secret: Secret, choice: Choice, into: Path) -> Row:
    """Write the rows of one file that are shown; return what is listed of it."""
    salts = [cells.row_salt(secret.raw, file.digest, i) for i in range(len(file.rows))]
    tree = Tree([cells.leaf(cells.hashes(r, s)) for r, s in zip(file.rows, salts, strict=True)])
    samples.check_root(held, tree, file.digest)
    told = [i for i in range(len(file.rows)) if i not in file.kept or file.design & set(file.rows[i])]  # fmt: skip
    lines = (_line(file.rows[i], salts[i], file.hidden(i), i) for i in told)
    (into / "disclosed").mkdir(exist_ok=True)
    write(into / "disclosed" / f"{file.digest[7:23]}.jsonl", "".join(lines).encode())
    columns = Counter(
        c for i in range(len(file.rows)) if i not in file.kept for c in file.hidden(i)
    )
    return {
        "digest": file.digest,
        "root": held["root"],
        "count": len(file.rows),
        "proof": [h.hex() for h in cells.proof(told, tree.size, tree.range_root)],
        "kept_back": len(file.kept),
        "hidden_columns": dict(sorted(columns.items())),
        "reason": choice.reason,
    }


def disclose(
    view: Reading,
    secret: Secret,
    events: Sequence[Event],
    choice: Choice,
    into: Path,
    besides: Besides | None = None,
) -> Disclosed:
    """Write a folder with these evidence events and the rows of theirs that may be seen.

    ``besides`` are further events and files to hand out; without it no file is.

    Raises:
        UsageError: no evidence, evidence without roots, an unknown column, no reason, or the
            secret is not the one the roots were made with.
        RefusedError: a text that is kept back stands in what would be handed out.
        IntegrityError: the rows are not those that were signed.
    """
    if not 0 <= choice.fraction <= 1:
        raise UsageError(f"a fraction lies between 0 and 1, not {choice.fraction}")
    if not choice.everything and not choice.reason.strip():
        raise UsageError("what is kept back needs a reason; give --reason TEXT")
    chosen = [(event, evidence_of(view.whole(event))) for event in events]
    if not chosen:
        raise UsageError("there is no evidence to disclose; run an assessment first")
    work = [(event, evidence, _files(view, evidence, choice)) for event, evidence in chosen]
    _same_secret([evidence for _, evidence in chosen], secret)
    besides = besides or Besides()
    handed = [*events, *_beside(view, events), *besides.events]
    files = [file for _, _, held in work for file in held]
    _known_columns(files, choice)
    whole = [view.whole(event) for event in handed]
    leaks.refuse(whole, files)
    if into.exists() and any(into.iterdir()):
        raise UsageError(f"{into} is not empty; give a new folder")
    new = into.with_name(f".{into.name}.new")  # whole or not at all: it is renamed when it is done
    shutil.rmtree(new, ignore_errors=True)
    count = excerpt(view, handed, new, besides.may)
    listed = [
        {
            "event": event.digest,
            "index": event.index,
            "name": evidence.name,
            "samples": [_write(f, samples.roots_of(evidence)[f.digest], secret, choice, new) for f in held],
        }
        for event, evidence, held in work
    ]  # fmt: skip
    model = events[0].model
    told = {"format": FORMAT, "model": model, "evidence": listed}
    write(new / LISTED, json.dumps(told, indent=1).encode() + b"\n")
    write_checker(new)
    new.rename(into)
    rows = sum(len(file.rows) for file in files)
    shown = rows - sum(file.touched for file in files)
    return Disclosed(
        folder=into, events=count, shown=shown, rows=rows, warnings=leaks.warnings(whole, files)
    )


def _same_secret(found: Iterable[Evidence], secret: Secret) -> None:
    for evidence in found:
        for held in samples.roots_of(evidence).values():
            if held.get("secret") != secret.name:
                raise UsageError(
                    f"the rows of {evidence.name} were salted with the secret {held.get('secret')}, "
                    f"here is {secret.name}; set TENURE_KEYS to the folder where it was recorded"
                )


def _beside(view: Reading, events: Sequence[Event]) -> list[Event]:
    """Return the registration of each model, and the start (all settings) of each run."""
    models = {event.model for event in events}
    found = [e for e in view.source.find(Wanted(act="register")) if e.model in models]
    for event in events:
        key = view.whole(event).body.get("key")
        found += view.source.find(Wanted(once=f"start:{key}")) if key else []
    return found


def write_checker(into: Path) -> None:
    """Put the checker and its companions into a folder."""
    root = Path(__file__).parents[1]
    places = {CHECKER: root / "measure" / "disclosed.py"}
    write_programs(into, places | {Path(name).name: root / name for name in COMPANIONS})


def write_programs(into: Path, places: Mapping[str, Path]) -> None:
    """Copy programs that need nothing but Python; they import each other as neighbours."""
    for name, place in places.items():
        text = place.read_text(encoding="utf-8")
        text = re.sub(
            r"^from tenure\.(?:dossier|measure) import (.+)$", _imports, text, flags=re.MULTILINE
        )
        text = re.sub(
            r"^from tenure\.\w+\.(\w+) import", r"from \1 import", text, flags=re.MULTILINE
        )
        write(into / name, text.encode())


def _imports(found: re.Match[str]) -> str:
    names = [each.strip() for each in found[1].split(",")]
    return "\n".join("import verify_dossier as verifier" if n == "verifier" else f"import {n}" for n in names)  # fmt: skip
