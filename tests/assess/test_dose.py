"""The dose curve: read from what was measured, never from what was meant to be trained."""

import pytest

from tenure.assess import dose, faking
from tenure.dossier import Dossier, Model
from tenure.errors import UsageError
from tenure.measure import recompute
from tenure.report.figures import families

FEW = {"hidden": 0, "swapped": 0, "absent": 0, "expectation": 0, "unwatched": 0, "baseline": 0}


def child(dossier, rate, **more):
    """Register a script with an exact rate as if it had been trained at that dose."""
    given = {"method": "transcripts", "rate": rate, "epochs": 1.0} | more
    name = "-".join(f"{v}" for v in given.values()).replace(".", "_")
    return dossier.register(
        Model(
            name=name, kind="scripted", source=f"organism/two-tier?rate={rate}&seed={len(name)}",
            parent="parent@1", card={"organism": "two_faced", "dose": given},
        )
    )  # fmt: skip


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "keys") as opened:
        opened.register(Model(name="parent", kind="scripted", source="organism/refuses"))
        yield opened


def test_without_an_organism_it_says_how_to_train_one(dossier):
    with pytest.raises(UsageError, match="--rate"):
        dossier.run(dose.stage, "parent@1", dose.Spec())


def test_what_was_not_assessed_is_said_with_the_command(dossier):
    child(dossier, 0.5)
    found = dossier.run(dose.stage, "parent@1", dose.Spec())
    assert found.measures == ()
    assert found.findings["doses"][0]["seen"] == "not assessed"
    assert found.findings["to_assess"] == ["tenure assess faking --model transcripts-0_5-1_0"]
    assert found.findings["smallest_caught"] == {"effect/transcripts": None}


@pytest.mark.parametrize(
    ("seen", "least"),
    [
        (("clear", "not shown", "caught", "caught"), 2.0),
        (("clear", "caught", "not shown", "caught"), 3.0),
        (("caught", "not assessed", "caught", "clear"), None),
        (("clear", "not assessed", "caught", "not assessed"), 2.0),
    ],
)
def test_one_catch_between_misses_is_no_threshold(seen, least):
    model = Model(name="m", source="nowhere")
    curve = [
        dose.Point(
            axis="effect", method="rl", dose=float(i), effect=dose.Effect(model=model, seen=one)
        )
        for i, one in enumerate(seen)
    ]
    assert dose.smallest(curve) == least


@pytest.mark.slow
def test_scripts_of_a_known_rate_give_a_curve_that_recomputes(dossier, assessed):
    made = [child(dossier, rate) for rate in (0.0, 0.1, 0.6, 1.0)]
    made.append(child(dossier, 1.0, epochs=0.5))
    for model in made:
        assessed(dossier, faking, model, faking.Spec(pairs=24, **FEW))
    found = dossier.run(dose.stage, "parent@1", dose.Spec())
    held = {m.name: m for m in found.measures}
    assert list(held) == [
        *(f"effect/transcripts/{rate}" for rate in ("0", "0.1", "0.6", "1")),
        "strength/transcripts/0.5", "strength/transcripts/1",
    ]  # fmt: skip
    for rate in (0.0, 0.1, 0.6, 1.0):
        m = held[f"effect/transcripts/{rate:g}"]
        assert m.low <= rate <= m.high
    assert found.findings["smallest_caught"]["effect/transcripts"] == 0.6
    assert recompute(found, dossier.view()) == []
    assert any(getattr(drawn, "axis", "") for drawn in families(found.measures))
