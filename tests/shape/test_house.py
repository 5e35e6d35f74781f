"""The rules of the house that a machine can check."""

import ast
from pathlib import Path

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


def test_a_file_has_at_most_400_lines_and_says_what_it_is():
    wrong = [
        ident(path)
        for path in SOURCES
        for text in [path.read_text(encoding="utf-8")]
        if text.count("\n") > ALONE.get(ident(path), 400)
        or not ast.get_docstring(ast.parse(text))
        or path.stem in FORBIDDEN
    ]

    assert SOURCES
    assert not wrong


def test_a_function_has_at_most_60_lines_and_6_parameters():
    wrong = [
        f"{ident(path)}:{function.lineno} {function.name}"
        for path in SOURCES
        for function in functions(path)
        if function.end_lineno - function.lineno + 1 > 60
        # a command's parameters are its options
        or ("cli" not in path.parts and len(parameters(function)) > 6)
    ]

    assert not wrong


def parameters(function):
    found = function.args
    named = [*found.posonlyargs, *found.args, *found.kwonlyargs]
    return [each for each in named if each.arg not in ("self", "cls")]


def test_a_test_file_has_at_most_300_lines():
    assert TESTS
    assert not [ident(p) for p in TESTS if p.read_text(encoding="utf-8").count("\n") > 300]


def test_no_file_names_a_registry_or_a_path_of_a_machine():
    hosts = ["/root/", "/work/"]  # the paths of the machine this was written on
    for path in [*SOURCES, *TESTS, *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        for host in hosts:
            assert host not in text, f"{path}: {host}"
