"""Nothing wrong is ever proved: small changes of identities and of random expressions, held against numbers."""

from __future__ import annotations

import random
from itertools import islice

import numpy as np
import pytest

from graphc.claims.normal import prove
from graphc.claims.trial import Trial
from graphc.ir.node import Node, topological
from graphc.lang import parse
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate_all
from tests.claims.normal.changed import changes
from tests.claims.normal.identities import SHEETS
from tests.claims.normal.random_expressions import LABELS, LEAVES, expression

CHANGES = 16  # of each claim, spread over all there are
PAIRS = 250


@pytest.mark.parametrize("name", SHEETS)
def test_a_change_is_proved_only_where_it_is_right(name: str) -> None:
    program = parse(SHEETS[name])
    tried = 0
    for claim in program.claims:
        left, right = claim.sides
        every = list(islice(changes(right, program.leaves), 400))
        for changed in every[:: len(every) // CHANGES + 1]:
            tried += 1
            if prove(left, changed, seconds=0.5):
                trial = Trial([left, changed], count=2)
                assert trial.agree(left, changed), f"{left} == {changed} was proved"
    assert tried > 10


@pytest.mark.parametrize("seed", range(4))
def test_a_random_expression_is_not_proved_equal_to_another(seed: int) -> None:
    r = random.Random(seed)
    leaves = [leaf for group in LEAVES.values() for leaf in group]
    tried = 0
    for _ in range(PAIRS):
        expr = expression(r, r.choice([*LEAVES]), r.randint(2, 4))
        every = list(islice(changes(expr, leaves), 60))
        if every:
            changed = r.choice(every)
            tried += 1
            assert not (prove(expr, changed, seconds=0.3) and _differ(expr, changed)), f"{expr} == {changed}"
    assert tried > PAIRS / 2


SIZES = ({"N": 3, "M": 2}, {"N": 2, "M": 4}, {"N": 3, "M": 4})


def _differ(a: Node, b: Node) -> bool:
    """Whether two expressions differ at a point where all that is in them is finite."""
    if any(n.op.name == "one_hot" and n.args[0] is not LABELS for n in topological([a, b])):
        return False  # what is changed into no label has no classes
    rng = np.random.default_rng(0)
    for sizes in SIZES:
        arrays = evaluate_all([a, b], _values(rng, sizes), sizes=sizes)
        if all(np.isfinite(np.asarray(x, float)).all() for x in arrays.values()):
            x, y = (np.asarray(arrays[n], float) for n in (a, b))
            if (abs(x - y) > 1e-7 * (abs(x) + abs(y) + 1)).any():
                return True
    return False


def _values(rng: np.random.Generator, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    n, m = sizes["N"], sizes["M"]
    values = {
        str(leaf.name): rng.normal(size=[sizes[str(d)] for d in shape])
        for shape, group in LEAVES.items()
        for leaf in group
    }
    values["q"] = abs(values["q"]) + 0.1
    values["S"] = values["S"] + values["S"].T
    values["P"] = values["P"] - (values["P"].sum(axis=1, keepdims=True) - 1) / m
    values["l"] = rng.integers(0, m, n)
    values["t"] = np.eye(m)[rng.integers(0, m, n)]
    return values


def test_a_planted_falsehood_is_found() -> None:
    x = input_("x", "N")
    assert not Trial([x, x * 2], count=2).agree(x, x * 2)
    a = LEAVES["N",][0]
    assert _differ(a, a * 2)
    assert not _differ(a, a + a - a)
