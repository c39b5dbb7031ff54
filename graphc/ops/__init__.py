"""The table of operations, each declared once, by its mathematics."""

from graphc.ir.op import FUNCTIONS, OPS
from graphc.ops import activations, contract, form, index, leaf, losses, move, pointwise, reduce, scan
from graphc.ops.leaf import assume, const, input_, param, state

__all__ = [
    "FUNCTIONS",
    "OPS",
    "activations",
    "assume",
    "const",
    "contract",
    "form",
    "index",
    "input_",
    "leaf",
    "losses",
    "move",
    "param",
    "pointwise",
    "reduce",
    "scan",
    "state",
]
