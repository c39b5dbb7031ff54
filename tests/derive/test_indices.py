"""Index notation: it reads back in the graph language, and says what the matrix notation says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from graphc.derive import derive
from graphc.derive.derivation import Derivation
from graphc.derive.indices import entry
from graphc.derive.letters import Letters
from graphc.derive.text import entry_text, names_in_text
from graphc.derive.values import Values
from graphc.ir.node import Node, topological
from graphc.ir.types import dim
from graphc.lang import parse
from graphc.ops import FUNCTIONS, input_, param
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


def _written(expr: Node, name: str = "out") -> str:
    """An expression of leaves in index notation; nothing where it has none."""
    sizes = dict.fromkeys(d for n in topological([expr]) for d in n.shape)
    letters = Letters((n.name or "" for n in topological([expr])), sizes)
    found = entry(input_(name, expr.shape), expr, letters, lambda n: not n.args)
    return "" if found is None else show_form(found.form, {})


X, G, W = input_("X", ("N", "D")), input_("G", ("N", "M")), param("W", ("D", "M"))
t, s, v = input_("t", "N", dtype="int"), input_("s"), input_("v", "M")


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (X.T @ (G / s), "sum(X[n,i]*G[n,m] for n in N)/s"),
        (-(X.T @ G), "-sum(X[n,i]*G[n,m] for n in N)"),
        (X.T @ (X @ W), "sum(X[n,i]*X[n,j]*W[j,m] for n in N for j in D)"),
        (F["sum"](G, axis=0), "sum(G[n,m] for n in N)"),
        (F["mean"](G, axis=0), "sum(G[n,m] for n in N)/N"),
        (F["mean"](G), "sum(G[n,m] for n in N for m in M)/(M*N)"),
        (F["sum"](F["broadcast"](v, ("N", "M")), axis=0), "N*v[m]"),
        (G * v, "G[n,m]*v[m]"),
        (F["tanh"](G) ** 2, "tanh(G[n,m])**2"),
        (F["outer"](v, v), "v[m]*v[i]"),
        (F["softmax"](G) - F["one_hot"](t, "M"), "softmax(G)[n,m] - one_hot(t, M)[n,m]"),
        (F["gather"](W, t), "W[t[n],m]"),
        (F["scatter_add"](G, t, ("D", "M")), "sum(one_hot(t, D)[n,i]*G[n,m] for n in N)"),
        (F["reshape"](X @ W, ("N", 1, "M")), "sum(X[n,i]*W[i,m] for i in D)"),
        (F["trace"](X.T @ X), "sum(X[n,i]*X[n,i] for i in D for n in N)"),
        (F["getitem"](input_("a", 6), slice(1, 5)), "a[j + 1]"),
    ],
)
def test_expressions_in_index_notation(expr: Node, expected: str) -> None:
    assert _written(expr) == expected


def test_what_has_no_short_index_notation_has_none() -> None:
    long = X
    for _ in range(400):
        long = long + X
    assert _written(long) == ""

    branching = X
    for _ in range(35):
        branching = FUNCTIONS["softmax"](branching) * branching
    assert _written(FUNCTIONS["softmax"](branching)) == ""


def test_letters_keep_to_their_sizes_and_off_names() -> None:
    letters = Letters(("n", "i", "x"), (dim("N"), 784, dim("D"), dim("M"), 10))
    found = [letters.fresh(size, ()) for size in (dim("N"), 784, dim("D"), dim("M"), 10)]
    assert found[3] == "m"
    assert len(set(found)) == 5
    assert not {"n", "i", "x", "d"} & set(found)
    assert letters.fresh(784, ()) == found[1]
    assert letters.fresh(784, (found[1],)) not in found


def test_index_notation_in_latex() -> None:
    text = derive(_loss("softmax regression")).latex()
    assert r"\frac{\partial \mathrm{loss}}{\partial W_{ik}} &= \frac{1}{N} \sum_{n} X_{ni}\," in text
    assert r"[\,t_{n} = k\,]" in text


def test_definitions_are_indexed_on_request() -> None:
    d = derive(_loss("two layers"))
    line = "z1[n,j] = sum(X[n,i]*W1[i,j] for i in D) + b1[j]"
    assert line in d.text(indices=True)
    assert line not in d.text()
    assert r"\sum_{i} X_{ni}\,(W_{1})_{ij}" in d.latex(indices=True)
    assert r"\sum_{i} X_{ni}\,(W_{1})_{ij}" in d.markdown(indices=True)


@pytest.mark.parametrize("name", NETWORKS)
def test_lines_are_as_wide_as_a_page(name: str) -> None:
    lines = derive(_loss(name)).text(indices=True).splitlines()
    assert max(len(line) for line in lines if "contract(" not in line) <= 105


def test_parts_of_a_long_gradient_are_named() -> None:
    text = derive(_loss("batch norm")).text()
    assert "hbar = mean(h, axis=0) " in text
    assert "hhat = (h - hbar)/s1 " in text
    assert "y = batch_norm(h, gamma, beta) = gamma*hhat + beta " in text
    assert "dgamma = sum(dy * hhat, axis=0)" in text
