"""Windows, convolution and pooling against PyTorch, in float64: values and all gradients, per entry; away from ties."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.derive.forward import jvp
from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate
from tests.cases import Leaf
from tests.peers.test_torch import assert_per_entry

pytestmark = pytest.mark.peers
F = FUNCTIONS


def values_of(*shapes):
    return [Leaf(shape).values(i) for i, shape in enumerate(shapes)]


def assert_agree(arrays, ours, theirs, torch, what):
    """The value, and the gradient of a weighted sum of it with respect to each array, plain and simplified."""
    nodes = [input_(f"x{i}", a.shape) for i, a in enumerate(arrays)]
    values = {node.name: a for node, a in zip(nodes, arrays, strict=True)}
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    output, expected = ours(*nodes), theirs(*tensors)
    (actual,) = evaluate([output], values)
    assert_per_entry(actual, expected.detach().numpy(), what)
    weights = np.linspace(-1, 2, actual.size).reshape(actual.shape)
    (expected * torch.tensor(weights)).sum().backward()
    loss = F["sum"](output * input_("weights", output.shape))
    for simplify in (False, True):
        found = evaluate(gradients(loss, nodes, simplify=simplify), {**values, "weights": weights})
        for node, array, tensor in zip(nodes, found, tensors, strict=True):
            assert_per_entry(array, tensor.grad.numpy(), f"{what}: gradient by {node.name}")


# input, kernel, options; PyTorch has no pairs (before, after): those cases pad first
CONV2D = {
    "plain": ((2, 3, 5, 6), (4, 3, 3, 2), {}),
    "batch of one": ((1, 3, 5, 5), (2, 3, 3, 3), {}),
    "one by one": ((2, 3, 4, 3), (5, 3, 1, 1), {}),
    "one by one, strided": ((2, 3, 5, 3), (2, 3, 1, 1), {"stride": 2}),
    "stride": ((2, 2, 7, 5), (3, 2, 3, 3), {"stride": 2}),
    "stride per axis": ((2, 2, 7, 6), (3, 2, 3, 2), {"stride": (2, 4)}),
    "stride beyond the kernel": ((2, 2, 8, 5), (3, 2, 2, 2), {"stride": 3}),
    "padding": ((2, 2, 4, 4), (3, 2, 3, 3), {"padding": 1}),
    "padding per axis": ((2, 2, 4, 3), (3, 2, 3, 5), {"padding": (1, 2)}),
    "padding wider than the kernel": ((1, 1, 2, 2), (2, 1, 2, 2), {"padding": 3}),
    "dilation": ((2, 2, 7, 7), (3, 2, 3, 3), {"dilation": 2}),
    "dilation per axis": ((2, 2, 7, 4), (3, 2, 3, 3), {"dilation": (3, 1)}),
    "everything": (
        (2, 4, 9, 8),
        (6, 2, 3, 2),
        {"stride": (2, 3), "padding": (2, 1), "dilation": (2, 3), "groups": 2},
    ),
    "groups": ((2, 4, 4, 4), (6, 2, 3, 3), {"groups": 2}),
    "depthwise": ((2, 3, 4, 4), (3, 1, 3, 3), {"groups": 3, "padding": 1}),
    "depthwise with a multiplier": ((2, 3, 4, 4), (6, 1, 3, 3), {"groups": 3}),
    "kernel of the size of the input": ((2, 3, 4, 5), (2, 3, 4, 5), {}),
    "one filter": ((2, 3, 4, 4), (1, 3, 2, 2), {}),
    "one channel": ((2, 1, 4, 4), (3, 1, 2, 2), {}),
    "same": ((2, 2, 5, 4), (3, 2, 3, 5), {"padding": "same"}),
    "same, even kernel": ((2, 2, 5, 4), (3, 2, 2, 4), {"padding": "same"}),
    "same, dilated": ((2, 2, 5, 4), (3, 2, 3, 2), {"padding": "same", "dilation": (1, 2)}),
    "valid": ((2, 2, 5, 4), (3, 2, 3, 2), {"padding": "valid"}),
}


@pytest.mark.parametrize("bias", [False, True], ids=["", "bias"])
@pytest.mark.parametrize("name", CONV2D)
def test_conv2d(name, bias, require_peer):
    torch = require_peer("torch")
    x, K, options = CONV2D[name]
    arrays = values_of(x, K, *([(K[0],)] if bias else []))
    conv = torch.nn.functional.conv2d
    assert_agree(arrays, lambda *n: F["conv2d"](*n, **options), lambda *t: conv(*t, **options), torch, name)


@pytest.mark.parametrize("name", CONV2D)
def test_conv2d_with_channels_last(name, require_peer):
    torch = require_peer("torch")
    (n, c, h, w), (f, own, i, j), options = CONV2D[name]
    conv = torch.nn.functional.conv2d
    assert_agree(
        values_of((n, h, w, c), (i, j, own, f), (f,)),
        lambda x, K, b: F["conv2d"](x, K, b, layout="NHWC", **options),
        lambda x, K, b: conv(x.permute(0, 3, 1, 2), K.permute(3, 2, 0, 1).contiguous(), b, **options).permute(
            0, 2, 3, 1
        ),
        torch,
        name,
    )


@pytest.mark.parametrize("stride", [1, 5])
def test_conv2d_padded_by_sides(stride, require_peer):
    torch = require_peer("torch")
    pad, conv = torch.nn.functional.pad, torch.nn.functional.conv2d
    assert_agree(
        values_of((2, 2, 5, 4), (3, 2, 3, 2), (3,)),
        lambda x, K, b: F["conv2d"](x, K, b, stride=stride, padding=((1, 2), (0, 3))),
        lambda x, K, b: conv(pad(x, (0, 3, 1, 2)), K, b, stride=stride),
        torch,
        "sides",
    )


CONV1D = {
    "plain": ((2, 3, 6), (4, 3, 3), {}),
    "one tap": ((1, 3, 6), (2, 3, 1), {}),
    "strided and padded": ((2, 3, 6), (4, 3, 4), {"stride": 2, "padding": 2}),
    "stride beyond the kernel": ((2, 3, 9), (4, 3, 1), {"stride": 4}),
    "dilated groups": ((2, 4, 8), (2, 2, 3), {"dilation": 3, "groups": 2}),
    "depthwise": ((2, 4, 5), (4, 1, 2), {"groups": 4, "padding": 1}),
    "kernel of the size of the input": ((2, 3, 6), (4, 3, 6), {}),
    "same": ((2, 3, 6), (4, 3, 4), {"padding": "same"}),
}


@pytest.mark.parametrize("name", CONV1D)
def test_conv1d(name, require_peer):
    torch = require_peer("torch")
    (n, c, size), (f, own, i), options = CONV1D[name]
    conv = torch.nn.functional.conv1d
    assert_agree(
        values_of((n, c, size), (f, own, i), (f,)),
        lambda *n: F["conv1d"](*n, **options),
        lambda *t: conv(*t, **options),
        torch,
        name,
    )
    assert_agree(
        values_of((n, size, c), (i, own, f)),
        lambda x, K: F["conv1d"](x, K, layout="NLC", **options),
        lambda x, K: conv(x.permute(0, 2, 1), K.permute(2, 1, 0).contiguous(), **options).permute(0, 2, 1),
        torch,
        f"{name}, channels last",
    )


POOLS = {
    "plain": ((2, 3, 4, 6), {"size": 2}),
    "batch of one": ((1, 1, 2, 2), {"size": 2}),
    "overlapping": ((2, 3, 5, 7), {"size": 3, "stride": 2}),
    "every place": ((2, 2, 4, 4), {"size": (3, 2), "stride": 1}),
    "padded": ((2, 2, 4, 4), {"size": 2, "padding": 1}),
    "padded and overlapping": ((2, 2, 5, 5), {"size": 3, "stride": (2, 1), "padding": 1}),
    "stride beyond the window": ((2, 2, 7, 4), {"size": (1, 2), "stride": (3, 2)}),
    "the whole": ((2, 3, 4, 3), {"size": (4, 3)}),
    "one entry": ((2, 3, 2, 3), {"size": 1}),
}


def as_theirs(options):
    renamed = dict(options)
    return {"kernel_size": renamed.pop("size"), **renamed}


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
@pytest.mark.parametrize("name", POOLS)
def test_pooling(name, kind, require_peer):
    torch = require_peer("torch")
    shape, options = POOLS[name]
    theirs = getattr(torch.nn.functional, f"{kind}2d")
    assert_agree(
        values_of(shape),
        lambda x: F[f"{kind}2d"](x, **options),
        lambda x: theirs(x, **as_theirs(options)),
        torch,
        name,
    )
    n, c, h, w = shape
    assert_agree(
        values_of((n, h, w, c)),
        lambda x: F[f"{kind}2d"](x, layout="NHWC", **options),
        lambda x: theirs(x.permute(0, 3, 1, 2), **as_theirs(options)).permute(0, 2, 3, 1),
        torch,
        f"{name}, channels last",
    )


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
@pytest.mark.parametrize(
    "options", [{}, {"size": 3, "stride": 1, "padding": 1}, {"size": 4, "stride": 2, "padding": 2}]
)
def test_pooling_along_one_axis(kind, options, require_peer):
    torch = require_peer("torch")
    theirs = getattr(torch.nn.functional, f"{kind}1d")
    assert_agree(
        values_of((2, 3, 8)),
        lambda x: F[f"{kind}1d"](x, **options),
        lambda x: theirs(x, **as_theirs({"size": 2, **options})),
        torch,
        kind,
    )


def test_global_pooling_and_flatten(require_peer):
    torch = require_peer("torch")
    for name, theirs in (
        ("global_avg_pool", lambda x: x.mean((2, 3))),
        ("global_max_pool", lambda x: x.amax((2, 3))),
        ("flatten", lambda x: torch.flatten(x, 1) ** 2),
    ):
        ours = (lambda x: F["flatten"](x) ** 2) if name == "flatten" else F[name]
        assert_agree(values_of((2, 3, 4, 2)), ours, theirs, torch, name)


def test_windows_are_those_of_unfold(require_peer):
    torch = require_peer("torch")
    assert_agree(
        values_of((2, 7, 3)),
        lambda x: F["sliding_window"](x, 3, axes=1, strides=2) ** 2,
        lambda x: x.unfold(1, 3, 2) ** 2,
        torch,
        "unfold",
    )


SHAPES = {"x": (2, 2, 7, 7), "K": (3, 2, 3, 3), "b": (3,), "D": (3, 1, 2, 2), "W": (3, 4)}


def small_net(f, x, K, b, D, W):
    """Strided and padded convolution, a depthwise one, pooling and a dense layer; smooth but for the maximum."""
    h = f["tanh"](f["conv2d"](x, K, b, 2, 1))
    h = f["tanh"](f["depthwise"](h, D))
    h = f["max_pool"](h)
    return f["avg_pool"](h) @ W


def ours_and_theirs(torch):
    conv, functional = torch.nn.functional.conv2d, torch.nn.functional
    ours = {
        "tanh": F["tanh"],
        "conv2d": lambda x, K, b, s, p: F["conv2d"](x, K, b, stride=s, padding=p),
        "depthwise": lambda x, K: F["conv2d"](x, K, groups=3),
        "max_pool": lambda x: F["max_pool2d"](x, size=2, stride=1),
        "avg_pool": lambda x: F["global_avg_pool"](x),
    }
    theirs = {
        "tanh": torch.tanh,
        "conv2d": lambda x, K, b, s, p: conv(x, K, b, stride=s, padding=p),
        "depthwise": lambda x, K: conv(x, K, groups=3),
        "max_pool": lambda x: functional.max_pool2d(x, 2, 1),
        "avg_pool": lambda x: x.mean((2, 3)),
    }
    return ours, theirs


def test_double_backward_of_a_small_net(require_peer):
    """The gradient of a gradient penalty, by every parameter and by the input."""
    torch = require_peer("torch")
    ours, theirs = ours_and_theirs(torch)
    nodes = [input_(n, s) for n, s in SHAPES.items()]
    values = {n: Leaf(s, -1, 1).values(i) for i, (n, s) in zip(count(), SHAPES.items())}
    tensors = [torch.tensor(v, requires_grad=True) for v in values.values()]

    loss = F["sum"](F["square"](small_net(ours, *nodes)))
    first = gradients(loss, nodes)
    second = gradients(F["sum"](F["square"](first[0])) + F["sum"](F["square"](first[1])), nodes)

    expected_loss = (small_net(theirs, *tensors) ** 2).sum()
    expected = torch.autograd.grad(expected_loss, tensors, create_graph=True)
    penalty = (expected[0] ** 2).sum() + (expected[1] ** 2).sum()
    expected_second = torch.autograd.grad(penalty, tensors)
    for found, wanted in ((first, expected), (second, expected_second)):
        for node, array, tensor in zip(nodes, evaluate(found, values), wanted, strict=True):
            assert_per_entry(array, tensor.detach().numpy(), f"by {node.name}")


def test_forward_mode_of_a_small_net(require_peer):
    torch = require_peer("torch")
    ours, theirs = ours_and_theirs(torch)
    nodes = [input_(n, s) for n, s in SHAPES.items()]
    values = {n: Leaf(s, -1, 1).values(i) for i, (n, s) in enumerate(SHAPES.items())}
    directions = {n: input_(f"d{n.name}", n.shape) for n in nodes}
    along = {f"d{n}": Leaf(s, -1, 1).values(9 + i) for i, (n, s) in enumerate(SHAPES.items())}
    (moved,) = jvp([small_net(ours, *nodes)], directions)
    (actual,) = evaluate([moved], values | along)
    _, expected = torch.autograd.functional.jvp(
        lambda *t: small_net(theirs, *t),
        tuple(map(torch.tensor, values.values())),
        tuple(map(torch.tensor, along.values())),
    )
    assert_per_entry(actual, expected.numpy(), "moved")
