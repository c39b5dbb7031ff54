"""Cases: inverses, determinants and solutions of linear systems."""

from __future__ import annotations

import numpy as np

from tests.cases.case import F, Leaf, case, whole

_TWO = Leaf((2, 2), given=[[1.5, -0.75], [0.25, 2.0]])
_THREE = Leaf((3, 3), given=[[0.25, 2.0, -1.0], [1.5, 0.5, 0.75], [-0.5, 1.0, 2.5]])
_NAMED = Leaf(("N", "N"), given=_THREE.given)
_EACH = Leaf((2, 2, 2), given=[[[1.5, -0.75], [0.25, 2.0]], [[0.0, 1.25], [-2.0, 0.5]]])
_FOUR = Leaf((2, 1, 2, 2), given=np.reshape(_EACH.given, (2, 1, 2, 2)))
_ONE = Leaf((1, 1), given=[[-2.5]])


def _logdet(a: np.ndarray) -> np.ndarray:
    return np.linalg.slogdet(a)[1]


for _name, _meaning in (("inv", np.linalg.inv), ("det", np.linalg.det), ("logdet", _logdet)):
    for _leaf in (_ONE, _TWO, _THREE, _NAMED, _EACH, _FOUR):
        case(_name, lambda a, f=_name: F[f](a), numpy=_meaning, a=_leaf)
    case(_name, lambda a, f=_name: F[f](a @ a.T), a=_TWO, note="product with its transpose")
    case(
        _name,
        lambda i, f=_name: F[f](i + F["eye"](2) * 5),
        i=whole((2, 2)),
        smooth=False,
        note="ints",
    )
for _matrix, _right in (
    (_TWO, (2,)),
    (_NAMED, ("N",)),
    (_THREE, (3, 2)),
    (_NAMED, ("N", "K")),
    (_EACH, (2, 2, 3)),
    (_EACH, (1, 2, 3)),
    (_TWO, (3, 2, 1)),
    (_FOUR, (3, 2, 2)),
):
    case("solve", lambda a, b: F["solve"](a, b), numpy=np.linalg.solve, a=_matrix, b=_right)
case(
    "solve",
    lambda a, b: F["solve"](a, b),
    numpy=lambda a, b: np.stack([np.linalg.solve(m, b) for m in a]),
    a=_EACH,
    b=(2,),
    note="one right side for each matrix",
)
case(
    "solve",
    lambda a, i: F["solve"](a, i),
    numpy=lambda a, i: np.linalg.solve(a, i),
    a=_THREE,
    i=whole(3),
    note="ints",
)
case("solve", lambda a: F["solve"](a, a @ a), numpy=lambda a: a, a=_THREE, note="the matrix on both sides")
