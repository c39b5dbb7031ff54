"""The reference pages docs/operations.md and docs/rules.md, rendered from the declarations themselves."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np

import graphc.rewrite
from graphc.derive import gradients
from graphc.derive.local import local_derivative
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS, OPS, Op
from graphc.lang import parse
from graphc.ops.composite import attributes
from graphc.ops.form import show
from graphc.ops.leaf import const, input_
from graphc.ops.naive import evaluate
from graphc.rewrite import simplify
from graphc.rewrite.engine import Engine
from graphc.rewrite.rule import Event, Pattern, Rule
from graphc.rewrite.simplify import RULES


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def code(text: str) -> str:
    return f"`{text}`" if text else ""


# --- operations -------------------------------------------------------------------------------------------

SIGNS = {
    "add": "x + y", "sub": "x - y", "mul": "x * y", "div": "x / y", "neg": "-x", "pow": "x ** y",
    "less": "x < y", "less_equal": "x <= y", "greater": "x > y", "greater_equal": "x >= y",
}  # fmt: skip
OPERANDS = {"where": ("c", "x", "y"), "clip": ("x", "low", "high"), "prelu": ("x", "alpha")}

# Where the slope is not the same on both sides: the gradient each operand gets there is computed, not stated.
KINKS = (
    ("abs(x)", {"x": 0}),
    ("relu(x)", {"x": 0}),
    ("leaky_relu(x)", {"x": 0}),
    ("elu(x)", {"x": 0}),
    ("hard_sigmoid(x)", {"x": 3}),
    ("prelu(x, a)", {"x": 0, "a": 0.25}),
    ("sign(x)", {"x": 0}),
    ("step(x)", {"x": 0}),
    ("max(x, y)", {"x": 1, "y": 1}),
    ("min(x, y)", {"x": 1, "y": 1}),
    ("max(x, 1)", {"x": 1}),
    ("min(1, x)", {"x": 1}),
    ("clip(x, 0, 1)", {"x": 0}),
    ("clip(x, 0, 1)", {"x": 1}),
    ("x = input(3); max(x)", {"x": [1, 2, 2]}),
    ("x = input(3); min(x)", {"x": [1, 1, 2]}),
    ("x = input(2, 2); max(x)", {"x": [[1, 2], [2, 1]]}),
    ("x = input(3); prod(x)", {"x": [0, 2, 3]}),
    ("x = input(1, 1, 4); sum(max_pool1d(x, size=3, stride=1))", {"x": [[[1, 2, 2, 0]]]}),
)


OPERATIONS = """\
# Operations

Every operation of graphc, from its declaration. This page is written by the tests (`python -m pytest --update-golden`).
In Python each is `graphc.NAME` or an operator of nodes. In the graph language it goes by the same name, except that
`contract` and `getitem` are written `sum(… for … in …)` and `x[…]`. NumPy's rules of broadcasting hold, except that
distinct sizes are never taken for equal, nor for 1.

## Elementwise

The formula is the declaration; SymPy differentiates it. In a derivative `y` stands for the output, and `out` for that
of an operation with two operands; the tests prove such a form equal to SymPy's. Where there is a stable form, it is
the one that runs.

{elementwise}
## At kinks

Where an operation has no derivative, or two operands tie, these conventions hold: |x|' and relu' are 0 at 0; a tie
with a constant goes to the constant, any other tie to the first operand, or to the first entry in index order. The
gradients below are computed.

{kinks}
## Reductions, losses and their kin

An axis is always given by keyword; without one, all axes are reduced. `keepdims=True` keeps them at size 1. In the
stable forms, shown for `axis=1`, `m` stands for `max(z, axis=1, keepdims=True)`.

{reductions}
## Products of arrays

{products}
## Inverses and determinants

Of square matrices; axes before the last two are batch axes. Each is defined by an equation, and its gradient follows
from it. Generated code calls `numpy.linalg`, which raises `LinAlgError` for a singular matrix.

{inverses}
## Convolution and pooling

Sizes, layouts and gradients are told in [convolution](convolution.md).

{windows}
## Embedding, attention and recurrent cells

Shapes, masks and the order of gates are told in [sequences](sequences.md).

{sequences}
## Random draws

What a key, a seed and a step do is told in [layers](layers.md#random-masks).

{draws}
## Shapes and entries

{moves}"""


def operations_page() -> str:
    """The whole of docs/operations.md."""
    return OPERATIONS.format(
        elementwise=table(
            ["operation", "formula", "derivatives", "stable form"], map(elementwise_row, elementwise())
        ),
        kinks=table(["expression", "at", "gradient"], map(kink_row, KINKS)),
        reductions=table(
            ["operation", "meaning", "stable form"], map(structural_row, named("reduce", "composite"))
        ),
        products=table(["operation", "meaning"], (structural_row(n)[:2] for n in PRODUCTS)),
        inverses=table(["operation", "meaning"], (structural_row(n)[:2] for n in INVERSES)),
        windows=table(["operation", "meaning"], (structural_row(n)[:2] for n in WINDOWS)),
        sequences=table(["operation", "meaning"], (structural_row(n)[:2] for n in SEQUENCES)),
        draws=table(["operation", "meaning"], (structural_row(n)[:2] for n in DRAWS)),
        moves=table(["operation", "meaning"], (structural_row(n)[:2] for n in moves())),
    )


DRAWS = ("random_uniform", "dropout")
PRODUCTS = ("matmul", "contract", "outer", "dot", "trace", "diag")
INVERSES = ("inv", "solve", "det", "logdet")
SEQUENCES = (
    *("embedding", "masked_softmax", "causal_mask", "scaled_dot_product_attention", "multi_head_attention"),
    *("rnn_cell", "gru_cell", "gru_state", "lstm_memory", "lstm_output"),
)
WINDOWS = (
    *("conv1d", "conv2d", "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d"),
    *("global_avg_pool", "global_max_pool", "flatten", "sliding_window", "overlap_add"),
)


def elementwise() -> list[Op]:
    return [op for op in OPS.values() if op.elementwise and op.name in FUNCTIONS and op.name not in DRAWS]


def named(*kinds: str) -> list[str]:
    """The functions that are operations of these kinds and not elementwise; `norm` is one in spirit."""
    found = [
        n
        for n in FUNCTIONS
        if n in OPS
        and OPS[n].kind in kinds
        and not OPS[n].elementwise
        and n not in ("one_hot", *WINDOWS, *SEQUENCES)
    ]
    return [*found, "norm", "stop_gradient"]


def moves() -> list[str]:
    """All other functions, in the order of their declaration."""
    shown = {op.name for op in elementwise()} | {*named("reduce", "composite"), *PRODUCTS}
    shown |= {*INVERSES, *WINDOWS, *SEQUENCES, *DRAWS}
    return [name for name in FUNCTIONS if name not in shown]


def operands_of(op: Op) -> list[Node]:
    if op.name in OPERANDS:
        return [input_(n, dtype="bool" if n == "c" else "real") for n in OPERANDS[op.name]]
    arity = op.formula.__code__.co_argcount - 2 if op.formula else len(_positional(FUNCTIONS[op.name]))
    return [input_(n) for n in ("x", "y")[:arity]]


def _positional(f: Any) -> list[str]:
    return [p.name for p in inspect.signature(f).parameters.values() if p.kind is not p.KEYWORD_ONLY]


def elementwise_row(op: Op) -> list[str]:
    operands = operands_of(op)
    node = FUNCTIONS[op.name](*operands, **STAND_INS[op.name])
    call = f"{op.name}({', '.join([o.name or '' for o in operands] + options(op.name))})"
    return [
        code(SIGNS.get(op.name, call)),
        code(formula(op, operands)),
        ", ".join(derivatives(op, node)),
        code(written(op.stable(*operands, **attributes(node)), op)) if op.stable else "",
    ]


# An option takes part in a node as a number; one that appears nowhere else stands for it, and is shown as its name.
STAND_INS: dict[str, dict[str, Fraction]] = defaultdict(
    dict, leaky_relu={"slope": Fraction(7, 919)}, elu={"alpha": Fraction(7, 919)}
)


def written(node: Node, op: Op, names: dict[Node, str] | None = None) -> str:
    return show(node, {**(names or {}), **{const(v): k for k, v in STAND_INS[op.name].items()}})


def options(name: str) -> list[str]:
    """The keyword options of a function, with their defaults."""
    parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
    return [
        p.name if p.default is p.empty else f"{p.name}={p.default}"
        for p in parameters
        if p.kind is p.KEYWORD_ONLY
    ]


def formula(op: Op, operands: Sequence[Node]) -> str:
    """The declared formula: SymPy's, or the body."""
    if op.body is not None:
        return written(op.body(*operands, **STAND_INS[op.name]), op)
    import sympy

    assert op.formula is not None
    return sympy_text(op.formula(sympy, (0,), *(sympy.Symbol(o.name or "", real=True) for o in operands)))


def sympy_text(expr: Any) -> str:
    """SymPy's formula; of one by cases, the cases in words."""
    if not expr.is_Piecewise:
        return str(expr).replace("Abs", "abs")
    cases = [f"{value} if {condition_text(c)}" for value, c in expr.args[:-1]]
    return f"{' else '.join(cases)} else {expr.args[-1][0]}"


def condition_text(condition: Any) -> str:
    signs = {"Equality": "==", "Unequality": "!="}
    sign = signs.get(type(condition).__name__)
    return f"{condition.lhs} {sign} {condition.rhs}" if sign else str(condition)


def derivatives(op: Op, node: Node) -> list[str]:
    """The local derivative by each operand, `y` standing for the output of an operation with one operand."""
    if node.dtype != "real":
        return ["none"]
    found = []
    for index, operand in enumerate(node.args):
        if operand.dtype != "real":
            continue
        local = local_derivative(node, index)
        shown = (
            written(local, op, {node: "y" if len(node.args) == 1 else "out"}) if local is not None else "0"
        )
        elsewhere = "see [activations](activations.md)" if len(node.args) == 1 else "by cases"
        found.append(code(shown) if len(shown) < 60 else elsewhere)
    return found


def structural_row(name: str) -> list[str]:
    doc = (inspect.getdoc(FUNCTIONS[name]) or "").split("\n\n")[0].replace("\n", " ")
    op = OPS.get(name)
    stable = ""
    if op is not None and op.stable is not None and op.attr_names == ("axis",):
        z = input_("z", ("N", "K"))
        stable = show(op.stable(z, axis=1), {FUNCTIONS["max"](z, axis=1, keepdims=True): "m"})
    return [code(f"{name}({signature(name)})"), doc, code(stable)]


def signature(name: str) -> str:
    parts = []
    for p in inspect.signature(FUNCTIONS[name]).parameters.values():
        shown = p.name if p.default is p.empty else f"{p.name}={p.default}"
        parts.append(f"*{shown}" if p.kind is p.VAR_POSITIONAL else shown)
    return ", ".join(parts)


def kink_row(kink: tuple[str, dict[str, Any]]) -> list[str]:
    text, values = kink
    program = parse(text)
    root = program.require_root()
    place = ", ".join(f"{k} = {v}" for k, v in values.items())
    shown = [code(text.rpartition("; ")[2]), code(place)]
    if root.dtype != "real":
        return [*shown, "none"]
    found = gradients(root, [program.names[name] for name in values])
    arrays = evaluate(found, {k: np.asarray(v, float) for k, v in values.items()})
    return [*shown, ", ".join(code(numbers(g)) for g in arrays)]


def numbers(array: Any) -> str:
    return re.sub(r"\.0\b", "", str(np.asarray(array).tolist()))


# --- rules ------------------------------------------------------------------------------------------------


def families() -> list[tuple[ModuleType, str, tuple[Rule, ...]]]:
    """The rule lists of graphc.rewrite with their modules and names, in the order in which they are tried."""
    found = []
    for info in pkgutil.iter_modules(graphc.rewrite.__path__, "graphc.rewrite."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            listed = isinstance(value, tuple) and value and value[0] in RULES
            if listed and module is not simplify:  # which only imports them
                found.append((module, name, value))
    lists = sorted(found, key=lambda f: RULES.index(f[2][0]))
    assert [rule for _, _, rules in lists for rule in rules] == list(RULES)
    return lists


FACTS = {
    "exact": "",
    "sums_to": "Uses a sum that is known: of a softmax, a one-hot, or `assume(sum(t, axis=1) == 1)`.",
}


RULES_HEAD = """\
# Rules

The rewriting rules that bring a gradient to the form of the textbook, in the order in which they are tried. This page
is written by the tests (`python -m pytest --update-golden`). A derivation names the rules it used.

A rule writes what is equal wherever the left side is defined: it may extend a domain (`x/x` becomes 1), never shrink
it. The tests hold each rule to that, by SymPy or by evaluation at many points and sizes, and see it fire. A rule that
rearranges arithmetic does so only where the result is shorter.
"""


def rules_page() -> str:
    """The whole of docs/rules.md."""
    parts = [RULES_HEAD]
    for module, name, family in families():
        about = (module.__doc__ or "").split("\n")[0].partition(": ")[2]
        parts += [f"## {name.capitalize().replace('_', ' ')}", "", about[:1].upper() + about[1:], ""]
        parts.append(table(["rule", "written", "becomes", "in words"], unique(map(rule_row, family))))
    return "\n".join(parts)


def unique(rows: Iterable[list[str]]) -> list[list[str]]:
    """The rows without those that read the same: `x*x` and `square(x)` are both written `x**2`."""
    found: list[list[str]] = []
    for row in rows:
        if row not in found:
            found.append(row)
    return found


def rule_row(rule: Rule) -> list[str]:
    """The two patterns, or the example and what the function that rewrites says of itself."""
    if rule.left is not None and rule.right is not None and rule.condition is None:
        return [rule.name, code(pattern_text(rule.left)), code(pattern_text(rule.right)), words(rule)]
    event = firing(rule)
    before, after = show(event.before), show(event.after)
    if before == after:  # the same product of matrices, by other indices
        before, after = index_strings(event.before), index_strings(event.after)
    return [rule.name, code(before), code(after), words(rule)]


def firing(rule: Rule) -> Event:
    """What the rule does to its example: a text, or `TEXT by NAME`, the gradient of one."""
    text, _, name = rule.example.partition(" by ")
    program = parse(text)
    root = program.require_root()
    if name:
        (root,) = gradients(root, [program.names[name]], simplify=False)
    record: list[Event] = []
    Engine(RULES, record).simplify([root])
    event = next((e for e in record if e.rule == rule.name), None)
    assert event is not None, f"the rule {rule.name!r} does not fire on {rule.example!r}"
    return event


def index_strings(node: Node) -> str:
    """A contraction with its index string."""
    return f"contract('{node.attr('spec')}', {', '.join(map(show, node.args))})"


def words(rule: Rule) -> str:
    """What a rule says of itself, and the fact it needs."""
    own = (inspect.getdoc(rule.apply) or "").split("\n\n")[0].replace("\n", " ") if rule.apply else ""
    return " ".join(filter(None, [own, FACTS.get(rule.needs, f"Needs: {rule.needs}.")]))


def pattern_text(pattern: Pattern) -> str:
    """A pattern in the notation of the graph language."""
    return show(_node(pattern))


def _node(pattern: Pattern) -> Node:
    if pattern.op == "var":
        return input_(pattern.name, ("N", "K") if pattern.name == "z" else ())
    if pattern.op == "number":
        return const(pattern.value)
    return FUNCTIONS[pattern.op](*map(_node, pattern.parts))
