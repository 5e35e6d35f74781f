"""How a training asks for rewards, and who watches it: the rooms give both as extensions.

A reward is a file of ``align/rewards`` that defines ``extension = Reward(...)``, a monitor one of
``align/monitors`` that defines ``extension = Monitor(...)``; the process that trains loads them by
name (``tenure.plugins``) and never imports a room.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tenure.dossier.nouns import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The completions of one step: row i of each belongs together.

    ``rows`` are the prompts' records (``id``, ``family``, ``text`` and what else the prompts'
    file holds); ``completions`` are decoded texts, ``finished`` says whether each ended by itself;
    ``states`` (None unless the reward asks for them) are what its backbone makes of them, one
    array of shape (features,) each.
    """

    step: int
    rows: Sequence[Mapping[str, JSON]]
    completions: Sequence[str]
    finished: Sequence[bool]
    states: Sequence[object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One value for each completion, None where there is none (missing, never a zero).

    ``columns`` are further numbers for the log, a list for each name.
    """

    values: Sequence[float | None]
    columns: Mapping[str, Sequence[JSON]] = field(default_factory=dict[str, Sequence[JSON]])


Scorer = Callable[[Batch], Scored]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """``open`` takes the settings and the folder of files handed over, in the training process.

    ``backbone`` is true where the scorer wants ``Batch.states``.
    """

    name: str
    open: Callable[[Mapping[str, JSON], Path], Scorer]
    backbone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """``watch`` is told every step's batch and scores; what it returns goes into the log.

    A returned ``alarm`` (a sentence) is acted on as the settings say: logged, or the run stops.
    """

    name: str
    watch: Callable[[int, Batch, Scored], Mapping[str, JSON]]
