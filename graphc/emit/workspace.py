"""Memory at hand in generated code: what is made once for the sizes met, and what a call makes for itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from graphc.emit.helpers import HELPERS
from graphc.emit.text import Scope, show_dim
from graphc.ir.node import Node
from graphc.ir.types import Dim, DimLike, Shape
from graphc.plan.buffers import NOWHERE, Buffer
from graphc.plan.pieces import filled_with
from graphc.plan.plan import Plan
from graphc.plan.rows import per_row

WIDTH = 100  # of a line, from which it is broken


def scratch_name(buffer: Buffer) -> str:
    """The name of memory at hand: that of the first value in it, with an underscore, as users' names never have it."""
    name = f"_{buffer.name or f'scratch{buffer.number}'}"
    return f"{name}_" if name in HELPERS or _OURS.match(name) else name


_OURS = re.compile(r"_(memory|parts?|block|arange|BLAS|clock)")  # names that generated code uses itself


def kept_buffers(plan: Plan, *, parts: bool = False) -> list[Buffer]:
    """The buffers that are kept between calls: for all rows, or for each part of them."""
    return [b for b in plan.buffers if b.role == "workspace" and (b.region != NOWHERE) == parts]


def own_buffers(plan: Plan) -> list[Buffer]:
    """The buffers that each call makes before its first step."""
    return [b for b in plan.buffers if b.role == "local" and b.slot != NOWHERE]


def workspace_lines(plan: Plan, scope: Scope) -> Iterator[str]:
    """What gives a call its memory."""
    kept = kept_buffers(plan)
    if kept or scope.constants:
        call = f"self._workspace({', '.join(_sizes(plan, kept, scope))})"
        yield from unpacked([*map(scratch_name, kept), *scope.constants], call)
    yield from _made(plan, scope, own_buffers(plan))


def unpacked(names: Sequence[str], value: str) -> Iterator[str]:
    """An assignment to several names, over several lines where one is too short."""
    line = f"{', '.join(names)}{',' * (len(names) == 1)} = {value}"
    if len(line) <= WIDTH:
        yield line
        return
    yield "("
    for i in range(0, len(names), 8):
        yield f"    {', '.join(names[i : i + 8])},"
    yield f") = {value}"


def wrapped(start: str, parts: Sequence[str], end: str) -> Iterator[str]:
    """A call or a head on one line, or where that is too long on several."""
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) <= WIDTH:
        yield line
        return
    yield start
    row: list[str] = []
    for part in parts:
        if row and len(", ".join([*row, part])) > WIDTH - 10:
            yield f"    {', '.join(row)},"
            row = []
        row.append(part)
    yield f"    {', '.join(row)},"
    yield end


def workspace_methods(plan: Plan, scope: Scope) -> list[tuple[str, list[str], list[str]]]:
    """The methods that make memory, each as name, arguments and lines."""
    methods = []
    for name, parts in (("_workspace", False), ("_part", True)):
        kept = kept_buffers(plan, parts=parts)
        constants = {} if parts else scope.constants
        if not kept and not constants:
            continue
        sizes = [*(["part"] if parts else []), *_sizes(plan, kept, None if parts else scope)]
        keys = ['"part"', *sizes] if parts else sizes
        key = f"({', '.join(keys)}{',' * (len(keys) == 1)})"
        what = "each part of the rows" if parts else "results on the way"
        lines = [
            f'"""Memory for {what}, kept for the last sizes met."""',
            f"memory = self._memory.get({key})",
            "if memory is None:",
            *(f"    {line}" for line in _made(plan, scope, kept)),
            *(f"    {name} = {code}" for name, (code, _) in constants.items()),
            *(f"    {line}" for line in _packed([*map(scratch_name, kept), *constants])),
            f"    {scope.helper('_keep')}(self._memory, {key}, memory)",
            "return memory",
        ]
        methods.append((name, ["self", *sizes], lines))
    return methods


def part_sizes(plan: Plan) -> list[str]:
    """The sizes that the memory of a part depends on."""
    return _sizes(plan, kept_buffers(plan, parts=True))


def _packed(names: Sequence[str]) -> Iterator[str]:
    if len(names) <= 6:
        yield f"memory = ({', '.join(names)}{',' * (len(names) == 1)})"
        return
    yield "memory = ("
    for i in range(0, len(names), 8):
        yield f"    {', '.join(names[i : i + 8])},"
    yield ")"


def _sizes(plan: Plan, kept: Sequence[Buffer], scope: Scope | None = None) -> list[str]:
    """The sizes that memory depends on, and constant arrays."""
    shapes = [buffer_shape(b, plan) for b in kept]
    shapes += [shape for _, shape in scope.constants.values()] if scope is not None else []
    mentioned = {s for shape in shapes for d in shape if isinstance(d, Dim) for s in d.symbols}
    return [plan.sizes[s] for s in plan.sizes if s in mentioned]


def buffer_shape(buffer: Buffer, plan: Plan) -> Shape:
    """The shape of a buffer: in a loop, that of the largest slice."""
    if buffer.loop == NOWHERE:
        return buffer.shape
    loop = plan.loops[buffer.loop]
    each = per_row(buffer.shape, loop.rows)
    first: DimLike = loop.size if each is None else each * loop.size
    return first, *buffer.shape[1:]


def _made(plan: Plan, scope: Scope, buffers: Sequence[Buffer]) -> Iterator[str]:
    """Lines that make buffers: those of one slot in the same memory, pieces as views of their wholes."""
    whole = [b for b in buffers if b.piece is None]
    text = _shape_text(plan)
    for dtype in dict.fromkeys(b.dtype for b in whole):
        slots: dict[int, list[Buffer]] = {}
        for b in whole:
            if b.dtype == dtype:
                slots.setdefault(b.slot, []).append(b)
        alone = [s[0] for s in slots.values() if len(s) == 1]
        for b in alone:
            yield f"{scratch_name(b)} = np.empty({text(buffer_shape(b, plan))}, {scope.dtype(dtype)})"
        for several in (s for s in slots.values() if len(s) > 1):
            shapes = dict.fromkeys(text(buffer_shape(b, plan)) for b in several)
            if len(shapes) == 1:
                names = " = ".join(scratch_name(b) for b in several)
                yield f"{names} = np.empty({next(iter(shapes))}, {scope.dtype(dtype)})"
                continue
            given = ", ".join(text(buffer_shape(b, plan)) for b in several)
            call = f"{scope.helper('_shared')}({scope.dtype(dtype)}, {given})"
            yield from unpacked([scratch_name(b) for b in several], call)
    for b in buffers:
        if b.piece is not None:
            start, stop = b.piece.start, b.piece.start + b.piece.length
            if b.piece.axis:
                place = f"{show_dim(start, plan.sizes)}:{show_dim(stop, plan.sizes)}"
                yield f"{scratch_name(b)} = {scratch_name(plan.buffers[b.of])}[:, {place}]"
                continue
            cut = f"{scratch_name(plan.buffers[b.of])}[{show_dim(start, plan.sizes)}:{show_dim(stop, plan.sizes)}]"
            yield f"{scratch_name(b)} = {cut}.reshape({text(b.shape)})"
    numbers = {b.number for b in buffers}
    for step in plan.steps:
        if step.place == "joined" and step.buffer in numbers:
            yield from _constant_parts(step.node, scratch_name(plan.buffers[step.buffer]), scope)


def _constant_parts(node: Node, name: str, scope: Scope) -> Iterator[str]:
    """Lines that write the constant parts of a concatenation, once."""
    axis: int = node.attrs[0]
    start: DimLike = 0
    for part in node.args:
        number = filled_with(part)
        if number is not None:
            place = f"{scope.dim(start)}:{scope.dim(start + part.shape[axis])}"
            yield f"{name}[{':, ' * axis}{place}] = {scope.value(number).code}"
        start = start + part.shape[axis]


def _shape_text(plan: Plan) -> Callable[[Shape], str]:
    return cache(
        lambda shape: f"({', '.join(show_dim(d, plan.sizes) for d in shape)}{',' * (len(shape) == 1)})"
    )
