"""Reductions, moves, indexing, scans and linear algebra in NumPy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from graphc.emit.text import Scope, Text, number
from graphc.ir.node import Node
from graphc.ir.types import DimLike, Shape
from graphc.ops.form import ATOM
from graphc.ops.random import key_number
from graphc.plan.alias import new_axes
from graphc.plan.names import identifier
from graphc.plan.turned import is_copy, is_scattered

SHORT_ROW = 32  # entries up to which a row is better reduced as a column
MANY_ROWS = 32  # rows from which that pays

# reductions -------------------------------------------------------------------------------------------------


def reduce(scope: Scope, node: Node) -> Text:
    return _reduce(scope, node, keepdims=bool(node.attrs[1]))


def _reduce(scope: Scope, node: Node, *, keepdims: bool) -> Text:
    x, axes = scope.array(node.args[0], node.dtype), node.attrs[0]
    options = []
    if len(axes) < node.args[0].ndim:
        options.append(f"axis={axes[0] if len(axes) == 1 else axes}")
    if _is_extreme_of_rows(node):
        code = _extreme_of_rows(scope, node, x)
        return Text(f"{code}[:, None]" if keepdims else code)
    if keepdims:
        options.append("keepdims=True")
    if x.strength == ATOM and x.code.isidentifier():
        return Text(f"{x.code}.{node.op.name}({', '.join(options)})")
    return Text(f"np.{node.op.name}({', '.join([x.code, *options])})")


def _is_extreme_of_rows(node: Node) -> bool:
    """Whether a maximum or minimum is over the rows of a matrix, and there are many of them."""
    if node.op.name not in ("max", "min") or node.attrs[0] != (1,) or node.args[0].ndim != 2:
        return False
    rows, columns = node.args[0].shape
    return columns != 1 and not (isinstance(rows, int) and rows < MANY_ROWS)


def _extreme_of_rows(scope: Scope, node: Node, x: Text) -> str:
    """What `max(axis=1)` gives in four to ten times the time: short rows are made columns, long ones searched."""
    columns = node.args[0].shape[1]
    if isinstance(columns, int) and columns <= SHORT_ROW:
        return f"{x.bound()}.T.copy().{node.op.name}(axis=0)"
    return f"{scope.helper(f'_{node.op.name}_of_rows')}({x.code})"


def _keeps(node: Node) -> bool:
    """Whether a reshape only puts back the axes its argument, a reduction, has just reduced."""
    inner = node.args[0]
    if inner.op.kind != "reduce" or inner.attrs[1]:
        return False
    axes = inner.attrs[0]
    kept = tuple(1 if i in axes else d for i, d in enumerate(inner.args[0].shape))
    return kept == node.shape


# moves ------------------------------------------------------------------------------------------------------


def reshape(scope: Scope, node: Node) -> Text:
    base = node.args[0]
    if base not in scope.names and _keeps(node):
        return _reduce(scope, base, keepdims=True)
    x = scope.array(base)
    added, dropped = new_axes(base.shape, node.shape), new_axes(node.shape, base.shape)
    if not base.ndim:
        return Text(f"np.reshape({x.code}, {scope.shape(node.shape)})")
    if added is not None:
        return Text(f"{x.bound()}[{', '.join('None' if new else ':' for new in _trimmed(added))}]")
    if dropped is not None:
        return Text(f"{x.bound()}[{', '.join('0' if old else ':' for old in _trimmed(dropped))}]")
    if node.ndim == 1:
        return Text(f"{x.bound()}.ravel()")
    return Text(f"{x.bound()}.reshape({', '.join(map(scope.dim, node.shape))})")


def _trimmed(marks: tuple[bool, ...]) -> list[bool]:
    """Without the whole axes at the end, which need not be written."""
    kept = list(marks)
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    return kept


def transpose(scope: Scope, node: Node) -> Text:
    x, order = scope.array(node.args[0]), node.attrs[0]
    return Text(f"{x.bound()}.T" if order == (1, 0) else f"{x.bound()}.transpose{order}")


def broadcast(scope: Scope, node: Node) -> Text:
    base = node.args[0]
    shape = scope.dim(node.shape[0]) if node.ndim == 1 else scope.shape(node.shape)
    x = scope.value(base)
    if not x.weak:
        return Text(f"np.broadcast_to({x.code}, {shape})")
    dtype = scope.dtype(node.dtype)
    plain = {"0": "zeros", "0.0": "zeros", "1": "ones", "1.0": "ones"}.get(x.code)
    return Text(f"np.{plain}({shape}, {dtype})" if plain else f"np.full({shape}, {x.code}, {dtype})")


def cut(scope: Scope, node: Node) -> Text:
    x = scope.array(node.args[0])
    return Text(f"{x.bound()}[{slices_text(scope, node.attrs[0], node.args[0].shape)}]")


def pad(scope: Scope, node: Node) -> Text:
    shape, slices, fill = node.attrs
    x = scope.array(node.args[0])
    value = fill_text(fill, node.dtype)
    if is_copy(node):
        return Text(f"{x.bound()}.copy()")
    if all(step == 1 for _, step, _ in slices):
        widths = [
            f"({scope.dim(start)}, {scope.dim(total - start - length)})"
            for (start, _, length), total in zip(slices, shape, strict=True)
        ]
        rest = f", constant_values={value}" if value != "0" else ""
        return Text(f"np.pad({x.code}, ({', '.join(widths)}{',' * (len(widths) == 1)}){rest})")
    place = slices_text(scope, slices, shape)
    name = scope.helper("_placed")
    return Text(f"{name}({x.code}, {scope.shape(shape)}, np.s_[{place}], {value})")


def fill_text(fill: Any, dtype: str) -> str:
    """What is around an array that is padded."""
    if isinstance(fill, Fraction):
        return str(int(fill)) if fill.denominator == 1 or dtype != "real" else number(fill).code
    return number(fill).code


def concat(scope: Scope, node: Node) -> Text:
    axis: int = node.attrs[0]
    bases = [_stacked_base(a, axis) if a not in scope.names else None for a in node.args]
    if all(b is not None for b in bases):
        return _stack(scope, node, [b for b in bases if b is not None], axis)
    parts = ", ".join(scope.array(a, node.dtype).code for a in node.args)
    return Text(f"np.concatenate([{parts}]{f', axis={axis}' if axis else ''})")


def _stacked_base(part: Node, axis: int) -> Node | None:
    """The array that a part of a stack had before its new axis."""
    base = part.args[0] if part.op.name == "reshape" else None
    if base is not None and part.shape == (*base.shape[:axis], 1, *base.shape[axis:]):
        return base
    return None


def _stack(scope: Scope, node: Node, parts: list[Node], axis: int) -> Text:
    if not parts[0].ndim:
        items = ", ".join(scope.value(p).code for p in parts)
        return Text(f"np.array([{items}], {scope.dtype(node.dtype)})")
    items = ", ".join(scope.array(p, node.dtype).code for p in parts)
    return Text(f"np.stack([{items}]{f', axis={axis}' if axis else ''})")


def slices_text(scope: Scope, slices: Any, shape: Shape) -> str:
    """Slices as written in brackets, `1:, ::-1`, for an array of `shape`."""
    return ", ".join(
        _slice(scope, start, step, length, extent)
        for (start, step, length), extent in zip(slices, shape, strict=True)
    )


def _slice(scope: Scope, start: DimLike, step: int, length: DimLike, extent: DimLike) -> str:
    stop = start + step * length
    if step == -1 and start == extent - 1 and length == extent:
        return "::-1"
    first = "" if start == 0 and step > 0 else scope.dim(start)
    if isinstance(stop, int):
        last = "" if stop < 0 else str(stop)
    elif step > 0:
        last = scope.dim(stop)
    else:
        last = f"{scope.dim(stop)} if {scope.dim(stop)} >= 0 else None"
    beyond = isinstance(stop, int) and isinstance(extent, int) and stop >= extent
    if step > 0 and (stop == extent or beyond):
        last = ""
    return f"{first}:{last}" + (f":{step}" if step != 1 else "")


# indexing ---------------------------------------------------------------------------------------------------


def gather(scope: Scope, node: Node) -> Text:
    x, *indices = node.args
    axis: int = node.attrs[0]
    if len(indices) == 1 and indices[0].ndim and not is_scattered(x):
        # Two to five times as fast as an index in brackets; it would copy what does not lie in one piece.
        return Text(f"{scope.array(x).bound()}.take({scope.value(indices[0]).code}, axis={axis})")
    keys = [":"] * axis + [scope.value(i).code for i in indices]
    return Text(f"{scope.array(x).bound()}[{', '.join(keys)}]")


def scatter_add(scope: Scope, node: Node) -> Text:
    shape, axis = node.attrs
    updates = scope.array(node.args[0], node.dtype)
    keys = [":"] * int(axis) + [scope.value(i).code for i in node.args[1:]]
    where = keys[0] if len(keys) == 1 else f"np.s_[{', '.join(keys)}]"
    name = scope.helper("_scatter_add")
    return Text(f"{name}({scope.shape(shape)}, {where}, {updates.code})")


def arg(scope: Scope, node: Node) -> Text:
    x = scope.array(node.args[0])
    return Text(f"{x.bound()}.{node.op.name}(axis={node.attrs[0]})")


def iota(scope: Scope, node: Node) -> Text:
    size: DimLike = node.attrs[0]
    return scope.kept(f"_{identifier(f'arange_{size}')}", node, f"np.arange({scope.dim(size)})")


# scans ------------------------------------------------------------------------------------------------------


def scan(scope: Scope, node: Node) -> Text:
    axis, reverse, exclusive = node.attrs
    x = scope.array(node.args[0], node.dtype)
    if not reverse and not exclusive:
        return Text(f"np.{node.op.name}({x.code}, axis={axis})")
    options = "".join(f", {name}=True" for name, on in (("reverse", reverse), ("exclusive", exclusive)) if on)
    return Text(f"{scope.helper('_scan')}(np.{node.op.name}, {x.code}, {axis}{options})")


def recurrence(scope: Scope, node: Node) -> Text:
    axis, reverse = node.attrs
    a, b = (scope.array(x, node.dtype).code for x in node.args)
    return Text(f"{scope.helper('_recurrence')}({a}, {b}, {axis}{', reverse=True' if reverse else ''})")


# linear algebra ---------------------------------------------------------------------------------------------


def linear_algebra(scope: Scope, node: Node) -> Text:
    operands = ", ".join(scope.array(a, "real").code for a in node.args)
    if node.op.name == "logdet":
        return Text(f"np.linalg.slogdet({operands})[1]")
    return Text(f"np.linalg.{node.op.name}({operands})")


# draws ------------------------------------------------------------------------------------------------------


def uniform(scope: Scope, node: Node) -> Text:
    seed, step = (scope.value(a).code for a in node.args)
    key = f"{key_number(node.attr('key')):#x}"
    dtype = scope.dtype("real")
    return Text(f"{scope.helper('_uniform')}({key}, {seed}, {step}, {scope.shape(node.shape)}, {dtype})")


def again(scope: Scope, node: Node) -> Text:
    """What is computed a second time reads its argument as it is: the order of the lines does the rest."""
    return scope.value(node.args[0])


PRINTERS = {
    "again": again,
    **dict.fromkeys(("sum", "prod", "max", "min"), reduce),
    "reshape": reshape,
    "transpose": transpose,
    "broadcast": broadcast,
    "slice": cut,
    "pad": pad,
    "concat": concat,
    "gather": gather,
    "scatter_add": scatter_add,
    "argmax": arg,
    "argmin": arg,
    "iota": iota,
    "cumsum": scan,
    "cumprod": scan,
    "recurrence": recurrence,
    **dict.fromkeys(("inv", "det", "logdet", "solve"), linear_algebra),
    "uniform": uniform,
}
