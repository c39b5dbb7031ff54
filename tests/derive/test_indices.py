"""Index notation: it reads back in the graph language, and says what the matrix notation says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from graphc.derive import derive
from graphc.derive.derivation import Derivation
from graphc.derive.text import entry_text, names_in_text
from graphc.derive.values import Values
from graphc.ir.node import Node
from graphc.lang import parse
from graphc.ops import FUNCTIONS
from graphc.ops.form import Form, show_form
from tests.derive.networks import NETWORKS
from tests.derive.points import point

F = FUNCTIONS


def _loss(name: str) -> Node:
    return parse(NETWORKS[name], declared_only=True).require_root()


def _read(text: str, shape: tuple[object, ...], env: dict[str, Node]) -> Node:
    """The printed line as an array: each index named on the left becomes an axis, in that order."""
    head, _, right = text.partition(" = ")
    zero = f"0*{head}" if "[" in head else "0"
    found = parse(f"sum({zero} + {right} for one in 1)", env=env).require_root()
    return F["reshape"](found, shape)


def _env(d: Derivation) -> dict[str, Node]:
    names = ((show_form(f, {}) if isinstance(f, Form) else f, n) for n, f in names_in_text(d).items())
    return {name: d.script.value(node) for name, node in names if name.isidentifier()}


def _entries(d: Derivation) -> Iterator[tuple[str, Node]]:
    for step in d.steps:
        if step.entry is not None:
            yield entry_text(step.entry, names_in_text(d)), step.head


def _disagreement(d: Derivation, at: Values) -> str:
    for text, head in _entries(d):
        meant = d.script.value(head)
        found = at.of(_read(text, meant.shape, _env(d)))
        if not np.allclose(found, at.of(meant), rtol=1e-9, atol=1e-12):
            return text
    return ""


@pytest.mark.parametrize("name", NETWORKS)
def test_index_notation_reads_back_and_is_the_gradient(name: str) -> None:
    d = derive(_loss(name))
    assert any(True for _ in _entries(d))
    for seed in range(2):
        assert _disagreement(d, d.at(point(d.output, seed))) == ""


def test_a_planted_error_is_seen() -> None:
    d = derive(_loss("softmax regression"))
    texts = [text for text, _ in _entries(d)]
    (wrong,) = (t.replace("X[n,i]", "X[n,i]*2") for t in texts if t.startswith("dW"))
    head = next(h for t, h in _entries(d) if t.startswith("dW"))
    at = d.at(point(d.output, 0))
    meant = d.script.value(head)
    assert not np.allclose(at.of(_read(wrong, meant.shape, _env(d))), at.of(meant))
