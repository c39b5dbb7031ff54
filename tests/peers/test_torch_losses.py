"""Losses against PyTorch's: values and every gradient, all reductions and weights, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.graph import Graph
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS as F
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate
from tests.peers.agreement import check_network

pytestmark = pytest.mark.peers
Arrays = dict[str, Any]
REDUCTIONS = ("mean", "sum", "none")
SHAPES = ((4, 3), (1, 3), (5, 1), (1, 1))  # (N, K): also a batch of one, and one class


@dataclass(frozen=True)
class Peer:
    """A loss, ours and PyTorch's, at data by name; both take the reduction and the leaves."""

    name: str
    ours: Callable[..., Node]
    theirs: Callable[..., Any]
    data: Arrays
    constant: tuple[str, ...] = field(default=())  # leaves PyTorch gives no gradient of

    def __str__(self) -> str:
        return f"{self.name}-{'x'.join(map(str, self.data['y'].shape))}"


def tensors(torch: Any, data: Arrays, constant: tuple[str, ...]) -> Arrays:
    return {
        k: torch.tensor(v, requires_grad=v.dtype.kind == "f" and k not in constant) for k, v in data.items()
    }


def compare(torch: Any, peer: Peer, reduction: str) -> None:
    """The value by generated code and by the interpreter, and each gradient, against PyTorch's."""
    leaves = {
        k: input_(k, v.shape, dtype="real" if v.dtype.kind == "f" else "int") for k, v in peer.data.items()
    }
    given = tensors(torch, peer.data, peer.constant)
    loss = peer.ours(reduction, **leaves)
    expected = peer.theirs(torch, reduction, **given)
    for actual in (evaluate([loss], peer.data)[0], compile_(loss)(**used(loss, peer.data))):
        close(actual, expected.detach().numpy(), f"{peer} {reduction}")
    seed = np.linspace(-1, 2, max(expected.numel(), 1)).reshape(expected.shape)
    (expected * torch.tensor(seed)).sum().backward()
    total = F["sum"](loss * input_("seed", seed.shape)) if seed.ndim else loss * input_("seed")
    wanted = [n for k, n in leaves.items() if given[k].requires_grad]
    for simplify in (False, True):
        found = evaluate(gradients(total, wanted, simplify=simplify), {**peer.data, "seed": seed})
        for node, array in zip(wanted, found, strict=True):
            close(array, given[str(node.name)].grad.numpy(), f"{peer} {reduction}: by {node.name}")


def used(node: Node, data: Arrays) -> Arrays:
    return {str(leaf.name): data[str(leaf.name)] for leaf in Graph((node,)).leaves}


def close(actual: Any, expected: Any, what: str) -> None:
    slack = 1e-14 * max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=slack, err_msg=what)


def functional(name: str, **options: Any) -> Callable[..., Any]:
    """PyTorch's function of that name, of an output `y` and a target `t`, with the options given by tensors."""

    def call(torch: Any, reduction: str, y: Any, t: Any, **given: Any) -> Any:
        return getattr(torch.nn.functional, name)(y, t, reduction=reduction, **options, **given)

    return call


def reduced(losses: Any, reduction: str) -> Any:
    return {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()


def weighted(theirs: Callable[..., Any]) -> Callable[..., Any]:
    """PyTorch's unreduced loss, each sample weighted by `w`, then reduced."""

    def call(torch: Any, reduction: str, w: Any, **given: Any) -> Any:
        losses = theirs(torch, "none", **given)
        return reduced(w.reshape(-1, *(1 for _ in losses.shape[1:])) * losses, reduction)

    return call


def per_row(theirs: Callable[..., Any]) -> Callable[..., Any]:
    """PyTorch's loss per entry, summed over each row."""

    def call(torch: Any, reduction: str, **given: Any) -> Any:
        return reduced(theirs(torch, "none", **given).sum(1), reduction)

    return call


def our_divergence(what: str) -> Callable[..., Node]:
    """`y` are logits, given as such or through a softmax."""

    def build(reduction: str, y: Node, t: Node, w: Node | None = None) -> Node:
        q = y if what == "logits" else F["softmax"](y)
        return F["kl_divergence"](t, q, w, from_logits=what == "logits", reduction=reduction)

    return build


def divergence(torch: Any, reduction: str, y: Any, t: Any) -> Any:
    """`y` are logits."""
    logs = torch.log_softmax(y, -1)
    if reduction == "none":
        return torch.nn.functional.kl_div(logs, t, reduction="none").sum(1)
    return torch.nn.functional.kl_div(logs, t, reduction={"mean": "batchmean"}.get(reduction, reduction))


def margins(margin: float) -> Callable[..., Any]:
    """PyTorch's multi-class hinge loss, which is divided by the number of classes."""

    def call(torch: Any, reduction: str, y: Any, t: Any, **given: Any) -> Any:
        found = torch.nn.functional.multi_margin_loss(y, t, reduction=reduction, margin=margin, **given)
        return found * y.shape[1]

    return call


def by_class(theirs: Callable[..., Any]) -> Callable[..., Any]:
    """PyTorch's loss with class weights `c`, of which it gives no gradient."""
    return lambda torch, reduction, c, **given: theirs(torch, reduction, weight=c, **given)


def hinges(torch: Any, reduction: str, y: Any, t: Any) -> Any:
    """PyTorch's ranking loss of `y` and 0 with margin 1 is the hinge loss for targets -1 and 1."""
    zero = torch.zeros_like(y)
    return torch.nn.functional.margin_ranking_loss(y, zero, t, margin=1, reduction=reduction)


def apart(rng: Any, shape: tuple[int, ...]) -> Any:
    """Scores that keep away from the kinks of every loss here: distinct, and never a whole or half number apart."""
    count = int(np.prod(shape))
    return (rng.permutation(count) * 0.37 - 0.19 * count + 0.03).reshape(shape)


def with_reduction(name: str, **options: Any) -> Callable[..., Node]:
    def build(reduction: str, y: Node, t: Node, w: Node | None = None, c: Node | None = None) -> Node:
        extra = {"class_weights": c} if c is not None else {}
        return F[name](y, t, w, reduction=reduction, **options, **extra)

    return build


def peers() -> Iterator[Peer]:
    for shape in SHAPES:
        yield from regression(shape)
        yield from classification(shape)


def regression(shape: tuple[int, int]) -> Iterator[Peer]:
    rng = np.random.default_rng(shape)
    data = {"y": apart(rng, shape), "t": rng.uniform(-0.01, 0.01, shape)}
    w = {"w": rng.uniform(0.2, 2, shape[0])}
    for name, theirs, options in (
        ("mean_squared_error", functional("mse_loss"), {}),
        ("mean_absolute_error", functional("l1_loss"), {}),
        ("huber", functional("huber_loss"), {}),
        ("huber", functional("huber_loss", delta=0.4), {"delta": 0.4}),
        ("residual_sum_of_squares", per_row(functional("mse_loss")), {}),
    ):
        yield Peer(name, with_reduction(name, **options), theirs, data)
        yield Peer(f"{name} weighted", with_reduction(name, **options), weighted(theirs), {**data, **w})


def classification(shape: tuple[int, int]) -> Iterator[Peer]:
    n, k = shape
    rng = np.random.default_rng([*shape, 1])
    y, w, c = {"y": apart(rng, shape)}, {"w": rng.uniform(0.2, 2, n)}, {"c": rng.uniform(0.2, 2, k)}
    labels = {**y, "t": rng.integers(0, k, n)}
    rows = {**y, "t": np.eye(k)[labels["t"]]}
    soft = {**y, "t": rng.dirichlet(np.ones(k), n)}
    bits, within = {**y, "t": rng.uniform(0, 1, shape)}, rng.uniform(0.1, 0.9, shape)
    signs = {**y, "t": rng.choice([-1.0, 1.0], shape)}

    ours, theirs = with_reduction("cross_entropy"), functional("cross_entropy")
    for what, data in (("labels", labels), ("one-hot", rows), ("soft", soft)):
        yield Peer(f"cross_entropy {what}", ours, theirs, data)
        yield Peer(f"cross_entropy {what} weighted", ours, weighted(theirs), {**data, **w})
        yield Peer(f"cross_entropy {what} by class", ours, by_class(theirs), {**data, **c}, ("c",))

    binary = with_reduction("binary_cross_entropy")
    logits = functional("binary_cross_entropy_with_logits")
    yield Peer("binary_cross_entropy", binary, logits, bits)
    yield Peer("binary_cross_entropy weighted", binary, weighted(logits), {**bits, **w})
    of_p, of_p_theirs = (
        with_reduction("binary_cross_entropy", from_logits=False),
        functional("binary_cross_entropy"),
    )
    p = {"y": within, "t": bits["t"]}
    yield Peer("binary_cross_entropy of probabilities", of_p, of_p_theirs, p, ("t",))
    yield Peer(
        "binary_cross_entropy of probabilities weighted", of_p, weighted(of_p_theirs), {**p, **w}, ("t",)
    )

    several = with_reduction("multi_label_cross_entropy")
    yield Peer("multi_label_cross_entropy", several, per_row(logits), bits)
    yield Peer("multi_label_cross_entropy weighted", several, weighted(per_row(logits)), {**bits, **w})
    by_label = per_row(lambda torch, reduction, c, **g: logits(torch, reduction, **g) * c)
    yield Peer("multi_label_cross_entropy by class", several, by_label, {**bits, **c})

    yield Peer("hinge", with_reduction("hinge"), hinges, signs, ("t",))
    yield Peer("hinge weighted", with_reduction("hinge"), weighted(hinges), {**signs, **w}, ("t",))
    for margin in (1.0, 0.6):
        scores = with_reduction("multiclass_hinge", margin=margin)
        theirs = margins(margin)
        yield Peer(f"multiclass_hinge {margin}", scores, theirs, labels)
        yield Peer(f"multiclass_hinge {margin} weighted", scores, weighted(theirs), {**labels, **w})
        yield Peer(f"multiclass_hinge {margin} by class", scores, by_class(theirs), {**labels, **c}, ("c",))

    for what in ("logits", "softmax"):
        yield Peer(f"kl_divergence of {what}", our_divergence(what), divergence, soft)
        yield Peer(
            f"kl_divergence of {what} weighted", our_divergence(what), weighted(divergence), {**soft, **w}
        )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("peer", [*peers()], ids=str)
def test_values_and_gradients_agree(peer: Peer, reduction: str, require_peer: Any) -> None:
    compare(require_peer("torch"), peer, reduction)


PENALTIES: dict[str, tuple[Any, Any]] = {
    "l1_penalty": (lambda W: F["l1_penalty"](W, 0.3), lambda t, W: 0.3 * W.abs().sum()),
    "l2_penalty": (lambda W: F["l2_penalty"](W, 0.3), lambda t, W: 0.15 * W.pow(2).sum()),
    "elastic_net": (
        lambda W: F["elastic_net"](W, 0.3, 0.2),
        lambda t, W: 0.3 * W.abs().sum() + 0.1 * W.pow(2).sum(),
    ),
    "max_norm": (
        lambda W: F["sum"](F["square"](F["max_norm"](W, 2) - 1)),
        lambda t, W: (W * (2 / W.norm(dim=0, keepdim=True)).clamp(max=1) - 1).pow(2).sum(),
    ),
}


@pytest.mark.parametrize("shape", [(3, 2), (1, 1), (5, 1), (1, 4)], ids=str)
@pytest.mark.parametrize("name", PENALTIES)
def test_penalties(name: str, shape: tuple[int, ...], require_peer: Any) -> None:
    ours, theirs = PENALTIES[name]
    torch = require_peer("torch")
    values = {"W": apart(np.random.default_rng([3, *shape]), shape)}
    check_network(torch, values, ours, lambda W: theirs(torch, W), float32=False)


def test_a_wrong_loss_is_caught(require_peer: Any) -> None:
    torch = require_peer("torch")
    data = {"y": apart(np.random.default_rng(0), (4, 3)), "t": np.zeros((4, 3))}
    halved = Peer("halved", with_reduction("mean_squared_error"), functional("huber_loss", delta=100), data)
    with pytest.raises(AssertionError, match="halved"):
        compare(torch, halved, "sum")
