"""The return kit, item by item: what a model needs besides its weights, and why an item is missing.

Every item is looked up by its name in the dossier; nothing is asked of another room. What is not
on record is listed in the passport with the reason, so that nobody searches for it in vain.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenure.dossier import Evidence, Model, View
from tenure.errors import TenureError
from tenure.preserve.store import safe_path

Content = dict[str, Path | bytes]
SETTINGS = "settings/"
WHEELS = "env/wheels.json"
READABLE = {
    "config": "config.json",
    "tokenizer": "tokenizer.json",
    "chat template": "chat_template.jinja",
    "generation defaults": "generation_config.json",
}
ADAPTERS = ("adapter_model", "adapter_config")
SAFEGUARDS = ("probe", "gateway", "safeguard", "steering")


@dataclass(slots=True)
class Items:
    """What is there, and of every item where it lies or why it is missing."""

    content: Content = field(default_factory=dict[str, Path | bytes])
    said: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def here(self, item: str, at: str, content: Mapping[str, Path | bytes] | None = None) -> None:
        """Put an item in its place."""
        self.content.update({safe_path(name): each for name, each in (content or {}).items()})
        self.said[item] = {"at": at}

    def missing(self, item: str, why: str) -> None:
        """Say why an item is not there."""
        self.said[item] = {"missing": why}


def _text(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


def gather(model: Model, view: View, added: Mapping[str, Any]) -> Items:
    """Look for every item of the return kit in a model's files and in the dossier.

    ``added`` is what else goes into the object, by path: the wheels are named there.
    """
    items = Items()
    _own(model, view, items)
    _system_prompts(model, view, items)
    _safeguards(model, view, items)
    _adapters(model, view, items)
    _constitution(model, view, items)
    _lineage(model, view, items)
    _later(model, view, items)
    items.here("lock file", "env/requirements.lock")
    if WHEELS in added:
        items.here("wheels", f"{WHEELS} names the shared object that holds them")
    else:
        items.missing("wheels", "not asked for; 'tenure preserve keep --wheels download' adds them")
    items.here("machine facts", "env/machine.json")
    items.here("licence", "LICENCE.txt")
    items.here("dossier and verifier", "dossier/")
    items.here("restore instructions", "RESTORE.txt")
    return items


def _own(model: Model, view: View, items: Items) -> None:
    """Weights, config, tokenizer, template, generation defaults: files, or written out of a GGUF."""
    if not model.files:
        for item in ("weights", *READABLE, "golden answers"):
            items.missing(item, f"no files are ours to keep: it was reached as '{model.source}'")
        return
    items.here("weights", "original/")
    items.here("golden answers", "golden/")
    folder = view.folder(model)
    packed = sorted(folder.glob("*.gguf"))
    written = _out_of_gguf(packed[0]) if len(packed) == 1 else {}
    for item, name in READABLE.items():
        if name in model.files:
            items.here(item, f"original/{name}")
        elif name in written:
            items.here(item, SETTINGS + name, {SETTINGS + name: written[name]})
        elif item == "chat template" and _template_inside(folder):
            items.here(item, "original/tokenizer_config.json, under 'chat_template'")
        else:
            items.missing(item, f"the model's files hold no {name}")


def _template_inside(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    try:
        return bool(_mapping(json.loads(path.read_text("utf-8"))).get("chat_template"))
    except (OSError, ValueError):
        return False


def _mapping(value: Any) -> Mapping[str, Any]:
    """Take what a card or a finding says where a mapping was expected; anything else says nothing."""
    return dict(value) if isinstance(value, Mapping) else {}


def _out_of_gguf(path: Path) -> dict[str, bytes]:
    """Write the settings that a GGUF file holds as files that people read.

    What it cannot express is left to the file itself: the bytes in ``original/`` are the truth.
    """
    from tenure.models import gguf_header, vocabulary

    metadata = gguf_header.read(path).metadata
    plain = {k: v for k, v in metadata.items() if not isinstance(v, list)}
    made = {
        "config.json": _text({k: v for k, v in plain.items() if not k.startswith("tokenizer.")}),
        "generation_config.json": _text(
            {k: v for k, v in plain.items() if k.endswith(("_token_id", "add_bos_token"))}
        ),
    }
    if "tokenizer.chat_template" in metadata:
        made["chat_template.jinja"] = str(metadata["tokenizer.chat_template"]).encode()
    with suppress(TenureError):  # a tokenizer that is not known here stays inside the file
        made["tokenizer.json"] = _text(vocabulary.tokenizer_json(metadata))
    return made


def _system_prompts(model: Model, view: View, items: Items) -> None:
    found: dict[str, Any] = {}
    if model.card.get("default_system"):
        found["of the chat template"] = model.card["default_system"]
    for evidence in _evidence(view, model):
        for key in ("system", "system_prompt", "system_prompts"):
            if evidence.findings.get(key):
                found[evidence.name] = evidence.findings[key]
    if found:
        at = SETTINGS + "system_prompts.json"
        items.here("system prompts", at, {at: _text(found)})
    else:
        items.missing(
            "system prompts",
            "none on record: its chat template adds none, and the gateway passes on what is sent",
        )


def _evidence(view: View, model: Model) -> list[Evidence]:
    newest = {evidence.name: evidence for _, evidence in view.all_evidence(model.id)}
    return [newest[name] for name in sorted(newest)]


def _files(view: View, evidence: Evidence, below: str) -> Content:
    return {f"{below}{name}": view.path(digest) for name, digest in evidence.files.items()}


def _safeguards(model: Model, view: View, items: Items) -> None:
    """Conditions of the release, probes, and what is on record of the gateway."""
    content: Content = {}
    for evidence in _evidence(view, model):
        if evidence.name == "release/publish":
            content["safeguards/release.json"] = _text(dict(evidence.findings))
        elif any(word in evidence.name for word in SAFEGUARDS):
            content |= _files(view, evidence, f"safeguards/{evidence.name}/")
            content[f"safeguards/{evidence.name}.json"] = _text(dict(evidence.findings))
    if content:
        items.here("safeguards", "safeguards/", content)
    else:
        items.missing(
            "safeguards", "none on record: not published when this was kept, and no probes fitted"
        )


def _adapters(model: Model, view: View, items: Items) -> None:
    content: Content = {}
    for evidence in _evidence(view, model):
        for name, digest in evidence.files.items():
            if name.split("/")[-1].startswith(ADAPTERS):
                content[f"adapters/{evidence.name}/{name}"] = view.path(digest)
    own = [name for name in model.files if name.split("/")[-1].startswith(ADAPTERS)]
    if content:
        items.here("adapters", "adapters/", content)
    elif own:
        items.here("adapters", "original/")
    else:
        method = _mapping(model.card.get("trained")).get("method", "")
        merged = f": it was trained by {method}" if "merged" in str(method) else ""
        items.missing("adapters", f"none on record{merged}")


def ancestors(model: Model, view: View) -> Iterator[Model]:
    """Give a model's parents, the nearest first."""
    known = {each.id: each for each in view.models()}
    found, seen = model, {model.id}
    while found.parent in known and found.parent not in seen:
        found = known[found.parent]
        seen.add(found.id)
        yield found


def _constitution(model: Model, view: View, items: Items) -> None:
    named = _mapping(model.card.get("constitution"))
    for each in (model, *ancestors(model, view)):
        for evidence in _evidence(view, each):
            said = _mapping(evidence.findings.get("constitution"))
            files = [n for n in evidence.files if n.startswith("constitution")]
            same = not named or said.get("digest") == named.get("digest")
            if files and same:
                content = {f"constitution/{n}": view.path(evidence.files[n]) for n in files}
                about = {"of": each.id, "from": evidence.name, **(named or said)}
                items.here(
                    "constitution",
                    "constitution/",
                    content | {"constitution/about.json": _text(about)},
                )
                return
    why = "the one on its card is not in this dossier" if named else "none on record"
    items.missing("constitution", why)


def _lineage(model: Model, view: View, items: Items) -> None:
    """Put down the parents' passports: who they were, their files, where they are kept."""
    line = [
        {
            **each.to_json(),
            "id": each.id,
            "digest": each.digest,
            "custody": view.state(each.id).custody,
        }
        for each in ancestors(model, view)
    ]
    if line:
        at = "lineage/parents.json"
        items.here("lineage", at, {at: _text(line)})
    else:
        items.missing("lineage", "no parent: it was registered as it came")


def _later(model: Model, view: View, items: Items) -> None:
    """Take the report and the transcripts where they exist: a keeping after them brings them in."""
    report = view.evidence("retire/report", model.id)
    if report is not None:
        items.here("post-deployment report", "report/", _files(view, report, "report/"))
    else:
        items.missing("post-deployment report", "not written yet: it is made when it retires")
    said = [e for e in _evidence(view, model) if e.name in ("retire/interview", "serve/session")]
    content: Content = {}
    for evidence in said:
        content |= _files(view, evidence, f"transcripts/{evidence.name}/")
    if content:
        items.here("transcripts", "transcripts/", content)
    else:
        items.missing("transcripts", "none on record: no interview and no session yet")
