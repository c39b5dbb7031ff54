"""Contractions in NumPy: `@` on transposed views where the index string allows it."""

from __future__ import annotations

from graphc.emit.text import Scope, Text
from graphc.ir.node import Node
from graphc.ops.form import NEGATIVE, PRODUCT
from graphc.plan.contraction import Contraction, plan_contraction


def contract(scope: Scope, node: Node) -> Text:
    """The sum of products an index string says."""
    plan = plan_contraction(node)
    args = [_cast(scope, node, a) for a in node.args]
    result = _turned(_call(scope, plan, [args[p] for p in plan.operands]), plan.order)
    return result if plan.result == plan.output else _spread(scope, node, plan, result)


def matmul_into(scope: Scope, node: Node, out: str) -> Text:
    """A contraction whose plan `takes_out`, written into `out`; the expression is `out` as the output is ordered."""
    plan = plan_contraction(node)
    args = [_cast(scope, node, node.args[p]) for p in plan.operands]
    turned = [_turned(x, order) for x, order in zip(args, plan.orders, strict=True)]
    if plan.form == "dot":
        return Text(f"{_dotted(turned)[:-1]}, out={out})")
    if plan.form == "outer":
        return Text(f"{turned[0].bound()}[:, None].dot({turned[1].bound()}[None], out={out})")
    codes = ", ".join(x.code for x in turned)
    if plan.form == "multiply":
        codes = ", ".join(_aligned(x, i, plan).code for i, x in enumerate(turned))
    if plan.form == "einsum":
        return Text(f"{_einsum(plan, codes)[:-1]}, out={out})")
    if plan.order is None:
        return Text(f"np.{plan.form}({codes}, out={out})")
    back = tuple(sorted(range(len(plan.order)), key=plan.order.__getitem__))
    written = _turned(Text(out), back).code
    return _turned(Text(f"np.{plan.form}({codes}, out={written})"), plan.order)


def _cast(scope: Scope, node: Node, argument: Node) -> Text:
    return scope.array(argument, node.dtype)


def _turned(x: Text, order: tuple[int, ...] | None) -> Text:
    if order is None:
        return x
    lead = len(order) - 2
    if order == (1, 0):
        return Text(f"{x.bound()}.T")
    if order == (*range(lead), lead + 1, lead):
        return Text(f"{x.bound()}.swapaxes(-1, -2)")
    return Text(f"{x.bound()}.transpose{order}")


def _call(scope: Scope, plan: Contraction, args: list[Text]) -> Text:
    turned = [_turned(x, order) for x, order in zip(args, plan.orders, strict=True)]
    codes = ", ".join(x.code for x in turned)
    if plan.form == "dot":
        return Text(_dotted(turned))
    if plan.form == "matmul":
        return Text(f"{turned[0].bound(PRODUCT)} @ {turned[1].bound(NEGATIVE)}", PRODUCT)
    if plan.form == "multiply":
        a, b = (_aligned(x, i, plan) for i, x in enumerate(turned))
        return Text(f"{a.bound(PRODUCT)} * {b.bound(NEGATIVE)}", PRODUCT)
    if plan.form == "tensordot":
        assert plan.axes is not None
        return Text(f"np.tensordot({codes}, axes={plan.axes})")
    if plan.form == "blocks":
        assert plan.axes is not None
        inner, lead = len(plan.axes[0]), plan.axes[1][0]
        return Text(f"{scope.helper('_block_product')}({codes}, blocks={lead}, summed={inner})")
    if plan.form == "einsum":
        return Text(_einsum(plan, codes))
    return Text(f"np.{plan.form}({codes})")


def _dotted(args: list[Text]) -> str:
    """`x.dot(W)`: as a method it costs a third of what `@` does where arrays are small."""
    return f"{args[0].bound()}.dot({args[1].code})"


def _einsum(plan: Contraction, codes: str) -> str:
    more = ", optimize=True" if len(plan.operands) > 2 else ""
    return f'np.einsum("{plan.spec}", {codes}{more})'


def _aligned(x: Text, i: int, plan: Contraction) -> Text:
    """An operand of a product with new axes where the result has indices that it lacks."""
    own = plan.spec.split(",")[i]
    wanted = plan.result
    keys = [":" if letter in own else "None" for letter in wanted]
    while keys and keys[0] == "None" and own:
        keys.pop(0)  # leading axes broadcast by themselves
    return x if "None" not in keys or not own else Text(f"{x.bound()}[{', '.join(keys)}]")


def _spread(scope: Scope, node: Node, plan: Contraction, x: Text) -> Text:
    """New axes for indices that stand in the output only, and the diagonal for repeated ones."""
    distinct = "".join(dict.fromkeys(plan.output))
    shape = dict(zip(plan.output, node.shape, strict=True))
    if distinct != plan.result:
        keys = ", ".join(":" if letter in plan.result else "None" for letter in distinct)
        inner = Text(f"{x.bound()}[{keys}]") if plan.result else x
        x = Text(f"np.broadcast_to({inner.code}, {scope.shape(tuple(shape[i] for i in distinct))})")
    if distinct == plan.output:
        return x
    return Text(f'{scope.helper("_on_diagonal")}({x.code}, "{distinct}", "{plan.output}")')
