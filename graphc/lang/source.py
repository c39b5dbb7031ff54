"""Where text comes from: one-line expressions, `.graph` files, documents, objects in a Python file."""

from __future__ import annotations

import importlib.util
import re
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from graphc.ir.errors import GraphcError, ParseError
from graphc.lang import limits
from graphc.lang.documents import Block, latex_blocks, markdown_blocks
from graphc.lang.suggest import clip, meant

_OBJECT = re.compile(r"^(?P<file>.+\.py):(?P<name>[^:/\\]*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """Text in the graph language; `name` is None for an expression typed on the command line."""

    name: str | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class PythonObject:
    """`file.py:name`, an object in a Python file of the user's own."""

    file: str
    name: str


def read(argument: str) -> Source | PythonObject:
    """What a command-line source stands for; raises ParseError when a named file cannot be used.

    It is a file only if it ends in `.graph`, `.md`, `.tex` or `.py:NAME`; anything else is an expression.
    """
    if "\n" not in argument and len(argument) < 4096:
        if match := _OBJECT.match(argument):
            return PythonObject(match["file"], match["name"])
        if argument.endswith(".py"):
            raise ParseError(f"name the object in the file, as in `{argument}:loss`", source=argument)
        if argument.endswith(".graph"):
            return Source(argument, (Block(_file_text(argument), 1),))
        if argument.endswith(".md"):
            return Source(argument, markdown_blocks(_file_text(argument), argument))
        if argument.endswith(".tex"):
            return Source(argument, latex_blocks(_file_text(argument), argument))
    return expression_source(argument)


def expression_source(text: str, name: str | None = None) -> Source:
    """A text given as it is, with the larger limit of a file if it has a name."""
    limits.check_length(text, limits.MAX_EXPRESSION if name is None else limits.MAX_FILE)
    return Source(name, (Block(_newlines(text), 1),))


def load_object(source: PythonObject) -> object:
    """Import the user's file and take the object, calling it if it is a function without arguments.

    What the file prints goes to standard error.

    Importing runs the file: only this form of source does so, because it names the user's own program.
    """
    place = f"{source.file}:{source.name}"
    if not source.name.isidentifier():
        raise ParseError(f"`{source.name}` is not the name of an object in {source.file}", source=place)
    with redirect_stdout(sys.stderr):  # standard output is for results
        return _taken(source, place)


def _taken(source: PythonObject, place: str) -> object:
    module = _import(source.file, place)
    if not hasattr(module, source.name):
        known = [name for name in vars(module) if not name.startswith("_")]
        raise ParseError(f"{source.file} defines no `{source.name}`{meant(source.name, known)}", source=place)
    found = getattr(module, source.name)
    if not callable(found) or isinstance(found, type):
        return found
    try:
        return found()
    except GraphcError:
        raise
    except Exception as error:
        raise ParseError(
            f"calling `{source.name}()` failed: {type(error).__name__}: {clip(str(error), 200)}", source=place
        ) from error


def _import(file: str, place: str) -> ModuleType:
    path = Path(file)
    _check_file(path, file)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ParseError(f"{file} cannot be imported", source=place)
    module = importlib.util.module_from_spec(spec)
    # As when Python runs the file itself: its neighbours can be imported.
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except GraphcError:
        raise
    except (Exception, SystemExit) as error:
        raise ParseError(
            f"importing {file} failed: {type(error).__name__}: {clip(str(error), 200)}", source=place
        ) from error
    finally:
        sys.path.pop(0)
    return module


def _file_text(name: str) -> str:
    path = Path(name)
    _check_file(path, name)
    try:
        if path.stat().st_size > 4 * limits.MAX_FILE:
            raise ParseError(
                f"a source has at most {limits.MAX_FILE:,} characters; this file is larger", source=name
            )
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ParseError("this file is not UTF-8 text; save it as UTF-8", line=line, source=name) from None
    except OSError as error:
        raise ParseError(f"the file cannot be read: {error.strerror or error}", source=name) from None
    if len(text) > limits.MAX_FILE:
        raise ParseError(
            f"a source has at most {limits.MAX_FILE:,} characters, this file has {len(text):,}", source=name
        )
    return _newlines(text)


def _check_file(path: Path, name: str) -> None:
    try:
        if path.is_dir():
            raise ParseError("this is a directory, not a file", source=name)
        if not path.exists():
            raise ParseError("there is no such file", source=name)
    except (OSError, ValueError):
        raise ParseError("this is not the name of a file", source=clip(name)) from None


def _newlines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
