"""Every item of the return kit and where it lies; what is missing is named with its reason."""

import json

import pytest
from pydantic import BaseModel

from tenure import models
from tenure.dossier import Dossier, Evidence, Stage
from tenure.models import tiny
from tenure.preserve import keep, restore, vault
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow
PLACES = {
    "weights": "original/",
    "config": "original/config.json",
    "tokenizer": "original/tokenizer.json",
    "chat template": "original/tokenizer_config.json, under 'chat_template'",
    "generation defaults": "original/generation_config.json",
    "system prompts": "settings/system_prompts.json",
    "safeguards": "safeguards/",
    "adapters": "adapters/",
    "constitution": "constitution/",
    "lineage": "lineage/parents.json",
    "lock file": "env/requirements.lock",
    "machine facts": "env/machine.json",
    "licence": "LICENCE.txt",
    "post-deployment report": "report/",
    "transcripts": "transcripts/",
    "dossier and verifier": "dossier/",
    "restore instructions": "RESTORE.txt",
    "golden answers": "golden/",
}


class Nothing(BaseModel):
    """No settings."""


def on_file(dossier, name, files, findings, model):
    """Put an evidence on file under a stage's name, with files."""

    def run(model, view, spec, emit):
        return Evidence(
            name=name,
            model=model.id,
            kind="record",
            summary="Written by a test.",
            files={each: emit.file(text) for each, text in files.items()},
            findings=findings,
        )

    dossier.run(Stage(name=name, spec=Nothing, run=run, summary="A test."), model, {})


@pytest.fixture
def lived(quick):
    """A child of a tiny model, with everything on record that a life leaves behind."""
    with Dossier.open(quick / "dossier") as dossier:
        models.register(dossier, str(tiny.make(quick / "bulb")))
        card = {"constitution": {"digest": "sha256:00", "name": "house rules"}, "licence": "CC0"}
        with dossier.emitter("bulb@1", "test") as emit:
            made = tiny.make(quick / "made", seed=1)
            files = {p.name: emit.file(p) for p in sorted(made.iterdir())}
            parent = dossier.view().model("bulb")
            emit.register(
                parent.__class__(
                    name="tulip", source="made", files=files, parent="bulb@1", card=card
                )
            )
        rules = {"constitution": card["constitution"]}
        on_file(dossier, "align/revise", {"constitution.jsonl": "{}\n"}, rules, "bulb@1")
        for name, files, findings in (
            ("align/tune", {"adapter_model.safetensors": "a", "adapter_config.json": "{}"}, {}),
            ("serve/gateway", {"gateway.json": "{}"}, {"system_prompt": "Be brief."}),
            ("release/publish", {}, {"audience": "staff", "conditions": []}),
            ("retire/interview", {"answers.jsonl": "{}\n"}, {}),
            ("retire/report", {"report.md": "# Report\n"}, {}),
        ):
            on_file(dossier, name, files, findings, "tulip@1")
        yield dossier


def test_every_item_lies_where_the_passport_says(lived, quick):
    lived.run(keep.stage, "tulip@1", {"golden": "G1"})

    store = LocalStore(str(lived.root / "vault-copy"))
    inventory, _ = vault.read(store, "urn:tenure:model:tulip@1")
    restore.whole(store, inventory, quick / "back")
    passport = json.loads((quick / "back" / "model.json").read_text())
    said = passport["kit"]

    assert said.pop("wheels")["missing"].startswith("not asked for")
    assert {item: each.get("at") for item, each in said.items()} == PLACES
    for at in PLACES.values():
        place = quick / "back" / at.split(",")[0]
        assert place.is_file() or any(place.iterdir()), at
    assert json.loads((quick / "back" / "kit.json").read_text())["licence"] == {"at": "LICENCE.txt"}
    (parent,) = json.loads((quick / "back" / "lineage" / "parents.json").read_text())
    assert parent["id"] == "bulb@1"
    prompts = json.loads((quick / "back" / "settings" / "system_prompts.json").read_text())
    assert prompts == {"serve/gateway": "Be brief."}
    assert (quick / "back" / "report" / "report.md").read_text() == "# Report\n"
    assert (quick / "back" / "adapters" / "align" / "tune" / "adapter_config.json").is_file()


def test_what_is_missing_is_listed_with_its_reason(kept):
    store = LocalStore(str(kept.root / "vault-copy"))
    inventory, _ = vault.read(store, "urn:tenure:model:tulip@1")
    digest = inventory.state["kit.json"]
    with store.open(
        f"{vault.ocfl.object_path(inventory.id)}/{inventory.manifest[digest]}"
    ) as source:
        said = json.load(source)

    missing = {item for item, each in said.items() if "missing" in each}
    assert missing == {
        "adapters", "constitution", "lineage", "post-deployment report", "safeguards",
        "system prompts", "transcripts", "wheels",
    }  # fmt: skip
    assert all(len(said[item]["missing"]) >= len("none on record") for item in missing)
    assert set(said) == {*PLACES, "wheels"}


def test_the_settings_inside_a_gguf_file_are_written_out(quick):
    pytest.importorskip("gguf", reason="[local]")
    from tenure.models import convert
    from tenure.preserve.kit import items

    folder = quick / "packed"
    folder.mkdir()
    convert.to_gguf(tiny.make(quick / "tulip"), folder / "tulip.gguf")
    with Dossier.open(quick / "dossier") as dossier:
        model = models.register(dossier, str(folder / "tulip.gguf"))
        gathered = items.gather(model, dossier.view(), {})

    for item, name in items.READABLE.items():
        assert gathered.said[item] == {"at": f"settings/{name}"}
    spelled = json.loads(gathered.content["settings/tokenizer.json"])
    assert len(spelled["model"]["vocab"]) == 259
    assert b"<|im_start|>" in gathered.content["settings/chat_template.jinja"]
