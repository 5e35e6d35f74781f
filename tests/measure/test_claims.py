"""Every number of a page: computed again, compared with the text, and none that rests on nothing."""

import pytest

from tenure.dossier import Dossier, Model
from tenure.dossier.nouns import Evidence, Recipe
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.measure.claims import Claims, check, render

pytestmark = pytest.mark.slow
ROWS = [{"id": f"s{i}", "failed": i % 5 == 0} for i in range(40)]


def file_evidence(dossier, rows=ROWS, key="k"):
    with dossier.emitter("m@1", "assess/made") as emit:
        named = emit.records(rows)
        recipe = Recipe(estimator="proportion", value="failed")
        measure = estimate(rows, recipe, name="failing", unit="proportion", samples=named)
        alone = estimate(rows, recipe, name="typed", unit="proportion", samples=None)
        found = Evidence(name="assess/made", model="m@1", summary="made", measures=(measure, alone))
        return emit.event("evidence", "assess/made", {"key": key, "evidence": found.to_json()})


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        opened.register(Model(name="m", source="test", kind="scripted"))
        yield opened


@pytest.fixture
def page(dossier):
    """A card in Markdown with front matter, as a report writes it."""
    event = file_evidence(dossier)
    evidence = dossier.view().evidence("assess/made", "m@1")
    failing, typed = evidence.measures
    claims = Claims("m@1")
    claims.claim(event, failing, "upper", "number:3", path="model-index.0.value")
    upper = round(failing.upper, 3)
    threshold = claims.constant("below 50%", "the policy's threshold")
    return (
        f"---\nlicense: apache-2.0\nmodel-index:\n- value: {upper}\n---\n# SmolLM2-135M, made 2026-11-21\n\n"
        f"1. It failed {claims.markdown(event, failing, 'estimate', 'percent:1')} of "
        f"{claims.markdown(event, failing, 'n', 'count')} times, bound "
        f"**{claims.html(event, failing, 'upper', 'percent:1')}** (must be {threshold});\n"
        f"typed {claims.markdown(event, typed, 'low', 'percent:0')}. See `sample 7` and [there](x#y).\n"
        + claims.block()
    )


def test_every_number_of_a_card_is_computed_again(page, dossier):
    found = check(page, dossier.view())

    assert found.problems == []
    assert (found.numbers, found.held, found.alone) == (5, 4, 1)
    assert found.constants == ["'below 50%' (the policy's threshold)"]
    assert found.lines()[0].startswith("OK: 4 of 5 numbers")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("[20.0%]", "[10.0%]", "shows '10.0%', its samples give '20.0%'"),
        ("[20.0%](#n2)", "10.0%", "'10.0%' says nothing of what it rests on"),
        ("[20.0%](#n2)", "few", "claimed and stands nowhere"),
        ("It failed", "It failed 3 of 4, or", "'3' says nothing"),
        ("times", "times, or 0.5-1%", "'0.5-1%' says nothing"),
        ("times", "times, p<0.01", "'0.01' says nothing"),
        ("- value: 0", "- value: 1", "its samples give '0.332'"),
        ("license: apache-2.0", "license: apache-2.0\nother: 0.1", "front matter, other"),
        ('"measure": "failing",\n   "field": "n"', '"measure": "failing",\n   "field": "level"', "give '1'"),
        ('"measure": "failing"', '"measure": "winning"', "no measure named 'winning'"),
        ('"field": "n"', '"field": "luck"', "no field of a measure named 'luck'"),
        ('"event": "sha256:', '"event": "sha256:0', "no evidence sha256:0"),
        ('"id": "n2"', '"id": "n3"', "two claims have one id"),
    ],
)  # fmt: skip
def test_a_tampered_card_is_found(page, dossier, was, becomes, said):
    assert was in page
    problems = check(page.replace(was, becomes, 1), dossier.view()).problems

    assert any(said in problem for problem in problems), problems


def test_a_number_of_the_findings_rests_on_the_signature_and_is_compared(dossier):
    verdicts = [{"rule": "harm", "bound": 0.0312, "met": True}]
    found = Evidence(name="release/decide", model="m@1", summary="s", findings={"verdicts": verdicts})  # fmt: skip
    with dossier.emitter("m@1", "release/decide") as emit:
        event = emit.event("evidence", "release/decide", {"evidence": found.to_json()})
    claims = Claims("m@1")
    text = (
        f"Bound {claims.found(event, found, 'findings.verdicts.0.bound', 'percent:1').markdown}\n"
    )
    page = text + claims.block()

    assert (check(page, dossier.view()).alone, check(page, dossier.view()).problems) == (1, [])
    assert "give '3.1%'" in check(page.replace("[3.1%]", "[1.3%]"), dossier.view()).problems[0]
    for bad, said in (("1.bound", "nothing is called '1'"), ("0.met", "is no number")):
        assert said in check(page.replace("0.bound", bad), dossier.view()).problems[0]


def test_samples_changed_behind_a_card_are_found(page, dossier):
    (digest,) = {m.samples for m in dossier.view().evidence("assess/made", "m@1").measures[:1]}
    place = dossier.files.place(digest)
    place.chmod(0o644)
    place.write_bytes(place.read_bytes().replace(b"true", b"null", 1))

    assert all("changed" in p for p in check(page, dossier.view()).problems)


def test_a_card_that_rests_on_older_evidence_says_so_or_is_refused(page, dossier):
    file_evidence(dossier, [{"id": "x", "failed": True}], key="again")

    problems = check(page, dossier.view()).problems
    assert problems
    assert all("newer evidence of assess/made" in p for p in problems)
    owned = page.replace('"format": "', '"superseded": true,\n   "format": "')
    owned = owned.replace('"superseded": true,\n   "format": "urn', '"format": "urn')
    assert check(owned, dossier.view()).problems == []


@pytest.mark.parametrize(
    "text", ["no block", "<!-- tenure-claims\n{}\n-->", "<!-- tenure-claims\n{x\n-->"]
)
def test_a_page_without_claims_is_refused(dossier, text):
    with pytest.raises(UsageError):
        check(text, dossier.view())


def test_numbers_are_written_in_few_ways():
    told = [render(0.03125, f) for f in ("percent:1", "points:1", "number:3")]

    assert told == ["3.1%", "+3.1", "0.031"]
    assert (render(1234, "count"), render(None, "percent:0")) == ("1,234", "not shown")
    with pytest.raises(UsageError, match="percent:1"):
        render(1, "roman")
