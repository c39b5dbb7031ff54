"""Text to syntax tree: a whitelist over Python's `ast`; nothing is ever executed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable

from graphc.ir.errors import ParseError
from graphc.lang import lex, limits, slips
from graphc.lang.convert import Converter
from graphc.lang.positions import Positions
from graphc.lang.suggest import clip
from graphc.lang.tree import Assumption, Bare, Claim, Definition, Expr, Name, Place, Statement, Target
from graphc.lang.walk import run

RESERVED = ("d", "pi")


def statements(text: str, line: int = 1) -> Iterable[Statement]:
    """The statements of `text`, lazily and in order; raises ParseError at the first that does not read."""
    for chunk in lex.chunks(text, line):
        limits.check_depth(chunk.tokens)
        slips.check(chunk)
        yield _statement(chunk)


def single_expression(text: str) -> Expr:
    """The one expression `text` consists of."""
    found = list(statements(text))
    if len(found) == 1 and isinstance(found[0], Bare):
        return found[0].value
    at = found[-1].at if found else Place(1, 1)
    raise ParseError("one expression was expected here", line=at.line, column=at.column)


def _statement(chunk: lex.Chunk) -> Statement:
    node, positions = _parse(chunk), Positions(chunk.text, chunk.line, chunk.column)
    convert = Converter(positions)
    at = Place(chunk.line, chunk.column)
    if isinstance(node, ast.Assign):
        return _definition(node, convert, at, chunk.text)
    if not isinstance(node, ast.Expr):
        raise convert.error("only definitions, claims, `assume(…)` and expressions are in the language", node)
    value = node.value
    if _is_equality(value):
        return Claim(_sides(value, convert), at, chunk.text)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        if value.func.id == "assume":
            return _assumption(value, convert, at, chunk.text)
        if value.func.id == "target":
            return _target(value, convert, at, chunk.text)
    return Bare(run(convert.expr(value)), at, chunk.text)


def _parse(chunk: lex.Chunk) -> ast.stmt:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(chunk.text).body
    except SyntaxError as error:
        raise _unreadable(error, chunk) from None
    except (ValueError, RecursionError, MemoryError, OverflowError):
        raise ParseError(
            f"`{clip(chunk.text)}` cannot be read; write it in smaller parts",
            line=chunk.line,
            column=chunk.column,
        ) from None
    if len(body) != 1:
        raise ParseError("one statement was expected here", line=chunk.line, column=chunk.column)
    return body[0]


def _unreadable(error: SyntaxError, chunk: lex.Chunk) -> ParseError:
    line, column = error.lineno or 1, error.offset or 1
    rows = chunk.text.split("\n")
    rest = rows[line - 1][column - 1 :] if 1 <= line <= len(rows) else ""
    if "positional argument follows keyword" in (error.msg or ""):
        reason = "an operand follows an option; options such as `axis=1` stand last, each with its value"
        return ParseError(reason, line=chunk.line, column=chunk.column)
    reason = f"this cannot be read from `{clip(rest, 24)}` on" if rest.strip() else "this ends too early"
    shift = chunk.column - 1 if line == 1 else 0
    return ParseError(reason, line=chunk.line + line - 1, column=column + shift)


def _is_equality(node: ast.expr) -> bool:
    return isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq) for op in node.ops)


def _sides(node: ast.expr, convert: Converter) -> tuple[Expr, ...]:
    """The sides of `a == b == c`, or the one side of anything else."""
    if not isinstance(node, ast.Compare) or not _is_equality(node):
        return (run(convert.expr(node)),)
    if not all(isinstance(op, ast.Eq) for op in node.ops):
        raise convert.error(
            "`==` and another comparison stand side by side; "
            "put the comparison in parentheses: `a == (b > 0)`",
            node,
        )
    return tuple(run(convert.expr(side)) for side in (node.left, *node.comparators))


def _definition(node: ast.Assign, convert: Converter, at: Place, text: str) -> Definition:
    target = node.targets[0]
    if len(node.targets) != 1:
        raise convert.error("one `=` defines one name; claims are written `a = b == c`", node.targets[1])
    if not isinstance(target, ast.Name):
        raise convert.error("`=` defines one name, as in `a = …`; a claim is written with `==`", target)
    name = convert.name(target)
    if name.id in RESERVED:
        raise convert.error(f"`{name.id}` is reserved and cannot be defined; choose another name", target)
    return Definition(name, _sides(node.value, convert), at, text)


def _assumption(node: ast.Call, convert: Converter, at: Place, text: str) -> Assumption:
    if node.keywords or not node.args:
        hint = "as in `assume(x > 0)` or `assume(sum(t, axis=1) == 1)`"
        raise convert.error(f"`assume` takes facts, {hint}", node)
    facts = tuple(run(convert.expr(argument, fact=True)) for argument in node.args)
    return Assumption(facts, at, text)


def _target(node: ast.Call, convert: Converter, at: Place, text: str) -> Target:
    if node.keywords or len(node.args) != 1 or not isinstance(node.args[0], ast.Name):
        raise convert.error("`target` takes the one name whose gradients are meant: `target(loss)`", node)
    name: Name = convert.name(node.args[0])
    return Target(name, at, text)
