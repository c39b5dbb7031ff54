"""Names of libraries: NumPy's constants, types and functions, and those of `math` and `scipy.special`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphc.ir.types import show_shape
from graphc.lang.numpy_code import create, moves, pointwise_functions, products, reductions, scatter
from graphc.lang.numpy_code.arguments import Arguments
from graphc.lang.numpy_code.arithmetic import as_array
from graphc.lang.numpy_code.arrays import Array, fresh
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.objects import External, NumberType, Value
from graphc.lang.numpy_code.store import assign
from graphc.lang.numpy_code.table import TABLE
from graphc.lang.suggest import closest
from graphc.ops.leaf import const
from graphc.ops.pointwise import exp

READ = (
    create,
    moves,
    pointwise_functions,
    products,
    reductions,
    scatter,
)  # each enters its functions into TABLE
PACKAGES = ("numpy", "math", "scipy")
SAME_AS_NUMPY = ("jax.numpy", "autograd.numpy", "cupy")


def external(path: str) -> Value:
    """What an imported name stands for."""
    for same in SAME_AS_NUMPY:
        if path == same or path.startswith(f"{same}."):
            path = path.replace(same, "numpy", 1)
    package, _, name = path.rpartition(".")
    return constant(External(package), name) if package else External(path)


def constant(owner: External, name: str) -> Value:
    """An attribute of a library: a number, or again something of the library."""
    path = f"{owner.path}.{name}"
    if path in ("numpy.newaxis", "numpy.random.None"):
        return None
    if path in ("numpy.pi", "math.pi"):
        return fresh(const("pi"), "float")
    if path in ("numpy.e", "math.e"):
        return fresh(exp(const(1)), "float")
    if path in ("numpy.inf", "math.inf", "numpy.Inf"):
        return fresh(const("inf"), "float")
    if path == "numpy.bool_":
        return NumberType("bool")
    return External(path)


def find_reader(
    function: External, written: str, given: Sequence[Value], keywords: Mapping[str, Value]
) -> Value:
    """A call of a library's function."""
    name = function.path.removeprefix("numpy.")
    if name not in TABLE:
        package = function.path.partition(".")[0]
        if package not in PACKAGES:
            refuse(
                f"`{written}` comes from `{package}`: the functions that are called have to stand in the same file"
            )
        if name.startswith("random."):
            refuse(f"`{written}` draws at random: take what it drew as an argument, such as a dropout mask")
        near = closest(name, [n for n in TABLE if "." not in n or name.startswith(n.partition(".")[0])])
        refuse(f"`{written}` is not read{f'; did you mean `np.{near}`?' if near else ''}")
    shown = name if name.startswith(("math.", "scipy.")) else f"np.{name}"
    reader = TABLE[name]
    if keywords.get("out") is None or reader.__module__ != pointwise_functions.__name__:
        return reader(Arguments(shown, given, keywords))
    return _written_to(keywords["out"], reader(Arguments(shown, given, {**keywords, "out": None})))


def _written_to(out: Value, result: Value) -> Value:
    """What a function of entries gives, put into the memory of `out`."""
    if not isinstance(out, Array):
        refuse("`out` is an array")
    if as_array(result).shape != out.shape:
        broken(
            f"`out` has the shape {show_shape(out.shape)}, the result {show_shape(as_array(result).shape)}"
        )
    assign(out, Ellipsis, result)
    return out
