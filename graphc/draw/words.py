"""Gradients and local derivatives of a picture, in symbols.

A gradient is written out where it is short. Where it is not, it is what its edge makes of the gradient
before it, `dz @ W.T`, and the wire of z says what `dz` is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphc.derive.derivation import Derivation
from graphc.derive.edge import compact, edge_value, placeholder
from graphc.derive.text import writes_short
from graphc.draw.gates import is_short, sign_of
from graphc.draw.labels import SIZE
from graphc.draw.textwidth import in_formula, text_width
from graphc.ir.node import Node
from graphc.ir.op import OPS
from graphc.ops.composite import open_composite
from graphc.ops.form import mention, outline
from graphc.ops.leaf import constant_value
from graphc.rewrite.simplify import simplify

_LONGEST = 60
"""An expression of more symbols than this is not written at all."""
_BRIEF = 6
"""An expression of so few symbols is written in full, without names for its parts."""
_ROOM = 180.0
"""A gradient wider than this is written in terms of the one before it, if that is shorter."""
_WIDE = 230.0
"""Of a text wider than this only the outline is shown: what is done, without options, indices and shapes."""
_PLAIN_ACTION = 16
_ELIDED = "…"
_POWER = re.compile(r"\*\*([23])(?![\d.*])")


@dataclass(frozen=True, slots=True)
class Words:
    """The derivatives of one derivation as text.

    `paths` holds the nodes whose name is a path, such as `net/dense1/W`, as formulas have it. `tokens` collects
    the words in them, among them names of values without a name of the user's, and `referred` the nodes whose
    gradients are spoken of: their wires have to say so.
    """

    derivation: Derivation
    names: Mapping[Node, str]
    short: bool
    paths: Mapping[Node, str]
    tokens: set[str] = field(default_factory=set)
    referred: set[Node] = field(default_factory=set)

    def gradient(self, node: Node) -> str:
        """The gradient of the output by a node."""
        return self._say(self._written(self.derivation.upstream[node], size=SIZE["gradient"]) or _ELIDED)

    def contribution(self, user: Node, index: int) -> str:
        """What one edge passes back."""
        found = self.derivation.contribution(user, index)
        assert found is not None
        alone = self._local_alone(user, index)
        text = alone or self._written(found.value)
        if not text or text_width(text, SIZE["gradient"]) > _ROOM:
            before = self.derivation.naming.carrier.get(user, user)
            other = self._passed_back(user, index, before)
            if other and (not text or len(other) < len(text)):
                self.referred.add(before)
                return self._say(other)
            text = alone or self._written(found.value, size=SIZE["gradient"])
        return self._say(text or _ELIDED)

    def _local_alone(self, user: Node, index: int) -> str:
        """What flows back where the gradient so far is 1: the local derivative, in the form of its label."""
        local, upstream = self.derivation.local(user, index), self.derivation.upstream[user]
        raw = local.raw if constant_value(upstream) == 1 and not user.shape else None
        same = raw is not None and is_short(raw, _LONGEST) and local.text == mention(raw)
        return _pretty(local.text) if same else ""

    def _passed_back(self, user: Node, index: int, before: Node) -> str:
        """The same in terms of the gradient of the gate, `dz @ W.T`; "" where that has no name."""
        sign = self.sign(before)
        if not sign or before is self.derivation.output:
            return ""
        upstream = placeholder("before", user.shape)
        return self._written(edge_value(user, index, upstream), {upstream: sign}, SIZE["gradient"])

    def sign(self, node: Node) -> str:
        """How the gradient of a node is spoken of: `dz`, or `∂L/∂z` where all is scalar."""
        names = self.derivation.names
        if node not in names:
            return ""
        return f"d{names[node]}" if self.short else f"∂{names[self.derivation.output]}/∂{names[node]}"

    def local(self, user: Node, index: int) -> str:
        """The local derivative on an edge: a formula, or on a tensor edge what it does to the gradient."""
        local, operand = self.derivation.local(user, index), user.args[index]
        expr, scalar = local.expr, not user.shape and not operand.shape
        letter = user.op.symbol if len(user.op.symbol) == 1 and user.op.symbol.isalpha() else ""
        if letter and expr is not None:
            text = compact(mention(expr, {user: letter}))
            return text if scalar else f"· * {text}"
        if expr is not None and (scalar or (expr.constant and user.shape == operand.shape)):
            text = local.text if scalar else mention(expr)
            return self._say(_pretty(f"({text})" if expr.dtype == "bool" else text))
        return self._say(self._action(user, index, local.action))

    def _action(self, user: Node, index: int, text: str) -> str:
        """What an edge does to the gradient, written `·`; a long text is tried again in names and in context.

        The context knows more: the rows of a one-hot matrix sum to 1.
        """
        if len(text) <= _PLAIN_ACTION and "broadcast(" not in text:
            return _pretty(text)
        upstream = placeholder("before", user.shape)
        value = edge_value(user, index, upstream)
        repeated = "broadcast({})" if value.op.name == "broadcast" else "{}"
        found = [self._written(form, {upstream: "·"}, SIZE["local"]) for form in (value, simplify(value))]
        return min(filter(None, (*map(repeated.format, filter(None, found)), _pretty(text))), key=len)

    def _written(self, expr: Node, more: Mapping[Node, str] | None = None, size: float | None = None) -> str:
        """An expression, "" for a long one; that its entries repeat along an axis is left to the shape.

        In letters of `size`, one too wide is outlined.
        """
        names = {**self.paths, **(more or {})}
        if not is_short(expr, _BRIEF, names):
            names = {**self.names, **names}
        while expr.op.name == "broadcast" and expr.name is None and expr not in names:
            expr = expr.args[0]
        if not is_short(expr, _LONGEST, names):
            return ""
        text = _pretty(mention(expr, names))
        wide = size is not None and text_width(text, size) > _WIDE
        return _pretty(outline(expr, names)) if wide else text

    def _say(self, text: str) -> str:
        self.tokens.update(re.findall(r"\w+", text))
        return in_formula(text)


def words_of(derivation: Derivation) -> Words:
    """Intermediates go by their names also where they stand in simplified form within a gradient."""
    names = {node: name for node, name in derivation.names.items() if node.args}
    simple = {
        form: names[node]
        for node, form in derivation.simplified.items()
        if node in names and form.args and form.name is None
    }
    paths = {n: name for n, name in derivation.names.items() if n.name and "/" in n.name}
    # The output of a folded scope comes back in gradients as the last operation in it.
    simple |= {open_composite(n): name for n, name in names.items() if OPS.get(n.op.name) is not n.op}
    return Words(derivation, {**simple, **names, **paths}, writes_short(derivation), paths)


def _pretty(text: str) -> str:
    """`text` with small powers raised, and room around the dot that stands for the gradient."""
    raised = _POWER.sub(lambda power: {"2": "²", "3": "³"}[power[1]], sign_of(text))
    return re.sub(r"^·([*/])", r"· \1 ", raised)
