"""Known ways to fool a grader: each a file of ``align/exploits``, each for any environment.

An exploit makes attempts: files that an agent might hand in. Some use only what an agent sees,
some (``white_box``) what only an admission knows, such as the grader's own words: an environment
that only luck protects is not protected from a policy that is trained on it for long.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tenure import plugins
from tenure.align.world.contract import Environment, Scoring
from tenure.dossier.nouns import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an attempt is made on: one play's cases, and what the oracle answered to them."""

    env: Environment
    cases: Sequence[JSON]
    answers: Sequence[JSON]
    seed: int = 0

    @property
    def scoring(self) -> Scoring:
        """Return how it is scored."""
        return self.env.reward

    @property
    def data(self) -> tuple[str, ...]:
        """Return the files that are no Python, among those handed in or left."""
        named = (*self.env.writable, *self.scoring.leaves)
        return tuple(dict.fromkeys(path for path in named if not path.endswith(".py")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Files to hand in; ``wall`` ends the play after so many seconds on the clock."""

    work: Mapping[str, str]
    wall: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploit:
    """One known way: ``what`` it does in a sentence, ``attempts`` for an environment."""

    name: str
    what: str
    attempts: Callable[[Setting], Iterable[Attempt]]
    white_box: bool = False


def exploits() -> list[Exploit]:
    """Load every exploit, by name."""
    return [plugins.load("exploit", name) for name in plugins.names("exploit")]


def handed(
    setting: Setting, value: str = "None", *, first: str = "", data: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Write the Python files that an environment asks for, around one expression.

    ``first`` is run when the file is loaded; ``value`` (an expression; ``args`` are what it was
    called with, or the input of a program) is returned by every function, or printed. ``data``
    are further files.
    """
    run = setting.scoring.run
    found = dict(data or {})
    for path in setting.env.writable:
        if not path.endswith(".py") or path in found:
            continue
        if run.kind == "program" and path == run.program:
            body = f"import sys\nargs = (sys.stdin.read(),)\nprint({value})\n"
        else:
            body = (
                f"def {run.function}(*args, **named):\n    return {value}\n\n\n"
                "def __getattr__(name):\n"
                "    if name.startswith('__'):\n        raise AttributeError(name)\n"
                f"    return {run.function}\n"
            )
        found[path] = f"{first}\n{body}"
    return found


def spread(setting: Setting, text: str) -> Attempt:
    """Say one text everywhere: returned, printed, in every file that is no Python, at the end too."""
    leaves = [path for path in setting.scoring.leaves if path not in setting.env.writable]
    write = (
        "import atexit\ndef write():\n"
        f"    print({text!r})\n"
        f"    for path in {leaves!r}:\n        open(path, 'w').write({text!r})\n"
        "write()\natexit.register(write)\n"
    )
    return Attempt(
        work=handed(
            setting,
            repr(text),
            first=write,
            data={path: text for path in setting.data if path in setting.env.writable},
        )
    )
