"""Contractions as matrix products: axes of one kind merged by reshapes, so that BLAS gets matrices and no copies.

The indices of two operands are of four kinds: *batch* (in both and in the output), *summed* (in both only), *rows*
(of the first operand and the output) and *columns* (of the second). Without a batch a contraction is one product of
matrices, (N, T, d) by (d, e) one of N*T rows; with one it stays a product for each index of the batch, read and written
through transposed views. Nothing summed means an elementwise product. Transposes before and after a contraction become
part of its index string, where they cost nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from graphc.ir.node import Node, make, rebuild, substitute
from graphc.ir.types import DimLike, Shape, product
from graphc.ops.contract import CONTRACT
from graphc.ops.leaf import INPUT
from graphc.ops.move import TRANSPOSE, reshape, transpose
from graphc.ops.pointwise import MUL, cast
from graphc.ops.reduce import SUM
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, count_uses, counted, replaced
from graphc.plan.setting import Setting

LETTERS = "ijabcdefghlopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of batch axes, beside n, k, m
LONGEST_CHAIN = 65536  # entries that a single inner product adds up without losing more than a reduction does


def products(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with every contraction in the form that array code does fastest."""
    templates: dict[Hashable, tuple[Node, Node]] = {}  # on placeholders: what one form becomes is found once

    def rule(node: Node) -> Node:
        kind = node.attrs, tuple((a.shape, a.dtype) for a in node.args)
        if kind not in templates:
            places = tuple(_place(i, a) for i, a in enumerate(node.args))
            plain = make(CONTRACT, places, node.attrs)
            templates[kind] = plain, as_product(plain, setting)
        plain, found = templates[kind]
        if found is plain:
            return node
        return substitute([found], dict(zip(plain.args, node.args, strict=True)))[0]

    result, count = counted(_absorb_transposes(lowered), (CONTRACT,), rule)
    if count:
        contractions = f"{count} contractions are" if count > 1 else "1 contraction is"
        setting.say("products", f"{contractions} written as products of matrices or elementwise")
    return result


def _place(index: int, like: Node) -> Node:
    return make(INPUT, (), (like.shape, like.dtype, ()), f" {index}")


def as_product(node: Node, setting: Setting) -> Node:
    """A contraction as moves and products in their plain forms; itself where it repeats or invents an index."""
    spec, outer = node.attrs
    inputs, output = spec.split("->")
    operands = inputs.split(",")
    if outer or any(len(set(o)) < len(o) for o in (*operands, output)):
        return node
    found = _factors(operands, node.args, output)
    while len(found) > 2:
        found = _paired(found, output, setting)
    if len(found) == 1:
        return _ordered(found[0].node, found[0].letters, output)
    first, second = found
    return _product(first, second, output, setting, node)


@dataclass(frozen=True, slots=True)
class _Factor:
    """An operand and the index of each of its axes."""

    node: Node
    letters: str

    def extents(self) -> dict[str, DimLike]:
        return dict(zip(self.letters, self.node.shape, strict=True))


def _factors(operands: Sequence[str], args: Sequence[Node], output: str) -> list[_Factor]:
    """The operands, summed over indices that no other operand and not the output has."""
    found = []
    for i, (letters, x) in enumerate(zip(operands, args, strict=True)):
        x = cast(x, "int") if x.dtype == "bool" else x
        others = output + "".join(o for j, o in enumerate(operands) if j != i)
        alone = tuple(p for p, letter in enumerate(letters) if letter not in others)
        if alone:
            x = make(SUM, (x,), (alone, False))
            letters = "".join(letter for letter in letters if letter in others)
        found.append(_Factor(x, letters))
    return found


def _paired(factors: list[_Factor], output: str, setting: Setting) -> list[_Factor]:
    """The factors after the cheapest product of two of them."""
    extents: dict[str, DimLike] = {}
    for factor in factors:
        extents |= factor.extents()

    def outcome(i: int, j: int) -> str:
        kept = output + "".join(f.letters for p, f in enumerate(factors) if p not in (i, j))
        both = dict.fromkeys(factors[i].letters + factors[j].letters)
        return "".join(letter for letter in both if letter in kept)

    def cost(pair: tuple[int, int]) -> tuple[int, int]:
        i, j = pair
        every = dict.fromkeys(factors[i].letters + factors[j].letters)
        computed, kept_entries = (
            setting.entries(tuple(extents[letter] for letter in letters))
            for letters in (every, outcome(i, j))
        )
        return computed, kept_entries

    i, j = min(combinations(range(len(factors)), 2), key=cost)
    letters = outcome(i, j)
    joined = _Factor(_product(factors[i], factors[j], letters, setting), letters)
    return [joined, *(f for p, f in enumerate(factors) if p not in (i, j))]


# two operands -----------------------------------------------------------------------------------------------


def _product(a: _Factor, b: _Factor, output: str, setting: Setting, whole: Node | None = None) -> Node:
    """The contraction of two factors. `whole` is the node it comes from, given back where that is as good."""
    batch = [i for i in output if i in a.letters and i in b.letters]
    summed = [i for i in a.letters if i in b.letters and i not in output]
    rows = [i for i in a.letters if i not in b.letters]
    columns = [i for i in b.letters if i not in a.letters]
    if not summed and (batch or not rows or not columns):
        return make(MUL, (_aligned(a, output), _aligned(b, output)))
    if not batch and rows and columns and output.index(columns[0]) < output.index(rows[0]):
        a, b, rows, columns = b, a, columns, rows
    larger = max(a, b, key=lambda f: setting.entries(f.node.shape))
    extents = a.extents() | b.extents()
    if setting.entries(tuple(extents[i] for i in output)) > setting.entries(larger.node.shape):
        rows, columns = ([i for i in output if i in group] for group in (rows, columns))
    summed = [i for i in larger.letters if i in summed]
    if batch and not rows and not columns:
        return _row_products(a, b, batch, summed, output, whole)
    if not batch and not rows and not columns:
        return _inner(a, b, summed, setting)
    groups = {"n": rows, "k": summed, "m": columns} | dict(zip(LETTERS, ([i] for i in batch), strict=False))
    left, left_letters = _merged(a, [*LETTERS[: len(batch)], *"nk"], groups, keep_empty=bool(batch))
    right, right_letters = _merged(b, [*LETTERS[: len(batch)], *"km"], groups, keep_empty=bool(batch))
    result = _grouping(output, groups, [*LETTERS[: len(batch)], *"nm"]) or [*LETTERS[: len(batch)], *"nm"]
    kept = "".join(c for c in result if groups[c] or batch)
    value = make(CONTRACT, (left, right), (f"{left_letters},{right_letters}->{kept}", ()))
    letters = "".join(i for c in kept for i in groups[c])
    return _ordered(reshape(value, tuple(extents[i] for i in letters)), letters, output)


def _inner(a: _Factor, b: _Factor, summed: Sequence[str], setting: Setting) -> Node:
    """The sum of all products of two arrays: one inner product, or where that is long, one for each row."""
    wanted = "".join(summed)
    x, y = (_ordered(f.node, f.letters, wanted) for f in (a, b))
    if x.ndim > 1 and setting.entries(x.shape) > LONGEST_CHAIN:
        rows, columns = product(x.shape[:-1]), x.shape[-1]
        x, y = (reshape(z, (rows, columns)) for z in (x, y))
        return make(SUM, (make(CONTRACT, (x, y), ("nk,nk->n", ())),), ((0,), False))
    count = (product(x.shape),)
    return make(CONTRACT, (reshape(x, count), reshape(y, count)), ("k,k->", ()))


def _row_products(
    a: _Factor, b: _Factor, batch: Sequence[str], summed: Sequence[str], output: str, whole: Node | None
) -> Node:
    """Sums of elementwise products over the last axes, or over the first ones."""
    groups = {"n": batch, "k": summed}
    if a.letters == b.letters:
        own = [i for i in a.letters if i in batch]
        groups["n"] = own
        order = _grouping(a.letters, groups, "nk")
        if order:
            x, spec = _merged(a, order, groups, keep_empty=False)
            y, _ = _merged(b, order, groups, keep_empty=False)
            extents = a.extents()
            value = make(CONTRACT, (x, y), (f"{spec},{spec}->n", ()))
            return _ordered(reshape(value, tuple(extents[i] for i in own)), "".join(own), output)
    if whole is not None:
        return whole
    return make(CONTRACT, (a.node, b.node), (f"{a.letters},{b.letters}->{output}", ()))


# axes -------------------------------------------------------------------------------------------------------


def _grouping(letters: str, groups: Mapping[str, Sequence[str]], names: Iterable[str]) -> list[str] | None:
    """The groups in the order in which `letters` has them, each in one piece; None if it does not."""
    wanted = {groups[name][0]: name for name in names if groups[name]}
    order, at = [], 0
    while at < len(letters):
        name = wanted.get(letters[at])
        if name is None or list(letters[at : at + len(groups[name])]) != list(groups[name]):
            return None
        order.append(name)
        at += len(groups[name])
    return order + [name for name in names if not groups[name]]


def _merged(
    x: _Factor, names: Sequence[str], groups: Mapping[str, Sequence[str]], *, keep_empty: bool
) -> tuple[Node, str]:
    """The operand with one axis for each group, in its own order if that has the groups in one piece."""
    order = _grouping(x.letters, groups, names) or list(names)
    order = [name for name in order if groups[name] or keep_empty]
    letters = "".join(i for name in order for i in groups[name])
    extents = x.extents()
    shape: Shape = tuple(product(extents[i] for i in groups[name]) for name in order)
    return reshape(_ordered(x.node, x.letters, letters), shape), "".join(order)


def _ordered(x: Node, letters: str, wanted: str) -> Node:
    return transpose(x, tuple(letters.index(i) for i in wanted))


def _aligned(x: _Factor, output: str) -> Node:
    """The operand with its axes where the output has them, and axes of size 1 for those it lacks."""
    own = "".join(i for i in output if i in x.letters)
    turned, extents = _ordered(x.node, x.letters, own), x.extents()
    return reshape(turned, tuple(extents.get(i, 1) for i in output[_first(output, own) :]))


def _first(output: str, own: str) -> int:
    """Where the first index of an operand stands: axes before it broadcast by themselves."""
    return output.index(own[0]) if own else len(output)


# transposes -------------------------------------------------------------------------------------------------


def _absorb_transposes(lowered: Lowered) -> Lowered:
    """Contractions that read what is transposed, and give what only a transpose reads, by their index strings."""
    if TRANSPOSE not in lowered.ops:
        return lowered
    uses = count_uses(lowered)
    free = {node for node, count in uses.items() if count == 1 and node not in lowered.names}
    changed: dict[Node, Node] = {}
    for node in lowered.nodes:
        now = rebuild(node, [changed.get(a, a) for a in node.args])
        if node.op is CONTRACT and any(a.op is TRANSPOSE for a in now.args):
            now = _before(now)
        elif node.op is TRANSPOSE and now.args[0].op is CONTRACT and node.args[0] in free:
            now = _after(now.args[0], node.attrs[0])
        if now is not node:
            changed[node] = now
    return replaced(lowered, changed)


def _before(node: Node) -> Node:
    inputs, output = node.attrs[0].split("->")
    specs, args = inputs.split(","), list(node.args)
    for i, x in enumerate(args):
        while x.op is TRANSPOSE:
            back = sorted(range(x.ndim), key=x.attrs[0].__getitem__)
            specs[i], args[i] = "".join(specs[i][p] for p in back), x.args[0]
            x = x.args[0]
    return make(CONTRACT, args, (f"{','.join(specs)}->{output}", node.attrs[1]))


def _after(node: Node, order: Sequence[int]) -> Node:
    inputs, output = node.attrs[0].split("->")
    turned = "".join(output[p] for p in order)
    return make(CONTRACT, node.args, (f"{inputs}->{turned}", node.attrs[1]))


PRODUCTS = Pass("products", "writes contractions as products of matrices without copies", products)
