"""The body of a generated function: arguments made arrays, sizes read and checked, a line per step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphc.emit import contraction, pointwise, structure, window
from graphc.emit.infix import INFIX, bind
from graphc.emit.text import Scope, dim_strength, find_weak, show_dim
from graphc.ir.node import Node, topological
from graphc.ir.types import Shape, show_shape
from graphc.ops.form import PRODUCT, SUM, show
from graphc.plan.buffers import Buffer
from graphc.plan.names import shown, spoken
from graphc.plan.plan import Plan, Step
from graphc.plan.sizes import SizeRule

PRINTERS = {**pointwise.PRINTERS, **structure.PRINTERS, **window.PRINTERS, "contract": contraction.contract}
_AUGMENTED = {"add": "+=", "sub": "-=", "mul": "*=", "div": "/="}


def new_scope(plan: Plan, real: str) -> Scope:
    """What the lines of a plan refer to, before the first of them."""
    roots = [s.node for s in plan.steps]
    results = set(plan.output_nodes)
    weak = {n for n in find_weak(topological(roots)) if n.op.kind == "const" or n not in results}
    return Scope(real, dict(plan.names), plan.sizes, weak, printers=PRINTERS)


# arguments --------------------------------------------------------------------------------------------------


def argument_lines(plan: Plan, scope: Scope) -> Iterator[str]:
    """Arguments converted, the named sizes read from their shapes, and every shape checked."""
    for leaf in plan.inputs:
        name = plan.names[leaf]
        if leaf.dtype == "int":
            yield f"{name} = {scope.helper('_integers')}({quoted(shown(leaf.name or ''))}, {name})"
        else:
            yield f"{name} = np.asarray({name}, {scope.dtype(leaf.dtype)})"
    complete: set[Node] = set()
    for leaf in dict.fromkeys(rule.leaf for rule in plan.rules):
        rules = {r.axis: r for r in plan.rules if r.leaf is leaf}
        shape = f"{scope.helper('_shape')}({_described(leaf)}, {plan.names[leaf]}, {leaf.ndim})"
        if all(r.plain for r in rules.values()) and len(rules) > 1:
            targets = [plan.sizes[rules[i].symbol] if i in rules else "_" for i in range(leaf.ndim)]
            yield f"{', '.join(targets)} = {shape}"
        else:
            for axis, rule in rules.items():
                yield f"{plan.sizes[rule.symbol]} = {_solved(f'{shape}[{axis}]', rule, plan.sizes)}"
        if len(rules) == leaf.ndim and all(r.plain for r in rules.values()):
            complete.add(leaf)
    for leaf in plan.inputs:
        if leaf not in complete:
            dims = "".join(f", {scope.dim(d)}" for d in leaf.shape)
            yield f"{scope.helper('_check')}({_described(leaf)}, {plan.names[leaf]}{dims})"
    for leaf, count in plan.labels:
        what = quoted(shown(leaf.name or ""))
        yield f"{scope.helper('_labels')}({what}, {plan.names[leaf]}, {scope.dim(count)})"


def _solved(extent: str, rule: SizeRule, sizes: Mapping[str, str]) -> str:
    """The size that gives `extent`; what does not divide is refused by the check that follows."""
    rest = bind((show_dim(rule.offset, sizes), dim_strength(rule.offset)), PRODUCT)
    difference = extent if rule.offset == 0 else f"{extent} - {rest}"
    if rule.factor == 1:
        return difference
    divisor = show_dim(rule.factor, sizes)
    whole = difference if rule.offset == 0 else f"({difference})"
    return f"{whole} // {divisor}" if isinstance(rule.factor, int) else f"{whole} // (({divisor}) or 1)"


def _described(leaf: Node) -> str:
    return quoted(f"{shown(leaf.name or '')} {show_shape(leaf.shape)}")


def quoted(text: str) -> str:
    """A string literal, with double quotes where that needs no escapes."""
    plain = text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else repr(text)


# steps ------------------------------------------------------------------------------------------------------


def step_lines(plan: Plan, scope: Scope) -> Iterator[str]:
    """One line per step, and a comment with the mathematics before each gradient."""
    holder: dict[int, str] = {}
    for step in plan.steps:
        if step.gradient is not None:
            mark = step.gradient
            yield f"# d{spoken(mark.of)}/d{spoken(mark.wrt)} = {mark.text or show(step.node, scope.names)}"
        yield _line(plan, step, scope, holder)
        if step.target is None:
            scope.names[step.node] = step.name
            holder[step.buffer] = step.name


def _line(plan: Plan, step: Step, scope: Scope, holder: dict[int, str]) -> str:
    if step.action == "store":
        return _store(plan, step, scope)
    if step.action == "copy":
        value = scope.value(step.node)
        return f"{step.name} = {scope.array(step.node).code if value.weak else f'{value.bound()}.copy()'}"
    if step.place in ("in place", "workspace"):
        out = scratch_name(plan.buffers[step.buffer]) if step.place == "workspace" else holder[step.buffer]
        if step.node.op.name == "contract":
            return f"{step.name} = {contraction.matmul_into(scope, step.node, out).code}"
        return f"{step.name} = {pointwise.call(scope, step.node, out).code}"
    return f"{step.name} = {scope.expression(step.node).code}"


def _store(plan: Plan, step: Step, scope: Scope) -> str:
    """`W -= lr * v` where the new value is the old one changed, else `W[...] = value`."""
    node, target = step.node, step.target
    assert target is not None
    name = plan.names[target]
    sign = _AUGMENTED.get(node.op.name)
    if sign and node not in scope.names and node.args[0] is target and node.shape == target.shape:
        _, change = pointwise.operands(scope, node)
        return f"{name} {sign} {change.bound(SUM if INFIX[node.op.name][1] in (SUM, PRODUCT) else PRODUCT)}"
    return f"{name}[...] = {scope.value(node).code}"


def scratch_name(buffer: Buffer) -> str:
    """The name of a slot of the workspace; users' names never begin with an underscore."""
    return f"_scratch{buffer.number}"


def result_text(plan: Plan, form: str, keys: tuple[str, ...] = ()) -> str:
    """What is returned: one value, a tuple, a list, or a dict by name."""
    names = _distinct(plan)
    match form:
        case "single":
            return names[0]
        case "tuple":
            return f"({', '.join(names)}{',' * (len(names) == 1)})"
        case "dict":
            return f"{{{', '.join(f'{quoted(k)}: {n}' for k, n in zip(keys, names, strict=True))}}}"
    return f"[{', '.join(names)}]"


def _distinct(plan: Plan) -> list[str]:
    """What each output is returned as: an array that is asked for twice is copied."""
    texts: list[str] = []
    for name, node in zip(plan.outputs, plan.output_nodes, strict=True):
        texts.append(f"{name}.copy()" if name in texts and node.ndim else name)
    return texts


def shape_text(shape: Shape, plan: Plan) -> str:
    """A shape in the generated code."""
    return f"({', '.join(show_dim(d, plan.sizes) for d in shape)}{',' * (len(shape) == 1)})"
