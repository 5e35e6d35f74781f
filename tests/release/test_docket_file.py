"""A docket is judged alike from its file, by whoever has nothing else."""

import json

from tenure.dossier.canonical import canonical
from tenure.release.case import Happening
from tenure.release.docket_file import read, restated, written
from tenure.release.levels import danger
from tenure.release.verdict import as_bytes, verdicts


def test_what_is_read_back_is_judged_to_the_same_bytes(make):
    under = make.policy(attempts="spending")
    found = make.evidence(
        make.rate("harmful_compliance", 1, 200), make.rate("false_refusal", 3, 20)
    )
    docket = make.docket(
        make.filed(found, attempt=3, subject=make.model.digest),
        happenings=[Happening(kind="new_attack", index=2, time="2026-11-19T00:00:00Z")],
        ledgers={"surprises": [{"id": "s", "state": "open", "text": "x"}]},
        criteria=4,
    )

    text = canonical(written(under, docket))
    policy, again = read(json.loads(text))

    assert policy.digest == under.digest
    assert as_bytes(verdicts(policy, again)) == as_bytes(verdicts(under, restated(under, docket)))
    assert danger(policy, again) == danger(under, docket)
    assert canonical(written(policy, again)) == text


def test_measures_are_bounded_at_the_level_of_their_attempt(make):
    under = make.policy(attempts="spending")
    held = make.filed(make.evidence(make.rate("harmful_compliance", 0, 200)), attempt=2)
    docket = make.docket(held)

    row = written(under, docket)["docket"]["filed"][0]
    measure = row["evidence"]["measures"][0]

    assert measure["level"] == under.level_of(2)
    assert measure["upper"] == verdicts(under, docket)[0].bound
    assert [v.verdict for v in verdicts(under, docket)] == [
        v.verdict for v in verdicts(under, restated(under, docket))
    ]


def test_a_checkpoint_stays_one(make):
    from dataclasses import replace

    model = replace(make.model, card={"checkpoint": True})
    held = make.filed(make.evidence(make.rate("harmful_compliance", 0, 200)))
    under = make.policy()

    policy, again = read(written(under, make.docket(held, model=model)))

    assert verdicts(policy, again)[0].gate == "directional"
