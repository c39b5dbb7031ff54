"""Which names a function or a file gives values to, as Python's own rules of scope have it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
HARMLESS = ("staticmethod", "njit", "jit", "override", "no_type_check")


def stored(body: Sequence[ast.stmt]) -> Counter[str]:
    """The names a block of statements gives values to, with how often, without those of scopes within."""
    found: Counter[str] = Counter()
    for node in _same_scope(body):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found[node.id] += 1
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] += 1
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update((a.asname or a.name).partition(".")[0] for a in node.names)
    return found


def _same_scope(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    stack: list[ast.AST] = [*reversed(body)]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _OWN_SCOPE + _COMPREHENSIONS):
            stack.extend(ast.iter_child_nodes(node))


def decorator(tree: ast.FunctionDef) -> str | None:
    """The first decorator that may change what a function does; None if there is none."""
    for given in tree.decorator_list:
        plain = given.func if isinstance(given, ast.Call) else given
        name = (
            plain.attr
            if isinstance(plain, ast.Attribute)
            else plain.id
            if isinstance(plain, ast.Name)
            else "?"
        )
        if name not in HARMLESS:
            return name
    return None


def is_static(tree: ast.FunctionDef) -> bool:
    """Whether a method takes no `self`."""
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in tree.decorator_list)
