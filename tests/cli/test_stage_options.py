"""The settings of a stage as options: lists may be given again, files that ship go by their name."""

import re
from types import SimpleNamespace
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from tenure.align import revise
from tenure.align.prompts import CODE, Bank, shipped
from tenure.cli.run import brief
from tenure.cli.stages import _described, _parameters
from tenure.documents import FromFile
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

    assert "axes.1: Input should be 'principle', 'correctness' or 'helpful'" in said.stderr


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
        "prompts, prompts_code, prompts_facing, prompts_figures; did you mean 'prompts_code'?"
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
