"""Compiled loops: runs of cheap elementwise lines as one loop over entries, for a target that compiles such loops.

What one line gives the next then stays in a register, and nothing between the arrays that come in and those that go out
is written. The operations are those that IEEE 754 rounds correctly, so the numbers are those of NumPy to the last bit.
Exponentials and their kin stay outside: NumPy's vectorised ones are faster than a compiler's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graphc.ir.node import Node
from graphc.plan.alias import is_view
from graphc.plan.loops import Loop, Member, Run
from graphc.plan.order import Line
from graphc.plan.setting import Setting

NAME = "entries"
TARGETS = ("numpy", "numba")
LEAST = 2  # operations that pay on large arrays,
LEAST_SMALL = 4  # and on small ones, where a loop saves calls alone
MOST_ARRAYS = 12  # in one loop: each could overlap each, and with 24 of them the compiler takes minutes
LONGEST = 100  # lines of a loop
COMPARISONS = frozenset(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"))
CHEAP = COMPARISONS | {
    "add", "sub", "mul", "div", "neg", "square", "reciprocal", "sqrt", "abs", "sign", "maximum", "minimum", "where",
    "cast",
}  # fmt: skip


def is_asked_for(setting: Setting) -> bool:
    """Whether loops are compiled at all."""
    return setting.target == "numba"


def member(line: Line, known: Collection[Node], setting: Setting) -> Member | None:
    """The loop over the entries of arrays of its shape that a line could be in; `known` are the values with a name."""
    if not is_asked_for(setting) or not fits(line, known):
        return None
    return Member((NAME, line.node.shape))


def fits(line: Line, known: Collection[Node]) -> bool:
    """Whether a line is cheap elementwise work on arrays of its own shape and on single numbers."""
    node, target = line.node, line.target
    if line.action == "copy" or not node.ndim or node.dtype == "int" or is_view(node):
        return False
    if target is not None and (target.shape, target.dtype) != (node.shape, node.dtype):
        return False
    if node.is_leaf or _is_plain_store(line, known):
        return not node.is_leaf
    return all(_is_cheap(n) and all(_comes_in(a, n, known) for a in n.args) for n in _inside(node, known))


def _is_plain_store(line: Line, known: Collection[Node]) -> bool:
    """Whether a line stores what another has computed."""
    return line.action == "store" and line.node in known


def _inside(node: Node, known: Collection[Node]) -> Iterator[Node]:
    """The arrays that the line of a node computes: itself, and those below it that have no name."""
    seen, stack = {node}, [node]
    while stack:
        n = stack.pop()
        yield n
        for a in n.args:
            if a.ndim and a not in seen and not (a.is_leaf or a in known or constant_of(a) is not None):
                seen.add(a)
                stack.append(a)


def _is_cheap(node: Node) -> bool:
    if node.op.name not in CHEAP or node.op.kind != "pointwise":
        return False
    given = [a.dtype for a in node.args]
    if node.op.name == "where":
        return given[0] == "bool" and node.dtype == "real" and bool(node.args[0].ndim)
    if node.op.name == "cast":
        return given == ["bool"] and node.dtype == "real"
    return "real" in given and node.dtype in ("real", "bool")


def _comes_in(argument: Node, user: Node, known: Collection[Node]) -> bool:
    """Whether an operand is a number that is ready before the loop, or an array of the shape of its user."""
    if constant_of(argument) is not None:
        return True
    if not argument.ndim:
        return argument.dtype != "bool" and _is_ready(argument, known)
    if argument.shape != user.shape or argument.dtype == "int":
        return False
    return argument.is_leaf or not is_view(argument)


def constant_of(node: Node) -> Node | None:
    """The constant that every entry of a node is; a named size is none."""
    while node.op.name == "broadcast":
        node = node.args[0]
    return node if node.op.name == "const" else None


def _is_ready(number: Node, known: Collection[Node]) -> bool:
    """Whether a number is worked out from numbers alone: then no line of the loop is needed for it."""
    stack, seen = [number], {number}
    while stack:
        n = stack.pop()
        if n.ndim or not (
            n.is_leaf or n in known or n.op.kind in ("pointwise", "const") or n.op.name == "size"
        ):
            return False
        if n not in known:
            new = [a for a in n.args if a not in seen]
            seen.update(new)
            stack += new
    return True


@dataclass(slots=True)
class _Arrays:
    """The arrays that a loop over entries reads and writes, as its lines are added.

    `outer` were there before it or are stored in; `waiting` are values made in it, with how often they will be read.
    """

    outer: set[Node] = field(default_factory=set)
    waiting: dict[Node, int] = field(default_factory=dict)
    stored: set[Node] = field(default_factory=set)

    def add(self, line: Line, reads: Sequence[Node], uses: Mapping[Node, int]) -> int:
        """How many there are with one more line; a value that is still waiting at the end is one."""
        for n in reads:
            if n in self.waiting:
                self.waiting[n] -= 1
                if not self.waiting[n]:
                    del self.waiting[n]
            elif n.ndim and n not in self.stored:
                self.outer.add(n)
        if line.target is not None:
            self.outer.add(line.target)
            self.stored.add(line.node)
        elif uses[line.node]:
            self.waiting[line.node] = uses[line.node]
        return len(self.outer) + len(self.waiting)


def loops_of(
    runs: Sequence[Run],
    lines: Sequence[Line],
    reads: Sequence[Sequence[Node]],
    uses: Mapping[Node, int],
    known: Collection[Node],
    setting: Setting,
) -> list[Loop]:
    """The parts of runs, of cheap lines on arrays of one shape, for which compiling a loop pays.

    `reads` are the values each line reads, `uses` says how many lines of the whole plan read a value, or hand it out.
    """
    if not is_asked_for(setting):
        return []
    found = []
    for run in runs:
        inside = lines[run.first : run.last]
        if len({line.node.shape for line in inside}) > 1 or not all(fits(line, known) for line in inside):
            continue
        first = run.first
        while first < run.last:
            last, arrays = _end(first, run.last, lines, reads, uses)
            least = LEAST if setting.is_large(lines[first].node) else LEAST_SMALL
            # With more arrays than operations, there is little that need not be written.
            if _operations(lines[first:last], known) >= max(least, arrays):
                found.append(Loop("entries", first, last, lines[first].node.shape[0], 1, frozenset()))
            first = last
    if found:
        count = sum(loop.last - loop.first for loop in found)
        loops = f"{len(found)} compiled loop{'s' * (len(found) > 1)}"
        setting.say(NAME, f"{count} lines run entry by entry, in {loops}")
    return found


def _end(
    first: int,
    last: int,
    lines: Sequence[Line],
    reads: Sequence[Sequence[Node]],
    uses: Mapping[Node, int],
) -> tuple[int, int]:
    """Where a loop from line `first` on ends, with no more arrays than a compiler copes with, and how many it has."""
    arrays, end, found = _Arrays(), first + 1, MOST_ARRAYS
    for i in range(first, min(last, first + LONGEST)):
        count = arrays.add(lines[i], reads[i], uses)
        if count <= MOST_ARRAYS:
            end, found = i + 1, count
        elif len(arrays.outer) > MOST_ARRAYS:
            break
    return end, found


def _operations(inside: Sequence[Line], known: Collection[Node]) -> int:
    return sum(len(list(_inside(line.node, known))) for line in inside if not _is_plain_store(line, known))
