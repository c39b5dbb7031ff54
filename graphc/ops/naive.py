"""The reference interpreter: one plain array operation per node, written for clarity, not for speed.

It runs in float64 or float32 on NumPy, or in mpmath numbers of any precision in object arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from graphc.ir.errors import BindError
from graphc.ir.graph import Graph
from graphc.ir.node import Node, topological
from graphc.ir.types import Dim, DimLike, Shape, evaluate_dim, show_shape
from graphc.ops.composite import open_composite

Sizes = Mapping[str, int]
_INTEGRAL = {"int": np.int64, "bool": np.bool_}


class Arithmetic:
    """Arrays of reals in a NumPy float type."""

    def __init__(self, real: Any = np.float64) -> None:
        self.real = np.dtype(real)

    # numbers and shapes

    def number(self, kind: str, value: Any) -> Any:
        """A constant; one beyond floating point is infinite in it."""
        if kind == "int":
            small = -(2**63) <= value < 2**63
            return np.asarray(value, np.int64) if small else self.large(value)
        if kind == "symbol":
            return self.array({"pi": math.pi, "inf": math.inf, "-inf": -math.inf}[value])
        return self.large(value)

    def large(self, value: Any) -> Any:
        """A number that may be beyond floating point."""
        try:
            return self.array(value)
        except OverflowError:
            return self.array(math.inf if value > 0 else -math.inf)

    def array(self, value: Any, dtype: str = "real") -> Any:
        """A value given from outside, as an array of this arithmetic."""
        if dtype in _INTEGRAL:
            return _integral(np.asarray(value), _INTEGRAL[dtype])
        plain = np.asarray(value)
        if plain.dtype == object:
            plain = np.vectorize(float, otypes=[np.float64])(plain)
        if plain.dtype.kind not in "biuf":
            raise TypeError(f"{plain.dtype} is no kind of real number")
        return plain.astype(self.real)

    def size(self, d: DimLike, sizes: Sizes) -> Any:
        return np.asarray(evaluate_dim(d, sizes))

    def extent(self, d: DimLike, sizes: Sizes) -> int:
        return evaluate_dim(d, sizes)

    def shape(self, dims: Shape, sizes: Sizes) -> tuple[int, ...]:
        return tuple(evaluate_dim(d, sizes) for d in dims)

    # elementwise

    @cached_property
    def functions(self) -> dict[str, Callable[..., Any]]:
        return {"erf": np.vectorize(math.erf, otypes=[self.real]), "step": lambda x: (x > 0).astype(np.int64)}

    def function(self, name: str, arity: int) -> Callable[..., Any] | None:
        """What stands here for NumPy's function `name`, if NumPy's own will not do."""
        return self.functions.get(name)

    def cast(self, x: Any, dtype: str) -> Any:
        return x.astype(self.real if dtype == "real" else _INTEGRAL[dtype])

    def apply(self, node: Node, arrays: list[Any]) -> Any:
        name = node.op.array_function
        own = self.function(name, len(arrays))
        if own is not None:
            return np.asarray(own(*arrays))
        with np.errstate(all="ignore"):
            return np.asarray(getattr(np, name)(*arrays))

    def operands(self, node: Node, arrays: list[Any]) -> list[Any]:
        """Integers become reals where reals are computed with: NumPy would widen float32 to float64."""
        if node.op.kind not in ("pointwise", "contract", "scan", "implicit") or node.op.name == "cast":
            return arrays
        first = 1 if node.op.name == "where" else 0
        if node.dtype == "real" or any(a.dtype == "real" for a in node.args[first:]):
            return arrays[:first] + [
                x if a.dtype == "real" else self.array(x)
                for a, x in zip(node.args[first:], arrays[first:], strict=True)
            ]
        if node.dtype == "int":
            return arrays[:first] + [
                self.cast(x, "int") if x.dtype == np.bool_ else x for x in arrays[first:]
            ]
        return arrays

    # structure

    def broadcast(self, x: Any, shape: tuple[int, ...]) -> Any:
        return np.broadcast_to(x, shape)

    def full(self, shape: tuple[int, ...], fill: str | Fraction, dtype: Any) -> Any:
        return np.full(shape, float(fill), dtype=dtype)

    def concat(self, arrays: Sequence[Any], axis: int) -> Any:
        return np.concatenate(arrays, axis)

    def reduce(self, name: str, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return np.asarray(getattr(np, name)(x, axis=axes, keepdims=keepdims))

    def contract(self, spec: str, arrays: list[Any], outer: Mapping[str, int]) -> Any:
        """Explicit broadcasting over all indices, then a sum: the definition of a contraction."""
        inputs, output = spec.split("->")
        letters = sorted(set(spec) & set("".join(inputs.split(",")) + output))
        operands = inputs.split(",")
        extents = dict(outer)
        for indices, x in zip(operands, arrays, strict=True):
            extents.update(zip(indices, x.shape, strict=True))
        total = np.ones((), arrays[0].dtype)
        for indices, x in zip(operands, arrays, strict=True):
            total = total * _spread(x, indices, letters)
        total = np.broadcast_to(total, [extents[i] for i in letters])
        total = np.asarray(total.sum(axis=tuple(i for i, a in enumerate(letters) if a not in output)))
        return _embed(total, [a for a in letters if a in output], output)

    def sliding_window(
        self,
        x: Any,
        axes: Sequence[int],
        sizes: Sequence[int],
        strides: Sequence[int],
        dilations: Sequence[int],
    ) -> Any:
        """Along each axis the entries at `S*i + d*k`, for every place i and tap k."""
        for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True):
            places = (x.shape[axis] - dilation * (size - 1) - 1) // stride + 1
            taken = np.take(x, stride * np.arange(places)[:, None] + dilation * np.arange(size), axis)
            x = np.moveaxis(taken, axis + 1, -1)
        return x

    def overlap_add(
        self,
        windows: Any,
        shape: tuple[int, ...],
        axes: Sequence[int],
        sizes: Sequence[int],
        strides: Sequence[int],
        dilations: Sequence[int],
    ) -> Any:
        """One tap after another: what all windows hold there is added where it came from."""
        result = np.zeros(shape, np.int64 if windows.dtype == np.bool_ else windows.dtype)
        for tap in np.ndindex(*sizes):
            where = [slice(None)] * len(shape)
            for axis, k, stride, dilation in zip(axes, tap, strides, dilations, strict=True):
                first = dilation * k
                where[axis] = slice(first, first + stride * windows.shape[axis], stride)
            result[tuple(where)] += windows[(..., *tap)]
        return result

    def gather(self, x: Any, indices: list[Any], axis: int) -> Any:
        return x[(slice(None),) * axis + tuple(indices)]

    def scatter_add(self, shape: tuple[int, ...], updates: Any, indices: list[Any], axis: int) -> Any:
        result = np.zeros(shape, np.int64 if updates.dtype == np.bool_ else updates.dtype)
        np.add.at(result, (slice(None),) * axis + tuple(indices), updates)
        return result

    def arg(self, name: str, x: Any, axis: int) -> Any:
        return np.asarray(getattr(np, name)(x, axis=axis))

    def iota(self, n: int) -> Any:
        return np.arange(n)

    def uniform(self, key: int, seed: Any, step: Any, shape: tuple[int, ...]) -> Any:
        """Philox numbers in [0, 1) in float64, rounded; a number that rounds to 1 is the one before it."""
        words = [
            np.array([int(n) % 2**64 for n in part], np.uint64) for part in ((seed, key), (0, 0, step, 0))
        ]
        numbers = np.random.Generator(np.random.Philox(key=words[0], counter=words[1])).random(shape)
        rounded = self.array(numbers)
        return rounded if rounded.dtype == object else np.minimum(rounded, np.nextafter(self.real.type(1), 0))

    def scan(self, name: str, arrays: list[Any], axis: int, reverse: bool, exclusive: bool = False) -> Any:
        """One step at a time along the axis, as the definition says."""
        moved = [np.moveaxis(np.flip(a, axis) if reverse else a, axis, 0) for a in arrays]
        result = np.empty_like(moved[-1])
        running = np.full_like(moved[-1][:1], 1 if name == "cumprod" else 0)[0] if len(moved[-1]) else None
        for i, entry in enumerate(moved[-1]):
            following = {"cumsum": lambda r, e: r + e, "cumprod": lambda r, e: r * e}.get(name)
            after = following(running, entry) if following else moved[0][i] * running + entry
            result[i] = running if exclusive else after
            running = after
        result = np.moveaxis(result, 0, axis)
        return np.flip(result, axis) if reverse else result


def _spread(x: Any, indices: str, letters: list[str]) -> Any:
    """`x` with repeated indices taken on the diagonal, its axes put in the order of `letters`."""
    while len(set(indices)) < len(indices):
        repeated = next(i for i in indices if indices.count(i) > 1)
        first, second = [p for p, i in enumerate(indices) if i == repeated][:2]
        x = np.diagonal(x, axis1=first, axis2=second)
        indices = "".join(i for p, i in enumerate(indices) if p not in (first, second)) + repeated
    order = sorted(range(len(indices)), key=lambda p: letters.index(indices[p]))
    return x.transpose(order)[tuple(slice(None) if a in indices else None for a in letters)]


def _embed(x: Any, axes: list[str], output: str) -> Any:
    """`x` with one axis per letter of `axes`, written on the diagonal where `output` repeats a letter."""
    if len(set(output)) == len(output):
        return x.transpose([axes.index(i) for i in output])
    extent = dict(zip(axes, x.shape, strict=True))
    result = np.zeros([extent[i] for i in output], x.dtype)
    grids = dict(zip(axes, np.ogrid[tuple(slice(n) for n in x.shape)], strict=True))
    result[tuple(grids[i] for i in output)] = x
    return result


class Precise(Arithmetic):
    """Arrays of mpmath numbers, `digits` decimal digits each."""

    def __init__(self, digits: int = 50) -> None:
        import mpmath

        self.mp = mpmath.MPContext()
        self.mp.dps = digits
        self.real = np.dtype(object)

    def array(self, value: Any, dtype: str = "real") -> Any:
        if dtype in _INTEGRAL:
            return super().array(value, dtype)
        flat = np.asarray(value, dtype=object)
        result = np.empty(flat.shape, dtype=object)
        for i in np.ndindex(flat.shape):
            result[i] = self._exact(flat[i])
        return result

    def _exact(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return self.mp.mpf(value.numerator) / value.denominator
        if isinstance(value, np.generic):
            value = value.item()
        if hasattr(value, "_mpf_"):
            return self.mp.mpf(value)
        return self.mp.mpf(value if isinstance(value, int | float) else str(value))

    def number(self, kind: str, value: Any) -> Any:
        if kind == "symbol":
            value = self.mp.pi() if value == "pi" else value
        return super().number(kind, value) if kind == "int" else self.array(value)

    @cached_property
    def functions(self) -> dict[str, Callable[..., Any]]:
        table: dict[str, Callable[..., Any]] = {"reciprocal": _each(lambda x: 1 / x)}
        table["step"] = lambda x: np.asarray(x > 0).astype(np.int64)
        for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"):
            table[name] = _compare(getattr(np, name))
        return table

    def function(self, name: str, arity: int) -> Callable[..., Any] | None:
        """mpmath's function of the same name, entry by entry, where it has one."""
        if name not in self.functions and arity == 1 and hasattr(self.mp, name):
            return _each(getattr(self.mp, name))
        return self.functions.get(name)

    def cast(self, x: Any, dtype: str) -> Any:
        return self.array(x, dtype)

    def full(self, shape: tuple[int, ...], fill: str | Fraction, dtype: Any) -> Any:
        if np.dtype(dtype) != self.real:
            return super().full(shape, fill, dtype)
        result = np.empty(shape, dtype=object)
        result[...] = self._exact(fill)
        return result


def _compare(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: np.asarray(f(x, y)).astype(np.bool_)


def _each(f: Callable[[Any], Any]) -> Callable[..., Any]:
    vectorised = np.frompyfunc(f, 1, 1)
    return lambda x: np.asarray(vectorised(x), dtype=object)


def _integral(given: Any, kind: Any) -> Any:
    """An array of whole numbers or truth values; raises ValueError if that would change a number."""
    whole = given.astype(kind)
    if kind is np.int64 and not np.array_equal(whole, given):
        raise ValueError("these are no whole numbers")
    return whole


def bind(
    leaves: Sequence[Node], values: Mapping[str, Any], arithmetic: Arithmetic
) -> tuple[dict[Node, Any], dict[str, int]]:
    """The arrays for leaves given by name, and the named sizes their shapes imply."""
    arrays: dict[Node, Any] = {}
    sizes: dict[str, int] = {}
    for leaf in leaves:
        name = str(leaf.name)
        if name not in values:
            raise BindError(f"no value for {name} {show_shape(leaf.shape)}: give {name}=…")
        try:
            array = arithmetic.array(values[name], leaf.dtype)
        except (ValueError, TypeError):
            kind = "whole" if leaf.dtype == "int" else "real"
            raise BindError(f"the value for {name} is not an array of {kind} numbers") from None
        except OverflowError:
            raise BindError(f"the value for {name} is beyond floating point") from None
        match_shape(leaf, array.shape, sizes)
        arrays[leaf] = array
    return arrays, sizes


def match_shape(leaf: Node, shape: tuple[int, ...], sizes: dict[str, int]) -> None:
    """Check an array's shape against the declared one, and enter the sizes it fixes into `sizes`."""
    if len(shape) != leaf.ndim:
        raise BindError(
            f"{leaf.name} was declared with shape {show_shape(leaf.shape)} and given with {show_shape(shape)}"
        )
    for d, n in zip(leaf.shape, shape, strict=True):
        if isinstance(d, Dim) and len(d.terms) == 1 and d.terms[0] == (((d.symbols[0], 1),), 1):
            sizes.setdefault(d.symbols[0], n)
    for d, n in zip(leaf.shape, shape, strict=True):
        if isinstance(d, int) or set(d.symbols) <= set(sizes):
            expected = evaluate_dim(d, sizes)
            if expected != n:
                given = f"{show_shape(leaf.shape)} and given with {show_shape(shape)}"
                why = "" if isinstance(d, int) else f": {d} is {expected}, not {n}"
                raise BindError(f"{leaf.name} was declared with shape {given}{why}")


def evaluate_all(
    outputs: Sequence[Node],
    values: Mapping[str, Any],
    arithmetic: Arithmetic | None = None,
    *,
    sizes: Sizes | None = None,
) -> dict[Node, Any]:
    """The array of every node below `outputs`, given the leaves by name."""
    xp = arithmetic or Arithmetic()
    graph = Graph(tuple(outputs))
    arrays, known = bind(graph.leaves, values, xp)
    known.update(sizes or {})
    with np.errstate(all="ignore"):
        run(graph.nodes, arrays, known, xp)
    return arrays


def run(order: Sequence[Node], arrays: dict[Node, Any], sizes: Sizes, xp: Arithmetic) -> None:
    """Fill in the arrays of `order`, arguments before users; composites by their stable form where there is one."""
    for node in order:
        if node in arrays:
            continue
        if node.op.kind == "composite":
            inner = open_composite(node, stable=True)
            run(topological([inner], stop=arrays.__contains__), arrays, sizes, xp)
            arrays[node] = arrays[inner]
        else:
            assert node.op.evaluate is not None
            given = xp.operands(node, [arrays[a] for a in node.args])
            arrays[node] = node.op.evaluate(node, given, sizes, xp)


def evaluate(
    outputs: Sequence[Node],
    values: Mapping[str, Any],
    arithmetic: Arithmetic | None = None,
    *,
    sizes: Sizes | None = None,
) -> list[Any]:
    """The arrays of `outputs`, given the leaves by name.

    >>> from graphc.ops import input_
    >>> x = input_("x", 3)
    >>> evaluate([x * x], {"x": [1, 2, 3]})
    [array([1., 4., 9.])]
    """
    arrays = evaluate_all(outputs, values, arithmetic, sizes=sizes)
    return [arrays[o] for o in outputs]
