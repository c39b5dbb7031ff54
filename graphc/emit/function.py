"""What `compile_` gives back: a `Function` of its arguments, or a `Step` that owns parameters and states."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphc.emit.module import Result, title, write_module
from graphc.emit.profile import CLOCK, Profile, Stopwatch, drawn, profile_calls, sizes_of
from graphc.ir.errors import BindError, OutputError, UnknownNameError
from graphc.ir.files import path_of, write_file
from graphc.ir.node import Node
from graphc.ir.types import evaluate_dim, show_shape
from graphc.ops.naive import Arithmetic, evaluate, match_shape
from graphc.plan.plan import Plan
from graphc.plan.sizes import solve_sizes


class Compiled:
    """Generated code, and the means to look at it: `source`, `plan` (with `table()` and `notes`), `save`, `profile`."""

    def __init__(self, plan: Plan, surface: Sequence[Node], real: str, result: Result) -> None:
        self.plan = plan
        self.dtype = real
        self.source = write_module(plan, real, result)
        self._surface = tuple(surface)
        self._result = result
        self._names = {leaf.name or "": plan.names[leaf] for leaf in plan.inputs}
        self._same_names = all(name == used for name, used in self._names.items())
        self._made = _loaded(plan, self.source)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the module to `path`, wholly or not at all; raises `OutputError` if that cannot be done."""
        target = path_of(path, "a module")
        try:
            write_file(target, self.source.encode())
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            raise OutputError(f"{target} cannot be written: {reason}") from None

    def profile(
        self,
        /,
        *args: Any,
        repeat: int = 20,
        sizes: Mapping[str, int] | None = None,
        **values: Any,
    ) -> Profile:
        """Run `repeat` times with a clock between the steps; give the median time of each beside its mathematics.

        With `sizes`, which may be empty, inputs without a value are random, a size that is not known being 64. What a
        step owns is left as it is: a copy of it is run. Raises `BindError` as a call does.
        """
        return self.profile_on(self._named(args, values), repeat=repeat, sizes=sizes)

    def profile_on(
        self, values: Mapping[str, Any], *, repeat: int = 20, sizes: Mapping[str, int] | None = None
    ) -> Profile:
        """`profile`, the inputs given in one mapping by name."""
        owned = self._owned_sizes()
        known = {**(sizes or {}), **owned}
        given = dict(values)
        if sizes is not None:
            given = drawn(self.plan, given, sizes_of(self.plan, given, known), self.dtype)
        clock = Stopwatch()
        call, before = self._clocked(clock)

        def run() -> None:
            self._run(call, (), given, owned)

        return profile_calls(self.plan, run, before, clock, given, known, repeat)

    def _owned_sizes(self) -> dict[str, int]:
        """The sizes that are fixed."""
        return {}

    def _clocked(self, clock: Stopwatch) -> tuple[Any, Callable[[], None]]:
        """What to call for a run that is timed by `clock`, and what to do before each."""
        made = self._load_clocked(clock)
        return (made() if isinstance(made, type) else made), lambda: None

    def _load_clocked(self, clock: Stopwatch) -> Any:
        source = write_module(self.plan, self.dtype, self._result, clock=CLOCK)
        return _loaded(self.plan, source, {CLOCK: clock})

    def _named(self, args: tuple[Any, ...], values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The call's values by the names of the inputs."""
        declared = list(self._names)
        if len(args) > len(declared):
            raise BindError(f"{len(args)} values given, and there are {len(declared)}: {_listed(declared)}")
        return {**_without_twice(dict(zip(declared, args, strict=False)), values)}

    def _arguments(self, args: tuple[Any, ...], values: Mapping[str, Any]) -> dict[str, Any]:
        """The call's values by the names of the generated code; one sentence if one is missing or unknown."""
        values = self._named(args, values)
        try:
            given = {self._names[name]: value for name, value in values.items()}
        except KeyError as error:
            raise BindError(
                f"there is no input {error.args[0]!r}; there is {_listed(list(self._names))}"
            ) from None
        if len(given) < len(self._names):
            leaf = next(x for x in self.plan.inputs if x.name not in values)
            raise BindError(f"no value for {leaf.name} {show_shape(leaf.shape)}: give {leaf.name}=…")
        return given

    def _run(
        self, call: Any, args: tuple[Any, ...], values: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> Any:
        try:
            return call(*args, **values) if self._same_names else call(**self._arguments(args, values))
        except (ValueError, TypeError):
            # The generated code has refused; say which value it was. What passes here is an error of another kind.
            self._explain(self._arguments(args, values), sizes)
            raise

    def _explain(self, given: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
        """Raise `BindError` if one of the values is not what was declared."""
        known = dict(sizes)
        shapes: dict[Node, tuple[int, ...]] = {}
        for leaf in self.plan.inputs:
            try:
                array = np.asarray(given[self.plan.names[leaf]])
                if leaf.dtype == "int" and array.dtype.kind not in "biu" and array.size:
                    raise BindError(f"{leaf.name} has to hold whole numbers and was given as {array.dtype}")
                Arithmetic(self.dtype).array(array, leaf.dtype)
            except (ValueError, TypeError):
                raise BindError(f"the value for {leaf.name} is not an array of numbers") from None
            shapes[leaf] = array.shape
        known.update(solve_sizes(self.plan.rules, shapes, known))
        for leaf, shape in shapes.items():
            match_shape(leaf, shape, known)
        for leaf, classes in self.plan.labels:
            array, count = np.asarray(given[self.plan.names[leaf]]), evaluate_dim(classes, known)
            if array.size and not (array.min() >= 0 and array.max() < count):
                found = f"{array.min()} to {array.max()}"
                raise BindError(f"{leaf.name} has to hold labels from 0 to {count - 1} and was given {found}")


def _loaded(plan: Plan, source: str, names: Mapping[str, Any] | None = None) -> Any:
    """The function or class that the generated code of a plan defines; `names` is what it finds besides."""
    namespace: dict[str, Any] = {"__name__": f"graphc_generated_{title(plan.name)}", **(names or {})}
    exec(compile(source, f"<graphc: {title(plan.name)}>", "exec"), namespace)  # noqa: S102
    return namespace[title(plan.name)]


class Function(Compiled):
    """A pure function of its inputs and parameters, by keyword or in the declared order, for all sizes that fit.

    The arrays it returns are fresh, unless it was compiled with `reuse=True`: then it keeps memory for the sizes met
    last, and is for one caller at a time.
    """

    def __init__(self, plan: Plan, surface: Sequence[Node], real: str, result: Result) -> None:
        super().__init__(plan, surface, real, result)
        self._call = self._made() if isinstance(self._made, type) else self._made

    def __call__(self, /, *args: Any, **values: Any) -> Any:
        """The outputs, in the form they were given in; raises `BindError` for values that do not fit."""
        return self._run(self._call, args, values, {})

    def naive(self, /, *args: Any, **values: Any) -> Any:
        """The outputs by the reference interpreter, one plain operation per node of the original graph."""
        given = self._arguments(args, values)
        by_leaf = {leaf.name or "": given[self.plan.names[leaf]] for leaf in self.plan.inputs}
        shapes = {leaf: np.shape(by_leaf[leaf.name or ""]) for leaf in self.plan.inputs}
        sizes = solve_sizes(self.plan.rules, shapes)
        arrays = evaluate(self._surface, by_leaf, Arithmetic(self.dtype), sizes=sizes)
        return packed(arrays, self._result)


def packed(arrays: Sequence[Any], result: Result) -> Any:
    """The arrays in the form the outputs were given in."""
    match result.form:
        case "single":
            return arrays[0]
        case "tuple":
            return tuple(arrays)
        case "dict":
            return dict(zip(result.keys, arrays, strict=True))
    return list(arrays)


class _Views(dict[str, Any]):
    """Arrays by name, and a sentence for a name that none has."""

    def __missing__(self, name: object) -> Any:
        raise UnknownNameError(f"there is no {name!r}; there is {_listed(list(self))}")


class Step(Compiled):
    """Forward, backward and update in one call, on parameters and states it owns.

    Every update reads the old values. `params` and `state` hold named views of one flat array each. Memory for results
    on the way is kept for the batch sizes met last; a step is for one caller at a time.
    """

    def __init__(
        self, plan: Plan, surface: Sequence[Node], real: str, result: Result, sizes: Mapping[str, int]
    ) -> None:
        super().__init__(plan, surface, real, result)
        self._ready = False
        self._object: Any = None
        self._sizes: dict[str, int] = {}
        if all(s in sizes for s in plan.owned_sizes):
            self._allocate({s: sizes[s] for s in plan.owned_sizes})

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters by name: views to read, and to write with `step.params["W"][...] = value`."""
        return self._storage().params  # type: ignore[no-any-return]

    @property
    def state(self) -> Mapping[str, Any]:
        """The states by name: views, as `params`."""
        return self._storage().state  # type: ignore[no-any-return]

    @property
    def flat_params(self) -> Any:
        """All parameters in one array, one after another: groups updated together first, else as they appear."""
        return self._storage().flat_params

    def __call__(self, /, *args: Any, **values: Any) -> Any:
        """Run one step and return the outputs, computed from the values before the update."""
        if not self._ready:
            self._check_filled()
        return self._run(self._storage(), args, values, self._sizes)

    def initialize(self, seed: int | None = None) -> Step:
        """Fill parameters and states that have an `init` from one random stream; other states become zero.

        A parameter without one keeps the value it was given.
        """
        try:
            rng = np.random.default_rng(seed)
        except (TypeError, ValueError):
            raise BindError(f"a seed is a whole number from 0, not {seed!r}") from None
        for leaf, array in self._owned_arrays():
            init = leaf.attr("init")
            if init is not None:
                array[...] = init.sample(array.shape, rng)
            elif leaf.op.name == "state":
                array[...] = 0
        return self

    def load(self, values: Mapping[str, Any]) -> Step:
        """Set parameters and states by name; the first load may fix the named sizes in their shapes."""
        if not isinstance(values, Mapping):
            raise BindError("values are given by name, as in load({'W': array})")
        leaves = {leaf.name or "": leaf for leaf in self.plan.owned}
        arrays: dict[Node, Any] = {}
        for name, value in values.items():
            if name not in leaves:
                raise BindError(f"there is no parameter or state {name!r}; there is {_listed(list(leaves))}")
            arrays[leaves[name]] = np.asarray(value)
        known = dict(self._sizes)
        for leaf, array in arrays.items():
            match_shape(leaf, array.shape, known)
        if self._object is None:
            self._allocate(known)
        for leaf, array in arrays.items():
            self._view(leaf)[...] = array
        return self

    def _owned_sizes(self) -> dict[str, int]:
        self._storage()
        return dict(self._sizes)

    def _clocked(self, clock: Stopwatch) -> tuple[Any, Callable[[], None]]:
        own = self._storage()
        self._check_filled()
        other = self._load_clocked(clock)(*self._sizes.values())
        kept = [(name, getattr(own, name).copy()) for name in ("flat_params", "flat_state")]

        def before() -> None:
            for name, values in kept:
                getattr(other, name)[...] = values

        return other, before

    def _allocate(self, sizes: Mapping[str, int]) -> None:
        missing = [s for s in self.plan.owned_sizes if s not in sizes]
        if missing:
            raise BindError(_unsized(self.plan, missing[0]))
        self._sizes = {s: int(sizes[s]) for s in self.plan.owned_sizes}
        self._object = self._made(*self._sizes.values())
        for shelf in ("params", "state"):
            setattr(self._object, shelf, _Views(getattr(self._object, shelf)))
        self._object.flat_params.fill(np.nan)  # so that one never given a value is noticed

    def _storage(self) -> Any:
        if self._object is None:
            missing = [s for s in self.plan.owned_sizes if s not in self._sizes]
            raise BindError(_unsized(self.plan, missing[0]))
        return self._object

    def _view(self, leaf: Node) -> Any:
        storage = self._storage()
        return (storage.params if leaf.op.name == "param" else storage.state)[leaf.name]

    def _owned_arrays(self) -> list[tuple[Node, Any]]:
        return [(leaf, self._view(leaf)) for leaf in self.plan.owned]

    def _check_filled(self) -> None:
        flat = self._storage().flat_params
        if flat.size and np.isnan(flat.max()):
            leaf = next(p for p, array in self._owned_arrays() if np.isnan(array).any())
            mend = (
                f"step.load({{{leaf.name!r}: …}}), or declare it with an init"
                if leaf.attr("init") is None
                else "step.initialize(seed)"
            )
            raise BindError(f"the parameter {leaf.name} has no value yet: call {mend}")
        self._ready = True


def _unsized(plan: Plan, size: str) -> str:
    leaf = next(p for p in plan.owned if any(size in getattr(d, "symbols", ()) for d in p.shape))
    return (
        f"the size {size} of {leaf.name} {show_shape(leaf.shape)} is not known yet: "
        f"compile with sizes={{{size!r}: …}}, or load a value"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"


def _without_twice(positional: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    twice = [name for name in positional if name in values]
    if twice:
        raise BindError(f"{twice[0]} was given twice, by position and by name")
    return {**positional, **values}
