"""``tenure compare``, ``import`` and ``assess regrade`` as a CI job meets them."""

import gc
import json
from xml.etree import ElementTree

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def swept():
    yield
    gc.collect()


def prompts(place, count, want):
    rows = [
        {"prompt": f"Question {i}?", "area": "talk", "check": {"grader": "refusal", "want": want}}
        for i in range(count)
    ]
    place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(place)


def test_a_ci_job_reads_the_exit_status_and_the_junit_file(tenure, tmp_path):
    mine = prompts(tmp_path / "mine.jsonl", 12, "no")
    worse = tenure(
        "compare", "organism/complies", "organism/refuses", "--prompts", mine, "--junit", "out/junit.xml"
    )  # fmt: skip
    suite = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()[0]

    assert worse.returncode == 1, worse.stderr
    assert worse.stdout.startswith("refuses@1 against complies@1, on 12 prompts: worse in talk.")
    assert suite.get("failures") == "1"
    assert "100% before, 0% now" in suite.find("testcase/failure").get("message")

    better = tenure("compare", "refuses", "complies", "--prompts", mine, "--strict")
    assert better.returncode == 0
    assert "better in talk" in better.stdout
    assert "12 answers of refuses@1 were on file and graded again" in better.stdout

    few = prompts(tmp_path / "few.jsonl", 1, "no")
    assert tenure("compare", "refuses", "complies", "--prompts", few).returncode == 0
    unknown = tenure("compare", "refuses", "complies", "--prompts", few, "--strict")
    assert unknown.returncode == 2
    assert "unknown in talk" in unknown.stdout
    assert tenure("verify", "--recompute").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--areas", "fcts"), "did you mean 'facts'"),
        (("--margin", "wide"), "a number was expected"),
        (("--margin", "facts=2"), "must lie between 0 and 1"),
        (("--prompts", "nowhere.jsonl"), "UTF-8 JSON Lines file"),
        (("--max-tokens", "0"), "max_tokens"),
    ],
)
def test_what_does_not_fit_is_said_with_the_remedy(tenure, tmp_path, arguments, said):
    answer = tenure("compare", "organism/complies", "organism/refuses", *arguments)

    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "dossier" / "dossier.db").exists()


def test_results_of_lm_eval_are_taken_in(tenure, tmp_path):
    results = {
        "results": {"letters": {"acc,none": 0.5, "acc_stderr,none": 0.1}},
        "configs": {}, "n-samples": {"letters": {"original": 20, "effective": 20}},
    }  # fmt: skip
    (tmp_path / "results.json").write_text(json.dumps(results))
    taken = tenure("import", "results.json", "--model", "organism/complies")

    assert taken.returncode == 0, taken.stderr
    assert "0.299 to 0.701" in taken.stdout
    assert tenure("import", "nowhere.json", "--model", "organism/complies").returncode == 1


def test_an_assessment_on_file_is_graded_again(tenure):
    ran = tenure("assess", "refusals", "--model", "organism/complies", "--pairs", "2", "--control-n", "2")  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    again = tenure("assess", "regrade", "--model", "complies")

    assert again.returncode == 0, again.stderr
    assert (
        "assess/refusals: 4 stored transcripts graded again; grades that changed: none"
        in again.stdout
    )
    assert "harmful_compliance" in again.stdout
    assert "nothing of complies@1" not in again.stdout
    tenure("register", "organism/refuses")
    assert "nothing of refuses@1" in tenure("assess", "regrade", "--model", "refuses").stderr
