"""What a grader must not do, read from its text, so that the writer is told before anything runs.

A lint finds the plain cases and says where they stand; what it misses the fence around the grader
refuses while it runs, and the exploits find out. It shows that a text looks right, nothing more.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

ALLOWED = {
    "ast", "base64", "bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "operator", "random",
    "re", "statistics", "string", "textwrap", "typing", "unicodedata",
}  # fmt: skip
RUNS = {"exec", "eval", "compile", "__import__"}
OPENS = {"open", "input", "breakpoint"}
UNSEEDED = {
    "random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "gauss",
    "getrandbits", "SystemRandom",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a grader must not do: the rule, the line of ``grade`` (from 1), and why."""

    rule: str
    line: int
    why: str


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield (node.module or "").split(".")[0]


def _call(node: ast.Call) -> Finding | None:
    function = node.func
    if isinstance(function, ast.Name) and function.id in RUNS:
        return Finding("runs code", node.lineno, f"{function.id}() may run what the agent wrote")
    if isinstance(function, ast.Name) and function.id in OPENS:
        return Finding("opens files", node.lineno, f"{function.id}() reads what others may write")
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        if function.value.id == "random" and function.attr in UNSEEDED:
            why = f"random.{function.attr}() is another each time; use random.Random(seed)"
            return Finding("draws unseeded", node.lineno, why)
        if function.value.id == "random" and function.attr == "Random" and not node.args:
            return Finding("draws unseeded", node.lineno, "random.Random() needs the seed")
        if function.value.id in ("datetime", "date") and function.attr in (
            "now",
            "today",
            "utcnow",
        ):
            return Finding("reads the clock", node.lineno, "a reward must not depend on the time")
    return None


def findings(grade: str) -> list[Finding]:
    """Return what a grader's text does that it must not; one finding where it is no Python."""
    try:
        tree = ast.parse(grade)
    except (SyntaxError, ValueError, RecursionError) as error:
        return [Finding("is no Python", getattr(error, "lineno", None) or 1, str(error))]
    found: list[Finding] = []
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    if "grade" not in defined:
        found.append(Finding("has no grade", 1, "define grade(outputs, files, seed)"))
    for node in ast.walk(tree):
        for name in _imports(node):
            if name not in ALLOWED:
                why = f"imports '{name}'; there are: {', '.join(sorted(ALLOWED))}"
                found.append(Finding("imports", node.lineno, why))  # type: ignore[attr-defined]  # it is an import
        if isinstance(node, ast.Call) and (one := _call(node)) is not None:
            found.append(one)
        if (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("__")
            and node.attr != "__name__"
        ):
            found.append(
                Finding("reaches inside", node.lineno, f"'{node.attr}' is none of its business")
            )
    return sorted(found, key=lambda one: (one.line, one.rule))
