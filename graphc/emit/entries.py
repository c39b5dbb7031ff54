"""Loops over entries, compiled by Numba: a function of its own in the module for each, and the call of it.

The numbers are those that NumPy's operations give, to the last bit: constants have the dtype of the arrays, and the
compiler may not reorder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from graphc.emit.infix import INFIX, infix
from graphc.emit.text import Scope, Text
from graphc.ir.node import Node
from graphc.ops.form import ATOM, NEGATIVE, PRODUCT, show
from graphc.plan.entries import constant_of
from graphc.plan.names import spoken
from graphc.plan.plan import Step

DECORATOR = '@numba.njit(nogil=True, error_model="numpy")'


@dataclass(slots=True)
class EntryLoop:
    """One loop as it is written: `arrays` and `numbers` are its parameters with what the call gives for them.

    `here` holds what stands for a value in the loop, `index` the number of the entry.
    """

    scope: Scope
    index: str = "i"
    arrays: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    here: dict[Node, Text] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def line(self, step: Step, out: str | None) -> None:
        """The lines of one step; `out` is the array that its value goes to, None if it stays in the loop."""
        node = step.node
        if step.gradient is not None:
            mark = step.gradient
            text = mark.text or show(node, self.scope.names)
            self.lines.append(f"# d{spoken(mark.of)}/d{spoken(mark.wrt)} = {text}")
        code = self.value(node).code
        if out is None:
            self.lines.append(f"{step.name} = {code}")
            self.here[node] = Text(step.name)
            return
        entry = self.entry(step.name, out, node)
        self.lines.append(f"{entry.code} = {code}")
        if step.action != "store":
            self.here[node] = entry

    def entry(self, name: str, given: str, node: Node) -> Text:
        """One entry of an array, which is a parameter."""
        self.arrays.setdefault(name, given if node.ndim == 1 else f"{given}.reshape(-1)")
        return Text(f"{name}[{self.index}]")

    # expressions ----------------------------------------------------------------------------------------------

    def value(self, node: Node) -> Text:
        """A value for one entry."""
        known = self.here.get(node)
        if known is not None:
            return known
        constant = constant_of(node)
        if constant is not None:
            return self.typed(self.scope.value(constant), constant)
        if not node.ndim:
            return self.number(node)
        name = self.scope.names.get(node)
        return self.entry(name, name, node) if name is not None else self.expression(node)

    def typed(self, text: Text, node: Node) -> Text:
        """A constant in the dtype of reals; Python's own are float64."""
        single = self.scope.real == "float32" and node.dtype != "bool"
        return Text(f"{self.scope.dtype('real')}({text.code})") if single else text

    def number(self, node: Node) -> Text:
        """A number that is worked out before the loop."""
        text = self.scope.value(node)
        if text.weak or node.is_leaf or node.dtype == "int":
            text = Text(f"{self.scope.dtype('real')}({text.code})")
        known = next((name for name, given in self.numbers.items() if given == text.code), None)
        name = known or self.scope.names.get(node) or f"_number{len(self.numbers) + 1}"
        self.numbers[name] = text.code
        return Text(name)

    def expression(self, node: Node) -> Text:
        """The expression that computes an entry of a node."""
        op = node.op.name
        if op == "where":
            condition, x, y = (self.value(a) for a in node.args)
            return Text(f"({x.code} if {condition.code} else {y.code})")
        values = [self.real(a) for a in node.args]
        if op in INFIX:
            (left, right) = values
            code, strength = infix(op, (left.code, left.strength), (right.code, right.strength))
            return Text(code, strength)
        (x, *_) = values
        match op:
            case "neg":
                return Text(f"-{x.bound(NEGATIVE)}", NEGATIVE)
            case "square":
                return Text(f"{x.bound(ATOM)} * {x.bound(ATOM)}", PRODUCT)
            case "reciprocal":
                return Text(f"{self.typed(Text('1'), node).code} / {x.bound(NEGATIVE)}", PRODUCT)
            case "cast":
                return x
        return Text(f"np.{op}({', '.join(v.code for v in values)})")

    def real(self, node: Node) -> Text:
        """A value as a real number: what is true is 1."""
        text = self.value(node)
        return Text(f"{self.scope.dtype('real')}({text.code})") if node.dtype == "bool" else text

    # the whole ------------------------------------------------------------------------------------------------

    def written(self) -> str:
        """The call of the loop; the function goes to the module, once for equal loops."""
        parameters = {**self.arrays, **self.numbers}
        first = next(iter(self.arrays))
        body = "".join(f"        {line}\n" for line in self.lines)
        text = (
            f"({', '.join(parameters)}):\n"
            f'    """All lines for one entry, then for the next; compiled by the first call."""\n'
            f"    for {self.index} in range(len({first})):\n{body}"
        )
        key = _without_names(text)
        name, _ = self.scope.loops.setdefault(key, (f"_entries{len(self.scope.loops) + 1}", text))
        return f"{name}({', '.join(parameters.values())})"


_KEPT = frozenset(("np", "for", "in", "range", "len", "if", "else"))


def _without_names(text: str) -> str:
    """The text with names numbered as they come, the same for loops that differ in names; comments do not count."""
    numbers: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        word = found[0]
        return word if word in _KEPT else numbers.setdefault(word, f"#{len(numbers)}")

    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("#", '"')))
    return re.sub(r"(?<![.\w])[^\W\d]\w*", numbered, code)


def loop_texts(scope: Scope) -> list[str]:
    """The functions of the loops."""
    return [f"{DECORATOR}\ndef {name}{text}".rstrip("\n") for name, text in scope.loops.values()]
