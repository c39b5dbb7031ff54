"""The steps of a plan in NumPy: a line for each, and a local function for what runs slice by slice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphc.emit import contraction, pointwise, window
from graphc.emit.entries import EntryLoop
from graphc.emit.storage import flat_names
from graphc.emit.text import Scope
from graphc.emit.workspace import kept_buffers, part_sizes, scratch_name, unpacked, wrapped
from graphc.ir.node import Node, topological
from graphc.ir.types import Dim, DimLike, Shape
from graphc.ops.form import show
from graphc.ops.pointwise import CAST
from graphc.plan.alias import is_pack, is_view
from graphc.plan.buffers import NOWHERE, Buffer, takes_out
from graphc.plan.loops import Loop, lines_read
from graphc.plan.names import spoken
from graphc.plan.pieces import filled_with, parts_left
from graphc.plan.plan import Plan, Step
from graphc.plan.rows import is_sliced, per_row

_NUMBERED = re.compile(r"\bv\d+\b")
ROWS = "rows"  # how many rows a slice has, within the function that computes one


def step_lines(plan: Plan, scope: Scope, clock: str = "") -> Iterator[str]:
    """One line per step, and a comment with the mathematics before each gradient.

    `clock` is what is called with the number of each step after it, and without one where no step has just ended.
    """
    return _Body(plan, scope, clock).section(0, len(plan.steps), list(plan.loops))


@dataclass(slots=True)
class _Body:
    """The plan as it is written.

    `memory` are the names of the buffers, `holder` says by which name each is known so far, `made` and `uses` where a
    value is made and read, `pieces` what was written straight into each buffer, each value with where it begins; `flat`
    is what flat leaves are called where they were not fetched, `handed_out` are the outputs and what they are views of,
    `unbound` what is known by the memory it is in.
    """

    plan: Plan
    scope: Scope
    clock: str = ""
    memory: list[str] = field(default_factory=list)
    holder: dict[int, str] = field(default_factory=dict)
    reads: list[list[Node]] = field(default_factory=list)
    made: dict[Node, int] = field(default_factory=dict)
    uses: dict[Node, list[int]] = field(default_factory=dict)
    pieces: dict[int, set[tuple[Node, DimLike]]] = field(default_factory=dict)
    flat: dict[Node, str] = field(default_factory=dict)
    handed_out: set[Node] = field(default_factory=set)
    unbound: set[Node] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.reads = lines_read(self.plan.steps)
        self.made = {s.node: i for i, s in enumerate(self.plan.steps) if s.action == "compute"}
        for i, read in enumerate([*self.reads, list(self.plan.output_nodes)]):
            for node in read:
                self.uses.setdefault(node, []).append(i)
        for node in self.plan.output_nodes:
            self.handed_out.add(node)
            while is_view(node):
                node = node.args[0]
                self.handed_out.add(node)
        self.flat = flat_names(self.plan)
        leaves = (*self.plan.inputs, *self.plan.owned, *(f.leaf for f in self.plan.flat))
        self.memory = [scratch_name(b) for b in self.plan.buffers]
        self.holder = dict(enumerate(self.memory)) | {
            i: self.plan.names[leaf] for i, leaf in enumerate(leaves)
        }
        for step in self.plan.steps:
            buffer = self.plan.buffers[step.buffer]
            if buffer.piece is not None:
                self.pieces.setdefault(buffer.of, set()).add((step.node, buffer.piece.start))

    def section(self, first: int, last: int, loops: list[Loop]) -> Iterator[str]:
        """The steps from `first` up to `last`; `loops` are those that have not been entered."""
        i = first
        starts = {loop.first: loop for loop in reversed(loops)}
        yield from self.timed()
        while i < last:
            loop = starts.get(i)
            if loop is None:
                yield from self.step(i)
                yield from self.timed(i)
                i += 1
                continue
            inner = [
                one for one in loops if one is not loop and loop.first <= one.first and one.last <= loop.last
            ]
            yield from self.entries(loop) if loop.kind == "entries" else self.loop(loop, inner)
            # What runs entry by entry cannot be timed line by line: its last line stands for all.
            yield from self.timed(*((loop.last - 1,) if loop.kind == "entries" else ()))
            i = loop.last

    def timed(self, *step: int) -> Iterator[str]:
        """The call of the clock after a step, if there is one."""
        if self.clock:
            yield f"{self.clock}({', '.join(map(str, step))})"

    # steps ----------------------------------------------------------------------------------------------------

    def step(self, i: int) -> Iterator[str]:
        """The lines of one step."""
        step = self.plan.steps[i]
        if step.gradient is not None:
            mark = step.gradient
            text = mark.text or show(step.node, self.scope.names)
            # Mathematics in names such as v12 says no more than the line itself.
            known = "" if _NUMBERED.search(text) else f" = {text}"
            yield f"# d{spoken(mark.of)}/d{spoken(mark.wrt)}{known}"
        keeps = self.scope.keeps
        # What is handed out is the caller's own: no constant that is kept for the next call.
        self.scope.keeps = keeps and step.node not in self.handed_out
        yield from self.statement(step)
        self.scope.keeps = keeps
        if step.action == "store":
            return
        name = self.plan.names[step.target] if step.target is not None else step.name
        if step.node in self.unbound:
            name = self.memory[step.buffer]
        self.scope.names[step.node] = name
        if step.target is None and step.place != "view":
            self.holder[step.buffer] = name

    def statement(self, step: Step) -> Iterator[str]:
        """The statements that compute one step."""
        scope, node = self.scope, step.node
        if (made := self.made_once(step)) is not None:
            if scope.kept(step.name, node, made).code == made:
                yield f"{step.name} = {made}"
        elif step.action == "copy":
            value = scope.value(node)
            yield f"{step.name} = {scope.array(node).code if value.weak else f'{value.bound()}.copy()'}"
        elif step.target is not None:
            yield pointwise.store(scope, node, self.plan.names[step.target])
        elif step.place == "in place":
            yield self.written(step, self.holder[step.buffer])
        elif step.place == "workspace":
            yield from self.placed(step)
        elif step.place == "joined":
            yield from self.joined(step)
        elif step.place == "sum":
            yield from self.added(step)
        elif is_pack(node):
            dims = ", ".join(map(scope.dim, node.shape))
            yield f'{step.name} = np.array({scope.array(node.args[0]).code}, order="C").reshape({dims})'
        else:
            yield f"{step.name} = {scope.expression(node).code}"

    def made_once(self, step: Step) -> str | None:
        """What makes an array that stays: a constant, or a view of a flat array, whose entries change in place."""
        node, names = step.node, self.scope.names
        base = node
        while is_view(base):
            base = base.args[0]
        if step.place == "view" and base in self.flat:
            names[base] = self.flat[base]
            made = self.scope.expression(node).code
            names[base] = self.plan.names[base]
            return made
        alone = step.place == "new" and step.action == "compute" and node.ndim and node.constant
        if not alone or any(below in names for below in topological(node.args)):
            return None
        return self.scope.expression(node).code

    def written(self, step: Step, out: str) -> str:
        """A step whose last operation writes into `out`."""
        scope, node = self.scope, step.node
        if node.op.name == "contract":
            code = contraction.matmul_into(scope, node, out).code
        elif node.op.name in window.INTO:
            code = window.INTO[node.op.name](scope, node, out).code
        else:
            code = pointwise.call(scope, node, out).code
        return code if node in self.unbound else f"{step.name} = {code}"

    def placed(self, step: Step) -> Iterator[str]:
        """A step whose result goes to memory at hand."""
        scope, node = self.scope, step.node
        out = self.memory[step.buffer]
        if self.needs_no_name(step):
            self.unbound.add(node)
        bound = [] if node in self.unbound else [f"{step.name} = {out}"]
        if is_pack(node):
            view = node.args[0]
            yield from bound
            yield f"np.copyto({out}.reshape({', '.join(map(scope.dim, view.shape))}), {scope.array(view).code})"
        elif takes_out(node) and node.op is not CAST:
            yield self.written(step, out)
        else:
            yield from bound
            yield f"{out}[...] = {scope.value(node.args[0] if node.op is CAST else node).code}"

    def joined(self, step: Step) -> Iterator[str]:
        """An array joined of others, of which some, and all that are constant, stand where they belong already."""
        out, axis = self.memory[step.buffer], step.node.attrs[0]
        for part, start in parts_left(step.node, self.pieces.get(step.buffer, ())):
            if filled_with(part) is None:
                place = f"{':, ' * axis}{self.span(start, part.shape[axis])}"
                yield f"{out}[{place}] = {self.scope.value(part).code}"
        if self.needs_no_name(step):
            self.unbound.add(step.node)
        else:
            yield f"{step.name} = {out}"

    def needs_no_name(self, step: Step) -> bool:
        """Whether what a step writes has no name but a number, and is at its place: joined, or read from there."""
        if not _NUMBERED.fullmatch(step.name) or step.gradient is not None or step.node in self.handed_out:
            return False
        if step.place == "joined" or (step.node.op is CAST and not self.plan.loops):
            return True
        buffer = self.plan.buffers[step.buffer]
        if buffer.piece is None:
            return False
        joined = {i for i in self.uses.get(step.node, ()) if i < len(self.plan.steps)}
        return all(self.plan.steps[i].buffer == buffer.of for i in joined)

    def span(self, start: DimLike, length: DimLike) -> str:
        return f"{self.scope.dim(start)}:{self.scope.dim(start + length)}"

    def added(self, step: Step) -> Iterator[str]:
        """A step that adds what a slice gives to a sum."""
        out = self.memory[step.buffer]
        yield f"np.add({out}, {self.scope.value(step.node).code}, out={out})"

    # loops ----------------------------------------------------------------------------------------------------

    def loop(self, loop: Loop, inner: list[Loop]) -> Iterator[str]:
        """A local function for a slice, and the call that runs it for every slice."""
        name = self.function_name(loop)
        sliced = self.sliced(loop)
        scratch = [scratch_name(b) for b in self.plan.buffers if self.is_scratch(b, loop)]
        after = self.read_after(loop)
        outer = dict(self.scope.here)
        if isinstance(loop.rows, Dim):
            self.scope.here[loop.rows.symbols[0]] = ROWS
        body = list(self.section(loop.first, loop.last, inner))
        self.scope.here.clear()
        self.scope.here.update(outer)
        if any(re.search(rf"\b{ROWS}\b", line) for line in body):
            body.insert(0, f"{ROWS} = {self.count(loop, sliced)}")
        if loop.kind == "parts":
            yield from self.parts_call(loop, name, sliced, body)
        else:
            yield from self.blocks_call(loop, name, sliced, scratch, body)
        yield from self.bound_after(after, loop)

    def entries(self, loop: Loop) -> Iterator[str]:
        """The call of a compiled loop, which does all lines for one entry after the other."""
        taken = {*self.scope.names.values(), *(s.name for s in self.plan.steps)}
        one = EntryLoop(self.scope, index="_i" if "i" in taken else "i")
        after = self.read_after(loop)
        for step in self.plan.steps[loop.first : loop.last]:
            out = self.plan.names[step.target] if step.target is not None else None
            if step.place == "workspace":
                out = self.memory[step.buffer]
            one.line(step, out)
        yield one.written()
        for step in self.plan.steps[loop.first : loop.last]:
            if step.action != "store":
                self.scope.names[step.node] = step.name
        yield from self.bound_after(after, loop)

    def blocks_call(
        self, loop: Loop, name: str, sliced: dict[str, DimLike], scratch: list[str], body: list[str]
    ) -> Iterator[str]:
        yield from wrapped(f"def {name}(", [*sliced, *scratch], "):")
        yield from (f"    {line}" for line in body)
        for step in self.plan.steps[loop.first : loop.last]:
            if step.place == "sum":
                yield f"{self.memory[step.buffer]}.fill(0)"
        arrays, own = (f"({', '.join(names)}{',' * (len(names) == 1)})" for names in (list(sliced), scratch))
        helper = self.scope.helper("_in_blocks")
        yield from wrapped(f"{helper}(", [name, self.scope.dim(loop.rows), str(loop.size), arrays, own], ")")

    def parts_call(self, loop: Loop, name: str, sliced: dict[str, DimLike], body: list[str]) -> Iterator[str]:
        kept = kept_buffers(self.plan, parts=True)
        yield f"def {name}({', '.join([*sliced, '_memory'])}):"
        yield from (f"    {line}" for line in unpacked([scratch_name(b) for b in kept], "_memory"))
        yield from (f"    {line}" for line in body)
        arrays = f"({', '.join(sliced)}{',' * (len(sliced) == 1)})"
        sizes = part_sizes(self.plan)
        own = self.plan.sizes[repr(loop.rows)]
        given = ", ".join(ROWS if s == own else s for s in sizes)
        memory = f"lambda part, {ROWS}: self._part(part{', ' if given else ''}{given})"
        helper = self.scope.helper("_in_parts")
        call = [name, self.scope.dim(loop.rows), str(loop.size), arrays, memory]
        yield from wrapped(f"_parts = {helper}(", call, ")")

    def bound_after(self, after: list[Step], loop: Loop) -> Iterator[str]:
        """What is made in a loop, under its name for what comes after."""
        kept = [b.number for b in kept_buffers(self.plan, parts=True)]
        totalled = {step.buffer for step in after if step.place != "view"}
        for step in after:
            buffer = self.plan.buffers[step.buffer]
            if step.node in self.unbound:
                self.unbound.remove(step.node)
                self.scope.names[step.node] = step.name
            if step.place == "view":
                yield f"{step.name} = {self.scope.expression(step.node).code}"
                continue
            if buffer.region != NOWHERE and loop.kind == "parts":
                if step.node in loop.sums and buffer.of in totalled:
                    # It is added up with the whole that it is a piece of.
                    yield f"{step.name} = _parts[0][{kept.index(step.buffer)}]"
                elif step.node in loop.sums:
                    total = f"{self.scope.helper('_total')}(_parts, {kept.index(step.buffer)})"
                    yield f"{step.name} = {total}{self.as_own(step.node)}"
                else:
                    self.scope.names[step.node] = scratch_name(buffer)
                continue
            yield f"{step.name} = {scratch_name(buffer)}{'' if step.node.ndim else '[()]'}"

    def as_own(self, node: Node) -> str:
        """What makes a value of its own of what a part keeps: a number, or a copy of what is handed out."""
        if not node.ndim:
            return "[()]"
        return ".copy()" if node in self.plan.output_nodes and not self.plan.setting.outputs_too else ""

    def read_after(self, loop: Loop) -> list[Step]:
        """The steps of a loop whose values are read after it, or handed out, and what views among them are of."""
        found: list[Step] = []
        wanted: set[Node] = set()
        # Within a part, what is wanted after it is bound after it.
        parts = [one for one in self.plan.loops if one.kind == "parts" and one is not loop]
        end = next((one.last for one in parts if one.holds(loop.first)), len(self.plan.steps) + 1)
        for i in range(loop.last - 1, loop.first - 1, -1):
            step = self.plan.steps[i]
            if step.action == "store" or step.target is not None:
                continue
            if step.node in wanted or any(loop.last <= j < end for j in self.uses.get(step.node, ())):
                found.append(step)
                wanted.update(self.reads[i] if step.place == "view" else ())
        return found[::-1]

    def is_scratch(self, buffer: Buffer, loop: Loop) -> bool:
        return buffer.loop != NOWHERE and self.plan.loops[buffer.loop] is loop

    def sliced(self, loop: Loop) -> dict[str, DimLike]:
        """The names of the arrays a slice is taken of, each with its entries of the first axis for each row."""
        found: dict[str, DimLike] = {}
        for i in range(loop.first, loop.last):
            for node in self.reads[i]:
                made = self.made.get(node, NOWHERE)
                name = self.scope.names.get(node)
                in_part = (
                    made != NOWHERE and self.plan.buffers[self.plan.steps[made].buffer].region != NOWHERE
                )
                if name is not None and not loop.holds(made) and not (in_part and loop.kind == "parts"):
                    self.add_sliced(found, name, node.shape, loop)
            step = self.plan.steps[i]
            buffer = self.plan.buffers[step.buffer]
            if step.target is not None:
                self.add_sliced(found, self.plan.names[step.target], step.target.shape, loop)
            elif step.place in ("workspace", "joined") and self.is_outer(buffer, loop):
                self.add_sliced(found, scratch_name(buffer), buffer.shape, loop)
        if loop.kind == "parts" or not found:
            # How many rows there are is read from an array that is always cut.
            leaf = next((n for n in self.plan.inputs if is_sliced(n.shape, loop.rows)), None)
            if leaf is not None:
                self.add_sliced(found, self.plan.names[leaf], leaf.shape, loop)
        return found

    def is_outer(self, buffer: Buffer, loop: Loop) -> bool:
        """Whether a loop fills slices of a buffer that is there for all rows, or for all of a part."""
        inside = loop.kind == "blocks" and buffer.region != NOWHERE
        return buffer.loop == NOWHERE and (buffer.region == NOWHERE or inside)

    def add_sliced(self, found: dict[str, DimLike], name: str, shape: Shape, loop: Loop) -> None:
        if is_sliced(shape, loop.rows):
            found.setdefault(name, per_row(shape, loop.rows) or 1)

    def count(self, loop: Loop, sliced: dict[str, DimLike]) -> str:
        """How many rows a slice has, read from an array."""
        name, each = min(sliced.items(), key=lambda item: item[1] != 1)
        return f"len({name})" if each == 1 else f"len({name}) // ({self.scope.dim(each)})"

    def function_name(self, loop: Loop) -> str:
        number = next(i for i, one in enumerate(self.plan.loops, 1) if one is loop)
        return f"_part{number}" if loop.kind == "parts" else f"_block{number}"
