"""What a function says of gradients: each value with a gradient's name, at each line that changes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphc.ir.node import Node
from graphc.lang.numpy_code.arithmetic import as_array
from graphc.lang.numpy_code.arrays import Array
from graphc.lang.numpy_code.errors import Broken
from graphc.lang.numpy_code.evaluator import Evaluator, Frame
from graphc.lang.numpy_code.model import Model
from graphc.lang.numpy_code.names import holds_gradients, subjects
from graphc.lang.numpy_code.numbers import is_number
from graphc.lang.numpy_code.objects import Poison, Unknown, Value
from graphc.lang.numpy_code.program import CodeFailure, CodeValue


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
        if isinstance(statement, ast.For | ast.If | ast.FunctionDef | ast.Return):
            return
        for name, subject, value in _gradients(frame, self._model):
            self._look(name, subject, value, self._place(statement))

    def _place(self, statement: ast.stmt) -> Place:
        line, column = self._evaluator.place(statement)
        return Place(line, column, self._evaluator.module.positions.text(statement))

    def _look(self, name: str, subject: str, value: Value, place: Place) -> None:
        mark = _mark(value)
        if self._seen.get(name) == mark:
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
        expr = statement.value
        place = self._place(statement)
        if isinstance(value, tuple):
            parts = (
                expr.elts
                if isinstance(expr, ast.Tuple) and len(expr.elts) == len(value)
                else [None] * len(value)
            )
            for index, (part, item) in enumerate(zip(parts, value, strict=True)):
                self._give(part, f"return[{index}]", item, place)
        elif expr is not None:
            self._give(expr, "return", value, place)

    def _give(self, expr: ast.expr | None, place_name: str, value: Value, place: Place) -> None:
        if isinstance(value, dict):
            name = expr.id if isinstance(expr, ast.Name) else ""
            for key, item in value.items():
                self._give_entry(name, key, item, place)
            return
        if not (isinstance(value, Array | Poison) or is_number(value)) or isinstance(value, bool):
            return
        name = expr.id if isinstance(expr, ast.Name) else place_name
        self._mark_returned(name, next(iter(subjects_known(name, self._model)), None), value, place)

    def _give_entry(self, owner: str, key: Value, value: Value, place: Place) -> None:
        if not isinstance(key, str) or not (isinstance(value, Array | Poison) or is_number(value)):
            return
        name = f'{owner}["{key}"]'
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
            if same and self._seen.get(known) == mark:
                if isinstance(stage, CodeValue):
                    self._stages[key] = replace(stage, returned=True)
                return
        self.enter(name, subject, value, place, returned=True)

    def results(self) -> tuple[tuple[CodeValue, ...], tuple[CodeFailure, ...]]:
        """What was recorded, in the order of the lines; of each name the last is final."""
        last = set(self._places.values())
        found = sorted(self._stages.items(), key=lambda item: item[1].line)
        values = [replace(s, final=key in last) for key, s in found if isinstance(s, CodeValue)]
        return tuple(values), tuple(s for _, s in found if isinstance(s, CodeFailure))


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


def _node(value: Value) -> Node:
    if isinstance(value, Poison):
        raise value.problem
    return as_array(value).node
