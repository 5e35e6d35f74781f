"""A small page: sections of our words, tables, and verbatim words kept apart; as Markdown and HTML."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of ours."""

    words: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list of ours."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of ours; the caption says in a sentence what it shows."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Words that are not ours, unchanged, with who said them and where they are stored."""

    speaker: str
    words: str
    source: str


Block = Text | Points | Table | Verbatim


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of a page."""

    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Page:
    """A page: a title, the answer in a sentence, sections."""

    title: str
    lead: str
    sections: Sequence[Section]


def own_words(page: Page) -> str:
    """Return everything on a page that we say ourselves, for the wording check."""
    said = [page.title + ".", page.lead]
    for section in page.sections:
        said.append(section.title + ".")
        for block in section.blocks:
            match block:
                case Text(words):
                    said.append(words)
                case Points(items):
                    said += items
                case Table(caption, header, rows):
                    said += [caption, *(show(cell) for row in (header, *rows) for cell in row)]
                case Verbatim():
                    pass
    return "\n".join(said)


def show(cell: Cell) -> str:
    """Write a cell: numbers to three places, what is missing as a dash."""
    if cell is None:
        return "–"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def markdown(page: Page) -> str:
    """Write a page as Markdown."""
    out = [f"# {page.title}", "", page.lead, ""]
    for section in page.sections:
        out += [f"## {section.title}", ""]
        for block in section.blocks:
            out += [*_markdown(block), ""]
    return "\n".join(out).rstrip() + "\n"


def _markdown(block: Block) -> list[str]:
    match block:
        case Text(words):
            return [words]
        case Points(items):
            return [f"- {item}" for item in items]
        case Verbatim(speaker, words, source):
            quoted = [f"> {line}" for line in words.splitlines() or ["(an empty answer)"]]
            return [f"{speaker} ({source}):", "", *quoted]
        case Table(caption, header, rows):
            escaped = [
                [show(c).replace("|", "\\|").replace("\n", " ") for c in row] for row in rows
            ]
            table = ["| " + " | ".join(row) + " |" for row in [list(header), *escaped]]
            return [caption, "", table[0], "|" + " --- |" * len(header), *table[1:]]


STYLE = """:root{color-scheme:light dark}
body{background:Canvas;color:CanvasText;max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.55 system-ui,sans-serif}
h1{font-size:1.7rem;line-height:1.2}h2{margin-top:2.2rem;font-size:1.2rem}.lead{font-size:1.1rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
caption{text-align:left;padding:.4rem 0;font-weight:600}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #8886}
figure{margin:1rem 0;padding:.2rem 0 .2rem 1rem;border-left:.25rem solid #888}
blockquote{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}figcaption{opacity:.75;font-size:.85rem}
@media print{body{max-width:none;margin:0}h2{break-after:avoid}}"""


def html(page: Page) -> str:
    """Write a page as one self-contained HTML file, without script."""
    body = [f"<h1>{escape(page.title)}</h1>", f'<p class="lead">{escape(page.lead)}</p>']
    for section in page.sections:
        body.append(f"<section><h2>{escape(section.title)}</h2>")
        body += [_html(block) for block in section.blocks]
        body.append("</section>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(page.title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _html(block: Block) -> str:
    match block:
        case Text(words):
            return f"<p>{escape(words)}</p>"
        case Points(items):
            return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"
        case Verbatim(speaker, words, source):
            return (
                f"<figure><blockquote>{escape(words) or '(an empty answer)'}</blockquote>"
                f"<figcaption>{escape(speaker)}, verbatim; {escape(source)}</figcaption></figure>"
            )
        case Table(caption, header, rows):
            head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
            lines = "".join(
                "<tr>" + "".join(f"<td>{escape(show(cell))}</td>" for cell in row) + "</tr>"
                for row in rows
            )
            return (
                f'<div class="scroll"><table><caption>{escape(caption)}</caption>'
                f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
            )
