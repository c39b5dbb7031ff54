"""The arguments, and parts of arguments, that a function computes with and the model has no name for."""

from __future__ import annotations

import ast
from collections.abc import Callable

from graphc.lang.numpy_code.program import CodeFunction


def missing_names(function: CodeFunction, known: Callable[[str], bool]) -> list[str]:
    """Names the function takes from its caller and uses as arrays, that are not `known`, in the order of their use."""
    given = {name for name in function.parameters if name != "self"}
    taken, containers = set(given), set[str]()
    for node in ast.walk(function.tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in given:
            for target in node.targets:
                if isinstance(target, ast.Tuple | ast.List):
                    containers.add(node.value.id)
                    taken |= {part.id for part in target.elts if isinstance(part, ast.Name)}
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.value, ast.Name):
            containers.add(node.value.id)
    operands = [o for node in ast.walk(function.tree) for o in _operands(node) if isinstance(o, ast.Name)]
    used = dict.fromkeys(o.id for o in sorted(operands, key=lambda o: (o.lineno, o.col_offset)))
    return [name for name in used if name in taken and name not in containers and not known(name)]


def _operands(node: ast.AST) -> list[ast.expr]:
    """What an operation computes with."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    return list(node.args) if isinstance(node, ast.Call) else []
