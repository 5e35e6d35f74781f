"""The document of prices: its published schema, and refusals that name file, line and field."""

import json
from importlib import resources

import pytest

from tenure.errors import DocumentError
from tenure.preserve.cost.prices import read_prices, schema, shipped

pytestmark = pytest.mark.slow


def test_the_published_schema_is_the_one_of_the_code():
    published = resources.files("tenure.preserve.cost").joinpath("prices.schema.json").read_text()

    assert json.loads(published) == schema(), (
        "run: python -c 'from tenure.preserve.cost.prices import schema; import json; "
        "print(json.dumps(schema(), indent=1))' > src/tenure/preserve/cost/prices.schema.json"
    )


def test_every_price_that_comes_with_the_package_says_where_it_is_from_and_when():
    prices = read_prices()
    held = [*prices.storage.values(), *prices.machines, prices.computing, prices.habits]

    assert all("assumed" in each.source or "chosen" in each.source for each in held)
    assert all(each.date == "2026-11-21" for each in held)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("gb_month: 0.023", "gb_month: -1", ":18: storage.warm.gb_month"),
        ("storage: warm}\n  - {contains: \"gs", "storage: hot}\n  - {contains: \"gs", "'hot'"),
        ('  - {contains: "", storage: folder}\n', "", "it fits the rest"),
        ("decline_a_year: 0", "decline_a_year: 1.5", "habits.decline_a_year"),
        ("core_hour: 0.04", "core_hour: .inf", "computing.core_hour"),
        ("core_hour: 0.04", "core_minute: 0.04", "computing.core"),
        ("currency: USD", "currency: dollars", "metadata.currency"),
    ],
)  # fmt: skip
def test_a_document_that_is_wrong_is_refused_by_line(tmp_path, before, after, said):
    text = shipped()
    assert before in text
    (tmp_path / "mine.yaml").write_text(text.replace(before, after, 1))

    with pytest.raises(DocumentError) as refused:
        read_prices(tmp_path / "mine.yaml")
    assert said in str(refused.value)
    assert "mine.yaml" in str(refused.value)
