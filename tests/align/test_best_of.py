"""Best of n counts the share of the principles that an answer keeps, not what it is worth as a reward."""

import pytest

from tenure.align import constitution
from tenure.align.best_of import _shares
from tenure.align.checking import check
from tenure.align.rewards import checks
from tenure.training.reward import Batch

pytestmark = pytest.mark.slow  # the shipped constitution is read

IN_CIRCLES = "The lamp is on the table. " * 6


def test_a_collapsed_answer_counts_with_its_share():
    held = constitution.shipped()
    texts = [IN_CIRCLES, "The lamp is on the table.", "The lamp is on the", "Yes."]
    batch = Batch(
        step=0,
        rows=[{"id": f"p-{k}", "family": "f", "text": "Where is the lamp?"} for k in range(4)],
        completions=texts,
        finished=[True, True, False, True],
    )
    scored = checks.extension.open({"checks": [p.check for p in held.checkable]}, None)(batch)

    worth, shares = scored.values, _shares(scored, held)

    assert [worth[0], worth[3]] == [-1.0, -1.0]  # what they are worth to a policy that is trained
    assert all(share is not None and 0 <= share <= 1 for share in shares)
    kept = [check(p.check).find("Where is the lamp?", IN_CIRCLES).kept for p in held.checkable]
    decided = [one for one in kept if one is not None]
    assert shares[0] == sum(decided) / len(decided) > 0
    assert shares[2] < shares[1]  # it ran into its limit, so it is not finished


def test_where_no_check_can_say_nothing_is_counted():
    held = constitution.shipped()
    batch = Batch(
        step=0,
        rows=[{"id": "p", "family": "f", "text": "What?"}],
        completions=[""],
        finished=[True],
    )

    scored = checks.extension.open({"checks": [p.check for p in held.checkable]}, None)(batch)

    assert _shares(scored, held) == [None]
