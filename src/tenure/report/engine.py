"""The one template engine: which templates there are, what they may call, the one style sheet."""

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from markupsafe import Markup

from tenure.report import assessment, exhibit, figures, findings, words
from tenure.report.sheet import Piece, Said


class _Packaged(BaseLoader):
    """Templates that come with the package."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:
        """Read a template."""
        del environment
        found = resources.files("tenure.report").joinpath("templates", template)
        if not found.is_file():
            raise TemplateNotFound(template)
        return found.read_text(encoding="utf-8"), template, lambda: True


@cache
def environment() -> Environment:
    """Make the one template engine: everything is escaped, what is undefined is an error.

    Made once: compiling the templates takes longer than filling them.
    """
    made = Environment(
        loader=_Packaged(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=words.number,
        interval=words.interval,
        duration=words.duration,
        size=words.size,
        date=words.date,
        moment=words.moment,
        short=words.short,
        spoken=words.spoken,
        sentence=words.sentence,
        opening=words.opening,
        remainder=words.remainder,
        heading=words.title,
        stated=words.stated,
        label=figures.label,
        reason=assessment.reason,
        unit=words.unit_of,
        slug=words.slug,
        plural=words.plural,
        cell=findings.cell,
        recipe=exhibit.recipe_words,
        md=_markdown,
        html=_html,
        plainly=lambda value: Piece(str(value)).markdown(),
        mdcode=lambda value: Piece(str(value), "code").markdown(),
    )
    made.tests["digest"] = words.is_digest
    return made


def style() -> str:
    """Return the one style sheet."""
    found = resources.files("tenure.report").joinpath("templates", "style.css")
    return found.read_text(encoding="utf-8")


def _markdown(said: Said) -> Markup:
    return Markup("").join(piece.markdown() for piece in said)


def _html(said: Said) -> Markup:
    return Markup("").join(piece.html() for piece in said)
