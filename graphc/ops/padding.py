"""How a window fits onto its axes: what padding means, and how many places there are, or one sentence on why none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from graphc.ir.errors import ShapeError
from graphc.ir.types import Dim, DimLike, divide
from graphc.ops.window import bracketed, reach, show_number, whole_number

Pairs = tuple[tuple[DimLike, DimLike], ...]  # per axis: entries added before and after


@dataclass(frozen=True, slots=True)
class Axis:
    """A window along one axis: the size of the axis and of the window, its stride and dilation."""

    extent: DimLike
    size: DimLike
    stride: int
    dilation: int

    @property
    def span(self) -> DimLike:
        """How far the window extends."""
        return reach(self.size, self.dilation)


Geometry = tuple[Axis, ...]


def normal_padding(op: str, padding: Any, count: int) -> Any:
    """Padding as it is kept: "same", a number, or per axis a number or a pair; on one axis a pair (before, after)."""
    if padding == "same":
        return "same"
    if padding == "valid":
        return 0
    if not isinstance(padding, list | tuple):
        return whole_number(padding, f"{op}: padding")
    if count == 1 and len(padding) == 2:
        padding = [padding]
    if len(padding) != count:
        wanted = " or a pair" if count == 1 else ", or per axis a number or a pair"
        raise ShapeError(f"{op}: padding is a number{wanted} (before, after), not {padding}")
    return short_padding(tuple(_pair(op, p) for p in padding))


def _pair(op: str, given: Any) -> tuple[int, int]:
    if not isinstance(given, list | tuple):
        given = (given, given)
    if len(given) != 2:
        raise ShapeError(f"{op}: the padding of one axis is a number or a pair (before, after), not {given}")
    return whole_number(given[0], f"{op}: padding"), whole_number(given[1], f"{op}: padding")


def short_padding(pairs: Sequence[tuple[Any, Any]]) -> Any:
    """Pairs in the shortest form that means them: 1, (1, 2), ((0, 1), 2)."""
    each = tuple(lo if lo == hi else (lo, hi) for lo, hi in pairs)
    return each[0] if len(set(each)) == 1 and (len(each) == 1 or not isinstance(each[0], tuple)) else each


def short_numbers(numbers: Sequence[int]) -> int | tuple[int, ...]:
    """One number for all axes, if it is the same for all."""
    return numbers[0] if len(set(numbers)) == 1 else tuple(numbers)


def padding_pairs(label: str, geometry: Geometry, padding: Any) -> Pairs:
    """The entries added before and after on each axis; a negative number cuts."""
    if padding == "same":
        return tuple(_same(label, axis) for axis in geometry)
    if not isinstance(padding, tuple):
        return ((padding, padding),) * len(geometry)
    each = (padding,) if len(geometry) == 1 else padding
    return tuple(p if isinstance(p, tuple) else (p, p) for p in each)


def _same(label: str, axis: Axis) -> tuple[DimLike, DimLike]:
    """So much that there are `ceil(H/S)` places; the odd entry comes at the end."""
    places = divide(axis.extent, axis.stride)
    if places is None and isinstance(axis.extent, int):
        places = -(-axis.extent // axis.stride)
    if places is None:
        raise ShapeError(
            f'{label}: padding "same" with stride {axis.stride} needs an axis of known size, or a multiple of '
            f"{axis.stride}, not {axis.extent}"
        )
    total = axis.stride * (places - 1) + axis.span - axis.extent
    if isinstance(total, int):
        before = max(total, 0) // 2
        return before, total - before
    half = divide(total, 2)
    if half is None:
        raise ShapeError(
            f'{label}: padding "same" needs a window of known size, or an odd one such as 2*M + 1, not {axis.size}'
        )
    return half, half


def check_places(label: str, geometry: Geometry, pairs: Pairs) -> None:
    """Refuse windows that do not fit, or not a whole number of times; the sentence says what would."""
    for axis, pair in zip(geometry, pairs, strict=True):
        room = _room(axis, pair)
        if isinstance(room, int) and room < 0:
            most = room + axis.span
            raise ShapeError(
                f"{label}: a window of {_spanned(axis)} does not fit into an axis of {_padded(axis, pair)}"
                f"{f' = {most}' if any(pair) else ''}; use a smaller window or more padding"
            )
    for axis, pair in zip(geometry, pairs, strict=True):
        room = _room(axis, pair)
        if divide(room, axis.stride) is None:
            formula = f"{label}: ({_padded(axis, pair)} - {_subtracted(axis)})/{axis.stride} + 1"
            if not isinstance(room, int):
                raise ShapeError(
                    f"{formula} is not a whole number for every size {axis.extent}; {_mend_size(axis, pair)}"
                )
            value = show_number(Fraction(room, axis.stride) + 1)
            raise ShapeError(f"{formula} = {value} is not a whole number; {_mend(geometry, pairs)}")


def _room(axis: Axis, pair: tuple[DimLike, DimLike]) -> DimLike:
    return axis.extent + pair[0] + pair[1] - axis.span


def _spanned(axis: Axis) -> str:
    return str(axis.size) if axis.dilation == 1 else f"{axis.size} with dilation {axis.dilation}"


def _padded(axis: Axis, pair: tuple[DimLike, DimLike]) -> str:
    lo, hi = pair
    return f"{axis.extent} + 2*{bracketed(lo)}" if lo == hi else f"{axis.extent} + {lo} + {hi}"


def _subtracted(axis: Axis) -> str:
    return bracketed(axis.size) if axis.dilation == 1 else f"{axis.dilation}*({axis.size} - 1) - 1"


def _mend(geometry: Geometry, pairs: Pairs) -> str:
    """A stride and a padding with which every window fits a whole number of times."""
    strides, padding = [], list[tuple[DimLike, DimLike]]()
    for axis, pair in zip(geometry, pairs, strict=True):
        room = _room(axis, pair)
        assert isinstance(room, int)
        strides.append(next(s for s in range(axis.stride, 0, -1) if room % s == 0))
        padding.append(_wider(pair, room, axis.stride))
    return f"use stride {short_numbers(strides)} or padding {short_padding(padding)}"


def _wider(pair: tuple[DimLike, DimLike], room: int, stride: int) -> tuple[DimLike, DimLike]:
    """The least more padding that makes the room a multiple of the stride, the same on both sides if it can be.

    If it cannot, less at the end is better: what is cut off is what other libraries leave out in silence.
    """
    lo, hi = pair
    for more in range(stride):
        if lo == hi and (room + 2 * more) % stride == 0:
            return lo + more, hi + more
    over = room % stride
    return (lo, hi - over) if isinstance(hi, int) and hi >= over else (lo, hi + -room % stride)


def _mend_size(axis: Axis, pair: tuple[DimLike, DimLike]) -> str:
    """A size of the same name with which the window fits."""
    fixed = axis.span - pair[0] - pair[1]
    if not isinstance(fixed, int) or not isinstance(axis.extent, Dim):
        return "use stride 1"
    fitting = axis.stride * Dim((((((axis.extent.symbols[0]), 1),), 1),)) + fixed % axis.stride
    return f"use stride 1, or declare a size that fits, such as {fitting}"
