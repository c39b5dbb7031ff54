"""What a function says of gradients: each value with a gradient's name, at each line that changes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphc.ir.node import Node
from graphc.ir.types import Shape
from graphc.lang.numpy_code.arithmetic import as_array
from graphc.lang.numpy_code.arrays import Array
from graphc.lang.numpy_code.errors import Broken
from graphc.lang.numpy_code.evaluator import Evaluator, Frame
from graphc.lang.numpy_code.model import Model
from graphc.lang.numpy_code.names import holds_gradients, subjects
from graphc.lang.numpy_code.numbers import is_number
from graphc.lang.numpy_code.objects import Poison, Unknown, Value
from graphc.lang.numpy_code.program import CodeFailure, CodeValue
from graphc.rewrite.simplify import simplify


@dataclass(frozen=True, slots=True)
class Place:
    """A statement: where it stands, and how it is written."""

    line: int
    column: int
    text: str


class Recorder:
    """Looks, after each statement, at which values with a gradient's name have changed."""

    __slots__ = ("_evaluator", "_model", "_places", "_seen", "_stages")

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator, self._model = evaluator, evaluator.model
        self._seen: dict[str, tuple[object, int]] = {}
        self._stages: dict[tuple[str, int], CodeValue | CodeFailure] = {}
        self._places: dict[str, tuple[str, int]] = {}

    def after(self, statement: ast.stmt, frame: Frame) -> None:
        """Record what a statement has changed."""
        if isinstance(statement, ast.For | ast.If | ast.With | ast.FunctionDef | ast.Return):
            return
        for name, subject, value in _gradients(frame, self._model):
            self._look(name, subject, value, self._place(statement))

    def _place(self, statement: ast.stmt) -> Place:
        line, column = self._evaluator.place(statement)
        text = self._evaluator.module.positions.text(statement)
        return Place(line, column, _on_one_line(statement) if "\n" in text else text)

    def _look(self, name: str, subject: str, value: Value, place: Place) -> None:
        mark = _mark(value)
        if self._seen.get(name) == mark or (isinstance(value, Array) and self._model.untouched(value)):
            return
        self._seen[name] = mark
        self.enter(name, subject, value, place)

    def enter(
        self, name: str, subject: str | None, value: Value, place: Place, *, returned: bool = False
    ) -> None:
        """Record the value that a name has from a statement on."""
        target = self._model.node(subject if subject is not None else name)
        key = (name, place.line)
        self._places[name] = key
        try:
            node = _node(value)
        except Broken as error:
            sentence = error.sentence
            if error.line is not None and error.line != place.line:
                sentence = f"this needs line {error.line}, where {sentence}"
            self._stages[key] = CodeFailure(
                name, sentence, place.line, place.column, place.text, subject, target
            )
            return
        self._stages[key] = CodeValue(
            name, node, place.line, place.column, place.text, subject, target, returned
        )

    def give(self, value: Value, statement: ast.Return) -> None:
        """Record what the function returns: values by the names they have, or by their place."""
        if statement.value is not None:
            self._give(statement.value, "return", value, self._place(statement))

    def _give(self, expr: ast.expr | None, place_name: str, value: Value, place: Place) -> None:
        name = _written(expr) or place_name
        if isinstance(value, tuple | list):
            written = (
                expr.elts if isinstance(expr, ast.Tuple | ast.List) and len(expr.elts) == len(value) else None
            )
            for index, item in enumerate(value):
                self._give(written[index] if written else None, f"{name}[{index}]", item, place)
        elif isinstance(value, dict):
            for key, item in value.items():
                self._give_entry(_written(expr), key, item, place)
        elif isinstance(value, Array | Poison) or (is_number(value) and not isinstance(value, bool)):
            last = name.rpartition(".")[2]
            subject = next(subjects_known(last, self._model), None)
            if subject is None and name == place_name and self._model.node(name) is not None:
                subject = name  # bound by hand: --bind return[0]=W
            if subject is None and isinstance(value, Array) and not _written(expr):
                name, subject = self._seen_in(value) or (name, None)
            self._mark_returned(name, subject, value, place)

    def _seen_in(self, value: Array) -> tuple[str, str | None] | None:
        """The gradient that is returned as `dx.reshape(x.shape)`, a view of it, or as `dx * dout` with 1 for `dout`."""
        for name, (seen, _) in self._seen.items():
            stage = self._stages[self._places[name]]
            if seen is value.cell:
                return name, stage.subject
            if _shape(stage) == value.shape and simplify(value.node) is simplify(_node(stage)):
                return name, stage.subject
        return None

    def _give_entry(self, owner: str, key: Value, value: Value, place: Place) -> None:
        if not isinstance(key, str) or not (isinstance(value, Array | Poison) or is_number(value)):
            return
        name = f'{owner}["{key}"]' if owner else key
        subject = next(iter(subjects_known(key, self._model)), None)
        if subject is None and self._model.node(key) is not None:
            subject = key if holds_gradients(owner) or self._is_gradient_of(key, value) else None
        self._mark_returned(name, subject, value, place)

    def _is_gradient_of(self, subject: str, value: Value) -> bool:
        """Whether a value is one that stands under a gradient's name of the same subject too."""
        return any(
            stage.subject == subject and self._seen.get(name, (None,))[0] is _mark(value)[0]
            for (name, _), stage in self._stages.items()
        )

    def _mark_returned(self, name: str, subject: str | None, value: Value, place: Place) -> None:
        """Mark the value as returned where it was recorded already, under this name or another; else record it."""
        mark = _mark(value)
        for known, key in self._places.items():
            stage = self._stages[key]
            same = known == name or (stage.subject is not None and stage.subject == subject)
            if same and self._seen.get(known) == mark and _shape(value) == _shape(stage):
                if isinstance(stage, CodeValue):
                    self._stages[key] = replace(stage, returned=True)
                return
        self.enter(name, subject, value, place, returned=True)

    def results(self) -> tuple[tuple[CodeValue, ...], tuple[CodeFailure, ...]]:
        """What each name holds at the end, with what it held before, in the order of the lines."""
        values: list[CodeValue] = []
        failures: list[CodeFailure] = []
        for name, key in self._places.items():
            last = self._stages[key]
            if isinstance(last, CodeFailure):
                failures.append(last)
                continue
            before = [s for (n, line), s in self._stages.items() if n == name and line != key[1]]
            kept = [s for s in before if isinstance(s, CodeValue) and not s.node.constant]
            values.append(replace(last, earlier=tuple(sorted(kept, key=lambda s: s.line))))
        by_line = sorted(values, key=lambda v: v.line)
        return tuple(by_line), tuple(sorted(failures, key=lambda f: f.line))


def subjects_known(name: str, model: Model) -> Iterator[str]:
    """What a name is the gradient of, among the names of the model."""
    return (s for s in subjects(name) if model.node(s) is not None)


def _gradients(frame: Frame, model: Model) -> Iterator[tuple[str, str, Value]]:
    """The values that a function's names and dictionaries hold under a gradient's name."""
    for name, value in frame.names.items():
        if isinstance(value, Array | Poison):
            for subject in subjects_known(name, model):
                yield name, subject, value
                break
        elif isinstance(value, dict):
            yield from _entries(name, value, model)
        elif isinstance(value, Unknown):
            for key, entry in value.entries.items():
                if isinstance(key, str) and isinstance(entry, Array | Poison):
                    for subject in subjects_known(key, model):
                        yield f"{name}.{key}", subject, entry
                        break
                if isinstance(key, str) and isinstance(entry, dict):
                    yield from _entries(f"{name}.{key}", entry, model)
                if isinstance(key, str) and isinstance(entry, Unknown) and holds_gradients(key):
                    yield from _entries(f"{name}.{key}", entry.entries, model)


def _entries(name: str, entries: dict[Value, Value], model: Model) -> Iterator[tuple[str, str, Value]]:
    plain = holds_gradients(name)
    for key, value in entries.items():
        if not isinstance(key, str) or not isinstance(value, Array | Poison):
            continue
        found = next(subjects_known(key, model), None)
        if found is None and plain and model.node(key) is not None:
            found = key
        if found is not None:
            yield f'{name}["{key}"]', found, value


def _mark(value: Value) -> tuple[object, int]:
    """Tells two values apart: another array, or the same one after a write."""
    if isinstance(value, Array):
        return value.cell, value.cell.version
    return value, 0


def _shape(value: Value) -> Shape | None:
    """The shape of an array, or of what was recorded of one."""
    if isinstance(value, CodeValue):
        return value.node.shape
    return value.shape if isinstance(value, Array) and value.cell.broken is None else None


def _node(value: Value) -> Node:
    if isinstance(value, Poison):
        raise value.problem
    return value.node if isinstance(value, CodeValue) else as_array(value).node


def _on_one_line(statement: ast.stmt) -> str:
    """A statement that is written over several lines, without its line breaks and comments."""
    try:
        return " ".join(ast.unparse(statement).split())
    except RecursionError:
        return "…"


def _written(expr: ast.expr | None) -> str:
    """The name of what is returned, as it is recorded: `dW1`, `self.dW1`, `grads["W1"]`; empty for an expression."""
    if isinstance(expr, ast.Name):
        return expr.id
    if isinstance(expr, ast.Attribute):
        owner = _written(expr.value)
        return f"{owner}.{expr.attr}" if owner else ""
    if isinstance(expr, ast.Subscript) and isinstance(expr.slice, ast.Constant):
        owner, key = _written(expr.value), expr.slice.value
        if owner and isinstance(key, str | int):
            return f'{owner}["{key}"]' if isinstance(key, str) else f"{owner}[{key}]"
    return ""
