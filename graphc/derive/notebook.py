"""What is known while a derivation is written: names, signs for gradients, and how long expressions are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from graphc.derive.edge import placeholder
from graphc.derive.letters import Letters
from graphc.derive.naming import free_letter
from graphc.derive.parts import part_name, part_to_name
from graphc.derive.reading import for_reading
from graphc.derive.steps import SHORT, TERMS, Line, Step, Symbol
from graphc.ir.node import Node, substitute, topological
from graphc.ir.types import Dim
from graphc.ops.form import mention, show
from graphc.ops.pointwise import neg, sub
from graphc.rewrite.simplify import Event

if TYPE_CHECKING:
    from graphc.derive.derivation import Derivation

LONGEST = 26
"""An expression of more symbols than this is not written in one piece."""
CLOSED = 14
"""A gradient of at most this many symbols is written out; a longer one in terms of the gradients above it."""
PIECE = 20
"""A part of a long expression gets a line of its own from so many symbols on."""
ENDLESS = 10**6
WIDEST = 88
"""A line of more characters is left out, or parts of it are named, at most so many:"""
MOST_PARTS = 6
SIGN = 5
"""A gradient of fewer symbols than this is written out wherever it is used."""


@dataclass
class Notebook:
    """`cuts` maps the value of each gradient already written, if it is long, to the sign it is written by."""

    derivation: Derivation
    names: dict[Node, str]
    symbols: dict[Node, Symbol] = field(default_factory=dict)
    signs: dict[Node, Node] = field(default_factory=dict)
    cuts: dict[Node, Node] = field(default_factory=dict)
    explained: set[object] = field(default_factory=set)
    pieces: int = 0
    parts: list[Node] = field(default_factory=list)
    _closed: dict[Node, int] = field(default_factory=dict)
    _cut: dict[Node, int] = field(default_factory=dict)

    @cached_property
    def events(self) -> Mapping[Node, Event]:
        """The simplifications by what stood there before."""
        return {e.before: e for e in reversed(self.derivation.events)}

    @cached_property
    def letters(self) -> Letters:
        """The index letters, the same for the same size in all lines."""
        nodes = self.derivation.nodes
        wide = sorted(nodes, key=lambda n: n.ndim < 2)  # matrices say best which sizes come first
        sizes = dict.fromkeys(d for n in wide for d in n.shape if d != 1)
        taken = {s for d in sizes if isinstance(d, Dim) for s in d.symbols}
        return Letters(taken | set(self.names.values()), sizes)

    @cached_property
    def scalar(self) -> bool:
        """Whether all that is differentiated is scalar; then dh/dz says what it means."""
        return not any(n.shape for n in self.derivation.upstream)

    @cached_property
    def output_is_short(self) -> bool:
        """Whether the definition of the output can stand within a derivative, d(q*z)/dz."""
        return len(show(self.derivation.output, self.names, terms=TERMS)) <= SHORT

    @cached_property
    def values(self) -> frozenset[Node]:
        """The gradients, in their final form."""
        return frozenset(self.derivation.rewritten.values())

    @cached_property
    def piece_letter(self) -> str:
        return free_letter(("s", "r", "part"), set(self.names.values()))

    def settled(self, node: Node) -> bool:
        """Whether a node is written by a name or is a gradient: what is below it is not looked at."""
        return not node.args or node in self.names or node in self.values

    def sign(self, node: Node) -> Node:
        """The sign for the gradient of a node, or of the sum the node is written in."""
        node = self.derivation.naming.carrier.get(node, node)
        if node not in self.signs:
            sign = placeholder(f"gradient {len(self.signs)}", node.shape)
            self.signs[node] = sign
            self.symbols[sign] = Symbol(
                "gradient", self.derivation.output, node, self.derivation.gradient(node)
            )
        return self.signs[node]

    def local_sign(self, user: Node, operand: Node, value: Node) -> Node:
        """A sign for the local derivative of a node by an operand."""
        sign = placeholder(f"local {len(self.symbols)}", value.shape)
        self.symbols[sign] = Symbol("local", user, operand, value)
        return sign

    def has_local(self, expr: Node) -> bool:
        """Whether the sign of a local derivative is in an expression."""
        signs = (self.symbols.get(n) for n in topological([expr], stop=self.is_named))
        return any(s is not None and s.kind == "local" for s in signs)

    def text(self, expr: Node) -> str:
        """An expression as it will be compared with the line before."""
        return mention(expr, self.names)

    def in_names(self, expr: Node) -> Node:
        """An expression with forward nodes in the simplified form they have within gradients."""
        simple = self.derivation.simplified
        order = topological([expr], stop=lambda n: n in simple or n in self.values)
        found = {n: n if n in self.values else simple[n] for n in order if n in self.values or n in simple}
        return substitute([expr], found)[0]

    def shortened(self, expr: Node) -> Node:
        """An expression written out if it is short, and else in terms of the signs of earlier gradients."""
        if self._closed_length(expr) <= CLOSED:
            return expr
        if self.length(expr) > LONGEST:
            return expr
        order = topological([expr], stop=lambda n: n in self.cuts or self.is_named(n))
        found = {n: self.cuts.get(n, n) for n in order if n in self.cuts or self.is_named(n)}
        return substitute([expr], found)[0]

    def read(self, expr: Node, *, factors: bool = True) -> Node:
        """An expression with scalar factors and signs before its products, and named differences found again."""
        return for_reading(expr, self.is_named, self._flipped, factors=factors)

    @cached_property
    def _flipped(self) -> dict[Node, Node]:
        """`b - a` is minus what is called `a - b`."""
        return {sub(n.args[1], n.args[0]): neg(n) for n in self.names if n.op.name == "sub"}

    def settled_signs(self, expr: Node) -> Node:
        """An expression with one sign for gradients that are the same."""
        found: dict[Node, Node] = {}
        for leaf in topological([expr], stop=self.is_named):
            symbol = self.symbols.get(leaf)
            if symbol is not None and symbol.kind == "gradient":
                found[leaf] = self.cuts.get(self.derivation.rewritten[symbol.wrt], leaf)
        return substitute([expr], found)[0]

    def length(self, expr: Node) -> int:
        """The number of symbols `shortened` would write for a long expression."""
        return self._length(expr, self._cut, lambda n: n in self.cuts or self.is_named(n))

    def _closed_length(self, expr: Node) -> int:
        """The number of symbols of an expression written out in the names of forward nodes."""
        return self._length(expr, self._closed, self.is_named)

    def is_named(self, node: Node) -> bool:
        return not node.args or node in self.names or node.name is not None

    def _length(self, expr: Node, known: dict[Node, int], stop: Callable[[Node], bool]) -> int:
        if stop(expr):
            return 1
        for node in topological([expr], stop=lambda n: n in known or stop(n)):
            if stop(node):
                continue
            if node not in known:
                known[node] = min(ENDLESS, 1 + sum(1 if stop(a) else known[a] for a in node.args))
        return known[expr]

    def remember(self, node: Node) -> None:
        """Let later lines write this gradient by its sign, if it is long."""
        value = self.derivation.rewritten[node]
        if value not in self.cuts and not self.is_named(value) and self._closed_length(value) >= SIGN:
            self.cuts[value] = self.sign(node)
            self._cut.pop(value, None)

    def name_parts(self, expr: Node) -> None:
        """Name parts of a long line, those without gradients in them, which are defined with the forward values."""
        for _ in range(MOST_PARTS):
            if len(self.text(expr)) <= WIDEST:
                return
            part = part_to_name(expr, self.is_named, self.symbols, lambda n: len(self.text(n)), WIDEST)
            if part is None:
                return
            name = part_name(part, set(self.names.values()), f"{self.piece_letter}{self.pieces + 1}")
            self.pieces += name.startswith(self.piece_letter)
            self.names[part] = name
            self.parts.append(part)
            self._cut.clear()
            self._closed.clear()

    def in_pieces(self, expr: Node) -> tuple[list[Step], Node]:
        """Definitions for parts of a long expression, and the expression in terms of them."""
        steps: list[Step] = []
        size: dict[Node, int] = {}
        order = topological([expr], stop=lambda n: n in self.cuts or self.is_named(n))
        found = {n: self.cuts.get(n, n) for n in order if n in self.cuts or self.is_named(n)}
        (expr,) = substitute([expr], found)
        self.name_parts(expr)
        for node in topological([expr], stop=self.is_named):
            if self.is_named(node):
                continue
            size[node] = 1 + sum(1 if self.is_named(a) else size[a] for a in node.args)
            if size[node] > PIECE and node is not expr:
                self.pieces += 1
                self.names[node] = f"{self.piece_letter}{self.pieces}"
                steps.append(Step("definition", node, (Line(node),)))
        return steps, expr
