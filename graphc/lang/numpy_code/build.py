"""A NumPy function as graphs: its arguments bound to the nodes of a model by name, its lines followed one by one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from graphc.ir.errors import ParseError
from graphc.ir.node import Node
from graphc.lang.numpy_code.arrays import Array
from graphc.lang.numpy_code.errors import Broken
from graphc.lang.numpy_code.evaluator import Evaluator, Frame
from graphc.lang.numpy_code.execute import Executor, Returned
from graphc.lang.numpy_code.missing import missing_names
from graphc.lang.numpy_code.model import ABSENT, Model
from graphc.lang.numpy_code.objects import Unknown, Value
from graphc.lang.numpy_code.program import CodeFunction, CodeProgram
from graphc.lang.numpy_code.record import Recorder
from graphc.lang.numpy_code.scopes import stored


def build_code(
    function: CodeFunction, env: Mapping[str, Node], bind: Mapping[str, str] = MappingProxyType({})
) -> CodeProgram:
    """The graphs of what a function works out, its names bound to the nodes `env` of a model.

    `bind` says which name of the code is which of the model: `{"h1": "h"}`; an entry of an argument is written with
    a dot, `cache.fc1`. Raises ParseError, with file, line and column, for code that is not read. A line that fails in
    NumPy too, as when shapes do not fit, is no error: the values that need it are the program's failures.
    """
    model = Model(env, bind)
    evaluator = Evaluator(function.module, model, _not_yet)
    top = Frame({}, None, frozenset(stored(function.tree.body)), function.owner)
    recorder = Recorder(evaluator)
    executor = Executor(evaluator, top, recorder.after)
    _fill(function, executor, model, top)
    try:
        outcome = executor.run(function.tree.body, top)
        if isinstance(outcome, Returned):
            recorder.give(outcome.value, outcome.statement)
    except Broken as error:
        raise ParseError(error.sentence, line=error.line, column=error.column, source=function.path) from None
    except RecursionError:
        raise ParseError("lists nest too deep in this code", source=function.path) from None
    except ParseError as error:
        _tell_all(error, function, model)
        raise
    values, failures = recorder.results()
    return CodeProgram(function, values, failures, _names(top), tuple(model.used))


def _fill(function: CodeFunction, executor: Executor, model: Model, top: Frame) -> None:
    """The arguments: the model's nodes of their names, else their default values, else unknown."""
    spec = function.tree.args
    for name in function.parameters:
        found = model.find([name])
        if found is not ABSENT:
            top.names[name] = found
    executor.defaults(spec, top)
    for name in function.parameters:
        if name not in top.names:
            top.names[name] = Unknown(name, (name,))
    for extra in (spec.vararg, spec.kwarg):
        if extra is not None:
            top.names[extra.arg] = Unknown(extra.arg)


def _tell_all(error: ParseError, function: CodeFunction, model: Model) -> None:
    """Add to an error about one name that the model lacks the others there are."""
    if "is not a name of the model" not in error.message:
        return
    others = missing_names(function, lambda name: model.find([name]) is not ABSENT)
    others = [f"`{name}`" for name in others if f"`{name}`" not in error.message]
    if others:
        error.message += f"; the model has no {', '.join(others)} either"


def _names(top: Frame) -> Mapping[str, Node]:
    """The arrays the function has named at its end."""
    found: dict[str, Node] = {}
    for name, value in top.names.items():
        if isinstance(value, Array) and value.cell.broken is None:
            found[name] = value.node
    return found


def _not_yet(*given: Value) -> Value:
    raise AssertionError("the executor has not taken over inlining")
