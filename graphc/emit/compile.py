"""From a graph to running NumPy: lower, plan, write, load."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import overload

from graphc.emit.function import Function, Step
from graphc.emit.module import RESERVED, Result
from graphc.ir.errors import DTypeError, GraphcError
from graphc.ir.graph import Graph
from graphc.ir.node import Node, expect_node
from graphc.ir.op import plainly_called
from graphc.ir.pause import collection_paused
from graphc.ir.types import check_sizes
from graphc.ops.pointwise import cast
from graphc.plan.costs import SHIPPED, CostTable, load_table
from graphc.plan.entries import TARGETS
from graphc.plan.plan import make_plan
from graphc.plan.setting import Setting
from graphc.rewrite.simplify import simplify_all

REALS = ("float64", "float32")
Outputs = Node | Sequence[Node] | Mapping[str, Node]
Costs = CostTable | str | os.PathLike[str]


@overload
def compile_(
    outputs: Outputs,
    *,
    updates: None = None,
    dtype: str = "float64",
    sizes: Mapping[str, int] | None = None,
    reuse: bool = False,
    name: str = "f",
    without: Sequence[str] = (),
    costs: Costs | None = None,
    memory: int | None = None,
    target: str = "numpy",
) -> Function: ...


@overload
def compile_(
    outputs: Outputs,
    *,
    updates: Mapping[Node, Node],
    dtype: str = "float64",
    sizes: Mapping[str, int] | None = None,
    reuse: bool = False,
    name: str = "f",
    without: Sequence[str] = (),
    costs: Costs | None = None,
    memory: int | None = None,
    target: str = "numpy",
) -> Step: ...


@collection_paused()
@plainly_called
def compile_(
    outputs: Outputs,
    *,
    updates: Mapping[Node, Node] | None = None,
    dtype: str = "float64",
    sizes: Mapping[str, int] | None = None,
    reuse: bool = False,
    name: str = "f",
    without: Sequence[str] = (),
    costs: Costs | None = None,
    memory: int | None = None,
    target: str = "numpy",
) -> Function | Step:
    """Compile a graph to one NumPy function, or with `updates` to a training step; all is simplified together.

    `outputs` is a node, a list or tuple of nodes, or a dict by name; results come back in the same form. `updates`
    gives the new value of parameters and states, each computed from the old values. `name` is what the function or
    class is called, `dtype` what reals become.

    What the planner may know and do: `sizes` are hints to reckon with, as `{"N": 128}`; one function serves every size,
    but named sizes of what a step owns are bound by them. With `reuse` the next call may overwrite the arrays returned.
    `without` switches passes off by name (`f.plan.notes` tells what each did). `costs` is a table of what operations
    take, or the file that `graphc tune` wrote it to; without it the shipped one, the same everywhere. `memory` is a
    budget in bytes for intermediate values at the given `sizes`: what does not fit is computed again when needed.
    With `target="numba"`, cheap elementwise chains on arrays of one shape are loops that Numba compiles at the first
    call; the numbers are the same.

    Raises `DTypeError` for a `dtype` of another name, `BindError` when a size cannot be known at the call, and
    `GraphcError` for an update that is none, a pass that there is not, a budget that cannot be met, and a target
    that there is not or that is not installed.

    >>> import graphc as g
    >>> x = g.input("x", "N"); f = g.compile(g.sum(x * x))
    >>> float(f(x=[1, 2, 3]))
    14.0
    """
    if dtype not in REALS:
        raise DTypeError(f"dtype {dtype!r} is not one of {', '.join(REALS)}")
    if not isinstance(name, str):
        raise GraphcError(f"the name of a function is text, not {name!r}")
    nodes, result = _unpacked(outputs)
    written = (*nodes, *_new_values(updates or {}))
    _check_sizes(sizes, (*written, *(updates or ())))
    simple = [cast(n, old.dtype) for n, old in zip(simplify_all(written), written, strict=True)]
    new = dict(zip(updates, simple[len(nodes) :], strict=True)) if updates is not None else None
    labels = {
        n: k for k, n in zip(result.keys, simple, strict=False) if k and n.name is None and not n.is_leaf
    }
    plan = make_plan(
        simple[: len(nodes)],
        new,
        name=name,
        setting=Setting(
            real=dtype,
            sizes=tuple(sorted((sizes or {}).items())),
            owns=updates is not None,
            workspace=reuse or updates is not None,
            outputs_too=reuse,
            off=frozenset(without),
            costs=_cost_table(costs),
            memory=_checked_memory(memory),
            target=_checked_target(target),
        ),
        reserved=RESERVED,
        labels=labels,
        written=written,
    )
    if updates is None:
        return Function(plan, nodes, dtype, result)
    return Step(plan, nodes, dtype, result, sizes or {})


def _checked_target(target: str) -> str:
    if target not in TARGETS:
        raise GraphcError(f"target {target!r} is not one of {', '.join(TARGETS)}")
    if target == "numba" and find_spec("numba") is None:
        raise GraphcError('target "numba" needs numba: pip install "graphc[numba]"')
    return target


def _checked_memory(memory: int | None) -> int | None:
    whole = isinstance(memory, int) and not isinstance(memory, bool)
    if memory is not None and (not whole or memory <= 0):
        raise GraphcError(f"memory is a whole number of bytes from 1, not {memory!r}")
    return memory


def _cost_table(costs: Costs | None) -> CostTable:
    if costs is None or isinstance(costs, CostTable):
        return costs or SHIPPED
    return load_table(costs)


def _check_sizes(sizes: Mapping[str, int] | None, roots: Sequence[Node]) -> None:
    check_sizes(sizes)
    if not sizes:
        return
    there = Graph(tuple(roots)).sizes
    for name in sizes:
        if name not in there:
            known = ", ".join(there) or "none"
            raise GraphcError(f"no input, parameter or state has a size {name!r}; there are {known}")


def _new_values(updates: Mapping[Node, Node]) -> list[Node]:
    if not isinstance(updates, Mapping):
        raise GraphcError("updates give each parameter its new value, as in {W: W - lr*dW}")
    for leaf in updates:
        expect_node(leaf, "what is updated")
    return [expect_node(value, f"the new value of {leaf.name}") for leaf, value in updates.items()]


def _unpacked(outputs: Outputs) -> tuple[tuple[Node, ...], Result]:
    nodes: tuple[Node, ...]
    if isinstance(outputs, Node):
        nodes, result = (outputs,), Result("single")
    elif isinstance(outputs, Mapping):
        nodes, result = tuple(outputs.values()), Result("dict", tuple(outputs))
    elif not isinstance(outputs, Iterable):
        raise GraphcError(f"outputs are a node, a list or a dict of nodes, not {outputs!r}")
    else:
        nodes, result = tuple(outputs), Result("tuple" if isinstance(outputs, tuple) else "list")
    return tuple(expect_node(node, "an output") for node in nodes), result
