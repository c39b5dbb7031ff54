"""Random draws: numbers that are a function of a seed, a key, a step and the place in the array; and dropout.

Nothing is drawn from a stream. Each call site has a key of its own, so that two masks of one network are independent,
and the same seed, key and step give the same numbers whatever was drawn before.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from graphc.ir.errors import DTypeError, GraphcError
from graphc.ir.node import Node, make
from graphc.ir.op import Attrs, Op, function, register
from graphc.ir.types import DimLike, DType, Shape, shape_of
from graphc.ops.composite import composite, exact_number
from graphc.ops.leaf import as_node, const, input_
from graphc.ops.pointwise import cast

Key = str | int


def _infer(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    return attrs[0], "real"


UNIFORM = register(
    Op(
        "uniform",
        "random",
        _infer,
        ("shape", "key"),
        evaluate=lambda node, arrays, sizes, xp: xp.uniform(
            key_number(node.attrs[1]), *arrays, xp.shape(node.shape, sizes)
        ),
        symbol="uniform",
    )
)


def key_number(key: Key) -> int:
    """The 64 bits a key stands for: of a text its BLAKE2b digest, of a whole number its last 64 bits.

    >>> key_number(7), hex(key_number("net/dropout1"))
    (7, '0xeb6ec8b6cd6f17c4')
    """
    if isinstance(key, int):
        return key % 2**64
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little")


@function
def random_uniform(
    shape: Sequence[str | DimLike] | str | DimLike, *, key: Key, seed: Any = 0, step: Any = None
) -> Node:
    """Numbers in [0, 1), uniform and independent: a function of `seed`, `key`, `step` and the logical index.

    `key`, a text or a whole number, tells one call site from another. `seed` and `step` are whole numbers or integer
    scalars of the graph; without `step` it is the input `step`. The generator is Philox 4x64 with key (seed, key) and
    counter (0, 0, step, 0): Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011). The numbers are drawn
    in float64 and then rounded. There is no gradient.

    >>> from graphc.ops.naive import evaluate
    >>> evaluate([random_uniform(2, key="a", step=0)], {})[0].round(3)
    array([0.093, 0.743])
    """
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise DTypeError(f"random_uniform: a key is a text or a whole number, not {key!r}")
    moment = input_("step", dtype="int") if step is None else step
    return make(UNIFORM, (_whole("seed", seed), _whole("step", moment)), (shape_of(shape), key))


def _whole(what: str, value: Any) -> Node:
    node = as_node(value)
    if node.dtype != "int" or node.shape:
        raise DTypeError(f"random_uniform: {what} is a whole number, a scalar of dtype 'int', not {node!r}")
    return node


@composite(
    name="dropout", elementwise=True, derivatives=(lambda y, x, u, *, rate: _scaled_mask(u, rate), None)
)
def _dropout(x: Node, u: Node, *, rate: Fraction) -> Node:
    return x * _scaled_mask(u, rate)


def _scaled_mask(u: Node, rate: Fraction) -> Node:
    return (u >= rate) * cast(const(1 / (1 - rate)), "real")


@function
def dropout(x: Any, *, rate: Any = Fraction(1, 2), key: Key, seed: Any = 0, step: Any = None) -> Node:
    """Inverted dropout: `x / (1 - rate)` where a uniform number is at least `rate`, else 0; its mean is `x`.

    The numbers are `random_uniform(x.shape, key=key, seed=seed, step=step)`, one per entry; the gradient has the same
    mask. `rate` is in [0, 1).

    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting (2014), section 10,
    with the scale at training time.
    """
    x = cast(x, "real")
    return _dropout(x, random_uniform(x.shape, key=key, seed=seed, step=step), rate=drop_rate(rate))


def drop_rate(rate: Any) -> Fraction:
    """`rate` as an exact number in [0, 1), or one sentence on why it is none."""
    value = exact_number("dropout", "rate", rate)
    if not 0 <= value < 1:
        raise GraphcError(f"dropout: the rate is the part that is dropped, from 0 to below 1, not {rate}")
    return value
