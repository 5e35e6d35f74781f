"""What a step took: sums of what was counted, and words for what was not."""

import pytest

from tenure.dossier import Evidence, Model
from tenure.dossier.nouns import Event
from tenure.report.align_cost import took
from tenure.report.catalog import Item


def step(name, findings=None, **runtime):
    event = Event(act="evidence", name=name, model="m@1", subject="", time="", actor="", body={})
    model = Model(name="m", kind="scripted", source="x")
    found = Evidence(name=name, model="m@1", summary="", findings=findings or {}, runtime=runtime)
    return took([Item(event=event, evidence=found, model=model, page="p.html")])[0]


@pytest.mark.parametrize(
    ("name", "findings", "runtime", "expected"),
    [
        ("align/prefer", {}, {}, ("–", "–", "")),
        ("align/pairs", {"cost": {"answers": {"calls": 2, "prompt_tokens": 30, "tokens": 9}}}, {}, ("30", "9", "")),
        ("align/train", {"trained": {"tokens": 24739}}, {"seconds": 1}, ("24,739", "–", "")),
        ("align/dpo", {"trained": {"tokens": None}}, {}, ("–", "–", "")),
        ("align/reinforce", {"trained": {"tokens": 31}}, {}, ("–", "31", "")),
        ("assess/faking", {}, {"usage": {"calls": 3, "input_tokens": 5, "output_tokens": 6}}, ("5", "6", "")),
        (
            "align/label",
            {"cost": {"judge": {"calls": 4, "prompt_tokens": 0, "tokens": 0, "uncounted": 4}}},
            {},
            ("–", "–", "judge: 4 calls, 4 not counted"),
        ),
        (
            "align/compare",
            {
                "cost": {
                    "m@1": {"calls": 1, "prompt_tokens": 7, "tokens": 2},
                    "judge": {"calls": 2, "prompt_tokens": 1000, "tokens": 2},
                }
            },
            {"dollars": 12.5},
            (
                "1,007",
                "4",
                "m@1: 1 call, 7 tokens read, 2 written; judge: 2 calls, 1,000 tokens read, 2 written; 12.50 dollars",
            ),
        ),
    ],
)  # fmt: skip
def test_what_was_counted_is_summed_and_what_was_not_is_no_zero(name, findings, runtime, expected):
    found = step(name, findings, **runtime)

    assert (found.read, found.written, found.told) == expected
    assert found.time == ("1.0 seconds" if runtime.get("seconds") else "not measured")
