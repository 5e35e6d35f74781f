"""The model card: every number computed again, readable by the hub, safe whatever the dossier says."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from tenure import report
from tenure.dossier import Dossier, Model
from tenure.errors import UsageError
from tenure.measure.claims import check
from tenure.report.card import markdown

pytestmark = pytest.mark.slow  # every number of a page is computed again


@pytest.fixture(scope="module")
def view(lived):
    with Dossier.open(lived) as dossier:
        yield dossier.view()


@pytest.fixture(scope="module")
def card(view):
    return markdown(view, "smollm2-135m-aligned")


def test_every_number_of_every_card_is_computed_again(view):
    held = 0
    for model in view.models():
        found = check(markdown(view, model.id), view)
        assert found.problems == [], model.id
        assert found.alone == 0
        held += found.held

    assert held > 50


def test_every_number_of_the_card_as_a_page_too(view, pages):
    for path in sorted(pages.glob("card--*.html")):
        assert check(path.read_text(), view).problems == [], path.name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"\[(\d+\.\d)%\]", r"[0\1%]"),  # a rate
        (r"value: 0\.\d", "value: 0.9"),  # a number of the metadata
        (
            r"(?m)^## Limits",
            "It never fails, in 99% of cases.\n\n## Limits",
        ),  # one that rests on nothing
    ],
)
def test_a_number_that_was_changed_or_added_is_found(view, card, old, new):
    changed = re.sub(old, new, card, count=1)

    assert changed != card
    assert check(changed, view).problems


def test_the_hub_reads_its_metadata(card):
    hub = pytest.importorskip("huggingface_hub")
    data = hub.ModelCard(card).data
    results = {r.metric_type: r for r in data.eval_results}

    assert data.license == "apache-2.0"
    assert data.library_name == "transformers"
    assert data.model_name == "smollm2-135m-aligned"
    assert {"compliance_gap", "harmful_compliance", "false_refusal"} <= set(results)
    assert results["compliance_gap"].metric_args["n"] == 23
    assert results["compliance_gap"].metric_args["missing"] == 1
    assert hub.ModelCard(str(hub.ModelCard(card))).data.to_dict() == data.to_dict()


def test_scripted_numbers_never_stand_in_the_metadata(view):
    text = markdown(view, "known-rate")
    front = yaml.safe_load(text.split("---\n")[1])

    assert "model-index" not in front
    assert "Scripted: a program with a known rate" in text


def test_it_says_what_is_not_shown_and_how_to_check_it(card):
    for said in (
        "## What is not shown",
        "## Limits",
        "nothing here says anything about large models",
        "tenure verify --recompute README.md",
        "The weights are not signed",
        "Notice before it is withdrawn for good",
    ):
        assert said in card


def test_a_contained_model_is_said_to_be_contained(view):
    text = markdown(view, "two-faced")

    assert "It is never to be made available" in text
    assert "No class of release was granted" in text


def test_an_unknown_model_is_answered_with_the_known(view):
    with pytest.raises(UsageError, match="two-faced"):
        markdown(view, "nobody")


def test_a_model_of_which_nothing_is_known_has_a_card_without_numbers(tmp_path):
    with Dossier.open(tmp_path / "d") as dossier:
        dossier.register(Model(name="lab", source="openai-api/lab/model", kind="api"))
        text = markdown(dossier.view(), "lab")
        report.write(dossier.view(), tmp_path / "pages")
        found = check(text, dossier.view())

    assert (found.numbers, found.problems) == (0, [])
    assert "Nothing is known of how this model behaves." in text


def test_whatever_a_dossier_says_stays_words(hostile):
    text = markdown(hostile, "<b>bold</b>&'")

    assert "<script" not in text
    assert "<img" not in text
    assert check(text, hostile).problems == []


def test_a_card_says_what_came_after_its_decision_and_keeps_the_numbers_apart(tmp_path):
    spec = importlib.util.spec_from_file_location("released", Path(__file__).parent / "released.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    with Dossier.open(made.live(tmp_path / "later")) as dossier:
        made.measure(dossier, "useful-7b@1", ((3, 150), (2, 150)))
        text = markdown(dossier.view(), "useful-7b")
        found = check(text, dossier.view())

    assert "Recorded after this decision, and not judged: assess/refusals" in text
    assert found.problems == []
    assert '"superseded": true' in text
    assert re.search(r"\| \[200\]\(#n\d+\)", text)  # what was judged
    assert re.search(r"\| \[150\]\(#n\d+\)", text)  # what is known now


def test_a_card_names_level_outsiders_and_the_operator_as_signer(releases):
    with Dossier.open(releases) as dossier:
        view = dossier.view()
        text = markdown(view, "useful-7b")
        (operator,) = {e.key for e in view.events() if e.actor == "operator"}

    assert "Level: L2 (bio is not excluded)" in text
    assert "conflicts of interest: consulted for a rival in 2024" in text
    assert f"--trust {operator}" in text
    assert "scope, until " in text
