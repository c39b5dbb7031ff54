"""The grammar of LaTeX mathematics, read by lark (LALR: linear time, nothing recursive)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from graphc.ir.errors import GraphcError, ParseError
from graphc.lang.latex.parsed import Relation
from graphc.lang.latex.reduce import Reader
from graphc.lang.latex.scan import Token
from graphc.lang.suggest import clip

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = r"""
start: relation
relation: side ((REL | CMP) side)*
side: sign? product (sign product)*
sign: PLUS | MINUS
product: item (link? item)*
link: LINK | SLASH
item: atom (script | PRIME)*
script: (SUB | SUP) argument
atom: SYMBOL | TEXT | NUMBER | OPERATOR | group | accent | fraction | root | wrapped | cases
cases: BEGIN case (NEWLINE case)* NEWLINE? END
case: side COMMA? AMP (relation | OTHERWISE) COMMA?
accent: ACCENT argument
fraction: FRAC argument argument
root: SQRT (LSQ side RSQ)? argument
wrapped: WRAP argument
argument: SYMBOL | TEXT | NUMBER | OPERATOR | braces | accent | LINK
group: braces | LPAR list RPAR | LSQ list RSQ | LSET list RSET | LBAR list RBAR | LNORM list RNORM
braces: LBRACE list RBRACE
    | LBRACE LINK list RBRACE -> entries
    | LBRACE LINK RBRACE -> mark
list: relation (COMMA relation)*
%declare SYMBOL TEXT NUMBER OPERATOR ACCENT FRAC SQRT WRAP SUB SUP PRIME PLUS MINUS LINK SLASH REL CMP COMMA
%declare BEGIN END AMP NEWLINE OTHERWISE
%declare LBRACE RBRACE LPAR RPAR LSQ RSQ LSET RSET LBAR RBAR LNORM RNORM
"""


def parse(tokens: Sequence[Token]) -> Relation:
    """The chain of equalities that the tokens of one statement are; raises ParseError where they are none."""
    parser = _parser()
    from lark.exceptions import UnexpectedToken

    last = tokens[-1]
    given: Any = tokens  # a lexer of our own takes anything
    try:
        relation: Any = parser.parse(given)
    except UnexpectedToken as error:
        found = error.token.value
        if not isinstance(found, Token):
            message = f"this ends too early, after `{last.written}`"
            raise ParseError(message, line=last.at.line, column=last.at.column) from None
        raise ParseError(_unexpected(found, tokens), line=found.at.line, column=found.at.column) from None
    if not isinstance(relation, Relation):
        raise TypeError(f"the grammar made a {type(relation).__name__}")
    return relation


def _unexpected(found: Token, tokens: Sequence[Token]) -> str:
    shown = clip(found.written, 24)
    if found.kind in ("SUB", "SUP"):
        return f"`{shown}` has nothing before it to stand at"
    if found.kind in ("BEGIN", "END"):
        return f"`{shown}` is not read inside a formula"
    if found.kind in ("AMP", "NEWLINE", "QUAD"):
        return f"`{shown}` is not read inside brackets"
    before = tokens[tokens.index(found) - 1] if tokens[0] is not found else None
    if before is None:
        return f"a formula cannot begin with `{shown}`"
    return f"`{shown}` cannot follow `{clip(before.written, 24)}`"


@cache
def _parser() -> Lark:
    try:
        from lark import Lark
        from lark.lexer import Lexer, LexerState
        from lark.lexer import Token as LarkToken
    except ImportError:
        raise GraphcError(
            "claims in LaTeX are read by the package lark; install it with `pip install graphc[latex]`"
        ) from None

    class Given(Lexer):
        """Hands on tokens that were scanned already."""

        __future_interface__ = 2

        def __init__(self, lexer_conf: Any) -> None:
            pass

        def lex(self, lexer_state: LexerState, parser_state: Any) -> Iterator[LarkToken]:
            scanned: Any = lexer_state.text
            return (LarkToken(token.kind, token) for token in scanned)

    reader: Any = Reader()
    return Lark(GRAMMAR, parser="lalr", lexer=Given, transformer=reader)
