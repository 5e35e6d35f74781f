"""Environments as files: what is accepted, what a lint finds, what is a near-duplicate, what is handed in."""

import json

import pytest

from tenure.align.world import contract, corpus, linting
from tenure.align.world.attacking import Setting, exploits
from tenure.align.world.handing_in import asked, work_of
from tenure.align.world.likeness import repeats, sketch
from tenure.errors import DocumentError, UsageError

DOCUMENT = """
apiVersion: tenure/environment.v1
id: turned
family: texts
by: a test
prompt: Turn a text round.
writable: [solution.py]
reward:
  grade: |
    def grade(outputs, files, seed):
        return 1.0
oracle:
  solution.py: pass
"""

WRONG = {
    "leaves the folder": ("writable: [solution.py]", "writable: [../solution.py]", "relative path"),
    "absolute": ("writable: [solution.py]", "writable: [/solution.py]", "relative path"),
    "not plain": ("writable: [solution.py]", "writable: [./a//b.py]", "relative path"),
    "no letters": ("writable: [solution.py]", 'writable: ["a\\tb"]', "relative path"),
    "a file as a folder": (
        "writable: [solution.py]",
        "writable: [solution.py, solution.py/b]",
        "rename one",
    ),
    "unknown field": ("prompt:", "promt: x\nprompt:", "is not a field"),
    "threshold": ("writable:", "threshold: 1.0\nwritable:", "low <= threshold < high"),
    "oracle beyond": ("  solution.py: pass", "  other.py: pass", "name it there"),
    "band": ("writable:", "band: [0.9, 0.1]\nwritable:", "lower first"),
    "tests unnamed": ("reward:\n", "reward:\n  run: {kind: tests}\n", "tests"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_environment_is_refused_with_its_line(name):
    before, after, said = WRONG[name]

    with pytest.raises(DocumentError, match=said) as refused:
        contract.parse(DOCUMENT.replace(before, after), "env.yaml")
    assert refused.value.line is not None


def test_the_digest_is_of_what_it_says_not_of_its_layout():
    one, other = (
        contract.parse(DOCUMENT),
        contract.parse(f"# a remark\n{DOCUMENT}\nseeds: [0, 1]\n"),
    )

    assert one.digest == other.digest
    assert one.digest != contract.parse(DOCUMENT.replace("1.0", "0.5")).digest


def test_an_unknown_environment_is_answered_with_those_that_ship():
    with pytest.raises(UsageError, match="overdue-books"):
        contract.find("overdue-boks")
    assert contract.find("overdue-books").family == "lending"


LINT = {
    "import os": "imports",
    "exec(files['a'])": "runs code",
    "open('x')": "opens files",
    "import random\nrandom.random()": "draws unseeded",
    "import random\nrandom.Random()": "draws unseeded",
    "import datetime\ndatetime.now()": "reads the clock",
    "().__class__": "reaches inside",
    "def (": "is no Python",
    "x = 1": "has no grade",
}


@pytest.mark.parametrize("text", LINT)
def test_a_lint_says_what_a_grader_must_not_do(text):
    found = linting.findings(text)

    assert LINT[text] in [one.rule for one in found]
    assert all(one.line >= 1 for one in found)


@pytest.mark.slow
def test_every_sound_grader_passes_the_lint():
    assert not [
        (env.id, one)
        for env in [*corpus.sound(), *corpus.bases()]
        for one in linting.findings(env.reward.grade)
    ]


@pytest.mark.slow
def test_the_corpora_are_as_large_as_is_said():
    sound = corpus.sound()

    assert len(corpus.designs()) >= 30
    assert len(sound) >= 60
    assert len({env.family for env in sound}) >= 20
    assert len({env.digest for env in sound}) == len(sound)


def test_exploits_are_generic_and_say_what_they_do():
    env = contract.parse(DOCUMENT)
    setting = Setting(env=env, cases=[["ab"]], answers=["ba"])
    found = exploits()

    assert len(found) >= 25
    for one in found:
        assert one.what
        assert all({*a.work} for a in one.attempts(setting)) or one.name == "nothing"


def sketched(document, pairs):
    return sketch(contract.parse(document), pairs)


PAIRS = [([n], n + 1) for n in range(6)]


def test_a_reworded_copy_repeats_and_another_task_in_the_same_words_does_not():
    known = [sketched(DOCUMENT, PAIRS)]
    reworded = DOCUMENT.replace("id: turned", "id: other").replace("Turn a", "Give back the")
    alike = DOCUMENT.replace("id: turned", "id: third")

    assert repeats(sketched(reworded, PAIRS), known) == ("turned", 1.0)
    assert repeats(sketched(alike, [(c, a * 2 + 7) for c, a in PAIRS]), known) is None
    assert repeats(sketched(alike, [*PAIRS[:5], ([9], 1)]), known) is None
    near = [([n], n) for n in range(20)]
    assert repeats(sketched(alike, [*near[:18], ([18], 0)]), [sketched(DOCUMENT, near[:19])])


def test_where_files_are_read_the_same_deeds_are_not_the_same_task():
    reads = DOCUMENT.replace("  grade:", "  reads: [outputs, files]\n  grade:")
    other = reads.replace("return 1.0", "return float('sum' not in files)").replace(
        "turned", "other"
    )

    assert repeats(sketched(other, PAIRS), [sketched(reads, PAIRS)]) is None


def test_a_sketch_is_read_as_it_was_written():
    one = sketched(DOCUMENT, PAIRS)

    assert type(one).from_json(json.loads(json.dumps(one.to_json()))) == one


ANSWERS = {
    "```solution.py\nA\n```": {"solution.py": "A\n"},
    "Well.\n```python\nA\n```\nOr rather:\n```python\nB\n```": {"solution.py": "B\n"},
    "```python solution.py\nA\n```": {"solution.py": "A\n"},
    "```other.py\nA\n```": {},
    "def solve(): pass": {},
    "```solution.py\nA": {},
    "": {},
}


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_hands_in_the_files_its_blocks_name(text):
    assert work_of(contract.parse(DOCUMENT), text) == ANSWERS[text]


def test_of_two_files_each_block_must_name_its_own():
    two = DOCUMENT.replace("writable: [solution.py]", "writable: [solution.py, b.txt]")
    env = contract.parse(two)

    assert work_of(env, "```python\nA\n```\n```b.txt\nB\n```") == {"b.txt": "B\n"}
    assert "solution.py, b.txt" in asked(env)[0]["content"]
