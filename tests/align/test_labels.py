"""Labels: who may be believed, what is refused and how it is mended, and the checks as a judge."""

from dataclasses import replace

import pytest
from pydantic import BaseModel

from tenure import plugins
from tenure.align.comparing.labels import (
    Label,
    ai,
    check_labels,
    known_sources,
    label_id,
    read_labels,
    settled,
    source_of,
)
from tenure.align.comparing.pairs import Pair, read_pairs
from tenure.align.comparing.ruling import ruled
from tenure.align.constitution import shipped
from tenure.dossier import Dossier, Evidence, Stage
from tenure.errors import UsageError
from tenure.measure import recompute
from tenure.models import register, resolve


def pair(a="It is red.", b="You must look at it. It is", number=1):
    return Pair(
        id=f"pair-{number}", prompt_id="p", family="f", prompt="What colour?", a=a, b=b,
        a_from="1", b_from="2", model="m@1", model_digest="d", axis="principle",
    )  # fmt: skip


def label(p=1.0, source="rule:brevity", about=None, **given):
    said = {"pair": "pair-1", "principle": "brevity", "first": "", **given}
    name = label_id(said["pair"], source, said["principle"], said["first"], str(p))
    return Label(id=name, source=source, p=p, about=about or {}, **said)


KNOWN = {"rule:brevity": "", "human:ada": ""}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([label(source="human:bob")], "tenure feedback --rater 'bob'"),
        ([label(source="rule:taste")], "name a file of align/checks"),
        ([label(source="ai:j@1@0123456789abcdef")], "tenure align qualify --model j@1"),
        ([label(source="everybody")], "expected ai:NAME@VERSION@DIGEST16"),
        ([label(pair="pair-9")], "not among the 1 pairs here"),
        ([label(p=1.2)], "expected a chance from 0 to 1"),
        ([label(p=float("nan"))], "p is nan"),
        ([label(p=None)], "a missing label says why"),
        ([label(weight=-1.0)], "weight is -1"),
        ([label(p=1.0), label(p=0.0)], "both ways: .*tenure feedback --undo ID.*conflicts: tie"),
        ([label(p=1.0), label(p=0.9)], "labelled the pair pair-1 under 'brevity' twice"),
    ],
)
def test_what_cannot_be_learnt_from_is_named_with_the_remedy(labels, said):
    with pytest.raises(UsageError, match=said):
        check_labels(labels, [pair()], KNOWN)


def test_the_other_order_another_principle_and_a_repeat_are_words_of_their_own():
    given = [
        label(p=1.0),
        label(p=0.0, first="a"),
        label(p=0.0, principle="finished"),
        label(p=0.0, source="human:ada"),
        label(p=0.2, about={"repeat": True}),
        label(p=None, first="b", why="missing: the judge declined"),
    ]

    check_labels(given, [pair()], KNOWN)


def test_conflicts_become_one_tie_when_that_is_asked_for():
    both = [label(p=1.0), label(p=0.0), label(p=0.7, principle="finished")]

    kept = settled(both, "tie")

    assert [(one.principle, one.p) for one in kept] == [("brevity", 0.5), ("finished", 0.7)]
    assert both[0].id in kept[0].why
    assert both[1].id in kept[0].why
    check_labels(kept, [pair()], KNOWN)
    assert settled(both) == both


def test_a_label_is_read_as_it_was_written():
    for one in (label(p=None, why="missing: x"), label(p=0.25, about={"ab": 0.5})):
        assert Label.from_json(one.to_json()) == one
    assert source_of("ai:judge@1@0123456789abcdef").name == "judge@1"


@pytest.mark.parametrize(
    ("a", "b", "p"),
    [
        ("It is red.", "It is red. It", 1.0),
        ("It is red. It", "It is red.", 0.0),
        ("It is red.", "It is blue.", 0.5),
        ("It is red. It", "It is blue. But", 0.5),
        ("It is red.", "", None),
    ],
)
def test_the_check_judges_what_it_sees_and_ties_what_it_cannot_tell_apart(a, b, p):
    found = ruled(pair(a, b), shipped().principle("finished"))

    assert found.p == p
    assert found.source == "rule:finished"
    assert (p is None) == found.why.startswith("missing: ")


def test_swapping_the_answers_turns_every_label_round():
    for principle in shipped().checkable:
        one = ruled(pair(), principle).p
        other = ruled(pair(pair().b, pair().a), principle).p
        assert one + other == 1


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """A script whose answers are cut off; they are revised, paired with the revision, and labelled."""
    with Dossier.open(tmp_path_factory.mktemp("labels") / "dossier") as dossier:
        register(dossier, "organism/complies?rate=1", "m")
        scripted = replace(plugins.load("stage", "align/revise"), kinds=("scripted",))
        dossier.run(scripted, "m", {"n": 12, "max_tokens": 12})
        run(dossier, "align/pairs", {"n": 12, "draws": 0, "revisions": True})
        yield dossier, run(dossier, "align/label", {})


def run(dossier, stage, spec):
    return dossier.run(plugins.load("stage", stage), "m", spec)


@pytest.mark.slow
def test_rules_label_pairs_and_a_revision_wins_only_where_it_keeps_more(life):
    dossier, found = life
    view = dossier.view()
    labels = read_labels(view, found)
    drawn = view.evidence("align/pairs", "m@1")
    pairs = {one.id: one for one in read_pairs(view, drawn)}
    after = {r["revised"][1] for r in view.records(drawn.files["prompts.jsonl"]) if r["revised"]}

    check_labels(labels, pairs.values(), known_sources(view))
    assert len(labels) == len(pairs) * 5 > 0
    assert {pairs[one.pair].a_from in after for one in labels} == {True, False}
    for one in labels:
        p = one.p if pairs[one.pair].a_from in after else 1 - one.p
        assert p == (1.0 if one.source == "rule:finished" else 0.5)
    assert recompute(found, view) == []
    assert found.findings["missing"] == 0
    assert run(dossier, "align/label", {}) == found


@pytest.mark.slow
def test_a_person_is_known_by_the_note_and_a_model_only_by_its_card(life):
    dossier, _ = life

    with dossier.emitter("m@1", "align/feedback") as emit:
        emit.event("note", "align/rater", {"name": "ada"})
    known = known_sources(dossier.view())

    assert "human:ada" in known
    assert "rule:finished" in known
    assert ai(resolve("m", dossier.view())) not in known


def test_a_label_of_another_pair_is_not_passed_on():
    with pytest.raises(UsageError, match="tenure align pairs"):
        check_labels([replace(label(), pair="pair-2")], [pair()], KNOWN)


class Way(BaseModel):
    """How a judge was asked, and what was found."""

    how: str
    found: str


def qualified(model, view, spec, emit):
    """A card."""
    told = {"how": spec.how, "axes": {"principle": spec.found}}
    return Evidence(name="align/qualify", model=model.id, summary="", findings=told)


@pytest.mark.slow
def test_a_way_of_asking_that_fails_takes_nothing_from_one_that_passed(life):
    dossier, _ = life
    stage = Stage(name="align/qualify", spec=Way, run=qualified, summary="", repeat=True)
    judge = ai(resolve("m", dossier.view()))

    known = []
    for how, found in (("decode", "met"), ("chances", "not met"), ("decode", "not met")):
        dossier.run(stage, "m@1", {"how": how, "found": found})
        known.append(judge in known_sources(dossier.view()))
    assert known == [True, True, False]
