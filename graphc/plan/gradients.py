"""Which nodes of a graph are gradients: so that code can call them `dW` and say what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from graphc.derive.reverse import gradients, known_gradients
from graphc.ir.node import Node, topological
from graphc.ops.form import brief, too_long
from graphc.plan.names import spoken
from graphc.rewrite.simplify import simplify_all

MOST_OUTPUTS = 4  # scalars that are looked at: each takes a derivation of the graph below it
LARGEST = (
    4000  # nodes below an output: of a larger graph only gradients that were asked for are known by name
)
LONGEST_TEXT = 72


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient of `of` with respect to `wrt`, by their names; `name` is what the value is called.

    `nodes` are these two as they stand in the graph that is computed, where the names in code are known of them; `text`
    is its mathematics in terms of what has a name, once `written_out`, where that is short enough to read.
    """

    name: str
    of: str
    wrt: str
    nodes: tuple[Node, Node]
    text: str | None = None


def find_gradients(outputs: Sequence[Node], roots: Sequence[Node]) -> dict[Node, Gradient]:
    """The nodes below `roots` that are gradients of a scalar output with respect to something named.

    `outputs` are as the user wrote them; `roots` may be simplified, as gradients are.
    """
    present = dict.fromkeys(topological(roots))
    found: dict[Node, Gradient] = {}
    scalars = [o for o in dict.fromkeys(outputs) if o.shape == () and o.dtype == "real" and not o.is_leaf]
    for output in scalars[:MOST_OUTPUTS]:
        if output in found:
            continue
        below = topological([output])
        inside = set(below)
        shapes = {n.shape for n in present if n not in inside and n.dtype == "real"}
        named = [n for n in below if n.name and n.dtype == "real" and n is not output and n.shape in shapes]
        slopes = _slopes(output, named, len(below))
        of = output.name or "loss"
        end, *values = simplify_all([output, *slopes]) if slopes else [output]
        for (target, gradient), value in zip(slopes.items(), values, strict=True):
            if gradient in present and not gradient.is_leaf and gradient.op.kind != "const":
                mark = Gradient(f"d{target.name}", of, target.name or "", (end, value))
                found.setdefault(gradient, mark)
    return found


def written_out(
    nodes: Sequence[Node], found: Mapping[Node, Gradient], roots: Sequence[Node]
) -> dict[Node, Gradient]:
    """The gradients `nodes` among those `found` below `roots`, with their mathematics."""
    if not nodes:
        return {}
    given = {n: spoken(n.name) for n in topological(roots) if n.name}
    names = given | {n: spoken(g.name) for n, g in found.items()}
    times = Counter(names.values())
    shared = {n for n, name in names.items() if times[name] > 1}
    long = too_long(topological(nodes), names, most=LONGEST_TEXT)
    return {
        n: found[n] if n in long else replace(found[n], text=_mathematics(n, names, shared)) for n in nodes
    }


def _slopes(output: Node, targets: Sequence[Node], size: int) -> dict[Node, Node]:
    """The gradients as they stand within others that were simplified as a whole, in the order of the targets."""
    if size > LARGEST:
        known = known_gradients(output)
        return {t: known[t] for t in targets if t in known}
    inner = [t for t in targets if t.args]
    leaves = [t for t in targets if not t.args]
    within = simplify_all(gradients(output, inner, simplify=False)) if inner else []
    found = dict(zip([*leaves, *inner], [*gradients(output, leaves), *within], strict=True))
    return {t: found[t] for t in targets}


def _mathematics(gradient: Node, names: dict[Node, str], shared: Collection[Node]) -> str | None:
    """None where a name would stand for two nodes, as when a model is applied twice: code tells them apart."""
    if gradient.name is not None:
        return None
    own = names.pop(gradient)
    text = brief(gradient, names, most=LONGEST_TEXT)
    # What is too long to write is not looked through: it may be as long as the network.
    read = [] if text is None else topological([gradient], stop=names.__contains__)
    names[gradient] = own
    return None if any(n in shared for n in read if n is not gradient) else text
