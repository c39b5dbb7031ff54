"""Text to program: declarations, definitions, claims, assumptions and expressions become nodes."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphc.ir.errors import ParseError, ShapeError
from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.lang import assumptions, entries, syntax, tree
from graphc.lang.documents import Block
from graphc.lang.evaluate import Evaluator
from graphc.lang.gradients import subject_of
from graphc.lang.program import BuiltClaim, Program, from_nodes
from graphc.lang.repair import Repair, repairs
from graphc.lang.scope import Scope
from graphc.lang.source import PythonObject, Source, expression_source, load_object, read
from graphc.lang.tree import Statement
from graphc.lang.values import value_shape
from graphc.lang.walk import run
from graphc.ops.activations import identity
from graphc.ops.leaf import as_node, assume, input_, param

MAX_FACTS = 100
LAYOUTS = {"denominator": False, "numerator": True}
DTYPES = {"int": "int", "bool": "bool", "real": "real", "float": "real"}


def parse(
    text: str, *, env: Mapping[str, Any] | None = None, source: str | None = None, declared_only: bool = False
) -> Program:
    """The program a text says.

    `env` gives names to existing nodes (and the sizes in their shapes); `source` names the text in errors.
    With `declared_only` an undeclared name is an error, otherwise it is a scalar input. Raises ParseError, or
    the error of the operation that refused its operands, each with line and column.

    >>> from graphc.lang import parse
    >>> parse("q = x + y; f = q*z").root
    <f = mul(q, z) () real>
    """
    if not isinstance(text, str):
        raise ParseError(f"a graph is read from text such as '(x + y)*z', not from {reprlib.repr(text)}")
    return build(expression_source(text, source), env=env or {}, declared_only=declared_only)


def expression(text: str, **env: Any) -> Node:
    """The node one expression stands for, over nodes given by name.

    >>> from graphc.ops import input_
    >>> z = input_("z", ("N", 10)); t = input_("t", ("N", 10))
    >>> expression("(softmax(z) - t)/N", z=z, t=t)
    <div(sub, size) (N, 10) real>
    """
    return parse(text, env=env).require_root()


def load(source: str, *, given: Mapping[str, Any] | None = None) -> Program:
    """The program a command-line source stands for.

    In an expression, an undeclared name whose value in `given` is a list is an array of that shape.

    An object in the user's own Python file is a node, or a list or dictionary of nodes, or a function without
    arguments that returns one; the last node is the root, and every name below them is a name of the program.
    """
    found = read(source)
    if isinstance(found, PythonObject):
        return from_nodes(load_object(found), f"{found.file}:{found.name}")
    shapes = {name: value_shape(value) for name, value in (given or {}).items()}
    return build(found, env={}, declared_only=found.name is not None, shapes=shapes)


def build(
    source: Source,
    *,
    env: Mapping[str, Any],
    declared_only: bool,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    judging: bool = False,
) -> Program:
    """The program of a source that was read; `shapes` are those of names that are not declared.

    Where claims are to be judged, one whose shapes do not fit is a wrong claim, not an error.
    """
    scope = Scope(_nodes(env), source=source.name, declared_only=declared_only, shapes=shapes)
    builder = _Builder(scope, judging)
    for block in source.blocks:
        try:
            for statement in _statements(block, scope):
                builder.add(statement)
        except ParseError as error:
            error.source = error.source or source.name
            raise
    if not builder.statements:
        raise ParseError("there is nothing here; write an expression such as `(x + y)*z`", source=source.name)
    return builder.program()


def _statements(block: Block, scope: Scope) -> Iterable[Statement]:
    if block.form == "graphc":
        return syntax.statements(block.text, block.line)
    from graphc.lang import latex  # few texts have claims in LaTeX, and start faster without

    return latex.statements(block.text, line=block.line, names=dict(block.names), lookup=scope.lookup)


def _nodes(env: Mapping[str, Any]) -> dict[str, Node]:
    nodes = {name: as_node(value) for name, value in env.items()}
    for name in nodes:
        if name in syntax.RESERVED or not name.isidentifier():
            raise ParseError(f"`{name}` cannot be a name in the graph language; choose another")
    return nodes


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A claim, whose sides are places in `scope.built`, where an assumption can still reach them."""

    statement: tree.Claim | tree.Definition
    sides: slice
    failure: str = ""
    repairs: tuple[Repair, ...] = ()


class _Builder:
    """The state of one text on its way to a program."""

    def __init__(self, scope: Scope, judging: bool = False) -> None:
        self.scope = scope
        self.judging = judging
        self.evaluator = Evaluator(scope)
        self.statements: list[Statement] = []
        self.claims: list[_Claimed] = []
        self.bare: int | None = None
        self.defined: list[str] = []
        self.gradients: dict[str, str] = {}
        self.facts = 0
        self.target: str | None = None

    def add(self, statement: Statement) -> None:
        """Build one statement."""
        self.statements.append(statement)
        match statement:
            case tree.Definition():
                self._define(statement)
            case tree.Claim(sides=sides):
                try:
                    self._claim(statement, run(entries.sides(self.evaluator, sides)))
                except ShapeError as error:
                    self._misfit(statement, error)
            case tree.Bare(value=value):
                self.bare = self._keep([run(self.evaluator.node(value))]).start
            case tree.Assumption():
                self._assume(statement)
            case tree.Target(name=name):
                self._set_target(name)

    def program(self) -> Program:
        """Everything built, frozen."""
        self.scope.settle()
        return Program(
            names=dict(self.scope.nodes),
            dims=tuple(self.scope.dims),
            claims=tuple(
                BuiltClaim(c.statement, tuple(self.scope.built[c.sides]), c.failure, c.repairs)
                for c in self.claims
            ),
            assumptions=tuple(s for s in self.statements if isinstance(s, tree.Assumption)),
            gradients=dict(self.gradients),
            numerator=self.scope.numerator,
            derivatives={
                at: (self.scope.built[place], self.scope.built[place + 1])
                for at, place in self.scope.derivatives.items()
            },
            target=self.target,
            root=self._root(),
            statements=tuple(self.statements),
            source=self.scope.source,
        )

    def _root(self) -> Node | None:
        if self.bare is not None:
            return self.scope.built[self.bare]
        if self.target is not None:
            return self.scope.nodes[self.target]
        shown = [name for name in self.defined if name not in self.gradients]
        return self.scope.nodes[shown[-1]] if shown else None

    def _claim(self, statement: tree.Claim | tree.Definition, sides: list[Node]) -> None:
        self.claims.append(_Claimed(statement, self._keep(sides)))

    def _misfit(self, statement: tree.Claim | tree.Definition, error: ShapeError) -> None:
        """Keep a claim of which the shapes within a side do not fit; raises the error where none is judged."""
        if not self.judging:
            raise error
        built: list[Node] = []
        mended: tuple[Repair, ...] = ()

        def one(side: tree.Expr) -> Node:
            return run(entries.sides(self.evaluator, [side], among=statement.sides))[0]

        for side in statement.sides:
            try:
                built.append(one(side))
            except ShapeError:
                mended = mended or repairs(side, one)
        self.claims.append(_Claimed(statement, self._keep(built), str(error), mended))

    def _keep(self, nodes: list[Node]) -> slice:
        start = len(self.scope.built)
        self.scope.built.extend(nodes)
        return slice(start, start + len(nodes))

    def _define(self, statement: tree.Definition) -> None:
        name, first = statement.name, statement.sides[0]
        if isinstance(first, tree.Call) and first.function in ("input", "param"):
            if len(statement.sides) > 1:
                raise self.scope.error(
                    "a declaration is not a claim; write the claim on its own line", name.at
                )
            self._declare(name, first)
            return
        if name.id == "layout" and isinstance(first, tree.Name) and first.id in LAYOUTS:
            self._set_layout(name, first)
            return
        self.scope.check_new(name)
        subject = subject_of(name.id, self.scope.nodes)
        if subject is not None:
            self.gradients[name.id] = subject
        sides = self._gradient(statement, subject) if self.judging and subject else self._sides(statement)
        if sides is None:
            return
        # A leaf or a named intermediate under a second name stays one node.
        node = sides[0] if sides[0].name is not None else sides[0].named(name.id)
        self.scope.bind(name, node)
        self.defined.append(name.id)
        if len(sides) > 1:
            self._claim(statement, [node, *sides[1:]])

    def _sides(self, statement: tree.Definition) -> list[Node]:
        return [run(self.evaluator.node(side)) for side in statement.sides]

    def _gradient(self, statement: tree.Definition, subject: str) -> list[Node] | None:
        """The sides of a gradient that is judged; None where its shape is not that of its subject.

        Then what it should have been stands in for it in the lines that follow.
        """
        shape = self.scope.nodes[subject].shape
        stand_in = input_(
            statement.name.id, shape[::-1] if self.scope.numerator and len(shape) == 2 else shape
        )
        try:
            sides = self._sides(statement)
        except ShapeError as error:
            self._misfit(statement, error)
            self.scope.bind(statement.name, stand_in)
            return None
        if sides[0].shape != stand_in.shape and sides[0].op.name != "const":
            self._claim(statement, sides)
            self.scope.bind(statement.name, stand_in)
            return None
        if sides[0].name is not None:
            sides[0] = identity(sides[0])  # `dz = dh` is a claim of its own, which later lines may use
        return sides

    def _declare(self, name: tree.Name, call: tree.Call) -> None:
        self.scope.check_new(name)
        given = call.args
        if len(given) == 1 and isinstance(given[0], tree.Sequence):
            given = given[0].items
        shape = [self._declared_extent(argument) for argument in given]
        options = dict(call.keywords)
        dtype = options.pop("dtype", None) if call.function == "input" else None
        if options:
            allowed = "only `dtype`" if call.function == "input" else "no options"
            raise self.scope.error(f"`{call.function}` takes sizes and {allowed}", call.at)
        if call.function == "param":
            node = self.scope.call(call.at, param, name.id, shape)
        else:
            node = self.scope.call(call.at, input_, name.id, shape, dtype=self._dtype(dtype))
        self.scope.bind(name, node)

    def _declared_extent(self, expr: tree.Expr) -> DimLike:
        """A size in a declaration: a name here is a size, also one never seen before."""
        for name in _names(expr):
            self.scope.new_dim(name)
        return run(self.evaluator.extent(expr))

    def _dtype(self, expr: tree.Expr | None) -> str:
        if expr is None:
            return "real"
        if not isinstance(expr, tree.Name) or expr.id not in DTYPES:
            raise self.scope.error("`dtype` is `int`, `bool` or `real`, as in `input(N, dtype=int)`", expr.at)
        return DTYPES[expr.id]

    def _assume(self, statement: tree.Assumption) -> None:
        for expr in statement.facts:
            self.facts += 1
            if self.facts > MAX_FACTS:
                raise self.scope.error(f"a text assumes at most {MAX_FACTS} facts", expr.at)
            node, fact = assumptions.read(self.scope, expr)
            self.scope.replace(node, self.scope.call(expr.at, assume, node, fact))

    def _set_layout(self, name: tree.Name, word: tree.Name) -> None:
        if self.claims or self.gradients:
            raise self.scope.error("the layout is chosen before the first claim", name.at)
        self.scope.numerator = LAYOUTS[word.id]

    def _set_target(self, name: tree.Name) -> None:
        if self.target is not None:
            raise self.scope.error(f"the target is `{self.target}` already; name one", name.at)
        if name.id not in self.scope.nodes:
            raise self.scope.error(f"`{name.id}` is not defined yet; define it before `target`", name.at)
        self.target = name.id


def _names(expr: tree.Expr) -> list[tree.Name]:
    found: list[tree.Name] = []
    stack = [expr]
    while stack:
        part = stack.pop()
        if isinstance(part, tree.Name):
            found.append(part)
        elif isinstance(part, tree.Binary):
            stack.extend([part.left, part.right])
    return found
