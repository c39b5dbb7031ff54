"""What a changed edge of the reverse pass is said to do to the gradient is what it does; for pairs of them too."""

from __future__ import annotations

import textwrap
import time
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from graphc.claims.mistakes import COMMON
from graphc.claims.mutations.at import At, close
from graphc.claims.mutations.backward import Backward
from graphc.claims.mutations.case import Case
from graphc.claims.mutations.opened import opened
from graphc.claims.mutations.pairs import _crossed, _useful
from graphc.derive.reverse import grad
from graphc.ir.node import topological
from graphc.lang import parse
from tests.claims.planted import MODELS

VARIABLES = {
    "logistic": ("w", "b"), "linear": ("w", "b"), "relu net": ("W1", "b1", "W2"), "tanh net": ("W1", "X"),
    "sigmoid net": ("W1", "W2"), "labels": ("W",), "batch norm": ("x", "gamma"), "batch norm layer": ("x",),
    "attention": ("q", "k"), "convolution": ("K", "x"), "scalar": ("x", "y"), "square": ("A", "x"),
    "residual": ("x", "V"), "pooled": ("W",),
}  # fmt: skip
CASES = [(model, by) for model, names in VARIABLES.items() for by in names]


@pytest.fixture(autouse=True)
def _quietly() -> object:
    with np.errstate(all="ignore"):
        yield


@cache
def case(model: str, by: str) -> Case:
    names = parse(textwrap.dedent(MODELS[model])).names
    loss, node = names["loss"], names[by]
    return Case(grad(loss, node), grad(loss, node), loss, node, time.monotonic() + 60)


@pytest.mark.parametrize(("model", "by"), CASES)
def test_the_edges_give_the_gradient(model: str, by: str) -> None:
    found = case(model, by)
    for edges in found._backwards:
        right = found.ats[0].value(found.right)
        assert close(edges.first.gradient({}), right) or np.allclose(
            edges.first.gradient({}), right, rtol=1e-9
        )


@pytest.mark.parametrize(("model", "by"), CASES)
def test_an_attempt_weighs_what_it_moves(model: str, by: str) -> None:
    for edges in case(model, by)._backwards:
        right = edges.first.gradient({})
        assert len(edges.attempts) > 20
        for attempt, weight in zip(edges.attempts, edges.weights, strict=True):
            moved = edges.first.gradient(attempt.changes, attempt.skip)
            actual = float(np.sum((moved - right) * edges.direction))
            if np.isfinite(actual):
                scale = np.sum((np.abs(moved) + np.abs(right)) * np.abs(edges.direction))
                assert abs(actual - weight) <= 1e-9 * scale, attempt.mistake


@pytest.mark.parametrize(
    ("model", "by"), [("relu net", "W1"), ("batch norm", "x"), ("scalar", "x"), ("square", "A")]
)
def test_a_pair_weighs_what_both_move(model: str, by: str) -> None:
    rng = np.random.default_rng(1)
    for edges in case(model, by)._backwards:
        chosen = _useful(edges)
        assert all(edges.attempts[i].mistake.name in COMMON for i in chosen)
        crossed = _crossed(edges, chosen, time.monotonic() + 60)
        right = edges.first.gradient({})
        all_pairs = list(combinations(range(len(chosen)), 2))
        for k in rng.permutation(len(all_pairs))[:200]:
            a, b = all_pairs[k]
            one, other = edges.attempts[chosen[a]], edges.attempts[chosen[b]]
            if one.changes.keys() & other.changes.keys():
                continue
            moved = edges.first.gradient({**one.changes, **other.changes})
            actual = float(np.sum((moved - right) * edges.direction))
            told = edges.weights[chosen[a]] + edges.weights[chosen[b]] + crossed[a, b]
            scale = np.sum((np.abs(moved) + np.abs(right)) * np.abs(edges.direction))
            assert abs(actual - told) <= 1e-9 * (scale + abs(told)), (one.mistake, other.mistake)


def test_a_wrong_weight_is_seen() -> None:
    edges = case("tanh net", "W1")._backwards[0]
    first = int(np.argmax(np.abs(edges.weights)))
    gap = edges.target(edges.first.gradient(edges.attempts[first].changes))
    assert gap == pytest.approx(edges.weights[first])
    assert abs(gap - 1.001 * edges.weights[first]) > edges.tolerance(edges.right)


def test_opening_changes_no_value() -> None:
    for text in MODELS.values():
        loss = parse(textwrap.dedent(text)).names["loss"]
        (plain,) = opened([loss])
        found = Case(loss, loss, None, None, time.monotonic() + 60)
        at = found.ats[0]
        assert np.allclose(At(at.arrays, at.sizes).value(plain), at.value(loss), rtol=1e-9)
        assert not any(n.op.name in ("cross_entropy", "standardize") for n in topological([plain]))


def test_all_nodes_with_a_gradient_have_edges() -> None:
    names = parse(textwrap.dedent(MODELS["relu net"])).names
    backward = Backward(names["loss"], names["W1"])
    assert backward.nodes[0] is names["loss"]
    assert all(backward.uses[n] for n in backward.nodes[1:])
