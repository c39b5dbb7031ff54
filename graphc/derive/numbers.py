"""Numbers as they are shown to people: short, and never saying 0 of what is not 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import SupportsFloat

_LARGEST_PLAIN = 1_000_000
_LARGEST_INTEGER = 10_000_000_000
_MOST_ENTRIES = 6
_MOST_ROWS = 4


def format_number(x: SupportsFloat, precision: int = 2) -> str:
    """One number: a whole one plainly, others with `precision` decimals, a tiny one with more.

    >>> [format_number(x) for x in (3, -12.0, 0.3679, 1e-5, 0.0049, -0.0, 2.5e9, float("nan"))]
    ['3', '-12', '0.37', '1e-05', '0.0049', '0', '2.5e+09', 'nan']
    """
    if isinstance(x, Integral) and abs(int(x)) < _LARGEST_INTEGER:
        return str(int(x))
    value = _as_float(x)
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if abs(value) >= _LARGEST_PLAIN:
        return f"{value:.{precision + 1}g}"
    if value == int(value):
        return str(int(value))
    text = f"{value:.{precision}f}"
    return text if float(text) != 0 else f"{value:.{max(precision, 1)}g}"


def _as_float(x: SupportsFloat) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf  # type: ignore[operator]


def format_value(value: object, precision: int = 2) -> tuple[str, ...]:
    """A scalar or a small array as rows of text; () for one too large to be shown.

    `value` is a number, nested sequences of numbers, or an array with `.shape` and `.tolist()`.

    >>> format_value([1, -2, 3.5]), format_value([[1, 0], [0, 1]]), format_value([0] * 100)
    (('[1, -2, 3.50]',), ('[[1, 0],', ' [0, 1]]'), ())
    """
    shape = getattr(value, "shape", None)
    if shape is not None and not _is_small(tuple(shape)):
        return ()
    to_list = getattr(value, "tolist", None)
    nested = to_list() if to_list is not None else value
    if not isinstance(nested, Sequence):
        return (format_number(nested, precision),)  # type: ignore[arg-type]
    rows = nested if nested and isinstance(nested[0], Sequence) else [nested]
    if not _is_small((len(rows), *(len(row) for row in rows[:1]))):
        return ()
    if any(isinstance(entry, Sequence) for row in rows for entry in row):
        return ()
    texts = ["[" + ", ".join(format_number(entry, precision) for entry in row) + "]" for row in rows]
    if rows[0] is nested:
        return tuple(texts)
    last = len(texts) - 1
    return tuple(
        ("[" if at == 0 else " ") + text + ("]" if at == last else ",") for at, text in enumerate(texts)
    )


def _is_small(shape: tuple[int, ...]) -> bool:
    if len(shape) > 2:
        return False
    rows = shape[0] if len(shape) == 2 else 1
    return rows <= _MOST_ROWS and (not shape or shape[-1] <= _MOST_ENTRIES)
