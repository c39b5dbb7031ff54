"""Attention: softmax over kept entries, scaled dot products, and several heads side by side."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from graphc.ir.errors import DTypeError, ShapeError
from graphc.ir.node import Node
from graphc.ir.op import function
from graphc.ir.types import broadcast_shapes, divide, show_shape
from graphc.ops.composite import composite
from graphc.ops.index import arange
from graphc.ops.leaf import as_node, size
from graphc.ops.move import expand_dims, reshape, transpose
from graphc.ops.pointwise import greater_equal, not_equal, sqrt, where
from graphc.ops.softmax import softmax

# What a masked entry counts as: its exponential is 0 beside that of any kept one, and no operation on it gives nan.
MASKED = Fraction(-(10**30))


@composite()
def masked_softmax(z: Node, mask: Node, *, axis: int = -1) -> Node:
    """The softmax of the entries of `z` where `mask` is not 0, and 0 elsewhere; a row without a kept entry is all 0.

    A masked entry stands at -1e30 among the others, so that values and gradients are numbers wherever `z` is.
    """
    kept = _kept(mask)
    return where(kept, softmax(where(kept, z, MASKED), axis=axis), 0)


def _kept(mask: Node) -> Node:
    return mask if mask.dtype == "bool" else not_equal(mask, 0)


@function
def causal_mask(rows: Any, columns: Any = None) -> Node:
    """The mask of shape (rows, columns) that keeps what is on the diagonal or left of it: no step sees later ones."""
    columns = rows if columns is None else columns
    places: Node = greater_equal(expand_dims(arange(rows), 1), expand_dims(arange(columns), 0))
    return places


@function
def scaled_dot_product_attention(q: Any, k: Any, v: Any, *, causal: bool = False, mask: Any = None) -> Node:
    """`softmax(q @ k.T / sqrt(d)) @ v` over the last two axes (Vaswani et al. 2017, equation 1).

    `q` is (..., L, d), `k` (..., S, d), `v` (..., S, e); the result is (..., L, e). Leading axes are batch axes and
    broadcast. `mask` keeps a score where it is not 0, and broadcasts to (..., L, S); `causal` keeps the scores of a
    query with the keys up to its own place. A query whose scores are all masked gets zeros. Raises ShapeError where
    the shapes do not fit.

    >>> from graphc.ops import input_
    >>> q = input_("q", ("N", "L", 8)); k = input_("k", ("N", "S", 8)); v = input_("v", ("N", "S", 5))
    >>> scaled_dot_product_attention(q, k, v).shape
    (N, L, 5)
    """
    q, k, v = as_node(q), as_node(k), as_node(v)
    for name, x in (("q", q), ("k", k), ("v", v)):
        if x.ndim < 2:
            raise ShapeError(
                f"attention: {name} has a row for each place and is at least 2-D, not {show_shape(x.shape)}"
            )
    if q.shape[-1] != k.shape[-1]:
        raise ShapeError(
            f"attention: queries have {q.shape[-1]} entries and keys {k.shape[-1]}; they have to be as long"
        )
    if k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"attention: there are {k.shape[-2]} keys and {v.shape[-2]} values; each key has one"
        )
    scores = q @ _swapped(k) / sqrt(size(q.shape[-1]))
    mixed: Node = _weights(scores, causal, mask) @ v
    return mixed


def _check_mask(scores: Node, mask: Node) -> None:
    try:
        broadcast_shapes([scores.shape, mask.shape], "mask")
    except ShapeError:
        wanted, given = show_shape(scores.shape), show_shape(mask.shape)
        raise ShapeError(
            f"attention: a mask broadcasts to the scores, of shape {wanted}, which {given} does not"
        ) from None


def _swapped(x: Node) -> Node:
    """The last two axes in the other order."""
    return transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _weights(scores: Node, causal: bool, mask: Any) -> Node:
    if not isinstance(causal, bool):
        raise DTypeError(f"attention: causal is True or False, not {causal!r}")
    if mask is not None:
        mask = as_node(mask)
        _check_mask(scores, mask)
    if not causal:
        return softmax(scores) if mask is None else masked_softmax(scores, mask)
    kept: Node = causal_mask(*scores.shape[-2:])
    if mask is not None:
        kept = _kept(mask) * kept
    return masked_softmax(scores, kept)


@function
def multi_head_attention(
    q: Any,
    k: Any,
    v: Any,
    Wq: Any,
    Wk: Any,
    Wv: Any,
    Wo: Any,
    bq: Any = None,
    bk: Any = None,
    bv: Any = None,
    bo: Any = None,
    *,
    heads: int,
    causal: bool = False,
    mask: Any = None,
) -> Node:
    """Attention of `heads` heads side by side, each on its own columns of the projections (Vaswani et al. 2017, 3.2.2).

    `q` is (..., L, E), `k` (..., S, K), `v` (..., S, V), batch first; `Wq` (E, H*d), `Wk` (K, H*d), `Wv` (V, H*e),
    `Wo` (H*e, F), with a bias each or none; the result is (..., L, F):

        concat(attention(q @ Wq + bq, k @ Wk + bk, v @ Wv + bv) of each head) @ Wo + bo

    `mask` broadcasts to (..., H, L, S); one of keys alone, (N, S), is given as `reshape(mask, (N, 1, 1, S))`.
    `causal` and rows masked as a whole are as in `scaled_dot_product_attention`. Raises ShapeError where the shapes
    do not fit.
    """
    split = [
        _heads(_projected(x, W, b), heads, name)
        for name, x, W, b in (("Wq", q, Wq, bq), ("Wk", k, Wk, bk), ("Wv", v, Wv, bv))
    ]
    mixed = scaled_dot_product_attention(*split, causal=causal, mask=mask)
    swapped = _swapped_heads(mixed)
    merged = reshape(swapped, (*swapped.shape[:-2], swapped.shape[-2] * swapped.shape[-1]))
    return _projected(merged, Wo, bo)


def _projected(x: Any, W: Any, b: Any) -> Node:
    product = as_node(x) @ as_node(W)
    return product if b is None else product + as_node(b)


def _heads(x: Node, heads: int, name: str) -> Node:
    """(..., L, H*d) as (..., H, L, d)."""
    if isinstance(heads, bool) or not isinstance(heads, int) or heads < 1:
        raise ShapeError(f"multi_head_attention: heads is a whole number from 1, not {heads!r}")
    width = divide(x.shape[-1], heads) if x.ndim > 1 else None
    if width is None:
        raise ShapeError(
            f"multi_head_attention: the {x.shape[-1] if x.ndim else 'no'} columns of {name} do not divide into "
            f"{heads} heads; give {name} a multiple of {heads} columns"
        )
    return _swapped_heads(reshape(x, (*x.shape[:-1], heads, width)))


def _swapped_heads(x: Node) -> Node:
    """The places and the heads in the other order."""
    return transpose(x, (*range(x.ndim - 3), x.ndim - 2, x.ndim - 3, x.ndim - 1))
