"""Cases: embedding and attention."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.cases.case import F, Leaf, case, truth, whole


def masked_softmax(z: Any, mask: Any, axis: int = -1) -> Any:
    e = np.exp(z) * (np.asarray(mask) != 0)
    total = e.sum(axis, keepdims=True)
    return e / np.where(total > 0, total, 1)


def attention(q: Any, k: Any, v: Any, mask: Any = 1) -> Any:
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    return masked_softmax(scores, np.broadcast_to(mask, scores.shape)) @ v


def heads(q: Any, k: Any, v: Any, Wq: Any, Wk: Any, Wv: Any, Wo: Any, count: int, mask: Any = 1) -> Any:
    parts = [
        attention(*(np.split(x @ W, count, -1)[i] for x, W in ((q, Wq), (k, Wk), (v, Wv))), mask)
        for i in range(count)
    ]
    return np.concatenate(parts, -1) @ Wo


HOLES = Leaf((3, 4), dtype="bool", given=[[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]])

case(
    "embedding",
    lambda e, i: F["embedding"](e, i),
    numpy=lambda e, i: e[i],
    e=("K", 3),
    i=whole(("N", 2), 0, 4),
)
case(
    "embedding",
    lambda e, i: F["embedding"](e, i),
    numpy=lambda e, i: e[i],
    e=(1, 2),
    i=whole(3, 0, 1),
    note="one",
)
case(
    "masked_softmax",
    lambda z, m: F["masked_softmax"](z, m),
    numpy=masked_softmax,
    z=(3, 4),
    m=HOLES,
    note="a row all masked",
)
case(
    "masked_softmax",
    lambda z, m: F["masked_softmax"](z, m, axis=0),
    numpy=lambda z, m: masked_softmax(z, m, 0),
    z=(3, 4),
    m=Leaf((3, 1), dtype="int", given=[[2], [0], [1]]),
    note="axis=0",
)
case(
    "causal_mask", lambda: F["causal_mask"](3), numpy=lambda: np.tril(np.ones((3, 3))), smooth=False, note="3"
)
case(
    "causal_mask",
    lambda x: F["causal_mask"]("N", "K") * x,
    numpy=lambda x: np.tril(np.ones((3, 4))) * x,
    x=("N", "K"),
)
case(
    "scaled_dot_product_attention",
    lambda q, k, v: F["scaled_dot_product_attention"](q, k, v),
    numpy=attention,
    q=("N", 3),
    k=(2, 3),
    v=(2, 2),
)
case(
    "scaled_dot_product_attention",
    lambda q, k, v: F["scaled_dot_product_attention"](q, k, v, causal=True),
    numpy=lambda q, k, v: attention(q, k, v, np.tril(np.ones((3, 2)))),
    q=(2, "N", 2),
    k=(1, 2, 2),
    v=(2, 1),
    note="causal",
)
case(
    "scaled_dot_product_attention",
    lambda q, k, v, m: F["scaled_dot_product_attention"](q, k, v, mask=m, causal=True),
    numpy=lambda q, k, v, m: attention(q, k, v, m * np.tril(np.ones((3, 4)))),
    q=(3, 1),
    k=(4, 1),
    v=(4, 2),
    m=HOLES,
    note="masked and causal",
)
case(
    "multi_head_attention",
    lambda q, k, v, Wq, Wk, Wv, Wo: F["multi_head_attention"](q, k, v, Wq, Wk, Wv, Wo, heads=2),
    numpy=lambda *given: heads(*given, 2),
    q=(1, 2, 2),
    k=(1, "N", 1),
    v=(1, "N", 1),
    Wq=(2, 2),
    Wk=(1, 2),
    Wv=(1, 4),
    Wo=(4, 1),
)
case(
    "multi_head_attention",
    lambda x, W, b, m: F["multi_head_attention"](x, x, x, W, W, W, W, b, None, b, b, heads=1, mask=m),
    numpy=lambda x, W, b, m: attention(x @ W + b, x @ W, x @ W + b, m[0]) @ W + b,
    x=("N", 2),
    W=(2, 2),
    b=2,
    m=truth((1, "N", "N")),
    note="one head, biases",
)
