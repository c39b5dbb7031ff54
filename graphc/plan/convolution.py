"""Convolutions as products of matrices: windows unrolled into rows, channels last.

A contraction of windows with a kernel is `columns @ K`, where a row of `columns` holds what one window sees, taps
first, then channels: in an array with channels last each row of the window is one run of memory. The gradient by the
kernel is `columns.T @ dy`. The gradient by the windows' array is either gathered, as a convolution of `dy` with the
kernel turned round, or scattered: `dy @ K.T` gives each window its share, and overlapping windows are added. Gathering
computes with the zeros around `dy` (and between its entries, for a stride), scattering adds entry by entry: the cheaper
one is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from graphc.ir.node import Node, make, users
from graphc.ir.types import DimLike, Shape, product
from graphc.ops.contract import CONTRACT
from graphc.ops.move import PAD, SLICE, reshape, transpose
from graphc.ops.window import OVERLAP_ADD, SLIDING_WINDOW
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, replaced
from graphc.plan.setting import Setting
from graphc.plan.turned import copied, is_scattered, ordered, whole

NAME = "conv"

# Nanoseconds for each entry of an unrolled window, for each multiplication within a product, for each entry that is
# added where it came from, and for each run of channels there; measured on one core, float32.
UNROLLED, MULTIPLIED, ADDED, RUN = 0.14, 0.019, 0.35, 10.0


@dataclass(frozen=True, slots=True)
class Roles:
    """What the indices of a convolution count: rows of the batch, places, groups, channels, taps and filters."""

    rows: str
    places: str
    groups: str
    channels: str
    taps: str
    filters: str


@dataclass(frozen=True, slots=True)
class Slide:
    """How windows lie along their axes: numbers of taps, strides, dilations."""

    sizes: Shape
    strides: tuple[int, ...]
    dilations: tuple[int, ...]

    @property
    def single(self) -> bool:
        """Whether a window is one entry."""
        return all(k == 1 for k in self.sizes)


def by_products(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with its convolutions, and their gradients, as products of matrices."""
    if lowered.ops.isdisjoint((SLIDING_WINDOW, OVERLAP_ADD)):
        return lowered
    uses = users(lowered.roots)
    done: dict[Node, Node] = {}
    counts: dict[str, int] = {}
    for node in lowered.nodes:
        found = None if node.is_leaf else _found(node, done, uses, setting)
        if found is None:
            args = tuple(done[a] for a in node.args)
            done[node] = node if args == node.args else make(node.op, args, node.attrs)
        else:
            kind, done[node] = found
            counts[kind] = counts.get(kind, 0) + 1
    if counts:
        parts = [f"{count} {kind}" for kind, count in counts.items()]
        setting.say(NAME, f"convolutions as products of matrices: {', '.join(parts)}")
    return replaced(lowered, done)


CONVOLUTION = Pass(
    NAME, "writes convolutions and their gradients as products of unrolled windows", by_products
)

_Uses = Mapping[Node, Sequence[tuple[Node, int]]]


def _found(node: Node, done: Mapping[Node, Node], uses: _Uses, setting: Setting) -> tuple[str, Node] | None:
    """What a node of a convolution becomes, and what it is."""
    if node.op is CONTRACT and len(node.args) == 2 and node.dtype == "real":
        for first, second in ((0, 1), (1, 0)):
            if node.args[first].op is SLIDING_WINDOW:
                built = _contracted(node, first, second, done)
                if built is not None:
                    return built
    if node.op is SLICE and node.args[0].op is OVERLAP_ADD and len(uses[node.args[0]]) == 1:
        return _added(node.args[0], node.attrs[0], done, setting)
    if node.op is OVERLAP_ADD and [u.op for u, _ in uses[node]] != [SLICE]:
        return _added(node, whole(node.shape), done, setting)
    return None


# forward, and by the kernel ---------------------------------------------------------------------------------


def _contracted(node: Node, first: int, second: int, done: Mapping[Node, Node]) -> tuple[str, Node] | None:
    """Windows contracted with a kernel, or with the upstream gradient."""
    inputs, output = str(node.attrs[0]).split("->")
    specs = inputs.split(",")
    own, other = specs[first], specs[second]
    if node.attrs[1] or any(len(set(s)) < len(s) for s in (*specs, output)):
        return None
    window = node.args[first]
    axes, sizes, strides, dilations = window.attrs
    slide = Slide(sizes, strides, dilations)
    x, right = done[window.args[0]], done[node.args[second]]
    places, taps = "".join(own[a] for a in axes), own[x.ndim :]
    rest = "".join(i for i in own[: x.ndim] if i not in places)
    for inside, outside in ((other, output), (output, other)):
        roles = _roles(rest, places, taps, own, inside, outside)
        if roles is None:
            continue
        columns = _unrolled(x, own[: x.ndim], roles, slide)
        if inside is other:
            kernel = _matrix(right, other, roles.groups, (roles.taps + roles.channels, roles.filters))
            result = _product("rgk,gkf->rgf", columns, kernel, roles.groups)
            letters = roles.rows + roles.places + roles.groups + roles.filters
            kind = "forward"
        else:
            upstream = _rows(right, other, roles.rows + roles.places, roles.groups, roles.filters)
            result = _product("rgk,rgf->gkf", columns, upstream, roles.groups)
            letters = roles.groups + roles.taps + roles.channels + roles.filters
            kind = "by the kernel"
        return kind, _spread(result, letters, output, node.shape)
    return None


def _roles(rest: str, places: str, taps: str, own: str, inside: str, outside: str) -> Roles | None:
    """The roles where the taps meet `inside`, and the places stand in `outside` only; None if they do not."""
    if any(t not in inside or t in outside for t in taps) or any(
        p in inside or p not in outside for p in places
    ):
        return None
    if any(i not in inside and i not in outside for i in rest):
        return None
    filters = "".join(i for i in inside if i not in own)
    if any(i not in outside for i in filters) or set(outside) - set(own) - set(filters):
        return None
    groups = "".join(i for i in rest if i in inside and i in outside)
    rows = "".join(i for i in rest if i not in inside)
    channels = "".join(i for i in rest if i not in outside)
    return Roles(rows, places, groups, channels, taps, filters)


def _unrolled(x: Node, letters: str, roles: Roles, slide: Slide) -> Node:
    """What each window of `x` sees, as a row: (rows and places, groups, taps and channels)."""
    wanted = roles.rows + roles.places + roles.groups + roles.channels
    x = ordered(x, tuple(letters.index(i) for i in wanted))
    first = len(roles.rows)
    axes = tuple(range(first, first + len(roles.places)))
    window = make(SLIDING_WINDOW, (x,), (axes, slide.sizes, slide.strides, slide.dilations))
    counts = window.shape[: x.ndim]
    if slide.single:
        cut = tuple((0, slide.strides[axes.index(a)] if a in axes else 1, d) for a, d in enumerate(counts))
        whole = all(step == 1 for _, step, _ in cut)
        return _merged(x if whole else make(SLICE, (x,), (cut,)), roles, wanted)
    x = copied(x) if is_scattered(x) else x
    window = make(SLIDING_WINDOW, (x,), window.attrs)
    inner = first + len(roles.places) + len(roles.groups)
    taps = range(x.ndim, window.ndim)
    turned = transpose(window, (*range(inner), *taps, *range(inner, x.ndim)))
    letters = roles.rows + roles.places + roles.groups + roles.taps + roles.channels
    return _merged(turned, roles, letters)


def _merged(x: Node, roles: Roles, letters: str) -> Node:
    """The axes of `letters` as (rows and places, groups, rest); without groups a matrix."""
    extent = dict(zip(letters, x.shape, strict=True))
    rows, groups = roles.rows + roles.places, roles.groups
    rest = [i for i in letters if i not in rows and i not in groups]
    return reshape(x, _blocks(extent, (rows, groups, rest)))


def _blocks(extent: Mapping[str, DimLike], parts: Iterable[Iterable[str]]) -> Shape:
    """One axis for each of (rows, groups, rest), without that of the groups if there are none."""
    sizes = [tuple(extent[i] for i in part) for part in parts]
    return tuple(product(s) for i, s in enumerate(sizes) if s or i != 1)


def _rows(x: Node, letters: str, rows: str, groups: str, rest: str) -> Node:
    """`x` as (rows, groups, rest), in this order; without groups a matrix."""
    extent = dict(zip(letters, x.shape, strict=True))
    turned = ordered(x, tuple(letters.index(i) for i in rows + groups + rest))
    return reshape(turned, _blocks(extent, (rows, groups, rest)))


def _matrix(kernel: Node, letters: str, groups: str, sides: tuple[str, str]) -> Node:
    """The kernel as (groups, first side, second side); without groups a matrix."""
    extent = dict(zip(letters, kernel.shape, strict=True))
    turned = transpose(kernel, tuple(letters.index(i) for i in groups + sides[0] + sides[1]))
    lead = (product(extent[i] for i in groups),) if groups else ()
    return reshape(turned, (*lead, *(product(extent[i] for i in side) for side in sides)))


def _product(spec: str, a: Node, b: Node, groups: str) -> Node:
    return make(CONTRACT, (a, b), (spec if groups else spec.replace("g", ""), ()))


def _spread(x: Node, letters: str, output: str, shape: Shape) -> Node:
    """The axes that were merged apart again, in the order of `output`."""
    extent = dict(zip(output, shape, strict=True))
    apart = reshape(x, tuple(extent[i] for i in letters))
    return transpose(apart, tuple(letters.index(i) for i in output))


# by the windows' array --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Backward:
    """The gradient by an array whose windows met a kernel: `dy`, `kernel`, their indices, and what is wanted of it.

    `region` gives for each axis of the windows where the wanted part begins, and its extent.
    """

    dy: Node
    kernel: Node
    letters: tuple[str, str]
    roles: Roles
    slide: Slide
    target: Mapping[str, DimLike]
    region: tuple[tuple[DimLike, DimLike], ...]


def _added(
    node: Node, cut: tuple[tuple[DimLike, int, DimLike], ...], done: Mapping[Node, Node], setting: Setting
) -> tuple[str, Node] | None:
    """A part of the sum of overlapping windows, each `dy` times the kernel."""
    given, (target, axes, *slide) = node.args[0], node.attrs
    if given.op is not CONTRACT or len(given.args) != 2 or given.dtype != "real" or given.attrs[1]:
        return None
    if any(c != (0, 1, d) for a, (c, d) in enumerate(zip(cut, target, strict=True)) if a not in axes):
        return None
    if any(cut[a][1] != 1 for a in axes):
        return None
    inputs, output = str(given.attrs[0]).split("->")
    specs = inputs.split(",")
    if any(len(set(s)) < len(s) for s in (*specs, output)):
        return None
    places, taps = "".join(output[a] for a in axes), output[len(target) :]
    rest = "".join(i for i in output[: len(target)] if i not in places)
    for first, second in ((0, 1), (1, 0)):
        # The kernel is to the windows what it is forward: `dy` has the places and the filters.
        roles = _roles(rest, places, taps, output, specs[second], specs[first])
        if roles is None:
            continue
        back = _Backward(
            done[given.args[first]],
            done[given.args[second]],
            (specs[first], specs[second]),
            roles,
            Slide(*slide),
            dict(zip(output, target, strict=False)),
            tuple((cut[a][0], cut[a][2]) for a in axes),
        )
        gathers = _can_gather(back) and _gathering_pays(back, setting)
        result = _gathered(back) if gathers else _scattered(back)
        letters = roles.rows + roles.places + roles.groups + roles.channels
        order = tuple(letters.index(i) for i in output[: len(target)])
        return f"by the input, {'gathered' if gathers else 'scattered'}", transpose(result, order)
    return None


def _can_gather(back: _Backward) -> bool:
    """Whether all numbers are known, and no entry of `dy` lies beyond what the wanted part sees."""
    for (start, length), place, size, stride, dilation in zip(
        back.region,
        back.roles.places,
        back.slide.sizes,
        back.slide.strides,
        back.slide.dilations,
        strict=True,
    ):
        match start, length, size, _extent(back, place):
            case int(first), int(wanted), int(taps), int(count):
                if dilation * (taps - 1) < first or stride * (count - 1) >= first + wanted:
                    return False
            case _:
                return False
    return True


def _extent(back: _Backward, letter: str) -> DimLike:
    return dict(zip(back.letters[0], back.dy.shape, strict=True))[letter]


def _gathering_pays(back: _Backward, setting: Setting) -> bool:
    """By the products that either takes, and the entries it copies or adds."""
    kernel = setting.entries(back.kernel.shape)
    places = setting.entries(tuple(_extent(back, i) for i in back.roles.places))
    wanted = setting.entries(tuple(length for _, length in back.region))
    inner = setting.entries(tuple(_extent(back, i) for i in back.roles.groups + back.roles.filters))
    runs = setting.entries(tuple(back.target[i] for i in back.roles.groups + back.roles.channels))
    taps = prod(setting.entries((k,)) for k in back.slide.sizes)
    gathered = wanted * (MULTIPLIED * kernel + UNROLLED * taps * inner)
    scattered = places * (MULTIPLIED * kernel + taps * (ADDED * runs + RUN))
    return gathered < scattered


def _gathered(back: _Backward) -> Node:
    """`dy`, spread to the strides and padded, convolved with the kernel turned round."""
    roles, slide = back.roles, back.slide
    outer = roles.rows + roles.places + roles.groups + roles.filters
    dy = ordered(back.dy, tuple(back.letters[0].index(i) for i in outer))
    shape = list(dy.shape)
    places: list[tuple[DimLike, int, DimLike]] = [(0, 1, d) for d in dy.shape]
    sides = zip(back.region, slide.sizes, slide.strides, slide.dilations, strict=True)
    for axis, ((start, length), size, stride, dilation) in enumerate(sides, len(roles.rows)):
        around = dilation * (size - 1)
        places[axis] = (around - start, stride, shape[axis])
        shape[axis] = length + around
    padded = make(PAD, (dy,), (tuple(shape), tuple(places), Fraction(0)))
    swapped = Roles(roles.rows, roles.places, roles.groups, roles.filters, roles.taps, roles.channels)
    ones = (1,) * len(slide.sizes)
    columns = _unrolled(padded, outer, swapped, Slide(slide.sizes, ones, slide.dilations))
    letters = back.letters[1]
    turned = tuple(
        (d - 1, -1, d) if i in roles.taps else (0, 1, d)
        for i, d in zip(letters, back.kernel.shape, strict=True)
    )
    kernel = make(SLICE, (back.kernel,), (turned,))
    matrix = _matrix(kernel, letters, roles.groups, (roles.taps + roles.filters, roles.channels))
    result = _product("rgk,gkf->rgf", columns, matrix, roles.groups)
    extent = {**back.target, **{p: length for p, (_, length) in zip(roles.places, back.region, strict=True)}}
    return reshape(
        result, tuple(extent[i] for i in roles.rows + roles.places + roles.groups + roles.channels)
    )


def _scattered(back: _Backward) -> Node:
    """Each window's share, `dy @ K.T`, added where the window lies."""
    roles, slide = back.roles, back.slide
    rows = _rows(back.dy, back.letters[0], roles.rows + roles.places, roles.groups, roles.filters)
    kernel = _matrix(back.kernel, back.letters[1], roles.groups, (roles.taps + roles.channels, roles.filters))
    shares = _product("rgf,gkf->rgk", rows, kernel, roles.groups)
    lead = roles.rows + roles.places + roles.groups
    target = tuple(back.target[i] for i in lead + roles.channels)
    counts = tuple(_extent(back, i) if i in roles.places else back.target[i] for i in lead)
    channels = tuple(back.target[i] for i in roles.channels)
    apart = reshape(shares, (*counts, *slide.sizes, *channels))
    first, inner = len(roles.rows), len(lead)
    taps, last = range(inner, inner + len(slide.sizes)), range(inner + len(slide.sizes), apart.ndim)
    windows = transpose(apart, (*range(inner), *last, *taps))
    axes = tuple(range(first, first + len(roles.places)))
    if slide.single and all(s == 1 for s in slide.strides):
        result = reshape(windows, target)
    else:
        result = make(OVERLAP_ADD, (windows,), (target, axes, slide.sizes, slide.strides, slide.dilations))
    cut: list[tuple[DimLike, int, DimLike]] = [(0, 1, d) for d in target]
    for axis, (start, length) in zip(axes, back.region, strict=True):
        cut[axis] = (start, 1, length)
    return result if tuple(cut) == whole(target) else make(SLICE, (result,), (tuple(cut),))
