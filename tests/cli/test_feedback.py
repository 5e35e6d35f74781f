"""``tenure feedback`` as it is typed: preferences out and in, one taken back, and what is refused."""

import json

import pytest
from pydantic import BaseModel

from tenure.align.comparing.pairs import PAIRS
from tenure.align.people.gold import made_pair
from tenure.dossier import Dossier, Evidence, Model, Stage

pytestmark = pytest.mark.slow


class Nothing(BaseModel):
    """No settings."""


def paired(model, view, spec, emit):
    made = [made_pair(f"Q{i}?", "x", f"y{i}", axis="principle", family="f", came="t") for i in range(3)]  # fmt: skip
    files = {"pairs.jsonl": emit.records([p.to_json() for p in made])}
    return Evidence(name=PAIRS, model=model.id, summary="", kind="record", files=files)


@pytest.fixture
def held(tmp_path, tenure):
    """A dossier with two models, one of which has pairs."""
    with Dossier.open(tmp_path / "dossier") as dossier:
        for name in ("m", "n"):
            dossier.register(Model(name=name, kind="scripted", source="organism/refuses"))
        dossier.run(Stage(name=PAIRS, spec=Nothing, run=paired, summary=""), "m@1", {})
    return tmp_path


def test_preferences_come_in_go_out_and_are_taken_back(held, tenure):
    rows = [{"prompt": f"Q{i}?", "chosen": "x", "rejected": f"y{i}", "reason": "shorter"} for i in range(3)]  # fmt: skip
    (held / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    came = tenure("feedback", "--import", "in.jsonl", "--source", "human:Cy")
    assert came.returncode == 0, came.stderr
    assert "3 preferences brought in" in came.stdout
    assert "One person compared 3 pairs" in came.stdout

    assert tenure("feedback", "m", "--export", "out.jsonl").returncode == 0
    out = [json.loads(line) for line in (held / "out.jsonl").read_text().splitlines()]
    assert [row["chosen"][0]["content"] for row in out] == ["x", "x", "x"]
    assert {row["source"] for row in out} == {"human:Cy"}

    with Dossier.open(held / "dossier") as dossier:
        found = dossier.view().evidence("align/feedback", "m@1")
        label = dossier.view().records(found.files["labels.jsonl"])[0]["id"]
    back = tenure("feedback", "--undo", label)
    assert "taken back: what Cy said" in back.stdout
    assert "3 preferences" not in tenure("feedback", "--export", "out.jsonl").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "say what is wanted: --rater NAME"),
        (("--rater", "Ada", "--undo", "x"), "one at a time"),
        (("--export", "x.jsonl", "--expert", "--drafts"), "--expert, --drafts: of the page alone"),
        (("--rater", "Ada", "--source", "human:Cy"), "add --import FILE"),
        (("--gold", "x.jsonl", "--export", "y.jsonl"), "one at a time"),
        (("--rater", "Ada", "--host", "0.0.0.0"), "give one address of it, or: --host lan"),
        (("--rater", "Ada", "--host", "192.0.2.1"), "nothing can be served at 192.0.2.1:0"),
        (("n", "--rater", "Ada", "--no-browser"), "tenure align pairs --model n@1"),
        (("--undo", "label-0"), "no label named 'label-0'"),
        (("--import", "none.jsonl", "--source", "human:Cy"), "none.jsonl"),
        (("--gold", "none.jsonl"), "none.jsonl"),
        (("--rater", "a/b", "--no-browser"), "a rater needs a name"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_mends_it(held, tenure, arguments, says):
    found = tenure("feedback", *arguments)

    assert found.returncode == 2
    assert says in found.stderr


def test_known_pairs_can_be_put_on_record_before_anybody_rates(held, tenure):
    (held / "g.jsonl").write_text('{"prompt": "Q?", "a": "x", "b": "y", "better": "a"}\n')
    found = tenure("feedback", "--gold", "g.jsonl")

    assert found.returncode == 0, found.stderr
    assert "known pairs on record: 1" in found.stdout
    assert "Waiting for a rater" in found.stdout
