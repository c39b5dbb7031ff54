"""Cases: the softmax family and the losses."""

from __future__ import annotations

import numpy as np

from tests.cases.case import F, Leaf, case, positive, sigmoid, softmax, whole

for _shape, _axis in (((3,), -1), ((2, 3), -1), (("N", "K"), 0), ((2, 3, 2), 1), ((1,), 0)):
    _options = {"axis": _axis}
    case(
        "softmax",
        lambda z, o=_options: F["softmax"](z, **o),
        numpy=lambda z, a=_axis: softmax(z, a),
        z=_shape,
    )
    case(
        "log_softmax",
        lambda z, o=_options: F["log_softmax"](z, **o),
        numpy=lambda z, a=_axis: np.log(softmax(z, a)),
        z=_shape,
    )
    case(
        "logsumexp",
        lambda z, o=_options: F["logsumexp"](z, **o),
        numpy=lambda z, a=_axis: np.log(np.exp(z).sum(a)),
        z=_shape,
    )
case(
    "mean_squared_error",
    lambda y, t: F["mean_squared_error"](y, t),
    numpy=lambda y, t: np.mean((y - t) ** 2),
    y=("N", 2),
    t=("N", 2),
)
case(
    "mean_squared_error",
    lambda y: F["mean_squared_error"](y, y),
    numpy=lambda y: 0.0,
    y=(3,),
    note="with itself",
)
case(
    "cross_entropy",
    lambda z, t: F["cross_entropy"](z, t),
    numpy=lambda z, t: -np.mean(np.log(softmax(z))[np.arange(3), t]),
    z=("N", 3),
    t=whole(("N",)),
)
case(
    "cross_entropy",
    lambda z, t: F["cross_entropy"](z, t),
    numpy=lambda z, t: -np.mean((t * np.log(softmax(z))).sum(1)),
    z=("N", "K"),
    t=positive(("N", "K")),
    note="distribution",
)
case(
    "cross_entropy",
    lambda z: F["cross_entropy"](z, F["softmax"](z)),
    numpy=lambda z: -np.mean((softmax(z) * np.log(softmax(z))).sum(1)),
    z=(2, 3),
    note="entropy",
)
case(
    "binary_cross_entropy",
    lambda z, t: F["binary_cross_entropy"](z, t),
    numpy=lambda z, t: np.mean(-t * np.log(sigmoid(z)) - (1 - t) * np.log(1 - sigmoid(z))),
    z=("N",),
    t=Leaf(("N",), 0, 1),
)
case(
    "binary_cross_entropy",
    lambda z, t: F["binary_cross_entropy"](z, t),
    numpy=lambda z, t: np.mean(-t * np.log(sigmoid(z)) - (1 - t) * np.log(1 - sigmoid(z))),
    z=(2, 3),
    t=whole((2, 3), 0, 2),
    note="labels",
)


def _cross(z, t):
    """The cross-entropy of each row, of labels or of distributions."""
    logs = np.log(softmax(z))
    return -np.take_along_axis(logs, t[:, None], 1)[:, 0] if t.ndim == 1 else -(t * logs).sum(1)


def _binary(z, t):
    return -t * np.log(sigmoid(z)) - (1 - t) * np.log(1 - sigmoid(z))


def _huber(y, t, delta=1.0):
    e = np.abs(y - t)
    return np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))


def _multiclass(z, t, margin=1.0):
    rows = np.eye(z.shape[1])[t] if t.ndim == 1 else t
    true = (rows * z).sum(1, keepdims=True)
    return ((1 - rows) * np.maximum(z - true + margin, 0)).sum(1)


# name: the value of each entry or sample in NumPy, the target of an output of shape (N, K), options
_LOSSES = (
    ("residual_sum_of_squares", lambda y, t: ((y - t) ** 2).sum(1), Leaf(("N", "K")), {}),
    ("mean_squared_error", lambda y, t: (y - t) ** 2, Leaf(("N", "K")), {}),
    ("mean_absolute_error", lambda y, t: np.abs(y - t), Leaf(("N", "K")), {}),
    ("huber", _huber, Leaf(("N", "K")), {}),
    ("huber", lambda y, t: _huber(y, t, 0.3), Leaf(("N", "K")), {"delta": 0.3}),
    ("binary_cross_entropy", _binary, Leaf(("N", "K"), 0, 1), {}),
    ("cross_entropy", _cross, whole(("N",), 0, 4), {}),
    ("cross_entropy", _cross, positive(("N", "K")), {}),
    ("multi_label_cross_entropy", lambda z, t: _binary(z, t).sum(1), Leaf(("N", "K"), 0, 1), {}),
    ("hinge", lambda y, t: np.maximum(1 - t * y, 0), Leaf(("N", "K")), {}),
    ("multiclass_hinge", _multiclass, whole(("N",), 0, 4), {}),
    ("multiclass_hinge", lambda z, t: _multiclass(z, t, 0.5), positive(("N", "K")), {"margin": 0.5}),
)
_REDUCTIONS = {"mean": np.mean, "sum": np.sum, "none": np.asarray}
for _name, _numpy, _target, _options in _LOSSES:
    for _word, _reduce in _REDUCTIONS.items():
        case(
            _name,
            lambda y, t, f=_name, o={**_options, "reduction": _word}: F[f](y, t, **o),
            numpy=lambda y, t, f=_numpy, r=_reduce: r(f(y, t)),
            y=("N", "K"),
            t=_target,
            note=f"{_target.shape} {_word} {_options}",
        )
    case(
        _name,
        lambda y, t, w, f=_name, o=_options: F[f](y, t, w, **{**o, "reduction": "mean"}),
        numpy=lambda y, t, w, f=_numpy: np.mean((w * f(y, t).T).T),
        y=("N", "K"),
        t=_target,
        w=("N",),
        note=f"{_target.shape} weighted {_options}",
    )
for _from_logits, _leaf in ((True, Leaf(("N", "K"))), (False, Leaf(("N", "K"), 0.1, 0.9))):
    for _word, _reduce in _REDUCTIONS.items():
        case(
            "kl_divergence",
            lambda p, q, o={"from_logits": _from_logits, "reduction": _word}: F["kl_divergence"](p, q, **o),
            numpy=lambda p, q, r=_reduce, logits=_from_logits: r(
                (p * np.log(p / (softmax(q) if logits else q))).sum(1)
            ),
            p=positive(("N", "K")),
            q=_leaf,
            note=f"{'logits' if _from_logits else 'probabilities'} {_word}",
        )
case(
    "kl_divergence",
    lambda p, q, w: F["kl_divergence"](p, q, w, reduction="sum"),
    numpy=lambda p, q, w: (w * (p * np.log(p / q)).sum(1)).sum(),
    p=positive((2, 3)),
    q=positive((2, 3)),
    w=(2,),
    note="weighted",
)
case(
    "binary_cross_entropy",
    lambda p, t: F["binary_cross_entropy"](p, t, from_logits=False),
    numpy=lambda p, t: np.mean(-t * np.log(p) - (1 - t) * np.log(1 - p)),
    p=Leaf(("N", "K"), 0.1, 0.9),
    t=Leaf(("N", "K"), 0, 1),
    note="probabilities",
)
_BY_CLASS = {
    "cross_entropy": (_cross, lambda t, c: c[t].sum()),
    "multiclass_hinge": (_multiclass, lambda t, c: len(t)),
}
for _name, (_numpy, _count) in _BY_CLASS.items():
    for _word in _REDUCTIONS:
        case(
            _name,
            lambda z, t, c, f=_name, r=_word: F[f](z, t, class_weights=c, reduction=r),
            numpy=lambda z, t, c, f=_numpy, n=_count, r=_word: {
                "mean": lambda x: x.sum() / n(t, c),
                "sum": np.sum,
                "none": np.asarray,
            }[r](c[t] * f(z, t)),
            z=("N", "K"),
            t=whole(("N",), 0, 4),
            c=positive(("K",)),
            note=f"by class {_word}",
        )
    case(
        _name,
        lambda z, t, w, c, f=_name: F[f](z, t, w, class_weights=c),
        numpy=lambda z, t, w, c, f=_numpy, n=_count: (w * c[t] * f(z, t)).sum() / n(t, c),
        z=("N", "K"),
        t=whole(("N",), 0, 4),
        w=("N",),
        c=positive(("K",)),
        note="by sample and class",
    )
case(
    "cross_entropy",
    lambda z, t, c: F["cross_entropy"](z, t, class_weights=c),
    numpy=lambda z, t, c: -(c * t * np.log(softmax(z))).sum(1).mean(),
    z=("N", "K"),
    t=positive(("N", "K")),
    c=positive(("K",)),
    note="distribution by class",
)
case(
    "multiclass_hinge",
    lambda z, t, c: F["multiclass_hinge"](z, F["one_hot"](t, 4), class_weights=c),
    numpy=lambda z, t, c: (c[t] * _multiclass(z, t)).mean(),
    z=("N", 4),
    t=whole(("N",), 0, 4),
    c=positive((4,)),
    note="one-hot by class",
)
case(
    "multi_label_cross_entropy",
    lambda z, t, c, w: F["multi_label_cross_entropy"](z, t, w, class_weights=c),
    numpy=lambda z, t, c, w: (w * (c * _binary(z, t)).sum(1)).mean(),
    z=("N", "K"),
    t=Leaf(("N", "K"), 0, 1),
    c=positive(("K",)),
    w=("N",),
    note="by sample and class",
)
case(
    "cross_entropy",
    lambda z, t: F["cross_entropy"](z, t, reduction="none"),
    numpy=lambda z, t: -np.take_along_axis(np.log(softmax(z)), t[..., None], -1)[..., 0],
    z=(2, 3, 4),
    t=whole((2, 3), 0, 4),
    note="sequence",
)
case(
    "residual_sum_of_squares",
    lambda y, t: F["residual_sum_of_squares"](y, t),
    numpy=lambda y, t: ((y - t) ** 2).sum(),
    y=("N",),
    t=("N",),
    note="vector",
)
for _name, _numpy, _target, _ in _LOSSES:
    if _name not in ("mean_squared_error", "binary_cross_entropy"):
        continue
    case(
        _name,
        lambda y, t, w, f=_name: F[f](y, t, w, reduction="sum"),
        numpy=lambda y, t, w, f=_numpy: (w * f(y, t)).sum(),
        y=("N", "K"),
        t=_target,
        w=(1, "K"),
        note="weighted by entry",
    )
case("stop_gradient", lambda x: F["stop_gradient"](x) * 2, numpy=lambda x: 2 * x, smooth=False, x=(3,))
