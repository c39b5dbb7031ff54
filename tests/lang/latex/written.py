"""Syntax trees as text of the graph language, for comparing."""

from __future__ import annotations

from collections.abc import Mapping

from graphc.ir.types import dim
from graphc.lang import parse, tree
from graphc.lang.latex import statements
from graphc.lang.program import Program

MODEL = """
X = input(N, D); y = input(N); t = input(N, dtype=int); w = param(D); b = param(); lam = input()
z = X @ w + b; p = sigmoid(z); y_hat = 1*p
loss = -mean(y*log(p) + (1 - y)*log(1 - p)) + lam/2*sum(w**2)
W1 = param(D, H); W2 = param(H, K); h = tanh(X @ W1); s = h @ W2; P = softmax(s)
A = input(D, D); B = input(D, D); u = input(D); v = input(D); c = input(); gamma = param(D)
"""


def model() -> Program:
    """The names the tests speak of."""
    return parse(MODEL, source="model", declared_only=True)


def read(
    latex: str, program: Program | None = None, names: Mapping[str, str] | None = None
) -> list[tree.Statement]:
    """The statements of LaTeX over the names of a program; new names are known from then on."""
    program = program or model()
    known: dict[str, object] = dict(program.names)

    def lookup(name: str) -> object:
        return known[name] if name in known else dim(name) if name in program.dims else None

    return list(statements(latex, names=names or {}, lookup=lookup))


def one(latex: str, names: Mapping[str, str] | None = None) -> str:
    """The one statement of LaTeX, as text."""
    (statement,) = read(latex, names=names)
    return text(statement)


def text(statement: tree.Statement) -> str:
    """A definition or claim as text."""
    match statement:
        case tree.Definition(name=name, sides=sides):
            return f"{name.id} = " + " == ".join(map(show, sides))
        case tree.Claim(sides=sides):
            return " == ".join(map(show, sides))
    raise AssertionError(statement)


def show(expr: tree.Expr | tree.Slice) -> str:
    """An expression with every bracket written."""
    match expr:
        case tree.Number(value=value):
            return str(value)
        case tree.Name(id=name):
            return name
        case tree.Unary(op=op, operand=operand):
            return f"({op}{show(operand)})"
        case tree.Binary(op=op, left=left, right=right):
            return f"({show(left)} {op} {show(right)})"
        case tree.Call(function=function, args=args, keywords=keywords):
            given = [*map(show, args), *(f"{key}={show(value)}" for key, value in keywords)]
            return f"{function}({', '.join(given)})"
        case tree.Index(operand=operand, items=items):
            return f"{show(operand)}[{','.join(map(show, items))}]"
        case tree.Transpose(operand=operand):
            return f"{show(operand)}.T"
        case tree.IndexSum(body=body, clauses=clauses):
            return f"sum({show(body)} " + " ".join(f"for {n.id} in {show(e)}" for n, e in clauses) + ")"
        case tree.Derivative(of=of, by=by):
            return f"d({show(of)})/d({show(by)})"
        case tree.Compare(ops=ops, operands=operands):
            return f"({show(operands[0])} {ops[0]} {show(operands[1])})"
        case tree.Sequence(items=items):
            return f"({', '.join(map(show, items))})"
    raise AssertionError(expr)
