"""Reverse accumulation: upstream gradients from an output back to what it depends on.

For each node in reverse order the upstream gradient is the sum of the contributions of its uses, and each
contribution is the user's upstream gradient times the user's local derivative, summed where the operand was repeated
(Linnainmaa 1970; Griewank & Walther, Evaluating Derivatives, 2008, chapter 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary
from weakref import ref as ref_to

from graphc.derive.local import local_derivative
from graphc.ir.errors import GradientError
from graphc.ir.node import Node, expect_node, make, substitute, topological
from graphc.ir.pause import collection_paused
from graphc.ir.types import show_shape
from graphc.ops.composite import attributes
from graphc.ops.index import zeros
from graphc.ops.leaf import as_node, constant_value, input_
from graphc.ops.move import broadcast, sum_to
from graphc.ops.pointwise import cast
from graphc.rewrite.simplify import simplify_all


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one use of a node adds to its upstream gradient, and the local derivative it was made with.

    `local` is None for an operation that is not elementwise: there the local derivative is an action.
    """

    user: Node
    index: int
    local: Node | None
    value: Node


@dataclass(frozen=True, slots=True)
class ReversePass:
    """The outcome of reverse accumulation, nodes in the order they were visited, from the output backwards."""

    output: Node
    upstream: Mapping[Node, Node]
    contributions: Mapping[Node, tuple[Contribution, ...]]


@collection_paused()
def accumulate(output: Node, targets: Sequence[Node], seed: Node | None = None) -> ReversePass:
    """Propagate `seed` (1 for a scalar output) from `output` to every node on a way to one of `targets`."""
    order = topological([output])
    active = active_nodes(order, targets)
    upstream: dict[Node, Node] = {}
    found: dict[Node, list[Contribution]] = {}
    if output in active:
        upstream[output] = as_node(1) if seed is None else seed
    for node in reversed(order):
        if node not in active:
            continue
        if node in found:
            upstream[node] = _total([c.value for c in reversed(found[node])])
        if node in upstream:
            for c in contributions_of(node, upstream[node], active):
                found.setdefault(node.args[c.index], []).append(c)
    return ReversePass(output, upstream, {n: tuple(reversed(cs)) for n, cs in found.items()})


def active_nodes(order: Sequence[Node], targets: Sequence[Node]) -> set[Node]:
    """The real nodes of `order` that one of `targets` lies at or below, `order` being topological."""
    active: set[Node] = set()
    wanted = set(targets)
    for node in order:
        if node in wanted or (node.dtype == "real" and any(a in active for a in node.args)):
            active.add(node)
    return active


def _total(values: list[Node]) -> Node:
    """The sum of contributions in order; one that comes three times or more is written once, times its number."""
    if len(values) == 1:
        return values[0]
    counts = Counter(values)
    parts = (
        [v if counts[v] == 1 else v * counts[v] for v in counts] if len(values) - len(counts) > 1 else values
    )
    total = parts[0]
    for value in parts[1:]:
        total = total + value
    return total


def contributions_of(node: Node, upstream: Node, active: set[Node]) -> list[Contribution]:
    """What `node` passes back to each active operand, last operand first."""
    wanted = [i for i, a in enumerate(node.args) if a in active and a.dtype == "real"]
    if node.op.elementwise:
        return [c for i in reversed(wanted) if (c := _elementwise(node, i, upstream)) is not None]
    if node.op.kind == "composite":
        values = composite_vjp(node, upstream, frozenset(wanted))
    else:
        values = node.op.vjp(node, upstream) if node.op.vjp and wanted else ()
    given = [(i, values[i]) for i in reversed(wanted)]
    return [Contribution(node, i, None, v) for i, v in given if v is not None]


def _elementwise(node: Node, index: int, upstream: Node) -> Contribution | None:
    local = local_derivative(node, index)
    if local is None:
        return None
    operand = node.args[index]
    factor = constant_value(local)
    value = upstream if factor == 1 else -upstream if factor == -1 else upstream * local
    if value.shape != node.shape:
        value = broadcast(value, node.shape)
    return Contribution(node, index, local, sum_to(value, operand.shape))


def composite_vjp(node: Node, upstream: Node, wanted: frozenset[int]) -> tuple[Node | None, ...]:
    """The gradient through a composite: derived from its body once, simplified, then put in place."""
    constants = tuple((i, a) for i, a in enumerate(node.args) if i not in wanted and a.constant)
    places = tuple(a if (i, a) in constants else _place(f"x{i}", a) for i, a in enumerate(node.args))
    y, g = _place("y", node), _place("g", node)
    templates = _composite_template(node, places, y, g, wanted)
    found = {p: a for p, a in zip(places, node.args, strict=True) if p is not a} | {y: node, g: upstream}
    kept = [t for t in templates if t is not None]
    instances = iter(substitute(kept, found))
    return tuple(None if t is None else next(instances) for t in templates)


def _place(name: str, like: Node) -> Node:
    return make(input_("x").op, (), (like.shape, like.dtype, ()), f" {name}")


_templates: dict[object, tuple[Node | None, ...]] = {}


def _composite_template(
    node: Node, places: tuple[Node, ...], y: Node, g: Node, wanted: frozenset[int]
) -> tuple[Node | None, ...]:
    key = (node.op, node.attrs, places, wanted)
    if key not in _templates:
        assert node.op.body is not None
        body = node.op.body(*places, **attributes(node))
        targets = [places[i] for i in sorted(wanted)]
        upstream = accumulate(body, targets, g).upstream
        raw = [upstream.get(t) for t in targets]
        present = simplify_all([r for r in raw if r is not None])
        itself = make(node.op, places, node.attrs)
        simple = iter(substitute(present, {itself: y}))
        by_place = {i: None if r is None else next(simple) for i, r in zip(sorted(wanted), raw, strict=True)}
        _templates[key] = tuple(by_place.get(i) for i in range(len(places)))
    return _templates[key]


@collection_paused()
def gradients(output: Node, targets: Sequence[Node], *, simplify: bool = True) -> list[Node]:
    """The gradients of a scalar with respect to each target, of the target's shape; zeros where it does not matter.

    >>> from graphc.ops import input_
    >>> x = input_("x"); y = input_("y")
    >>> gradients(x * y, [x, y])
    [<y () real>, <x () real>]
    """
    check_scalar(output)
    if isinstance(targets, Node) or not isinstance(targets, Iterable):
        raise GradientError("gradients takes a list of nodes; of one alone, take grad(output, x)")
    for target in targets:
        check_target(target)
    output = _as_derived(output, targets)
    if not simplify:
        return [as_numbers(r) for r in _raw(output, targets)]
    known = _simplified.setdefault(output, WeakKeyDictionary())
    found = {t: kept for t in targets if (ref := known.get(t)) is not None and (kept := ref()) is not None}
    missing = [t for t in dict.fromkeys(targets) if t not in found]
    for target, gradient in zip(missing, _simplify_gradients(_raw(output, missing), missing), strict=True):
        found[target] = as_numbers(gradient)
        known[target] = ref_to(found[target])
        if gradient.args:
            _origins.setdefault(found[target], (output, target))
    return [found[t] for t in targets]


def known_gradients(output: Node) -> dict[Node, Node]:
    """The simplified gradients of `output` that were taken and are still in use, by what they were taken by."""
    known: Mapping[Node, ref_to[Node]] = _simplified.get(output, {})
    return {t: kept for t, ref in known.items() if (kept := ref()) is not None}


# Gradients that are still in use somewhere are not derived again: output → target → gradient, holding none of them.
_simplified: WeakKeyDictionary[Node, WeakKeyDictionary[Node, ref_to[Node]]] = WeakKeyDictionary()


# Of what each simplified gradient is one, and by what.
_origins: WeakKeyDictionary[Node, tuple[Node, Node]] = WeakKeyDictionary()


def _as_derived(output: Node, targets: Sequence[Node], within: frozenset[Node] = frozenset()) -> Node:
    """`output` with the gradients in it as the chain rule gave them, where it is differentiated by an intermediate.

    Rules look through intermediates, so that a simplified gradient no longer shows all the ways through one. What is a
    part of the very thing that it is a gradient of, as `exp(x)` is of `a*exp(x)`, was written and not derived; `within`
    are those whose gradients are being put back.
    """
    inner = {t for t in targets if t.args}
    found: dict[Node, dict[Node, Node]] = {}
    for node in topological([output]) if inner else ():
        if node in _origins:
            of, by = _origins[node]
            found.setdefault(of, {})[node] = by
    whole: dict[Node, Node] = {}
    for of, wrt in found.items():
        below = set(topological([of]))
        derived = {node: by for node, by in wrt.items() if node not in below}
        if derived and of not in within and not inner.isdisjoint(below):
            raw = _raw(_as_derived(of, targets, within | {of}), list(derived.values()))
            whole.update(zip(derived, map(as_numbers, raw), strict=True))
    return substitute([output], whole)[0] if whole else output


def simplify_holding(nodes: Sequence[Node], held: Sequence[Node]) -> list[Node]:
    """`nodes` simplified, the intermediates `held` as they are within them, to be differentiated by once more.

    Rules look through an intermediate, and what they leave of it is no longer the thing itself.
    """
    places = {t: _place(f"held{i}", t) for i, t in enumerate(held) if t.args}
    if not places:
        return simplify_all(nodes)
    simple = simplify_all(substitute(nodes, places))
    return substitute(simple, {place: t for t, place in places.items()})


def _simplify_gradients(raw: Sequence[Node], targets: Sequence[Node]) -> list[Node]:
    """The gradients simplified; those by inputs without regard to intermediates."""
    leaves = iter(simplify_all([r for r, t in zip(raw, targets, strict=True) if not t.args]))
    inner = [t for t in targets if t.args]
    others = iter(simplify_holding([r for r, t in zip(raw, targets, strict=True) if t.args], inner))
    return [next(others if t.args else leaves) for t in targets]


def _raw(output: Node, targets: Sequence[Node]) -> list[Node]:
    upstream = accumulate(output, targets).upstream if targets else {}
    return [upstream[t] if t in upstream else zeros(t.shape) for t in targets]


def as_numbers(gradient: Node) -> Node:
    """A gradient that is a condition, such as `x > 0`, or a whole number, as real numbers."""
    return cast(gradient, "real")


def check_target(target: Node) -> None:
    """Refuse to differentiate by what is not made of real numbers."""
    expect_node(target, "what to differentiate by")
    _check_real(target)


def check_differentiable(output: Node, target: Node) -> None:
    """Refuse to differentiate what is not made of real numbers, or by it."""
    expect_node(output, "what is differentiated")
    _check_real(output)
    check_target(target)


def _check_real(node: Node) -> None:
    if node.dtype != "real":
        raise GradientError(
            f"{node.name or node.op.name} holds {node.dtype} values: nothing to differentiate"
        )


def check_scalar(output: Node) -> None:
    """Refuse to take a gradient of an array."""
    expect_node(output, "what is differentiated")
    if output.shape != ():
        raise GradientError(
            f"{output.name or output.op.name} has shape {show_shape(output.shape)}: a gradient is of a scalar; take "
            "sum or mean, or jacobian"
        )
    _check_real(output)


def grad(output: Node, target: Node) -> Node:
    """The gradient of a scalar with respect to one node, simplified; it is a graph and differentiates again."""
    return gradients(output, [target])[0]
