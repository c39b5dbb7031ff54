"""Works out expressions of the code: places of errors, limits, and what names stand for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from graphc.ir.errors import DTypeError, ParseError, ShapeError
from graphc.ir.types import Dim
from graphc.lang.numpy_code import builtins
from graphc.lang.numpy_code.errors import Broken, Refused, broken, refuse
from graphc.lang.numpy_code.libraries import constant, external
from graphc.lang.numpy_code.limits import MAX_DEPTH, MAX_LENGTH, MAX_STEPS, MAX_TERMS
from graphc.lang.numpy_code.model import ABSENT, Model
from graphc.lang.numpy_code.objects import Builtin, External, Inlined, Poison, Value
from graphc.lang.numpy_code.program import Module
from graphc.lang.suggest import clip, meant


def _bounded(value: Value) -> Value:
    """A value, unless it has grown too large."""
    if isinstance(value, str | list | tuple | dict) and len(value) > MAX_LENGTH:
        refuse(f"texts, lists and dictionaries have at most {MAX_LENGTH:,} entries here")
    if isinstance(value, Dim) and len(value.terms) > MAX_TERMS:
        refuse(f"a size is a sum of at most {MAX_TERMS} terms here")
    return value


@dataclass(slots=True)
class Frame:
    """The names of one call; `local` is what it gives values to, `around` the frame of the function it stands in."""

    names: dict[str, Value] = field(default_factory=dict)
    around: Frame | None = None
    local: frozenset[str] = frozenset()
    owner: str | None = None
    calls: int = 0


HANDLERS: dict[type[ast.expr], Callable[..., Value]] = {}  # one for each form, entered by expressions.py


class Evaluator:
    """Works out expressions. `inline` runs a function of the file, `module_frame` holds the names of the file."""

    __slots__ = ("_depth", "_steps", "inline", "model", "module", "module_frame", "pending")

    def __init__(self, module: Module, model: Model, inline: Callable[..., Value]) -> None:
        self.module, self.model, self.inline = module, model, inline
        self.module_frame = Frame()
        self.pending: set[str] = set()
        self._depth = self._steps = 0

    def value(self, expr: ast.expr, frame: Frame) -> Value:
        """The value of an expression; errors carry its place."""
        self._steps += 1
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                refuse(f"expressions and calls nest at most {MAX_DEPTH} deep; name the inner part first")
            if self._steps > MAX_STEPS:
                refuse(f"this unrolls to more than {MAX_STEPS:,} steps; give the model smaller sizes")
            handler = HANDLERS.get(type(expr))
            if handler is None:
                refuse(f"`{clip(self.module.positions.text(expr))}` is not read; write plain assignments")
            return _bounded(handler(self, expr, frame))
        except Refused as error:
            self.fail(str(error), expr)
        except Broken as error:
            if error.line is None:
                error.line, error.column = self.place(expr)
            raise
        except (ShapeError, DTypeError) as error:
            line, column = self.place(expr)
            raise Broken(str(error), line=line, column=column) from None
        finally:
            self._depth -= 1

    def place(self, at: ast.expr | ast.stmt) -> tuple[int, int]:
        """Line and column of a piece of code."""
        place = self.module.positions.of(at)
        return place.line, place.column

    def fail(self, message: str, at: ast.expr | ast.stmt) -> NoReturn:
        """Refuse a piece of code, with its place."""
        line, column = self.place(at)
        raise ParseError(message, line=line, column=column, source=self.module.path)

    def lookup(self, name: str, frame: Frame) -> Value:
        """The value of a name: local, of the functions around, of the model, of the file, of Python."""
        current: Frame | None = frame
        while current is not None:
            if name in current.names:
                found = current.names[name]
                if isinstance(found, Poison):
                    raise found.problem
                return found
            if name in current.local:
                broken(f"`{name}` is used before it is given a value")
            current = current.around
        found = self._outside(name)
        if found is None:
            refuse(f"`{name}` is not defined here, and no name of the model{meant(name, self.model.names)}")
        return found

    def _outside(self, name: str) -> Value:
        if name in self.module.functions:
            return Inlined(name, self.module.functions[name], None)
        if name in self.module.imports:
            return external(self.module.imports[name])
        found = self.model.find([name])
        if found is not ABSENT:
            return found
        if name in self.module.constants:
            return self._constant(name)
        if name in self.module.unsteady:
            refuse(f"`{name}` is given several values in this file; pass it as an argument")
        if name in builtins.FUNCTIONS:
            return Builtin(name)
        every = external(self.module.imports["*"].removesuffix(".*")) if "*" in self.module.imports else None
        return constant(every, name) if isinstance(every, External) and every.path == "numpy" else None

    def _constant(self, name: str) -> Value:
        """A plain assignment of the file, worked out when it is first asked for."""
        if name not in self.module_frame.names:
            if name in self.pending:
                refuse(f"`{name}` is defined by itself")
            self.pending.add(name)
            self.module_frame.names[name] = self.value(self.module.constants[name], self.module_frame)
        return self.module_frame.names[name]
