"""Documents of promises that cannot be meant are refused with file, line and remedy."""

import json
from importlib import resources

import pytest

from tenure import plugins
from tenure.errors import DocumentError
from tenure.release.commitments import Commitments, read_commitments, schema, shipped
from tenure.release.commitments_case import Check


def line_of(text: str, needle: str) -> int:
    return next(i for i, line in enumerate(text.splitlines(), 1) if needle in line)


def test_the_document_that_comes_along_is_whole_and_survives_its_own_json():
    held = read_commitments()

    assert Commitments.model_validate_json(held.model_dump_json()) == held
    assert {one.check for one in held.commitments} == set(plugins.names("commitment"))
    assert all(one.source and one.term == "life_of_organisation" for one in held.commitments)
    assert all(one.scope.organisms == "excluded" for one in held.commitments)
    said = next(one.text for one in held.commitments if one.id == "preferences-considered")
    assert "no promise to act" in said


def test_the_published_schema_is_that_of_the_code():
    text = resources.files("tenure.release").joinpath("commitments.schema.json").read_text()

    assert json.loads(text) == json.loads(json.dumps(schema())), (
        "write it anew: python -c 'import json; from tenure.release.commitments import schema; "
        "print(json.dumps(schema(), indent=1))' > src/tenure/release/commitments.schema.json"
    )


@pytest.mark.parametrize("name", plugins.names("commitment"))
def test_every_check_names_itself_and_says_what_it_does(name):
    check = plugins.load("commitment", name)

    assert isinstance(check, Check)
    assert check.name == name
    assert check.summary.endswith(".")


BAD = {
    "an unknown check": ("check: return_drill", "check: return_dril", "did you mean 'return_drill'"),
    "an unknown scope": ("- availability: [internal, limited, public]", "- favourite: true", "not a field"),
    "an empty clause": ("- availability: [internal, limited, public]", "- kind: []", "covers nothing"),
    "an unknown availability": ("[internal, limited, public]", "[everybody]", "internal"),
    "a schedule of zero": ("schedule: {every_days: 1}", "schedule: {every_days: 0}", "greater than or equal to 1"),
    "a plan slower than its promise": ("schedule: {every_days: 20}", "schedule: {every_days: 31}", "cannot keep a promise of 30"),
    "terms that are not the check's": ("{level: G0, within_days: 365}", "{level: G9, within_days: 365}", "level, within_days"),
    "no copies at all": ("{copies: 2, within_days: 90}", "{copies: 0, within_days: 90}", "greater than or equal to 1"),
    "a hidden promise to act": ("There is no promise to act on it.", "We will do what it asks.", "not promised"),
    "a public that hears last": ("{limited: 30, public: 60}", "{limited: 30, public: 10}", "at least as long"),
    "a threshold that cannot matter": ("requests: 1000", "requests: 3", "at least as many"),
    "an id twice": ("id: can-return", "id: weights-kept", "twice"),
    "promised and withdrawn": (
        "withdrawn: []",
        "withdrawn:\n  - {id: can-return, on: 2026-12-01, because: it costs too much}",
        "withdrawn",
    ),
    "a term that ends before its review": (
        "every_days: 1}\n    term: life_of_organisation",
        "every_days: 1}\n    term: {until: 2027-01-01}\n    review_by: 2028-01-01",
        "after the promise has ended",
    ),
    "organisms covered": ("organisms: excluded", "organisms: included", "excluded"),
    "the same key twice": ("  version: 1", "  version: 1\n  version: 2", "written twice"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_file_line_and_remedy(case, tmp_path):
    old, new, said = case
    text = shipped()
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new, 1))

    with pytest.raises(DocumentError) as caught:
        read_commitments(path)

    assert said in caught.value.expected or said in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.line is not None


def test_significant_use_that_is_defined_nowhere_is_refused_at_its_line(tmp_path):
    text = shipped()
    begin, end = text.index("significant_internal_use:\n"), text.index("commitments:\n")
    path = tmp_path / "mine.yaml"
    path.write_text(text[:begin] + text[end:])

    with pytest.raises(DocumentError, match="defined nowhere") as caught:
        read_commitments(path)

    assert caught.value.line == line_of(path.read_text(), "- significant_internal_use: true")
