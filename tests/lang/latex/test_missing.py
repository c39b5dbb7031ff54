"""Without lark everything but LaTeX works, and the message says what to install."""

from __future__ import annotations

import sys

import pytest

from graphc.ir.errors import GraphcError
from graphc.lang.latex import grammar
from tests.lang.latex.written import one


def test_without_lark_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    grammar._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "lark", None)
    with pytest.raises(GraphcError, match=r"pip install graphc\[latex\]"):
        one("q = c")
    monkeypatch.undo()
    assert one("q = c") == "q = c"
