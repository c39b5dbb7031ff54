"""The model a function is read beside: which of the code's names are nodes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from graphc.ir.errors import ParseError
from graphc.ir.node import Node
from graphc.ir.types import Dim, dim
from graphc.lang.limits import check_number
from graphc.lang.numpy_code.arrays import Array, fresh
from graphc.lang.numpy_code.errors import refuse
from graphc.lang.numpy_code.numbers import Kind
from graphc.lang.numpy_code.objects import Unknown, Value
from graphc.lang.numpy_code.recognise import Recogniser
from graphc.ops.leaf import constant_value

# Arguments and attributes that only hold others: `self.params["W1"]` is found as `W1`.
HOLDERS = frozenset(
    [
        "self",
        "params",
        "parameters",
        "weights",
        "theta",
        "cache",
        "caches",
        "memory",
        "mem",
        "state",
        "store",
        "saved",
        "values",
        "vals",
        "forward_cache",
        "activations",
        "acts",
        "model",
        "net",
        "network",
        "ctx",
        "context",
        "layers",
        "saved_tensors",
    ]
)
ABSENT = object()  # what a name stands for that the model does not have
_KINDS: dict[str, Kind] = {"bool": "bool", "int": "int", "real": "float"}


class Model:
    """The names of a model. A name is the same array wherever the code takes it from."""

    __slots__ = ("_aliases", "_arrays", "_bind", "_env", "_recogniser", "_sizes", "_taken", "used")

    def __init__(self, env: Mapping[str, Node], bind: Mapping[str, str]) -> None:
        self._env, self._bind = env, bind
        self._arrays: dict[str, Array] = {}
        symbols = {s for n in env.values() for d in n.shape if isinstance(d, Dim) for s in d.symbols}
        self._sizes = symbols
        self._recogniser = Recogniser(env)
        self._aliases: dict[str, Node | None] = {}
        self._taken: dict[str, str] = {}
        self.used: dict[str, None] = {}

    def node(self, name: str) -> Node | None:
        """The node of the model that a name of the code stands for, by its name or by what it holds."""
        found = self._env.get(self._bind.get(name, name))
        return self._aliases.get(name) if found is None else found

    def named(self, node: Node, name: str) -> Node:
        """The value a name is bound to: the model's own node if it is that, else a node of this name."""
        found = self._recogniser.find(node)
        if self._aliases.setdefault(name, found) is not found:
            self._aliases[name] = None  # a name that holds one value after another stands for none
        if found is not None:
            return found
        free = self._env.get(self._bind.get(name, name)) is None and node.name is None and not node.constant
        return node.named(name) if free else node

    @property
    def names(self) -> Iterable[str]:
        """The names the model has."""
        return self._env

    def find(self, names: Iterable[str]) -> Value:
        """The value of the first of these names that the model has; ABSENT if it has none of them."""
        for name in names:
            meant = self._bind.get(name, name)
            node = self._env.get(meant)
            if node is not None:
                self.used[name] = None
                return self._value(name, node)
            if meant in self._sizes:
                return dim(meant)
            if name in self._bind:
                return _literal(name, meant)
        return ABSENT

    def _value(self, name: str, node: Node) -> Value:
        exact = constant_value(node) if node.dtype == "int" else None
        if exact is not None:
            return int(exact)
        if node.op.name == "size":
            return node.attrs[0]
        if name not in self._arrays:
            self._arrays[name] = fresh(node, _KINDS[node.dtype])
        return self._arrays[name]

    def untouched(self, array: Array) -> bool:
        """Whether an array is one of the model's own, which the code has not written to."""
        return not array.cell.version and any(a.cell is array.cell for a in self._arrays.values())

    def member(self, owner: Unknown, key: Value) -> Value:
        """`owner.key` or `owner[key]`: what the code stored there, else the model's of that name."""
        if key in owner.entries:
            return owner.entries[key]
        path = f"{owner.path}.{key}"
        found = self.find([path])
        if found is ABSENT and isinstance(key, str) and owner.direct:
            holder = owner.path.rpartition(".")[2] in HOLDERS
            found = self.find([key]) if holder else self._by_name(owner, key)
        if found is ABSENT:
            holder = isinstance(key, str) and key in HOLDERS
            found = Unknown(path, (), owner.direct and holder)
        owner.entries[key] = found
        return found

    def unpacked(self, owner: Unknown, names: list[str | None], *, top: bool) -> list[Value]:
        """`a, b = owner`: each found by the name it is given, in the function that is judged itself."""
        found: list[Value] = []
        for index, name in enumerate(names):
            paths = [f"{owner.path}.{index}"]
            if name is not None:
                paths.insert(0, f"{owner.path}.{name}")
            value = self.find(paths)
            if value is ABSENT and name is not None and top:
                value = self._by_name(owner, name)
            found.append(Unknown(paths[0], (), False) if value is ABSENT else value)
        return found

    def _by_name(self, owner: Unknown, name: str) -> Value:
        """The model's `name`, for what is taken out of `owner`; refused where two hold one of this name."""
        value = self.find([name])
        if value is not ABSENT and self._taken.setdefault(name, owner.path) != owner.path:
            first, path = self._taken[name], owner.path
            refuse(
                f"both `{first}` and `{path}` hold a `{name}`; say which is which with --bind {path}.{name}=NAME"
            )
        return value

    def parameters(self) -> dict[str, Value]:
        """The parameters of the model by name, what `self.params` is."""
        return {name: self.find([name]) for name, node in self._env.items() if node.op.name == "param"}

    def renamed(self, owner: Unknown, name: str) -> Value:
        """`x = cache`: the model's `x`, if it has one, where `cache` is an argument of which nothing else is known."""
        if (
            owner.direct
            and not owner.entries
            and owner.path not in HOLDERS - {"cache", "saved", "mem", "memory", "ctx"}
        ):
            found = self.find([name])
            return owner if found is ABSENT else found
        return owner


def _literal(name: str, text: str) -> Value:
    """What a name is bound to if that is no name: a number, a text in quotes, True, False or None."""
    plain = {"True": True, "False": False, "None": None}
    if text in plain:
        return plain[text]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    try:
        check_number(text.removeprefix("-"), 1, 1)
        return int(text) if text.removeprefix("-").isdecimal() else Fraction(text)
    except (ParseError, ValueError):
        raise ParseError(f"the model has no `{text}`, which `{name}` is bound to") from None
