"""How large a text may be. All of it is checked by a linear scan, before `ast` sees the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphc.ir.errors import ParseError

if TYPE_CHECKING:
    from graphc.lang.lex import Token

MAX_EXPRESSION = 20_000  # also of one statement in a file
MAX_FILE = 200_000
MAX_NESTING = 100  # brackets, signs and powers: what a recursive-descent parser recurses on
MAX_CHAIN = 1_000  # operators one above the other: what a tree walk recurses on
MAX_NAME = 100
MAX_DIGITS = 100
MAX_EXPONENT = 400

_SUMS = frozenset(("+", "-"))
_PRODUCTS = frozenset(("*", "/", "@"))
_SEPARATORS = frozenset((",", ":", "=", "for", "in"))


def check_length(text: str, limit: int) -> None:
    """Refuse a text longer than `limit` characters."""
    if len(text) > limit:
        kind = "a one-line expression" if limit == MAX_EXPRESSION else "a source"
        raise ParseError(
            f"{kind} has at most {limit:,} characters, this one has {len(text):,}"
            + ("; put it in a .graph file" if len(text) <= MAX_FILE else "")
        )


def check_statement(length: int, line: int, column: int) -> None:
    """Refuse a statement longer than a one-line expression may be."""
    if length > MAX_EXPRESSION:
        raise ParseError(
            f"one statement has at most {MAX_EXPRESSION:,} characters; name its parts (`a = …; b = …`)",
            line=line,
            column=column,
        )


def check_nesting(depth: int, line: int, column: int) -> None:
    """Refuse the bracket that nests too deep."""
    if depth > MAX_NESTING:
        raise ParseError(
            f"brackets, signs and powers nest at most {MAX_NESTING} deep; name the inner part first",
            line=line,
            column=column,
        )


def check_name(name: str, line: int, column: int) -> None:
    """Refuse a name too long to draw or print."""
    if len(name) > MAX_NAME:
        raise ParseError(
            f"a name has at most {MAX_NAME} characters, this one has {len(name):,}", line=line, column=column
        )


def check_number(number: str, line: int, column: int) -> None:
    """Refuse a literal with too many digits, a huge exponent, or leading zeros."""
    mantissa, _, exponent = number.lower().partition("e")
    if len(mantissa) > MAX_DIGITS:
        message = f"a number has at most {MAX_DIGITS} digits, this one has {len(mantissa):,}"
    elif exponent and (len(exponent.lstrip("+-0")) > 4 or abs(int(exponent)) > MAX_EXPONENT):
        message = f"an exponent lies between -{MAX_EXPONENT} and {MAX_EXPONENT}"
    elif mantissa.isdigit() and not exponent and len(mantissa) > 1 and mantissa[0] == "0" and int(mantissa):
        message = f"`{number}` begins with a zero; write `{int(mantissa)}`"
    else:
        return
    raise ParseError(message, line=line, column=column)


class _Level:
    """One bracket level: how deep the tree of its current operand, factor, term and piece is."""

    __slots__ = (
        "below",
        "deepest",
        "deepest_nest",
        "factor",
        "nest_below",
        "products",
        "run",
        "sums",
        "term",
        "tight",
    )

    def __init__(self) -> None:
        self.deepest = self.deepest_nest = 0  # of all pieces between commas and comparisons
        self.sums = self.term = 0  # `+` and `-` so far, and the deepest term
        self.products = self.factor = 0  # `*`, `/`, `@` in this term, and its deepest factor
        self.tight = self.below = 0  # signs, powers, postfixes of this factor, and its deepest bracket
        self.run = self.nest_below = 0  # the same, counting only what a parser recurses on

    def end_factor(self) -> None:
        self.deepest_nest = max(self.deepest_nest, self.run + self.nest_below)
        self.factor = max(self.factor, self.tight + self.below)
        self.run = self.nest_below = self.tight = self.below = 0

    def end_term(self) -> None:
        self.end_factor()
        self.term = max(self.term, self.products + self.factor)
        self.products = self.factor = 0

    def end_piece(self) -> None:
        self.end_term()
        self.deepest = max(self.deepest, self.sums + self.term)
        self.sums = self.term = 0


def check_depth(tokens: tuple[Token, ...]) -> None:
    """Refuse a statement whose tree could be deeper than the parser and its walks are built for."""
    levels = [_Level()]
    after_operand = False
    for token in tokens:
        text, level = token.text, levels[-1]
        if text in ("(", "["):
            level.tight += after_operand
            levels.append(_Level())
            after_operand = False
        elif text in (")", "]"):
            _close(levels, token)
            after_operand = True
        elif text in _SEPARATORS:
            level.end_piece()
            after_operand = False
        elif token.kind == "op":
            _count(level, text, after_operand)
            after_operand = False
        else:
            after_operand = True
    levels[0].end_piece()
    _judge(levels[0], tokens[0])


def _count(level: _Level, operator: str, after_operand: bool) -> None:
    if operator == "**" or (operator in _SUMS and not after_operand):
        level.run += 1
        level.tight += 1
    elif operator in _SUMS:
        level.end_term()
        level.sums += 1
    elif operator in _PRODUCTS:
        level.end_factor()
        level.products += 1
    elif operator == ".":
        level.tight += 1
    else:
        level.end_piece()


def _close(levels: list[_Level], token: Token) -> None:
    inner = levels.pop()
    inner.end_piece()
    _judge(inner, token)
    outer = levels[-1]
    # A bracket may hold a comparison, which is one more level of its own.
    outer.below = max(outer.below, inner.deepest + 2)
    outer.nest_below = max(outer.nest_below, inner.deepest_nest + 1)


def _judge(level: _Level, token: Token) -> None:
    check_nesting(level.deepest_nest, token.line, token.column)
    if level.deepest > MAX_CHAIN:
        raise ParseError(
            f"one expression chains at most {MAX_CHAIN:,} operators; name its parts (`a = …; b = …`) "
            "and combine the names",
            line=token.line,
            column=token.column,
        )
