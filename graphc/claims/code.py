"""What a hand-written NumPy function claims: each gradient it gives, and each value of the model it works out again."""

from __future__ import annotations

from collections.abc import Mapping

from graphc.claims.reading import Claim, Claims, output_of
from graphc.derive.reverse import grad
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.lang.gradients import subject_of
from graphc.lang.numpy_code import CodeValue, build_code, read_function
from graphc.lang.program import Program
from graphc.lang.tree import Place


def claims_of_code(code: str, program: Program, bind: Mapping[str, str]) -> Claims:
    """The claims of `file.py:function` about a model; `bind` says which of its names are which of the model's."""
    path, _, name = code.rpartition(":")
    known = {**program.names}
    for own, meant in bind.items():
        if meant not in program.names:
            raise GraphcError(f"the model has no `{meant}`, which `{own}` was to be")
        known[own] = program.names[meant]
    built = build_code(read_function(path, name), known)
    found = [claim for value in built.values if (claim := _claim(value, program, known)) is not None]
    if not found:
        raise GraphcError(f"{code} gives no gradient: none of its values is named as one, such as `dW`")
    return Claims(tuple(found), {v.name: v.node for v in built.values if v.node.name == v.name})


def _claim(value: CodeValue, program: Program, known: Mapping[str, Node]) -> Claim | None:
    """That a value is the gradient its name stands for, or what the model has under its name."""
    at = Place(value.line, value.column)
    subject = subject_of(value.name, known)
    if subject is not None and known[subject].dtype == "real":
        target = known[subject]
        output = output_of(program, target, value.name, at)
        return Claim(value.text, at, (grad(output, target), value.node), value.name, output, target)
    if value.name in known and known[value.name].args:
        return Claim(value.text, at, (known[value.name], value.node))
    return None
