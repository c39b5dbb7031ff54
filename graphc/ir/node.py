"""Immutable, interned nodes: equal expressions are one object, and equality is `is`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from reprlib import Repr
from typing import Any
from weakref import ref

from graphc.ir.errors import GraphcError
from graphc.ir.op import NOTATIONS, Attrs, Op
from graphc.ir.operators import Operators
from graphc.ir.types import DType, Shape, show_shape


class Node(Operators):
    """One operation applied to arguments: `op`, `args`, `attrs`, and what follows from them, `shape` and `dtype`.

    A name takes part in identity: `(x + y).named("q")` is another node than `x + y`. `constant` is true when
    no input, parameter or random draw stands below the node.
    """

    __slots__ = ("__weakref__", "args", "attrs", "constant", "dtype", "name", "op", "shape")
    op: Op
    args: tuple[Node, ...]
    attrs: Attrs
    name: str | None
    shape: Shape
    dtype: DType
    constant: bool

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError("nodes are immutable")

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Node:
        return self

    def __repr__(self) -> str:
        label = f"{self.name} = " if self.name and self.args else ""
        given = ", ".join(a.name or a.op.name for a in self.args)
        head = self.name if self.is_leaf else f"{self.op.name}({given})"
        return f"<{label}{head} {show_shape(self.shape)} {self.dtype}>"

    def __str__(self) -> str:
        written = (notation(self) for notation in NOTATIONS)
        return next((text for text in written if text is not None), repr(self))

    @property
    def is_leaf(self) -> bool:
        """Whether this is an input or a parameter."""
        return self.op.kind == "leaf"

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def attr(self, name: str) -> Any:
        """One attribute by its name."""
        return self.attrs[self.op.attr_names.index(name)]

    def named(self, name: str) -> Node:
        """The same expression as a named intermediate, a node of its own."""
        if not isinstance(name, str) or not name:
            raise GraphcError(f"a name is a non-empty string, not {_brief(name)}")
        return make(self.op, self.args, self.attrs, name)


def expect_node(thing: object, role: str) -> Node:
    """`thing` if it is a node; else a GraphcError that says what `role` asks for."""
    if isinstance(thing, Node):
        return thing
    raise GraphcError(f"{role} has to be a node of a graph, not {_brief(thing)}")


def expect_nodes(things: object, role: str) -> list[Node]:
    """The nodes of a list, or one node by itself."""
    if isinstance(things, Node):
        return [things]
    if isinstance(things, str) or not isinstance(things, Iterable):
        return [expect_node(things, role)]
    return [expect_node(thing, role) for thing in things]


def _brief(thing: object) -> str:
    """What was given instead, on one short line."""
    shortener = Repr()
    shortener.maxstring = shortener.maxother = 80
    return " ".join(shortener.repr(thing).split())


class _Reference(ref["Node"]):
    """A node that is still in use somewhere, as the table has it, and what it is found by there."""

    __slots__ = ("key",)
    key: Hashable


def _forget(gone: _Reference) -> None:
    if _interned.get(gone.key) is gone:
        del _interned[gone.key]


_interned: dict[Hashable, _Reference] = {}
_new = object.__new__
_set_op, _set_args, _set_attrs, _set_name, _set_shape, _set_dtype, _set_constant = (
    Node.__dict__[slot].__set__ for slot in ("op", "args", "attrs", "name", "shape", "dtype", "constant")
)
_GIVEN = ("leaf", "random")


def make(
    op: Op,
    args: Iterable[Node] = (),
    attrs: Attrs = (),
    name: str | None = None,
    *,
    like: Node | None = None,
) -> Node:
    """The node for `op` applied to `args`: the existing one if there is one.

    `like` has the same operation and attributes, and so the same shape and dtype if its arguments have those of `args`.
    """
    args = tuple(args)
    key = (op, args, attrs, name)
    known = _interned.get(key)
    if known is not None and (found := known()) is not None:
        return found
    if like is not None and _alike(args, like):
        shape, dtype = like.shape, like.dtype
    else:
        shape, dtype = op.infer(args, attrs)
    constant = op.kind not in _GIVEN
    for argument in args:
        constant = constant and argument.constant
    node = _new(Node)
    _set_op(node, op)
    _set_args(node, args)
    _set_attrs(node, attrs)
    _set_name(node, name)
    _set_shape(node, shape)
    _set_dtype(node, dtype)
    _set_constant(node, constant)
    reference = _interned[key] = _Reference(node, _forget)
    reference.key = key
    return node


def _alike(args: tuple[Node, ...], like: Node) -> bool:
    """Whether nothing that a result's shape and dtype depend on differs; a composite asks its body."""
    if like.op.kind == "composite":
        return False
    for a, b in zip(args, like.args, strict=True):
        if a is not b and (a.shape != b.shape or a.dtype != b.dtype):
            return False
    return True


def rebuild(node: Node, args: Iterable[Node]) -> Node:
    """The same operation, attributes and name on other arguments."""
    args = tuple(args)
    return node if args == node.args else make(node.op, args, node.attrs, node.name, like=node)


def topological(roots: Iterable[Node], *, stop: Callable[[Node], bool] | None = None) -> list[Node]:
    """Every node below `roots`, arguments before users, in an order fixed by the roots alone."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = []
    stack.extend(reversed([*roots]))
    while stack:
        node = stack.pop()
        if node is None:  # what stands below it has had all its arguments
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            if seen.issuperset(node.args) or (stop is not None and stop(node)):
                order.append(node)
            else:
                stack += (node, None, *node.args[::-1])
    return order


def substitute(roots: Iterable[Node], replacements: Mapping[Node, Node]) -> list[Node]:
    """`roots` with nodes replaced, and everything above them rebuilt."""
    roots = list(roots)
    done: dict[Node, Node] = dict(replacements)
    for node in topological(roots, stop=done.__contains__):
        if node not in done:
            done[node] = rebuild(node, (done[a] for a in node.args))
    return [done[r] for r in roots]


def users(roots: Iterable[Node]) -> dict[Node, list[tuple[Node, int]]]:
    """For each node below `roots`, its uses as (user, argument index), in topological order of the users."""
    order = topological(roots)
    uses: dict[Node, list[tuple[Node, int]]] = {node: [] for node in order}
    for node in order:
        for index, argument in enumerate(node.args):
            uses[argument].append((node, index))
    return uses
