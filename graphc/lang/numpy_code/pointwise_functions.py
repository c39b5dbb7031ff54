"""NumPy's functions of entries: `np.exp`, `np.maximum`, `np.where`, `np.clip`, comparisons and logic."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.lang.numpy_code.arguments import Arguments
from graphc.lang.numpy_code.arithmetic import (
    COMPARISONS,
    as_array,
    binary,
    both,
    compared,
    either,
    elementwise,
    logical,
    negated,
    opposite,
    widest,
)
from graphc.lang.numpy_code.arrays import Array, Selection
from graphc.lang.numpy_code.errors import refuse
from graphc.lang.numpy_code.objects import Places, Value
from graphc.lang.numpy_code.table import reads
from graphc.ops.leaf import const

Formula = Callable[[Node], Node]


def _call(name: str) -> Formula:
    return lambda x: FUNCTIONS[name](x)


def _exp(x: Node) -> Node:
    return FUNCTIONS["exp"](x)


def _log(x: Node) -> Node:
    return FUNCTIONS["log"](x)


# fmt: off
_REAL: dict[str, Formula] = {
    **{n: _call(n) for n in ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "reciprocal")},
    "log2": lambda x: _log(x) / _log(const(2)),
    "log10": lambda x: _log(x) / _log(const(10)),
    "exp2": lambda x: const(2) ** x,
    "sinh": lambda x: (_exp(x) - _exp(-x)) / 2,
    "cosh": lambda x: (_exp(x) + _exp(-x)) / 2,
    "tan": lambda x: FUNCTIONS["sin"](x) / FUNCTIONS["cos"](x),
    "arcsinh": lambda x: _log(x + FUNCTIONS["sqrt"](x * x + 1)),
    "arctanh": lambda x: _log((1 + x) / (1 - x)) / 2,
    "scipy.special.expit": _call("sigmoid"),
    "scipy.special.erf": _call("erf"),
    "scipy.special.log1p": _call("log1p"),
    "math.exp": _exp, "math.log": _log, "math.sqrt": _call("sqrt"), "math.tanh": _call("tanh"),
    "math.erf": _call("erf"), "math.sin": _call("sin"), "math.cos": _call("cos"),
}
_SAME: dict[str, Formula] = {
    **{n: _call(n) for n in ("sign", "square")},
    **dict.fromkeys(("abs", "absolute", "fabs"), _call("abs")),
}
_OPERATORS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "power": "pow",
    "float_power": "pow", "maximum": "maximum", "minimum": "minimum", "fmax": "maximum", "fmin": "minimum",
    "floor_divide": "floordiv", "mod": "mod", "math.pow": "pow",
}
# fmt: on


def _unary(names: dict[str, Formula], *, real: bool) -> None:
    for name, formula in names.items():

        @reads(name)
        def _(a: Arguments, formula: Formula = formula) -> Value:
            x = a.take("x")
            a.finish()
            return elementwise(formula, (x,), "float" if real else None, f"the argument of {a.name}")


_unary(_REAL, real=True)
_unary(_SAME, real=False)

for _name, _op in _OPERATORS.items():

    @reads(_name)
    def _operator(a: Arguments, op: str = _op) -> Value:
        x, y = a.take("x1"), a.take("x2")
        a.finish()
        return binary(op, x, y)


for _name in COMPARISONS:

    @reads(_name)
    def _comparison(a: Arguments, op: str = _name) -> Value:
        x, y = a.take("x1"), a.take("x2")
        a.finish()
        return compared(op, x, y)


@reads("negative")
def _negative(a: Arguments) -> Value:
    x = a.take("x")
    a.finish()
    return negated(x)


def _as_mask(value: Value) -> Array:
    """A value as a truth value per entry."""
    array = as_array(value)
    if array.kind == "bool":
        return array
    found = compared("not_equal", array, 0)
    return as_array(found)


@reads("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor")
def _logic(a: Arguments) -> Value:
    x, y = a.take("x1"), a.take("x2")
    a.finish()
    kind, _, op = a.name.rpartition(".")[2].partition("_")
    if kind == "bitwise":
        return logical(op, x, y)
    x, y = _as_mask(x), _as_mask(y)
    return logical("xor", x, y) if op == "xor" else both(x, y) if op == "and" else either(x, y)


@reads("logical_not", "invert", "bitwise_not")
def _not(a: Arguments) -> Value:
    x = a.take("x")
    a.finish()
    return opposite(_as_mask(x) if a.name.endswith("logical_not") else x)


@reads("where")
def _where(a: Arguments) -> Value:
    condition = a.take("condition")
    rest = [a.take("x", None), a.take("y", None)]
    a.finish()
    if rest[0] is None:
        return Places(_as_mask(condition))
    if isinstance(condition, Selection) or any(isinstance(r, Selection) for r in rest):
        refuse("np.where of x[mask] is not read; use the whole arrays")
    mask = _as_mask(condition)
    arrays = [as_array(r) for r in rest]
    return elementwise(FUNCTIONS["where"], (mask, *arrays), widest(arrays))


@reads("nonzero", "argwhere", "flatnonzero")
def _nonzero(a: Arguments) -> Value:
    mask = _as_mask(a.take("a"))
    a.finish()
    if not a.name.endswith("nonzero") or a.name.endswith("flatnonzero"):
        refuse(f"{a.name} is not read; index with the mask itself, x[mask]")
    return Places(mask)


@reads("clip")
def _clip(a: Arguments) -> Value:
    x = a.take("a")
    low, high = a.take("a_min", None), a.take("a_max", None)
    low, high = a.option("min", low), a.option("max", high)
    a.finish()
    for bound, op in ((low, "maximum"), (high, "minimum")):
        if bound is not None:
            x = elementwise(FUNCTIONS[op], (x, bound))
    return x


@reads("heaviside")
def _heaviside(a: Arguments) -> Value:
    x, half = a.take("x1"), a.take("x2")
    a.finish()

    def build(x: Node, h: Node) -> Node:
        return FUNCTIONS["where"](x > 0, 1, FUNCTIONS["where"](FUNCTIONS["equal"](x, 0), h, 0))

    return elementwise(build, (x, half), "float")


@reads("logaddexp")
def _logaddexp(a: Arguments) -> Value:
    x, y = a.take("x1"), a.take("x2")
    a.finish()
    return elementwise(FUNCTIONS["logaddexp"], (x, y), "float")


@reads("nan_to_num", "float32", "float64", "float16", "float_", "double", "single", "real")
def _as_float(a: Arguments) -> Value:
    """Rounding to a precision: nothing, over the reals."""
    x = a.take("x")
    a.finish()
    return x if isinstance(x, Fraction) else elementwise(lambda n: n, (x,), "float")
