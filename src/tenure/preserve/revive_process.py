"""Bring a model back in a process of its own, from the vault alone: no dossier, no cache.

    python -m tenure.preserve.revive_process --vault FOLDER --object URN --into FOLDER

Prints one JSON object a line: each level as it is reached, each part of the way to a first token
where ``--chat`` asks for one, and last the whole outcome. Exit status 0 when nothing differed, 3
when something did. The module's name and arguments stay: a later Tenure starts it in an environment
that was kept with this one.
"""

import argparse
import importlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tenure.dossier import Model
from tenure.dossier.canonical import manifest_digest
from tenure.errors import IntegrityError, TenureError
from tenure.models import Engine
from tenure.preserve import restore as restoring
from tenure.preserve import vault
from tenure.preserve.kit.layout import ORIGINAL
from tenure.preserve.ocfl import Inventory
from tenure.preserve.sameness import golden
from tenure.preserve.sameness.golden import Level
from tenure.preserve.store import Store

LIBRARIES = {"torch": ("torch", "transformers"), "cpu": ("openvino", "openvino_genai")}
HELLO = [{"role": "user", "content": "Say in one sentence what you are."}]
REPLY_TOKENS = 24
ANSWER_TOKENS = 128


def say(kind: str, **fields: Any) -> None:
    """Write one line of JSON."""
    sys.stdout.write(json.dumps({"kind": kind, **fields}) + "\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Clock:
    """Times one part after the other, in seconds, from the moment this process was started."""

    last: float
    parts: dict[str, float] = field(default_factory=dict[str, float])

    def lap(self, part: str) -> None:
        """End a part."""
        at = time.time()
        self.parts[part] = round(at - self.last, 3)
        self.last = at
        say("part", part=part, seconds=self.parts[part])


def _inventory(store: Store, object_id: str) -> Inventory:
    found = vault.read(store, object_id)
    if found is None:
        raise IntegrityError(
            f"{store.label} holds no {object_id}; 'read_vault.py list' shows what it holds"
        )
    return found[0]


def restore(store: Store, object_id: str, into: Path) -> tuple[Model, Level]:
    """Restore every file of an object and compare with its passport: G0.

    Raises:
        IntegrityError: no such object, bytes that are not as the inventory or the passport say, or
            an object without weights.
    """
    began = time.monotonic()
    restored = restoring.whole(store, _inventory(store, object_id), into)
    passport = json.loads((into / "model.json").read_text(encoding="utf-8"))
    files = {n.removeprefix(ORIGINAL): d for n, d in restored.items() if n.startswith(ORIGINAL)}
    if not files:
        raise IntegrityError(
            f"{object_id} has no weights here: its record was kept, the weights are with its provider"
        )
    if manifest_digest(files) != passport["digest"]:
        raise IntegrityError(f"{object_id}: the restored files are not those its passport names")
    model = Model(
        name=passport["name"],
        version=passport["version"],
        source=str(into / "original"),
        files=files,
        card=passport["card"],
    )
    return model, Level(level="G0", outcome="same", seconds=round(time.monotonic() - began, 3))


def check(
    model: Model, kept: Path, names: tuple[str, ...], ready: Engine | None = None
) -> list[Level]:
    """Check these levels against what ``kept`` holds, saying each as it is done."""
    levels: list[Level] = []
    every = golden.again(Path(model.source), kept, model, names[-1], ready) if names else []
    for name, do in every:
        if name in names:
            began = time.monotonic()
            levels.append(replace(do(), seconds=round(time.monotonic() - began, 3)))
            say("level", **asdict(levels[-1]))
    return levels


def chat(model: Model, engine: str | None, clock: Clock) -> dict[str, Any]:
    """Open an engine and let it answer, each part timed: import, convert, load, first token.

    Raises:
        EngineError: none opens it.
    """
    from tenure import models
    from tenure.models import Sampling, convert, references
    from tenure.preserve.sameness import stacks

    name = stacks.engines(model, engine)[0]
    for library in LIBRARIES[name]:
        importlib.import_module(library)
    clock.lap("import")
    found = references.place(stacks.here(model), None)
    if name == "cpu":
        convert.as_openvino(found, model.digest)
    elif found.is_file():
        convert.as_safetensors(found, model.digest)
    clock.lap("convert")
    ready = models.engine(stacks.here(model), None, name)
    clock.lap("load")
    ready.generate([HELLO], Sampling(max_tokens=1))
    clock.lap("first token")
    reply = ready.generate([HELLO], Sampling(max_tokens=REPLY_TOKENS))[0]
    clock.lap("reply")
    return {"engine": name, "form": ready.form, "messages": HELLO, "reply": reply.to_json()}


def drill(store: Store, given: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    """Restore, check token ids, let it answer when that is asked for, check the other levels."""
    clock.lap("start")
    model, first = restore(store, given.object, given.into)
    clock.lap("decode")
    say("level", **asdict(first))
    names, kept = golden.upto(given.level)[1:], given.into / "golden"
    levels = [first, *check(model, kept, names[:1])]
    clock.lap("checks")
    more: dict[str, Any] = {}
    cache = given.into / "cache"
    if given.forms:
        from tenure.preserve.revival import compiled

        more["lent"] = compiled.lend(given.forms, model.digest, cache)
        clock.lap("compare forms")
    if given.chat:
        more["chat"] = chat(model, given.engine, clock)
    levels += check(model, kept, names[1:])
    if given.forms:
        from tenure.preserve.revival import compiled

        more["made"] = compiled.take(given.forms, model.digest, cache)
    return {"levels": levels, "parts": clock.parts, **more}


def straight(store: Store, given: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    """Open an engine from the vault without a file of weights, check, and let it answer.

    It is asked only where no level differs.
    """
    from tenure.models import Sampling, in_memory
    from tenure.preserve.revival.straight import into_memory

    in_memory.need(given.straight)
    clock.lap("start")
    for library in LIBRARIES.get(given.straight, ()):
        importlib.import_module(library)
    clock.lap("import")
    came = into_memory(store, _inventory(store, given.object), given.into)
    clock.lap("decode")
    levels = [Level(level="G0", outcome="same", seconds=clock.parts["decode"])]
    say("level", **asdict(levels[0]))
    names, kept = golden.upto(given.level)[1:], given.into / "golden"
    model = replace(came.model, source=str(came.held.folder))
    levels += check(model, kept, names[:1])
    clock.lap("checks")
    engine = in_memory.open_held(came.held, given.straight)
    try:
        clock.lap("load")
        engine.generate([HELLO], Sampling(max_tokens=1))
        clock.lap("first token")
        levels += check(model, kept, names[1:], engine)
        clock.lap("golden answers")
        said = {"engine": engine.name, "form": engine.form, "messages": HELLO, "reply": None}
        if given.ask is not None:
            said["messages"] = [{"role": "user", "content": given.ask}]
        if all(level.outcome != "differs" for level in levels):
            most = REPLY_TOKENS if given.ask is None else ANSWER_TOKENS
            reply = engine.generate([said["messages"]], Sampling(max_tokens=most))[0]
            said["reply"] = reply.to_json()
            clock.lap("reply")
    finally:
        engine.close()
    memory = {"weights_bytes": came.bytes, "peak_bytes": _peak_bytes()}
    return {"levels": levels, "parts": clock.parts, "chat": said, "memory": memory}


def _peak_bytes() -> int:
    """Return the most memory that this process held; 0 where the system does not say."""
    try:
        said = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(said.partition("VmHWM:")[2].split()[0]) << 10
    except (OSError, ValueError, IndexError):
        return 0


def main(arguments: list[str]) -> int:
    """Run the drill; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Bring a model back from a vault alone.")
    parser.add_argument("--vault", required=True, help="folder of the vault, or backend://place")
    parser.add_argument("--object", required=True, help="id of the object")
    parser.add_argument("--into", required=True, type=Path, help="new folder to restore into")
    parser.add_argument("--level", default="G3", help="check up to this level")
    parser.add_argument("--chat", action="store_true", help="let it answer, each part timed")
    parser.add_argument("--engine", help="engine that answers; by default the one that serves it")
    parser.add_argument("--forms", type=Path, help="folder of converted forms to use, or to fill")
    parser.add_argument("--straight", help="open this engine without writing a file of weights")
    parser.add_argument("--ask", help="with --straight: what it is asked")
    parser.add_argument("--began", type=float, help="when this was asked for, seconds since 1970")
    given = parser.parse_args(arguments)
    # Forms made on the way (GGUF to OpenVINO's) must come from the vault's bytes, not from a cache.
    os.environ["TENURE_CACHE"] = str(given.into / "cache")
    from tenure.preserve.places import open_store

    try:
        store = open_store(Path.cwd(), given.vault)
        run = straight if given.straight else drill
        outcome = run(store, given, Clock(given.began or time.time()))
    except TenureError as error:
        say("error", message=str(error), code=error.code)
        return error.code
    levels = outcome["levels"]
    outcome["levels"] = [asdict(level) for level in levels]
    why = golden.why_not_higher(levels)
    say("outcome", reached=golden.reached(levels), why_not_higher=why, **outcome)
    return 3 if any(level.outcome == "differs" for level in levels) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
