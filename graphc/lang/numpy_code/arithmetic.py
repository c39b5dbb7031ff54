"""Arithmetic and comparisons as NumPy does them: kinds of numbers, broadcasting, truth values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.lang.numpy_code.arrays import Array, Selection, fresh
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.limits import MAX_LENGTH
from graphc.lang.numpy_code.memory import ORDER
from graphc.lang.numpy_code.numbers import Kind, arithmetic, compare, is_number, kind_of, number_node
from graphc.lang.numpy_code.objects import Places, Poison, Range, Unknown, Value
from graphc.ops.leaf import constant_value
from graphc.ops.move import reshape, stack

BUILDERS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "div": "div",
    "pow": "pow",
    "maximum": "maximum",
    "minimum": "minimum",
}
COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
OPPOSITE = {
    "less": "greater_equal",
    "less_equal": "greater",
    "greater": "less_equal",
    "greater_equal": "less",
    "equal": "not_equal",
    "not_equal": "equal",
}


def as_array(value: Value, what: str = "this") -> Array:
    """A value as NumPy's `asarray` takes it; refuses what is none."""
    if isinstance(value, Array):
        return value
    if is_number(value):
        return fresh(number_node(value), kind_of(value))
    if isinstance(value, list | tuple):
        return _stacked(value)
    if isinstance(value, Range):
        return counted(value)
    if isinstance(value, Unknown):
        refuse(f"`{value.path}` is not a name of the model; say what it is with --bind {value.path}=NAME")
    if isinstance(value, Poison):
        raise value.problem
    if value is None:
        broken(f"{what} is None here, not an array")
    if isinstance(value, Places):
        refuse("the places of a mask are read in an index only, as in x[np.where(mask)] = 0")
    if isinstance(value, Selection):
        refuse("what x[mask] picks has a length that depends on the values; use np.where(mask, …, 0)")
    if isinstance(value, str):
        refuse(f"{value!r} is a text, not an array")
    return refuse(f"{what} is not an array")


def _stacked(values: Sequence[Value]) -> Array:
    if not values:
        refuse("an empty list has no known shape; begin with np.zeros(shape)")
    parts = [as_array(v) for v in values]
    return fresh(stack([p.node for p in parts]), widest(parts))


def counted(r: Range) -> Array:
    """The whole numbers of a range, as an array."""
    span = r.stop - r.start
    if isinstance(r.start, int) and isinstance(r.stop, int):
        numbers = range(r.start, r.stop, r.step)
        if not (r.start == 0 and r.step == 1):
            node = FUNCTIONS["arange"](len(numbers))
            return fresh(node * r.step + r.start, "int")
        return fresh(FUNCTIONS["arange"](len(numbers)), "int")
    if r.step != 1:
        refuse("a range over a size that is not known goes in steps of 1")
    node = FUNCTIONS["arange"](span)
    return fresh(node if r.start == 0 else node + number_node(r.start), "int")


def widest(values: Sequence[Array | Selection]) -> Kind:
    """The kind NumPy promotes to."""
    return max((v.kind for v in values), key=ORDER.__getitem__, default="float")


def elementwise(
    build: Callable[..., Node], values: Sequence[Value], kind: Kind | None = None, what: str = "this"
) -> Array | Selection:
    """A function of the entries of arrays, broadcast; `kind` is that of the result, the widest by default."""
    if any(isinstance(v, Selection) for v in values):
        return _of_selections(build, values, kind)
    arrays = [as_array(v, what) for v in values]
    nodes = [a.node for a in arrays]
    whole = all(a.contiguous for a in arrays if a.node.ndim)
    return fresh(broadcasting(build, nodes), kind or widest(arrays), contiguous=whole)


def _of_selections(build: Callable[..., Node], values: Sequence[Value], kind: Kind | None) -> Selection:
    """`x[m] * y[m]`: the same mask throughout, or single numbers beside it."""
    picked = [v for v in values if isinstance(v, Selection)]
    mask = picked[0].mask
    others = [v if isinstance(v, Selection) else as_array(v) for v in values]
    for other in others:
        if isinstance(other, Selection) and other.mask is not mask:
            refuse("x[a] and y[b] of different masks are not combined; use np.where")
        if isinstance(other, Array) and other.shape:
            refuse("x[mask] is combined with single numbers, or with y[mask] of the same mask; use np.where")
    nodes = [o.full if isinstance(o, Selection) else o.node for o in others]
    return Selection(broadcasting(build, nodes), mask, kind or widest(others))


def broadcasting(build: Callable[..., Node], nodes: Sequence[Node]) -> Node:
    """`build(*nodes)`; where (N,) meets (N, 1) the result is (N, N) as in NumPy, a slip it does not tell."""
    try:
        return build(*nodes)
    except ShapeError:
        rank = max(n.ndim for n in nodes)
        if all(n.ndim in (0, rank) for n in nodes):
            raise
        aligned = [reshape(n, (*(1 for _ in range(rank - n.ndim)), *n.shape)) if n.ndim else n for n in nodes]
        return build(*aligned)


def binary(op: str, a: Value, b: Value) -> Value:
    """`a op b` for the arithmetic operators but `@`."""
    if is_number(a) and is_number(b):
        exact = arithmetic(op, a, b)
        if exact is not None:
            return exact
    if isinstance(a, str) or isinstance(b, str) or _is_sequence(a) or _is_sequence(b):
        joined = _joined(op, a, b)
        if joined is not None:
            return joined
    if op in ("floordiv", "mod"):
        refuse(f"`{'//' if op == 'floordiv' else '%'}` of arrays has no gradient to speak of and is not read")
    kinds = [_kind(a), _kind(b)]
    if kinds == ["bool", "bool"] and op in _OF_TRUTH:
        return _OF_TRUTH[op](a, b)
    if op == "pow":
        _check_power(a, b, kinds)
    return elementwise(
        FUNCTIONS[BUILDERS[op]], (a, b), "float" if op == "div" else _arithmetic_kind(op, kinds)
    )


def _arithmetic_kind(op: str, kinds: list[Kind]) -> Kind:
    kind = max(kinds, key=ORDER.__getitem__)
    return "int" if kind == "bool" and op == "pow" else kind


def _kind(value: Value) -> Kind:
    if isinstance(value, Selection):
        return value.kind
    return as_array(value).kind


def _is_sequence(value: Value) -> bool:
    return isinstance(value, list | tuple)


def _joined(op: str, a: Value, b: Value) -> Value:
    """Texts, lists and tuples one after another, or repeated; None where arrays are meant."""
    same = type(a) is type(b)
    if op == "add" and same and isinstance(a, str | list | tuple):
        return a + b
    if op == "mul" and (type(a) is int or type(b) is int):
        parts, count = (b, a) if type(a) is int else (a, b)
        if len(parts) * count > MAX_LENGTH:
            refuse(f"a list has at most {MAX_LENGTH:,} entries here")
        return parts * count
    if isinstance(a, str) or isinstance(b, str):
        refuse("texts are joined with texts only, as in 'W' + str(i)")
    if not (isinstance(a, Array) or isinstance(b, Array)):
        broken("Python does no arithmetic with lists; make them arrays")
    return None


def _check_power(a: Value, b: Value, kinds: list[Kind]) -> None:
    if "float" in kinds or isinstance(b, Selection):
        return
    exponent = constant_value(as_array(b).node)
    if exponent is None:
        refuse(
            "a whole number to the power of an array of whole numbers may be an error in NumPy; make one a float"
        )
    if exponent < 0:
        broken("NumPy does not raise whole numbers to negative powers; make them floats first")


def both(a: Value, b: Value) -> Array | Selection:
    """1 where both are 1."""
    return elementwise(FUNCTIONS["mul"], (a, b), "bool")


def either(a: Value, b: Value) -> Array | Selection:
    """1 where at least one is 1."""
    return elementwise(lambda x, y: x + y - x * y, (a, b), "bool")


def _no_difference(a: Value, b: Value) -> Any:
    broken("NumPy does not subtract truth values; use ^ or np.logical_xor, or make them numbers first")


_OF_TRUTH: dict[str, Callable[[Value, Value], Any]] = {
    "add": either,
    "mul": both,
    "sub": _no_difference,
    "maximum": either,
    "minimum": both,
}


def opposite(a: Value) -> Array | Selection:
    """`~mask`: 1 where the mask is 0."""
    if is_number(a) or _kind(a) != "bool":
        refuse("`~` is read of masks only; of whole numbers it is -x - 1")
    return elementwise(_opposite_node, (a,), "bool")


def _opposite_node(node: Node) -> Node:
    """A comparison turned round, or 1 minus a mask."""
    if node.op.name in OPPOSITE and node.name is None:
        return FUNCTIONS[OPPOSITE[node.op.name]](*node.args)
    return 1 - node


def logical(op: str, a: Value, b: Value) -> Array | Selection:
    """`a & b`, `a | b`, `a ^ b` of masks."""
    if _kind(a) != "bool" or _kind(b) != "bool":
        refuse("`&`, `|` and `^` are read of masks only, as in (x > 0) & (x < 1); mind the parentheses")
    if op == "xor":
        return elementwise(lambda x, y: x + y - 2 * x * y, (a, b), "bool")
    return both(a, b) if op == "and" else either(a, b)


def negated(a: Value) -> Value:
    """`-a`."""
    if is_number(a):
        return arithmetic("sub", 0, a)
    if _kind(a) == "bool":
        broken("NumPy does not negate truth values; use ~mask, or 1 - mask")
    return elementwise(FUNCTIONS["neg"], (a,))


def compared(op: str, a: Value, b: Value) -> Value:
    """`a op b` for the comparisons: a truth value where it is known, else a mask."""
    if is_number(a) and is_number(b):
        known = compare(op, a, b)
        if known is None:
            refuse("whether this holds depends on the sizes; give the model numbers as sizes")
        return known
    plain = (str, type(None), tuple, list, bool)
    if isinstance(a, plain) and isinstance(b, plain) and not isinstance(a, Array):
        if op not in ("equal", "not_equal"):
            refuse("these are not compared by size")
        return _alike(a, b) == (op == "equal")
    if a is None or b is None or isinstance(a, str) or isinstance(b, str):
        if isinstance(a, Unknown) or isinstance(b, Unknown):
            other = a if isinstance(a, Unknown) else b
            refuse(f"`{other.path}` is not known; the model names no such thing")
        return op == "not_equal"
    return elementwise(FUNCTIONS[op], (a, b), "bool")


def _alike(a: Value, b: Value) -> bool:
    """Whether two texts, or lists of numbers and texts, are equal."""
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(_alike(x, y) for x, y in zip(a, b, strict=True))
    if is_number(a) and is_number(b):
        known = compare("equal", a, b)
        if known is None:
            refuse("whether these are equal depends on the sizes; give the model numbers as sizes")
        return known
    if isinstance(a, Array) or isinstance(b, Array):
        refuse("lists of arrays are not compared")
    return type(a) is type(b) and bool(a == b)
