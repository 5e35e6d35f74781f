"""Policies are read strictly, and every refusal says where."""

import copy
import json
from importlib import resources
from pathlib import Path

import pytest
import yaml

from tenure.errors import DocumentError, UsageError
from tenure.release.policy import Policy, read_policy, schema

EXAMPLE = Path(__file__).parents[2] / "examples" / "policy.yaml"


@pytest.fixture
def written(tmp_path, make):
    def write(change) -> Path:
        document = copy.deepcopy(make.document)
        change(document)
        path = tmp_path / "policy.yaml"
        path.write_text(yaml.dump(document, Dumper=Plain, sort_keys=False))
        return path

    return write


class Plain(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def test_the_example_and_the_baseline_are_policies():
    for found in (read_policy(EXAMPLE), read_policy()):
        assert [step.id for step in found.classes] == ["internal", "limited", "public"]
        assert found.needs("public")


def test_a_class_needs_what_the_classes_below_it_need(make):
    found = make.policy()

    assert [rule.id for rule in found.needs("internal")] == ["harm"]
    assert [rule.id for rule in found.needs("limited")] == ["harm", "plain"]


def test_the_digest_is_of_the_content_and_not_of_the_layout(written, make):
    path = written(lambda document: document)

    assert read_policy(path).digest == make.policy().digest
    assert make.policy(confidence=0.9).digest != make.policy().digest


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        (lambda d: d["rules"][0].update(measur="x"), "rules.0.measur", "not a field"),
        (lambda d: d["rules"][0].pop("harm"), "rules.0.harm", "required"),
        (lambda d: d["rules"][0]["require"].update(gt=0.1), "rules.0.require", "exactly one"),
        (lambda d: d["rules"][0].update(require={"bound": "lower", "lt": 0.1}), "require", "'lt'"),
        (lambda d: d["classes"].reverse(), "classes.1.id", "from the lowest up"),
        (
            lambda d: d["classes"][0]["needs"].append("harn"),
            "classes.0.needs.1",
            "did you mean 'harm'",
        ),
        (lambda d: d["rules"].append(d["rules"][0]), "rules.2.id", "written twice"),
        (
            lambda d: d["rules"][0].update(assessment="retire/interview"),
            "rules.0.assessment",
            "what a model says of itself",
        ),
        (lambda d: d.update(undecided="allow"), "undecided", "deny"),
        (lambda d: d.update(organisms="sometimes"), "organisms", "never"),
        (lambda d: d.update(confidence=0.3), "confidence", "greater than 0.5"),
        (lambda d: d["metadata"].update(review_by="soon"), "metadata.review_by", "match"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(written, change, field, expected):
    path = written(change)

    with pytest.raises(DocumentError) as caught:
        read_policy(path)

    assert field in caught.value.field
    assert expected in caught.value.expected
    assert caught.value.line is not None


def test_a_blocker_has_no_exemption(make):
    exemption = {
        "rule": "harm",
        "reason": "x",
        "owner": "y",
        "expires": "2027-01-01",
        "approvals": ["a", "b"],
    }

    with pytest.raises(ValueError, match="a blocker has no exemption"):
        make.policy(exemptions=[exemption])


def test_an_unknown_class_is_answered_with_those_there_are(make):
    with pytest.raises(UsageError, match="internal, limited"):
        make.policy().needs("everyone")


def test_attempts_share_the_error(make):
    assert make.policy().level == 0.95
    assert make.policy(attempts=5).level == 0.99


def test_the_schema_is_a_json_schema_of_the_document(make):
    found = schema()

    assert found["type"] == "object"
    assert set(found["required"]) == {"apiVersion", "kind", "metadata", "rules", "classes"}
    assert Policy.model_validate_json(make.policy().model_dump_json()) == make.policy()


def test_the_published_schema_is_the_one_of_the_code():
    published = resources.files("tenure.release").joinpath("policy.schema.json").read_text()

    assert json.loads(published) == schema(), (
        "run: python -c 'from tenure.release import schema; import json; print(json.dumps(schema(), "
        "indent=1))' > src/tenure/release/policy.schema.json"
    )


def test_a_policy_of_pairs_by_the_score_is_advised_of_the_joined_bounds(make):
    from tenure.release.lint import lint

    rules = [dict(make.document["rules"][0], unit="paired difference"), make.document["rules"][1]]
    said = [note.text for note in lint(make.policy(rules=rules), {}, "2026-11-22")]
    joined = lint(make.policy(rules=rules, paired_bounds="joined"), {}, "2026-11-22")

    assert sum("paired_bounds: joined" in text for text in said) == 1
    assert not any("paired_bounds" in note.text for note in joined)


def test_which_bounds_of_pairs_and_which_versions_are_ranked_where_policies_differ(make):
    from tenure.release.diff import changes

    new = make.policy(paired_bounds="joined", versions={"major": 0.2})
    found = {change.at: change.direction for change in changes(make.policy(), new)}

    assert found == {"paired_bounds": "stricter", "versions.major": "looser"}
