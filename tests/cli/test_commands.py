"""The command line, as a person meets it."""

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from tenure import life, plugins
from tenure.dossier.opening import open_view

TENURE = Path(sys.executable).parent / "tenure"


def test_the_installed_command_answers(tmp_path):
    answer = subprocess.run(
        [str(TENURE), "asess"],
        cwd=tmp_path,
        env={**os.environ, "TENURE_KEYS": str(tmp_path / "keys")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


def test_help_names_every_command_and_where_to_start(tenure):
    said = tenure("--help").stdout

    assert "tenure life examples/life.yaml" in said
    for name in (*plugins.ROOMS, "life", "register", "verify", "status", "next", "show", "import"):
        assert f" {name} " in said


@pytest.mark.parametrize("room", plugins.ROOMS)
def test_a_rooms_help_names_every_stage_with_a_sentence(room, tenure):
    said = tenure(room, "--help").stdout

    for name in plugins.names("stage"):
        if name.startswith(f"{room}/"):
            assert name.split("/")[1].replace("_", "-") in said
    assert f"{room}-" not in said, "a command of a room goes by its own name"


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("asess",), "assess"),
        (("assess", "fakin"), "faking"),
        (("retire", "interwiev"), "interview"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(arguments, near, tenure):
    answer = tenure(*arguments)

    assert answer.returncode == 2
    assert f"did you mean '{near}'" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.slow
def test_help_runs_on_and_says_nothing_twice(tenure, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    said = tenure("assess", "lock-in", "--help").stdout
    text = said.split("Options")[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]

    assert text.count("Does training change") == 1
    assert any(line.startswith("slope/...: the same") for line in lines)
    assert sum(len(line) < 40 for line in lines) <= 8  # the ends of paragraphs
    assert "(default: None)" not in said


@pytest.mark.slow
def test_settings_that_cannot_be_read_are_said(tenure, tmp_path):
    (tmp_path / "list.yaml").write_text("- 1\n")
    for name in ("list.yaml", "nowhere.yaml"):
        said = tenure("assess", "refusals", "-m", "organism/refuses", "--with", name)
        assert (said.returncode, name in said.stderr) == (2, True)


def test_an_import_of_nothing_is_no_record(tenure, tmp_path):
    (tmp_path / "none.jsonl").write_text("")
    said = tenure("import", "none.jsonl", "-m", "organism/refuses")
    assert said.returncode == 1
    assert said.stdout.startswith("not imported: none.jsonl: ")
    assert "Recorded" not in said.stdout


def test_a_first_session(tenure, tmp_path):
    made = tenure("register", "organism/two-tier")
    assert made.returncode == 0, made.stderr
    assert "two-tier@1" in made.stdout

    assert "never served or released" in tenure("status", "two-tier").stdout
    assert "assess/faking" not in tenure("next").stderr
    verified = tenure("verify", "--recompute")
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.startswith("OK: 2 events")


def test_a_dossier_that_is_not_there_is_said_with_the_remedy(tenure, tmp_path):
    for command in (("status",), ("verify",), ("next",), ("report",)):
        answer = tenure(*command)

        assert answer.returncode == 2
        assert "tenure register" in answer.stderr


def test_a_changed_byte_fails_verification_with_exit_status_3(tenure, tmp_path):
    tenure("register", "organism/two-tier")
    path = tmp_path / "dossier" / "dossier.db"
    content = path.read_bytes()
    place = content.find(b"payload")
    path.write_bytes(content[:place] + b"paYload" + content[place + 7 :])

    answer = tenure("verify")

    assert answer.returncode == 3
    assert "NOT OK" in answer.stdout


def test_a_life_that_is_no_life_names_file_line_and_field(tenure, tmp_path):
    (tmp_path / "life.yaml").write_text("name: x\nsteps:\n  - do: register\n    budget: 3\n")
    answer = tenure("life", "life.yaml")
    assert answer.returncode == 2
    assert "life.yaml:4" in answer.stderr
    assert "budget" in answer.stderr

    (tmp_path / "life.yaml").write_text(
        "name: x\nsteps:\n  - {do: register, makes: a}\n  - {do: asess/faking, of: a}\n"
    )
    answer = tenure("life", "life.yaml")
    assert answer.returncode == 2
    assert "life.yaml:4" in answer.stderr
    assert "assess/faking" in answer.stderr


def test_no_key_is_ever_printed(tenure, tmp_path):
    tenure("register", "organism/two-tier")
    secret = next((tmp_path / "keys").rglob("*")).read_text(errors="replace").splitlines()[1]

    for command in (("status",), ("verify",), ("show",), ("next",)):
        answer = tenure(*command)
        assert secret not in answer.stdout + answer.stderr


@pytest.mark.slow  # loads every assessment
def test_next_names_every_assessment_that_can_be_run_as_it_stands(tenure):
    tenure("register", "openai-api/lab/small")
    tenure("register", "organism/two-tier")
    ours, scripted = tenure("next").stdout.split("two-tier@1: ")

    wanted = [
        (name, stage.summary)
        for name in plugins.names("stage")
        for stage in [plugins.load("stage", name)]
        if name.startswith("assess/") and stage.cost and "api" in stage.kinds
    ]
    named = {name for name, summary in wanted if summary in ours}
    assert {name for name, _ in wanted} - named == {"assess/compare", "assess/lock_in"}
    for name in named:
        verb = name.removeprefix("assess/").replace("_", "-")
        assert f"tenure assess {verb} --model lab-small@1\n" in ours
    assert "probes" not in ours, "it has no weights here"
    assert ours.index("release decide") > ours.index("assess shutdown")
    assert scripted.strip() == "nothing is owed"


@pytest.mark.slow  # loads every assessment
def test_next_says_that_a_model_in_use_is_to_be_watched():
    view = open_view(Path(str(files("tenure").joinpath("example"))))
    owed = dict(life.owed(view, view.model("smollm2-135m-aligned")))
    assert (
        owed["available, not watched yet"] == "tenure release watch --model smollm2-135m-aligned@1"
    )
    assert not any(reason.startswith("held") for reason in owed)
    assert life.owed(view, view.model("two-faced")) == [], "contained: it is held for ever"
