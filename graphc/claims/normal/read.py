"""From nodes to expressions: each node's entry, its axes being index variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from graphc.claims.normal import entries, linear, moves, products, reductions
from graphc.claims.normal.algebra import Algebra, Expr, Traits, Unknown, constant, exact, of_atom
from graphc.claims.normal.pointwise import POINTWISE
from graphc.claims.normal.sums import size
from graphc.ir.node import Node
from graphc.ir.types import Shape
from graphc.ops.composite import open_composite
from graphc.ops.leaf import constant_value, facts_of

Reading = dict[Node, Expr]


def read(s: Algebra, roots: Iterable[Node], opaque: frozenset[Node], known: Reading) -> list[Expr]:
    """The entries of nodes; those in `opaque` are taken as they are, and composites otherwise opened."""
    roots = list(roots)
    stack: list[tuple[Node, Node | None]] = [(r, None) for r in reversed(roots)]
    while stack:
        node, inner = stack.pop()
        if node in known:
            continue
        if inner is not None:
            known[node] = known[inner]
        elif node in opaque:
            known[node] = entries.leaf(s, node, entries.opaque_facts(node))
        elif node.op.kind == "composite":
            opened = open_composite(node)
            stack += [(node, opened), (opened, None)]
        else:
            missing = [a for a in node.args if a not in known]
            if missing:
                stack.append((node, None))
                stack += [(a, None) for a in reversed(missing)]
            else:
                s.tick()
                known[node] = _entry(s, node, [known[a] for a in node.args])
    return [known[r] for r in roots]


def _entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    if any(d == 0 for d in node.shape) or any(d == 0 for a in node.args for d in a.shape):
        raise Unknown
    if node.op.name == "cast" and node.dtype != "real" and node.args[0].dtype == "real":
        return _unknown(s, node, args)
    if node.op.kind == "pointwise":
        rule = POINTWISE.get(node.op.name)
        return _unknown(s, node, args) if rule is None else rule(s, *args)
    found = STRUCTURE.get(node.op.name)
    return _unknown(s, node, args) if found is None else found(s, node, args)


def _leaf(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    return entries.leaf(s, node, facts_of(node))


def _const(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    value = constant_value(node)
    if value is not None and max(abs(value.numerator), value.denominator) < 10**400:
        return constant(exact(value))
    if node.attrs == ("symbol", "pi"):
        return of_atom(s.atom(s.head("pi", None, 0, lambda: Traits(sign=2, smooth=True))))
    raise Unknown


def _size(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    return size(s, node.attrs[0])


def _stop(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    return args[0]


def _unknown(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    """An operation without a rule: an atom of its normalised arguments, each over its own axes."""
    given = tuple(_fixed(s, a.shape, e) for a, e in zip(node.args, args, strict=True))
    leaves = {x for e in args for m in e for a, _ in m for x in a.head.traits.leaves}
    return entries.opaque(
        s, f"op {node.op.name}", (node.attrs, node.shape, given), node.shape, frozenset(leaves)
    )


def _fixed(s: Algebra, shape: Shape, expr: Expr) -> Any:
    """An expression over the axes of an array as a key, the axes in their order."""
    order = {v: i for i, v in enumerate(entries.axes(s, shape)) if v is not None}
    terms = []
    for m, c in expr.items():
        atoms = [(a.head.number, tuple(s.replaced(t, order) for t in a.slots), p) for a, p in m]
        terms.append((tuple(sorted(atoms, key=repr)), c))
    return shape, tuple(sorted(terms, key=repr))


STRUCTURE: dict[str, Callable[[Algebra, Node, list[Expr]], Expr]] = {
    **dict.fromkeys(("input", "param", "state"), _leaf),
    "const": _const,
    "size": _size,
    "stop_gradient": _stop,
    "contract": reductions.contract_entry,
    "sum": reductions.sum_entry,
    **dict.fromkeys(("max", "min", "prod", "argmax", "argmin"), reductions.extreme_entry),
    "transpose": moves.transpose_entry,
    "broadcast": moves.broadcast_entry,
    "reshape": moves.reshape_entry,
    "slice": moves.slice_entry,
    "pad": moves.pad_entry,
    "concat": moves.concat_entry,
    "sliding_window": moves.window_entry,
    "overlap_add": moves.overlap_entry,
    "iota": moves.iota_entry,
    "gather": moves.gather_entry,
    "scatter_add": moves.scatter_entry,
    "cumprod": products.running_entry,
    "cumsum": moves.cumsum_entry,
    "inv": linear.inverse_entry,
    "solve": linear.solution_entry,
    "det": linear.determinant_entry,
    "logdet": linear.log_determinant_entry,
}
