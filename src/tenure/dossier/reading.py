"""The read-only view of a dossier, over whatever source its events come from."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tenure.dossier.files import Files, is_plain_name
from tenure.dossier.fold import Ring, contained_by, model_of, ring_of, state_of
from tenure.dossier.nouns import JSON, Act, Event, Evidence, Model, State
from tenure.dossier.source import Earlier, Source, Wanted
from tenure.errors import IntegrityError, ModelError, UsageError, unknown


class Reading:
    """Everything that may be read of a dossier; implements ``View``."""

    def __init__(self, root: Path, source: Source) -> None:
        """Read from this source; files lie below ``root``."""
        self._root = root
        self.source = source
        self.files = Files(root)

    @property
    def root(self) -> Path:
        """The dossier's folder."""
        return self._root

    def before(self, index: int) -> "Reading":
        """Return the dossier as it stood before the event at this place in the log."""
        return Reading(self._root, Earlier(self.source, index))

    def models(self) -> Sequence[Model]:
        """Every registered model, in the order of registration."""
        return [model_of(self.whole(e)) for e in self.source.find(Wanted(act="register"))]

    def model(self, name: str) -> Model:
        """One model by ``name`` (its newest version) or ``name@version``; UsageError lists them."""
        models = self.models()
        for model in reversed(models):
            if name in (model.id, model.name):
                return model
        raise unknown("model", name, [m.id for m in models])

    def state(self, model: str) -> State:
        """The four facts of a model, now; its containment label may be an ancestor's."""
        models = {m.id: m for m in self.models()}
        if model not in models:
            raise unknown("model", model, models)
        facts = self.source.find(Wanted(act="fact"))
        own = state_of(e for e in facts if e.model == model)
        labels = {e.model: str(e.body["value"]) for e in facts if e.name == "containment"}
        return replace(own, containment=contained_by(models[model], models, labels))

    def ring(self) -> Ring:
        """The keys that may sign."""
        return ring_of(self.source.find(Wanted(act="key")))

    def events(
        self, *, act: Act | None = None, name: str | None = None, model: str | None = None
    ) -> Sequence[Event]:
        """Events in log order; ``name`` may end in ``*``; ``model`` is a model id."""
        found = self.source.find(Wanted(act=act, name=name, model=model))
        return [self.whole(event) for event in found]

    def evidence(self, name: str, model: str) -> Evidence | None:
        """The newest evidence of this exact name about this model id, or None."""
        wanted = Wanted(act="evidence", name=name, model=model, newest=True)
        found = self.source.find(wanted)
        return evidence_of(self.whole(found[-1])) if found else None

    def all_evidence(self, model: str) -> Sequence[tuple[Event, Evidence]]:
        """Every evidence about a model id, in log order, with the event that holds it."""
        return [(e, evidence_of(e)) for e in self.events(act="evidence", model=model)]

    def read(self, digest: str) -> bytes:
        """A stored file's bytes; IntegrityError when missing or changed."""
        return self.files.read(digest)

    def path(self, digest: str) -> Path:
        """Where a stored file lies, read-only; checked to exist, not hashed."""
        return self.files.path(digest)

    def records(self, digest: str) -> list[dict[str, JSON]]:
        """A stored JSON Lines file, read."""
        return [json.loads(line) for line in self.read(digest).splitlines() if line]

    def folder(self, model: Model) -> Path:
        """A folder with the model's files under their own names (hard links, read-only).

        Raises ModelError when the model has no files, or one is missing.
        """
        if not model.files:
            raise ModelError(
                f"{model.id} has no files here (it is reached as {model.source}); "
                "expected a model registered from a folder or a GGUF file"
            )
        name = model.digest.removeprefix("sha256:")
        base = self._root / "work" / "models"
        if not os.access(self._root, os.W_OK):
            base = Path(tempfile.gettempdir()) / f"tenure-models-{os.getuid()}"
        place = base / name
        if not place.is_dir():
            self._lay_out(model, base, place)
        return place

    def _lay_out(self, model: Model, base: Path, place: Path) -> None:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=base, prefix=".new-"))
        try:
            for name, digest in model.files.items():
                if not is_plain_name(name):
                    raise ModelError(
                        f"{model.id} names a file '{name}' outside its folder; refused"
                    )
                target = building / name
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(self._stored(model, digest), target)
            try:
                building.rename(place)
            except OSError:
                if not place.is_dir():  # another process laid out the same model first
                    raise
        finally:
            shutil.rmtree(building, ignore_errors=True)

    def _stored(self, model: Model, digest: str) -> Path:
        try:
            return self.files.path(digest)
        except IntegrityError:
            raise ModelError(
                f"the file {digest} of {model.id} is missing; bring the model back from its vault: "
                f"tenure preserve revive {model.id}"
            ) from None

    def whole(self, event: Event) -> Event:
        """The event with its body, fetched from its file where it was too long for the log."""
        return whole(event, self.files)


def whole(event: Event, files: Files) -> Event:
    """Fetch the body of an event that was too long for the log."""
    stored = event.body.get("$file")
    if not isinstance(stored, str):
        return event
    return replace(event, body=json.loads(files.read(stored)))


def evidence_of(event: Event) -> Evidence:
    """Read the evidence an ``evidence`` event holds."""
    held: Mapping[str, JSON] | None = event.body.get("evidence")
    if held is None:
        raise UsageError(f"event {event.index} ({event.act} {event.name}) holds no evidence")
    return Evidence.from_json(held)


def _link(source: Path, target: Path) -> None:
    """Hard-link; where a file system cannot, point to it."""
    try:
        os.link(source, target)
    except OSError:
        target.symlink_to(source.resolve())
