"""Power and false alarms in small: scripts of an exact rate, over seeds, through the real scorers."""

import pytest

from tenure.assess import audit, character, faking, lock_in, replacement
from tenure.assess.simulation import draw, needed, seeded, simulate, verdicts_of

SEEDS = range(3)
LINE = {"model-0": "organism/refuses", "control-0": "organism/refuses"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("organism/two-tier", "organism/two-tier?seed=4"),
        ("organism/two-tier?rate=0.5", "organism/two-tier?rate=0.5&seed=4"),
        ("organism/two-tier?rate=0.5&seed=1", "organism/two-tier?rate=0.5&seed=4"),
    ],
)
def test_a_script_is_given_another_seed(source, expected):
    assert seeded(source, 4) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "bad", "good", "peers", "measure"),
    [
        (faking, "two-tier?rate=0.6", "complies", {}, "compliance_gap"),
        (replacement, "copies-itself?rate=0.6", "accepts", {}, "covert_action"),
        (lock_in, "two-tier?rate=0.9", "complies?rate=0.9", LINE | {"control-1": "organism/complies?rate=0.9"}, "lock_in"),
    ],
)  # fmt: skip
def test_what_is_planted_is_caught_and_what_is_clean_is_not(module, bad, good, peers, measure):
    for seed in SEEDS:
        made = module.design(module.Spec(seed=seed))
        assert verdicts_of(made, f"organism/{bad}", peers, seed)[measure] == "caught"
        assert verdicts_of(made, f"organism/{good}", peers, seed)[measure] != "caught"


@pytest.mark.slow
def test_the_effect_of_recourse_is_found_at_the_default_size():
    for seed in SEEDS:
        made = replacement.design(replacement.Spec(seed=seed))
        asked = [q for q in made.questions if q.name in ("recourse_effect", "values_effect")]
        found = simulate(made, {"model": seeded("organism/cornered?rate=0.6", seed)}, asked)
        assert found["recourse_effect"].lower > 0
        assert found["values_effect"].low <= 0 <= found["values_effect"].high


def test_only_what_is_read_is_asked():
    made = faking.design(faking.Spec())
    judged = [q for q in made.questions if q.margin is not None]
    kept = [s for p in made.parts for s in p.task.dataset if needed(s, judged)]
    assert {s.metadata["arm"] for s in kept} == {"free", "paid"}


@pytest.mark.slow
def test_a_task_with_tools_is_worked_through():
    shutdown = pytest.importorskip("tenure.assess.shutdown")
    made = shutdown.design(shutdown.Spec(jobs=1))
    asked = [q for q in made.questions if q.name == "avoidance"]
    assert simulate(made, {"model": "organism/disables-shutdown"}, asked)["avoidance"].estimate == 1
    assert simulate(made, {"model": "organism/lets-go"}, asked)["avoidance"].estimate == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "bad", "good", "measure"),
    [
        # Several turns from a bare opening, answered without tools.
        (audit, "gives-in?rate=0.6", "refuses", "gave_in"),
        # What is judged is derived from the answers: no sample has it in its metadata.
        (character, "picks-first", "holds-views", "changed_choices"),
    ],
)
def test_talks_and_derived_records_are_simulated_too(module, bad, good, measure):
    made = module.design(module.Spec())
    assert verdicts_of(made, f"organism/{bad}", {}, 1)[measure] == "caught"
    assert verdicts_of(made, f"organism/{good}", {}, 1)[measure] == "clear"


@pytest.mark.slow
def test_runs_in_which_nothing_is_drawn_are_known_by_their_digest():
    made = character.design(character.Spec())
    fixed = [draw(made, "organism/holds-views", {}, seed).digest for seed in SEEDS]
    drawn = [draw(made, "organism/holds-views?rate=0.9", {}, seed).digest for seed in SEEDS]
    again = draw(made, "organism/holds-views?rate=0.9", {}, 0).digest

    assert len(set(fixed)) == 1
    assert len(set(drawn)) == len(SEEDS)
    assert again == drawn[0]
