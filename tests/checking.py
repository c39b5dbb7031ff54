"""The generic checks every operation is put through: gradients against difference quotients, floats against
mpmath.

No tolerance here is absolute. Two numbers agree when their difference shrinks with the precision they are
computed at; a float agrees with the exact value when it lies within a few roundings of it, the roundings
being followed through the graph (so that the scale of an entry is the sum of the magnitudes of its terms, and
a true zero does not fail).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from graphc.derive.forward import jvp
from graphc.derive.reverse import gradients
from graphc.ir.graph import Graph
from graphc.ir.node import Node, rebuild, topological
from graphc.ir.op import FUNCTIONS
from graphc.ir.text import to_text
from graphc.ops.composite import open_composite
from graphc.ops.leaf import input_
from graphc.ops.naive import Arithmetic, Precise, evaluate, evaluate_all

DIGITS = (30, 60)  # a difference quotient with step 10**(-d/3) is right to about 2*d/3 digits
MORE_DIGITS = (90, 300, 1000)  # for what the first two leave open, such as a slope of 1e-174
SHRINKS = 1e-8  # by how much, at least, a difference that is zero falls from one precision to the next
ROUNDINGS = 32  # how many units in the last place one operation may cost
Values = Mapping[str, Any]


# --- exact references -------------------------------------------------------------------------------------


def definition(node: Node) -> Node:
    """The same expression with every composite opened into its definition (never its stable form)."""
    done: dict[Node, Node] = {}
    for n in topological([node]):
        same = rebuild(n, (done[a] for a in n.args))
        done[n] = definition(open_composite(same)) if same.op.kind == "composite" else same
    return done[node]


def exact(node: Node, values: Values, digits: int = 60) -> Any:
    """The value of the definition, in mpmath numbers."""
    return evaluate([definition(node)], values, Precise(digits))[0]


def difference_quotient(output: Node, values: Values, directions: Mapping[str, Any], digits: int) -> Any:
    """The central difference of `output` when the leaves in `directions` move along them."""
    xp = Precise(digits)
    step = xp.mp.mpf(10) ** -(digits // 3)
    base = {name: xp.array(values[name]) for name in directions}
    ends = [
        evaluate([output], {**values, **{n: base[n] + s * directions[n] for n in directions}}, xp)[0]
        for s in (step, -step)
    ]
    return np.asarray((ends[0] - ends[1]) / (2 * step), dtype=object)


def disagreement(pairs: Callable[[int], tuple[Any, Any]]) -> tuple[tuple[int, ...], Any, Any] | None:
    """The first entry at which two arrays differ by something that does not shrink with the precision, else
    None.
    """
    found = {DIGITS[1]: tuple(np.asarray(a, dtype=object) for a in pairs(DIGITS[1]))}
    first, second = found[DIGITS[1]]
    shape = np.broadcast_shapes(first.shape, second.shape)
    if any(a.shape != shape for a in (first, second)):
        return (), first, second

    def parted(index: tuple[int, ...]) -> bool:
        gaps = [abs(a[index] - b[index]) for a, b in found.values()]
        size = [abs(a[index]) + abs(b[index]) for a, b in found.values()][-1]
        return not (gaps[-1] <= size * 1e-25 or any(hi <= lo * SHRINKS for lo, hi in pairwise(gaps)))

    if any(
        parted(i) for i in np.ndindex(shape)
    ):  # whether it shrinks is asked only where it is not small already
        found = {DIGITS[0]: tuple(np.asarray(a, dtype=object) for a in pairs(DIGITS[0])), **found}
    for digits in MORE_DIGITS:
        if not any(parted(i) for i in np.ndindex(shape)):
            return None
        found[digits] = tuple(np.asarray(a, dtype=object) for a in pairs(digits))
    a, b = found[MORE_DIGITS[-1]]
    return next(((i, a[i], b[i]) for i in np.ndindex(shape) if parted(i)), None)


# --- running error ----------------------------------------------------------------------------------------


class Rounded:
    """A number together with the roundings its computation has gone through, in units in the last place."""

    __slots__ = ("error", "value")

    def __init__(self, value: Any, error: Any = 0) -> None:
        self.value, self.error = value, error

    def _combine(self, other: Any, value: Callable[[Any, Any], Any], slope: Callable[..., Any]) -> Rounded:
        a, b = self, lift(other)
        v = value(a.value, b.value)
        da, db = slope(a.value, b.value)
        return Rounded(v, abs(da) * a.error + abs(db) * b.error + abs(v))

    def __add__(self, other: Any) -> Rounded:
        return self._combine(other, lambda a, b: a + b, lambda a, b: (1, 1))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Rounded:
        return self._combine(other, lambda a, b: a - b, lambda a, b: (1, 1))

    def __rsub__(self, other: Any) -> Rounded:
        return lift(other) - self

    def __mul__(self, other: Any) -> Rounded:
        return self._combine(other, lambda a, b: a * b, lambda a, b: (b, a))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Rounded:
        return self._combine(other, lambda a, b: a / b, lambda a, b: (1 / b, a / b**2))

    def __rtruediv__(self, other: Any) -> Rounded:
        return lift(other) / self

    def __pow__(self, other: Any) -> Rounded:
        def slope(a: Any, b: Any) -> tuple[Any, Any]:
            by_exponent = a**b * a.context.ln(a) if a > 0 else 0
            return (b * a ** (b - 1) if b != 0 and (a != 0 or b > 1) else b), by_exponent

        return self._combine(other, lambda a, b: a**b, slope)

    def __rpow__(self, other: Any) -> Rounded:
        return Rounded(self.value.context.mpf(lift(other).value)) ** self

    def __neg__(self) -> Rounded:
        return Rounded(-self.value, self.error)

    def __abs__(self) -> Rounded:
        return Rounded(abs(self.value), self.error)

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < lift(other).value)

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= lift(other).value)

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > lift(other).value)

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= lift(other).value)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == lift(other).value)

    __hash__ = None  # type: ignore[assignment]

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value != 0)


def lift(value: Any) -> Rounded:
    return value if isinstance(value, Rounded) else Rounded(value)


class RunningError(Precise):
    """Arithmetic on `Rounded` numbers: a value and a bound, in units in the last place, on what floats make
    of it.
    """

    def _exact(self, value: Any) -> Any:
        if isinstance(value, Rounded):
            return value
        number = super()._exact(value)
        inexact = not isinstance(value, int | float | np.generic)
        return Rounded(number, abs(number) if inexact and not self.mp.isinf(number) else 0)

    def function(self, name: str, arity: int) -> Callable[..., Any] | None:
        if name == "reciprocal":
            return lambda x: 1 / x
        if name in self.functions or arity != 1 or not hasattr(self.mp, name):
            return self.functions.get(name)
        f = getattr(self.mp, name)

        def apply(x: Any) -> Rounded:
            x = lift(x)
            value = f(x.value)
            carried = abs(self._slope(name, f, x.value)) * x.error if x.error else 0
            return Rounded(value, carried + abs(value))

        vectorised = np.frompyfunc(apply, 1, 1)
        return lambda x: np.asarray(vectorised(x), dtype=object)

    def _slope(self, name: str, f: Callable[[Any], Any], x: Any) -> Any:
        if name == "sign":
            return 0
        if x == 0 and name in ("log", "sqrt"):
            return self.mp.inf
        return self.mp.diff(f, x)


def assert_close_to_exact(node: Node, values: Values, real: Any = np.float64, *, what: str = "") -> None:
    """Evaluate in floats and assert that every entry lies within a few roundings of the exact value."""
    (actual,) = evaluate([node], values, Arithmetic(real))
    given = {
        k: np.asarray(v).astype(real) if np.asarray(v).dtype.kind == "f" else v for k, v in values.items()
    }
    truth = exact(node, given)
    (bound,) = evaluate([node], given, RunningError(60))
    assert actual.shape == truth.shape, f"{what or node}: shape {actual.shape}, expected {truth.shape}"
    unit = float(np.finfo(real).eps)
    for index in np.ndindex(actual.shape):
        got, wanted, scale = actual[index].item(), truth[index], lift(bound[index]).error
        fine = float(wanted) == got or abs(got - wanted) <= ROUNDINGS * unit * max(scale, abs(wanted))
        assert fine, (
            f"{what or node} at {index}: {got!r} in {np.dtype(real)}, {float(wanted)!r} exactly "
            f"(allowed {ROUNDINGS} roundings of scale {float(scale)!r})\n{to_text([node])}"
        )


# --- gradients --------------------------------------------------------------------------------------------


def weighted_sum(output: Node) -> Node:
    """A scalar every entry of `output` takes part in, with its own weight (the input `weights`)."""
    return FUNCTIONS["sum"](output * input_("weights", output.shape)) if output.shape else output


def weights_for(shape: tuple[int, ...]) -> Any:
    count = int(np.prod(shape))
    return np.asarray([((7 * i + 3) % 11 + 1) / 8 * (-1) ** i for i in range(count)]).reshape(shape)


def real_leaves(output: Node) -> list[Node]:
    return [leaf for leaf in Graph((output,)).leaves if leaf.dtype == "real"]


def check_gradients(output: Node, values: Values, targets: Sequence[Node] | None = None) -> None:
    """Assert that reverse mode, plain and simplified, and forward mode give the derivatives of the
    definition.

    `output` may have any shape. `values` holds the leaves by name; `targets` are leaves, all real ones
    without it.
    """
    targets = real_leaves(output) if targets is None else targets
    shape = evaluate([output], values)[0].shape
    values = {**values, "weights": weights_for(shape)}
    check_reverse(output, values, targets)
    check_forward(output, values, targets)


def check_reverse(output: Node, values: Values, targets: Sequence[Node]) -> None:
    loss = weighted_sum(output)
    plain = definition(loss)

    @cache
    def by_differences(target: Node, digits: int) -> Any:
        expected = np.empty(np.shape(values[target.name]), dtype=object)
        for index in np.ndindex(expected.shape):
            basis = np.zeros(expected.shape, dtype=int)
            basis[index] = 1
            expected[index] = difference_quotient(plain, values, {target.name: basis}, digits)[()]
        return expected

    for simplify in (False, True):
        for target, gradient in zip(targets, gradients(loss, targets, simplify=simplify), strict=True):
            what = f"reverse mode{', simplified' if simplify else ''}: d/d({target.name})"
            assert gradient.shape == target.shape, f"{what} has shape {gradient.shape}, not {target.shape}"

            def pairs(digits: int, target: Node = target, gradient: Node = gradient) -> tuple[Any, Any]:
                derived = evaluate_with_sizes(gradient, loss, values, Precise(digits))
                return derived, by_differences(target, digits)

            _assert_none(disagreement(pairs), what, output, values)
            assert_gradient_in_floats(gradient, loss, values, what)


def check_forward(output: Node, values: Values, targets: Sequence[Node]) -> None:
    plain = definition(output)
    along = {t: input_(f"along {t.name}", t.shape) for t in targets}
    directions = {
        t.name: weights_for(np.shape(values[t.name]))[..., ::-1] * 2 if t.ndim else 2.0 for t in targets
    }
    given = {**values, **{f"along {name}": v for name, v in directions.items()}}
    (moved,) = jvp([output], along)
    assert moved.shape == output.shape, f"jvp has shape {moved.shape}, not {output.shape}"
    _assert_none(
        disagreement(
            lambda digits: (
                evaluate_with_sizes(moved, output, given, Precise(digits)),
                difference_quotient(plain, values, directions, digits),
            )
        ),
        "forward mode",
        output,
        values,
    )


def evaluate_with_sizes(node: Node, origin: Node, values: Values, arithmetic: Arithmetic) -> Any:
    """Evaluate a node derived from `origin`, whose sizes may stand in leaves that the node no longer has."""
    return evaluate([node], values, arithmetic, sizes=sizes_of(origin, values))[0]


def sizes_of(node: Node, values: Values) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for leaf in Graph((node,)).leaves:
        for d, n in zip(leaf.shape, np.shape(values[leaf.name]), strict=True):
            if not isinstance(d, int) and str(d).isidentifier():
                sizes[str(d)] = n
    return sizes


def assert_gradient_in_floats(gradient: Node, origin: Node, values: Values, what: str) -> None:
    got = evaluate_with_sizes(gradient, origin, values, Arithmetic())
    bound = evaluate_with_sizes(gradient, origin, values, RunningError(60))
    for index in np.ndindex(got.shape):
        number = lift(bound[index])
        gap = abs(got[index].item() - number.value)
        assert gap <= 1e-10 * max(number.error, abs(number.value)), (
            f"{what} at {index}: {got[index]!r} in float64, {float(number.value)!r} exactly\n"
            f"{to_text([gradient])}"
        )


def _assert_none(found: tuple[Any, Any, Any] | None, what: str, output: Node, values: Values) -> None:
    if found is not None:
        index, derived, expected = found
        where = f" at entry {index}" if index else ""
        raise AssertionError(
            f"{what}{where}: derived {_short(derived)}, the difference quotient is {_short(expected)}\n"
            f"{reproducer(output, values)}"
        )


def _short(value: Any) -> str:
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        return str(value)


def reproducer(output: Node, values: Values) -> str:
    """Python source that builds the graph and runs the check on it again."""
    given = {k: np.asarray(v).tolist() for k, v in values.items() if k != "weights"}
    lines = [
        "import graphc.ops",
        "from graphc.ir.text import from_text",
        "from tests.checking import check_gradients",
        'graph = r"""',
        to_text([output]).rstrip(),
        '"""',
        "(output,) = from_text(graph)",
        f"check_gradients(output, {given!r})",
    ]
    return "\n".join(lines)


# --- kinks ------------------------------------------------------------------------------------------------

_COMPARING = ("maximum", "minimum", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal")


def kink_distance(output: Node, values: Values) -> float:
    """How near, relatively, the point is to a kink or a jump of some node."""
    plain = definition(output)
    arrays = evaluate_all([plain], values, Precise(30))
    return min((float(d) for node in arrays for d in _distances(node, arrays)), default=1.0)


def _distances(node: Node, arrays: Mapping[Node, Any]) -> Iterable[Any]:
    if not node.args or all(a.dtype != "real" for a in node.args):
        return
    given = [np.asarray(arrays[a], dtype=object) for a in node.args]
    if node.op.name in _COMPARING:
        x, y = np.broadcast_arrays(*given)
        yield from (_relative(a, b) for a, b in zip(x.flat, y.flat, strict=True))
    elif node.op.name in ("abs", "sign", "step"):
        yield from (_relative(a, 0) for a in given[0].flat)
    elif node.op.kind == "reduce" and node.op.name in ("max", "min"):
        axes = node.attr("axes")
        kept = [i for i in range(given[0].ndim) if i not in axes]
        rows = given[0].transpose([*kept, *axes]).reshape(-1, int(np.prod([given[0].shape[a] for a in axes])))
        for row in rows:
            best, *rest = sorted(row, reverse=node.op.name == "max")
            yield from (_relative(best, r) for r in rest[:1])


def _relative(a: Any, b: Any) -> Any:
    return abs(a - b) / max(1, abs(a), abs(b))
