"""The copy of a computation: the same values once more, later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphc.ir.node import Node, make
from graphc.ir.op import Op
from graphc.ir.types import Dim
from graphc.plan.alias import is_view
from graphc.plan.live import Lives
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import replaced

# `again(x, after)` is `x`, read only when `after` is there. Equal nodes are one node: what is to be computed a second
# time reads its arguments through it, and cannot come too early. It is never seen in a surface graph.
AGAIN = Op(
    "again",
    "move",
    lambda args, attrs: (args[0].shape, args[0].dtype),
    evaluate=lambda node, arrays, sizes, xp: arrays[0],
    vjp=lambda node, g: (g, None),
)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A graph in which some values are computed again, how many nodes are copies, and the order of computation."""

    lowered: Lowered
    copied: int
    order: tuple[Node, ...]


def at_hand(node: Node, lives: Lives, kept: set[Node]) -> bool:
    """Whether `node` can be read later as well: a leaf, a constant, or in the memory of a value that is kept."""
    home = lives.home[node]
    return home in kept or home.is_leaf or node.constant


def recomputed(lives: Lives, lowered: Lowered, turn: int, kept: set[Node]) -> Recomputed:
    """What was computed before place `turn` and is not `kept` is computed again, right before its first use then."""
    rest = lives.order[turn:]
    later = set(rest)
    became: dict[Node, Node] = {}
    copies: dict[Node, Node] = {}
    order: dict[Node, None] = dict.fromkeys(lives.order[:turn])
    recent = {sizes_of(n): n for n in lives.order[:turn] if n in lives.size and not n.constant}
    last = next(n for n in reversed(lives.order[:turn]) if n in lives.size)
    for node in rest:
        used = node.args[:1] if node.op is AGAIN else node.args
        missing = [a for a in used if a not in later and not at_hand(a, lives, kept)]
        if missing:
            near = recent | {sizes_of(a): became[a] for a in _beside(node, lives, later)}
            for copy in _copy(missing, lives, kept, copies, _Recent(near, last)):
                order[copy] = None
        now = {a: became.get(a, copies.get(a, a)) for a in node.args}
        if node.op is AGAIN and node.args[1] not in later and not at_hand(node.args[1], lives, kept):
            now[node.args[1]] = recent.get(sizes_of(node), last)
        became[node] = node if node.is_leaf else make(node.op, (now[a] for a in node.args), node.attrs)
        order[became[node]] = None
        if node in lives.size and not node.constant:
            last = recent[sizes_of(node)] = became[node]
    reached = _below([became.get(r, r) for r in lowered.roots])
    # What is needed only later bears its name there.
    became |= {old: copy for old, copy in copies.items() if old not in reached and copy in reached}
    copied = sum(not is_view(c) for c in copies.values())
    return Recomputed(replaced(lowered, became), copied, tuple(n for n in order if n in reached))


def _beside(node: Node, lives: Lives, later: set[Node]) -> list[Node]:
    """What the node reads besides, and was computed after the turn: it lives anyway."""
    homes = (lives.home[a] for a in node.args)
    return [h for h in homes if h in later and h in lives.size and not h.constant]


def sizes_of(node: Node) -> frozenset[str]:
    """The named sizes in the shape of a node.

    What has a size waits for what has it too: a sum over the rows of a batch is there only when all rows are.
    """
    return frozenset(s for d in node.shape if isinstance(d, Dim) for s in d.symbols)


@dataclass(frozen=True, slots=True)
class _Recent:
    """The values computed last: of each set of named sizes, and of all."""

    values: dict[frozenset[str], Node]
    last: Node

    def like(self, node: Node) -> Node:
        """The one with the sizes of `node`, if there is any."""
        return self.values.get(sizes_of(node), self.last)


def _copy(
    wanted: Sequence[Node], lives: Lives, kept: set[Node], copies: dict[Node, Node], recent: _Recent
) -> list[Node]:
    """Copies of `wanted` and of all they need, in order, from what is at hand when what is `recent` is there."""
    new: list[Node] = []
    stack = list(reversed(wanted))
    while stack:
        node = stack[-1]
        needed = node.args[:1] if node.op is AGAIN else node.args
        missing = [a for a in needed if a not in copies and not at_hand(a, lives, kept)]
        if node in copies:
            stack.pop()
        elif missing:
            stack.extend(reversed(missing))
        else:
            stack.pop()
            args = [copies.get(a, a) for a in needed]
            if args == list(needed):
                first = min(range(len(args)), key=lambda i: rank(needed[i]))
                args[first] = make(AGAIN, (args[first], recent.like(args[first])))
                new.append(args[first])
            copies[node] = args[0] if node.op is AGAIN else make(node.op, args, node.attrs)
            new.append(copies[node])
    return new


def rank(argument: Node) -> int:
    """Which argument is read through `again`: a value rather than an input, an input rather than a parameter."""
    if argument.constant:
        return 3
    return 0 if not argument.is_leaf else 1 if argument.op.name == "input" else 2


def _below(roots: Sequence[Node]) -> set[Node]:
    seen = set(roots)
    stack = list(seen)
    while stack:
        for a in stack.pop().args:
            if a not in seen:
                seen.add(a)
                stack.append(a)
    return seen
