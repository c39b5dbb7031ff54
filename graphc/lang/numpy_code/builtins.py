"""Python's own functions that are read: `range`, `len`, `zip`, `float`, `sum` and the like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from graphc.ir.types import show_shape
from graphc.lang.numpy_code.arguments import Arguments, size_from, whole
from graphc.lang.numpy_code.arithmetic import as_array, binary, compared, elementwise
from graphc.lang.numpy_code.arrays import Array
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.limits import MAX_LENGTH
from graphc.lang.numpy_code.numbers import is_number, is_whole
from graphc.lang.numpy_code.objects import Range, Unknown, Value
from graphc.lang.numpy_code.subscript import Slice, read
from graphc.lang.numpy_code.table import TABLE
from graphc.ops.leaf import constant_value

Given = Sequence[Value]


def items(value: Value, what: str = "this") -> list[Value]:
    """What a loop over a value runs through."""
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str):
        return list(value)
    if isinstance(value, Range):
        return _numbers(value)
    if isinstance(value, Unknown):
        refuse(f"{what} runs through `{value.path}`, and what that holds is not known; {PARTS}")
    array = as_array(value, what)
    if not array.shape:
        broken("a single number cannot be run through")
    length = array.shape[0]
    if not isinstance(length, int):
        refuse(f"this runs through {length} entries, a size that is not known; {NUMBERS}")
    return [read(array, i) for i in range(_bounded(length))]


PARTS = "take its parts by their names in the model, or work them out in the function"
NUMBERS = "give the model numbers as sizes, as in X = input(4, 3), or write it with whole arrays"


def _numbers(r: Range) -> list[Value]:
    if not (isinstance(r.start, int) and isinstance(r.stop, int)):
        refuse(f"a loop to {r.stop} is of a length that is not known; {NUMBERS}")
    found = range(r.start, r.stop, r.step)
    _bounded(len(found))
    return list(found)


def _bounded(length: int) -> int:
    if length > MAX_LENGTH:
        refuse(f"a loop runs at most {MAX_LENGTH:,} times, this one {length:,}")
    return length


def _range(given: Given) -> Value:
    bounds = [size_from(g, "range") for g in given]
    if len(bounds) == 1:
        return Range(0, bounds[0])
    if len(bounds) == 2:
        return Range(bounds[0], bounds[1])
    step = whole(given[2], "the step")
    if not step:
        broken("range: the step is 0")
    return Range(bounds[0], bounds[1], step)


def _len(given: Given) -> Value:
    (value,) = given
    if isinstance(value, list | tuple | dict | str):
        return len(value)
    if isinstance(value, Range) and value.step == 1:
        return value.stop - value.start
    if isinstance(value, Unknown):
        refuse(f"what `{value.path}` holds is not known, so neither is its length; {PARTS}")
    array = as_array(value)
    if not array.shape:
        broken("a single number has no len()")
    return array.shape[0]


def _float(given: Given) -> Value:
    (value,) = given
    if isinstance(value, bool | int | Fraction):
        return Fraction(value)
    array = as_array(value)
    if array.shape:
        broken(f"float() takes a single number, not an array of shape {show_shape(array.shape)}")
    return elementwise(lambda n: n, (array,), "float")


def _int(given: Given) -> Value:
    (value,) = given
    if is_whole(value):
        return value
    if is_number(value):
        return int(value) if isinstance(value, bool | Fraction) else value
    array = as_array(value)
    exact = constant_value(array.node)
    if exact is not None and not array.shape:
        return int(exact)
    if array.kind == "int" and not array.shape:
        return array
    return refuse("int() cuts reals off, which is not read; use // for sizes")


def _sum(given: Given) -> Value:
    total: Value = given[1] if len(given) == 2 else 0
    if isinstance(given[0], Array):
        return binary("add", TABLE["sum"](Arguments("sum", [given[0], 0], {})), total)
    for value in items(given[0]):
        total = binary("add", total, value)
    return total


def _extreme(op: str) -> Callable[[Given], Value]:
    def extreme(given: Given) -> Value:
        values = items(given[0]) if len(given) == 1 else list(given)
        for v in values:
            if isinstance(v, Array) and v.shape:
                broken(f"Python's {op[:3]}() does not take arrays; use np.{op}")
        result = values[0]
        for v in values[1:]:
            if is_whole(v) and is_whole(result):
                larger = compared("greater_equal", result, v)
                result = result if larger == (op == "maximum") else v
            else:
                result = binary(op, result, v)
        return result

    return extreme


def _dict(given: Given) -> Value:
    if not given:
        return {}
    (value,) = given
    return dict(value) if isinstance(value, dict) else dict(map(items, items(value)))


def _text(given: Given) -> Value:
    (value,) = given
    if not isinstance(value, str | int):
        refuse("str() is read of whole numbers, as in 'W' + str(i)")
    return str(value)


def _list(given: Given) -> Value:
    if given and isinstance(given[0], Range) and not isinstance(given[0].stop, int):
        return given[0]
    return items(given[0]) if given else []


def _bool(given: Given) -> Value:
    (value,) = given
    return truth_of(value)


def truth_of(value: Value) -> bool:
    """Whether a condition holds, where that is known from the code alone."""
    if value is None or isinstance(value, str | list | tuple | dict):
        return bool(value)
    if is_number(value):
        known = compared("not_equal", value, 0)
        return bool(known)
    if isinstance(value, Unknown):
        refuse(
            f"whether this holds depends on `{value.path}`, which is not known; say with --bind what it is"
        )
    if isinstance(value, Array):
        exact = constant_value(value.node)
        if exact is not None and not value.shape:
            return bool(exact)
        refuse("whether this holds depends on the values; use np.where(condition, a, b)")
    return True


FUNCTIONS: dict[str, Callable[[Given], Value]] = {
    "range": _range,
    "len": _len,
    "float": _float,
    "int": _int,
    "bool": _bool,
    "str": _text,
    "sum": _sum,
    "max": _extreme("maximum"),
    "min": _extreme("minimum"),
    "abs": lambda given: TABLE["abs"](Arguments("abs", given, {})),
    "pow": lambda given: binary("pow", *given),
    "list": _list,
    "tuple": lambda given: tuple(items(given[0])) if given else (),
    "dict": _dict,
    "sorted": lambda given: _sorted(items(given[0])),
    "zip": lambda given: [tuple(row) for row in zip(*map(items, given), strict=False)],
    "enumerate": lambda given: [*enumerate(items(given[0]), *given[1:])],
    "reversed": lambda given: items(given[0])[::-1],
    "slice": lambda given: Slice(*([None, *given, None] if len(given) == 1 else [*given, None][:3])),
    "print": lambda given: None,
}


def _sorted(values: list[Value]) -> Value:
    if all(isinstance(v, str) for v in values) or all(isinstance(v, int) for v in values):
        return sorted(values)
    return refuse("sorted() is read of texts and of whole numbers")


def call(name: str, given: Given, keywords: Mapping[str, Value]) -> Value:
    """A call of one of Python's functions."""
    if name == "dict":
        return {**_dict(given), **keywords}
    if name == "enumerate" and set(keywords) == {"start"}:
        return FUNCTIONS[name]([*given, keywords["start"]])
    if keywords and name != "print":
        refuse(f"options of {name}() are not read")
    try:
        return FUNCTIONS[name](given)
    except (ValueError, IndexError, TypeError):
        refuse(f"this call of {name}() is not read")
