"""The names of one text while it is built: nodes, sizes, where each was first written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from graphc.ir.errors import GraphcError, ParseError, ShapeError
from graphc.ir.node import Node, substitute
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import Dim, DimLike, dim
from graphc.lang import tree
from graphc.lang.suggest import meant, respelt
from graphc.lang.tree import Place
from graphc.ops.leaf import const, input_
from graphc.ops.move import transpose

T = TypeVar("T")


class Scope:
    """Names bound so far; `declared_only` makes an undeclared name an error instead of an input.

    Such an input is a scalar, or has the shape that `shapes` gives it.
    """

    def __init__(
        self,
        env: Mapping[str, Node],
        *,
        source: str | None = None,
        declared_only: bool = False,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
    ) -> None:
        self.source = source
        self.shapes = shapes or {}
        self.declared_only = declared_only
        self.nodes: dict[str, Node] = dict(env)
        self.first: dict[str, tree.Name | None] = dict.fromkeys(env)
        self.dims: dict[str, tree.Name | None] = {}
        self.implicit: set[str] = set()
        self.built: list[Node] = []  # what has no name: sides of claims, bare expressions
        self.derivatives: dict[Place, int] = {}  # of what and by what each is: places in `built`
        self.numerator = False  # `layout = numerator`: the gradient by a matrix is laid out transposed
        self._superseded: dict[Node, Node] = {}
        for node in env.values():
            self._learn_dims(node, None)

    def error(self, message: str, at: Place) -> ParseError:
        """A ParseError at a place of this source."""
        return ParseError(message, line=at.line, column=at.column, source=self.source)

    def misfit(self, message: str, at: Place) -> ShapeError:
        """A ShapeError at a place of this source."""
        return ShapeError(f"{self._where(at)}: {message}")

    def _where(self, at: Place) -> str:
        return f"{self.source + ', ' if self.source else ''}line {at.line}, column {at.column}"

    def call(self, at: Place, build: Callable[..., T], *args: Any, **keywords: Any) -> T:
        """`build(…)`, whose errors come back with the place in front."""
        try:
            return build(*args, **keywords)
        except ParseError as error:
            error.source = error.source or self.source
            raise
        except GraphcError as error:
            hint = self._undeclared_hint(args) if isinstance(error, ShapeError) else ""
            raise type(error)(f"{self._where(at)}: {error}{hint}") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise self.error(_refusal(error), at) from None

    def resolve(self, name: tree.Name) -> Node | Dim:
        """What a name stands for; in a text without declarations, an unknown one becomes an input."""
        if name.id == "pi":
            return const("pi")
        if name.id in self.nodes:
            return self.nodes[name.id]
        if name.id in self.dims:
            return _symbol(name.id)
        if self.declared_only:
            raise self._unknown(name)
        self.implicit.add(name.id)
        return self.bind(name, input_(name.id, self.shapes.get(name.id, ())))

    def knows(self, name: str) -> bool:
        """Whether the name is bound, or is a size."""
        return name == "pi" or name in self.nodes or name in self.dims

    def lookup(self, name: str) -> Node | DimLike | None:
        """The node or the size a name stands for by now, or None."""
        if name in self.nodes:
            return self.nodes[name]
        return _symbol(name) if name in self.dims else None

    def bind(self, name: tree.Name, node: Node) -> Node:
        """Bind a new name; raises ParseError if it is bound already."""
        self.check_new(name)
        self.nodes[name.id] = node
        self.first[name.id] = name
        self._learn_dims(node, name)
        return node

    def check_new(self, name: tree.Name) -> None:
        """Refuse a name that already means something."""
        if name.id in self.dims:
            since = _since(self.dims[name.id], name)
            raise self.error(f"`{name.id}` is a size{since}; choose another name", name.at)
        if name.id in self.nodes:
            how = "used as an input" if name.id in self.implicit else "defined"
            raise self.error(
                f"`{name.id}` is already {how}{_since(self.first[name.id], name)}; a name is bound once, "
                "choose another",
                name.at,
            )

    def new_dim(self, name: tree.Name) -> DimLike:
        """The size a name in a declaration stands for: a new one, unless it is bound to a whole number."""
        if name.id == "pi":
            raise self.error("`pi` is a number, not a size", name.at)
        if name.id in self.nodes and self.nodes[name.id].is_leaf:
            raise self.error(
                f"`{name.id}` is an input{_since(self.first[name.id], name)}, not a size; "
                "declare arrays before their sizes are used",
                name.at,
            )
        if name.id in self.nodes:
            return self.as_extent(self.nodes[name.id], name.at)
        self.dims.setdefault(name.id, name)
        return _symbol(name.id)

    def as_extent(self, value: object, at: Place) -> DimLike:
        """A value read as a whole number or a size."""
        if isinstance(value, Node) and value.op.name == "size":
            value = value.attr("dim")
        elif isinstance(value, Node) and value.op.name == "const":
            value = value.attr("value")
        if isinstance(value, bool) or not isinstance(value, int | Dim):
            raise self.error("a whole number or a size such as `N` was expected here", at)
        return value

    def note_derivative(self, at: Place, of: Node, by: Node) -> None:
        """Keep of what and by what the derivative written at a place is."""
        self.derivatives[at] = len(self.built)
        self.built += [of, by]

    def laid_out(self, gradient: Node) -> Node:
        """The gradient of a scalar in the layout of the text: of the variable's shape, unless it says otherwise."""
        return transpose(gradient) if self.numerator and gradient.ndim == 2 else gradient

    def replace(self, old: Node, new: Node) -> None:
        """Put `new` for `old` in every name and in `built`.

        Where a leaf only gains a fact, what is built on it follows in `settle`: many facts, one rebuilding.
        """
        if not old.is_leaf:
            self.settle()
            self._rebuild({old: new})
            return
        self._superseded = {was: new if now is old else now for was, now in self._superseded.items()}
        self._superseded[old] = new
        self.nodes = {name: new if node is old else node for name, node in self.nodes.items()}

    def settle(self) -> None:
        """Rebuild everything on the leaves that gained facts; to be called before a graph is looked into."""
        if self._superseded:
            self._rebuild(self._superseded)

    def _rebuild(self, replacements: Mapping[Node, Node]) -> None:
        replaced = iter(substitute([*self.nodes.values(), *self.built], replacements))
        self.nodes = {name: next(replaced) for name in self.nodes}
        self.built = list(replaced)

    def _learn_dims(self, node: Node, name: tree.Name | None) -> None:
        for extent in node.shape if node.is_leaf or name is None else ():
            for symbol in extent.symbols if isinstance(extent, Dim) else ():
                if symbol not in self.nodes:
                    self.dims.setdefault(symbol, name)

    def _undeclared_hint(self, operands: tuple[Any, ...]) -> str:
        scalars = [x.name for x in operands if isinstance(x, Node) and x.is_leaf and x.name in self.implicit]
        if not scalars:
            return ""
        return (
            f"; `{scalars[0]}` was not declared, which makes it a scalar: declare `{scalars[0]} = input(N)`"
        )

    def _unknown(self, name: tree.Name) -> ParseError:
        hint = meant(name.id, [*self.nodes, *self.dims])
        if not hint and name.id in FUNCTIONS:
            hint = f"; the function is called as `{name.id}(x)`"
        if not hint:
            hint = f"; declare it: `{name.written} = input(N)`, or `input()` for a scalar"
        return self.error(f"`{name.id}` is not defined{hint}{respelt(name.written)}", name.at)


def _refusal(error: Exception) -> str:
    """A sentence for what an operation raised that is not of our own family of errors."""
    text = " ".join(str(error).split())
    ours = text and not re.search(r" object|object of type|supported|argument|\(\) ", text)
    return f"this cannot be built: {text}" if ours else "this cannot be built: the arguments do not fit"


def _symbol(name: str) -> Dim:
    symbol = dim(name)
    assert isinstance(symbol, Dim)
    return symbol


def _since(first: tree.Name | None, again: tree.Name) -> str:
    """Where a name was written first, and how, if Unicode normalisation made the two one."""
    if first is None:
        return ""
    return f" at line {first.at.line}" + next(filter(None, map(respelt, (first.written, again.written))), "")
