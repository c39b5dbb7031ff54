"""Pieces of NumPy source: expressions with their binding strength, numbers, sizes and shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any, NamedTuple

from graphc.emit.infix import bind
from graphc.ir.node import Node
from graphc.ir.types import DimLike, Shape
from graphc.ops.form import ATOM, NEGATIVE, PRODUCT, SUM

# Operations that make Python's own numbers of Python's own numbers, which take the dtype of what they meet.
_STAYS_WEAK = ("const", "size", "add", "sub", "mul", "neg")


class Text(NamedTuple):
    """An expression: its code and how tightly it binds. A `weak` one is a plain Python number."""

    code: str
    strength: int = ATOM
    weak: bool = False

    def bound(self, strength: int = ATOM) -> str:
        """The code as an operand of something that needs `strength`."""
        return bind((self.code, self.strength), strength)


@dataclass(slots=True)
class Scope:
    """What an expression may refer to: names of values and of sizes, the real dtype; and helpers it needs.

    `here` are sizes that are others within a slice of rows. Where something is kept between calls (`keeps`), so are
    `constants`, arrays by name, and `numbers`, arrays without axes. `boxes` are the names of leaves without axes.
    `loops` are the compiled functions that the lines call: name and text, by the text without names.
    """

    real: str
    names: dict[Node, str]
    sizes: Mapping[str, str]
    weak: set[Node]
    helpers: set[str] = field(default_factory=set)
    keeps: bool = False
    constants: dict[str, tuple[str, Shape]] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    is_small: Callable[[Node], bool] = lambda node: False
    boxes: frozenset[str] = frozenset()
    loops: dict[str, tuple[str, str]] = field(default_factory=dict)
    here: dict[str, str] = field(default_factory=dict)
    printers: Mapping[str, Callable[[Scope, Node], Text]] = field(default_factory=dict)

    def dtype(self, dtype: str) -> str:
        """The NumPy dtype for a node's dtype."""
        return {"real": f"np.{self.real}", "int": "np.int64", "bool": "np.bool_"}[dtype]

    def value(self, node: Node) -> Text:
        """A node where it is used: its name if it has one, else its expression."""
        name = self.names.get(node)
        return Text(name, weak=node in self.weak) if name is not None else self.expression(node)

    def expression(self, node: Node) -> Text:
        """The expression that computes a node."""
        return self.printers[node.op.name](self, node)

    def array(self, node: Node, dtype: str | None = None) -> Text:
        """A node as a NumPy value of its own dtype, or of `dtype`."""
        return self.cast(self.value(node), node.dtype, dtype or node.dtype)

    def cast(self, text: Text, dtype: str, wanted: str) -> Text:
        """A NumPy value of dtype `wanted`."""
        if text.weak:
            return Text(f"{self.dtype(wanted)}({text.code})")
        return text if dtype == wanted else Text(f"{text.bound()}.astype({self.dtype(wanted)})")

    def helper(self, name: str) -> str:
        """The name of a helper function, which the module then contains."""
        self.helpers.add(name)
        return name

    def kept(self, name: str, node: Node, code: str) -> Text:
        """A constant array, which is made once for the sizes met where there is memory between calls."""
        if not self.keeps or self.here or self.constants.get(name, (code, ()))[0] != code:
            return Text(code)
        self.constants[name] = code, node.shape
        return Text(name)

    def beside(self, node: Node, text: Text) -> Text:
        """A Python number beside the small array of `node`: by the name of an array that the module holds.

        NumPy makes an array of a Python number each time, which takes as long as an operation on a thousand entries.
        """
        if not self.keeps or not self.is_small(node):
            return text
        if text.code not in self.numbers:
            plain = re.sub(r"\W+", "_", re.sub("^-", "minus_", text.code).replace("np.", ""))
            taken = set(self.numbers.values())
            names = (f"_{plain}{'' if i == 1 else f'_{i}'}" for i in count(1))
            self.numbers[text.code] = next(name for name in names if name not in taken)
        return Text(self.numbers[text.code])

    def dim(self, d: DimLike) -> str:
        """A size as an expression; within a slice, that of the slice."""
        return show_dim(d, {**self.sizes, **self.here} if self.here else self.sizes)

    def shape(self, dims: Shape) -> str:
        """A shape as a tuple."""
        return f"({', '.join(map(self.dim, dims))}{',' * (len(dims) == 1)})"


def show_dim(d: DimLike, names: Mapping[str, str]) -> str:
    """A size in Python, by the names its symbols have there."""
    if isinstance(d, int):
        return str(d)
    renamed: Any = d
    text = []
    for i, (monomial, coefficient) in enumerate(renamed.terms):
        factors = [names[s] if power == 1 else f"{names[s]}**{power}" for s, power in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        sign = ("-" if coefficient < 0 else "") if i == 0 else (" - " if coefficient < 0 else " + ")
        text.append(sign + "*".join(factors))
    return "".join(text)


def dim_strength(d: DimLike) -> int:
    """How tightly the text of a size binds."""
    if isinstance(d, int):
        return ATOM if d >= 0 else NEGATIVE
    if len(d.terms) > 1:
        return SUM
    monomial, coefficient = d.terms[0]
    return ATOM if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1 else PRODUCT


def number(value: Any) -> Text:
    """An exact constant as a Python number: `2`, `0.1`, `1 / 3`, `np.pi`."""
    if isinstance(value, str):
        code = {"pi": "np.pi", "inf": "np.inf", "-inf": "-np.inf"}[value]
        return Text(code, NEGATIVE if value == "-inf" else ATOM, weak=True)
    if isinstance(value, Fraction):
        short = repr(float(value)) if _is_ordinary(value) else ""
        if not short or Fraction(short) != value:
            plain = _is_ordinary(Fraction(value.numerator)) and _is_ordinary(Fraction(value.denominator))
            return (
                Text(f"{value.numerator} / {value.denominator}", PRODUCT, weak=True)
                if plain
                else _float(value)
            )
        return Text(short, NEGATIVE if value < 0 else ATOM, weak=True)
    if isinstance(value, int) and abs(value) < 2**53:
        return Text(str(value), NEGATIVE if value < 0 else ATOM, weak=True)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return Text(str(value), NEGATIVE if value < 0 else ATOM, weak=True)
    if isinstance(value, Decimal) and abs(value) < 2**53 and value == value.to_integral_value():
        return Text(f"{int(value)}.0", NEGATIVE if value < 0 else ATOM, weak=True)
    return _float(value)


def _is_ordinary(value: Fraction) -> bool:
    return value == 0 or 2**-40 < abs(value) < 2**40


def _float(value: Any) -> Text:
    try:
        code = repr(float(value))
    except OverflowError:
        code = "inf" if value > 0 else "-inf"
    if code.endswith("inf"):
        return number(code)
    return Text(code, NEGATIVE if code.startswith("-") else ATOM, weak=True)


def find_weak(order: list[Node]) -> set[Node]:
    """The nodes of a topological `order` that the generated code keeps as Python's own numbers."""
    weak: set[Node] = set()
    for node in order:
        widens = node.op.name == "cast" and node.dtype == "real"
        stays = (node.op.name in _STAYS_WEAK or widens) and not node.shape
        if stays and all(a in weak and a.dtype != "bool" for a in node.args):
            weak.add(node)
    return weak
