"""The lines of one gradient: the chain rule, the local derivatives put in, the simplifications, the final form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphc.derive.edge import edge_value, local_expression
from graphc.derive.local import local_derivative, plain_derivative
from graphc.derive.notebook import CLOSED, LONGEST, WIDEST, Notebook
from graphc.derive.replay import replay
from graphc.derive.reverse import Contribution, contributions_of
from graphc.derive.steps import Line
from graphc.ir.node import Node, rebuild, topological
from graphc.ops.composite import open_composite
from graphc.ops.form import form
from graphc.ops.leaf import const, constant_value
from graphc.ops.pointwise import mul
from graphc.rewrite.layout import LAYOUT

MOST_LINES = 3
"""So many simplifications of one gradient are shown, the last ones; the others are named beside them."""
UNSAID = {rule.name for rule in LAYOUT}
MANY = 1000
"""A sum of more contributions is not rewritten line by line."""


def gradient_lines(book: Notebook, node: Node) -> list[Line]:
    """From the chain-rule product to the final form; neighbours that read the same are one line."""
    edges = book.derivation.contributions.get(node, ())
    lines = _chain_rule(book, node, edges)
    lines += _local_derivatives(book, edges, "" if lines else _uses_note(edges))
    if len(edges) <= MANY:
        for line in lines:
            book.name_parts(line.expr)
    most = max((book.products(line.expr) for line in lines), default=None)
    further = _simplifications(book, node, edges, most)
    if most is not None:
        further = [w for w in further if book.products(w.expr) <= most]
    if lines and node.name is None and node not in book.derivation.wrt and book.is_heavy(node):
        longest = len(book.text(lines[-1].expr))
        further = [w for w in further if len(book.text(w.expr)) <= longest]
    if lines:
        longest = len(book.text(lines[-1].expr))
        further = [w for w in further if not book.mixes(w.expr, node) or len(book.text(w.expr)) <= longest]
    if lines and not book.scalar and book.is_gradient(lines[-1].expr):
        further = []
    return _distinct(book, [*lines, *_direct(book, lines, further)])


def _direct(book: Notebook, lines: Sequence[Line], further: Sequence[Line]) -> list[Line]:
    """The simplifications without detours: lines longer than the one before them and than the final form."""
    kept: list[Line] = []
    rules: tuple[str, ...] = ()
    for line in further:
        before = [*lines, *kept][-1:]
        length = len(book.text(line.expr))
        ends = (*before, further[-1])
        if before and line is not further[-1] and all(len(book.text(e.expr)) < length for e in ends):
            rules = (*rules, *line.rules)
            continue
        kept.append(replace(line, rules=tuple(dict.fromkeys((*rules, *line.rules)))))
        rules = ()
    return kept


def _sum(terms: Sequence[Node]) -> Node:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _local(edge: Contribution) -> Node:
    """The local derivative of an elementwise use."""
    found = local_expression(edge.user, edge.index)
    assert found is not None
    return found


def _users(book: Notebook, edges: Sequence[Contribution]) -> dict[Node, list[Contribution]]:
    """The uses by the node on whose line they are written."""
    carrier = book.derivation.naming.carrier
    users: dict[Node, list[Contribution]] = {}
    for edge in edges:
        users.setdefault(carrier.get(edge.user, edge.user), []).append(edge)
    return users


def _chain_rule(book: Notebook, node: Node, edges: Sequence[Contribution]) -> list[Line]:
    """`dL/dz = dL/dh * dh/dz + …`, where each local derivative is a number or a function of one operand."""
    users = _users(book, edges)
    if not edges or not all(_has_sign(e, book.scalar) for e in edges):
        return []
    if not book.scalar and len(edges) > len(users):
        return []
    if list(users) == [book.derivation.output] and not book.output_is_short:
        return []
    terms = []
    for user, given in users.items():
        value = _sum([_local(e) for e in given])
        terms.append(
            mul(book.sign(user), book.local_sign(user if book.scalar else given[0].user, node, value))
        )
    return [Line(_sum(terms), _uses_note(edges))]


def _has_sign(edge: Contribution, scalar: bool) -> bool:
    """Whether the local derivative is written as dh/dz, among scalars, or as f'(z), among arrays."""
    user = edge.user
    operand = user.args[edge.index]
    if not user.op.elementwise:
        return False
    if scalar:
        return True
    alone = sum(not a.constant for a in user.args) == 1
    return alone and user.shape == operand.shape and form(user).kind == "call"


def _uses_note(edges: Sequence[Contribution]) -> str:
    times = "twice" if len(edges) == 2 else f"{len(edges):,} times"
    return "" if len(edges) == 1 else f"used {times}: the contributions add up"


def _local_derivatives(book: Notebook, edges: Sequence[Contribution], note: str) -> list[Line]:
    """The local derivatives put in: as SymPy gives them, where that is another form, and as they are used."""
    if not edges:
        return []
    given = [(e, book.sign(e.user)) for e in edges]
    used = Line(book.read(_sum([_product(book, e, sign) for e, sign in given]), factors=False), note)
    raw = {} if len(edges) > MANY else _raw_forms(book, edges)
    if not book.scalar and raw:
        kinds = {("SymPy", e.user.op, e.user.attrs, e.index) for e in raw}
        raw = {} if kinds <= book.explained else raw
        book.explained |= kinds
    if not raw:
        return [Line(used.expr, used.note or _reason(book, edges))]
    terms = [mul_by(book, sign, raw[e]) if e in raw else _product(book, e, sign) for e, sign in given]
    (first, *others) = raw
    about = _formula(first.user)
    in_output = first.user in topological([_local(first)], stop=book.is_named)
    if in_output and first.user not in book.names:
        return [Line(_sum(terms), used.note)]
    better = "in terms of the output" if in_output else "a form that is safer to compute"
    raw_line = Line(_sum(terms), "SymPy") if others else Line(_sum(terms), "SymPy: the derivative of", about)
    return [raw_line, Line(used.expr, better)]


def _raw_forms(book: Notebook, edges: Sequence[Contribution]) -> dict[Contribution, Node]:
    """SymPy's derivatives where they read otherwise than the form that is used."""
    found: dict[Contribution, Node] = {}
    for edge in edges:
        user, operand = edge.user, edge.user.args[edge.index]
        declared = user.op.elementwise and (user.op.kind == "composite" or user.op.derivatives)
        if not declared and not (user.op.elementwise and local_derivative(user, edge.index) is not None):
            continue
        if user.shape != operand.shape:
            continue
        raw = plain_derivative(user, edge.index)
        if book.text(raw) != book.text(_local(edge)):
            found[edge] = raw
    return found


def _formula(user: Node) -> Node:
    return open_composite(user) if user.op.kind == "composite" else user


def _product(book: Notebook, edge: Contribution, sign: Node) -> Node:
    """One contribution: upstream gradient times local derivative, or what the operation does to the gradient."""
    user = edge.user
    if user.shape == user.args[edge.index].shape == () and user.op.elementwise:
        return mul_by(book, sign, _local(edge))
    seed = constant_value(book.symbols[sign].value) == 1
    if seed:
        return _without_ones(book, edge_value(user, edge.index, const(1)))
    return edge_value(user, edge.index, sign)


def mul_by(book: Notebook, sign: Node, local: Node) -> Node:
    """The product with an upstream gradient; the 1 at the output is left out."""
    return local if constant_value(book.symbols[sign].value) == 1 else mul(sign, local)


REASONS = {
    "sum": "every term of a sum receives its gradient",
    "mean": "every term of a mean receives its share of the gradient",
    "max": "only the largest entry receives the gradient",
    "min": "only the smallest entry receives the gradient",
    "gather": "the gradient goes back to the entries that were picked",
    "concat": "each part receives its own piece",
    "inv": "with A the product `A @ inv(A)` stays the identity",
    "solve": "the transposed system is solved for the gradient",
    "det": "Jacobi's formula",
    "logdet": "Jacobi's formula",
    "cumsum": "an entry is in every later sum",
}


def _reason(book: Notebook, edges: Sequence[Contribution]) -> str:
    """Why an operation that is not elementwise acts as it does, said once."""
    user = edges[0].user
    operand = user.args[edges[0].index]
    kind, reason = user.op.name, REASONS.get(user.op.name, "")
    if user.op.elementwise and user.shape != operand.shape:
        kind, reason = "repeated", "repeated on the way forward, so summed on the way back"
    elif user.op.kind == "composite" and not user.op.elementwise and not reason:
        reason = f"the chain rule through the parts of {kind}"
    elif form(user).kind == "matmul":
        kind, reason = "matmul", "a product: the gradient times the other factor, transposed"
    if len(edges) > 1 or kind in book.explained:
        return ""
    book.explained.add(kind)
    return reason


def _simplifications(
    book: Notebook, node: Node, edges: Sequence[Contribution], most: int | None
) -> list[Line]:
    """The final gradients of the users put in, then the simplifications, down to the final form."""
    lines: list[tuple[Node, list[str]]] = []
    rules: list[str] = []
    if edges and len(edges) <= MANY:
        start = _without_ones(book, book.in_names(_sum([_contribution(book, e) for e in edges])))
        lines.append((start, []))
        for expr, rule in replay(start, book.events, book.settled):
            if rule not in UNSAID:
                rules.append(rule)
            lines.append((expr, rules))
            if _readable(book, expr):
                rules = []
    lines = [(expr, said) for expr, said in lines if _readable(book, expr)]
    hidden = [rule for _, said in lines[1:-MOST_LINES] for rule in said]
    lines = [*lines[:1], *lines[1:][-MOST_LINES:]]
    if len(lines) > 1:
        lines[1] = (lines[1][0], hidden + lines[1][1])
    lines.append((book.derivation.rewritten[node], rules))
    written = [
        Line(book.read(book.shortened(expr, node, most)), rules=tuple(dict.fromkeys(said)))
        for expr, said in lines
    ]
    if len(written) > 1 and not _readable(book, written[-1].expr) and book.length(written[-1].expr) > CLOSED:
        written.pop()
    return [w for w in written if book.length(w.expr) <= LONGEST and len(book.text(w.expr)) <= WIDEST]


def _without_ones(book: Notebook, expr: Node) -> Node:
    """The expression without the factors of 1 that the gradient at the output leaves behind."""
    done: dict[Node, Node] = {}
    for node in topological([expr], stop=book.settled):
        now = node if book.settled(node) else rebuild(node, [done[a] for a in node.args])
        one = [constant_value(a) == 1 for a in now.args] if now.op.name == "mul" else []
        other = now.args[0 if one[1] else 1] if any(one) else now
        done[node] = other if other.shape == now.shape else now
    return done[expr]


def _contribution(book: Notebook, edge: Contribution) -> Node:
    upstream = book.derivation.rewritten[edge.user]
    active = {edge.user.args[edge.index]}
    return next(c.value for c in contributions_of(edge.user, upstream, active) if c.index == edge.index)


def _readable(book: Notebook, expr: Node) -> bool:
    """Whether nothing but mathematics is in an expression: no repeating or reshaping."""
    return not any(n.op.name in ("broadcast", "reshape") for n in topological([expr], stop=book.settled))


def _distinct(book: Notebook, lines: Sequence[Line]) -> list[Line]:
    """Of neighbours that read the same, the first, with what is to be said about either."""
    kept: list[Line] = []
    texts: list[str] = []
    for line in lines:
        text = book.text(book.settled_signs(line.expr))
        if texts and texts[-1] == text:
            continue
        kept.append(line)
        texts.append(text)
    return kept
