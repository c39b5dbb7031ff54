"""What a hand-written NumPy function claims: each gradient it gives, and each value of the model it works out again."""

from __future__ import annotations

from collections.abc import Mapping

from graphc.claims.reading import Claim, Claims, output_of
from graphc.derive.reverse import grad
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.lang.numpy_code import CodeFailure, CodeValue, build_code, read_function
from graphc.lang.program import Program
from graphc.lang.tree import Place


def claims_of_code(code: str, program: Program, bind: Mapping[str, str]) -> Claims:
    """The claims of `file.py:function` about a model; `bind` says which of its names are which of the model's."""
    path, _, name = code.rpartition(":")
    if not path.endswith(".py") or not name:
        raise GraphcError(
            f"{code}: the code is named as FILE.py:FUNCTION, as in backward.py:two_layer_backward"
        )
    built = build_code(read_function(path, name), program.names, bind)
    values: list[CodeValue | CodeFailure] = [*built.values, *built.failures]
    found = [_claim(value, value.target, program) for value in values if value.target is not None]
    if not any(claim.name for claim in found):
        raise GraphcError(
            f"{code} gives no gradient of the model in values such as `dW` or `grads['W']`; "
            "name them so, and the variables as in the model, or say `--bind W=w`"
        )
    found.sort(key=lambda claim: (claim.at.line, claim.at.column))
    named = {claim.name: claim for claim in found if claim.name and not claim.failure}
    return Claims(tuple(found), {name: claim.sides[1] for name, claim in named.items()})


def _claim(value: CodeValue | CodeFailure, target: Node, program: Program) -> Claim:
    """That a value is the gradient its name stands for, or what the model has under its name."""
    at = Place(value.line, value.column)
    gradient = value.subject is not None
    output = output_of(program, target, value.name, at) if gradient else None
    right = grad(output, target) if output is not None else target
    name = value.name if gradient else ""
    by = target if gradient else None
    if isinstance(value, CodeFailure):
        return Claim(value.text, at, (right,), name, output, by, value.sentence, of_zero=True)
    # What is returned stands for itself; on the way, a name may hold the gradient before a mask is put in place.
    earlier = () if value.returned else tuple(stage.node for stage in value.earlier)
    return Claim(value.text, at, (right, value.node), name, output, by, of_zero=True, earlier=earlier)
