"""Common slips of the pen, found token by token, each with a hint; what is left is plain grammar."""

from __future__ import annotations

from graphc.ir.errors import ParseError
from graphc.ir.op import FUNCTIONS
from graphc.lang.lex import Chunk, Token
from graphc.lang.suggest import clip

_LAMBDA = "Python keeps that word for itself; call it `lam` or `λ`"
_CONDITION = "write `where(condition, a, b)`, or multiply with the condition: `(z > 0) * a`"
_STATEMENT = "the language has only definitions, claims, `assume(…)` and expressions"
_LOGIC = {
    "and": "multiply the conditions: `(a > 0) * (b > 0)`",
    "or": "write `maximum(a > 0, b > 0)`",
    "not": "write `1 - condition`",
    "is": "write `==` for a claim",
}
_REFUSED_OPERATORS = {
    "//": "there is no integer division; write `/`",
    "%": "there is no remainder",
    "<<": "write a product with a power of 2",
    ">>": "write a quotient by a power of 2",
    ":=": "define the name on a line of its own: `a = …`",
    "->": "a definition is written `name = …`",
    "!=": "write `1 - one_hot(…)`, or compare with `<` and `>`",
}
_BINARY = frozenset(("+", "-", "*", "/", "@", "**", "==", "<", ">", "<=", ">="))
_OPENING = {"(": ")", "[": "]"}


def check(chunk: Chunk) -> None:
    """Raise a ParseError with a hint for the slips people make; silence otherwise."""
    inside: list[Token] = []
    before: Token | None = None
    for token in chunk.tokens:
        if token.kind == "keyword":
            _keyword(token, inside)
        elif token.kind == "op" and token.text in _REFUSED_OPERATORS:
            hint = _REFUSED_OPERATORS[token.text]
            raise _error(f"`{token.text}` is not part of the graph language; {hint}", token)
        if token.text == ":" and not (inside and inside[-1].text == "["):
            raise _error("`:` stands only in a slice, as in `x[1:3]`", token)
        if before is not None and _ends_operand(before):
            _after_operand(before, token, chunk, inside)
        else:
            _before_operand(before, token)
        if token.text in _OPENING:
            inside.append(token)
        elif token.text in (")", "]"):
            inside.pop()
        before = token
    if before is not None and not _ends_operand(before) and before.text != ",":
        raise _error(f"nothing follows `{before.text}`; a line is carried on only inside brackets", before)


def _error(message: str, token: Token) -> ParseError:
    return ParseError(message, line=token.line, column=token.column)


def _ends_operand(token: Token) -> bool:
    if token.kind == "keyword":
        return token.text in ("None", "True", "False")
    return token.kind in ("number", "name") or token.text in (")", "]")


def _keyword(token: Token, inside: list[Token]) -> None:
    word = token.text
    if word in ("None", "True", "False") or (word in ("for", "in") and inside):
        return
    if word == "lambda":
        hint = _LAMBDA
    elif word in ("if", "else", "elif"):
        hint = _CONDITION
    elif word in ("for", "in"):
        hint = "a sum over an index is written `sum(x[n] for n in N)`"
    elif word == "assert":
        hint = "write `assume(…)` for a fact, or `a == b` for a claim"
    else:
        hint = _LOGIC.get(word, _STATEMENT)
    raise _error(f"`{word}` is not part of the graph language; {hint}", token)


def _after_operand(before: Token, token: Token, chunk: Chunk, inside: list[Token]) -> None:
    starts_operand = token.kind in ("number", "name") or (token.kind == "keyword" and _ends_operand(token))
    if starts_operand:
        raise _missing_operator(before, token, chunk)
    if token.text == "(" and (before.kind == "number" or before.text == ")"):
        raise _error("an operator is missing here; write `*` for a product, as in `2*(x + y)`", token)
    if token.text == "=" and not inside and _sides(chunk, token):
        raise _error("`=` defines one name, as in `a = …`; a claim is written with `==`", token)


def _sides(chunk: Chunk, token: Token) -> bool:
    """Whether the `=` at `token` has anything but a single name before it."""
    return not (chunk.tokens[1] is token and chunk.tokens[0].kind == "name")


def _missing_operator(before: Token, token: Token, chunk: Chunk) -> ParseError:
    origin = chunk.tokens[0].start
    joined = [chunk.text[t.start - origin : t.end - origin] for t in (before, token)]
    if before.kind == "number" and token.text.startswith("_"):
        return _error(f"write {before.text}{token.text.replace('_', '')} without underscores", token)
    if before.kind == "number" and token.kind == "number":
        return _error("two numbers follow each other; an operator or a comma is missing", token)
    if before.text in (")", "]"):
        return _error(f"an operator is missing before `{clip(joined[1])}`; write `*` for a product", token)
    if before.text in FUNCTIONS:
        hint = f"write `{clip(joined[0])}({clip(joined[1])})`"
        return _error(f"the function `{before.text}` needs parentheses here; {hint}", token)
    product = "*".join(joined)
    hint = f"write `{clip(product)}` for a product"
    return _error(f"an operator is missing before `{clip(joined[1])}`; {hint}", token)


def _before_operand(before: Token | None, token: Token) -> None:
    if token.kind != "op" or token.text in ("(", "[", "+", "-", ":"):
        return
    if token.text in ("*", "**") and (before is None or before.text in ("(", "[", ",", "=")):
        raise _error(f"`{token.text}` has nothing before it; there are no starred arguments", token)
    if token.text in (")", "]") and before is not None and before.text in ("(", "[", ",", ":"):
        return
    if token.text == "," and before is not None and before.text in ("(", "[", ",", ":"):
        if before.text == ":":
            return
        raise _error("nothing stands before this comma", token)
    if token.text == "=" and before is not None and before.text == "=":
        raise _error("`= =` is not an operator; write `==` for a claim", before)
    if token.text == "=" and before is not None and before.text in ("<", ">", "*", "/", "+", "-", "@"):
        hint = "write `==` for a claim, `name = …` to define"
        raise _error(f"`{before.text}=` is not an operator of the graph language; {hint}", before)
    if before is None:
        raise _error(f"`{token.text}` has nothing before it", token)
    if token.text in (")", "]"):
        raise _error(f"nothing follows `{before.text}`", before)
    raise _error(f"`{token.text}` cannot follow `{before.text}`", token)
