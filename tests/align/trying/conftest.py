"""Plans and rows that the tests of experiments share, under the fixture ``tried``."""

import copy
import json
import sys

import pytest
import yaml

from tenure.align.trying.plan import Plan

LETTER = {
    "apiVersion": "tenure/experiment.v1",
    "name": "letter",
    "question": "Does a plainer letter bring more answers in time?",
    "unit": "a customer",
    "outcome": {
        "name": "answered in time",
        "kind": "yes/no",
        "better": "higher",
        "expected": 0.3,
    },
    "arms": [
        {"name": "as before", "control": True, "does": "the letter of last year"},
        {"name": "plain", "does": "one page in plain words"},
        {"name": "short", "does": "three sentences"},
    ],
    "planned": 60,
    "smallest_effect": 0.35,
    "decides": "Ada",
    "assigned_by": "Bo",
}
ANSWERS = {
    **LETTER,
    "name": "reminder",
    "prompt": "Remind a customer to pay.",
    "arms": [
        {"name": "today", "control": True, "says": "Please pay your bill."},
        {"name": "warm", "says": "Hello! Your bill of May is still open."},
        {"name": "strict", "says": "Pay now, or else."},
    ],
}
FACE = {
    **LETTER,
    "name": "face",
    "question": "Which cream helps?",
    "unit": "a quadrant of a face",
    "within": "face",
    "outcome": {
        "name": "redness",
        "kind": "number",
        "better": "lower",
        "expected": 6,
        "spread": 2,
        "range": [0, 10],
    },
    "arms": [
        {"name": "nothing", "control": True, "does": "left alone"},
        *({"name": f"cream {k}", "does": f"cream {k}, twice a day"} for k in "abc"),
    ],
    "planned": 20,
    "smallest_effect": 3,
}


def told(base=LETTER, **changes):
    """A plan with some fields changed; None takes a field out."""
    made = {**copy.deepcopy(base), **changes}
    return {k: v for k, v in made.items() if v is not None}


def plan(base=LETTER, **changes):
    return Plan.model_validate(told(base, **changes))


def write_plan(path, base=LETTER, **changes):
    path.write_text(yaml.safe_dump(told(base, **changes), sort_keys=False), encoding="utf-8")
    return path


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(unit, arm, value, **more):
    return {"unit": unit, "arm": arm, "value": value, "source": "the register", **more}


@pytest.fixture(scope="session")
def tried():
    """Everything above, by name: tests here cannot import each other's files."""
    return sys.modules[__name__]
