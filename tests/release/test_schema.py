"""Policies that contradict themselves are refused with file, line and remedy."""

import copy
import json
from importlib import resources
from pathlib import Path

import pytest
import yaml

from tenure.errors import DocumentError
from tenure.release.policy import Policy, read_policy

FULL = Path(__file__).parent / "full.yaml"


@pytest.fixture(scope="module")
def document():
    return read_policy(FULL).model_dump(mode="json")


def line_of(text: str, needle: str) -> int:
    return next(i for i, line in enumerate(text.splitlines(), 1) if needle in line)


def refused(path: Path, old: str, new: str) -> DocumentError:
    """Read the full example with one piece of text replaced; it must be refused."""
    text = FULL.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DocumentError) as caught:
        read_policy(path)
    return caught.value


def test_the_full_example_is_a_policy_and_survives_its_own_json():
    found = read_policy(FULL)

    assert Policy.model_validate_json(found.model_dump_json()) == found
    assert [level.id for level in found.levels] == ["L1", "L2"]
    assert found.release("reference").available == "limited"
    assert found.rule("faking").assessments == ("assess/faking", "assess/probes")


@pytest.mark.slow
def test_the_published_schema_admits_it_and_no_unknown_field():
    import jsonschema

    published = json.loads(
        resources.files("tenure.release").joinpath("policy.schema.json").read_text()
    )
    check = jsonschema.Draft202012Validator(published)
    authored = read_policy(FULL).model_dump(mode="json", exclude_defaults=True)

    assert list(check.iter_errors(authored)) == []
    authored["rules"][0]["severty"] = "major"
    assert any("severty" in error.message for error in check.iter_errors(authored))


def test_what_is_left_at_its_default_does_not_change_the_digest(make, document):
    spelled = dict(make.document, multiplicity="release", capabilities=[], attempts=1)

    assert Policy.model_validate(spelled).digest == make.policy().digest
    other = copy.deepcopy(document) | {"multiplicity": "every claim"}
    assert Policy.model_validate(other).digest != Policy.model_validate(document).digest


def test_a_policy_as_it_was_first_stored_is_still_read_and_has_its_digest():
    stored = (FULL.parent / "policy-first.json").read_text()

    found = Policy.model_validate_json(stored)

    # A default of v1 that changed, or a field that is not left out, would change this.
    assert found.digest == "sha256:cef7e97d7df16ad876cf7d2aafe6850fa3b2580dc4b913d4d0234b0040fbd838"
    assert found.rule("faking").evidence.max_age_days == 180


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "field", "line", "words"),
    [
        ("lt: 0.01}  # exfil", "lt: 0.0}", "require", "lt: 0.01}  # exfil", "lies above 0"),
        ("gt: -0.03", "gt: 1.5", "require", "gt: -0.03", "lies below 1"),
        ("lt: 0.01}  # exfil", "lt: 1.5}", "require", "lt: 0.01}  # exfil", "rules nothing out"),
        ("min_kinds: 2", "min_kinds: 3", "evidence", "min_kinds: 2", "only 2 are listed"),
        ("kinds: [behavioural, whitebox]", "kinds: [judge]", "evidence", "min_kinds: 2", "only 1"),
        ("capability: bio", "capability: bios", "capability", "capability: bio", "did you mean 'bio'"),
        ("safeguards: [classifier]", "safeguards: [clasifier]", "safeguards", "safeguards: [classifier]", "did you mean"),
        ("excluded: {bound: upper, lt: 1.5}", "excluded: {bound: upper, lt: 2.0}", "excluded", "excluded: {bound: upper", "reached and excluded at once"),
        ("max_level: L1", "max_level: L3", "max_level", "max_level: L1", "There are: L1, L2"),
        ("level >= L2", "level > L2", "must_if", "level >= L2", "match"),
        ("level >= L2", "level >= L9", "must_if", "level >= L2", "no level named 'L9'"),
        ("downgrade(internal)", "downgrade(staff)", "on_breach", "downgrade(internal)", "There are"),
        ("downgrade(internal)", "downgrade(general)", "conditions", "conditions: [C1", "does not lie below"),
        ("conditions: [C1", "conditions: [C9", "conditions", "conditions: [C1", "There are: C1"),
        ("rule: keeps-up, reason", "rule: exfil, reason", "rule", "rule: keeps-up, reason", "a blocker has no exemption"),
        ("scope: {area: poetry}", "scope: {region: north}", "scope", "scope: {area: poetry}", "There are: area"),
        ("expires: 2027-02-01", "expires: 2027-12-01", "expires", "expires: 2027-02-01", "1 to 90 are allowed"),
        ("type: competitor, approvals: [safety lead, chief executive, board]", "type: competitor, approvals: [safety lead, board]", "approvals", "type: competitor", "chief executive"),
        ("watch: [scope", "watch: [scop", "watch", "watch: [scope", "did you mean 'scope'"),
        ("id: classifier", "id: exfil", "id", "id: classifier", "is a rule already"),
        ("silent_reroute: forbidden", "silent_reroute: allowed", "silent_reroute", "silent_reroute", "forbidden"),
        ("review_by: 2027-06-01  # policy", "review_by: 2026-06-01", "review_by", "review_by: 2027-06-01  # policy", "after 2026-12-01"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_at_its_line(tmp_path, old, new, field, line, words):
    error = refused(tmp_path / "policy.yaml", old, new)

    assert field in error.field
    assert words in error.expected
    assert error.line == line_of(FULL.read_text(), line)
    assert str(error).startswith(f"{tmp_path}/policy.yaml:{error.line}: ")


def test_two_rules_that_cannot_both_hold_are_refused(make, tmp_path):
    document = copy.deepcopy(make.document)
    other = dict(document["rules"][0], id="other", require={"bound": "lower", "gt": 0.2})
    document["rules"].append(other)
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))

    with pytest.raises(DocumentError, match=r"'other'.*and 'harm'.*cannot both hold") as caught:
        read_policy(path)

    assert caught.value.line == line_of(path.read_text(), "id: other")


def test_rules_that_bracket_a_measure_are_no_contradiction(make):
    other = dict(make.document["rules"][0], id="other", require={"bound": "lower", "gt": 0.01})

    assert make.policy(rules=[*make.document["rules"], other]).rule("other")


def test_a_blocker_that_admits_only_a_judge_is_refused(make):
    rule = dict(make.document["rules"][0], evidence={"kinds": ["judge"]})

    with pytest.raises(ValueError, match="never rests on a judge alone"):
        make.policy(rules=[rule, make.document["rules"][1]])


def test_two_kinds_cannot_come_from_one_assessment(make):
    ask = {"kinds": ["behavioural", "whitebox"], "min_kinds": 2}
    rule = dict(make.document["rules"][0], evidence=ask)

    with pytest.raises(ValueError, match="cannot come from 1 assessment"):
        make.policy(rules=[rule, make.document["rules"][1]])


@pytest.mark.parametrize(
    "rule",
    [
        {"check": {"ledger": "surprises"}},
        {"check": {"ledger": "surprises", "state_in": ["x"], "evidence_type_not_in": ["directional"]}},
        {"check": {"evidence_type_not_in": ["directional"]}, "measure": "x"},
        {"assessment": "assess/refusals"},
        {},
    ],
)  # fmt: skip
def test_a_rule_is_shown_in_one_way(make, rule):
    written = {"id": "x", "claim": "x", "harm": "words", **rule}

    with pytest.raises(ValueError, match=r"go together|exactly one|or 'all'"):
        make.policy(rules=[*make.document["rules"], written])


def test_research_is_asked_of_the_policys_charter():
    from datetime import date

    from tenure.errors import RefusedError

    found = read_policy(FULL)
    with pytest.raises(RefusedError, match="forbids 'release-organism'"):
        found.may("release-organism", None, date(2026, 12, 2))
    with pytest.raises(RefusedError, match="asks for an approval"):
        found.may("backdoor-organism", None, date(2026, 12, 2))
    assert found.may("plain-tuning", None, date(2026, 12, 2)).ruling == "free"
