"""One table of cases: every operation and every function of the graph language, with its data and its meaning
in NumPy; a module per room of `graphc.ops`.

The table drives the tests of values, shapes, gradients, text and notation. A case that is not `smooth` has no
derivative worth comparing with a difference quotient (whole numbers, a stopped gradient).
"""

from tests.cases import (
    activations,
    attention,
    binary,
    constants,
    contractions,
    convolution,
    indexing,
    linalg,
    losses,
    moves,
    normalization,
    penalties,
    random,
    recurrent,
    reductions,
    scans,
    unary,
)
from tests.cases.case import CASES, SIZES, Case, Leaf

__all__ = [
    "CASES",
    "SIZES",
    "Case",
    "Leaf",
    "activations",
    "attention",
    "binary",
    "constants",
    "contractions",
    "convolution",
    "indexing",
    "linalg",
    "losses",
    "moves",
    "penalties",
    "normalization",
    "random",
    "recurrent",
    "reductions",
    "scans",
    "unary",
]
