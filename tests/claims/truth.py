"""Whether a claim is true, by numbers: its sides evaluated at two points, apart from all that judges claims."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from graphc.claims.reading import Claim, claims_of
from graphc.ir.errors import GraphcError
from graphc.ir.graph import Graph
from graphc.ir.node import Node
from graphc.ir.types import evaluate_dim
from graphc.lang.build import build
from graphc.lang.source import Block, Source, markdown_blocks
from graphc.ops.facts import Range, SumsTo, Symmetric
from graphc.ops.leaf import facts_of
from graphc.ops.naive import evaluate
from tests.claims.changes import with_lines
from tests.claims.sheets import Sheet


def built(sheet: Sheet) -> tuple[dict[int, Claim], tuple[str, ...]]:
    """The claims of a text by line, and its sizes."""
    blocks = markdown_blocks(sheet.text) if sheet.path.suffix == ".md" else (Block(sheet.text, 1),)
    program = build(Source(sheet.name, blocks), env={}, declared_only=True, judging=True)
    return {claim.at.line: claim for claim in claims_of(program).found}, program.dims


def drawn(leaf: Node, sizes: dict[str, int], rng: np.random.Generator) -> Any:
    shape = tuple(evaluate_dim(d, sizes) for d in leaf.shape)
    if leaf.dtype == "int":
        return rng.integers(0, 2, shape)
    facts = facts_of(leaf)
    signs = 1 if any(isinstance(f, Range) for f in facts) else rng.choice([-1, 1], shape)
    values = rng.uniform(0.3, 1.7, shape) * signs
    for fact in facts:
        if isinstance(fact, Symmetric):
            values = values + values.T
        if isinstance(fact, SumsTo):
            values = values / values.sum(axis=fact.axis, keepdims=True)
    return values


def points(roots: list[Node], dims: tuple[str, ...]) -> Iterator[list[Any]]:
    """The roots at points where all of them are defined, all sizes different."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        sizes = dict(zip(dims, (int(n) for n in rng.permutation(range(2, 10))), strict=False))
        try:
            arrays = evaluate(
                roots, {str(x.name): drawn(x, sizes, rng) for x in Graph(tuple(roots)).leaves}, sizes=sizes
            )
        except (ValueError, IndexError):
            continue  # sizes that do not fit together
        if all(np.isfinite(np.asarray(a, float)).all() for a in arrays):
            yield arrays


def is_true(claim: Claim, dims: tuple[str, ...]) -> bool:
    """Whether the sides agree at two points, in floats."""
    shapes = {side.shape for side in claim.sides if side.op.name != "const"}
    if claim.failure or len(shapes) > 1:
        return False
    found = points(list(claim.sides), dims)
    return all(
        np.allclose(a, b, rtol=1e-9, atol=1e-13 * np.abs(b).max(initial=0))
        for arrays in (next(found), next(found))
        for a, b in pairwise(arrays)
    )


def labelled(base: Sheet, lines: list[str]) -> Sheet:
    """The changed claims that can be read, with what numbers say of them."""
    kept, kinds = [], []
    for line in lines:
        try:
            claims, dims = built(with_lines(base, [line], ["wrong"]))
            kind = "right" if is_true(claims[base.text.count("\n") + 2], dims) else "wrong"
        except (GraphcError, StopIteration):
            continue  # a name that is not there, or nowhere defined
        kept.append(line)
        kinds.append(kind)
    return with_lines(base, kept, kinds)
