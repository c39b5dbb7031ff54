"""The body of a generated function: arguments made arrays, sizes read and checked, a line per step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphc.emit import contraction, pointwise, structure, window
from graphc.emit.infix import bind
from graphc.emit.text import Scope, dim_strength, find_weak, show_dim
from graphc.ir.node import Node, topological
from graphc.ir.types import Shape, show_shape
from graphc.ops.form import PRODUCT
from graphc.plan.names import shown
from graphc.plan.plan import Plan
from graphc.plan.sizes import SizeRule

PRINTERS = {**pointwise.PRINTERS, **structure.PRINTERS, **window.PRINTERS, "contract": contraction.contract}
FEW = 16384  # entries of an array below which it counts that NumPy makes an array of each Python number beside it


def new_scope(plan: Plan, real: str) -> Scope:
    """What the lines of a plan refer to, before the first of them."""
    roots = [s.node for s in plan.steps]
    results = set(plan.output_nodes)
    weak = {n for n in find_weak(topological(roots)) if n.op.kind == "const" or n not in results}
    scope = Scope(real, dict(plan.names), plan.sizes, weak, printers=PRINTERS)
    scope.is_small = lambda node: plan.setting.entries(node.shape) < FEW
    leaves = (*plan.inputs, *plan.owned)
    scope.boxes = frozenset(plan.names[n] for n in leaves if not n.ndim and n.dtype == "real")
    return scope


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


# results ----------------------------------------------------------------------------------------------------


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
