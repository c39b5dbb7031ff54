"""Cases: moves."""

from __future__ import annotations

import numpy as np

from graphc.ops.leaf import const
from tests.cases.case import F, case, whole

case("reshape", lambda x: F["reshape"](x, (3, 2)), numpy=lambda x: x.reshape(3, 2), x=(2, 3))
case("reshape", lambda x: x.reshape(-1), numpy=np.ravel, x=("N", "M"), note="flat")
case(
    "reshape",
    lambda x: x.reshape("M", -1, 2),
    numpy=lambda x: x.reshape(2, -1, 2),
    x=("N", 2, "M"),
    note="worked out",
)
case("reshape", lambda x: F["reshape"](x, ()), numpy=lambda x: x.reshape(()), x=(1, 1), note="to a scalar")
case("expand_dims", lambda x: F["expand_dims"](x, 1), numpy=lambda x: x[:, None], x=(2, 3))
case("expand_dims", lambda x: F["expand_dims"](x, -1), numpy=lambda x: x[..., None], x=("N",))
case("squeeze", lambda x: F["squeeze"](x, 1), numpy=lambda x: x[:, 0], x=("N", 1, 2))
case("transpose", lambda x: x.T, numpy=np.transpose, x=("N", 2))
case("transpose", lambda x: F["transpose"](x, (2, 0, 1)), numpy=lambda x: x.transpose(2, 0, 1), x=(2, 3, 4))
case("transpose", lambda x: F["transpose"](x), numpy=np.transpose, x=(2, "N", 4))
case("broadcast", lambda x: F["broadcast"](x, (2, 3)), numpy=lambda x: np.broadcast_to(x, (2, 3)), x=(3,))
case(
    "broadcast",
    lambda x: F["broadcast"](x, (4, "N", 3)),
    numpy=lambda x: np.broadcast_to(x, (4, 3, 3)),
    x=("N", 1),
)
case("broadcast", lambda x: F["broadcast"](x, (2, 2)), numpy=lambda x: np.broadcast_to(x, (2, 2)), x=())
case("pad", lambda x: F["pad"](x, [(1, 0), (0, 2)]), numpy=lambda x: np.pad(x, [(1, 0), (0, 2)]), x=("N", 2))
case(
    "pad",
    lambda x: F["pad"](x, [(1, 1)], fill=0.5),
    numpy=lambda x: np.pad(x, 1, constant_values=0.5),
    x=(2,),
    note="fill",
)
case(
    "pad",
    lambda x: F["pad"](x, [(0, 1)], fill=const("-inf").attrs[1]),
    numpy=lambda x: np.pad(x, [(0, 1)], constant_values=-np.inf),
    x=(2,),
    note="-inf",
    smooth=False,
)
case(
    "pad",
    lambda i: F["pad"](i, [(1, 1)], fill=0.5),
    numpy=lambda i: np.pad(i.astype(float), 1, constant_values=0.5),
    i=whole(2),
    note="ints, fill 1/2",
    smooth=False,
)
case(
    "pad", lambda x: F["pad"](x, [("N", 1)]), numpy=lambda x: np.pad(x, [(3, 1)]), x=("N",), note="by a size"
)
case(
    "concat",
    lambda x, y: F["concat"]([x, y], axis=1),
    numpy=lambda x, y: np.concatenate([x, y], 1),
    x=("N", 2),
    y=("N", 3),
)
case(
    "concat",
    lambda x, y: F["concat"]([x, y, x]),
    numpy=lambda x, y: np.concatenate([x, y, x]),
    x=("N",),
    y=(2,),
)
case(
    "concat",
    lambda x, i: F["concat"]([x, i], axis=-1),
    numpy=lambda x, i: np.concatenate([x, i], -1),
    x=(2, 2),
    i=whole((2, 1)),
    note="real and int",
)
case("stack", lambda x, y: F["stack"]([x, y]), numpy=lambda x, y: np.stack([x, y]), x=("N",), y=("N",))
case(
    "stack",
    lambda x, y: F["stack"]([x, y], axis=-1),
    numpy=lambda x, y: np.stack([x, y], -1),
    x=(2, 3),
    y=(2, 3),
)
case(
    "stack",
    lambda x, y: F["stack"]([x, 1, y]),
    numpy=lambda x, y: np.stack([x, 1, y]),
    x=(),
    y=(),
    note="scalars",
)
