"""Function calls: names, arity and keywords are checked here, so that each error is one sentence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS, OPS
from graphc.lang import entries, tree
from graphc.lang.layout import Aligned
from graphc.lang.suggest import closest, function_meant
from graphc.lang.tree import Place
from graphc.lang.walk import Walk
from graphc.ops.words import Words, meaning, words

if TYPE_CHECKING:
    from graphc.lang.evaluate import Evaluator

HIDDEN = frozenset(("contract", "getitem"))  # the language has its own notation for these
AXES = ("axis", "axes")
STATEMENTS = {
    "input": "`input(…)` declares a name and stands alone after `=`, as in `x = input(N)`",
    "param": "`param(…)` declares a name and stands alone after `=`, as in `w = param(D)`",
    "assume": "`assume(…)` stands on a line of its own",
    "target": "`target(…)` stands on a line of its own",
    "symmetric": "`symmetric(A)` is a fact; write `assume(symmetric(A))`",
    "integer": "`integer(x)` is a fact; write `assume(integer(x))`",
}


def known() -> list[str]:
    """The functions of the language."""
    return sorted(set(FUNCTIONS) - HIDDEN)


def call(evaluator: Evaluator, expr: tree.Call) -> Walk[Any]:
    """The value of `function(args, keyword=value)`."""
    scope, name = evaluator.scope, expr.function
    if name in STATEMENTS and name not in FUNCTIONS:
        raise scope.error(STATEMENTS[name], expr.at)
    if name == "grad":
        return (yield entries.derivative(evaluator, _gradient(evaluator, expr)))
    if name == "delta":
        return (yield call(evaluator, replace(expr, function="equal")))
    if name not in FUNCTIONS or name in HIDDEN:
        if name in scope.nodes:
            raise scope.error(
                f"`{name}` is an array, not a function; write `{name}*(…)` or `{name}[…]`", expr.at
            )
        hint = function_meant(name, known()) or f"; a product is written `{name}*(…)`"
        raise scope.error(f"there is no function `{name}`{hint}", expr.at)
    args: list[Any] = []
    for argument in expr.args:
        args.append((yield evaluator.value(argument)))
    keywords: dict[str, Any] = {}
    for keyword, value in expr.keywords:
        keywords[keyword] = yield _keyword(evaluator, name, keyword, value)
    _check(evaluator, expr, args, keywords)
    if any(_aligned(argument) for argument in args):
        if keywords or not _elementwise(name, len(args)):
            raise scope.error(
                f"`{name}` does not apply entry by entry; "
                f"name its result first (`p = {name}(…)`) and index that",
                expr.at,
            )
        return evaluator.elementwise(expr.at, name, *args)
    return scope.call(expr.at, FUNCTIONS[name], *args, **keywords)


def _gradient(evaluator: Evaluator, expr: tree.Call) -> tree.Derivative:
    """`grad(f, x)` is `d(f)/d(x)`."""
    if expr.keywords or len(expr.args) != 2:
        raise evaluator.scope.error(
            "`grad` takes what is differentiated, and by what: `grad(loss, W)`", expr.at
        )
    return tree.Derivative(*expr.args, expr.at)


def _aligned(value: Any) -> bool:
    return isinstance(value, Aligned) or (isinstance(value, list) and any(map(_aligned, value)))


def _elementwise(name: str, count: int) -> bool:
    return (name in OPS and OPS[name].elementwise) or (name in ("max", "min") and count > 1)


def _keyword(evaluator: Evaluator, function: str, keyword: str, expr: tree.Expr) -> Walk[Any]:
    """The value of a keyword: a word, a flag, whole numbers, an exact number, or an array."""
    choice = words(FUNCTIONS[function]).get(keyword)
    if choice is not None:
        word = _word(evaluator, function, keyword, choice, expr)
        if word is not None:
            return word
    value: Any = yield evaluator.value(expr)
    if keyword in AXES:
        return _axes(evaluator, value, expr.at)
    if isinstance(value, list) and value and _whole(value):
        return tuple(value)
    if isinstance(value, Decimal):
        return Fraction(value)
    if isinstance(value, Node) and value.op.name == "const" and not isinstance(value.attr("value"), str):
        return Fraction(value.attr("value"))
    return value


def _word(evaluator: Evaluator, function: str, keyword: str, choice: Words, expr: tree.Expr) -> str | None:
    """The word `expr` is, read before any name of the text; None where it may be another value."""
    name = expr.id if isinstance(expr, tree.Name) else None
    if choice.free or name in choice.allowed:
        return name
    if not choice.only and (name is None or evaluator.scope.knows(name)):
        return None
    near = closest(name, choice.allowed) if name else None
    given = f", not `{name}`" if name else ""
    hint = f"did you mean `{near}`?" if near else f"write `{keyword}={choice.allowed[0]}`"
    raise evaluator.scope.error(f"{meaning(function, keyword, choice)}{given}; {hint}", expr.at)


def _axes(evaluator: Evaluator, value: Any, at: Place) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return tuple(_axes(evaluator, item, at) for item in value)
    if isinstance(value, Node) and value.op.name == "const":
        value = value.attr("value")
    if isinstance(value, bool) or not isinstance(value, int):
        raise evaluator.scope.error("an axis is a whole number, as in `axis=1`", at)
    return value


def _check(evaluator: Evaluator, expr: tree.Call, args: list[Any], keywords: dict[str, Any]) -> None:
    """Refuse a wrong number of operands, an unknown keyword, or an axis without its keyword."""
    name, scope = expr.function, evaluator.scope
    arity = _primitive_arity(name)
    if arity is not None:
        if keywords:
            raise scope.error(f"`{name}` has no option `{next(iter(keywords))}`", expr.at)
        if len(args) != arity:
            raise scope.error(f"`{name}` takes {_count(arity)}, {len(args)} given", expr.at)
        return
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    unknown = [k for k in keywords if k not in parameters]
    if unknown:
        options = [f"`{p.name}`" for p in parameters.values() if p.default is not p.empty]
        near = closest(unknown[0], parameters)
        hint = f"did you mean `{near}`?" if near else f"it has {', '.join(options) or 'none'}"
        raise scope.error(f"`{name}` has no option `{unknown[0]}`; {hint}", expr.at)
    positional = [p for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    operands = [p for p in positional if p.name not in AXES]
    open_ended = any(p.kind is p.VAR_POSITIONAL for p in parameters.values())
    if len(args) > len(operands) and not open_ended:
        if any(axis in parameters for axis in AXES) and _whole(args[-1]):
            axis = next(axis for axis in AXES if axis in parameters)
            raise scope.error(f"an axis is given by keyword: `{name}(…, {axis}={_show(args[-1])})`", expr.at)
        raise scope.error(f"`{name}` takes {_count(len(operands))}, {len(args)} given", expr.at)
    _check_missing(evaluator, expr, operands, len(args), keywords)
    if "parts" in parameters and args and not isinstance(args[0], list):
        raise scope.error(f"`{name}` takes a list, as in `{name}([a, b], axis=0)`", expr.at)


def _check_missing(
    evaluator: Evaluator,
    expr: tree.Call,
    operands: list[inspect.Parameter],
    given: int,
    keywords: dict[str, Any],
) -> None:
    double = [p.name for p in operands[:given] if p.name in keywords]
    if double:
        raise evaluator.scope.error(f"`{expr.function}` is given `{double[0]}` twice", expr.at)
    missing = [p.name for p in operands[given:] if p.default is p.empty and p.name not in keywords]
    parameters = inspect.signature(FUNCTIONS[expr.function]).parameters
    missing += [p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY and _required(p, keywords)]
    missing += [axis for axis in AXES if axis in parameters and _required(parameters[axis], keywords)]
    if missing:
        signature = ", ".join(p.name for p in operands)
        raise evaluator.scope.error(f"`{expr.function}({signature})` is missing `{missing[0]}`", expr.at)


def _required(parameter: inspect.Parameter, keywords: dict[str, Any]) -> bool:
    return parameter.default is parameter.empty and parameter.name not in keywords


def _primitive_arity(name: str) -> int | None:
    """The number of operands of an elementwise primitive, whose builder takes `*args`."""
    parameters: list[inspect.Parameter] = list(inspect.signature(FUNCTIONS[name]).parameters.values())
    if name not in OPS or not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    formula: Callable[..., Any] | None = OPS[name].formula
    return formula.__code__.co_argcount - 2 if formula is not None else None


def _whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, list) and all(isinstance(v, int) for v in value))


def _show(value: Any) -> str:
    return f"({', '.join(map(str, value))})" if isinstance(value, list) else str(value)


def _count(number: int) -> str:
    return f"{number} operand{'s' * (number != 1)}"
