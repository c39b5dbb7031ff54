"""Losses: composites that compare an output with a target, and reduce what they find.

A loss first has a value per entry or per sample, as its docstring says. `weights` multiplies these values: a vector
gives one weight per sample (the first axis), anything else broadcasts to them. Then `reduction` takes their `"mean"`,
which divides by how many they are whatever the weights, or their `"sum"`, or with `"none"` leaves them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

from graphc.ir.errors import DTypeError, GraphcError, ShapeError
from graphc.ir.node import Node
from graphc.ir.op import function
from graphc.ir.types import broadcast_shapes, show_shape
from graphc.ops.activations import softplus
from graphc.ops.composite import composite, exact_number
from graphc.ops.index import gather, one_hot
from graphc.ops.leaf import as_node
from graphc.ops.move import reshape
from graphc.ops.pointwise import abs_, equal, log, maximum, square, where
from graphc.ops.reduce import mean, sum_
from graphc.ops.softmax import log_softmax
from graphc.ops.words import check_words

Reduction = Literal["mean", "sum", "none"]


def _reduced(op: str, losses: Node, weights: Node | None, reduction: Reduction) -> Node:
    """The weighted losses, or their sum, or their mean."""
    if weights is not None:
        losses = _laid_out(op, weights, losses) * losses
    if reduction == "none":
        return losses
    return mean(losses) if reduction == "mean" else sum_(losses)


def _laid_out(op: str, weights: Node, losses: Node) -> Node:
    """The weights laid beside the losses: a vector along the first axis."""
    laid = weights
    if weights.ndim == 1 and losses.ndim > 1:
        laid = reshape(weights, (*weights.shape, *(1 for _ in losses.shape[1:])))
    try:
        fits = broadcast_shapes([laid.shape, losses.shape], op) == losses.shape
    except ShapeError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{op}: weights of shape {show_shape(weights.shape)} do not fit losses of shape "
            f"{show_shape(losses.shape)}; give one per sample, or an array that broadcasts to them"
        )
    return laid


def _check_pair(op: str, y: Node, t: Node) -> None:
    """Refuse two arrays that would broadcast to more entries than either has."""
    if broadcast_shapes([y.shape, t.shape], op) not in (y.shape, t.shape):
        raise ShapeError(
            f"{op}: the output has shape {show_shape(y.shape)} and the target {show_shape(t.shape)}; "
            "give both the same shape"
        )


# --- regression -------------------------------------------------------------------------------------------


@composite(symbol="RSS")
def residual_sum_of_squares(
    y: Node, t: Node, weights: Node | None = None, *, reduction: Reduction = "sum"
) -> Node:
    """`sum((y - t)**2)`; per sample the sum over all axes but the first."""
    _check_pair("residual_sum_of_squares", y, t)
    losses = square(y - t)
    if losses.ndim > 1 and (weights is not None or reduction != "sum"):
        losses = sum_(losses, axis=range(1, losses.ndim))
    return _reduced("residual_sum_of_squares", losses, weights, reduction)


@composite(symbol="MSE")
def mean_squared_error(
    y: Node, t: Node, weights: Node | None = None, *, reduction: Reduction = "mean"
) -> Node:
    """`mean((y - t)**2)` over all entries."""
    _check_pair("mean_squared_error", y, t)
    return _reduced("mean_squared_error", square(y - t), weights, reduction)


@composite(symbol="MAE")
def mean_absolute_error(
    y: Node, t: Node, weights: Node | None = None, *, reduction: Reduction = "mean"
) -> Node:
    """`mean(|y - t|)` over all entries."""
    _check_pair("mean_absolute_error", y, t)
    return _reduced("mean_absolute_error", abs_(y - t), weights, reduction)


@composite(symbol="Huber")
def huber(
    y: Node,
    t: Node,
    weights: Node | None = None,
    *,
    delta: Fraction = Fraction(1),
    reduction: Reduction = "mean",
) -> Node:
    """The mean over all entries of `e**2/2` where `|e| <= delta`, of `delta*(|e| - delta/2)` elsewhere, `e = y - t`.

    Huber, Robust estimation of a location parameter, 1964.
    """
    _check_pair("huber", y, t)
    d = exact_number("huber", "delta", delta)
    if d <= 0:
        raise GraphcError(f"huber: delta is a positive number, not {delta}")
    e = y - t
    far = abs_(e) - d / 2
    losses = where(abs_(e) <= d, square(e) / 2, far if d == 1 else d * far)
    return _reduced("huber", losses, weights, reduction)


# --- classification ---------------------------------------------------------------------------------------


def _stable_binary(
    z: Node,
    t: Node,
    weights: Node | None = None,
    *,
    from_logits: bool,
    reduction: Reduction,
) -> Node:
    if from_logits:
        losses = softplus(z) - t * z
    else:
        losses = -t * log(where(equal(t, 0), 1, z)) - (1 - t) * log(where(equal(t, 1), 1, 1 - z))
    return _reduced("binary_cross_entropy", losses, weights, reduction)


@composite(symbol="BCE", stable=_stable_binary)
def binary_cross_entropy(
    z: Node,
    t: Node,
    weights: Node | None = None,
    *,
    from_logits: bool = True,
    reduction: Reduction = "mean",
) -> Node:
    """Binary cross-entropy of logits `z` against `t` in [0, 1], the mean over all entries of `softplus(z) - t*z`.

    This equals `mean(-t*log(p) - (1-t)*log(1-p))` at `p = sigmoid(z)`, and is finite for every finite `z`. With
    `from_logits=False` the first operand is `p` itself. Then `0*log(0)` counts as 0: the loss at `p = 0` is 0 for
    `t = 0` and infinite for `t > 0` (PyTorch stops at 100), and the gradient has `p*(1 - p)` below it.
    """
    _check_pair("binary_cross_entropy", z, t)
    losses = softplus(z) - t * z if from_logits else -t * log(z) - (1 - t) * log(1 - z)
    return _reduced("binary_cross_entropy", losses, weights, reduction)


@composite(name="cross_entropy", symbol="CE")
def _cross_entropy(z: Node, t: Node, weights: Node | None = None, *, reduction: Reduction = "mean") -> Node:
    losses = -sum_(t * log_softmax(z), axis=-1)
    return _reduced("cross_entropy", losses, weights, reduction)


@function
def cross_entropy(
    z: Any, t: Any, weights: Any = None, *, class_weights: Any = None, reduction: Reduction = "mean"
) -> Node:
    """Cross-entropy of logits `z` of shape (N, K) against `t`, averaged over the batch.

    `t` holds class labels, shape (N,) and dtype "int", or a distribution per row (one-hot), shape (N, K):
    `mean(-sum(t * log_softmax(z), axis=1))`; there is one loss per row. `class_weights` of shape (K,) multiply the
    entries of `t`. With labels the mean then divides by the sum of the weights of the true classes, with
    distributions by the number of rows, both as PyTorch.
    """
    op, z = "cross_entropy", as_node(z)
    check_words(op, cross_entropy, reduction=reduction)
    t, labels = _one_hot_rows(op, z, as_node(t))
    weights = None if weights is None else as_node(weights)
    if class_weights is None:
        return _cross_entropy(z, t, weights, reduction=reduction)
    by_class = _of_classes(op, as_node(class_weights), z)
    if labels is None:
        return _cross_entropy(z, t * by_class, weights, reduction=reduction)
    own = gather(by_class, labels)
    both = own if weights is None else _laid_out(op, weights, own) * own
    if reduction == "mean":
        return _cross_entropy(z, t, both, reduction="sum") / sum_(own)
    return _cross_entropy(z, t, both, reduction=reduction)


def _one_hot_rows(op: str, z: Node, t: Node) -> tuple[Node, Node | None]:
    """The target as rows that stand beside `z`; and the labels it was given as, if it was."""
    _check_classes(op, z)
    if t.ndim != z.ndim - 1:
        _check_pair(op, z, t)
        return t, None
    if t.dtype != "int":
        raise DTypeError(f"{op}: class labels are whole numbers; declare {t.name or 't'} with dtype 'int'")
    rows = one_hot(t, z.shape[-1])
    _check_pair(op, z, rows)
    return rows, t


def _check_classes(op: str, z: Node) -> None:
    if not z.ndim:
        raise ShapeError(f"{op}: the classes lie along the last axis, and a scalar has none")


def _of_classes(op: str, class_weights: Node, z: Node) -> Node:
    if class_weights.shape != z.shape[-1:]:
        raise ShapeError(
            f"{op}: class_weights have one entry per class, shape {show_shape(z.shape[-1:])}, "
            f"not {show_shape(class_weights.shape)}"
        )
    return class_weights


@composite(name="multi_label_cross_entropy", symbol="CE")
def _multi_label(z: Node, t: Node, weights: Node | None = None, *, reduction: Reduction = "mean") -> Node:
    losses = sum_(softplus(z) - t * z, axis=-1)
    return _reduced("multi_label_cross_entropy", losses, weights, reduction)


@function
def multi_label_cross_entropy(
    z: Any, t: Any, weights: Any = None, *, class_weights: Any = None, reduction: Reduction = "mean"
) -> Node:
    """Independent binary cross-entropies of logits `z` of shape (N, K) against `t` in [0, 1], summed over the labels.

    `mean(sum(softplus(z) - t*z, axis=1))`, with one loss per row. `class_weights` of shape (K,) multiply the terms of
    the sum.
    """
    op, z, t = "multi_label_cross_entropy", as_node(z), as_node(t)
    check_words(op, multi_label_cross_entropy, reduction=reduction)
    _check_classes(op, z)
    _check_pair(op, z, t)
    weights = None if weights is None else as_node(weights)
    if class_weights is None:
        return _multi_label(z, t, weights, reduction=reduction)
    terms = _of_classes(op, as_node(class_weights), z) * binary_cross_entropy(z, t, reduction="none")
    return _reduced(op, sum_(terms, axis=-1), weights, reduction)


@composite()
def hinge(y: Node, t: Node, weights: Node | None = None, *, reduction: Reduction = "mean") -> Node:
    """The mean over all entries of `max(1 - t*y, 0)`, for targets `t` in {-1, 1}.

    At `t*y == 1` the gradient is 0. Cortes and Vapnik, Support-vector networks, 1995.
    """
    _check_pair("hinge", y, t)
    return _reduced("hinge", maximum(1 - t * y, 0), weights, reduction)


@composite(name="multiclass_hinge", symbol="hinge")
def _multiclass_hinge(
    z: Node,
    t: Node,
    weights: Node | None = None,
    *,
    margin: Fraction = Fraction(1),
    reduction: Reduction = "mean",
) -> Node:
    d = exact_number("multiclass_hinge", "margin", margin)
    true = sum_(t * z, axis=-1, keepdims=True)
    losses = sum_((1 - t) * maximum(z - true + d, 0), axis=-1)
    return _reduced("multiclass_hinge", losses, weights, reduction)


@function
def multiclass_hinge(
    z: Any,
    t: Any,
    weights: Any = None,
    *,
    class_weights: Any = None,
    margin: Any = 1,
    reduction: Reduction = "mean",
) -> Node:
    """The multi-class hinge loss of scores `z` of shape (N, K): `mean(sum(max(z[j] - z[t] + margin, 0) for j != t))`.

    `t` holds class labels, shape (N,) and dtype "int", or one-hot rows; there is one loss per row. `class_weights` of
    shape (K,) weight each row by its true class; the mean divides by the number of rows, as PyTorch, whose loss is
    this one divided by K. Weston and Watkins, Support vector machines for multi-class pattern recognition, 1999.
    """
    op, z = "multiclass_hinge", as_node(z)
    check_words(op, multiclass_hinge, reduction=reduction)
    t, labels = _one_hot_rows(op, z, as_node(t))
    weights = None if weights is None else as_node(weights)
    if class_weights is not None:
        by_class = _of_classes(op, as_node(class_weights), z)
        own = sum_(t * by_class, axis=-1) if labels is None else gather(by_class, labels)
        weights = own if weights is None else _laid_out(op, weights, own) * own
    return _multiclass_hinge(z, t, weights, margin=exact_number(op, "margin", margin), reduction=reduction)


# --- distributions ----------------------------------------------------------------------------------------


def _stable_divergence(
    p: Node, q: Node, weights: Node | None = None, *, from_logits: bool, reduction: Reduction
) -> Node:
    none = equal(p, 0)
    cross = p * (log_softmax(q) if from_logits else log(where(none, 1, q)))
    return _reduced("kl_divergence", sum_(p * log(where(none, 1, p)) - cross, axis=-1), weights, reduction)


@composite(symbol="KL", stable=_stable_divergence)
def kl_divergence(
    p: Node,
    q: Node,
    weights: Node | None = None,
    *,
    from_logits: bool = False,
    reduction: Reduction = "mean",
) -> Node:
    """The Kullback-Leibler divergence of `p` from `q`, rows of shape (N, K): `mean(sum(p*(log(p) - log(q)), axis=1))`.

    There is one value per row, and the mean is over the rows (PyTorch's `batchmean`). Where `p` is 0 an entry adds 0,
    also where `q` is; for the gradient `q` has to be positive. With `from_logits=True` the second operand holds
    logits, and `q` is their softmax.
    Kullback and Leibler, On information and sufficiency, 1951.
    """
    _check_classes("kl_divergence", q)
    _check_pair("kl_divergence", p, q)
    terms = p * (log(p) - (log_softmax(q) if from_logits else log(q)))
    return _reduced("kl_divergence", sum_(terms, axis=-1), weights, reduction)
