"""A display to its statements: rows, alignment marks, what separates one equality from the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from graphc.lang.latex.commands import ARRANGING, QUANTIFIERS
from graphc.lang.latex.names import refuse
from graphc.lang.latex.scan import Token

_OPENS = frozenset(("LBRACE", "LPAR", "LSQ", "LSET", "LBAR", "LNORM", "BEGIN"))
_CLOSES = frozenset(("RBRACE", "RPAR", "RSQ", "RSET", "RBAR", "RNORM", "END"))
_GOES_ON = frozenset(("REL", "PLUS", "LINK", "SLASH"))


def statements(tokens: Sequence[Token], is_name: Callable[[Token], bool]) -> list[list[Token]]:
    r"""The equalities of a display, each with its tokens.

    A row that begins with `=` or another operator goes on with the one before. Commas, words (`\text{…}`) and
    wide spaces end an equality; words alone are notes.
    """
    found: list[list[Token]] = []
    open_row: list[Token] | None = None
    for row in _split(list(_flat(tokens)), "NEWLINE"):
        cells = _split(row, "AMP")
        for pair in _pairs(cells):
            first = True
            for segment, apart in _segments(pair[0] + pair[1], is_name):
                going = (first and open_row is not None) or (not first and not apart)
                if going and _continues(segment, bool(pair[0])):
                    assert open_row is not None
                    open_row.extend(segment)
                else:
                    open_row = list(segment)
                    found.append(open_row)
                first = False
    for statement in found:
        _check(statement)
    return [_unboxed(statement) for statement in found]


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens without the environments that only arrange rows."""
    for token in tokens:
        if token.kind not in ("BEGIN", "END") or token.text.rstrip("*") not in ARRANGING:
            yield token


def _split(tokens: Sequence[Token], kind: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.kind in _OPENS) - (token.kind in _CLOSES)
        if token.kind == kind and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _pairs(cells: list[list[Token]]) -> list[tuple[list[Token], list[Token]]]:
    """Left and right of each alignment mark; `a & = & b` is one equality."""
    if len(cells) == 3 and [token.kind for token in cells[1]] == ["REL"]:
        return [(cells[0], cells[1] + cells[2])]
    if len(cells) == 1:
        return [(cells[0], [])]
    cells = [*cells, []] if len(cells) % 2 else cells
    return list(zip(cells[::2], cells[1::2], strict=True))


def _segments(
    tokens: Sequence[Token], is_name: Callable[[Token], bool]
) -> Iterator[tuple[list[Token], bool]]:
    """The parts between separators, and whether more than a space stands before each."""
    part: list[Token] = []
    apart, depth = False, 0
    before = ""
    for token in _unquantified(tokens):
        depth += (token.kind in _OPENS) - (token.kind in _CLOSES)
        words = token.kind == "TEXT" and before not in ("SUB", "SUP") and not is_name(token)
        before = token.kind
        if not depth and (words or token.kind in ("COMMA", "QUAD")):
            if part:
                yield part, apart
                part, apart = [], False
            apart = apart or token.kind != "QUAD"
        else:
            part.append(token)
    if part:
        yield part, apart


def _unquantified(tokens: Sequence[Token]) -> Sequence[Token]:
    """A row without a last `for all i, j`, which says nothing that free indices do not say."""
    for place, token in enumerate(tokens):
        quantifies = token.kind == "SYMBOL" and token.text == "forall"
        quantifies = quantifies or (token.kind == "TEXT" and token.text.lower().strip(" ,") in QUANTIFIERS)
        if quantifies and all(t.kind in ("SYMBOL", "COMMA", "QUAD") for t in tokens[place + 1 :]):
            return tokens[:place]
    return tokens


def _continues(segment: list[Token], new_left: bool) -> bool:
    """Whether a row goes on with the equality before it."""
    kind = segment[0].kind
    equal = any(token.kind == "REL" for token in segment)
    if kind == "MINUS" and equal and not new_left:
        raise refuse(
            "does this row go on, or begin a new equality? put what goes on in the row above", segment[0].at
        )
    return kind in _GOES_ON or (kind == "MINUS" and not equal)


def _check(statement: list[Token]) -> None:
    if not any(token.kind == "REL" for token in statement):
        raise refuse("this is no equality; only equalities are judged", statement[0].at)


def _unboxed(statement: list[Token]) -> list[Token]:
    r"""An equality without the `\boxed{…}` around the whole of it."""
    if statement[0].text != "boxed" or statement[0].kind != "WRAP" or statement[-1].kind != "RBRACE":
        return statement
    depth = 0
    for place, token in enumerate(statement):
        depth += (token.kind in _OPENS) - (token.kind in _CLOSES)
        if place and not depth:
            return statement[2:-1] if place == len(statement) - 1 else statement
    return statement
