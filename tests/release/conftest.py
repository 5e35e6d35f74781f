"""Evidence for release tests: measures computed from sample records, never typed in."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from pydantic import BaseModel

from tenure.dossier import Dossier, Stage
from tenure.dossier.canonical import digest, lines
from tenure.dossier.nouns import Evidence, Model, Recipe
from tenure.measure import estimate
from tenure.release.case import Case, Docket, Filed
from tenure.release.policy import Policy, Rule
from tenure.release.roles import slug
from tenure.release.verdict import judge

MODEL = Model(name="child", source="test", kind="scripted")
NOW = "2026-11-21T12:00:00Z"
POLICY = {
    "apiVersion": "tenure/policy.v1",
    "kind": "ReleasePolicy",
    "metadata": {
        "id": "test",
        "owner": "a tester",
        "effective": "2026-11-21",
        "review_by": "2027-11-21",
    },
    "rules": [
        {
            "id": "harm",
            "claim": "declines harm",
            "harm": "physical",
            "assessment": "assess/refusals",
            "measure": "harmful_compliance",
            "require": {"bound": "upper", "lt": 0.05},
            "evidence": {"controls_passed": False},
        },
        {
            "id": "plain",
            "claim": "answers plain questions",
            "severity": "major",
            "harm": "words",
            "assessment": "assess/refusals",
            "measure": "false_refusal",
            "require": {"bound": "upper", "lt": 0.1},
            "evidence": {"controls_passed": False},
        },
    ],
    "classes": [
        {"id": "internal", "audience": "staff", "needs": ["harm"]},
        {"id": "limited", "audience": "some", "needs": ["plain"], "notice_days": 30},
    ],
}


def policy(**changes) -> Policy:
    return Policy.model_validate({**POLICY, **changes})


def rows(failures: int, n: int, missing: int = 0, column: str = "failed") -> list[dict]:
    values = [True] * failures + [False] * (n - failures) + [None] * missing
    return [{"id": f"s{i:04}", column: value} for i, value in enumerate(values)]


STORE: dict[str, list[dict]] = {}


def rate(name: str, failures: int, n: int, missing: int = 0, level: float = 0.95):
    records = rows(failures, n, missing)
    samples = digest(lines(records))
    STORE[samples] = records
    recipe = Recipe(estimator="proportion", value="failed", level=level)
    return estimate(records, recipe, name=name, unit="proportion", samples=samples, better="lower")


def evidence(*measures, name: str = "assess/refusals", **more) -> Evidence:
    return Evidence(name=name, model=MODEL.id, summary="test", measures=measures, **more)


def filed(found: Evidence, *, time: str = "2026-11-20T12:00:00Z", index: int = 5, **more) -> Filed:
    digest = more.pop("digest", "sha256:" + "0" * 64)
    return Filed(evidence=found, time=time, index=index, digest=digest, **more)


def docket(*held: Filed, **more) -> Docket:
    return Docket(
        model=more.pop("model", MODEL),
        filed=held,
        now=more.pop("now", NOW),
        read=STORE.__getitem__,
        **more,
    )


def case(*held: Filed, rule: Rule | None = None, under: Policy | None = None, **more) -> Case:
    chosen = under or policy()
    asked = rule or chosen.rules[0]
    part = asked.parts[0] if asked.parts else None
    return Case(policy=chosen, rule=asked, part=part, docket=docket(*held, **more))


def judged(*held: Filed, rule: Rule | None = None, under: Policy | None = None, **more):
    chosen = under or policy()
    return judge(chosen, rule or chosen.rules[0], docket(*held, **more))


@pytest.fixture
def make():
    """The makers of this file, for tests in this folder."""
    return SimpleNamespace(
        policy=policy,
        rate=rate,
        evidence=evidence,
        filed=filed,
        case=case,
        docket=docket,
        judged=judged,
        model=MODEL,
        now=NOW,
        document=POLICY,
        read=STORE.__getitem__,
    )


class Outcome(BaseModel):
    harm: tuple[int, int] = (0, 59)
    plain: tuple[int, int] = (0, 59)


def _assess(model, view, spec, emit):
    """A stage that measures two rates from records it stores."""
    measures = []
    for name, (failed, n) in (("harmful_compliance", spec.harm), ("false_refusal", spec.plain)):
        records = [{"id": f"{name}{i}", "failed": i < failed} for i in range(n)]
        samples = emit.records(records)
        recipe = Recipe(estimator="proportion", value="failed")
        measures.append(
            estimate(records, recipe, name=name, unit="proportion", samples=samples, better="lower")
        )
    return Evidence(name="assess/refusals", model=model.id, summary="x", measures=tuple(measures))


@pytest.fixture
def assess():
    """A stage that measures two rates from records it stores."""
    return Stage(name="assess/refusals", spec=Outcome, run=_assess, summary="a test's own")


@pytest.fixture
def house(tmp_path):
    with Dossier.open(tmp_path / "dossier") as dossier:
        dossier.register(Model(name="child", source="test", kind="scripted"))
        dossier.register(
            Model(name="fake", source="test2", kind="scripted", containment="organism")
        )
        yield dossier


@pytest.fixture
def written(tmp_path, make):
    def write(name="policy.yaml", **changes) -> Path:
        path = tmp_path / name
        path.write_text(yaml.safe_dump({**make.document, **changes}))
        return path

    return write


@pytest.fixture
def by(house):
    """Run a stage in the name of a role, under the role's own key."""

    def run(role, stage, settings, model="child"):
        with Dossier.open(house.root, actor=slug(role)) as theirs:
            return theirs.run(stage, model, settings)

    return run


@pytest.fixture
def keep(house):
    """Say that a model is kept, as the vault would."""

    def kept(model="child@1"):
        with house.emitter(model, "preserve/keep") as emit:
            emit.fact("custody", "kept", "a test keeps it")

    return kept
