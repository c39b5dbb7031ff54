"""The whitelist: which `ast` expressions are in the language, and what each becomes."""

from __future__ import annotations

import ast
from decimal import Decimal

from graphc.ir.errors import ParseError
from graphc.lang import quotient
from graphc.lang.positions import Located, Positions
from graphc.lang.suggest import clip
from graphc.lang.tree import (
    Binary,
    Call,
    Compare,
    Expr,
    Flag,
    Index,
    IndexSum,
    Name,
    Number,
    Sequence,
    Slice,
    Transpose,
    Unary,
)
from graphc.lang.walk import Walk

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Pow: "**",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
}
MODULES = ("np", "numpy", "torch", "math", "F", "sp", "sympy", "jnp", "tf")
CHAIN = ("*", "/", "@")


class Converter:
    """Turns the expressions of one statement into our tree; each method is a walk (see walk.py)."""

    __slots__ = ("positions",)

    def __init__(self, positions: Positions) -> None:
        self.positions = positions

    def error(self, message: str, node: Located) -> ParseError:
        """A ParseError at `node`."""
        at = self.positions.of(node)
        return ParseError(message, line=at.line, column=at.column)

    def written(self, node: Located, width: int = 40) -> str:
        """The node as written, short enough for a sentence."""
        return clip(self.positions.text(node), width)

    def name(self, node: ast.Name) -> Name:
        """A name that is not `d`."""
        if node.id == "d":
            raise self.error(f"`d` is reserved for derivatives; {quotient.HOW}", node)
        return Name(node.id, self.positions.of(node), self.positions.text(node))

    def expr(self, node: ast.expr, fact: bool = False) -> Walk[Expr]:
        """Any expression; `fact` admits `==` at its top, as inside `assume`."""
        at = self.positions.of(node)
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            operand: Expr = yield self.expr(node.operand)
            return Unary("-" if isinstance(node.op, ast.USub) else "+", operand, at)
        if isinstance(node, ast.BinOp):
            result: Expr = yield self._binary(node)
            return result
        if isinstance(node, ast.Compare):
            result = yield self._compare(node, fact)
            return result
        if isinstance(node, ast.Call):
            result = yield self._call(node)
            return result
        if isinstance(node, ast.Attribute):
            result = yield self._attribute(node)
            return result
        if isinstance(node, ast.Subscript):
            result = yield self._subscript(node)
            return result
        if isinstance(node, ast.Tuple | ast.List):
            items: list[Expr] = []
            for item in node.elts:
                items.append((yield self.expr(item)))
            return Sequence(tuple(items), at)
        raise self.error(f"{_what(node)} is not part of the graph language", node)

    def _constant(self, node: ast.Constant) -> Expr:
        at = self.positions.of(node)
        if node.value is None or isinstance(node.value, bool):
            return Flag(node.value, at)
        if isinstance(node.value, int):
            return Number(node.value, at)
        if isinstance(node.value, float):
            return Number(Decimal(self.positions.text(node)), at)
        raise self.error(f"{_what(node)} is not part of the graph language", node)

    def _binary(self, node: ast.BinOp) -> Walk[Expr]:
        symbol = BINARY.get(type(node.op))
        if symbol is None:
            raise self.error(f"the operator in `{self.written(node)}` is not in the graph language", node)
        if symbol in CHAIN:
            result: Expr = yield quotient.chain(self, node)
            return result
        left: Expr = yield self.expr(node.left)
        right: Expr = yield self.expr(node.right)
        return Binary(symbol, left, right, self.positions.of(node))

    def _compare(self, node: ast.Compare, fact: bool) -> Walk[Expr]:
        symbols = [COMPARISONS.get(type(op)) for op in node.ops]
        if "==" in symbols and not fact:
            raise self.error(
                "`==` states a claim and stands at the top of its line (or inside `assume`), "
                "not inside an expression",
                node,
            )
        if None in symbols:
            raise self.error(f"the comparison in `{self.written(node)}` is not in the graph language", node)
        operands: list[Expr] = []
        for operand in (node.left, *node.comparators):
            operands.append((yield self.expr(operand)))
        return Compare(tuple(s for s in symbols if s), tuple(operands), self.positions.of(node))

    def _call(self, node: ast.Call) -> Walk[Expr]:
        if not isinstance(node.func, ast.Name):
            raise self._called(node)
        function = node.func.id
        if function == "d":
            raise quotient.lone(self, node)
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            result: Expr = yield self._index_sum(node, node.args[0])
            return result
        args: list[Expr] = []
        for argument in node.args:
            args.append((yield self.expr(argument)))
        keywords: list[tuple[str, Expr]] = []
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.error("`**` arguments are not part of the graph language", keyword)
            if keyword.arg in dict(keywords):
                raise self.error(f"`{keyword.arg}` is given twice", keyword)
            keywords.append((keyword.arg, (yield self.expr(keyword.value))))
        return Call(function, tuple(args), tuple(keywords), self.positions.of(node))

    def _called(self, node: ast.Call) -> ParseError:
        if isinstance(node.func, ast.Attribute):
            owner = self.written(node.func.value)
            parts = [] if owner in MODULES else [owner]
            parts += [self.written(part) for part in node.args]
            parts += [self.written(part) for part in node.keywords]
            hint = f"write `{node.func.attr}({clip(', '.join(parts))})`"
            return self.error(f"methods and modules are not part of the graph language; {hint}", node)
        return self.error(f"`{self.written(node.func)}` is not a function; write `*` for a product", node)

    def _index_sum(self, node: ast.Call, generator: ast.GeneratorExp) -> Walk[Expr]:
        if not isinstance(node.func, ast.Name) or node.func.id != "sum" or node.keywords:
            raise self.error("only `sum(… for n in N)` runs over an index, without keywords", node)
        clauses: list[tuple[Name, Expr]] = []
        for clause in generator.generators:
            if not isinstance(clause.target, ast.Name) or clause.ifs or clause.is_async:
                raise self.error("an index is one name, as in `sum(x[n] for n in N)`", clause.target)
            clauses.append((self.name(clause.target), (yield self.expr(clause.iter))))
        body: Expr = yield self.expr(generator.elt)
        return IndexSum(body, tuple(clauses), self.positions.of(node))

    def _attribute(self, node: ast.Attribute) -> Walk[Expr]:
        if node.attr != "T":
            raise self.error(
                f"`.{clip(node.attr)}` is not part of the graph language; "
                "the only attribute is `.T`, the transpose",
                node,
            )
        operand: Expr = yield self.expr(node.value)
        return Transpose(operand, self.positions.of(node))

    def _subscript(self, node: ast.Subscript) -> Walk[Expr]:
        operand: Expr = yield self.expr(node.value)
        written = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        items: list[Expr | Slice] = []
        for item in written:
            items.append((yield self._slice(item) if isinstance(item, ast.Slice) else self.expr(item)))
        return Index(operand, tuple(items), self.positions.of(node))

    def _slice(self, node: ast.Slice) -> Walk[Slice]:
        bounds: list[Expr | None] = []
        for bound in (node.lower, node.upper, node.step):
            bounds.append((yield self.expr(bound)) if bound is not None else None)
        return Slice(bounds[0], bounds[1], bounds[2], self.positions.of(node))


def _what(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return {str: "text in quotes", bytes: "text in quotes", complex: "a complex number"}.get(
            type(node.value), "`...`"
        )
    return {
        ast.Starred: "a starred argument",
        ast.ListComp: "a list comprehension",
        ast.GeneratorExp: "a `for` outside `sum(…)`",
        ast.NamedExpr: "`:=`",
        ast.Lambda: "`lambda`",
        ast.IfExp: "`if`",
        ast.BoolOp: "`and` or `or`",
        ast.Slice: "a slice outside `[ ]`",
    }.get(type(node), "this kind of expression")
