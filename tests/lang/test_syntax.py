"""The syntax tree, the settled readings of `d(a)/d(b)`, and the sentences for slips of the pen."""

from __future__ import annotations

from decimal import Decimal

import pytest

from graphc.ir.errors import ParseError
from graphc.lang import tree
from graphc.lang.syntax import single_expression, statements
from graphc.lang.walk import Walk, run


def sketch(node: object) -> str:
    """The tree as text with every bracket written."""
    return run(_sketch(node))


def _sketch(node: object) -> Walk[str]:
    match node:
        case tree.Number(value=value) | tree.Flag(value=value):
            return str(value)
        case tree.Name(id=name):
            return name
        case tree.Unary(op=op, operand=operand):
            return f"({op}{(yield _sketch(operand))})"
        case tree.Binary(op=op, left=left, right=right):
            return f"({(yield _sketch(left))} {op} {(yield _sketch(right))})"
        case tree.Derivative(of=of, by=by):
            return f"<{(yield _sketch(of))}|{(yield _sketch(by))}>"
        case tree.Transpose(operand=operand):
            return f"{(yield _sketch(operand))}.T"
        case tree.Index(operand=operand, items=items):
            return f"{(yield _sketch(operand))}[{len(items)}]"
        case tree.Call(function=function, args=args):
            inner = []
            for argument in args:
                inner.append((yield _sketch(argument)))
            return f"{function}({', '.join(inner)})"
        case tree.Compare(ops=ops, operands=operands):
            inner = []
            for operand in operands:
                inner.append((yield _sketch(operand)))
            return f"({' '.join(inner)} | {' '.join(ops)})"
    raise AssertionError(node)


def read(text: str) -> str:
    return sketch(single_expression(text))


def fails(text: str) -> ParseError:
    with pytest.raises(ParseError) as caught:
        list(statements(text))
    return caught.value


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("d(L)/d(w)", "<L|w>"),
        ("2*d(L)/d(w)", "(2 * <L|w>)"),
        ("d(L)/d(w)*3", "(<L|w> * 3)"),
        ("-d(L)/d(w)", "(-<L|w>)"),
        ("-d(L)/d(w)*3", "((-<L|w>) * 3)"),
        ("--d(L)/d(w)", "(-(-<L|w>))"),
        ("2*-d(L)/d(w)", "(2 * (-<L|w>))"),
        ("X.T @ d(L)/d(z)", "(X.T @ <L|z>)"),
        ("X.T @ d(L)/d(z) / N", "((X.T @ <L|z>) / N)"),
        ("d(L)/d(z) @ W.T", "(<L|z> @ W.T)"),
        ("d(L)/d(y)*d(y)/d(x)", "(<L|y> * <y|x>)"),
        ("d(L)/d(y) - 2*d(y)/d(x)", "(<L|y> - (2 * <y|x>))"),
        ("a*b*d(L)/d(w)", "((a * b) * <L|w>)"),
        ("(a*b)/c*d(L)/d(w)", "(((a * b) / c) * <L|w>)"),
        ("d(d(L)/d(w))/d(w)", "<<L|w>|w>"),
        ("(d(l)/d(W)).T", "<l|W>.T"),
        ("(d(l)/d(x))**2", "(<l|x> ** 2)"),
        ("(d(l)/d(x))[0]", "<l|x>[1]"),
        ("1/(d(l)/d(x))", "(1 / <l|x>)"),
        ("1/2*d(l)/d(x)", "((1 / 2) * <l|x>)"),
        ("(d(l))/(d(x))", "<l|x>"),
        ("exp(2*d(l)/d(x))", "exp((2 * <l|x>))"),
    ],
)
def test_a_quotient_of_d_is_one_atom(text: str, reading: str) -> None:
    assert read(text) == reading


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("d(l)/d(W).T", 1, "`(d(l)/d(W)).T`"),
        ("d(l)/d(x)**2", 1, "`(d(l)/d(x))**2`"),
        ("d(l)/d(x)[0]", 1, "`(d(l)/d(x))[0]`"),
        ("-d(l)/d(x)**2", 2, "`(d(l)/d(x))**2`"),
        ("1/d(l)/d(x)", 3, "`1/(d(l)/d(x))`"),
        ("2*a/d(l)/d(x)", 5, "`a/(d(l)/d(x))`"),
        ("d(a)/d(b)/d(c)", 11, "`d(d(a)/d(b))/d(c)`"),
        ("d(a)", 1, "`d(a)/d(x)`"),
        ("d(a)*d(b)", 1, "stands alone"),
        ("(2*d(l))/d(w)", 4, "stands alone"),
        ("a/d(w)", 3, "stands alone"),
        ("d(a, b)/d(c)", 1, "`d` takes one expression"),
        ("d + 1", 1, "`d` is reserved"),
        ("d = 3", 1, "reserved"),
        ("pi = 3", 1, "`pi` is reserved"),
        ("d(l)/d(w) = 3", 11, "a claim is written with `==`"),
    ],
)
def test_any_other_use_of_d_is_an_error_with_a_hint(text: str, column: int, hint: str) -> None:
    error = fails(text)
    assert hint in str(error)
    assert (error.line, error.column) == (1, column)


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("x^2", 2, "write `**`"),
        ("x²", 2, "write `**2`"),
        ("2x", 2, "`2*x`"),
        ("2(x+y)", 2, "write `*` for a product"),
        ("(x+y)(x-y)", 6, "write `*` for a product"),
        ("a b", 3, "`a*b`"),
        ("2*sqrt x", 8, "`sqrt(x)`"),
        ("a = = b", 3, "write `==`"),
        ("1_000", 2, "1000 without underscores"),
        ("a × b", 3, "write `*`"),
        ("a − b", 3, "write `-`"),
        ("a · b", 3, "write `*`"),
        ("a ≤ b", 3, "write `<=`"),
        ("“x”", 1, "quotes"),
        ("x'", 2, "a prime is no part of a name"),
        ('f"{x}"', 2, "quotes"),
        ("lambda x: x", 1, "`lam` or `λ`"),
        ("a if b else c", 3, "where(condition, a, b)"),
        ("import os", 1, "definitions, claims"),
        ("a and b", 3, "multiply the conditions"),
        ("not a", 1, "`1 - condition`"),
        ("assert x == 1", 1, "assume"),
        ("().__class__", 4, "two underscores"),
        ('__import__("os").system("x")', 1, "two underscores"),
        ("x.shape", 1, "the only attribute is `.T`"),
        ("x.sum(axis=1)", 1, "`sum(x, axis=1)`"),
        ("np.exp(x)", 1, "`exp(x)`"),
        ("(y := 3)", 4, "`:=`"),
        ("f(*a)", 3, "starred"),
        ("f(**a)", 3, "starred"),
        ("[x for x in y]", 1, "list comprehension"),
        ("max(x for n in N)", 1, "only `sum("),
        ("sum(x[n] for n, m in N)", 14, "an index is one name"),
        ("(x", 1, "never closed"),
        ("x)", 2, "never opened"),
        ("(x]", 3, "write `)`"),
        ("x +", 3, "nothing follows `+`"),
        ("* x", 1, "nothing before it"),
        ("x * / y", 5, "cannot follow"),
        ("f(a,,b)", 5, "nothing stands before this comma"),
        ("x += 1", 3, "not an operator"),
        ("x: y", 2, "slice"),
        ("x // y", 3, "no integer division"),
        ("x != y", 3, "`!=`"),
        ("a = b = c", 7, "claim"),
        ("a, b = c", 6, "claim"),
        ("x == y > 3", 1, "a == (b > 0)"),
        ("f(a == b)", 3, "not inside an expression"),
        ("{x}", 1, "group with ( )"),
        ("x\x00y", 2, "invisible character (U+0000)"),
        ("x\u200by", 2, "invisible character (U+200B ZERO WIDTH SPACE)"),
        ("007", 1, "write `7`"),
        ("target(a + b)", 1, "`target(loss)`"),
        ("assume()", 1, "assume(x > 0)"),
    ],
)
def test_slips_get_a_sentence_with_a_hint(text: str, column: int, hint: str) -> None:
    error = fails(text)
    assert hint in str(error)
    assert (error.line, error.column) == (1, column)
    assert "\n" not in str(error)


def test_columns_count_characters_not_bytes() -> None:
    assert fails("손실 = 평균(참 - 예측) * 참 예측").column == 21
    error = fails("a = 1\n  손실 = 손실.모양")
    assert (error.line, error.column) == (2, 8)
    error = fails("평균(한글,\n     가나 * 다라 마바)")
    assert (error.line, error.column) == (2, 14)


def test_names_are_nfkc_normalised() -> None:
    name = single_expression("ϕ")
    assert isinstance(name, tree.Name)
    assert (name.id, name.written) == ("φ", "ϕ")
    assert "`d(f)/d(x)`" in str(fails("ｄ + 1"))
    assert "lambda" in str(fails("ｌambda"))


def test_wide_and_no_break_spaces_are_spaces() -> None:
    assert read("a\u00a0+\u3000b") == "(a + b)"


def test_numbers_are_exact() -> None:
    values = {text: single_expression(text) for text in ("3", "0.3333", "1e-3", "2.50", ".5", "9" * 100)}
    assert [v.value for v in values.values() if isinstance(v, tree.Number)] == [
        3,
        Decimal("0.3333"),
        Decimal("1e-3"),
        Decimal("2.50"),
        Decimal(".5"),
        int("9" * 100),
    ]
    assert isinstance(values["3"], tree.Number)
    assert isinstance(values["3"].value, int)


def test_statements() -> None:
    text = "q = x + y; dz = a == b  # note\na == b == c; assume(t == 1, x > 0)\ntarget(q)\nq\n"
    kinds = [type(s).__name__ for s in statements(text)]
    assert kinds == ["Definition", "Definition", "Claim", "Assumption", "Target", "Bare"]
    found = list(statements(text))
    assert isinstance(found[1], tree.Definition)
    assert len(found[1].sides) == 2
    assert (found[1].at.line, found[1].at.column, found[1].text) == (1, 12, "dz = a == b")
    assert isinstance(found[2], tree.Claim)
    assert len(found[2].sides) == 3
    assert found[5].at == tree.Place(4, 1)


def test_a_statement_is_carried_on_inside_brackets() -> None:
    assert [s.text for s in statements("f(a,  # one\n  b)\n\n  c")] == ["f(a,  # one\n  b)", "c"]


def test_index_sums_and_slices() -> None:
    found = single_expression("sum(X[n,k]*g[n,m] for n in N for m in M)")
    assert isinstance(found, tree.IndexSum)
    assert [index.id for index, _ in found.clauses] == ["n", "m"]
    sliced = single_expression("x[:, 1:, None, ::2]")
    assert isinstance(sliced, tree.Index)
    assert [type(item).__name__ for item in sliced.items] == ["Slice", "Slice", "Flag", "Slice"]


def test_comparisons() -> None:
    assert read("dh * (z > 0)") == "(dh * (z 0 | >))"
    assert read("0 < x <= 1") == "(0 x 1 | < <=)"
