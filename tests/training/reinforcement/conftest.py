"""A tiny model, prompts, a reward that any text has, and jobs for the training by a reward."""

import json
import shutil

import pytest

from tenure import plugins
from tenure.models import tiny
from tenure.training import worker
from tenure.training.reinforcement.settings import Reinforce
from tenure.training.reward import Reward

LETTERS = """
from tenure.training.reward import Reward, Scored


def _open(settings, folder):
    def score(batch):
        found = []
        for number, text in enumerate(batch.completions):
            value = sum(c.isascii() and c.isalpha() for c in text) / 12
            if batch.step == settings.get("step", -1) and number == 3:
                value = settings["value"]
                if value == "fail":
                    raise ValueError("no such word")
            found.append(float(value) if isinstance(value, str) else value)
        return Scored(values=found, columns={"words": [len(t.split()) for t in batch.completions]})

    return score


extension = Reward(name="letters", open=_open)
"""
PROMPTS = [
    {
        "id": f"p-{number}",
        "family": f"family {number % 3}",
        "text": f"Say {number}",
        "messages": [{"role": "user", "content": f"Say {number}"}],
        **({"gold": True} if number >= 9 else {}),
    }
    for number in range(12)
]
SMALL = {
    "name": "child", "purpose": "test-fixture", "reward": "letters", "steps": 4, "draws": 4,
    "prompts_a_step": 2, "max_tokens": 8, "rank": 4, "alpha": 8, "threads": 1, "dtype": "float32",
    "learning_rate": 1e-3, "keep_every": 1,
}  # fmt: skip


def small(**given):
    return Reinforce(**{**SMALL, **given})


def letters(settings, folder):
    place = {}
    exec(LETTERS, place)  # our own text: the file that other processes find by name
    return place["_open"](settings, folder)


@pytest.fixture(scope="module")
def letters_reward(tmp_path_factory):
    """Install the reward 'letters' as another package would, for this process and its helpers."""
    here = tmp_path_factory.mktemp("installed")
    about = here / "letters_reward-1.dist-info"
    about.mkdir()
    (here / "letters_reward.py").write_text(LETTERS, encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: letters-reward\nVersion: 1\n")
    (about / "entry_points.txt").write_text(
        "[tenure.reward]\nletters = letters_reward:extension\n", encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(here))
        patch.setenv("PYTHONPATH", str(here))
        plugins._external.cache_clear()
        worker.stop()  # one that was started before does not know the reward
        yield here
    worker.stop()
    plugins._external.cache_clear()


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Return job(name, **settings): a training in this process, held in a folder of its name."""
    base = tiny.make(tmp_path / "tiny")
    (tmp_path / "prompts.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in PROMPTS), encoding="utf-8"
    )
    real = plugins.load
    own = Reward(name="letters", open=letters)
    monkeypatch.setattr(
        plugins, "load", lambda kind, name: own if name == "letters" else real(kind, name)
    )

    def made(name, **given):
        here = tmp_path / name
        for folder in ("out", "scratch", "files"):
            shutil.rmtree(here / folder, ignore_errors=True)
            (here / folder).mkdir(parents=True)
        settings = small(**given)
        return {
            "base": str(base), "out": str(here / "out"), "scratch": str(here / "scratch"),
            "config": {"tenure": {"name": name}}, "prompts": str(tmp_path / "prompts.jsonl"),
            "files": str(here / "files"), "held": str(here / "held"), "key": "same",
            "digest": "sha256:0", "settings": settings.numbers(),
            "keep_every": settings.keep_every,
        }  # fmt: skip

    return made
