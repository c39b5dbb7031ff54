"""The reference page docs/mistakes.md, rendered from the names of mistakes themselves."""

from __future__ import annotations

from graphc.claims.mistakes import MEANINGS
from tests.docs.tables import table

PAGE = """\
# Mistakes that have names

What `graphc check` calls a mistake in a gradient derived by hand (see [checking](checking.md)). This page is written by
the tests (`python -m pytest --update-golden`).

A name is given where the mistake alone explains what is written: the derivation is done again with this one step done
wrongly, and gives what is written at every point tried. Two mistakes are named where no single one explains it and one
pair does. Where several explain it, the one that says the most is named, or none.

"""


def mistakes_page() -> str:
    """The whole of docs/mistakes.md."""
    return PAGE + table(["name", "the mistake"], MEANINGS.items())
