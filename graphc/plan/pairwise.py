"""The order of contractions: two operands at a time, and of nested ones in the order that multiplies least.

`(A @ B) @ v` is `A @ (B @ v)` for numbers without rounding, and takes a fraction of the operations. Intermediate
results that have a name or another use stay. Paths are found by opt_einsum (Smith and Gray, "opt_einsum", Journal of
Open Source Software 3, 2018), for the sizes that are expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeVar

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike
from graphc.ops.contract import CONTRACT, LETTERS
from graphc.ops.move import TRANSPOSE
from graphc.ops.pointwise import cast
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, count_uses, replaced
from graphc.plan.setting import Setting

MOST = 10  # operands that are put in order at once, of more each contraction by itself
FEW = 4  # operands of which every order is tried; of more, dynamic programming finds the best without outer products
MARGIN = 2  # how many times fewer multiplications are worth another order

Indices = tuple[int, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Product:
    """A contraction of many operands, each with its indices as numbers; `extents` holds the size of each index."""

    operands: tuple[tuple[Node, Indices], ...]
    output: Indices
    extents: dict[int, DimLike]


@dataclass(frozen=True, slots=True)
class _Whole:
    """A contraction with inner ones taken into it, and all that became one."""

    product: _Product
    absorbed: frozenset[Node]


@dataclass(frozen=True, slots=True)
class _Path:
    """Which operands are contracted, step after step; each result goes to the end of those that are left."""

    steps: tuple[tuple[int, ...], ...]
    multiplications: int


def in_pairs(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with contractions of two operands only, nested ones put in order where that pays."""
    order = lowered.nodes
    inner = _inner(lowered, order)
    paths: dict[Node, tuple[_Product, _Path]] = {}
    settled: set[Node] = set()
    nested = 0
    for node in reversed(order):
        if node.op is not CONTRACT or node in settled:
            continue
        whole = None if inner.isdisjoint(map(_base, node.args)) else _flatten(node, inner)
        if whole is not None and len(whole.absorbed) > 1:
            path = _path(whole.product, setting)
            if MARGIN * path.multiplications <= sum(_own(n, setting) for n in whole.absorbed):
                paths[node] = whole.product, path
                settled |= whole.absorbed
                nested += 1
                continue
        if len(node.args) > 2:
            alone = _flatten(node, frozenset()).product
            paths[node] = alone, _path(alone, setting)
    if not paths:
        return lowered
    _say(nested, len(paths) - nested, setting)
    done: dict[Node, Node] = {}
    for node in order:
        args = [done[a] for a in node.args]
        if node in paths:
            done[node] = _built(node, *paths[node], done)
        else:
            done[node] = node if args == list(node.args) else make(node.op, args, node.attrs)
    return replaced(lowered, done)


def _say(nested: int, split: int, setting: Setting) -> None:
    if nested:
        setting.say("order", f"nested contractions in another order, which multiplies less: {nested}")
    if split:
        setting.say("order", f"contractions of more than two operands as pairs: {split}")


def _inner(lowered: Lowered, order: Sequence[Node]) -> frozenset[Node]:
    """The contractions that only another contraction reads, once, maybe transposed: they can become part of it."""
    uses = count_uses(lowered)
    found: set[Node] = set()
    for node in order:
        for a in node.args if node.op is CONTRACT else ():
            if _base(a).op is not CONTRACT:
                continue
            path = [a]
            while path[-1].op is TRANSPOSE:
                path.append(path[-1].args[0])
            alone = all(uses[n] == 1 and n not in lowered.names for n in path)
            if alone and path[-1].dtype == node.dtype and _is_plain(path[-1]):
                found.add(path[-1])
    return frozenset(found)


def _base(node: Node) -> Node:
    """What a node is transposed from."""
    while node.op is TRANSPOSE:
        node = node.args[0]
    return node


def _is_plain(node: Node) -> bool:
    """Whether the output has each index once, and only such as an operand has."""
    inputs, output = str(node.attrs[0]).split("->")
    return len(set(output)) == len(output) and set(output) <= set(inputs)


def _flatten(node: Node, inner: frozenset[Node]) -> _Whole:
    inputs, output = str(node.attrs[0]).split("->")
    number: dict[str, int] = {
        letter: i for i, letter in enumerate(dict.fromkeys(inputs.replace(",", "") + output))
    }
    extents: dict[int, DimLike] = {number[letter]: d for letter, d in node.attrs[1]}
    absorbed = {node}
    operands: list[tuple[Node, Indices]] = []
    stack = _operands(node, number)[::-1]
    count = len(number)
    while stack:
        operand, indices = stack.pop()
        base, own = _untransposed(operand, indices)
        if base in inner and len(operands) + len(stack) + len(base.args) <= MOST:
            letters, kept = str(base.attrs[0]).split("->")
            known = dict(zip(kept, own, strict=True))
            for letter in letters.replace(",", ""):
                if letter not in known:
                    known[letter] = count
                    count += 1
            absorbed.add(base)
            stack += _operands(base, known)[::-1]
        else:
            operands.append((operand, indices))
            extents |= zip(indices, operand.shape, strict=True)
    return _Whole(_Product(tuple(operands), tuple(number[i] for i in output), extents), frozenset(absorbed))


def _operands(node: Node, number: dict[str, int]) -> list[tuple[Node, Indices]]:
    specs = str(node.attrs[0]).split("->")[0].split(",")
    return [(a, tuple(number[i] for i in spec)) for a, spec in zip(node.args, specs, strict=True)]


def _untransposed(node: Node, indices: Indices) -> tuple[Node, Indices]:
    while node.op is TRANSPOSE:
        axes = node.attrs[0]
        indices = tuple(indices[axes.index(i)] for i in range(len(axes)))
        node = node.args[0]
    return node, indices


# paths ------------------------------------------------------------------------------------------------------


def _path(product: _Product, setting: Setting) -> _Path:
    """The steps that multiply least, each a pair."""
    import opt_einsum  # only graphs with such contractions need it

    size = {i: max(setting.entries((d,)), 1) for i, d in product.extents.items()}
    read = {i for _, indices in product.operands for i in indices}
    symbols = [opt_einsum.get_symbol(i) for i in range(max(size, default=0) + 1)]
    # What the output has alone, or twice, comes in with the last step.
    output = dict.fromkeys(i for i in product.output if i in read)
    inputs = ",".join("".join(symbols[i] for i in indices) for _, indices in product.operands)
    shapes = [tuple(size[i] for i in indices) for _, indices in product.operands]
    spec = f"{inputs}->{''.join(symbols[i] for i in output)}"
    search = "optimal" if len(shapes) <= FEW else "dp" if len(shapes) <= MOST else "auto"
    found, _ = opt_einsum.contract_path(spec, *shapes, shapes=True, optimize=search)
    steps = tuple(tuple(sorted(step)) for step in found)
    left = [set(indices) for _, indices in product.operands]
    total = 0
    for step in steps:
        taken, left = _taken(left, step)
        together = set[int]().union(*taken)
        total += prod(size[i] for i in together)
        left.append(together & set(output).union(*left))
    return _Path(steps, total)


def _own(node: Node, setting: Setting) -> int:
    """The multiplications of one contraction by itself."""
    product = _flatten(node, frozenset()).product
    if len(product.operands) > 2:
        return _path(product, setting).multiplications
    return prod(max(setting.entries((d,)), 1) for i, d in product.extents.items() if _is_read(i, product))


def _is_read(index: int, product: _Product) -> bool:
    return any(index in indices for _, indices in product.operands)


def _taken(left: list[T], step: tuple[int, ...]) -> tuple[list[T], list[T]]:
    """What a step takes, and what it leaves."""
    return [left[i] for i in step], [x for i, x in enumerate(left) if i not in step]


def _built(node: Node, product: _Product, path: _Path, done: dict[Node, Node]) -> Node:
    """The contractions of a path."""
    left = [(cast(done[a], node.dtype), indices) for a, indices in product.operands]
    for step in path.steps:
        taken, left = _taken(left, step)
        last = not left
        needed = set(product.output).union(*(indices for _, indices in left))
        seen = dict.fromkeys(i for _, indices in taken for i in indices)
        output = product.output if last else tuple(i for i in seen if i in needed)
        outer = {i: product.extents[i] for i in output if i not in seen}
        left.append((_contraction(taken, output, outer), output))
    return left[0][0]


def _contraction(
    operands: Sequence[tuple[Node, Indices]], output: Indices, outer: dict[int, DimLike]
) -> Node:
    every = dict.fromkeys(i for _, indices in operands for i in indices) | dict.fromkeys(output)
    letter = dict(zip(every, LETTERS, strict=False))
    inputs = ",".join("".join(letter[i] for i in indices) for _, indices in operands)
    spec = f"{inputs}->{''.join(letter[i] for i in output)}"
    sizes = tuple(sorted((letter[i], d) for i, d in outer.items()))
    return make(CONTRACT, (a for a, _ in operands), (spec, sizes))


ORDER = Pass("order", "contracts two operands at a time, in the order that multiplies least", in_pairs)
