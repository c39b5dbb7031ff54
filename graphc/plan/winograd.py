"""Convolutions with kernels of 3x3 in Winograd's form: sixteen products of matrices where windows take thirty-six.

For tiles of 2x2 places, `Y = A.T ((G K G.T) * (B.T d B)) A`, `d` being the 4x4 entries that a tile sees; the products
are over channels, sixteen matrix products in a batch. The gradient by the kernel has the same form. What is saved in
products is partly spent on the sums before and after, so this pays from about 32 channels and filters on. The values
are the same over the reals; in floats the error is that of a sum of a few more terms (measured in float32: within 1e-6
of the largest value, as that of unrolled windows). An infinite entry makes a whole tile undefined. After Lavin and
Gray, "Fast algorithms for convolutional neural networks" (2016), F(2x2, 3x3).
"""

from __future__ import annotations

from typing import Any

from graphc.ir.node import Node, make
from graphc.ir.op import Attrs, Op
from graphc.ir.types import DType, Shape
from graphc.ops.contract import CONTRACT
from graphc.ops.move import PAD, RESHAPE, TRANSPOSE
from graphc.ops.window import SLIDING_WINDOW
from graphc.plan.convolution import MULTIPLIED, UNROLLED
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, counted
from graphc.plan.setting import Setting
from graphc.plan.turned import reshaped, whole

NAME = "winograd"

# Nanoseconds for each entry of a tile before and after the products, forward and by the kernel; one core, float32.
MIXED = {"winograd": (0.56, 0.33), "winograd_slope": (0.56, 0.45)}
# The part of the time of unrolled windows that it has to stay below; forward, the windows need not be written at all.
GAIN = {"winograd": 0.92, "winograd_slope": 1.0}
LEAST = 256  # times as many entries of tiles as are worth memory at hand, from which its calls do not count
MOST = 2**22  # entries of the tiles of one image


def _places(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    _, counts = attrs
    return (args[0].shape[0], *counts, args[1].shape[3]), "real"


def _kernel(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    return (3, 3, args[0].shape[3], args[1].shape[3]), "real"


def _seen(x: Any, xp: Any, before: tuple[int, int], counts: tuple[int, int]) -> Any:
    """The windows of `x` behind so many rows and columns of zeros: (N, h, w, C, 3, 3)."""
    n, height, width, c = x.shape
    padded = xp.full((n, counts[0] + 2, counts[1] + 2, c), 0, x.dtype)
    padded[:, before[0] : before[0] + height, before[1] : before[1] + width] = x
    return xp.sliding_window(padded, (1, 2), (3, 3), (1, 1), (1, 1))


def _convolved(node: Node, arrays: list[Any], sizes: Any, xp: Any) -> Any:
    return xp.contract("nhwcij,ijcf->nhwf", [_seen(arrays[0], xp, *node.attrs), arrays[1]], {})


def _slope(node: Node, arrays: list[Any], sizes: Any, xp: Any) -> Any:
    x, dy = arrays
    return xp.contract("nhwcij,nhwf->ijcf", [_seen(x, xp, node.attrs[0], dy.shape[1:3]), dy], {})


# `winograd(x, K)` convolves (N, H, W, C), behind `before` rows and columns of zeros, with (3, 3, C, F) at `counts`
# places; `winograd_slope(x, dy)` is its gradient by the kernel. They are never seen in a surface graph.
WINOGRAD = Op("winograd", "contract", _places, ("before", "counts"), evaluate=_convolved)
WINOGRAD_SLOPE = Op("winograd_slope", "contract", _kernel, ("before",), evaluate=_slope)


def by_tiles(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with convolutions in Winograd's form where that is faster."""
    result, count = counted(lowered, lambda n: _tiled(n, setting) if n.op is CONTRACT else None)
    if count:
        plural = "s are" if count > 1 else " is"
        setting.say(NAME, f"{count} product{plural} taken by tiles, sixteen products for thirty-six")
    return result


TILES = Pass(NAME, "computes convolutions of 3x3 by tiles, in Winograd's form", by_tiles)


def _tiled(node: Node, setting: Setting) -> Node | None:
    """A product of unrolled windows by tiles, if it is one, and if that pays."""
    spec = node.attrs[0]
    if spec not in ("rk,kf->rf", "rk,rf->kf"):
        return None
    op = WINOGRAD if spec == "rk,kf->rf" else WINOGRAD_SLOPE
    window = _window(node.args[0])
    if window is None:
        return None
    (x,), counts, filters = window.args, window.shape[1:3], node.args[1].shape[1]
    if not all(isinstance(d, int) for d in (*counts, *x.shape[1:], filters)):
        return None
    if not _pays(op, window, filters, setting):
        return None
    before: tuple[Any, ...] = (0, 0)
    if x.op is PAD and _is_frame(x):
        before = tuple(start for start, _, _ in x.attrs[1][1:3])
        x = x.args[0]
    if op is WINOGRAD:
        kernel = reshaped(node.args[1], (3, 3, x.shape[3], filters))
        result = make(op, (x, kernel), (before, counts))
    else:
        result = make(op, (x, reshaped(node.args[1], (*window.shape[:3], filters))), (before,))
    return make(RESHAPE, (result,), (node.shape,))


def _window(columns: Node) -> Node | None:
    """The windows of 3x3 that `columns` unrolls, channels last."""
    turned = columns.args[0] if columns.op is RESHAPE else None
    if turned is None or turned.op is not TRANSPOSE or turned.attrs[0] != (0, 1, 2, 4, 5, 3):
        return None
    window = turned.args[0]
    if window.op is not SLIDING_WINDOW or window.attrs != ((1, 2), (3, 3), (1, 1), (1, 1)):
        return None
    rows, n = columns.shape[0], window.shape[0]
    return window if columns.ndim == 2 and rows == n * window.shape[1] * window.shape[2] else None


def _is_frame(x: Node) -> bool:
    """Whether only rows and columns of zeros lie around what is padded."""
    shape, places, fill = x.attrs
    rest = whole(shape)
    return (
        fill == 0
        and (places[0], places[3]) == (rest[0], rest[3])
        and all(step == 1 for _, step, _ in places)
        and all(isinstance(start, int) for start, _, _ in places)
    )


def _pays(op: Op, window: Node, filters: Any, setting: Setting) -> bool:
    places = setting.entries(window.shape[:3])
    c, f = setting.entries((window.shape[3],)), setting.entries((filters,))
    h, w = (-(-setting.entries((d,)) // 2) * 2 for d in window.shape[1:3])
    rows = setting.entries(window.shape[:1]) * h * w
    inside, outside = MIXED[op.name]
    unrolled = places * 9 * c * (UNROLLED + MULTIPLIED * f)
    tiled = rows * 4 * (inside * c + outside * f + MULTIPLIED * c * f)
    entries = 4 * rows * max(c, f)
    enough = entries >= LEAST * setting.costs.worthwhile and 4 * h * w * max(c, f) <= MOST
    return enough and tiled < GAIN[op.name] * unrolled
