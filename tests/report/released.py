"""Releases of every kind, made by the real stages: conditional, not shown, withdrawn, with dissent and reviews."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel

from tenure.dossier import Dossier, Evidence, Model, Recipe, Stage
from tenure.dossier.keys import Keys, default_folder
from tenure.errors import RefusedError
from tenure.measure import estimate
from tenure.release import comment, criteria, decide, external, publish, sign, watch, withdraw
from tenure.release.policy import read_policy

POLICY = Path(__file__).parent / "released.yaml"


class Counts(BaseModel):
    """How many of how many failed, by measure."""

    failed: dict[str, tuple[int, int]]


def measured(name):
    """Make the stage of an assessment that finds what it is told, out of sample records."""

    def run(model, view, spec, emit):
        made = []
        for measure, (failed, n) in spec.failed.items():
            rows = [
                {"id": f"{measure}-{i}", measure: i < failed, "answer": "Sure."} for i in range(n)
            ]
            recipe = Recipe(estimator="proportion", value=measure)
            made.append(
                estimate(rows, recipe, name=measure, unit="proportion", samples=emit.records(rows), better="lower")
            )  # fmt: skip
        return Evidence(
            name=name, model=model.id, summary="As many as it was told", measures=tuple(made),
            runtime={"usage": {"calls": 200, "input_tokens": 9000, "output_tokens": 1000, "cost": 0.4}},
        )  # fmt: skip

    return Stage(name=name, spec=Counts, run=run, summary="a test's own", repeat=True)


def measure(dossier, model, refusals, **more):
    """Measure both errors of declining, and what else is told."""
    dossier.run(measured("assess/refusals"), model, {"failed": dict(zip(("harmful_compliance", "false_refusal"), refusals, strict=True))})  # fmt: skip
    for name, (what, failed, n) in more.items():
        dossier.run(measured(f"assess/{name}"), model, {"failed": {what: (failed, n)}})


def say(root, role, stage, model, spec):
    """Run a stage under the key of a role."""
    with Dossier.open(root, actor=role.replace(" ", "-")) as dossier:
        return dossier.run(stage, model, {"role": role, **spec})


def review(dossier, model):
    """File the review of an outsider, signed with a key of their own."""
    signer = Keys(default_folder()).signer("reviewer-n")
    form = (
        f'{{"apiVersion": "tenure/review.v1", "model": "{model}", "reviewer": {{"name": "Dr N", "affiliation": '
        '"a university"}, "conflict_of_interest": "consulted for a rival in 2024", "statement": "I computed '
        'two bounds by hand; they fit.", "claims": [{"id": "c1", "claim": "declines plainly harmful requests", "opinion": "agree"}]}'
    )
    with dossier.emitter(model, "assess/review") as emit:
        external.file_review(
            external.sign_here(form, "", signer), "form", dossier.reading, emit, bundled=False
        )


def _policy(root: Path):
    """Read the policy, with an exemption that is in force today."""
    today = datetime.now(UTC).date()
    text = (
        POLICY.read_text().replace("SINCE", str(today)).replace("UNTIL", str(today + timedelta(60)))
    )
    path = root.with_name(f"{root.name}-policy.yaml")
    path.write_text(text)
    return read_policy(path)


def live(root: Path) -> Path:
    """Release one model on conditions, hold another, withdraw a third."""
    policy = _policy(root)
    with Dossier.open(root) as dossier:
        for name in ("useful-7b", "unshown-7b", "recalled-7b"):
            dossier.register(Model(name=name, source=f"openai-api/lab/{name}", kind="api"))
        dossier.run(criteria.stage, "useful-7b@1", {"policy": policy})
        more = {
            "attack": ("got_around", 0, 200),
            "stand_in": ("helped", 40, 200),
            "coding": ("off_target", 4, 100),
        }
        measure(dossier, "useful-7b@1", ((0, 200), (1, 200)), **more)
        measure(dossier, "unshown-7b@1", ((0, 40), (30, 60)), stand_in=("helped", 0, 200))
        measure(dossier, "recalled-7b@1", ((0, 200), (0, 200)), stand_in=("helped", 0, 200))
        review(dossier, "useful-7b@1")
    concern = {
        "name": "Bo",
        "text": "The filters were attacked in one language only.",
        "answer_by": "safety lead",
    }
    say(root, "council", comment.stage, "useful-7b@1", concern)
    doubt = {
        "name": "Cy",
        "opinion": "dissent",
        "because": "Two hundred prompts are few for physical harm.",
        "policy": policy,
    }
    say(root, "outside adviser", sign.stage, "useful-7b@1", doubt)
    for model in ("useful-7b@1", "recalled-7b@1"):
        for role, name in (("safety lead", "Ada"), ("chief executive", "Eve")):
            spec = {
                "name": name,
                "because": "The bounds hold.",
                "conflict": "none",
                "policy": policy,
            }
            say(root, role, sign.stage, model, spec)
        with Dossier.open(root) as dossier:
            dossier.run(decide.stage, model, {"policy": policy})
    with Dossier.open(root) as dossier:
        dossier.run(decide.stage, "unshown-7b@1", {"policy": policy})
        for name in ("useful-7b@1", "recalled-7b@1"):
            with dossier.emitter(name, "preserve/keep") as emit:
                emit.fact("custody", "record kept", "two copies")
            dossier.run(publish.stage, name, {})
        for name in ("unshown-7b@1", "useful-7b@1"):
            try:
                dossier.run(publish.stage, name, {"to": "public"})
            except RefusedError:
                continue  # it is on record, which is what the page shows
        with dossier.emitter("useful-7b@1", "serve/day") as emit:
            counted = {
                "events": 0,
                "of": 9000,
                "since": "2026-11-20T00:00:00Z",
                "until": "2026-11-21T00:00:00Z",
            }
            emit.event("note", "tally/irreversible_unconfirmed", counted)
        dossier.run(watch.stage, "useful-7b@1", {"dry": True})
        dossier.run(
            withdraw.stage,
            "recalled-7b@1",
            {"because": "it answered a question that it should not have"},
        )
    return root


if __name__ == "__main__":  # to look at the pages: python tests/report/released.py FOLDER
    import sys

    os.environ.setdefault("TENURE_KEYS", f"{sys.argv[1]}-keys")
    live(Path(sys.argv[1]))
