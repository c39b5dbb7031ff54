"""Embedding and attention against PyTorch, in float64."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from graphc.ops.activations import gelu
from graphc.ops.attention import multi_head_attention, scaled_dot_product_attention
from graphc.ops.index import embedding
from graphc.ops.losses import cross_entropy
from graphc.ops.move import reshape
from graphc.ops.normalize import layer_norm
from graphc.ops.reduce import mean, sum_
from tests.peers.agreement import check_network

pytestmark = pytest.mark.peers


def normal(**shapes):
    rng = np.random.default_rng(len(shapes))
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("table", "ids"),
    [((5, 3), (4,)), ((5, 3), (2, 3)), ((1, 1), (2, 1, 2)), ((7, 2), ()), ((3, 2), (0,))],
    ids=str,
)
def test_embedding(table, ids, require_peer):
    torch = require_peer("torch")
    given = normal(E=table) | {"ids": np.random.default_rng(0).integers(0, table[0], ids)}
    check_network(
        torch,
        given,
        lambda E, ids: sum_(embedding(E, ids) ** 3),
        lambda E, ids: (torch.nn.functional.embedding(ids, E) ** 3).sum(),
    )


# the shapes of queries, keys and values
ATTENTION = [
    ((3, 4), (3, 4), (3, 4)),
    ((2, 3, 4), (2, 5, 4), (2, 5, 2)),
    ((2, 2, 5, 3), (2, 2, 4, 3), (2, 2, 4, 1)),
    ((1, 1), (1, 1), (1, 1)),
    ((2, 3, 1, 4), (1, 3, 6, 4), (2, 1, 6, 3)),
]


@pytest.mark.parametrize(("shapes", "causal"), list(product(ATTENTION, [False, True])), ids=str)
def test_scaled_dot_product_attention(shapes, causal, require_peer):
    torch = require_peer("torch")
    q, k, v = shapes
    batch = np.broadcast_shapes(q[:-2], k[:-2], v[:-2])
    given = normal(q=q, k=k, v=v, w=(*batch, q[-2], v[-1]))

    def theirs(q, k, v, w):
        full = [x.expand(*batch, *x.shape[-2:]) for x in (q, k, v)]
        return (torch.nn.functional.scaled_dot_product_attention(*full, is_causal=causal) * w).sum()

    check_network(
        torch,
        given,
        lambda q, k, v, w: sum_(scaled_dot_product_attention(q, k, v, causal=causal) * w),
        theirs,
    )


@pytest.mark.parametrize("shape", [(2, 3, 5), (3, 5), (1, 5), (2, 1, 1)], ids=str)
def test_a_mask_of_truth_values(shape, require_peer):
    """Every query keeps a key here: what PyTorch makes of one that keeps none differs between its versions."""
    torch = require_peer("torch")
    mask = np.random.default_rng(1).random(shape) < 0.5
    mask[..., 0] = True
    given = normal(q=(2, 3, 4), k=(2, 5, 4), v=(2, 5, 2), w=(2, 3, 2)) | {"mask": mask}
    check_network(
        torch,
        given,
        lambda q, k, v, w, mask: sum_(scaled_dot_product_attention(q, k, v, mask=mask) * w),
        lambda q, k, v, w, mask: (
            torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask.expand(2, 3, 5)) * w
        ).sum(),
    )


def projections(e, k, v):
    rng = np.random.default_rng(e)
    shapes = {
        "Wq": (e, e),
        "Wk": (k, e),
        "Wv": (v, e),
        "Wo": (e, e),
        **dict.fromkeys(("bq", "bk", "bv", "bo"), e),
    }
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def their_attention(torch, heads, q, k, v, p, **options):
    """nn.MultiheadAttention as a function of our parameters."""
    made = torch.nn.MultiheadAttention(
        q.shape[-1], heads, kdim=k.shape[-1], vdim=v.shape[-1], batch_first=True, dtype=torch.float64
    )
    bias = torch.cat([p["bq"], p["bk"], p["bv"]])
    weights = {"in_proj_bias": bias, "out_proj.weight": p["Wo"].T, "out_proj.bias": p["bo"]}
    if q.shape[-1] == k.shape[-1] == v.shape[-1]:
        weights["in_proj_weight"] = torch.cat([p["Wq"].T, p["Wk"].T, p["Wv"].T])
    else:
        weights |= {f"{n}_proj_weight": p[f"W{n}"].T for n in "qkv"}
    return torch.func.functional_call(made, weights, (q, k, v), options)[0]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("n", "rows", "columns", "e", "k", "v", "heads"),
    [(2, 3, 4, 6, 6, 6, 2), (1, 1, 1, 2, 2, 2, 1), (2, 2, 5, 4, 3, 5, 4), (3, 4, 2, 6, 6, 6, 3)],
)
def test_multi_head_attention(n, rows, columns, e, k, v, heads, causal, require_peer):
    torch = require_peer("torch")
    given = normal(q=(n, rows, e), k=(n, columns, k), v=(n, columns, v), w=(n, rows, e)) | projections(
        e, k, v
    )
    later = np.triu(np.ones((rows, columns), bool), 1)

    def ours(q, k, v, w, **p):
        return sum_(multi_head_attention(q, k, v, *p.values(), heads=heads, causal=causal) * w)

    def theirs(q, k, v, w, **p):
        options = {"attn_mask": torch.tensor(later)} if causal else {}
        return (their_attention(torch, heads, q, k, v, p, **options) * w).sum()

    check_network(torch, given, ours, theirs)


def test_keys_that_are_padding(require_peer):
    torch = require_peer("torch")
    kept = np.array([[1, 1, 1, 0], [1, 0, 0, 0]])
    given = normal(x=(2, 4, 6), w=(2, 4, 6)) | projections(6, 6, 6)

    def ours(x, w, kept, **p):
        mask = reshape(kept, (2, 1, 1, 4))
        return sum_(multi_head_attention(x, x, x, *p.values(), heads=2, mask=mask) * w)

    def theirs(x, w, kept, **p):
        return (their_attention(torch, 2, x, x, x, p, key_padding_mask=kept == 0) * w).sum()

    check_network(torch, given | {"kept": kept}, ours, theirs)


def test_a_transformer_block(require_peer):
    """Embedding, causal attention and a perceptron, each with a residual and layer norm; next-token cross-entropy."""
    torch = require_peer("torch")
    n, t, vocabulary, e, hidden = 2, 5, 7, 6, 8
    rng = np.random.default_rng(3)
    norms = {f"{p}{i}": rng.normal(size=e) for i in (1, 2) for p in ("gamma", "beta")}
    given = {
        **normal(
            E=(vocabulary, e), P=(t, e), A=(e, hidden), a=(hidden,), B=(hidden, e), b=(e,), V=(e, vocabulary)
        ),
        **norms,
        **projections(e, e, e),
        "ids": rng.integers(0, vocabulary, (n, t)),
        "labels": rng.integers(0, vocabulary, (n, t)),
    }

    def ours(E, P, A, a, B, b, V, gamma1, beta1, gamma2, beta2, ids, labels, **p):
        x = embedding(E, ids) + P
        y = layer_norm(x, gamma1, beta1)
        x = x + multi_head_attention(y, y, y, *p.values(), heads=2, causal=True)
        x = x + gelu(layer_norm(x, gamma2, beta2) @ A + a) @ B + b
        return cross_entropy(reshape(x @ V, (n * t, vocabulary)), reshape(labels, (n * t,))) + mean(x**2)

    def theirs(E, P, A, a, B, b, V, gamma1, beta1, gamma2, beta2, ids, labels, **p):
        f = torch.nn.functional
        later = torch.triu(torch.ones(t, t, dtype=torch.bool), 1)
        x = f.embedding(ids, E) + P
        y = f.layer_norm(x, (e,), gamma1, beta1)
        x = x + their_attention(torch, 2, y, y, y, p, attn_mask=later)
        x = x + f.gelu(f.layer_norm(x, (e,), gamma2, beta2) @ A + a) @ B + b
        return f.cross_entropy((x @ V).reshape(-1, vocabulary), labels.reshape(-1)) + (x**2).mean()

    check_network(torch, given, ours, theirs)
