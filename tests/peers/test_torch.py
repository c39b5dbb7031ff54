"""Values and gradients against PyTorch on shared operations, in float64, away from ties; broadcasting
included.
"""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.ir.graph import Graph
from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate
from tests.cases import SIZES, Leaf

pytestmark = pytest.mark.peers
F = FUNCTIONS
RTOL = 1e-10


def positive(*shape):
    return Leaf(shape, 0.4, 3)


def labels(*shape):
    return Leaf(shape, 0, 3, "int")


def real(*shape):
    return Leaf(shape)


# name: leaves, ours, theirs (given torch and the tensors by name)
SHARED = {
    "add": ((real(2, 3), real(3)), lambda x, y: x + y, lambda t, x, y: x + y),
    "sub": ((real("N", 1), real(1, 4)), lambda x, y: x - y, lambda t, x, y: x - y),
    "mul": ((real(2, 1, 3), real(4, 1)), lambda x, y: x * y, lambda t, x, y: x * y),
    "div": ((real(2, 3), positive()), lambda x, y: x / y, lambda t, x, y: x / y),
    "pow": ((positive(2, 3), real(3)), lambda x, y: x**y, lambda t, x, y: x**y),
    "power of a number": ((real(4),), lambda x: x**3, lambda t, x: x**3),
    "number to a power": ((real(4),), lambda x: 2**x, lambda t, x: 2**x),
    **{
        name: ((real(3, 2),), lambda x, f=name: F[f](x), lambda t, x, f=name: getattr(t, f)(x))
        for name in (
            "neg",
            "exp",
            "expm1",
            "abs",
            "sign",
            "sin",
            "cos",
            "tanh",
            "erf",
            "square",
            "sigmoid",
            "relu",
        )
    },
    **{
        name: ((positive(3, 2),), lambda x, f=name: F[f](x), lambda t, x, f=name: getattr(t, f)(x))
        for name in ("log", "log1p", "sqrt", "reciprocal")
    },
    "log_sigmoid": ((real(5),), lambda x: F["log_sigmoid"](x), lambda t, x: t.nn.functional.logsigmoid(x)),
    "softplus": (
        (real(5),),
        lambda x: F["softplus"](x),
        lambda t, x: t.nn.functional.softplus(x, threshold=1000),
    ),
    "leaky_relu": (
        (real(5),),
        lambda x: F["leaky_relu"](x, slope=0.2),
        lambda t, x: t.nn.functional.leaky_relu(x, 0.2),
    ),
    "elu": ((real(5),), lambda x: F["elu"](x, alpha=0.5), lambda t, x: t.nn.functional.elu(x, 0.5)),
    "logaddexp": (
        (real(2, 3), real(3)),
        lambda x, y: F["logaddexp"](x, y),
        lambda t, x, y: t.logaddexp(x, y),
    ),
    "maximum": ((real(2, 3), real(3)), lambda x, y: F["maximum"](x, y), lambda t, x, y: t.maximum(x, y)),
    "minimum": ((real(2, 3), real(2, 1)), lambda x, y: F["minimum"](x, y), lambda t, x, y: t.minimum(x, y)),
    "clip": ((real(8),), lambda x: F["clip"](x, -1, 1), lambda t, x: t.clamp(x, -1, 1)),
    "where": (
        (real(2, 3), real(3)),
        lambda x, y: F["where"](x > y, x * y, y),
        lambda t, x, y: t.where(x > y, x * y, y),
    ),
    "matmul": ((real(2, 3), real(3, 4)), lambda x, y: x @ y, lambda t, x, y: x @ y),
    "matmul of vectors": ((real("K"), real("K")), lambda x, y: x @ y, lambda t, x, y: x @ y),
    "matmul, vector right": ((real(2, 3, 4), real(4)), lambda x, y: x @ y, lambda t, x, y: x @ y),
    "matmul, batches": ((real(2, 1, 3, 4), real(5, 4, 2)), lambda x, y: x @ y, lambda t, x, y: x @ y),
    "einsum": (
        (real(2, 3, 4), real(4, 3)),
        lambda x, y: F["contract"]("bik,ki->bi", x, y),
        lambda t, x, y: t.einsum("bik,ki->bi", x, y),
    ),
    "trace": ((real(3, 3),), lambda x: F["trace"](x), lambda t, x: t.trace(x)),
    "diag": ((real(3, 3),), lambda x: F["diag"](x), lambda t, x: t.diag(x)),
    "outer": ((real(3), real(4)), lambda x, y: F["outer"](x, y), lambda t, x, y: t.outer(x, y)),
    "inv": ((real(3, 3),), lambda x: F["inv"](x), lambda t, x: t.linalg.inv(x)),
    "inv of each": ((real(2, 3, 3),), lambda x: F["inv"](x), lambda t, x: t.linalg.inv(x)),
    "det": ((real(2, 3, 3),), lambda x: F["det"](x), lambda t, x: t.linalg.det(x)),
    "logdet": ((real("N", 2, 2),), lambda x: F["logdet"](x), lambda t, x: t.linalg.slogdet(x)[1]),
    "solve": ((real(3, 3), real(3)), lambda x, y: F["solve"](x, y), lambda t, x, y: t.linalg.solve(x, y)),
    "solve for columns": (
        (real(3, 3), real(2, 3, 4)),
        lambda x, y: F["solve"](x, y),
        lambda t, x, y: t.linalg.solve(x, y),
    ),
    "sum": ((real(2, 3, 4),), lambda x: x.sum(axis=(0, 2)), lambda t, x: x.sum((0, 2))),
    "mean": ((real("N", 4),), lambda x: x.mean(axis=0, keepdims=True), lambda t, x: x.mean(0, keepdim=True)),
    "max": ((real(3, 4),), lambda x: x.max(axis=1), lambda t, x: x.amax(1)),
    "min": ((real(3, 4),), lambda x: x.min(), lambda t, x: x.min()),
    "prod": ((real(3, 4),), lambda x: F["prod"](x, axis=1), lambda t, x: x.prod(1)),
    "norm": ((real(3, 4),), lambda x: F["norm"](x), lambda t, x: t.linalg.norm(x)),
    "cumsum": ((real(3, 4),), lambda x: F["cumsum"](x, axis=0), lambda t, x: x.cumsum(0)),
    "cumprod": ((real(3, 4),), lambda x: F["cumprod"](x, axis=1), lambda t, x: x.cumprod(1)),
    "reshape": ((real("N", 4),), lambda x: x.reshape(-1, 2) ** 2, lambda t, x: x.reshape(-1, 2) ** 2),
    "transpose": (
        (real(2, 3, 4),),
        lambda x: F["transpose"](x, (2, 0, 1)) ** 2,
        lambda t, x: x.permute(2, 0, 1) ** 2,
    ),
    "slice": ((real(5, 4),), lambda x: x[1:4:2, -1] ** 2, lambda t, x: x[1:4:2, -1] ** 2),
    "reverse": ((real(5),), lambda x: x[::-1] ** 2, lambda t, x: x.flip(0) ** 2),
    "concat": (
        (real(2, 3), real(2, 1)),
        lambda x, y: F["concat"]([x, y, x], axis=1) ** 2,
        lambda t, x, y: t.cat([x, y, x], 1) ** 2,
    ),
    "stack": (
        (real(3), real(3)),
        lambda x, y: F["stack"]([x, y], axis=1),
        lambda t, x, y: t.stack([x, y], 1),
    ),
    "pad": (
        (real(2, 3),),
        lambda x: F["pad"](x, [(0, 1), (2, 0)]) + 1,
        lambda t, x: t.nn.functional.pad(x, (2, 0, 0, 1)) + 1,
    ),
    "gather": ((real(4, 3), labels(5)), lambda x, i: x[i] ** 2, lambda t, x, i: x[i] ** 2),
    "pick": (
        (real(4, 3), labels(4)),
        lambda x, i: x[F["arange"](4), i],
        lambda t, x, i: x[t.arange(4), i],
    ),
    "scatter_add": (
        (real(5, 2), labels(5)),
        lambda x, i: F["scatter_add"](x, i, (3, 2)) ** 2,
        lambda t, x, i: t.zeros(3, 2, dtype=x.dtype).index_add(0, i, x) ** 2,
    ),
    **{
        name: ((real(3, 4),), lambda x, f=name: F[f](x, axis=0), lambda t, x, f=name: getattr(t, f)(x, 0))
        for name in ("softmax", "log_softmax", "logsumexp")
    },
    "cross_entropy of labels": (
        (real("N", 4), labels("N")),
        lambda z, i: F["cross_entropy"](z, i),
        lambda t, z, i: t.nn.functional.cross_entropy(z, i),
    ),
    "cross_entropy of rows": (
        (real("N", 4), positive("N", 4)),
        lambda z, s: F["cross_entropy"](z, s),
        lambda t, z, s: t.nn.functional.cross_entropy(z, s),
    ),
    "binary_cross_entropy": (
        (real(2, 3), Leaf((2, 3), 0, 1)),
        lambda z, s: F["binary_cross_entropy"](z, s),
        lambda t, z, s: t.nn.functional.binary_cross_entropy_with_logits(z, s),
    ),
    "mean_squared_error": (
        (real("N", 2), real("N", 2)),
        lambda y, s: F["mean_squared_error"](y, s),
        lambda t, y, s: t.nn.functional.mse_loss(y, s),
    ),
    "a small network": (
        (real("N", 4), real(4, 3), real(3), real(3, 3), labels("N")),
        lambda x, W, b, V, i: F["cross_entropy"](F["tanh"](x @ W + b) @ V, i),
        lambda t, x, W, b, V, i: t.nn.functional.cross_entropy(t.tanh(x @ W + b) @ V, i),
    ),
}


@pytest.mark.parametrize("name", SHARED)
def test_values_and_gradients_agree(name, require_peer):
    torch = require_peer("torch")
    leaves, ours, theirs = SHARED[name]
    nodes = [input_(f"x{i}", leaf.shape, dtype=leaf.dtype) for i, leaf in enumerate(leaves)]
    values = {node.name: leaf.values(i) for i, (node, leaf) in enumerate(zip(nodes, leaves, strict=True))}
    tensors = [torch.tensor(v, requires_grad=v.dtype.kind == "f") for v in values.values()]
    output, expected = ours(*nodes), theirs(torch, *tensors)
    (actual,) = evaluate([output], values)
    assert_per_entry(actual, expected.detach().numpy(), name)

    weights = np.linspace(-1, 2, actual.size).reshape(actual.shape)
    loss = F["sum"](output * input_("weights", output.shape))
    real_nodes = [n for n in nodes if n.dtype == "real"]
    (expected * torch.tensor(weights)).sum().backward()
    for simplify in (False, True):
        found = gradients(loss, real_nodes, simplify=simplify)
        sizes = {s: SIZES[s] for s in Graph((loss,)).sizes}
        arrays = evaluate(found, {**values, "weights": weights}, sizes=sizes)
        grads = [t.grad for t in tensors if t.requires_grad]
        for node, array, tensor in zip(real_nodes, arrays, grads, strict=True):
            assert_per_entry(array, tensor.numpy(), f"{name}: gradient with respect to {node.name}")


def assert_per_entry(actual, expected, what):
    """Relative per entry; an entry that cancels is measured by the roundings of the largest beside it."""
    slack = 1e-14 * max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=RTOL, atol=slack, err_msg=what)
