"""A design told in plain text, as blocks of a page: paragraphs, terms with what they mean, commands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

TERM = re.compile(r"(\S+(?: \S+)*) {2,}(\S.*)")
CODE = re.compile(r"``(.+?)``", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph; or terms, each with its meaning; or ``code``, a command on lines of its own."""

    text: str = ""
    terms: tuple[tuple[Markup, Markup], ...] = ()
    code: bool = False


def blocks(text: str) -> tuple[Block, ...]:
    """Read a docstring: ``name  meaning`` in columns are terms, indented lines are commands."""
    return tuple(_block(part) for part in re.split(r"\n\s*\n", text.strip("\n")) if part.strip())


def _block(part: str) -> Block:
    if part.startswith("    "):
        return Block(text=escape("\n".join(line.strip() for line in part.splitlines())), code=True)
    if TERM.match(part):
        return Block(terms=tuple((_marked(name), _marked(said)) for name, said in _terms(part)))
    return Block(text=_marked(part))


def _terms(part: str) -> Iterator[tuple[str, str]]:
    """Read terms; a line that begins with a blank goes on with the meaning above it."""
    name, said = "", list[str]()
    for line in part.splitlines():
        found = TERM.match(line)
        if found:
            if name:
                yield name, " ".join(said)
            name, said = found.group(1), [found.group(2)]
        else:
            said.append(line.strip())
    yield name, " ".join(said)


def _marked(text: str) -> Markup:
    """Escape a text; what stands between double backticks is code."""
    pieces = CODE.split(" ".join(text.split()))
    told = (
        Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(pieces)
    )
    return Markup("").join(told)
