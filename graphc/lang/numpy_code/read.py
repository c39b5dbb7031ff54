"""Reading a Python file by `ast`: its functions, constants and imports. Nothing of it is executed or imported."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

from graphc.ir.errors import ParseError
from graphc.lang.numpy_code.limits import MAX_FILE
from graphc.lang.numpy_code.program import CodeFunction, Module
from graphc.lang.numpy_code.scopes import decorator, stored
from graphc.lang.positions import Positions
from graphc.lang.suggest import meant


def read_function(path: str, name: str) -> CodeFunction:
    """The function `name` of a Python file, or `Class.name` for a method.

    Raises ParseError, with file, line and column, for a file that cannot be read or has no such function.
    """
    return function_of(_file_text(path), name, path)


def function_of(text: str, name: str, path: str = "<text>") -> CodeFunction:
    """The function `name` of the text of a Python file."""
    module = _module(text, path)
    tree = module.functions.get(name)
    if tree is None:
        own = [n for n in module.functions if n.endswith(f".{name}")]
        if len(own) == 1:
            return function_of(text, own[0], path)
        if own:
            shown = " or ".join(f"`{n}`" for n in own)
            raise ParseError(f"several classes have a `{name}`: say {shown}", source=path)
        raise ParseError(f"there is no function `{name}`{meant(name, module.functions)}", source=path)
    changing = decorator(tree)
    if changing is not None:
        raise ParseError(
            f"`{name}` is decorated by `{changing}`, which may change what it does",
            line=tree.lineno,
            column=tree.col_offset + 1,
            source=path,
        )
    owner, _, _ = name.rpartition(".")
    return CodeFunction(module, name, tree, owner or None)


def _module(text: str, path: str) -> Module:
    tree = _parsed(text, path)
    functions: dict[str, ast.FunctionDef] = {}
    constants: dict[str, ast.expr] = {}
    imports = {"np": "numpy", "numpy": "numpy"}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            functions[statement.name] = statement
        elif isinstance(statement, ast.ClassDef):
            methods = [s for s in statement.body if isinstance(s, ast.FunctionDef)]
            functions.update({f"{statement.name}.{m.name}": m for m in methods})
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name):
                constants[target.id] = statement.value
    for node in ast.walk(tree):
        imports.update(_imported(node))
    counts = stored(tree.body)
    own = {n for n in counts if n not in functions and n not in imports}
    unsteady = frozenset(n for n in own if counts[n] > 1 or n not in constants)
    steady = {n: value for n, value in constants.items() if n not in unsteady}
    return Module(path, functions, steady, unsteady, imports, Positions(text, 1, 1))


def _imported(node: ast.AST) -> dict[str, str]:
    """The names an import gives, and what they stand for."""
    if isinstance(node, ast.Import):
        return {
            (a.asname or a.name.partition(".")[0]): (a.name if a.asname else a.name.partition(".")[0])
            for a in node.names
        }
    if isinstance(node, ast.ImportFrom) and not node.level and node.module:
        return {(a.asname or a.name): f"{node.module}.{a.name}" for a in node.names}
    return {}


def _parsed(text: str, path: str) -> ast.Module:
    if len(text) > MAX_FILE:
        raise ParseError(
            f"a file has at most {MAX_FILE:,} characters, this one has {len(text):,}", source=path
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        column = error.offset if error.offset and error.offset > 0 else None
        raise ParseError(
            f"this is not Python: {error.msg}", line=error.lineno, column=column, source=path
        ) from None
    except (RecursionError, MemoryError, ValueError):
        raise ParseError("this file nests too deep to be read", source=path) from None


def _file_text(path: str) -> str:
    """The text of a file, its line ends made one kind; raises ParseError where it cannot be had."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(4 * MAX_FILE + 1)
        if len(data) > 4 * MAX_FILE:
            raise ParseError(f"a file has at most {MAX_FILE:,} characters; this file is larger", source=path)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ParseError("this file is not UTF-8 text; save it as UTF-8", line=line, source=path) from None
    except FileNotFoundError:
        raise ParseError("there is no such file", source=path) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ParseError(f"the file cannot be read: {reason or error}", source=path) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
