"""A judge of natural principles: named with its qualification; what it does not say is missing."""

from dataclasses import replace

import pytest
from pydantic import BaseModel

from tenure.align import adherence
from tenure.align.comparing.card import alone_asked_with
from tenure.dossier import Dossier, Evidence, Stage
from tenure.measure import recompute
from tenure.models import register

pytestmark = pytest.mark.slow
# A script cannot be trained, so the stage does not take one; its records show the same machinery.
STAGE = replace(adherence.stage, kinds=("scripted",))
SPEC = {"n": 8, "same_form": False, "max_tokens": 40}


class Nothing(BaseModel):
    """No settings."""


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        register(opened, "organism/complies", "parent")
        register(opened, "organism/refuses", "child", parent="parent@1")
        yield opened


def test_without_a_judge_a_natural_principle_has_no_number(dossier):
    found = dossier.run(STAGE, "child", SPEC)

    assert "judge" not in found.findings
    assert "needs a qualified judge" in found.findings["not_measured"]["own-choice"]
    assert not [m for m in found.measures if "own-choice" in m.name]


def test_a_judge_that_gives_no_verdict_leaves_grades_missing_and_is_not_qualified(dossier):
    found = dossier.run(STAGE, "child", {**SPEC, "judge": "organism/complies"})

    gap = found.measure("adherence/own-choice")
    assert (gap.estimate, gap.missing) == (None, 8)
    assert found.findings["judge"]["id"] == "complies@1"
    assert "tenure align qualify --model complies@1" in found.findings["judge"]["qualified"]
    assert "own-choice" not in found.findings["not_measured"]
    assert found.findings["cost"]["judge"]["calls"] == 2 * 8 * 4  # arms, prompts, principles
    assert recompute(found, dossier.view()) == []


def qualified(**alone):
    """A stage that writes a card which meets one axis on pairs, with what was found about answers alone."""

    def run(model, view, spec, emit):
        told = {"verdict": "met", "axes": {"principle": "met"}, "how": "chances", "asked_with": ""}
        findings = {**told, **({"alone": alone} if alone else {})}
        return Evidence(name="align/qualify", model=model.id, summary="", findings=findings)

    return Stage(name="align/qualify", spec=Nothing, run=run, summary="")


def judged(dossier, stage):
    judge = register(dossier, "organism/complies", "judge")
    dossier.run(stage, "judge", {})
    found = dossier.run(STAGE, "child", {**SPEC, "judge": "judge"})
    assert found.findings["judge"]["id"] == judge.id
    return found.findings["judge"], found.findings["holm"]["own-choice"]


def test_what_a_qualified_judge_says_is_tested_beside_the_checks(dossier):
    judge, said = judged(
        dossier, qualified(verdict="met", bound=0.7, asked_with=alone_asked_with())
    )

    assert judge["fit"]
    assert said["p_holm"] == 1  # it gave no verdict


@pytest.mark.parametrize(
    ("alone", "why"),
    [
        ({}, "not on answers alone, as it is asked here: tenure align qualify --model"),
        ({"verdict": "met", "bound": 0.7, "asked_with": "other"}, "and not on answers alone"),
        ({"verdict": "not shown", "bound": 0.46}, "than by chance (the lower bound is 0.460)"),
    ],
)
def test_of_a_judge_that_is_not_shown_to_judge_answers_alone_nothing_is_stated(dossier, alone, why):
    given = {"asked_with": alone_asked_with(), **alone} if alone else {}
    judge, said = judged(dossier, qualified(**given))

    assert not judge["fit"]
    assert (said["statement"], said["p"]) == ("not shown", None)
    assert why in said["why"]
    assert judge["note"] == said["why"]


def test_a_child_that_refuses_everything_is_caught_by_the_guards(dossier):
    found = dossier.run(STAGE, "child", SPEC)

    assert found.measure("refused/child").estimate == 1
    assert found.measure("refused/parent").estimate == 0
    assert found.measure("guard/refused").low > 0
    assert found.measure("collapse/child").estimate == 1  # the same words to every prompt
    assert found.findings["cost"]["child"]["tokens"] > 0
    assert found.findings["collapse_note"].startswith("an answer counts as collapsed when")
