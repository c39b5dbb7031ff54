"""The arguments of a Python function as named arrays, and back into the structure they came in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.ir.errors import BindError, DTypeError


@dataclass(frozen=True, slots=True)
class Part:
    """One array of a structure: its name, `W` or `layers[0]['b']`, and its value."""

    name: str
    array: Any


def parts_of(x: Any, name: str = "") -> list[Part]:
    """The arrays of dictionaries, tuples and lists, in order; one array, or number, by itself is called `x`.

    Raises BindError for what is no array of real numbers.
    """
    if isinstance(x, Mapping):
        return [part for key, value in x.items() for part in parts_of(value, _inner(name, key, str(key)))]
    if _is_sequence(x):
        return [part for i, value in enumerate(x) for part in parts_of(value, _inner(name, i, f"x[{i}]"))]
    return [Part(name or "x", real_array(x, name or "x"))]


def _inner(name: str, key: object, alone: str) -> str:
    return f"{name}[{key!r}]" if name else alone


def _is_sequence(x: Any) -> bool:
    """A tuple, or a list that is not itself an array of numbers."""
    return isinstance(x, tuple) or (isinstance(x, list) and not all(_is_numbers(value) for value in x))


def _is_numbers(x: Any) -> bool:
    return isinstance(x, int | float | np.number) or (isinstance(x, list) and all(map(_is_numbers, x)))


def real_array(x: Any, name: str) -> Any:
    """`x` as an array of floats, float32 kept; raises BindError for anything else."""
    try:
        array = np.asarray(x)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise BindError(f"{name} is not an array of real numbers")
    return array.astype(np.float64) if array.dtype.kind != "f" else array.copy()


def rebuilt(x: Any, arrays: Sequence[Any]) -> Any:
    """The structure of `x` with copies of these arrays in place of its own; Python's numbers stay Python's."""
    waiting = iter(arrays)

    def build(like: Any) -> Any:
        if isinstance(like, Mapping):
            return {key: build(value) for key, value in like.items()}
        if _is_sequence(like):
            return (
                type(like)([build(value) for value in like])
                if type(like) in (tuple, list)
                else tuple(map(build, like))
            )
        array = next(waiting)
        return float(array) if isinstance(like, int | float) else np.array(array)

    return build(x)


def caller(f: Callable[..., Any], x: Any) -> Callable[[Any], Any]:
    """How `f` takes `x`: a tuple as several arguments; a dictionary by keywords where `f` names all its keys, or takes
    any, or else as one argument; anything else as one argument."""
    if isinstance(x, tuple):
        return lambda value: f(*value)
    if isinstance(x, Mapping) and x and all(isinstance(key, str) for key in x):
        try:
            taken = inspect.signature(f).parameters
        except (TypeError, ValueError):
            return f
        if set(x) <= set(taken) or any(p.kind is p.VAR_KEYWORD for p in taken.values()):
            return lambda value: f(**value)
    return f


def number_of(value: Any) -> float:
    """The value of a function as a float; raises DTypeError for what is no single real number."""
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        what = f"an array of shape {array.shape}" if array.size != 1 else f"a {type(value).__name__}"
        raise DTypeError(f"the function has to give one real number, and gave {what}; take its sum or mean")
    return float(array.reshape(()))


def matched(gradient: Any, x: Any, what: str = "the gradient") -> list[Part]:
    """The gradient's arrays in the order of the arrays of `x`: in the same structure, or by names, `W` or `dW`.

    Raises BindError for one that is missing, and for a name that `x` does not have.
    """
    wanted = parts_of(x)
    if isinstance(x, Mapping):
        if not isinstance(gradient, Mapping):
            raise BindError(f"{what} has to be a dictionary with the keys {', '.join(map(str, x))}")
        return [part for key, value in x.items() for part in _under(gradient, key, value, what)]
    if len(wanted) == 1 and not (isinstance(gradient, tuple | list) and _is_sequence(x)):
        single = gradient[0] if isinstance(gradient, tuple) and len(gradient) == 1 else gradient
        return [Part(wanted[0].name, real_array(single, what))]
    if not isinstance(gradient, tuple | list) or len(gradient) != len(x):
        raise BindError(f"{what} has to be a tuple with {len(x)} arrays, one for each argument")
    return [p for i, (g, v) in enumerate(zip(gradient, x, strict=True)) for p in _named(g, v, f"x[{i}]")]


def _under(gradient: Mapping[Any, Any], key: Any, value: Any, what: str) -> list[Part]:
    found = next((k for k in (key, f"d{key}") if k in gradient), None)
    if found is None:
        there = ", ".join(map(str, gradient)) or "nothing"
        raise BindError(f"{what} has no {key}; it has: {there}")
    return _named(gradient[found], value, str(key))


def _named(gradient: Any, x: Any, name: str) -> list[Part]:
    """Nested structures have to be alike all the way down."""
    if not isinstance(x, Mapping) and not _is_sequence(x):
        return [Part(name, real_array(gradient, f"the gradient by {name}"))]
    found, wanted = parts_of(gradient, name), parts_of(x, name)
    if [p.name for p in found] != [p.name for p in wanted]:
        raise BindError(f"the gradient by {name} has another structure than {name} itself")
    return found
