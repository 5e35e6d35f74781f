"""Preferences as Argilla writes them: a record with fields, and people's responses to a question.

Read are its two forms: responses as a list of ``{"user_id", "values": {question: {"value": ...}}}``
(version 1), and as a mapping from question to ``[{"value", "user_id"}]`` (version 2). The fields are
a prompt and exactly two answers; the value names the better answer, or ranks both, by the field's
name. Who the people are is not told by their ids: whoever brings the file in says so (``--source``).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tenure.align.people.jsonl import Row
from tenure.errors import DocumentError

PROMPTS = ("prompt", "instruction", "question", "request", "input", "query")
SUBMITTED = ("submitted", "completed", None)  # a draft or a discarded response is nobody's word


def is_one(row: Row) -> bool:
    """Say whether a row is an Argilla record."""
    return isinstance(row.get("fields"), Mapping) and "responses" in row


def preferences(row: Row, where: tuple[Path, int]) -> list[dict[str, Any]]:
    """Return each response that prefers one answer: prompt, chosen and rejected as texts.

    Responses that rank both equal, and those that were not submitted, are left out.

    Raises:
        DocumentError: there is no prompt, or not two answers, or a value names neither.
    """
    fields = {str(k): v for k, v in row["fields"].items() if isinstance(v, str)}
    prompt = next((name for name in PROMPTS if name in fields), None)
    answers = sorted(name for name in fields if name != prompt)
    if prompt is None or len(answers) != 2:
        expected = f"a prompt ({', '.join(PROMPTS)}) and two answers, not {sorted(fields)}"
        raise DocumentError(*where, "fields", expected)
    found: list[dict[str, Any]] = []
    for value in _values(row["responses"]):
        best = _best(value, answers, where)
        if best is not None:
            other = answers[1 - answers.index(best)]
            told = {"prompt": fields[prompt], "chosen": fields[best], "rejected": fields[other]}
            found.append(told)
    return found


def _values(responses: Any) -> Iterator[Any]:
    """Yield the values of submitted responses in either form."""
    if isinstance(responses, Mapping):
        lists = [v for v in responses.values() if isinstance(v, list)]
        given = [each for held in lists for each in held if isinstance(each, Mapping)]
        yield from (r.get("value") for r in given if r.get("status") in SUBMITTED)
        return
    for response in responses if isinstance(responses, list) else ():
        if isinstance(response, Mapping) and response.get("status") in SUBMITTED:
            values = response.get("values") or {}
            yield from (v.get("value") for v in values.values() if isinstance(v, Mapping))


def _best(value: Any, answers: list[str], where: tuple[Path, int]) -> str | None:
    """Return the answer that a value prefers; None for none."""
    if isinstance(value, str) and value in answers:
        return value
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        ranked = [v for v in value if v in answers]
        if len(ranked) == len(value) == 2:
            return ranked[0]
    if isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
        ranks = {v.get("value"): v.get("rank") for v in value}
        if set(ranks) == set(answers) and all(isinstance(r, int) for r in ranks.values()):
            low, high = sorted(answers, key=lambda name: ranks[name])
            return None if ranks[low] == ranks[high] else low
    raise DocumentError(
        *where, "responses", f"one of {answers}, or a ranking of both, not {value!r}"
    )
