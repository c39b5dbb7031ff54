"""Statements of the code, in order: assignments, in-place changes, loops of known length, inlined functions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple, NoReturn

from graphc.ir.errors import DTypeError, ShapeError
from graphc.lang.numpy_code import store
from graphc.lang.numpy_code.arrays import Array
from graphc.lang.numpy_code.builtins import items, truth_of
from graphc.lang.numpy_code.errors import Broken, Refused, broken, refuse
from graphc.lang.numpy_code.evaluator import Evaluator, Frame
from graphc.lang.numpy_code.expressions import OPERATORS, operate
from graphc.lang.numpy_code.limits import MAX_CALLS
from graphc.lang.numpy_code.objects import External, Inlined, Poison, Unknown, Value
from graphc.lang.numpy_code.scopes import decorator, is_static, stored
from graphc.lang.suggest import clip


class Jump(Enum):
    """A `break` or a `continue` on its way out of a loop's body."""

    BREAK = "break"
    CONTINUE = "continue"


class Returned(NamedTuple):
    """A `return` on its way out of a function."""

    value: Value
    statement: ast.Return


Outcome = Returned | Jump | None
After = Callable[[ast.stmt, Frame], None]


class Executor:
    """Runs statements of one function; `after` sees each simple one of the function itself when it is done."""

    __slots__ = ("after", "evaluator", "top")

    def __init__(self, evaluator: Evaluator, top: Frame, after: After) -> None:
        self.evaluator, self.top, self.after = evaluator, top, after
        evaluator.inline = self.inline

    def run(self, body: Sequence[ast.stmt], frame: Frame) -> Outcome:
        """The statements of a block."""
        for statement in body:
            outcome = self._one(statement, frame)
            if outcome is not None:
                return outcome
        return None

    def _one(self, statement: ast.stmt, frame: Frame) -> Outcome:
        handler = _HANDLERS.get(type(statement))
        if handler is None:
            self.evaluator.fail(f"{_REFUSED.get(type(statement), 'this statement')} is not read", statement)
        try:
            outcome = handler(self, statement, frame)
        except Refused as error:
            self.evaluator.fail(str(error), statement)
        except (Broken, ShapeError, DTypeError) as error:
            problem = error if isinstance(error, Broken) else Broken(str(error))
            if problem.line is None:
                problem.line, problem.column = self.evaluator.place(statement)
            if frame is not self.top or not isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
                raise problem from None
            self._poison(statement, problem, frame)
            outcome = None
        if frame is self.top:
            self.after(statement, frame)
        return outcome

    def _poison(
        self, statement: ast.Assign | ast.AugAssign | ast.AnnAssign, error: Broken, frame: Frame
    ) -> None:
        """Mark what a failed line would have given, so that what needs it fails for the same reason."""
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                if isinstance(part, ast.Name):
                    frame.names[part.id] = Poison(error, part.id)
                    continue
                self._poison_entry(part, error, frame)

    def _poison_entry(self, part: ast.expr, error: Broken, frame: Frame) -> None:
        """Mark an entry, a part of an array or an attribute."""
        if not isinstance(part, ast.Subscript | ast.Attribute):
            raise error
        try:
            owner = self.evaluator.value(part.value, frame)
        except Broken:  # what it stands in has failed before
            return
        if isinstance(owner, Array):
            owner.cell.broken = error
        elif isinstance(owner, dict) and isinstance(part, ast.Subscript):
            key = self.evaluator.value(part.slice, frame)
            owner[key] = Poison(error, str(key))
        elif isinstance(owner, Unknown) and isinstance(part, ast.Attribute):
            owner.entries[part.attr] = Poison(error, part.attr)
        else:
            raise error

    # assignments --------------------------------------------------------------------------------------------------

    def assign(self, statement: ast.Assign, frame: Frame) -> None:
        """`a = b = value`, tuples among the targets; in `a, b = x, y` one that fails leaves the other."""
        value = self._assigned(statement, frame)
        for target in statement.targets:
            self._bind(target, value, frame)

    def _assigned(self, statement: ast.Assign, frame: Frame) -> Value:
        given = statement.value
        names = [t.elts for t in statement.targets if isinstance(t, ast.Tuple | ast.List)]
        apart = (
            frame is self.top
            and isinstance(given, ast.Tuple)
            and len(names) == len(statement.targets)
            and all(len(n) == len(given.elts) and all(isinstance(t, ast.Name) for t in n) for n in names)
            and not any(isinstance(part, ast.Starred) for part in given.elts)
        )
        if apart and isinstance(given, ast.Tuple):
            return tuple(self._part(part, frame) for part in given.elts)
        return self.evaluator.value(given, frame)

    def annotated(self, statement: ast.AnnAssign, frame: Frame) -> None:
        """`a: float = value`."""
        if statement.value is not None:
            self._bind(statement.target, self.evaluator.value(statement.value, frame), frame)

    def _bind(self, target: ast.expr, value: Value, frame: Frame) -> None:
        model = self.evaluator.model
        if isinstance(target, ast.Name):
            if isinstance(value, Unknown) and frame is self.top:
                value = model.renamed(value, target.id)
            frame.names[target.id] = self._named(value, target.id, frame)
        elif isinstance(target, ast.Tuple | ast.List):
            if isinstance(value, Unknown):
                names = [t.id if isinstance(t, ast.Name) else None for t in target.elts]
                value = model.unpacked(value, names, top=frame is self.top)
            given = items(value)
            if any(isinstance(t, ast.Starred) for t in target.elts):
                refuse("`*` among the names of an assignment is not read")
            if len(given) != len(target.elts):
                broken(f"{len(given)} values for {len(target.elts)} names")
            for part, item in zip(target.elts, given, strict=True):
                self._bind(part, item, frame)
        elif isinstance(target, ast.Subscript):
            self._store(target, value, frame)
        elif isinstance(target, ast.Attribute):
            owner = self.evaluator.value(target.value, frame)
            if not isinstance(owner, Unknown):
                refuse("attributes are written on `self` only")
            owner.entries[target.attr] = value
        else:
            refuse("this target of an assignment is not read")

    def _named(self, value: Value, name: str, frame: Frame) -> Value:
        """An intermediate result is the model's own node if it is that, else carries the name it is given first."""
        if (
            frame is not self.top
            or not isinstance(value, Array)
            or value.steps
            or value.cell.broken is not None
        ):
            return value
        if value.cell.node.args:
            value.cell.node = self.evaluator.model.named(value.cell.node, name)
        return value

    def _store(self, target: ast.Subscript, value: Value, frame: Frame) -> None:
        owner = self.evaluator.value(target.value, frame)
        key = self.evaluator.value(target.slice, frame)
        if isinstance(owner, Array):
            store.assign(owner, key, value)
        elif isinstance(owner, dict) and isinstance(key, str | int):
            owner[key] = value
        elif isinstance(owner, list) and isinstance(key, int):
            if not -len(owner) <= key < len(owner):
                broken(f"index {key} is outside a list of {len(owner)}")
            owner[key] = value
        elif isinstance(owner, Unknown) and isinstance(key, str | int):
            owner.entries[key] = value
        else:
            refuse("this is not an array, a list or a dictionary that can be written to")

    def augmented(self, statement: ast.AugAssign, frame: Frame) -> None:
        """`a += value`: an array changes in place, and all its views with it; a number is bound anew."""
        op = OPERATORS.get(type(statement.op))
        if op is None:
            refuse("bit shifts are not read")
        target = statement.target
        if isinstance(target, ast.Subscript):
            owner = self.evaluator.value(target.value, frame)
            if isinstance(owner, Array):
                key = self.evaluator.value(target.slice, frame)
                value = self.evaluator.value(statement.value, frame)
                if op in ("matmul", "and", "or", "xor"):
                    refuse("this in-place operator is not read")
                store.update(owner, key, op, value)
                return
        old = self.evaluator.value(target, frame)
        value = self.evaluator.value(statement.value, frame)
        shared = isinstance(old, Array) and (old.shape or old.steps)
        if shared and op not in ("matmul", "and", "or", "xor"):
            self._in_place(target, old, op, value, frame)
            return
        if shared:
            refuse("this in-place operator is not read; write it as an assignment")
        if isinstance(old, list) and op == "add":
            old.extend(items(value))
            return
        self._bind(target, operate(op, old, value), frame)

    def _in_place(self, target: ast.expr, old: Array, op: str, value: Value, frame: Frame) -> None:
        store.in_place(old, op, value)
        if isinstance(target, ast.Name):
            self._named(old, target.id, frame)

    # control ------------------------------------------------------------------------------------------------------

    def loop(self, statement: ast.For, frame: Frame) -> Outcome:
        """A loop of known length, unrolled."""
        for item in items(self.evaluator.value(statement.iter, frame), "this loop"):
            self._bind(statement.target, item, frame)
            outcome = self.run(statement.body, frame)
            if outcome is Jump.BREAK:
                return None
            if isinstance(outcome, Returned):
                return outcome
        return self.run(statement.orelse, frame)

    def choice(self, statement: ast.If, frame: Frame) -> Outcome:
        """An `if` whose condition is known from the code."""
        holds = truth_of(self.evaluator.value(statement.test, frame))
        return self.run(statement.body if holds else statement.orelse, frame)

    def returned(self, statement: ast.Return, frame: Frame) -> Outcome:
        """A `return`; in the function itself one part that fails leaves the others."""
        expr = statement.value
        if expr is None:
            return Returned(None, statement)
        if frame is not self.top:
            return Returned(self.evaluator.value(expr, frame), statement)
        if isinstance(expr, ast.Tuple):
            return Returned(tuple(self._part(part, frame) for part in expr.elts), statement)
        return Returned(self._part(expr, frame), statement)

    def _part(self, expr: ast.expr, frame: Frame) -> Value:
        try:
            return self.evaluator.value(expr, frame)
        except Broken as error:
            return Poison(error, clip(self.evaluator.module.positions.text(expr)))

    def expression(self, statement: ast.Expr, frame: Frame) -> None:
        """A call for its effect, such as `np.add.at(dW, y, dz)`; a docstring."""
        if not isinstance(statement.value, ast.Constant):
            self.evaluator.value(statement.value, frame)

    def define(self, statement: ast.FunctionDef, frame: Frame) -> None:
        """A function within the function."""
        frame.names[statement.name] = Inlined(statement.name, statement, frame, frame.owner)

    def forget(self, statement: ast.Delete, frame: Frame) -> None:
        """`del x`."""
        for target in statement.targets:
            if isinstance(target, ast.Name):
                frame.names.pop(target.id, None)

    def within(self, statement: ast.With, frame: Frame) -> Outcome:
        """`with np.errstate(...)`, which changes no values."""
        for item in statement.items:
            called = item.context_expr.func if isinstance(item.context_expr, ast.Call) else item.context_expr
            given = self.evaluator.value(called, frame)
            if not isinstance(given, External) or given.path not in ("numpy.errstate", "numpy.printoptions"):
                refuse("a `with` statement is not read")
        return self.run(statement.body, frame)

    def fail(self, statement: ast.Raise, frame: Frame) -> NoReturn:
        """A `raise` that is reached."""
        broken("the function raises an error here")

    # functions of the file ----------------------------------------------------------------------------------------

    def inline(
        self, function: Inlined, given: Sequence[Value], keywords: Mapping[str, Value], frame: Frame
    ) -> Value:
        """The value of a call of a function of the file, its body run in place."""
        if frame.calls >= MAX_CALLS:
            refuse(f"functions call each other at most {MAX_CALLS} deep here")
        tree = function.tree
        if isinstance(tree, ast.FunctionDef) and decorator(tree) is not None:
            refuse(f"`{function.name}` is decorated by `{decorator(tree)}`, which may change what it does")
        local = frozenset(stored(tree.body)) if isinstance(tree, ast.FunctionDef) else frozenset()
        inner = Frame({}, function.scope, local, function.owner, frame.calls + 1)
        method = function.bound is not None and isinstance(tree, ast.FunctionDef) and not is_static(tree)
        self._fill(function, [function.bound, *given] if method else list(given), dict(keywords), inner)
        if isinstance(function.tree, ast.Lambda):
            return self.evaluator.value(function.tree.body, inner)
        outcome = self.run(function.tree.body, inner)
        return outcome.value if isinstance(outcome, Returned) else None

    def _fill(self, function: Inlined, given: list[Value], keywords: dict[str, Value], inner: Frame) -> None:
        spec = function.tree.args
        names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
        if spec.vararg:
            inner.names[spec.vararg.arg] = tuple(given[len(names) :])
            given = given[: len(names)]
        if len(given) > len(names):
            broken(f"{function.name} takes {len(names)} arguments, {len(given)} given")
        inner.names.update(zip(names, given, strict=False))
        for name in [*names, *(a.arg for a in spec.kwonlyargs)]:
            if name in keywords:
                inner.names[name] = keywords.pop(name)
        self.defaults(spec, inner)
        if spec.kwarg:
            inner.names[spec.kwarg.arg] = keywords
        elif keywords:
            broken(f"{function.name} has no argument `{next(iter(keywords))}`")
        missing = [n for n in names if n not in inner.names]
        if missing:
            broken(f"{function.name} is not given `{missing[0]}`")

    def defaults(self, spec: ast.arguments, frame: Frame) -> None:
        """Fill what is not given with the default values."""
        names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
        pairs = [*zip(reversed(names), reversed(spec.defaults), strict=False)]
        pairs += [(a.arg, d) for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None]
        for name, default in pairs:
            if name not in frame.names:
                frame.names[name] = self.evaluator.value(default, self.evaluator.module_frame)


def _nothing(executor: Executor, statement: ast.stmt, frame: Frame) -> None:
    """`pass`, `assert`, `import`: nothing is worked out."""


_HANDLERS: dict[type[ast.stmt], Callable[..., Outcome]] = {
    ast.Assign: Executor.assign,
    ast.AnnAssign: Executor.annotated,
    ast.AugAssign: Executor.augmented,
    ast.For: Executor.loop,
    ast.If: Executor.choice,
    ast.With: Executor.within,
    ast.Return: Executor.returned,
    ast.Expr: Executor.expression,
    ast.FunctionDef: Executor.define,
    ast.Delete: Executor.forget,
    ast.Raise: Executor.fail,
    ast.Pass: _nothing,
    ast.Assert: _nothing,
    ast.Import: _nothing,
    ast.ImportFrom: _nothing,
    ast.Break: lambda executor, statement, frame: Jump.BREAK,
    ast.Continue: lambda executor, statement, frame: Jump.CONTINUE,
}
_REFUSED: dict[type[ast.stmt], str] = {
    ast.While: "a `while` loop (write `for` over a known range)",
    ast.Try: "a `try` statement",
    ast.ClassDef: "a class within a function",
    ast.Global: "a `global` statement",
    ast.Nonlocal: "a `nonlocal` statement",
    ast.Match: "a `match` statement",
}
