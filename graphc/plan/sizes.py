"""How the named sizes are read from the shapes of the arrays that are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphc.ir.errors import BindError
from graphc.ir.node import Node
from graphc.ir.types import Dim, DimLike, divide, evaluate_dim


@dataclass(frozen=True, slots=True)
class SizeRule:
    """`symbol` is `(extent - offset) // factor`, the extent being that of axis `axis` of `leaf`."""

    symbol: str
    leaf: Node
    axis: int
    factor: DimLike
    offset: DimLike

    @property
    def plain(self) -> bool:
        """Whether the size is the extent itself."""
        return self.factor == 1 and self.offset == 0

    def solve(self, extent: int, sizes: Mapping[str, int]) -> int:
        """The size that gives `extent`, the sizes found before being known."""
        factor = evaluate_dim(self.factor, sizes)
        return (extent - evaluate_dim(self.offset, sizes)) // factor if factor else 0


def size_rules(leaves: Sequence[Node], needed: Iterable[str], known: Iterable[str] = ()) -> list[SizeRule]:
    """A rule for every needed size, each using the ones before it; `known` sizes need none."""
    rules: list[SizeRule] = []
    found = set(known)
    places = [(leaf, axis, d) for leaf in leaves for axis, d in enumerate(leaf.shape) if isinstance(d, Dim)]
    for plain_only in (True, False):
        changed = True
        while changed:
            changed = False
            for leaf, axis, d in places:
                rule = _rule(leaf, axis, d, found)
                if rule is not None and (rule.plain or not plain_only):
                    rules.append(rule)
                    found.add(rule.symbol)
                    changed = True
    for symbol in needed:
        if symbol not in found:
            raise BindError(
                f"the size {symbol} cannot be worked out from the shapes of the inputs; "
                f"give an input an axis of size {symbol}"
            )
    return rules


def _rule(leaf: Node, axis: int, d: Dim, found: set[str]) -> SizeRule | None:
    unknown = [s for s in d.symbols if s not in found]
    if len(unknown) != 1:
        return None
    symbol = unknown[0]
    this = Dim(((((symbol, 1),), 1),))
    with_symbol: DimLike = 0
    offset: DimLike = 0
    for monomial, coefficient in d.terms:
        term = Dim(((monomial, coefficient),)) if monomial else coefficient
        if symbol in dict(monomial):
            with_symbol = with_symbol + term
        else:
            offset = offset + term
    factor = divide(with_symbol, this)
    if factor is None or (isinstance(factor, Dim) and symbol in factor.symbols):
        return None
    return SizeRule(symbol, leaf, axis, factor, offset)


def solve_sizes(
    rules: Sequence[SizeRule],
    shapes: Mapping[Node, tuple[int, ...]],
    known: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """The named sizes, from the shapes of the arrays given for the leaves."""
    sizes = dict(known or {})
    for rule in rules:
        shape = shapes.get(rule.leaf, ())
        if len(shape) == rule.leaf.ndim:
            sizes[rule.symbol] = rule.solve(shape[rule.axis], sizes)
    return sizes
