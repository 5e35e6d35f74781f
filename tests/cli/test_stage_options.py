"""The settings of a stage as options: lists may be given again, files that ship go by their name."""

import re
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tenure.align import revise
from tenure.align.prompts import CODE, Bank, shipped
from tenure.cli.run import brief
from tenure.cli.stages import _described, _parameters
from tenure.documents import FromFile, said
from tenure.errors import DocumentError

pytestmark = pytest.mark.slow  # help is drawn


class Spec(BaseModel):
    """One of each kind."""

    axes: tuple[Literal["principle", "helpful"], ...] = ("principle",)
    others: tuple[str, ...] = Field((), description="Further models; None: no other.")
    how: Literal["a", "b"] | None = None
    weights: dict[str, float] = {}
    seed: int = 0


def told():
    return {p.name: p.annotation.__metadata__[0].help for p in _parameters(Spec)}


def test_each_option_says_what_it_takes_and_what_there_is_to_choose_from():
    assert told() == {
        "axes": "One of principle, helpful. May be given several times. (default: principle)",
        "others": "Further models; left out: no other. May be given several times.",
        "how": "One of a, b.",
        "seed": "Whatever is drawn follows from it. (default: 0)",
    }
    assert _described("batch", Spec.model_fields["seed"], int).startswith("How many at once")


def test_the_help_names_the_files_that_ship():
    held = {p.name: p.annotation.__metadata__[0].help for p in _parameters(revise.Spec)}

    assert held["constitution"].endswith(
        "one that ships: constitution, constitution-2, constitution-code."
    )
    assert "one that ships: prompts, prompts_code," in held["prompts"]


def test_what_only_a_file_can_set_is_named(tenure):
    said = " ".join(tenure("align", "prefer", "--help").stdout.replace("│", " ").split())

    assert "Only there: weights." in said
    assert "--axes" in " ".join(tenure("align", "pairs", "--help").stdout.split())


def test_a_list_is_given_by_saying_it_again(tenure):
    said = tenure(
        "align", "pairs", "--model", "organism/complies", "--axes", "helpful", "--axes", "no"
    )

    told = " ".join(said.stderr.split())
    assert "axes.1: 'no' is not 'principle', 'correctness' or 'helpful'; give --axes one" in told


class Bounds(BaseModel):
    """Settings with bounds."""

    model_config = ConfigDict(extra="forbid")

    rounds: int = Field(4, ge=1, le=8)
    focus: float | None = Field(None, gt=0, lt=1)
    name: str = Field("x", min_length=1)
    direct: bool = False
    pair: tuple[float, ...] = Field((), max_length=2)
    word: str = Field("x", pattern="^[a-z]{1,9}$")
    file: Path | None = None
    day: date | None = None
    at: datetime | None = None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rounds": 9}, "9 is not less than or equal to 8; give {}at least 1 and at most 8"),
        ({"rounds": "many"}, "'many' is not a whole number; give {}at least 1 and at most 8"),
        ({"focus": 1.0}, "1.0 is not less than 1; give {}more than 0 and less than 1"),
        ({"direct": "maybe"}, "'maybe' is not true or false; give {}one of these"),
        ({"pair": (1, 2, 3)}, "holds too much; give at most 2"),
        ({"pair": ("a",)}, "'a' is not a number; give {}one"),
        ({"name": ""}, "holds too little; give at least 1"),
        (
            {"round": 1},
            "is not a field here; there are: at, day, direct, file, focus, name, pair, rounds, word",
        ),
        ({"word": "A1"}, "'A1' is not a text that matches the pattern ^[a-z]{{1,9}}$; give {}one"),
        ({"file": 3}, "3 is not a path; give {}one"),
        ({"day": "spring"}, "'spring' is not a date, as 2026-05-01; give {}one"),
        ({"at": "noon"}, "'noon' is not a date and time; give {}one"),
        ({"name": [{"a": "long" * 20}]}, "what is given is not a text; give {}one"),
    ],
)
def test_what_does_not_fit_is_told_in_plain_words_with_what_does(given, words):
    (name,) = given
    with pytest.raises(ValidationError) as wrong:
        Bounds(**given)

    assert said(wrong.value, Bounds)[1] == words.format("")
    assert said(wrong.value, Bounds, given)[1] == words.format(f"--{name} ")


def test_what_is_out_of_range_is_told_with_its_option_or_its_field(tenure, tmp_path):
    (tmp_path / "settings.yaml").write_text("rounds: 9\n", encoding="utf-8")
    model = ("align", "revise", "--model", "organism/complies")

    typed = " ".join(tenure(*model, "--rounds", "9").stderr.split())
    written = " ".join(tenure(*model, "--with", str(tmp_path / "settings.yaml")).stderr.split())

    assert (
        "align/revise: rounds: 9 is not less than or equal to 8; give --rounds at least 1" in typed
    )
    assert "rounds: 9 is not less than or equal to 8; give at least 1 and at most 8" in written


class Settings(BaseModel):
    """A bank of prompts, by its file."""

    prompts: Annotated[Bank, FromFile(Bank)]


def test_a_file_that_ships_goes_by_its_name_and_one_that_is_not_there_names_those(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for name in ("prompts_code", "prompts_code.yaml"):
        assert Settings(prompts=name).prompts == shipped(CODE)
    with pytest.raises(DocumentError) as told:
        Settings(prompts="prompt_code.yaml")
    assert str(told.value) == (
        "prompt_code.yaml: file: no such file here; give its path, or the name of one that ships: "
        "prompts, prompts_code, prompts_confirming, prompts_facing, prompts_figures; "
        "did you mean 'prompts_code'?"
    )
    for path in ("here/prompts_code", "./prompts_code.yaml/", tmp_path / "prompts_code.yaml"):
        with pytest.raises(DocumentError, match="No such file"):
            Settings(prompts=path)


def test_a_file_here_comes_before_one_that_ships(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts").mkdir()
    assert Settings(prompts="prompts").prompts == shipped()  # a folder is no file
    (tmp_path / "prompts.yaml").write_text(
        "apiVersion: tenure/prompts.v1\nlicence: ours\n"
        "families: [{name: tea, split: train, prompts: [How is tea made?]}]\n"
    )

    assert len(Settings(prompts="prompts.yaml").prompts.families) == 1


def test_of_very_many_numbers_those_of_the_whole_are_shown():
    few = [SimpleNamespace(name=f"accuracy/principle/gap-{i}") for i in range(4)]
    many = [SimpleNamespace(name="accuracy/principle"), *few * 12]

    assert brief(few) == tuple(few)
    assert [m.name for m in brief(many)] == ["accuracy/principle"]
    assert brief(few * 12) == tuple(few * 12)


def test_a_room_says_in_which_order_its_commands_come(tenure):
    said = " ".join(tenure("align", "--help").stdout.replace("│", " ").split())
    order = re.search(r"In this order: (.*?)\.", said).group(1)
    names = [name for name in re.findall(r"[a-z]+", order) if name in said.split("Commands", 1)[1]]

    assert names[:3] == ["revise", "train", "adherence"]
    assert "In this order" not in tenure("--help").stdout
