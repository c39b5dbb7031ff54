"""What a NumPy function is, as read, and what it says once it is built: a graph for each value it works out."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from graphc.ir.node import Node
from graphc.lang.positions import Positions


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file as far as it is read: its functions, its plain assignments, and what it calls NumPy.

    `constants` are names with one value, `unsteady` names with several.
    `functions` holds `name` and, of the methods of classes, `Class.name`. `imports` maps a name of the file to what it
    stands for, such as `np` to `numpy` and `expit` to `scipy.special.expit`.
    """

    path: str
    functions: Mapping[str, ast.FunctionDef]
    constants: Mapping[str, ast.expr]
    unsteady: frozenset[str]
    imports: Mapping[str, str]
    positions: Positions


@dataclass(frozen=True, slots=True)
class CodeFunction:
    """One function of a file: read, never executed. `owner` is the class of a method."""

    module: Module
    name: str
    tree: ast.FunctionDef
    owner: str | None = None

    @property
    def path(self) -> str:
        """The file it stands in."""
        return self.module.path

    @property
    def line(self) -> int:
        """The line of its `def`."""
        return self.tree.lineno

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its arguments, in order."""
        given = self.tree.args
        return tuple(a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs))


@dataclass(frozen=True, slots=True)
class CodeValue:
    """One value of a function: `name` as the code says it (`dW1`, `grads["W1"]`), `text` the statement it comes from.

    `subject` is the name, in the code, of what it claims to be the gradient of, `target` that node of the model. A
    value without a subject is what it is called: then `target` is the node of the model of the same name, if any.
    It is what the name holds at the function's end; `earlier` is what it held before, line by line, as in
    `dh = dz @ W.T` before `dh[h <= 0] = 0`. What is returned stands for itself; a name that is only used on the way may
    have been the gradient at an earlier line, as `dh` is that of `h` first and that of what is below `h` after.
    """

    name: str
    node: Node
    line: int
    column: int
    text: str
    subject: str | None = None
    target: Node | None = None
    returned: bool = False
    earlier: tuple[CodeValue, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeFailure:
    """A value that NumPy could not work out either, as where shapes do not fit; `sentence` says why."""

    name: str
    sentence: str
    line: int
    column: int
    text: str
    subject: str | None = None
    target: Node | None = None


@dataclass(frozen=True, slots=True)
class CodeProgram:
    """A function, built: its returned and its gradient-named values in the order of its lines.

    `names` holds every array the function has named at its end, `used` the names of the model it has taken.
    """

    function: CodeFunction
    values: tuple[CodeValue, ...]
    failures: tuple[CodeFailure, ...]
    names: Mapping[str, Node]
    used: tuple[str, ...]
