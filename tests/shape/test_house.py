"""The rules of the house that a machine can check."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for p in (ROOT / "src" / "tenure").rglob("*.py") if "example" not in p.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
ALONE = {"src/tenure/preserve/in_vault/read_vault.py": 500}  # one file that travels with a vault
FORBIDDEN = {"utils", "common", "helpers", "misc"}


def ident(path):
    return str(path.relative_to(ROOT))


def functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", SOURCES, ids=ident)
def test_a_file_has_at_most_400_lines_and_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")

    assert text.count("\n") <= ALONE.get(ident(path), 400)
    assert ast.get_docstring(ast.parse(text)), "a module opens with a docstring"
    assert path.stem not in FORBIDDEN


@pytest.mark.parametrize("path", SOURCES, ids=ident)
def test_a_function_has_at_most_60_lines_and_6_parameters(path):
    for function in functions(path):
        where = f"{ident(path)}:{function.lineno} {function.name}"
        assert function.end_lineno - function.lineno + 1 <= 60, where
        if "cli" in path.parts:
            continue  # a command's parameters are its options
        arguments = function.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        counted = [a for a in named if a.arg not in ("self", "cls")]
        assert len(counted) <= 6, where


@pytest.mark.parametrize("path", TESTS, ids=ident)
def test_a_test_file_has_at_most_300_lines(path):
    assert path.read_text(encoding="utf-8").count("\n") <= 300


def test_no_file_names_a_registry_or_a_path_of_a_machine():
    hosts = ["/root/", "/work/"]  # the paths of the machine this was written on
    for path in [*SOURCES, *TESTS, *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        for host in hosts:
            assert host not in text, f"{path}: {host}"
