"""Every operation of the table is emitted, and computes what the reference interpreter computes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.emit.body import PRINTERS
from graphc.ir.node import Node, make, topological
from graphc.ops import FUNCTIONS, OPS, const, input_, param, state
from tests.cases import CASES as TABLE
from tests.cases import SIZES
from tests.cases import Case as TableCase

F = FUNCTIONS
Case = tuple[str, Node]

x = input_("x", ("N", 3))
y = input_("y", ("N", 3))
row = input_("row", 3)
column = input_("column", ("N", 1))
square = input_("square", (3, 3))
cube = input_("cube", (2, "N", 3))
scalar = input_("scalar")
positive = input_("positive", ("N", 3))
labels = input_("labels", "N", dtype="int")
whole = input_("whole", ("N", 3), dtype="int")
mask = input_("mask", ("N", 3), dtype="bool")
other_mask = input_("other_mask", ("N", 3), dtype="bool")

UNARY = "neg exp expm1 abs sign sin cos tanh erf square step sigmoid softplus log_sigmoid relu leaky_relu elu"
BINARY = "add sub mul div maximum minimum less less_equal greater greater_equal equal not_equal"
CONTRACTIONS = {
    "nk,km->nm": (x, square),
    "nk,mk->nm": (x, square),
    "kn,km->nm": (square, square),
    "kn,mk->nm": (square, square),
    "nk,km->mn": (x, square),
    "nk,k->n": (x, row),
    "kn,k->n": (square, row),
    "k,kn->n": (row, square),
    "k,nk->n": (row, square),
    "k,k->": (row, row),
    "n,m->nm": (row, row),
    "n,m->mn": (row, row),
    "nk,nk->nk": (x, y),
    "nk,nk->n": (x, y),
    "nk,nk->": (x, y),
    "nk,k->nk": (x, row),
    "nk,k->kn": (x, row),
    "bnk,km->bnm": (cube, square),
    "bnk,bmk->bnm": (cube, cube),
    "bnk,bmk->bmn": (cube, cube),
    "bnk,bnm->bkm": (cube, cube),
    "bnk,bnm->km": (cube, cube),
    "bnk,mk->mbn": (cube, square),
    "nk->kn": (x,),
    "bnk,mk->bnm": (cube, square),
    "km,bnk->bnm": (square, cube),
    "nk->": (x,),
    "nk->k": (x,),
    "ii->i": (square,),
    "ii->": (square,),
    "i->ii": (row,),
    "iik->k": (input_("t3", (2, 2, 3)),),
    "nk,kl,l->n": (x, square, row),
    ",n->n": (scalar, row),
    "n,->n": (row, scalar),
    ",->": (scalar, scalar),
    "ij,jj->i": (square, square),
    "bnk,nbk->bk": (cube, input_("turned", ("N", 2, 3))),
    "nβ,βγ->nγ": (x, square),
    "nk,m->n": (x, row),
}


def contract(spec: str, *args: Any, **outer: Any) -> Node:
    return F["contract"](spec, *args, **outer)


def pointwise_cases() -> Iterator[Case]:
    for name in UNARY.split():
        yield name, F[name](x)
        yield f"{name} of a scalar", F[name](scalar)
        yield f"{name} of whole numbers", F[name](whole)
        yield f"{name} of a size", F[name](F["size"]("N"))
    for name in BINARY.split():
        for label, a, b in (
            ("arrays", x, y),
            ("row", x, row),
            ("column", column, x),
            ("outer", column, row),
            ("scalar", x, scalar),
            ("constant", x, const(2.5)),
            ("constant first", const(2), x),
            ("pi", x, const("pi")),
            ("mixed", whole, x),
            ("whole", whole, labels.reshape("N", 1)),
            ("mask", mask, x),
            ("masks", mask, other_mask),
            ("whole and mask", whole, mask),
            ("whole and constant", whole, const(0.5)),
            ("mask and constant", mask, const(0.5)),
            ("mask and one", mask, const(1)),
            ("size", x, F["size"]("N")),
            ("sizes", F["size"]("N"), F["size"]("2*N+1")),
            ("constants", const(7), const(1.5)),
            ("infinity", x, const("inf")),
        ):
            yield f"{name}: {label}", F[name](a, b)
    for name in ("log", "log1p", "sqrt", "reciprocal"):
        yield name, F[name](positive)
        yield f"{name} of a size", F[name](F["size"]("N"))
        yield f"{name} of a constant", F[name](const(2))
    for exponent in (0, 1, 2, 3, 4, 7, 8, 9, -1, -2, 0.5, -1.5, 2.5):
        yield f"power {exponent}", positive ** const(exponent)
    yield "power of arrays", positive**x
    yield "power of whole numbers", whole ** const(2)
    yield "power of sizes", F["size"]("N") ** const(0.5)
    yield "power of a constant", const(2) ** x
    yield "where", F["where"](x > 0, x, y)
    yield "where: constants", F["where"](x > 0, 1, 0)
    yield "where: rationals", F["where"](x > 0, const(0.5), 2)
    yield "where: masks", F["where"](x > 0, mask, x < 1)
    yield "where: mixed", F["where"](mask, whole, y)
    yield "where: real condition", F["where"](x, 1, y)
    yield "clip", F["clip"](x, -1, 1)
    for dtype in ("real", "int", "bool"):
        for node in (x, whole, mask, x > 0):
            yield f"cast {node.dtype} to {dtype}", make(OPS["cast"], (node,), (dtype,))
    yield "assumed", make(OPS["assumed"], (x + 1,), ((),))
    yield "step times", x * F["step"](y)
    yield "mask times", 2 * (x > 0) * y
    yield "mask sum", (x > 0) + (y > 0)
    yield "broadcast sum", F["broadcast"](scalar, ("N", 3)) + 1
    yield "one broadcast of two", F["broadcast"](scalar, ("N", 3)) * F["broadcast"](row, ("N", 3))
    yield "big", x * const(10**25) + const(2**62) / const(3)
    yield "parentheses", x - (y - (x - y)) / (x / (y / 3)) ** 2 - (-x) ** 2 + -(x**3)


def structural_cases() -> Iterator[Case]:
    for spec, args in CONTRACTIONS.items():
        yield f"contract {spec}", contract(spec, *args)
    yield "contract k->nk", contract("k->nk", row, n="N")
    yield "contract k->kn", contract("k->kn", row, n="N")
    yield "contract ->ii", contract("->ii", scalar, i=3)
    yield "contract k->knn", contract("k->knn", row, n="N")
    yield "contract nk,k->nnkm", contract("nk,k->nnkm", x, row, m=2)
    yield "contract whole", contract("nk,nk->n", whole, x)
    yield "contract whole only", contract("nk,nk->n", whole, whole)
    yield "contract masks", contract("nk,nk->n", x > 0, mask)
    for name in ("sum", "prod", "max", "min", "mean"):
        for axis in (None, 0, 1, 2, (0, 2), (1, 2)):
            for keepdims in (False, True):
                yield f"{name} {axis} {keepdims}", F[name](cube, axis=axis, keepdims=keepdims)
        yield f"{name} whole", F[name](whole, axis=1)
        yield f"{name} mask", F[name](mask, axis=0)
        yield f"{name} of an expression", F[name](x + 1, axis=1)
    for name in ("argmax", "argmin"):
        yield name, F[name](x, axis=1)
        yield f"{name} of an expression", F[name](x * y, axis=0)
    yield "reshape", cube.reshape("N", 6)
    yield "reshape flat", cube.reshape("6*N")
    yield "reshape add", x.reshape("N", 1, 3)
    yield "reshape drop", column.reshape("N")
    yield "reshape scalar", scalar.reshape(1, 1)
    yield "reshape to scalar", input_("single", (1, 1)).reshape(())
    yield "reshape constant", F["reshape"](const(2), (1,))
    yield "transpose", x.T
    yield "transpose 3", F["transpose"](cube, (2, 0, 1))
    yield "transpose last", F["transpose"](cube, (0, 2, 1))
    yield "broadcast", F["broadcast"](row, (2, "N", 3))
    yield "full", F["full"](("N", 3), const(0.5))
    yield "zeros", F["zeros"](("N", 3))
    yield "ones of a size", F["ones"]("N")
    yield "full of a scalar", F["full"](("N",), scalar)
    yield "eye", F["eye"]("N", 3)
    yield "one_hot", F["one_hot"](labels, 4)
    yield "iota", F["arange"]("2*N+1")
    for label, key in (
        ("head", slice(None, 2)),
        ("tail", slice(1, None)),
        ("reversed", slice(None, None, -1)),
    ):
        yield f"slice {label}", square[key]
    yield "slice steps", square[::2, ::-2]
    yield "slice back", square[2:0:-1]
    yield "slice empty", square[2:2]
    yield "slice symbolic", x[1:, :-1]
    yield "slice symbolic reversed", x[::-1]
    yield "pick", x[0, -1]
    yield "pick the last", x[-1]
    yield "pad", F["pad"](x, [(1, 2), (0, "N")])
    yield "pad with", F["pad"](x, [(1, 0), (0, 1)], fill=1.5)
    yield "pad with -inf", F["pad"](x, [(1, 0), (0, 1)], fill=float("-inf"))
    yield "pad whole", F["pad"](whole, [(1, 0), (0, 1)], fill=7)
    yield "pad with steps", make(OPS["pad"], (row,), ((7,), ((1, 2, 3),), Fraction(2)))
    yield "pad backwards", make(OPS["pad"], (row,), ((3,), ((2, -1, 3),), Fraction(0)))
    yield "concat", F["concat"]([x, y, x + y], axis=1)
    yield "concat mixed", F["concat"]([x, whole, mask], axis=0)
    yield "stack", F["stack"]([x, y], axis=1)
    yield "stack numbers", F["stack"]([const(1), scalar, F["size"]("N")])
    yield "nested list", F["stack"]([F["stack"]([const(1), scalar]), F["stack"]([const(3), const(4)])])
    yield "gather", F["gather"](square, labels, axis=1)
    yield "gather rows", square[labels]
    yield "gather places", x[F["arange"]("N"), labels]
    yield "gather one", make(OPS["gather"], (x, F["size"]("N") - 1), (0,))
    yield "gather inner", cube[:, F["arange"]("N"), labels]
    yield "scatter_add", F["scatter_add"](x, labels, (4, 3))
    yield "scatter_add axis", F["scatter_add"](x.T, labels, (3, 4), axis=1)
    yield "scatter_add whole", F["scatter_add"](whole, labels, (4, 3))
    yield "scatter_add mask", F["scatter_add"](mask, labels, (4, 3))
    yield "scatter_add one", make(OPS["scatter_add"], (scalar, const(2)), ((4,), 0))
    for name in ("cumsum", "cumprod"):
        for reverse in (False, True):
            for exclusive in (False, True):
                for axis in (0, 1):
                    yield (
                        f"{name} {reverse} {exclusive} {axis}",
                        F[name](x, axis=axis, reverse=reverse, exclusive=exclusive),
                    )
        yield f"{name} whole", F[name](whole, exclusive=True)
    for reverse in (False, True):
        yield f"recurrence {reverse}", F["recurrence"](x, y, axis=0, reverse=reverse)
    yield "recurrence whole", F["recurrence"](whole, y)
    for name in ("softmax", "log_softmax", "logsumexp"):
        yield name, F[name](x)
        yield f"{name} axis 0", F[name](x, axis=0)
    yield "cross_entropy", F["cross_entropy"](x, labels)
    yield "cross_entropy with distributions", F["cross_entropy"](x, F["softmax"](y))
    yield "binary_cross_entropy", F["binary_cross_entropy"](x, F["sigmoid"](y))
    yield "mean_squared_error", F["mean_squared_error"](x, y)
    for name in (
        *("residual_sum_of_squares", "mean_squared_error", "mean_absolute_error", "huber"),
        *("binary_cross_entropy", "cross_entropy", "multi_label_cross_entropy", "hinge", "multiclass_hinge"),
    ):
        for reduction in ("mean", "sum", "none"):
            yield f"{name}, {reduction}", F[name](x, F["sigmoid"](y), reduction=reduction)
            yield f"{name}, weighted, {reduction}", F[name](x, y, column[:, 0], reduction=reduction)
    yield (
        "binary_cross_entropy of probabilities",
        F["binary_cross_entropy"](F["sigmoid"](x), mask * 1, from_logits=False),
    )
    yield "kl_divergence", F["kl_divergence"](F["softmax"](y), F["softmax"](x))
    yield "kl_divergence of a sure row", F["kl_divergence"](F["one_hot"](labels, 3), positive)
    yield "cross_entropy by class", F["cross_entropy"](x, labels, class_weights=row)
    yield "multiclass_hinge by class", F["multiclass_hinge"](x, labels, class_weights=row, margin=0.5)
    yield "l1_penalty", F["l1_penalty"](x, 0.1)
    yield "l2_penalty", F["l2_penalty"](x, scalar)
    yield "elastic_net", F["elastic_net"](x, 0.1, 0.2)
    yield "max_norm", F["max_norm"](x, 1.5)
    yield "stop_gradient", F["stop_gradient"](x) * y
    yield "norm", F["norm"](x)
    yield "trace", F["trace"](square)
    yield "param and state", param("W", ("N", 3)) + state("s", 3)
    yield "an input", x
    yield "a constant", const(2)
    yield "a rational", const(Fraction(1) / 3)
    yield "a size", F["size"]("N")
    yield "sizes", F["size"]("N") * 2 - 1
    yield "a quotient of sizes", 1 / F["size"]("N")
    yield "a quotient of zero sizes", 1 / (F["size"]("N") - 4)


CASES: dict[str, Node] = dict([*pointwise_cases(), *structural_cases()])


def values_for(outputs: list[Node], seed: int = 3, n: int = 4) -> dict[str, Any]:
    """Values for the leaves below `outputs`, N being `n`; whole numbers are small: they may be indices."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for leaf in topological(outputs):
        if leaf.is_leaf:
            shape = tuple(d if isinstance(d, int) else n for d in leaf.shape)
            make_value: Callable[[], Any] = {
                "real": lambda shape=shape: rng.standard_normal(shape),
                "int": lambda shape=shape: rng.integers(0, 3, shape),
                "bool": lambda shape=shape: rng.integers(0, 2, shape).astype(bool),
            }[leaf.dtype]
            value = make_value()
            found[leaf.name or ""] = np.abs(value) + 0.1 if leaf.name == "positive" else value
    return found


def with_sizes(node: Node) -> list[Node]:
    """The node, and an input that brings the size N if the node has none."""
    return [node, (column * 1).named("brings N")]


def assert_equal(actual: Any, expected: Any, tolerance: float) -> None:
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", CASES)
def test_emitted_code_computes_what_the_reference_does(case: str) -> None:
    outputs = with_sizes(CASES[case])
    values = values_for(outputs)
    for dtype, tolerance in (("float64", 1e-12), ("float32", 2e-5)):
        f = compile_(outputs, dtype=dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            actual, expected = f(**values)[0], f.naive(**values)[0]
        assert_equal(actual, expected, tolerance)


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_emitted_code_computes_each_case_of_the_table(case: TableCase) -> None:
    sizes = [(input_(f"brings {s}", s) * 1).named(f"{s} is known") for s in SIZES]
    values = case.values() | {f"brings {s}": np.zeros(n) for s, n in SIZES.items()}
    for leaf in topological([case.node()]):
        if leaf.is_leaf:
            values.setdefault(leaf.name or "", np.linspace(-1, 1, 3))
    for dtype, tolerance in (("float64", 1e-12), ("float32", 5e-5)):
        f = compile_([case.node(), *sizes], dtype=dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            actual, expected = f(**values)[0], f.naive(**values)[0]
        assert_equal(actual, expected, tolerance)


def test_no_operation_is_left_out() -> None:
    nodes = [*CASES.values(), *(case.node() for case in TABLE)]
    emitted = {n.op.name for node in nodes for n in topological([node])}
    printed = {name for name, op in OPS.items() if op.kind not in ("leaf", "stop", "composite")}
    assert printed <= set(PRINTERS)
    missing = {name for name in OPS if "test" not in name} - emitted
    assert not missing, f"no test emits {sorted(missing)}"


STABLE = ("sigmoid", "softplus", "log_sigmoid", "tanh", "elu", "relu", "softmax", "log_softmax", "logsumexp")
FAR = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [3, 2, 1]])


@pytest.mark.parametrize("name", STABLE)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_far_logits_and_their_gradients_are_finite_and_quiet(name: str, dtype: str) -> None:
    value = F["sum"](F[name](x) * F["cos"](y if F[name](x).ndim == 2 else y[:, 0]))
    f = compile_([F[name](x), *gradients(value, [x, y])], dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(np.isfinite(result).all() for result in f(x=FAR, y=FAR / 1e4))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_losses_at_far_logits_are_finite_and_right(dtype: str) -> None:
    bits = input_("bits", ("N", 3))
    ce, bce = F["cross_entropy"](x, labels), F["binary_cross_entropy"](x, bits)
    f = compile_([ce, bce, *gradients(ce, [x]), *gradients(bce, [x])], dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss, binary, dx, dx_binary = f(x=FAR, labels=[1, 0, 0, 2], bits=np.ones((4, 3)))
    three = np.log(3)
    np.testing.assert_allclose(loss, (2e4 + 2 * three + np.log1p(np.e + np.e**2)) / 4, rtol=1e-6)
    small = np.log1p(np.exp([-3.0, -2, -1])).sum() + np.log(2)
    np.testing.assert_allclose(binary, (4e4 + small) / 12, rtol=1e-6)
    np.testing.assert_allclose(dx[0] * 4, [1, -1, 0], atol=1e-6)
    np.testing.assert_allclose(dx_binary[1] * 12, [-1, -1, -1], rtol=1e-6)


@pytest.mark.parametrize("columns", [1, 2, 10, 33, 100, "M"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_of_rows(columns: int | str, dtype: str) -> None:
    """However they are found; a row with a nan has no other extreme."""
    x = input_("x", ("N", columns))
    f = compile_([F["max"](x, axis=1), F["min"](x, axis=1, keepdims=True)], dtype=dtype)
    rng = np.random.default_rng(0)
    for n in (0, 1, 50):
        values = rng.integers(-4, 4, (n, columns if isinstance(columns, int) else 40)).astype(dtype)
        values[::7, 0] = np.nan
        high, low = f(x=values)
        np.testing.assert_array_equal(high, values.max(axis=1))
        np.testing.assert_array_equal(low, values.min(axis=1, keepdims=True))
        assert high.dtype == low.dtype == dtype


def test_erf_is_accurate_to_the_last_bits() -> None:
    points = np.concatenate([np.linspace(-7, 7, 20001), 10.0 ** np.arange(-300, 1, 7)])
    exact = np.array([math.erf(p) for p in points])
    f = compile_(F["erf"](input_("p", "M")))
    assert np.all(np.abs(f(p=points) - exact) <= 1e-15 * np.abs(exact))
    assert np.isnan(f(p=[np.nan])[0])
    assert list(f(p=[np.inf, -np.inf])) == [1.0, -1.0]
    single = compile_(F["erf"](input_("p", "M")), dtype="float32")
    points = points[np.abs(points) > 1e-37].astype(np.float32)
    exact = np.array([math.erf(p) for p in points.tolist()])
    assert np.all(np.abs(single(p=points) - exact) <= 2e-7 * np.abs(exact))
