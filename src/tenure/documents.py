"""Documents that people write: YAML, checked against a pydantic schema, with line numbers.

Every refusal names the file, the line, the field and what was expected, so that the writer can
mend it without reading our code.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from tenure.errors import DocumentError

T = TypeVar("T", bound=BaseModel)
MISSING = "Field required; add it"
ELSEWHERE = "see the document's schema"
LONGEST = 60  # letters of what was given that are shown again
SHOULD = "Input should be "  # how pydantic begins to say what it wants
BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
PLAIN = {
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid string": "a text",
    "a valid boolean": "true or false",
    "a valid dictionary": "a mapping",
    "a valid list": "a list",
    "a valid tuple": "a list",
    "a valid datetime": "a date and time",
    "a valid date": "a date, as 2026-05-01",
}
# What pydantic begins to say in another way.
WANTED = {
    "string_pattern_mismatch": "a text that matches the pattern {pattern}",
    "path_type": "a path",
}


def _position(node: yaml.Node | None, path: tuple[int | str, ...]) -> int | None:
    """Find the line of a field, or of the nearest enclosing one that is there."""
    line = node.start_mark.line + 1 if node else None
    for key in path:
        if isinstance(node, yaml.MappingNode):
            pairs: dict[str, tuple[yaml.Node, yaml.Node]] = {k.value: (k, v) for k, v in node.value}
            if str(key) not in pairs:
                return line
            line, node = pairs[str(key)][0].start_mark.line + 1, pairs[str(key)][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1 if node else line
    return line


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    """Safe YAML, in C where it can be, that refuses a key written twice: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the base class's signature
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is one word, not a list", key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"'{key.value}' is written twice", key.start_mark
                )
            seen.add(key.value)
            if key.tag == "tag:yaml.org,2002:bool":
                key.tag = "tag:yaml.org,2002:str"  # YAML 1.1 reads the field 'on' as true
        held = super().construct_mapping(node, deep)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return cast("dict[Any, Any]", held)


def parse(text: str, schema: type[T], *, source: Path | str = "<text>") -> T:
    """Read YAML text as ``schema``.

    Raises:
        DocumentError: not YAML, a field missing, unknown or of the wrong type.
    """
    try:
        loader: Any = _Loader(text)
        node: yaml.Node | None = loader.get_single_node()
        data: object = loader.construct_document(node) if node else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        problem = getattr(error, "problem", None) or str(error)
        raise DocumentError(
            source, line, "YAML", f"{problem}; mend the line and run again"
        ) from None
    try:
        # A schema that reads other files beside this one learns from the context where it lies.
        return schema.model_validate(
            data if data is not None else {}, context={"source": str(source)}
        )
    except ValidationError as error:
        location, expected = said(error, schema)
        if expected == MISSING and (whose := _called(node, location)):
            expected = MISSING.replace(";", f" of '{whose}';")
        field = ".".join(str(part) for part in location) or schema.__name__
        raise DocumentError(source, _position(node, location), field, expected) from None


def told(
    error: ValidationError,
    schema: type[BaseModel],
    options: Collection[str] = (),
    whole: str = "settings",
) -> str:
    """Say the same in one line, where it is first; ``whole`` is what the document is called there."""
    at, words = said(error, schema, options)
    return f"{'.'.join(map(str, at)) or whole}: {words}"


def said(
    error: ValidationError, schema: type[BaseModel], options: Collection[str] = ()
) -> tuple[tuple[int | str, ...], str]:
    """Say of the first thing that does not fit where it is, and in plain words what may stand there.

    ``options`` are fields that were given as options of the command line.
    """
    first = error.errors()[0]
    at, kind = tuple(first["loc"]), first["type"]
    if kind == "missing":
        return at, MISSING
    if kind == "extra_forbidden":
        there = f"there are: {', '.join(sorted(schema.model_fields))}"
        return at, f"is not a field here; {there if len(at) == 1 else ELSEWHERE}"
    about = first.get("ctx", {})
    if kind in ("too_short", "string_too_short"):
        return at, f"holds too little; give at least {about.get('min_length')}"
    if kind in ("too_long", "string_too_long"):
        return at, f"holds too much; give at most {about.get('max_length')}"
    words = SHOULD + WANTED[kind].format(**about) if kind in WANTED else first["msg"]
    words = words.removeprefix("Value error, ")
    if not words.startswith(SHOULD):
        return at, words
    wanted = words.removeprefix(SHOULD)
    for theirs, ours in PLAIN.items():
        wanted = ours if wanted.startswith(theirs) else wanted
    given = f"{first['input']!r}"
    chosen = kind == "literal_error" or wanted == PLAIN["a valid boolean"]
    remedy = "one of these" if chosen else _bounds(schema, at, about) or "one"
    name = f"--{at[0]} ".replace("_", "-") if at and at[0] in options else ""
    shown = given if len(given) < LONGEST else "what is given"
    return at, f"{shown} is not {wanted}; give {name}{remedy}"


def _bounds(schema: type[BaseModel], at: tuple[int | str, ...], broken: Mapping[str, Any]) -> str:
    """Write between which bounds a field lies, by its schema where it is one of the schema's own."""
    own = schema.model_fields.get(str(at[0])) if len(at) == 1 else None
    marks = own.metadata if own else []
    held = {key: getattr(mark, key) for mark in marks for key in BOUNDS if hasattr(mark, key)}
    there = held or {key: value for key, value in broken.items() if key in BOUNDS}
    return " and ".join(f"{BOUNDS[key]} {there[key]}" for key in BOUNDS if key in there)


def _called(node: yaml.Node | None, path: tuple[int | str, ...]) -> str:
    """Return the id or name of the innermost thing of a list that a field belongs to; empty for none."""
    found = ""
    for key in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            named = _fields(node)
            told = named.get("id") or named.get("name")
            found = told.value if isinstance(told, yaml.ScalarNode) else found
        else:
            node = _fields(node).get(str(key))
    return found


def _fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {k.value: v for k, v in node.value} if isinstance(node, yaml.MappingNode) else {}


def line_of(path: Path | str, at: tuple[int | str, ...]) -> int | None:
    """Find the line of a field of a YAML file that can be read, or of the nearest enclosing one."""
    loader: Any = _Loader(Path(path).read_text(encoding="utf-8"))
    return _position(loader.get_single_node(), at)


def read(path: Path | str, schema: type[T]) -> T:
    """Read a YAML file as ``schema``; see :func:`parse`.

    Raises:
        DocumentError: the file is not there, not UTF-8, or not what the schema asks for.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(
            path, None, "file", f"{error}; give the path of a UTF-8 YAML file"
        ) from None
    return parse(text, schema, source=path)


@dataclass(frozen=True, slots=True)
class FromFile:
    """Marks a setting that may be given as the path of a YAML file of this schema.

    ``Annotated[Policy | None, FromFile(Policy)]``: the file is read when the settings are, so that
    the record holds what it said, not where it lay. What is no file here may be one that ships:
    those lie in the folder ``data`` of the schema's package, and go by their name, with or without
    ``.yaml`` (``--constitution constitution-2``).
    """

    schema: type[BaseModel]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read a path before the value is validated."""
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def _read(self, given: Any) -> Any:
        if not isinstance(given, str | Path):
            return given
        path = Path(given)
        if path.is_file() or path.name != str(given):
            return read(path, self.schema)
        wanted = f"{path.name.removesuffix('.yaml')}.yaml"
        for ships in self._files():
            if ships.name == wanted:
                return parse(ships.read_text("utf-8"), self.schema, source=f"shipped {given}")
        there = self.shipped()
        near = get_close_matches(path.name.removesuffix(".yaml"), there, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        ones = f", or the name of one that ships: {', '.join(there)}{hint}" if there else ""
        raise DocumentError(path, None, "file", f"no such file here; give its path{ones}")

    def _files(self) -> list[Traversable]:
        package = self.schema.__module__.rpartition(".")[0]
        folder = resources.files(package) / "data" if package else None
        there = folder.iterdir() if folder is not None and folder.is_dir() else ()
        return [one for one in there if one.name.endswith(".yaml")]

    def shipped(self) -> list[str]:
        """Name the files that ship with this schema's package and can be read as it."""
        found: list[str] = []
        for one in self._files():
            if self._may_be(text := one.read_text("utf-8")):
                with suppress(DocumentError):
                    parse(text, self.schema)
                    found.append(one.name.removesuffix(".yaml"))
        return sorted(found)

    def _may_be(self, text: str) -> bool:
        """Say whether all fields that must be given begin a line: much sooner known than read."""
        needed = [name for name, field in self.schema.model_fields.items() if field.is_required()]
        return all(f"\n{name}:" in f"\n{text}" for name in needed)
