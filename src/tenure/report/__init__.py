"""Pages drawn from a dossier: self-contained HTML, readable on a phone, in print, without a script.

catalog     what a dossier holds, in log order, and the page each evidence has
story       the first page: the answer, how each model stands, what was decided, what is owed
assessment  the page of one assessment, from its evidence alone; with
  design    arms, pairs, clusters, corrected rates, signs of awareness
  chosen    which transcripts are shown, by a rule that the page says
  cards     how well the grader grades
exhibit     the samples behind the measures of an evidence
findings    what is not a number: words, lists, tables, cards
letters     sample records as letters; turns: who said and did what in one
figures     which measures are drawn together; plots and curves: as SVG inside the page
release     the page of a release; missing: what is lacking and its cost; people: who said what
rulings     what each verdict of a decision rests on
vault       what is kept where, last read and brought back, what it costs; growing: its curve
retirement  a leaving model's page for its users
interviews  the reader of an interview, reliability first; heard: one answer and how it reads
register_page  every entry of every preference register, and our answers
sheet       a page whose every number is a claim; card: the model card, card_numbers, card_words
engine      the one template engine
site        which pages there are

The pages depend on nothing but the dossier: the same events give the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

from tenure.dossier.stage import View
from tenure.report.catalog import catalog
from tenure.report.site import Site

__all__ = ["write"]


def write(view: View, into: Path, models: Sequence[str] | None = None) -> Path:
    """Write the pages of a dossier into a folder and return the first page.

    ``models`` are names or ids; by default every model of the dossier.

    Raises:
        UsageError: a name that is not in the dossier; lists those that are.
    """
    return Site(catalog(view, models), into).write()
