"""NumPy's reductions: `np.sum`, `np.mean`, `np.max`, `np.var`, `np.linalg.norm`, `np.argmax`, and cumulative sums."""

from __future__ import annotations

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import product
from graphc.lang.numpy_code.arguments import Arguments, axes_of, truth, whole
from graphc.lang.numpy_code.arithmetic import as_array
from graphc.lang.numpy_code.arrays import Array, Selection, fresh
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.numbers import Kind, is_number
from graphc.lang.numpy_code.objects import Value
from graphc.lang.numpy_code.table import reads
from graphc.ops.leaf import size
from graphc.ops.move import reshape
from graphc.ops.pointwise import where

_NAMES = {"amax": "max", "amin": "min", "product": "prod"}


def reduce(name: str, x: Array, axes: tuple[int, ...] | None, keepdims: bool) -> Node:
    """One of sum, mean, max, min, prod, var, std over axes."""
    return FUNCTIONS[name](x.node, axis=axes, keepdims=keepdims)


def _kind(name: str, x: Array) -> Kind:
    if name in ("mean", "var", "std"):
        return "float"
    return "int" if x.kind == "bool" and name in ("sum", "prod") else x.kind


@reads("sum", "mean", "max", "min", "amax", "amin", "prod", "product")
def _reduction(a: Arguments) -> Value:
    name = a.name.rpartition(".")[2]
    name = _NAMES.get(name, name)
    given = a.take("a")
    if isinstance(given, Selection):
        return _of_selection(name, given, a)
    if name == "prod" and isinstance(given, tuple | list) and all(is_number(v) for v in given):
        a.take("axis", None)
        a.finish()
        return product(given)
    x = as_array(given, f"the argument of {a.name}")
    axes = axes_of(a.take("axis", None), x, a.name)
    keepdims = truth(a.option("keepdims", False), "keepdims")
    a.finish()
    return fresh(reduce(name, x, axes, keepdims), _kind(name, x), contiguous=x.contiguous)


def _of_selection(name: str, x: Selection, a: Arguments) -> Value:
    """`x[mask].sum()`: what is not picked counts as 0."""
    if name not in ("sum", "mean"):
        refuse(f"{a.name} of x[mask] is not read; use np.where(mask, x, …)")
    a.finish()
    picked = where(x.mask, x.full, 0)
    total = FUNCTIONS["sum"](picked)
    if name == "sum":
        return fresh(total, "int" if x.kind == "bool" else x.kind)
    count = FUNCTIONS["sum"](FUNCTIONS["broadcast"](x.mask, picked.shape))
    return fresh(total / count, "float")


@reads("var", "std")
def _variance(a: Arguments) -> Value:
    x = a.array("a")
    axes = axes_of(a.take("axis", None), x, a.name)
    keepdims = truth(a.option("keepdims", False), "keepdims")
    less = whole(a.option("ddof", 0), "ddof")
    a.finish()
    centred = x.node - FUNCTIONS["mean"](x.node, axis=axes, keepdims=True)
    squares = FUNCTIONS["square"](centred)
    if less:
        summed = range(x.node.ndim) if axes is None else axes
        count = size(product(x.shape[i] for i in summed))
        node = FUNCTIONS["sum"](squares, axis=axes, keepdims=keepdims) / (count - less)
    else:
        node = FUNCTIONS["mean"](squares, axis=axes, keepdims=keepdims)
    if a.name.endswith("std"):
        node = FUNCTIONS["sqrt"](node)
    return fresh(node, "float", contiguous=x.contiguous)


@reads("average")
def _average(a: Arguments) -> Value:
    x = a.array("a")
    axes = axes_of(a.take("axis", None), x, a.name)
    a.finish()
    return fresh(reduce("mean", x, axes, False), "float", contiguous=x.contiguous)


@reads("argmax", "argmin")
def _argument(a: Arguments) -> Value:
    x = a.array("a")
    axis = a.take("axis", None)
    keepdims = truth(a.option("keepdims", False), "keepdims")
    a.finish()
    name = a.name.rpartition(".")[2]
    if axis is None:
        if keepdims:
            refuse(f"{a.name} with keepdims needs an axis")
        return fresh(FUNCTIONS[name](reshape(x.node, (product(x.shape),)), axis=0), "int")
    (counted,) = axes_of(whole(axis, "the axis"), x, a.name) or ()
    node = FUNCTIONS[name](x.node, axis=counted)
    return fresh(FUNCTIONS["expand_dims"](node, counted) if keepdims else node, "int")


@reads("count_nonzero")
def _count(a: Arguments) -> Value:
    x = a.array("a")
    axes = axes_of(a.take("axis", None), x, a.name)
    a.finish()
    node = x.node if x.kind == "bool" else FUNCTIONS["not_equal"](x.node, 0)
    return fresh(FUNCTIONS["sum"](node, axis=axes), "int")


@reads("any", "all")
def _quantifier(a: Arguments) -> Value:
    x = a.array("a")
    axes = axes_of(a.take("axis", None), x, a.name)
    keepdims = truth(a.option("keepdims", False), "keepdims")
    a.finish()
    if x.kind != "bool":
        refuse(f"{a.name} is read of masks")
    node = FUNCTIONS["max" if a.name.endswith("any") else "min"](x.node, axis=axes, keepdims=keepdims)
    return fresh(node, "bool")


@reads("cumsum", "cumprod")
def _scan(a: Arguments) -> Value:
    x = a.array("a")
    axis = a.take("axis", None)
    a.finish()
    node = x.node
    if axis is None:
        node, axis = reshape(node, (product(node.shape),)), 0
    return fresh(FUNCTIONS[a.name.rpartition(".")[2]](node, axis=whole(axis, "the axis")), x.kind)


@reads("linalg.norm")
def _norm(a: Arguments) -> Value:
    x = a.array("x")
    order = a.take("ord", None)
    axes = axes_of(a.take("axis", None), x, a.name)
    keepdims = truth(a.option("keepdims", False), "keepdims")
    a.finish()
    vector = (x.node.ndim if axes is None else len(axes)) == 1
    if order is None or (order == 2 and vector) or order == "fro":
        squares = FUNCTIONS["sum"](FUNCTIONS["square"](x.node), axis=axes, keepdims=keepdims)
        return fresh(FUNCTIONS["sqrt"](squares), "float")
    if order == 1 and vector:
        return fresh(FUNCTIONS["sum"](FUNCTIONS["abs"](x.node), axis=axes, keepdims=keepdims), "float")
    if order == 2 and axes is None and x.node.ndim == 2:
        refuse(
            "np.linalg.norm(A, 2) of a matrix is its largest singular value; without the 2 it is Frobenius'"
        )
    return refuse("this order of a norm is not read; write it out")


@reads("scipy.special.logsumexp", "scipy.special.softmax", "scipy.special.log_softmax")
def _softmax(a: Arguments) -> Value:
    x = a.array("a")
    axes = axes_of(a.take("axis", None), x, a.name)
    keepdims = truth(a.option("keepdims", False), "keepdims")
    a.finish()
    name = a.name.rpartition(".")[2]
    chosen = tuple(range(x.node.ndim)) if axes is None else axes
    if name == "logsumexp":
        total = FUNCTIONS["sum"](FUNCTIONS["exp"](x.node), axis=chosen, keepdims=keepdims)
        if len(chosen) != 1 or keepdims:
            return fresh(FUNCTIONS["log"](total), "float")
    if len(chosen) != 1:
        refuse(f"{a.name} is read over one axis")
    return fresh(FUNCTIONS[name](x.node, axis=chosen[0]), "float")


@reads("math.prod")
def _whole_product(a: Arguments) -> Value:
    given = a.take("a")
    a.finish()
    if not isinstance(given, tuple | list) or not all(is_number(v) for v in given):
        broken("math.prod takes a tuple of numbers")
    return product(given)
