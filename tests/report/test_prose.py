"""A docstring as blocks of a page."""

from tenure.report.prose import blocks

TEXT = """Does it go on?

Twelve places, ``with`` and without <a> bell
that goes on.

    tenure assess bell --model M

looked         it was named
does not stop  it goes on, and
               on
"""


def test_paragraphs_commands_and_terms_are_told_apart():
    asked, told, command, terms = blocks(TEXT)

    assert asked.text == "Does it go on?"
    assert told.text == (
        "Twelve places, <code>with</code> and without &lt;a&gt; bell that goes on."
    )
    assert (command.code, command.text) == (True, "tenure assess bell --model M")
    assert terms.terms == (("looked", "it was named"), ("does not stop", "it goes on, and on"))
    assert blocks("") == ()
