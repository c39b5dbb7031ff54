"""Whole models against PyTorch's modules, in float64: values, every gradient, running statistics after a step."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.node import Node
from graphc.nn import (
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    MaxPool2D,
    Residual,
    Sequential,
    initial_values,
)
from graphc.ops import FUNCTIONS, input_

pytestmark = pytest.mark.peers
F = FUNCTIONS
torch = pytest.importorskip("torch")
nn = torch.nn


class Past(torch.nn.Module):
    """`x + f(x)`, which PyTorch has no module for."""

    def __init__(self, *inner, shortcut=None):
        super().__init__()
        self.inner = nn.Sequential(*inner)
        self.shortcut = shortcut or nn.Identity()

    def forward(self, x):
        return self.shortcut(x) + self.inner(x)


class First(torch.nn.Module):
    """Channels last on the outside, first on the inside."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def mlp() -> tuple[Layer, object]:
    ours = Sequential(Dense(6), BatchNorm(), Activation("relu"), Dense(5, activation="tanh"), Dense(3))
    theirs = nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)
    )
    return ours, theirs


MODELS = {
    "an MLP with batch norm": (mlp, (8, 4)),
    "a small convolutional network": (
        lambda: (
            Sequential(
                Conv2D(4, 3, padding=1, bias=False), BatchNorm(), Activation("relu"), MaxPool2D(2),
                Conv2D(6, 3, groups=2, dilation=2, activation="silu"), Flatten(), Dense(3),
            ),
            nn.Sequential(
                nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(4, 6, 3, groups=2, dilation=2), nn.SiLU(), nn.Flatten(), nn.Linear(6, 3),
            ),
        ),
        (5, 2, 10, 10),
    ),
    "strides and averages": (
        lambda: (
            Sequential(
                Conv2D(4, (3, 2), stride=(2, 3), padding=(1, 0)), AvgPool2D((2, 1), stride=1), Flatten(), Dense(2)
            ),
            nn.Sequential(
                nn.Conv2d(3, 4, (3, 2), stride=(2, 3), padding=(1, 0)),
                nn.AvgPool2d((2, 1), stride=1), nn.Flatten(), nn.Linear(4 * 3 * 2, 2),
            ),
        ),
        (2, 3, 7, 5),
    ),
    "channels last": (
        lambda: (
            Sequential(Conv2D(4, 3, layout="NHWC"), BatchNorm(axis=-1), MaxPool2D(2, layout="NHWC")),
            First(nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(2))),
        ),
        (3, 8, 6, 2),
    ),
    "a sequence": (
        lambda: (
            Sequential(Conv1D(4, 3, padding="same", activation="gelu"), Conv1D(2, 2, stride=2)),
            nn.Sequential(nn.Conv1d(3, 4, 3, padding="same"), nn.GELU(), nn.Conv1d(4, 2, 2, stride=2)),
        ),
        (1, 3, 8),
    ),
    "a residual MLP with layer norm": (
        lambda: (
            Sequential(
                Dense(5), Residual(LayerNorm(), Dense(7, activation="elu"), Dense(5)),
                Residual(Dense(2, bias=False), shortcut=Dense(2)), Activation("leaky_relu", slope=0.2),
            ),
            nn.Sequential(
                nn.Linear(4, 5), Past(nn.LayerNorm(5), nn.Linear(5, 7), nn.ELU(), nn.Linear(7, 5)),
                Past(nn.Linear(5, 2, bias=False), shortcut=nn.Linear(5, 2)), nn.LeakyReLU(0.2),
            ),
        ),
        (1, 4),
    ),
    "an embedding": (
        lambda: (
            Sequential(Embedding(9, 4), LayerNorm(), Flatten(), Dense(3), Activation("prelu")),
            nn.Sequential(nn.Embedding(9, 4), nn.LayerNorm(4), nn.Flatten(), nn.Linear(20, 3), nn.PReLU()),
        ),
        (6, 5),
    ),
    "batch norm without scale and shift, biased": (
        lambda: (
            Sequential(BatchNorm(scale=False, shift=False), Dense(2)),
            nn.Sequential(nn.BatchNorm1d(4, affine=False), nn.Linear(4, 2)),
        ),
        (7, 4),
    ),
}  # fmt: skip


def pairs(ours: list[Node], theirs) -> list[tuple[Node, object, object]]:
    """Our parameters with PyTorch's and the way from its layout to ours; both list them layer by layer."""
    found = []
    for module in _in_order(theirs):
        for p in module.parameters(recurse=False):
            node = ours[len(found)]
            turn = _same
            if isinstance(module, nn.Linear) and p.ndim == 2:
                turn = np.transpose
            elif p.ndim == 4 and tuple(p.shape) != node.shape:
                turn = _last
            elif node.ndim == 0:
                turn = _alone
            found.append((node, p, turn))
    assert len(found) == len(ours)
    return found


def _same(a):
    return a


def _last(a):
    """A kernel with its channels last."""
    return np.transpose(a, (2, 3, 1, 0))


def _alone(a):
    return a.reshape(())


def _in_order(module):
    """Modules with the layers of a residual block before its shortcut, as ours are listed."""
    if isinstance(module, Past):
        return [*_in_order(module.inner), *_in_order(module.shortcut)]
    children = list(module.children())
    return [m for c in children for m in _in_order(c)] if children else [module]


@pytest.mark.parametrize("name", MODELS)
def test_one_training_step_and_the_test_output_afterwards_agree(name: str) -> None:
    build, shape = MODELS[name]
    ours, theirs = build()
    theirs = theirs.double()
    whole = "embedding" in name
    x = input_("x", ("N", *shape[1:]), dtype="int" if whole else "real")
    rng = np.random.default_rng(0)
    data = rng.integers(0, 9, shape) if whole else rng.normal(size=shape)
    z, updates = ours.train(x)
    weights = input_("weights", z.shape)
    loss = F["sum"](F["sin"](z) * weights)
    params = ours.params(x)
    reals = [*params, *([] if whole else [x])]
    grads = gradients(loss, reals)
    step = compile_(
        [z, loss, *grads],
        updates={**updates, **{p: p - 0.1 * d for p, d in zip(params, grads, strict=False)}},
    )
    step.load({k: rng.normal(size=v.shape) * 0.5 for k, v in initial_values(z).items() if "running" not in k})
    step.load({s.name: s.attr("init").sample(s.shape, rng) for s in updates})
    matched = pairs(params, theirs)
    with torch.no_grad():
        for node, p, turn in matched:
            start = np.array(step.params[node.name])
            p.copy_(torch.tensor(_back(turn, start, tuple(p.shape))))
    tensor = torch.tensor(data, requires_grad=not whole)
    theirs.train()
    expected = theirs(tensor)
    factor = rng.normal(size=tuple(expected.shape))
    total = (torch.sin(expected) * torch.tensor(factor)).sum()
    total.backward()
    value, got, *slopes = step(x=data, weights=factor)
    close(value, expected.detach().numpy(), "output")
    close(got, total.item(), "loss")
    for (node, p, turn), slope in zip(matched, slopes, strict=False):
        close(slope, turn(p.grad.numpy()), f"gradient with respect to {node.name}")
    if not whole:
        close(slopes[-1], tensor.grad.numpy(), "gradient with respect to x")
    buffers = {k: v.numpy() for k, v in theirs.named_buffers() if "running" in k}
    for (theirs_name, wanted), state in zip(buffers.items(), updates, strict=True):
        close(step.state[state.name], wanted, theirs_name)
    with torch.no_grad():
        for p in theirs.parameters():
            p -= 0.1 * p.grad
    theirs.eval()
    y = compile_(ours.test(x))
    known = {**step.params, **step.state}
    needed = {leaf.name: known[leaf.name] for leaf in y.plan.inputs if leaf.name != "x"}
    close(y(x=data, **needed), theirs(tensor).detach().numpy(), "test output")


def _back(turn, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The array whose turned form is `array`."""
    places = np.arange(array.size).reshape(shape)
    result = np.empty(array.size)
    result[np.asarray(turn(places)).ravel()] = array.ravel()
    return result.reshape(shape)


def close(actual, expected, what: str) -> None:
    """Relative per entry; an entry that cancels is measured by the roundings of the largest beside it."""
    expected = np.asarray(expected)
    slack = 1e-14 * max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=slack, err_msg=what)
