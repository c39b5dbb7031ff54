"""Inverses and determinants of matrices, in index notation: entries `inv(A)[i, j]`, and what a sum over them comes to.

A product of square matrices is inverted factor by factor. The inverse of a transpose is the inverse with its slots
exchanged; a solution of `A @ x = b` is written with the inverse. `sum(inv(A)[i, k] * A[k, j] for k)` is a delta; of a
matrix that is a sum, its leading term is replaced by what the others leave of the delta.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from graphc.claims.normal import conditions, entries, functions
from graphc.claims.normal.algebra import (
    Algebra,
    Atom,
    Expr,
    Monomial,
    Power,
    Unknown,
    constant,
    exact,
    of_atom,
)
from graphc.claims.normal.canon import body, shape_of, written
from graphc.claims.normal.heads import function, traits_of
from graphc.claims.normal.index import Slot, variables
from graphc.claims.normal.products import product_over
from graphc.claims.normal.sums import RELATIONS, connected, opened_sum, size, total
from graphc.claims.normal.terms import delta, minus, multiply, normalised, order_key, substitute, times
from graphc.ir.node import Node


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix as the expression of its entry over a row and a column variable."""

    entry: Expr
    row: int
    column: int


def _matrix(s: Algebra, node: Node, expr: Expr) -> Matrix | None:
    """The matrix a node is along its last two axes, with variables of its own; None for one of size 1."""
    row, column = entries.axes(s, node.shape)[-2:]
    if row is None or column is None:
        return None
    names = [s.variable(s.extents[row]), s.variable(s.extents[column])]
    return Matrix(substitute(s, expr, {row: names[0], column: names[1]}), names[0], names[1])


# Inverses ---------------------------------------------------------------------------------------------------------


def inverse_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    """The entry of `inv(A)`."""
    matrix = _matrix(s, node.args[0], args[0])
    if matrix is None:
        return functions.inverse(s, args[0])
    row, column = entries.axes(s, node.shape)[-2:]
    return _inverse(s, matrix, row, column)


def solution_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    """The entry of `solve(A, b)`: the inverse times the right side."""
    left, right = node.args
    matrix = _matrix(s, left, args[0])
    if matrix is None:
        return multiply(s, functions.inverse(s, args[0]), args[1])
    # Batch axes of both stand at the same places from the right only if the right side has columns.
    place = -1 if right.ndim == 1 else -2
    row = entries.axes(s, right.shape)[place]
    if row is None:
        raise Unknown
    name = s.variable(s.extents[row])
    inner = _inverse(s, matrix, row, name)
    return total(s, multiply(s, inner, substitute(s, args[1], {row: name})), [name])


def _inverse(s: Algebra, matrix: Matrix, i: Slot, j: Slot) -> Expr:
    """`inv(A)[i, j]`."""
    outside, inner = _scalars(s, matrix)
    factors = _factors(s, inner)
    if factors is None:
        found = _single(s, inner, i, j)
    else:
        atoms, names = factors
        found = constant(1)
        there: dict[int, Slot] = {matrix.row: j, matrix.column: i}
        for atom, p in atoms:
            ends = _ends(atom, {matrix.row, matrix.column, *names})
            found = multiply(s, found, _inverse_of_factor(s, atom, p, ends))
        # What stood in the row stands in the column, and the other way round.
        found = total(s, substitute(s, found, there), names)
    return multiply(s, functions.inverse(s, outside), found)


def _inverse_of_factor(s: Algebra, atom: Atom, p: Power, ends: list[int]) -> Expr:
    if atom.head.kind == "delta":
        return of_atom(atom)
    if len(ends) == 1:
        return functions.raised(s, of_atom(atom, p), -1)
    u, v = ends
    row, column = (s.variable(s.extents[e]) for e in ends)
    entry = substitute(s, of_atom(atom, p), {u: row, v: column})
    return _single(s, Matrix(entry, row, column), v, u)


def _single(s: Algebra, matrix: Matrix, i: Slot, j: Slot) -> Expr:
    """`inv(A)[i, j]` of a matrix that is no product; of an inverse, what that is the inverse of."""
    m = next(iter(matrix.entry))
    if matrix.entry == {m: 1} and len(m) == 1 and m[0][0].head.kind == "inv" and m[0][1] == 1:
        atom = m[0][0]
        if atom.slots[-2:] == (matrix.row, matrix.column):
            return _placed(s, atom, i, j)
        if atom.slots[-2:] == (matrix.column, matrix.row):
            return _placed(s, atom, j, i)
    return of_atom(_atom(s, matrix, i, j))


def _placed(s: Algebra, atom: Atom, i: Slot, j: Slot) -> Expr:
    """The entry of the matrix that an atom is the inverse of."""
    free = len(atom.slots) - 2
    return substitute(s, atom.head.body, {**dict(enumerate(atom.slots[:free])), free: i, free + 1: j})


def _atom(s: Algebra, matrix: Matrix, i: Slot, j: Slot) -> Atom:
    """The atom of an inverse; the head is the same for a matrix and its transpose."""
    names = {matrix.row: s.extents[matrix.row], matrix.column: s.extents[matrix.column]}
    shape, labels = shape_of(matrix.entry, names)
    known = written(s, shape)
    free = tuple(labels[v] for v in known.order if shape.extents[v] is None)
    ends = [labels[v] for v in known.order if shape.extents[v] is not None]
    if len(ends) < 2:
        raise Unknown  # the rows or the columns are all alike
    slots = (*free, i, j) if ends[0] == matrix.row else (*free, j, i)
    turned = substitute(s, matrix.entry, {matrix.row: matrix.column, matrix.column: matrix.row})
    swap = (*range(len(free)), len(free) + 1, len(free))
    swaps = (swap,) if turned == matrix.entry else ()
    made = body(s, shape, known.order)
    traits = replace(traits_of(s, "inv", known.key, made, ()), swaps=swaps)
    head = s.head("inv", known.key, len(slots), lambda: traits, made, tuple(names.values()))
    return s.atom(head, slots)


# What a matrix is made of -----------------------------------------------------------------------------------------


def _scalars(s: Algebra, matrix: Matrix) -> tuple[Expr, Matrix]:
    """A number and factors that are the same for all entries, taken out of a matrix."""
    if not matrix.entry:
        raise Unknown
    c, shared, _ = functions.content(matrix.entry, 0)
    ends = {matrix.row, matrix.column}
    out = {a: p for a, p in shared if a.variables.isdisjoint(ends)}
    outside = times(normalised(s, dict(out)), c)
    inside = times(
        multiply(s, matrix.entry, normalised(s, {a: exact(-p) for a, p in out.items()})),
        exact(1 / Fraction(c)),
    )
    return outside, replace(matrix, entry=inside)


def _factors(s: Algebra, matrix: Matrix) -> tuple[Monomial, frozenset[int]] | None:
    """The square factors of a matrix that is a product: atoms with two variables, and with one for diagonal ones."""
    if len(matrix.entry) != 1:
        return None
    ((m, c),) = matrix.entry.items()
    if c != 1:
        return None
    names: frozenset[int] = frozenset()
    atoms: list[tuple[Atom, Power]] = []
    for atom, p in m:
        if atom.head.kind == "sum" and p == 1:
            inner, new = opened_sum(s, atom)
            ((part, _),) = inner.items()
            atoms += part
            names |= new
        else:
            atoms.append((atom, p))
    return (tuple(atoms), names) if _is_chain(s, atoms, names, matrix) else None


def _is_chain(s: Algebra, atoms: list[tuple[Atom, Power]], names: frozenset[int], matrix: Matrix) -> bool:
    """Whether atoms stand in a row from the row variable to the column variable, all matrices being of one size."""
    extent = s.extents[matrix.row]
    inner = {matrix.row, matrix.column, *names}
    if any(s.extents[n] != extent for n in inner):
        return False
    ends = [_ends(a, inner) for a, _ in atoms]
    if any(len(e) not in (1, 2) for e in ends) or any(
        p != 1 for (_, p), e in zip(atoms, ends, strict=True) if len(e) == 2
    ):
        return False
    if len(atoms) == 1:
        return False
    links = [e for e in ends if len(e) == 2]
    counts = {n: sum(n in e for e in links) for n in inner}
    if counts[matrix.row] != 1 or counts[matrix.column] != 1 or any(counts[n] != 2 for n in names):
        return False
    return len(connected(dict(atoms), frozenset(inner))) == 1 and len(links) == len(names) + 1


def _ends(atom: Atom, inner: set[int]) -> list[int]:
    """The matrix variables in the slots of an atom, in order; too many where a slot is no plain variable."""
    found = [t for t in atom.slots if isinstance(t, int) and t in inner]
    hidden = [t for t in atom.slots if isinstance(t, tuple) and not _free_of(t, inner)]
    return [-1, -1, -1] if hidden or len(set(found)) < len(found) else found


def _free_of(slot: Slot, inner: set[int]) -> bool:
    return variables(slot).isdisjoint(inner)


# Determinants -----------------------------------------------------------------------------------------------------


def determinant_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    """`det(A)`: of a product the product of determinants, of a diagonal matrix that of its entries."""
    matrix = _matrix(s, node.args[0], args[0])
    found = args[0] if matrix is None else _determinant(s, matrix)
    source = entries.axes(s, node.args[0].shape)[:-2]
    pairs = zip(source, entries.axes(s, node.shape), strict=True)
    return substitute(s, found, {v: t for v, t in pairs if v is not None and t is not None})


def log_determinant_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    """`log(abs(det(A)))`."""
    return functions.logarithm(s, conditions.absolute(s, determinant_entry(s, node, args)))


def _determinant(s: Algebra, matrix: Matrix) -> Expr:
    outside, inner = _scalars(s, matrix)
    n = s.extents[matrix.row]
    scale = (
        functions.raised(s, outside, n)
        if isinstance(n, int)
        else functions.symbolic_power(s, outside, size(s, n))
    )
    factors = _factors(s, inner)
    if factors is None:
        return multiply(s, scale, _one_determinant(s, inner))
    atoms, names = factors
    result = scale
    for atom, p in atoms:
        ends = _ends(atom, {matrix.row, matrix.column, *names})
        if atom.head.kind == "delta":
            continue
        if len(ends) == 1:
            part = product_over(s, of_atom(atom, p), {ends[0]: n})
        else:
            row, column = (s.variable(n) for _ in ends)
            entry = substitute(s, of_atom(atom, p), {ends[0]: row, ends[1]: column})
            part = _one_determinant(s, Matrix(entry, row, column))
        result = multiply(s, result, part)
    return result


def _one_determinant(s: Algebra, matrix: Matrix) -> Expr:
    ends = {matrix.row, matrix.column}
    if len(matrix.entry) == 1:
        ((m, c),) = matrix.entry.items()
        if c == 1 and len(m) == 1 and m[0][1] == 1 and ends <= m[0][0].variables:
            atom = m[0][0]
            if atom.head.kind == "delta" and ends == set(atom.slots):
                return constant(1)
            if atom.head.kind == "inv" and ends == set(atom.slots[-2:]):
                row, column = (s.variable(s.extents[matrix.row]) for _ in ends)
                return functions.inverse(
                    s, _determinant(s, Matrix(_placed(s, atom, row, column), row, column))
                )
    if not all(any(e in a.variables for m in matrix.entry for a, _ in m) for e in ends):
        raise Unknown
    return of_atom(function(s, "det", matrix.entry, {e: s.extents[e] for e in sorted(ends)}))


# The relation between a matrix and its inverse --------------------------------------------------------------------


def _used(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr | None:
    """An inverse summed over an index with what it is the inverse of."""
    for atom in powers:
        if atom.head.kind != "inv" or powers[atom] != 1:
            continue
        for place in (-1, -2):
            name = atom.slots[place]
            if isinstance(name, int) and name in bound and atom.slots.count(name) == 1:
                found = _with_matrix(s, powers, bound, atom, name, place)
                if found is not None:
                    return found
    return None


def _with_matrix(
    s: Algebra, powers: dict[Atom, Power], bound: frozenset[int], atom: Atom, name: int, place: int
) -> Expr | None:
    """The sum over `name`, which stands at `place` of an inverse: with one other factor, or with an inner sum."""
    row = s.variable(s.extents[name])
    matrix = _placed(s, atom, name, row) if place == -1 else _placed(s, atom, row, name)
    leads = [m for m in matrix if _key_of(m, name, row) is not None]
    if not leads:
        return None
    lead = max(leads, key=order_key)
    key = _key_of(lead, name, row)
    rest = {a: p for a, p in powers.items() if a is not atom}
    inner = bound - atom.variables
    for factors, left in ((rest, bound), (_closed(s, rest, inner), bound - inner)):
        holders = [a for a in factors if name in a.variables]
        if len(holders) != 1 or factors[holders[0]] != 1:
            continue
        far = _other_end(key, holders[0], name, row)
        if far is not None:
            others = normalised(s, {a: p for a, p in factors.items() if a is not holders[0]})
            below = substitute(s, {m: c for m, c in matrix.items() if m != lead}, {row: far})
            under = total(s, multiply(s, of_atom(atom), below), [name])
            hit = minus(delta(s, atom.slots[-3 - place], far), under)
            scale = functions.inverse(s, {tuple(t for t in lead if t[0] is not key): matrix[lead]})
            return total(s, multiply(s, multiply(s, hit, scale), others), left - {name})
    return None


def _key_of(lead: Monomial, name: int, row: int) -> Atom | None:
    """The one factor of a term that has both variables of a matrix, if no other has any of them; no delta."""
    held = [(a, p) for a, p in lead if not a.variables.isdisjoint((name, row))]
    if len(held) != 1 or held[0][1] != 1 or held[0][0].head.kind == "delta":
        return None
    return held[0][0] if {name, row} <= held[0][0].variables else None


def _closed(s: Algebra, factors: dict[Atom, Power], inner: frozenset[int]) -> dict[Atom, Power]:
    """Factors with the sums over inner variables closed."""
    closed = {a: p for a, p in factors.items() if a.variables.isdisjoint(inner)}
    for names, atoms in connected(factors, inner):
        ordered = tuple(sorted(atoms.items(), key=lambda item: item[0].number))
        part = function(s, "sum", {ordered: 1}, {n: s.extents[n] for n in sorted(names)})
        closed[part] = exact(closed.get(part, 0) + 1)
    return closed


def _other_end(pattern: Atom | None, atom: Atom, name: int, row: int) -> Slot | None:
    """What stands in `atom` where `row` stands in the pattern, if they are the same otherwise."""
    if pattern is None or atom.head is not pattern.head:
        return None
    for order in (range(len(atom.slots)), *atom.head.traits.swaps):
        arranged = [atom.slots[i] for i in order]
        far = [t for t, p in zip(arranged, pattern.slots, strict=True) if p == row]
        same = all(t == p for t, p in zip(arranged, pattern.slots, strict=True) if p != row)
        if same and len(far) == 1:
            return far[0]
    return None


RELATIONS.append(_used)
