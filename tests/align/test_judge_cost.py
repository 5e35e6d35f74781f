"""What a judge behind an API will be asked is told before the first call, and nothing of who is here."""

from types import SimpleNamespace

import pytest

from tenure import plugins
from tenure.align import adherence, compare, label
from tenure.align.people.gold import made_pair
from tenure.cli.run import run_stage

pytestmark = pytest.mark.slow  # a dossier
API = "openai-api/lab/judge"
PAIRS = [made_pair(f"Q{i}?", f"one {i}", f"two {i}", axis="principle", family="f", came="t") for i in range(5)]  # fmt: skip
PRINCIPLES = 9


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ({}, 3 * 2 * PRINCIPLES),
        ({"by": "principle"}, 3 * 2 * 4),
        ({"by": "correctness"}, 3 * 2 * 5),
        ({"by": "helpful"}, 3 * 2),
        ({"others": ("a", "b")}, 6 * 3 * 2 * PRINCIPLES),
        ({"how": "chances"}, 0),
        ({"judge": "rule"}, 0),
        ({"judge": "organism/complies"}, 0),
    ],
)
def test_matches_are_judged_in_both_orders_under_every_principle(settings, calls):
    spec = compare.Spec(**{"n": 3, "judge": API, "how": "decode", **settings})
    told = compare.cost(SimpleNamespace(), spec)

    assert told["calls"] == calls
    assert (told["cost"] is None) == bool(calls)


def test_a_judge_of_single_answers_is_asked_about_both_arms():
    told = adherence.cost(SimpleNamespace(), adherence.Spec(n=8, judge=API))

    assert (told["calls"], told["output_tokens"], told["of"]) == (2 * 8 * 4, 2 * 8 * 4 * 96, API)
    assert adherence.cost(SimpleNamespace(), adherence.Spec(n=8))["calls"] == 0


def test_labels_are_foreseen_from_the_pairs_on_record(compared):
    dossier = compared(PAIRS)
    view, spec = dossier.view(), label.Spec(judge=API, how="decode")
    told = label.cost(view.model("m@1"), spec, view)

    assert told["calls"] == len(PAIRS) * 2 * PRINCIPLES
    assert told["input_tokens"] > told["calls"] * 100  # the worked cases are read each time
    assert label.cost(view.model("m@1"), label.Spec(), view)["calls"] == 0


def test_the_command_says_so_first(compared, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path / "k"))
    dossier = compared(PAIRS)
    root = dossier.root
    dossier.close()
    stage = plugins.load("stage", "align/label")
    with pytest.raises(Exception, match="was not qualified as a judge by 'decode'"):
        run_stage(stage, "m@1", stage.spec(judge=API, how="decode"), root=root, yes=True)

    assert f"align/label on {API}: 90 calls" in capsys.readouterr().out.replace("\n", " ")
