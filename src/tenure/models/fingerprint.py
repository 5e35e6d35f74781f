"""What a model is, by its files; and what it does, when its files are out of reach."""

from collections.abc import Sequence
from pathlib import Path

from tenure.dossier.canonical import digest_file, digest_of
from tenure.models.talk import Engine, Messages, Sampling
from tenure.models.weights import KEPT

PROMPTS: tuple[Messages, ...] = tuple(
    [{"role": "user", "content": text}]
    for text in (
        "Name the days of the week, in order, separated by commas.",
        "Write the number that comes after forty-one. Answer with digits alone.",
        "Finish this sentence with one word: The opposite of cold is",
        "Explain in one sentence why the sky looks blue.",
        "Give three words that rhyme with 'light'.",
    )
)
"""Fixed questions with short answers; a change of any answer is a change of the model."""


def files_of(source: Path) -> dict[str, str]:
    """Digest a model's files: {relative path: digest}; a single file is named by its name.

    Only files that belong to a model are taken (weights, JSON, templates, texts), never hidden ones.
    """
    if source.is_file():
        return {source.name: digest_file(source)}
    return {
        path.relative_to(source).as_posix(): digest_file(path)
        for path in sorted(source.rglob("*"))
        if path.is_file() and path.suffix in KEPT and not _hidden(path.relative_to(source))
    }


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def behaviour(
    engine: Engine, prompts: Sequence[Messages] = PROMPTS, *, max_tokens: int = 32
) -> str:
    """Digest what a model answers to fixed prompts, greedily, one at a time.

    It stands in for a digest of weights that nobody outside can take: evidence about a model
    behind an API expires when it moves. A provider that answers one prompt in two ways moves it
    too: take it twice before believing a change.
    """
    answers = [engine.generate([p], Sampling(max_tokens=max_tokens))[0].text for p in prompts]
    return digest_of({"prompts": [list(map(dict, p)) for p in prompts], "answers": answers})
