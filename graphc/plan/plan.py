"""The plan: the last form of a graph before it is text. Steps over numbered buffers, choices all made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from graphc.ir.errors import GraphcError
from graphc.ir.graph import Graph
from graphc.ir.node import Node
from graphc.ir.types import Dim, DimLike, broadcast_shapes, show_shape
from graphc.ops.pointwise import CAST
from graphc.plan.buffers import Buffer, Place, Placed, place_buffers
from graphc.plan.gradients import Gradient, find_gradients, written_out
from graphc.plan.loops import Loop
from graphc.plan.lower import FlatLeaf, Lowered, lower
from graphc.plan.names import Namer
from graphc.plan.order import Action
from graphc.plan.passes import run_passes
from graphc.plan.schedule import schedule
from graphc.plan.setting import Note, Setting
from graphc.plan.sizes import SizeRule, size_rules
from graphc.plan.table import plan_table


@dataclass(frozen=True, slots=True)
class Step:
    """One line: `name` gets the value of `node`, in buffer `buffer`. A store writes the leaf `target`."""

    action: Action
    node: Node
    name: str
    target: Node | None
    buffer: int
    place: Place
    reads: tuple[int, ...]
    gradient: Gradient | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole computation: arguments, what is owned, steps in order, buffers, and the names of everything.

    `names` holds the identifier of each leaf, `sizes` that of each named size; `outputs` the names returned.
    `labels` are the inputs that hold class labels, with the number of classes. `flat` are the leaves whose memory holds
    others of those owned.
    """

    name: str
    inputs: tuple[Node, ...]
    owned: tuple[Node, ...]
    flat: tuple[FlatLeaf, ...]
    outputs: tuple[str, ...]
    output_nodes: tuple[Node, ...]
    steps: tuple[Step, ...]
    loops: tuple[Loop, ...]
    buffers: tuple[Buffer, ...]
    names: Mapping[Node, str]
    sizes: Mapping[str, str]
    rules: tuple[SizeRule, ...]
    labels: tuple[tuple[Node, DimLike], ...]
    owned_sizes: tuple[str, ...]
    is_step: bool
    setting: Setting

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the passes did."""
        return tuple(self.setting.notes)

    def table(self) -> str:
        """The steps, one per line: number, buffer, shape, bytes, operations, predicted time, mathematics."""
        return plan_table(self)

    def __str__(self) -> str:
        return self.table()


def make_plan(
    outputs: Sequence[Node],
    updates: Mapping[Node, Node] | None = None,
    *,
    name: str = "f",
    setting: Setting | None = None,
    reserved: Sequence[str] = (),
    labels: Mapping[Node, str] | None = None,
    written: Sequence[Node] = (),
) -> Plan:
    """Plan the computation of `outputs`; with `updates`, of a step that owns its parameters and states.

    `written` is what the user wrote where `outputs` and `updates` are simplified from it, outputs first: it says which
    leaves are arguments, and which values are gradients of what.
    """
    changes = _checked(updates or {})
    roots = (*outputs, *(value for _, value in changes))
    surface = tuple(written) or roots
    given = find_gradients(surface[: len(outputs)], roots)
    setting = setting or Setting(owns=updates is not None, workspace=updates is not None)
    lowered = lower(outputs, changes, {n: g.name for n, g in given.items()} | dict(labels or {}))
    lowered = run_passes(lowered, setting)
    lowered = replace(lowered, order=lowered.order or lowered.nodes)
    graph = Graph((*surface, *(leaf for leaf, _ in changes)))
    inputs, owned = _leaves(graph, owns=updates is not None)
    timetable = schedule(lowered, inputs, setting)
    flat = tuple(f.leaf for f in lowered.flat)
    placed, buffers = place_buffers(
        timetable, (*inputs, *owned, *flat), frozenset((*owned, *flat)), lowered.outputs, setting
    )
    namer = Namer(reserved)
    names = {leaf: namer.new(leaf.name or "x") for leaf in (*inputs, *owned, *flat)}
    symbols = _symbols(lowered, (*inputs, *owned))
    size_names = {s: namer.new(s) for s in symbols}
    owned_sizes = tuple(s for s in symbols if any(s in _symbols_of(p.shape) for p in owned))
    rules = size_rules(inputs, symbols, owned_sizes)
    computed = {p.line.node for p in placed if p.line.action == "compute"}
    shown = [n for n in given if lowered.now(n) in computed]
    marks = {lowered.now(n): g for n, g in written_out(shown, given, roots).items()}
    steps, final = _named_steps(placed, lowered, marks, names, namer)
    first: dict[int, str] = {}
    for step in steps:
        if step.place in ("workspace", "joined", "sum"):
            first.setdefault(step.buffer, step.name)
    buffers = [replace(b, name=first[b.number]) if b.number in first else b for b in buffers]
    return Plan(
        name,
        inputs,
        owned,
        lowered.flat,
        tuple(final[o] for o in lowered.outputs),
        lowered.outputs,
        tuple(steps),
        tuple(timetable.loops),
        tuple(buffers),
        names,
        size_names,
        tuple(rules),
        _class_labels(graph),
        owned_sizes,
        updates is not None,
        setting,
    )


def _checked(updates: Mapping[Node, Node]) -> list[tuple[Node, Node]]:
    for leaf, value in updates.items():
        if leaf.op.name not in ("param", "state"):
            raise GraphcError(f"only a parameter or a state can be updated, not {leaf!r}")
        if broadcast_shapes([leaf.shape, value.shape], f"update of {leaf.name}") != leaf.shape:
            raise GraphcError(
                f"the update of {leaf.name} {show_shape(leaf.shape)} has shape {show_shape(value.shape)}"
            )
    return list(updates.items())


def _leaves(graph: Graph, *, owns: bool) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The leaves given at each call, inputs first, and the ones that are owned."""
    by_kind = {k: tuple(n for n in graph.leaves if n.op.name == k) for k in ("input", "param", "state")}
    kept = by_kind["param"] + by_kind["state"]
    return (by_kind["input"], kept) if owns else (by_kind["input"] + kept, ())


def _class_labels(graph: Graph) -> tuple[tuple[Node, DimLike], ...]:
    """The inputs that are made one-hot or name the rows of a table, each with the number of classes or rows."""
    found: dict[tuple[Node, DimLike], None] = {}
    for n in graph.nodes:
        if n.op.name == "one_hot" and n.args[0].op.name == "input":
            found[n.args[0], n.attr("depth")] = None
        elif n.op.name == "embedding" and n.args[1].op.name == "input":
            found[n.args[1], n.args[0].shape[0]] = None
    return tuple(found)


def _symbols_of(mentioned: object) -> dict[str, None]:
    """The sizes that a shape or attributes mention."""
    found: dict[str, None] = {}
    stack: list[object] = [mentioned]
    while stack:
        value = stack.pop()
        if isinstance(value, Dim):
            found.update(dict.fromkeys(value.symbols))
        elif isinstance(value, tuple):
            stack.extend(reversed(value))
    return found


def _symbols(lowered: Lowered, leaves: Sequence[Node]) -> list[str]:
    found: dict[str, None] = {}
    seen: set[object] = set()
    for node in (*leaves, *lowered.order):
        for mentioned in (node.shape, () if node.is_leaf else node.attrs):
            if mentioned not in seen:
                seen.add(mentioned)
                found.update(_symbols_of(mentioned))
    return list(found)


# names of the values ----------------------------------------------------------------------------------------


def _named_steps(
    placed: Sequence[Placed],
    lowered: Lowered,
    marks: Mapping[Node, Gradient],
    leaf_names: Mapping[Node, str],
    namer: Namer,
) -> tuple[list[Step], dict[Node, str]]:
    """The steps with names: the user's own first, then those found by meaning, then numbers.

    A gradient is then of what its output and its variable are called here, `dL/dnet_dense1_2`.
    """
    names = dict(leaf_names)
    new_values = {value: f"new_{leaf.name}" for leaf, value in lowered.updates}
    chosen = {node: namer.new(name) for node, name in lowered.names.items()}
    steps: list[Step] = []
    for p in placed:
        node, line = p.line.node, p.line
        if line.target is not None:
            name = leaf_names[line.target]
        elif line.action == "copy":
            name = namer.new(f"{names.get(node, 'value')}_copy")
        else:
            name = chosen.get(node) or _meaning(node, names, lowered.origins, new_values, namer)
        mark = marks.get(node) if line.action == "compute" else None
        steps.append(Step(line.action, node, name, line.target, p.buffer, p.place, p.reads, mark))
        if line.action != "store":
            names[node] = name
    for i, step in enumerate(steps):
        if step.gradient is not None:
            steps[i] = replace(step, gradient=_spelt(step.gradient, lowered, names))
    return steps, names


def _spelt(mark: Gradient, lowered: Lowered, names: Mapping[Node, str]) -> Gradient:
    of, wrt = (names.get(lowered.now(n)) for n in mark.nodes)
    return replace(mark, of=of or mark.of, wrt=wrt or mark.wrt)


def _meaning(
    node: Node,
    names: Mapping[Node, str],
    origins: Mapping[Node, tuple[str, Node]],
    new_values: Mapping[Node, str],
    namer: Namer,
) -> str:
    """A name such as `new_W`, `softmax_z` or `exp_z` for a value with a clear meaning, else `v3`."""
    if node in new_values:
        return namer.new(new_values[node])
    simple = len(node.args) == 1 and node.op.kind in ("pointwise", "reduce") and node.op is not CAST
    op, base = origins.get(node) or (node.op.name, node.args[0] if simple else node)
    wanted = f"{op}_{names.get(base, '')}"
    if base in names and len(wanted) <= 20 and wanted.count("_") <= 2 + op.count("_"):
        return namer.new(wanted)
    return namer.numbered("v")
