"""From the surface graph to the core: composites opened by their stable form, names moved to a side table.

Equal expressions share again once their names are gone. The few rewrites here are exact and hold for every
graph; they bring it closer to what array code is good at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from graphc.ir.legal import CORE, check_stage
from graphc.ir.node import Node, make, topological
from graphc.ir.op import Op
from graphc.ir.types import broadcast_shapes
from graphc.ops.composite import open_composite
from graphc.ops.leaf import ASSUMED, CONST, const
from graphc.ops.move import BROADCAST, RESHAPE
from graphc.ops.pointwise import CAST, DIV, GREATER, MUL, SQRT, SQUARE, cast
from graphc.plan.windows import by_taps, winners

LARGEST_POWER = 8  # x**8 is three squarings
FOLDED_BITS = 64  # a longer exact number is not cheaper to read than the expression it came from


@dataclass(frozen=True, slots=True)
class FlatLeaf:
    """A leaf of one axis that holds the entries of its `members`, one after another."""

    leaf: Node
    members: tuple[Node, ...]


@dataclass(frozen=True)
class Lowered:
    """A core graph: `outputs`, the new value of each updated leaf, and the names users gave to core nodes.

    `became` gives for each surface node the core node it was at first, `moved` what core nodes became since, step by
    step; `origins` gives for the value of a composite the composite's name and first argument. `flat` are leaves that
    hold others, which live in their memory. `order` is a topological order that has to be kept; where it is empty, any
    will do.
    """

    outputs: tuple[Node, ...]
    updates: tuple[tuple[Node, Node], ...]
    names: Mapping[Node, str]
    became: Mapping[Node, Node]
    origins: Mapping[Node, tuple[str, Node]]
    moved: tuple[Mapping[Node, Node], ...] = ()
    flat: tuple[FlatLeaf, ...] = ()
    order: tuple[Node, ...] = ()

    @property
    def homes(self) -> dict[Node, Node]:
        """For each leaf that lives in the memory of a flat one, that leaf."""
        return {member: flat.leaf for flat in self.flat for member in flat.members}

    @property
    def roots(self) -> tuple[Node, ...]:
        """Everything that has to be computed."""
        return (*self.outputs, *(value for _, value in self.updates))

    def now(self, node: Node) -> Node:
        """The core node that a surface node is now; any other node is itself."""
        if node in self.became:
            node = self.became[node]
            for step in self.moved:
                node = step.get(node, node)
        return node

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node, arguments before users."""
        return tuple(topological(self.roots))

    @cached_property
    def ops(self) -> frozenset[Op]:
        """The operations there are: a pass that finds none of its own has nothing to do."""
        return frozenset(node.op for node in self.nodes)


def lower(
    outputs: Sequence[Node],
    updates: Sequence[tuple[Node, Node]] = (),
    names: Mapping[Node, str] | None = None,
) -> Lowered:
    """The core graph of `outputs` and `updates`; `names` are further names of surface nodes."""
    given = names or {}
    roots = (*outputs, *(value for _, value in updates))
    core = _open(roots)
    table: dict[Node, str] = {}
    for node, lowered in core.items():
        # The user's own names come before those we give.
        if node.name and not node.is_leaf:
            table.setdefault(lowered, node.name)
    for node, name in given.items():
        if node in core:
            table.setdefault(core[node], name)
    result = Lowered(
        tuple(core[o] for o in outputs),
        tuple((leaf, core[value]) for leaf, value in updates),
        {n: name for n, name in table.items() if not n.is_leaf and n.op.kind != "const"},
        core,
        {core[n]: (n.op.name, core[n.args[0]]) for n in reversed(core) if n.op.kind == "composite"},
    )
    check_stage(result.nodes, CORE)
    return result


def _open(roots: Sequence[Node]) -> dict[Node, Node]:
    """Each node below `roots`, also inside opened composites, and the core node it becomes."""
    done: dict[Node, Node] = {}
    opened: dict[Node, Node] = {}
    waiting = list(reversed(roots))
    while waiting:
        node = waiting[-1]
        if node in done:
            waiting.pop()
        elif pending := [a for a in node.args if a not in done]:
            waiting += reversed(pending)
        elif (body := _lower_node(node, done, opened)) is not None:
            waiting.append(body)
    return done


def _lower_node(node: Node, done: dict[Node, Node], opened: dict[Node, Node]) -> Node | None:
    """Enter the core form of a node whose arguments are done, or give the body that has to come first."""
    if node.op.kind == "composite":
        if node not in opened:
            bare = make(node.op, (done[a] for a in node.args), node.attrs)
            found = winners(bare)
            opened[node] = open_composite(bare, stable=True) if found is None else found
        if opened[node] not in done:
            return opened[node]
        done[node] = done[opened[node]]
        return None
    args = tuple([done[a] for a in node.args])
    same = node.is_leaf or (node.name is None and args == node.args)
    result = _core(node if same else make(node.op, args, node.attrs, like=node))
    done[node] = result
    done.setdefault(result, result)
    return None


def _core(node: Node) -> Node:
    """One node, its arguments in core form, rewritten."""
    if node.is_leaf:
        return node
    if node.op.kind == "stop" or node.op is ASSUMED:
        return node.args[0]
    if node.op.kind == "reduce":
        return _drop_axes(node)
    rewrite = _REWRITES.get(node.op.name)
    if rewrite is not None:
        return rewrite(node)
    if node.op.elementwise:
        return fold(_spare_broadcasts(_spare_casts(node)))
    return node


# rewrites ---------------------------------------------------------------------------------------------------


def _drop_axes(node: Node) -> Node:
    """`keepdims` becomes a reshape, so that both forms of one reduction share the work."""
    axes, keepdims = node.attrs
    reduced = by_taps(make(node.op, node.args, (axes, False)))
    return make(RESHAPE, (reduced,), (node.shape,)) if keepdims else reduced


def _power(node: Node) -> Node:
    """Small whole powers as products, and a square root by its name: `x**3` is `x**2 * x`."""
    base, exponent = node.args
    value = exact(exponent)
    if value is None or base.dtype != "real" or base.shape != node.shape:
        return _spare_broadcasts(node)
    if value == Fraction(1, 2):
        return make(SQRT, (base,))
    count = abs(value)
    if count.denominator != 1 or not 1 <= count <= LARGEST_POWER:
        return node
    result = _product(base, int(count))
    return result if value > 0 else make(DIV, (const(1), result))


def _product(base: Node, count: int) -> Node:
    if count == 1:
        return base
    half = make(SQUARE, (_product(base, count // 2),))
    return make(MUL, (half, base)) if count % 2 else half


def _step(node: Node) -> Node:
    return cast(make(GREATER, (node.args[0], const(0))), "int")


def _cast(node: Node) -> Node:
    """A cast of a cast that loses nothing is one cast."""
    inner = node.args[0]
    if inner.op is CAST and (inner.args[0].dtype, inner.dtype) in (("bool", "int"), ("bool", "real")):
        return cast(inner.args[0], node.attrs[0])
    return cast(inner, node.attrs[0])


def _absolute(node: Node) -> Node:
    """`|-x|` is `|x|`, so that stable forms of `x` and of `-x` share it."""
    inner = node.args[0]
    return make(node.op, inner.args) if inner.op.name == "neg" else fold(node)


_REWRITES: dict[str, Callable[[Node], Node]] = {
    "pow": _power,
    "step": _step,
    "cast": _cast,
    "abs": _absolute,
}


def _spare_casts(node: Node) -> Node:
    """A mask multiplies reals as it is: 0 and 1 need not be cast first."""
    if node.op.name not in ("add", "sub", "mul") or CAST not in [a.op for a in node.args]:
        return node
    args = [a.args[0] if a.op is CAST and a.args[0].dtype == "bool" else a for a in node.args]
    if all(a.constant or a.dtype == "bool" for a in args):
        return node
    spared = make(node.op, args, node.attrs)
    return spared if spared.dtype == node.dtype == "real" else node


def _spare_broadcasts(node: Node) -> Node:
    """An operand broadcasts by itself wherever the result keeps its shape."""
    if BROADCAST not in [a.op for a in node.args]:
        return node
    args = list(node.args)
    for i, a in enumerate(args):
        if a.op is BROADCAST:
            others = [b.shape for j, b in enumerate(args) if j != i]
            if broadcast_shapes([*others, a.args[0].shape], node.op.name) == node.shape:
                args[i] = a.args[0]
    return make(node.op, args, node.attrs)


# exact constants --------------------------------------------------------------------------------------------

_EXACT: dict[str, Callable[..., Fraction]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "neg": lambda a: -a,
    "square": lambda a: a * a,
    "div": lambda a, b: a / b,
}


def exact(node: Node) -> Fraction | None:
    """The exact number a constant stands for, if it is of ordinary size."""
    if node.op is not CONST or node.attrs[0] == "symbol":
        return None
    value: Any = node.attrs[1]
    if isinstance(value, Decimal) and abs(value.adjusted()) > 30:
        return None
    return Fraction(value)


def fold(node: Node) -> Node:
    """An operation on exact constants, worked out where the result is short."""
    if node.op.name not in _EXACT or any(a.op is not CONST for a in node.args):
        return node
    values = [exact(a) for a in node.args]
    if None in values:
        return node
    if node.op.name == "div" and values[1] == 0:
        return node
    result = _EXACT[node.op.name](*values)
    if max(result.numerator.bit_length(), result.denominator.bit_length()) > FOLDED_BITS:
        return node
    if node.dtype == "real" and result.denominator == 1:
        return make(CONST, (), ("decimal", Decimal(result.numerator)))
    return const(result)
