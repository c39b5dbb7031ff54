"""NumPy's products: `@`, `np.dot`, `np.outer`, `np.einsum`, `np.tensordot`, and linear algebra."""

from __future__ import annotations

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import product, show_shape
from graphc.lang.numpy_code.arguments import Arguments, whole
from graphc.lang.numpy_code.arithmetic import as_array, binary, widest
from graphc.lang.numpy_code.arrays import Array, fresh
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.numbers import is_number
from graphc.lang.numpy_code.objects import Value
from graphc.lang.numpy_code.table import reads
from graphc.ops.contract import LETTERS, contract, matmul
from graphc.ops.move import reshape


def multiplied(a: Value, b: Value) -> Array:
    """`a @ b`."""
    x, y = _factors(a, b)
    if not x.node.ndim or not y.node.ndim:
        broken("`@` needs arrays with axes; a single number is multiplied with *")
    return fresh(matmul(x.node, y.node), widest([x, y]))


def _factors(a: Value, b: Value) -> tuple[Array, Array]:
    x, y = as_array(a), as_array(b)
    if x.kind == y.kind == "bool":
        refuse("a product of two masks is a truth value in NumPy; make one of them numbers first")
    return x, y


@reads("matmul")
def _matmul(a: Arguments) -> Value:
    x, y = a.take("x1"), a.take("x2")
    a.finish()
    return multiplied(x, y)


@reads("dot")
def _dot(a: Arguments) -> Value:
    x, y = a.take("a"), a.take("b")
    a.finish()
    return dotted(x, y)


def dotted(a: Value, b: Value) -> Value:
    """`np.dot(a, b)`: the last axis of `a` against the second to last of `b`, all others kept side by side."""
    if is_number(a) or is_number(b):
        return binary("mul", a, b)
    x, y = _factors(a, b)
    if not x.node.ndim or not y.node.ndim:
        return binary("mul", x, y)
    if x.node.ndim <= 2 and y.node.ndim <= 2:
        return fresh(matmul(x.node, y.node), widest([x, y]))
    return _over(x, y, (x.node.ndim - 1,), (max(y.node.ndim - 2, 0),))


def _over(x: Array, y: Array, left: tuple[int, ...], right: tuple[int, ...]) -> Array:
    """A sum over pairs of axes, the other axes of both kept in order."""
    if x.node.ndim + y.node.ndim > len(LETTERS):
        refuse("these arrays have too many axes")
    first = list(LETTERS[: x.node.ndim])
    second = list(LETTERS[x.node.ndim : x.node.ndim + y.node.ndim])
    for i, j in zip(left, right, strict=True):
        if x.shape[i] != y.shape[j]:
            broken(
                f"shapes {show_shape(x.shape)} and {show_shape(y.shape)}: the sizes summed over differ, "
                f"{x.shape[i]} against {y.shape[j]}"
            )
        second[j] = first[i]
    kept = [c for i, c in enumerate(first) if i not in left] + [
        c for j, c in enumerate(second) if j not in right
    ]
    spec = f"{''.join(first)},{''.join(second)}->{''.join(kept)}"
    return fresh(contract(spec, x.node, y.node), widest([x, y]))


@reads("inner")
def _inner(a: Arguments) -> Value:
    x, y = a.array("a"), a.array("b")
    a.finish()
    if not x.node.ndim or not y.node.ndim:
        return binary("mul", x, y)
    return _over(*_factors(x, y), (x.node.ndim - 1,), (y.node.ndim - 1,))


@reads("vdot")
def _vdot(a: Arguments) -> Value:
    x, y = _factors(a.take("a"), a.take("b"))
    a.finish()
    return fresh(matmul(_flat(x.node), _flat(y.node)), widest([x, y]))


def _flat(node: Node) -> Node:
    return reshape(node, (product(node.shape),))


@reads("outer")
def _outer(a: Arguments) -> Value:
    x, y = _factors(a.take("a"), a.take("b"))
    a.finish()
    return fresh(FUNCTIONS["outer"](_flat(x.node), _flat(y.node)), widest([x, y]))


@reads("tensordot")
def _tensordot(a: Arguments) -> Value:
    x, y = _factors(a.take("a"), a.take("b"))
    axes = a.take("axes", 2)
    a.finish()
    if isinstance(axes, tuple | list) and len(axes) == 2:
        left, right = (_counted(given, n) for given, n in zip(axes, (x.node.ndim, y.node.ndim), strict=True))
    else:
        count = whole(axes, "`axes` of tensordot")
        left, right = tuple(range(x.node.ndim - count, x.node.ndim)), tuple(range(count))
    if len(left) != len(right) or any(i >= x.node.ndim for i in left) or any(j >= y.node.ndim for j in right):
        broken("tensordot: the axes of the two arrays do not pair up")
    return _over(x, y, left, right)


def _counted(axes: Value, ndim: int) -> tuple[int, ...]:
    given = axes if isinstance(axes, tuple | list) else (axes,)
    return tuple(whole(v, "an axis") % max(ndim, 1) for v in given)


@reads("einsum")
def _einsum(a: Arguments) -> Value:
    spec = a.take("subscripts")
    if not isinstance(spec, str):
        refuse("einsum is read with its index string first, as in np.einsum('nk,km->nm', x, W)")
    arrays = [as_array(v) for v in a.rest()]
    a.finish()
    if len(arrays) > 1 and all(x.kind == "bool" for x in arrays):
        refuse("a product of masks is a truth value in NumPy; make one of them numbers first")
    full = _spelt_out("".join(spec.split()), [x.node.ndim for x in arrays])
    try:
        return fresh(contract(full, *(x.node for x in arrays)), widest(arrays), contiguous=False)
    except ShapeError as error:
        broken(str(error).replace("contract", "einsum"))


def _spelt_out(spec: str, ranks: list[int]) -> str:
    """An index string with its output written and `...` replaced by letters."""
    inputs, arrow, output = spec.partition("->")
    operands = inputs.split(",")
    if len(operands) != len(ranks):
        broken(f"einsum {spec!r}: {len(operands)} operands in the string, {len(ranks)} given")
    letters = [c for c in inputs if c.isalpha()]
    free = "".join(c for c in LETTERS if c not in letters)
    counts = {rank - len(o) + 3 for o, rank in zip(operands, ranks, strict=True) if "..." in o}
    if len(counts) > 1:
        refuse("einsum with `...` is read where it stands for as many axes in each operand")
    count = counts.pop() if counts else 0
    if not 0 <= count <= len(free):
        broken(f"einsum {spec!r} does not fit arrays of {' and '.join(map(str, ranks))} axes")
    if not arrow:
        once = sorted(c for c in set(letters) if letters.count(c) == 1)
        output = ("..." if count else "") + "".join(once)
    return f"{inputs}->{output}".replace("...", free[:count])


@reads("trace", "diag", "diagflat", "diagonal")
def _diagonal(a: Arguments) -> Value:
    x = a.array("a")
    a.finish()
    name = a.name.rpartition(".")[2]
    node = _flat(x.node) if name == "diagflat" else x.node
    if name in ("trace", "diagonal") and node.ndim != 2:
        refuse(f"{a.name} is read of a matrix")
    return fresh(FUNCTIONS["diag" if name != "trace" else "trace"](node), x.kind)


@reads("linalg.inv", "linalg.det", "linalg.solve", "linalg.slogdet", "linalg.pinv", "linalg.multi_dot")
def _linear_algebra(a: Arguments) -> Value:
    name = a.name.rpartition(".")[2]
    if name == "multi_dot":
        result, *others = a.take("arrays")
        a.finish()
        for other in others:
            result = dotted(result, other)
        return result
    if name not in FUNCTIONS:
        refuse(f"{a.name} is not read")
    given = [as_array(v) for v in a.rest()]
    a.finish()
    return fresh(FUNCTIONS[name](*(x.node for x in given)), "float")


@reads("cross", "kron")
def _no_product(a: Arguments) -> Value:
    refuse(f"{a.name} is not read; write it with np.einsum")
