"""Functions, their gradients by hand, and errors planted in these: what a gradient check is to find.

Each function is written once for any array library and once in the graph language; each error once for arrays and once
as text. All functions are of an array of 1,000 entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

SIZE = 1000
PLACE = 617
DTYPES = ("float64", "float32")


@dataclass(frozen=True, slots=True)
class Function:
    """`value(xp, x)` in the array library `xp`, `gradient(x)` in NumPy, and both as text; `near` is nearly right."""

    name: str
    value: Callable[[Any, Any], Any]
    gradient: Callable[[Any], Any]
    text: str
    gradient_text: str
    near: Callable[[Any], Any] | None = None
    near_text: str = ""


FUNCTIONS = (
    Function("cubes", lambda xp, x: xp.sum(x**3) / 3, lambda x: x**2, "sum(x**3)/3", "x**2"),
    Function(
        "a term of scale 1e-6",
        lambda xp, x: xp.sum(x**2) / 2 + 1e-6 * xp.sum(xp.sin(x)),
        lambda x: x + 1e-6 * np.cos(x),
        "sum(x**2)/2 + 1e-6*sum(sin(x))",
        "x + 1e-6*cos(x)",
        lambda x: x - 1e-6 * np.cos(x),
        "x - 1e-6*cos(x)",
    ),
    Function(
        "scale 1e-8",
        lambda xp, x: 1e-8 * xp.sum(xp.exp(x)),
        lambda x: 1e-8 * np.exp(x),
        "1e-8*sum(exp(x))",
        "1e-8*exp(x)",
    ),
    Function(
        "log-sum-exp",
        lambda xp, x: xp.log(xp.sum(xp.exp(x))),
        lambda x: np.exp(x) / np.sum(np.exp(x)),
        "log(sum(exp(x)))",
        "exp(x)/sum(exp(x))",
    ),
    Function(
        "scale 1e8",
        lambda xp, x: 1e8 * xp.sum(xp.tanh(x)),
        lambda x: 1e8 * (1 - np.tanh(x) ** 2),
        "1e8*sum(tanh(x))",
        "1e8*(1 - tanh(x)**2)",
    ),
    Function(
        "mixed scales",
        lambda xp, x: xp.sum(xp.exp(12 * xp.sin(x))),
        lambda x: 12 * np.cos(x) * np.exp(12 * np.sin(x)),
        "sum(exp(12*sin(x)))",
        "12*cos(x)*exp(12*sin(x))",
    ),
)


def _one(factor: float) -> Callable[[Any], Any]:
    def wrong(gradient: Any) -> Any:
        found = gradient.copy()
        found[PLACE] *= factor
        return found

    return wrong


@dataclass(frozen=True, slots=True)
class Error:
    """What is done to a right gradient; `fine` errors are below what float32 can tell of sums of 1,000 terms."""

    name: str
    group: str
    apply: Callable[[Any], Any]
    text: str
    fine: bool = False


_CHOSEN = f"one_hot({PLACE}, {SIZE})"
ERRORS = (
    Error("sign", "every entry", lambda g: -g, "-({})"),
    Error("factor 2", "every entry", lambda g: 2 * g, "2*({})"),
    Error("zero", "every entry", lambda g: 0 * g, "0*({})"),
    Error("1/N", "every entry", lambda g: g / SIZE, f"({{}})/{SIZE}"),
    Error("1 percent", "every entry", lambda g: 1.01 * g, "1.01*({})"),
    Error("1e-5", "every entry", lambda g: 1.00001 * g, "1.00001*({})", fine=True),
    Error("sign", "one entry in 1,000", _one(-1), f"({{}})*(1 - 2*{_CHOSEN})"),
    Error("factor 2", "one entry in 1,000", _one(2), f"({{}})*(1 + {_CHOSEN})"),
    Error("zero", "one entry in 1,000", _one(0), f"({{}})*(1 - {_CHOSEN})"),
    Error("10 percent", "one entry in 1,000", _one(1.1), f"({{}})*(1 + 0.1*{_CHOSEN})"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A function with a gradient that is wrong in one way, or right."""

    function: Function
    error: str
    group: str
    dtype: str
    gradient: Callable[[Any], Any]
    gradient_text: str

    @property
    def right(self) -> bool:
        return self.group == "right"

    def point(self) -> Any:
        """Where it is checked."""
        return np.random.default_rng(5).normal(size=SIZE).astype(self.dtype)


def cases() -> Iterator[Case]:
    """Every function with every error, and without one."""
    for dtype in DTYPES:
        for f in FUNCTIONS:
            yield Case(f, "", "right", dtype, f.gradient, f.gradient_text)
            for e in ERRORS:
                if not (e.fine and dtype == "float32"):
                    wrong = lambda x, f=f, e=e: e.apply(f.gradient(x)).astype(x.dtype)  # noqa: E731
                    yield Case(f, e.name, f"{e.group}, {dtype}", dtype, wrong, e.text.format(f.gradient_text))
            if f.near is not None and dtype == "float64":
                yield Case(f, "sign of a term of scale 1e-6", "sign at 1e-6", dtype, f.near, f.near_text)
