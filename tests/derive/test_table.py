"""The table of derivatives is what SymPy derives from the formulas: it is written here, and derived again each time."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from graphc.derive import table
from graphc.derive.local import raw_derivative, sympy_derivative, tabled
from graphc.ir.node import make, substitute
from graphc.ir.op import FUNCTIONS, OPS, Attrs, Op
from graphc.ops import pointwise
from graphc.ops.form import show
from graphc.ops.leaf import input_
from tests.conftest import compare_golden

HEAD = '''"""What SymPy derives from the formulas of the package's elementwise operations.

Written by the tests (`python -m pytest tests/derive/test_table.py --update-golden`), which derive it again and compare;
never written by hand. Each row is an operation, attributes on whose value the derivative depends, the operand it is
taken by, and the derivative in the operands `x0`, `x1`, …, the output `y` and the other attributes. Operands whose
derivative is declared beside the formula are not here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

'''
# Attributes a derivative is not the same for, with the values they take.
READ = {"maximum": [(0,), (1,)], "minimum": [(0,), (1,)]}
LEFT_OUT = {"dropout"}  # whose other operand is a draw, which nothing is differentiated by


class Unread(tuple[Any, ...]):
    """Attributes that a formula is not to look at."""

    def __getitem__(self, key: Any) -> Any:
        raise AssertionError("a formula reads an attribute that is not listed in READ")


def arity(op: Op) -> int:
    if op.formula is not None:
        return op.formula.__code__.co_argcount - 2
    assert op.body is not None
    return op.body.__code__.co_argcount


def edges() -> Iterator[tuple[Op, Attrs, int]]:
    """The operations of the package that leave a derivative to SymPy: attributes, and by which operand."""
    for op in OPS.values():
        if not op.elementwise or op.name in LEFT_OUT or not _in_the_package(op):
            continue
        for attrs in READ.get(op.name, [Unread()]):
            for index in range(arity(op)):
                if not (op.derivatives and op.derivatives[index]):
                    yield op, attrs, index


def _in_the_package(op: Op) -> bool:
    return str(getattr(op.formula or op.body, "__module__", "")).startswith("graphc.")


def derived(op: Op, attrs: Attrs, index: int) -> str:
    """SymPy's derivative as text, whichever operands are constants; an attribute of a composite stands by its name."""
    count = arity(op)
    if op.formula is not None:
        return show(sympy_derivative(op, attrs, (False,) * count, index))
    names, body = op.attr_names, op.body
    assert body is not None
    free = Op(
        op.name,
        "composite",
        op.infer,
        body=lambda *given: body(*given[:count], **dict(zip(names, given[count:], strict=True))),
        elementwise=True,
    )
    # An attribute is one more operand here: what does not vary has no place of its own to be differentiated by.
    others = [(False,) * (count + len(names))]
    others += [tuple(i != index and i < count for i in range(count + len(names)))]
    found = [sympy_derivative(free, (), constant, index) for constant in others]
    assert found[0] is found[1], f"the derivative of {op.name} depends on which operands are constants"
    places = {input_(f"x{count + i}"): input_(name) for i, name in enumerate(names)}
    return show(substitute(found[:1], places)[0])


def row(op: Op, attrs: Attrs, index: int) -> tuple[str, set[str]]:
    """One line of the table, and the names it uses."""
    text = derived(op, attrs, index)
    used = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    places = ["y", *(f"x{i}" for i in range(arity(op)))]
    free = [name for name in op.attr_names if name in used]
    given = ", ".join([*places, *(["*", *free] if free else [])])
    fixed = {} if isinstance(attrs, Unread) else dict(zip(op.attr_names, attrs, strict=True))
    fixed_text = "{" + ", ".join(f'"{k}": {v!r}' for k, v in fixed.items()) + "}"
    return f'    ("{op.name}", {fixed_text}, {index}, lambda {given}: {text}),', used - {*places, *free}


def written() -> str:
    """The whole module."""
    rows = [row(*edge) for edge in edges()]
    used = {name for _, names in rows for name in names}
    homes: dict[str, list[str]] = {}
    for name in sorted(used - {"pi"}):
        home = "graphc.ops.pointwise" if hasattr(pointwise, name) else FUNCTIONS[name].__module__
        homes.setdefault(home, []).append(name)
    if "pi" in used:
        homes.setdefault("graphc.ops.leaf", []).append("const")
    imports = [f"from {home} import {', '.join(names)}" for home, names in sorted(homes.items())]
    lines = [*imports, "", *(['pi = const("pi")', ""] if "pi" in used else []), "# fmt: off"]
    lines += ["DERIVATIVES: tuple[tuple[str, dict[str, Any], int, Callable[..., Any]], ...] = ("]
    return HEAD + "\n".join([*lines, *(line for line, _ in rows), ")", "# fmt: on", ""])


def test_the_table_is_what_sympy_derives(request: pytest.FixtureRequest) -> None:
    assert table.__file__
    update = bool(request.config.getoption("--update-golden"))
    compare_golden(Path(table.__file__), written(), update=update)


OPTIONS: dict[str, list[Attrs]] = READ | {
    "leaky_relu": [(Fraction(1, 100),), (Fraction(1, 4),)],
    "cast": [("real",)],
    "assumed": [((),)],
}


@pytest.mark.parametrize(
    ("op", "attrs", "index"),
    [
        pytest.param(op, attrs, index, id=f"{op.name}{attrs or ''}[{index}]")
        for op, listed, index in edges()
        for attrs in (OPTIONS.get(op.name, [()]) if isinstance(listed, Unread) else [listed])
    ],
)
def test_a_row_read_back_is_the_graph_sympy_gives(op: Op, attrs: Attrs, index: int) -> None:
    written = tabled(op, attrs, index)
    assert written is not None
    places = [input_(f"x{i}") for i in range(arity(op))]
    assert written(input_("y"), *places) is sympy_derivative(op, attrs, (False,) * arity(op), index)


def test_a_wrong_row_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = OPS["tanh"].formula
    assert right is not None
    assert "lambda y, x0: 1 - y**2)" in written()
    sympy_derivative.cache_clear()
    monkeypatch.setattr(Op, "__setattr__", object.__setattr__)
    monkeypatch.setattr(OPS["tanh"], "formula", lambda sp, at, x: 2 * sp.tanh(x))
    try:
        with pytest.raises(pytest.fail.Exception, match="tanh"):
            compare_golden(Path(str(table.__file__)), written(), update=False)
    finally:
        sympy_derivative.cache_clear()


def test_another_formula_of_the_same_name_goes_to_sympy() -> None:
    other = Op("tanh", "pointwise", OPS["tanh"].infer, formula=lambda sp, at, x: x**2, elementwise=True)
    assert tabled(other, (), 0) is None
    assert show(raw_derivative(make(other, (input_("x"),)), 0)) == "2*x"


def test_training_networks_of_the_package_loads_no_sympy() -> None:
    """Every activation with its gradient, compiled, in a fresh process."""
    program = """
import sys
import graphc as g
x = g.input("x", ("N", 3)); W = g.param("W", (3, 3)); b = g.param("b", 3); t = g.input("t", ("N",), dtype="int")
h = x @ W + b
for name in "sigmoid relu leaky_relu elu selu gelu gelu_tanh silu softplus softsign hard_sigmoid tanh".split():
    h = getattr(g, name)(h)
h = g.leaky_relu(g.clip(g.batch_norm(h, b, b), -1, 1), slope=0.2)
loss = g.cross_entropy(g.abs(h) + g.log1p(h**2) + g.maximum(h, x), t)
dW, db = g.gradients(loss, [W, b])
g.compile(loss, updates={W: W - 0.1 * dW, b: b - 0.1 * db / (g.sqrt(db**2) + 1e-8)})
print("sympy" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"]
