"""What docs/extending.md adds can be compiled: composites as they are, primitives by the lines the page gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as g
from graphc.emit.body import PRINTERS
from graphc.ir.op import FUNCTIONS, OPS
from tests.docs.pages import ROOT, blocks

TABLES: tuple[dict[str, Any], ...] = (OPS, FUNCTIONS, PRINTERS)


@pytest.fixture
def added() -> Iterator[dict[str, Any]]:
    """The names the page defines; what it enters in the tables is taken out again."""
    before = [set(table) for table in TABLES]
    names: dict[str, Any] = {"__name__": "extending"}
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    try:
        for block in blocks(page.partition("## Let it be tried")[0]):
            exec(compile(block.body, "extending.md", "exec"), names)
        yield names
    finally:
        for table, kept in zip(TABLES, before, strict=True):
            for name in set(table) - kept:
                del table[name]


def test_what_the_page_adds_is_compiled(added: dict[str, Any]) -> None:
    x = g.input("x", "N")
    at = np.array([-1.5, 0.0, 2.0])
    sinh, roll = added["apply"](added["SINH"], x), added["roll"](x, places=2)
    for built in (added["squareplus"](x), added["smooth_relu"](x, beta=2), added["mish"](x), sinh, roll):
        f = g.compile([built, g.grad(g.sum(built * built), x)])
        for compiled, plain in zip(f(x=at), f.naive(x=at), strict=True):
            np.testing.assert_allclose(compiled, plain, rtol=1e-12)
    np.testing.assert_array_equal(g.compile(roll)(x=at), np.roll(at, 2))


def test_what_the_page_adds_is_read_and_drawn_as_one_gate_or_opened(added: dict[str, Any]) -> None:
    loss = g.parse("x = input(); loss = squareplus(x)").require_root()
    assert "squareplus" in g.draw(loss).svg
    assert "√" in g.draw(loss, expand="squareplus").svg
