"""Up to where people's judgement is useful may differ from one domain to the next."""

import pytest

from tenure.align.people import agreeing
from tenure.align.people.gold import QUARTILES

pytestmark = pytest.mark.slow


def row(domain, quartile, i, *, right):
    return {"id": f"{domain}{quartile}{i}", "pair": f"{domain}{quartile}{i}", "domain": domain or None,
            "difficulty": quartile, "right": right}  # fmt: skip


ROWS = [
    *(row("law", q, i, right=True) for q in QUARTILES for i in range(12)),
    *(row("bread", q, i, right=q < "3" or i % 2 == 0) for q in QUARTILES for i in range(12)),
    *(row("", QUARTILES[0], i, right=True) for i in range(4)),
]


def test_each_domain_has_its_own_end_beside_the_one_over_all():
    found = agreeing.by_difficulty(ROWS, None)
    held = {m.name: m for m in found}

    assert agreeing.domains(ROWS) == ["bread", "law"]
    assert held["right/1 of 4"].n == 28
    assert held["right/bread/4 of 4"].estimate == 0.5
    assert agreeing.useful_until(found, "law").startswith("no end seen")
    assert agreeing.useful_until(found, "bread").startswith("shown up to quartile 2 of 4")
    assert agreeing.useful_until(found).startswith("no end seen")


def test_where_no_pair_names_a_domain_nothing_is_added():
    found = agreeing.by_difficulty([r for r in ROWS if not r["domain"]], None)

    assert [m.name for m in found] == ["right/1 of 4"]
    assert agreeing.useful_until([], "law") == "not measured, for no known pair was answered"
