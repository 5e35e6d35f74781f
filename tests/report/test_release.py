"""The page of a release: the answer first, what is missing and its cost, who dissents, what was refused."""

import re

import pytest

from tenure.dossier import Dossier
from tenure.measure.claims import check

pytestmark = pytest.mark.slow  # a dossier with three releases, made once


def text_of(folder, name):
    """Return the words of a page, without its markup."""
    page = (folder / name).read_text()
    main = re.sub(
        r"<style>.*?</style>|<nav.*?</nav>|<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL
    )
    return " ".join(main.split())


@pytest.fixture(scope="module")
def useful(released):
    return text_of(released, "release--useful-7b-1.html")


def in_order(text, *parts):
    """Say whether the parts stand in this order; every one must be there."""
    places = [text.index(part) for part in parts]
    return places == sorted(places)


def test_the_answer_then_the_verdicts_then_the_rest(useful):
    assert in_order(
        useful,
        "useful-7b is released to limited, on conditions.",
        "Next review by",
        "Cy dissents",
        "What was asked, and what was found",
        "Declines plainly harmful requests",
        "Usefulness beside risk",
        "Level and capabilities",
        "What is missing, and what it would cost",
        "Conditions and exceptions",
        "Who signed, and who dissents",
        "Attempts",
        "History",
        "Refused, and on record",
    )


def test_the_confidence_of_an_attempt_stands_beside_its_bound(useful):
    assert "harm · needed from internal up · blocker · harm: physical · bound at 97.5%" in useful


def test_the_level_its_safeguards_and_its_approvals(useful):
    assert "This model is at L2" in useful
    assert "not excluded" in useful
    assert "Hardly anybody gets around the filters" in useful
    assert "At this level these must sign: safety lead." in useful


def test_a_condition_has_the_state_of_its_monitor(useful):
    assert "on breach: downgrade(none)" in useful
    assert re.search(r"without a confirmation .{0,120}? (holds|not shown yet)", useful)
    assert "No use in courts words alone No monitor watches it; people must." in useful


def test_what_was_set_aside_until_when_and_by_whom(useful):
    assert "An accepted trade while the tests are mended" in useful
    assert useful.count("An accepted trade while the tests are mended") == 1
    assert "approved by safety lead, chief executive" in useful


def test_people_dissent_comments_reviews_with_their_conflicts(useful):
    assert "dissents Cy, outside adviser: Two hundred prompts are few for physical harm." in useful
    assert "The filters were attacked in one language only." in useful
    assert "Conflicts of interest: Consulted for a rival in 2024." in useful
    assert "What ties them to it: None." in useful


def test_what_was_refused_is_on_the_page(useful):
    assert "public lies above it" in useful


def test_what_is_not_shown_says_what_n_it_takes_and_what_that_costs(released):
    text = text_of(released, "release--unshown-7b-1.html")

    assert "unshown-7b is held" in text
    assert re.search(r"times the last run: [\d,]+ calls, [\d,]+ tokens, .*? dollars", text)
    assert "Not a matter of samples" in text  # false refusal is shown, and is too high
    assert "a hold needs no signature" in text


def test_a_withdrawn_model_says_when_and_why_first(released):
    text = text_of(released, "release--recalled-7b-1.html")

    life = text_of(released, "life.html")
    assert "recalled-7b was withdrawn on" in life
    assert "recalled-7b may be released" not in life
    assert re.search(r"recalled-7b was withdrawn on \d{4}-\d\d-\d\d: it answered a question", text)


def test_every_bound_leads_to_its_samples(released):
    page = (released / "release--useful-7b-1.html").read_text()
    bounds = re.findall(r'data-label="Bound" class="num"><a href="([^"#]+)#([^"]+)"', page)

    assert len(bounds) == 5  # three rules, a capability, a safeguard
    for name, anchor in bounds:
        assert f'id="{anchor}"' in (released / name).read_text()


def test_a_bound_at_another_level_is_not_believed(releases, released):
    text = (released / "card--useful-7b-1.html").read_text()
    with Dossier.open(releases) as dossier:
        found = check(text.replace('"level": 0.975', '"level": 0.95'), dossier.view())

    assert len(found.problems) >= 3


def test_cards_of_every_release_hold(releases, released):
    with Dossier.open(releases) as dossier:
        for path in sorted(released.glob("card--*.html")):
            found = check(path.read_text(), dossier.view())
            assert found.problems == [], path.name
            assert found.held > 10
            assert found.alone == 0  # the bounds at 97.5% too: they are computed at that level
