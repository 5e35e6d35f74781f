"""A tombstone withdraws a model and takes no byte away."""

import importlib
import json

import pytest

from tenure import models, plugins
from tenure.errors import RefusedError, UsageError
from tenure.models import tiny
from tenure.preserve import check, keep, revive, tombstone, tombstones
from tenure.preserve.store import Store
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow
WHY = {"reason": "made by mistake, and never used"}


def promise(dossier, check_name, scope):
    """Adopt a commitment, as `tenure commitments` writes it."""
    one = {"id": "keep-weights", "check": check_name, "scope": {"any_of": [scope]}}
    with dossier.emitter("tulip@1", "test") as emit:
        named = emit.file(json.dumps({"commitments": [one]}))
        files = {"commitments.json": named}
        emit.event("sign", "commitments/adopted", {}, model="", files=files)


def test_a_stone_withdraws_and_keeps_every_byte(kept, quick):
    before = {p: p.read_bytes() for p in (kept.root / "vault").rglob("*") if p.is_file()}
    with kept.emitter("tulip@1", "test") as emit:
        emit.fact("availability", "internal", "in use")

    evidence = kept.run(tombstone.stage, "tulip@1", WHY)

    tulip = kept.view().model("tulip")
    state = kept.view().state("tulip@1")
    assert (state.availability, state.custody) == ("none", "kept")
    assert {p: p.read_bytes() for p in before} == before
    assert "every byte stays" in evidence.summary
    with pytest.raises(RefusedError, match=r"tombstoned since .*made by mistake"):
        revive.revive_to(kept.view(), tulip, quick / "into")
    assert revive.to_folder(kept.view(), tulip, quick / "back").files == dict(tulip.files)
    drill = kept.run(revive.stage, "tulip@1", {"level": "G0"})
    assert "It is tombstoned since" in drill.summary
    assert kept.run(check.stage, "tulip@1", {}).findings["well"]

    kept.run(tombstone.stage, "tulip@1", {"reason": "it is needed after all", "lift": True})
    assert tombstones.of(kept.view(), tulip) is None
    assert revive.revive_to(kept.view(), tulip, quick / "into").is_dir()


def test_a_base_with_dependants_cannot_be_tombstoned(family):
    with pytest.raises(RefusedError, match=r"packed against tulip@1 .*rose@1"):
        family.run(tombstone.stage, "tulip@1", WHY)

    assert tombstones.of(family.view(), family.view().model("tulip")) is None
    assert family.view().events(act="refuse")
    family.run(tombstone.stage, "rose@1", WHY)


def test_nothing_is_packed_against_a_tombstoned_model(kept, tuned, pristine, quick):
    kept.run(tombstone.stage, "tulip@1", WHY)
    models.register(kept, str(tuned(pristine / "tulip", quick / "rose")))

    evidence = kept.run(keep.stage, "rose@1", {"golden": "G0"})

    assert evidence.findings["base"] == []


@pytest.mark.parametrize(
    ("scope", "owed"),
    [
        ({"availability": ["public", "internal"]}, True),
        ({"significant_internal_use": True}, True),
        ({"models": ["tulip"]}, True),
        ({"availability": ["public"]}, False),
        ({"models": ["rose"]}, False),
        ({"kind": ["api"]}, False),
    ],
)
def test_a_commitment_that_owes_the_weights_stands_against_it(kept, scope, owed):
    with kept.emitter("tulip@1", "test") as emit:
        emit.fact("availability", "internal", "in use")
    promise(kept, "weights_in_copies", scope)

    if owed:
        with pytest.raises(RefusedError, match="owed by keep-weights"):
            kept.run(tombstone.stage, "tulip@1", WHY)
    else:
        kept.run(tombstone.stage, "tulip@1", WHY)
    assert (kept.view().state("tulip@1").availability == "none") is not owed


def test_other_promises_do_not(kept):
    promise(kept, "interview_done", {"models": ["tulip"]})

    kept.run(tombstone.stage, "tulip@1", WHY)


def test_it_needs_a_reason_a_kept_model_and_something_to_lift(kept, quick):
    with pytest.raises(UsageError, match="needs a reason"):
        kept.run(tombstone.stage, "tulip@1", {"reason": "no"})
    with pytest.raises(UsageError, match="nothing to lift"):
        kept.run(tombstone.stage, "tulip@1", {**WHY, "lift": True})
    models.register(kept, str(tiny.make(quick / "other", seed=2)))
    with pytest.raises(UsageError, match="is not kept"):
        kept.run(tombstone.stage, "other@1", WHY)


def test_no_store_can_delete():
    """Over every back end: an archive whose program cannot delete cannot be told to."""
    kinds = {Store, LocalStore}
    for name in plugins.names("store"):
        module = importlib.import_module(f"tenure.preserve.stores.{name}")
        kinds |= {k for k in vars(module).values() if isinstance(k, type) and hasattr(k, "put")}
    words = ("delete", "remove", "unlink", "drop", "purge", "expire", "erase", "rm")
    for kind in kinds:
        public = [each for each in dir(kind) if not each.startswith("_")]
        assert {"put", "mend", "set_aside"} <= set(public)
        assert not [each for each in public if each.startswith(words)], kind
