"""Expressions of the code, form by form, worked out as NumPy would, on graph nodes."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from fractions import Fraction

from graphc.ir.errors import ParseError
from graphc.lang.limits import check_number
from graphc.lang.numpy_code import builtins, methods
from graphc.lang.numpy_code.arithmetic import binary, compared, logical, negated, opposite
from graphc.lang.numpy_code.arrays import Array, Selection
from graphc.lang.numpy_code.builtins import items, truth_of
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.evaluator import HANDLERS, Evaluator, Frame
from graphc.lang.numpy_code.libraries import constant, find_reader
from graphc.lang.numpy_code.numbers import is_whole
from graphc.lang.numpy_code.objects import (
    Builtin,
    External,
    Inlined,
    Method,
    NumberType,
    Poison,
    Range,
    Unknown,
    Value,
)
from graphc.lang.numpy_code.products import multiplied
from graphc.lang.numpy_code.subscript import Slice, read
from graphc.lang.suggest import clip

OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.MatMult: "matmul",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}


def operate(op: str, a: Value, b: Value) -> Value:
    """`a op b` for every operator of two operands."""
    if op == "matmul":
        return multiplied(a, b)
    if op in ("and", "or", "xor"):
        return logical(op, a, b)
    if op == "mod" and isinstance(a, str):
        return _formatted(a, b if isinstance(b, tuple) else (b,))
    return binary(op, a, b)


def _constant_value(e: Evaluator, expr: ast.Constant, frame: Frame) -> Value:
    value = expr.value
    if isinstance(value, bool | str) or value is None or value is Ellipsis:
        return value
    if isinstance(value, int | float):
        text = e.module.positions.text(expr).replace("_", "")
        try:
            check_number(text, *e.place(expr))
        except ParseError as error:
            refuse(error.message)
        return value if isinstance(value, int) else Fraction(text)
    return refuse("complex numbers and bytes are not read")


def _name(e: Evaluator, expr: ast.Name, frame: Frame) -> Value:
    return e.lookup(expr.id, frame)


def _attribute(e: Evaluator, expr: ast.Attribute, frame: Frame) -> Value:
    owner = e.value(expr.value, frame)
    if isinstance(owner, External):
        return constant(owner, expr.attr)
    if isinstance(owner, Unknown):
        return _member(e, owner, expr.attr, frame)
    if isinstance(owner, Array):
        found = methods.attribute(owner, expr.attr)
        return Method(owner, expr.attr) if found is None else found
    if isinstance(owner, Range):
        owner = builtins.items(owner)
    return Method(owner, expr.attr)


def _member(e: Evaluator, owner: Unknown, name: str, frame: Frame) -> Value:
    """An attribute or a method of `self`, or of another object of which nothing else is known."""
    if name not in owner.entries and frame.owner is not None and owner.path == "self":
        method = e.module.functions.get(f"{frame.owner}.{name}")
        if method is not None:
            return Inlined(f"{frame.owner}.{name}", method, None, frame.owner, owner)
    if name in ("items", "keys", "values", "get", "update") and name not in owner.entries:
        return Method(owner, name)
    return e.model.member(owner, name)


def _subscript(e: Evaluator, expr: ast.Subscript, frame: Frame) -> Value:
    owner = e.value(expr.value, frame)
    key = e.value(expr.slice, frame)
    if isinstance(owner, Unknown):
        if not isinstance(key, str | int):
            refuse(f"`{owner.path}` is not a name of the model; say what it is with --bind {owner.path}=NAME")
        return e.model.member(owner, key)
    if isinstance(owner, dict):
        if not isinstance(key, str | int | tuple) or key not in owner:
            broken(f"the dictionary has no key {key!r} here")
        found = owner[key]
        if isinstance(found, Poison):
            raise found.problem
        return found
    if isinstance(owner, list | tuple | str):
        return _of_sequence(owner, key)
    if isinstance(owner, Range):
        return _of_sequence(items(owner), key)
    if not isinstance(owner, Array):
        refuse("this is not an array, a list or a dictionary")
    return read(owner, key)


def _of_sequence(owner: list[Value] | tuple[Value, ...] | str, key: Value) -> Value:
    if isinstance(key, Slice):
        bounds = (key.start, key.stop, key.step)
        if all(b is None or isinstance(b, int) for b in bounds):
            return owner[slice(*bounds)]
    if not isinstance(key, int):
        refuse("a list is indexed with a plain whole number")
    if not -len(owner) <= key < len(owner):
        broken(f"index {key} is outside a list of {len(owner)}")
    return owner[key]


def _slice(e: Evaluator, expr: ast.Slice, frame: Frame) -> Value:
    bounds = [None if b is None else e.value(b, frame) for b in (expr.lower, expr.upper, expr.step)]
    return Slice(*bounds)


def _binary(e: Evaluator, expr: ast.BinOp, frame: Frame) -> Value:
    op = OPERATORS.get(type(expr.op))
    if op is None:
        refuse("bit shifts are not read")
    left, right = e.value(expr.left, frame), e.value(expr.right, frame)
    return operate(op, left, right)


def _unary(e: Evaluator, expr: ast.UnaryOp, frame: Frame) -> Value:
    operand = e.value(expr.operand, frame)
    if isinstance(expr.op, ast.Not):
        return not truth_of(operand)
    if isinstance(expr.op, ast.Invert):
        return opposite(operand)
    return negated(operand) if isinstance(expr.op, ast.USub) else operand


def _compare(e: Evaluator, expr: ast.Compare, frame: Frame) -> Value:
    left = e.value(expr.left, frame)
    found: list[Value] = []
    for op, comparator in zip(expr.ops, expr.comparators, strict=True):
        right = e.value(comparator, frame)
        found.append(_one_comparison(op, left, right))
        left = right
    if len(found) == 1:
        return found[0]
    if any(isinstance(f, Array | Selection) for f in found):
        broken("a chain such as 0 < x < 1 fails for arrays; write (0 < x) & (x < 1)")
    return all(found)


def _one_comparison(op: ast.cmpop, left: Value, right: Value) -> Value:
    if isinstance(op, ast.Is | ast.IsNot):
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            other = left if isinstance(left, Unknown) else right
            refuse(f"whether `{other.path}` is given is not known; say with --bind what it is")
        same = left is right or (isinstance(left, bool) and left == right)
        return same == isinstance(op, ast.Is)
    if isinstance(op, ast.In | ast.NotIn):
        return _contains(left, right) == isinstance(op, ast.In)
    return compared(_COMPARISONS[type(op)], left, right)


def _contains(value: Value, collection: Value) -> bool:
    if isinstance(collection, Unknown):
        refuse(f"what `{collection.path}` holds is not known")
    if isinstance(collection, str) and isinstance(value, str):
        return value in collection
    if not isinstance(value, str | int) or not isinstance(collection, dict | list | tuple):
        refuse("`in` is read of texts and whole numbers in lists and dictionaries")
    return any(isinstance(v, str | int) and v == value for v in collection)


def _boolean(e: Evaluator, expr: ast.BoolOp, frame: Frame) -> Value:
    result: Value = None
    for part in expr.values:
        result = e.value(part, frame)
        if truth_of(result) == isinstance(expr.op, ast.Or):
            return result
    return result


def _choice(e: Evaluator, expr: ast.IfExp, frame: Frame) -> Value:
    return e.value(expr.body if truth_of(e.value(expr.test, frame)) else expr.orelse, frame)


def _several(e: Evaluator, parts: Iterable[ast.expr], frame: Frame) -> list[Value]:
    found: list[Value] = []
    for part in parts:
        if isinstance(part, ast.Starred):
            found.extend(items(e.value(part.value, frame)))
        else:
            found.append(e.value(part, frame))
    return found


def _tuple(e: Evaluator, expr: ast.Tuple, frame: Frame) -> Value:
    return tuple(_several(e, expr.elts, frame))


def _list(e: Evaluator, expr: ast.List, frame: Frame) -> Value:
    return _several(e, expr.elts, frame)


def _dict(e: Evaluator, expr: ast.Dict, frame: Frame) -> Value:
    found: dict[Value, Value] = {}
    for key, value in zip(expr.keys, expr.values, strict=True):
        given = e.value(value, frame)
        if key is None:
            if not isinstance(given, dict):
                refuse("`**` is read of dictionaries")
            found.update(given)
            continue
        found[_hashable(e.value(key, frame))] = given
    return found


def _hashable(key: Value) -> Value:
    if not (isinstance(key, str) or is_whole(key)):
        refuse("a key is a text or a whole number")
    return key


def _text(e: Evaluator, expr: ast.JoinedStr, frame: Frame) -> Value:
    found = []
    for part in expr.values:
        value = e.value(part.value if isinstance(part, ast.FormattedValue) else part, frame)
        if not isinstance(value, str | int):
            refuse("texts are made of texts and whole numbers, as f'W{i}'")
        found.append(str(value))
    return "".join(found)


def _comprehension(e: Evaluator, expr: ast.ListComp | ast.GeneratorExp | ast.DictComp, frame: Frame) -> Value:
    (generator, *others) = expr.generators
    if others:
        refuse("a comprehension is read with one `for`")
    inner = Frame({}, frame, frozenset(), frame.owner, frame.calls)
    pairs: dict[Value, Value] = {}
    found: list[Value] = []
    for value in items(e.value(generator.iter, frame)):
        bind_names(generator.target, value, inner)
        if not all(truth_of(e.value(test, inner)) for test in generator.ifs):
            continue
        if isinstance(expr, ast.DictComp):
            pairs[_hashable(e.value(expr.key, inner))] = e.value(expr.value, inner)
        else:
            found.append(e.value(expr.elt, inner))
    return pairs if isinstance(expr, ast.DictComp) else found


def bind_names(target: ast.expr, value: Value, frame: Frame) -> None:
    """Bind a loop's names: one, or a tuple of them."""
    if isinstance(target, ast.Name):
        frame.names[target.id] = value
        return
    if not isinstance(target, ast.Tuple | ast.List):
        refuse("a loop runs over plain names")
    given = items(value)
    if len(given) != len(target.elts):
        broken(f"{len(given)} values for {len(target.elts)} names")
    for part, item in zip(target.elts, given, strict=True):
        bind_names(part, item, frame)


def _lambda(e: Evaluator, expr: ast.Lambda, frame: Frame) -> Value:
    return Inlined("lambda", expr, frame, frame.owner)


def _call(e: Evaluator, expr: ast.Call, frame: Frame) -> Value:
    if isinstance(expr.func, ast.Name) and expr.func.id == "print":
        return None
    function = e.value(expr.func, frame)
    given = _several(e, expr.args, frame)
    keywords: dict[str, Value] = {}
    for keyword in expr.keywords:
        value = e.value(keyword.value, frame)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value, dict):
            keywords.update(value)
        else:
            refuse("`**` is read of dictionaries")
    name = clip(e.module.positions.text(expr.func))
    if isinstance(function, External):
        return find_reader(function, name, given, keywords)
    if isinstance(function, Builtin):
        return builtins.call(function.name, given, keywords)
    if isinstance(function, NumberType):
        return builtins.call(function.kind, given, keywords)
    if isinstance(function, Method):
        if isinstance(function.value, Unknown):
            return _of_unknown(e, function.value, function.name, given)
        return methods.call(function.value, function.name, given, keywords)
    if isinstance(function, Inlined):
        return e.inline(function, given, keywords, frame)
    return refuse(f"`{name}` is not a function of this file or of NumPy that is read")


def _of_unknown(e: Evaluator, owner: Unknown, name: str, given: list[Value]) -> Value:
    """`bn_param.get("eps", 1e-5)`, and a run through the model's parameters by `params.items()`."""
    if name == "get" and 1 <= len(given) <= 2 and isinstance(given[0], str):
        found = e.model.member(owner, given[0])
        return given[1] if isinstance(found, Unknown) and len(given) == 2 else found
    if name in ("items", "keys", "values") and owner.path.rpartition(".")[2] in ("params", "parameters"):
        every = e.model.parameters()
        if every:
            stored = {k: v for k, v in owner.entries.items() if not isinstance(v, Unknown)}
            return methods.call({**every, **stored}, name, [], {})
    return refuse(f"what `{owner.path}` holds is not known, so its `.{name}` is not read; {builtins.PARTS}")


def _formatted(text: str, given: tuple[Value, ...]) -> str:
    """`'W%d' % i`."""
    parts = text.replace("%s", "%d").split("%d")
    if (
        "%" in "".join(parts)
        or len(parts) != len(given) + 1
        or not all(isinstance(g, str | int) for g in given)
    ):
        refuse("texts are made of texts and whole numbers, as f'W{i}'")
    return "".join(p + s for p, s in zip(parts, [*map(str, given), ""], strict=True))


HANDLERS.update(
    {
        ast.Constant: _constant_value,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Subscript: _subscript,
        ast.Slice: _slice,
        ast.BinOp: _binary,
        ast.UnaryOp: _unary,
        ast.Compare: _compare,
        ast.BoolOp: _boolean,
        ast.IfExp: _choice,
        ast.Tuple: _tuple,
        ast.List: _list,
        ast.Dict: _dict,
        ast.JoinedStr: _text,
        ast.ListComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _comprehension,
        ast.Lambda: _lambda,
        ast.Call: _call,
    }
)
