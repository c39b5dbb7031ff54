"""The layers: each is data, built from operations when it is applied; sizes of its input are read from the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, Literal

from graphc.ir.errors import DTypeError, GraphcError, ShapeError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import Shape, show_shape
from graphc.nn import init as start
from graphc.nn.layer import Layer
from graphc.nn.scope import Scope
from graphc.ops import normalize
from graphc.ops.convolution import avg_pool2d, conv1d, conv2d, flatten, max_pool2d
from graphc.ops.index import embedding, ones, zeros
from graphc.ops.random import drop_rate, dropout
from graphc.ops.words import check_words

Size = int | tuple[int, int]
Padding = Any  # a number, a pair, "valid" or "same"


@dataclass(frozen=True, slots=True)
class Dense(Layer):
    """`x @ W + b` with `units` columns of W, and then an activation: (…, D) becomes (…, units)."""

    units: int
    activation: str | Callable[[Node], Node] | None = None
    _: KW_ONLY
    bias: bool = True
    init: start.Init = field(default_factory=start.he)
    bias_init: start.Init = field(default_factory=start.zeros)
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        _positive(scope, "units", self.units)
        if not x.ndim or x.dtype != "real":
            raise ShapeError(
                f"{scope.path}: a dense layer takes real rows, not {show_shape(x.shape)} {x.dtype}"
            )
        z = x @ scope.param("W", (x.shape[-1], self.units), self.init)
        if self.bias:
            z = z + scope.param("b", (self.units,), self.bias_init)
        return _activated(z, self.activation, scope)


@dataclass(frozen=True, slots=True)
class Conv1D(Layer):
    """Convolution of sequences with `filters` kernels `K`, (N, C, L) to (N, filters, L'); see `conv1d`."""

    filters: int
    size: int
    _: KW_ONLY
    stride: int = 1
    padding: Padding = 0
    dilation: int = 1
    groups: int = 1
    layout: Literal["NCL", "NLC"] = "NCL"
    activation: str | Callable[[Node], Node] | None = None
    bias: bool = True
    init: start.Init = field(default_factory=start.he)
    bias_init: start.Init = field(default_factory=start.zeros)
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        return _convolved(self, conv1d, x, (self.size,), scope)


@dataclass(frozen=True, slots=True)
class Conv2D(Layer):
    """Convolution of images with `filters` kernels `K`, (N, C, H, W) to (N, filters, H', W'); see `conv2d`.

    `size`, `stride` and `dilation` are a number or a pair. The kernels are (filters, C/groups, FH, FW), with
    `layout="NHWC"` (FH, FW, C/groups, filters).
    """

    filters: int
    size: Size
    _: KW_ONLY
    stride: Size = 1
    padding: Padding = 0
    dilation: Size = 1
    groups: int = 1
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    activation: str | Callable[[Node], Node] | None = None
    bias: bool = True
    init: start.Init = field(default_factory=start.he)
    bias_init: start.Init = field(default_factory=start.zeros)
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        window = (self.size, self.size) if isinstance(self.size, int) else self.size
        return _convolved(self, conv2d, x, window, scope)


def _convolved(layer: Any, convolve: Any, x: Node, window: tuple[int, ...], scope: Scope) -> Node:
    for option in ("filters", "groups"):
        _positive(scope, option, getattr(layer, option))
    check_words(scope.path, convolve, layout=layer.layout)
    if not isinstance(window, tuple) or len(window) != len(layer.layout) - 2:
        raise ShapeError(
            f"{scope.path}: size is the number of rows and columns of the window, not {layer.size!r}"
        )
    for extent in window:
        _positive(scope, "size", extent)
    first = layer.layout in (
        "NCL",
        "NCHW",
    )  # the channels come before the window, and so do the kernel's units
    if x.ndim != len(window) + 2:
        axes = ", ".join(layer.layout)
        raise ShapeError(f"{scope.path}: the input has shape ({axes}), not {show_shape(x.shape)}")
    channels = x.shape[1 if first else -1]
    if not isinstance(channels, int):
        raise ShapeError(f"{scope.path}: the number of channels has to be a number, it is {channels}")
    if channels % layer.groups or layer.filters % layer.groups:
        parts = f"{channels} channels and {layer.filters} filters"
        raise ShapeError(f"{scope.path}: {parts} do not divide into {layer.groups} groups")
    inner = channels // layer.groups
    shape: Shape = (layer.filters, inner, *window) if first else (*window, inner, layer.filters)
    kernel = scope.param("K", shape, start.units_first(layer.init) if first else layer.init)
    bias = scope.param("b", (layer.filters,), layer.bias_init) if layer.bias else None
    options = {k: getattr(layer, k) for k in ("stride", "padding", "dilation", "groups", "layout")}
    return _activated(convolve(x, kernel, bias, **options), layer.activation, scope)


@dataclass(frozen=True, slots=True)
class MaxPool2D(Layer):
    """The largest entry of each window; the windows touch unless `stride` says else."""

    size: Size = 2
    stride: Size | None = None
    _: KW_ONLY
    padding: Padding = 0
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        return max_pool2d(x, size=self.size, stride=self.stride, padding=self.padding, layout=self.layout)


@dataclass(frozen=True, slots=True)
class AvgPool2D(Layer):
    """The mean of each window, zeros of the padding counted."""

    size: Size = 2
    stride: Size | None = None
    _: KW_ONLY
    padding: Padding = 0
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        return avg_pool2d(x, size=self.size, stride=self.stride, padding=self.padding, layout=self.layout)


@dataclass(frozen=True, slots=True)
class Flatten(Layer):
    """All axes from `start` on as one: (N, C, H, W) becomes (N, C*H*W)."""

    start: int = 1
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        return flatten(x, start=self.start)


@dataclass(frozen=True, slots=True)
class BatchNorm(Layer):
    """`gamma * (x - mean) / sqrt(var + eps) + beta` for each channel, along `axis`.

    Training takes mean and variance of the batch, and updates `running_mean` and `running_var` by
    `(1 - momentum) * old + momentum * new`, the new variance divided by n - 1 instead of n if `unbiased`; testing takes
    the running ones. Source: Ioffe and Szegedy, Batch normalization (2015), algorithms 1 and 2.
    """

    _: KW_ONLY
    axis: int = 1
    momentum: Fraction | float = Fraction(1, 10)
    eps: Fraction | float = normalize.EPS
    unbiased: bool = True
    scale: bool = True
    shift: bool = True
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        if type(self.axis) is not int or not -x.ndim <= self.axis < x.ndim:
            raise ShapeError(f"{scope.path}: shape {show_shape(x.shape)} has no axis {self.axis} of channels")
        # At test time too, where it is not used: the mistake is in the layer.
        momentum = normalize.average_share(scope.path, self.momentum)
        eps = normalize.small_number(scope.path, self.eps)
        row = (x.shape[self.axis],)
        gamma = scope.param("gamma", row, start.ones()) if self.scale else ones(row)
        beta = scope.param("beta", row, start.zeros()) if self.shift else zeros(row)
        running_mean = scope.state("running_mean", row, start.zeros())
        running_var = scope.state("running_var", row, start.ones())
        if not scope.training:
            given = running_mean, running_var, gamma, beta
            return normalize.batch_norm_inference(x, *given, axis=self.axis, eps=eps)
        mean, var = normalize.batch_statistics(x, axis=self.axis, unbiased=self.unbiased)
        for state, new in ((running_mean, mean), (running_var, var)):
            scope.update(state, normalize.running_average(state, new, momentum=momentum))
        return normalize.batch_norm(x, gamma, beta, axis=self.axis, eps=eps)


@dataclass(frozen=True, slots=True)
class LayerNorm(Layer):
    """`gamma * (x - mean) / sqrt(var + eps) + beta`, mean and variance over the last `axes` axes of each sample.

    Source: Ba, Kiros and Hinton, Layer normalization (2016).
    """

    _: KW_ONLY
    axes: int = 1
    eps: Fraction | float = normalize.EPS
    scale: bool = True
    shift: bool = True
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        _positive(scope, "axes", self.axes)
        row = x.shape[max(x.ndim - self.axes, 0) :]
        gamma = scope.param("gamma", row, start.ones()) if self.scale else ones(row)
        beta = scope.param("beta", row, start.zeros()) if self.shift else zeros(row)
        eps = normalize.small_number(scope.path, self.eps)
        return normalize.layer_norm(x, gamma, beta, axes=self.axes, eps=eps)


@dataclass(frozen=True, slots=True)
class Dropout(Layer):
    """At training time zeros for a part `rate` of the entries, the others over `1 - rate`; at test time nothing.

    The mask is a function of `seed`, the layer's path and the step's number; see `dropout`.
    """

    rate: Fraction | float = Fraction(1, 2)
    _: KW_ONLY
    seed: int = 0
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        rate = drop_rate(self.rate)
        if not scope.dropping or rate == 0:
            return x
        return dropout(x, rate=rate, key=scope.path, seed=self.seed, step=scope.step)


@dataclass(frozen=True, slots=True)
class Embedding(Layer):
    """A row of `table`, of shape (count, width), for each whole number: (…) becomes (…, width)."""

    count: int
    width: int
    _: KW_ONLY
    init: start.Init = field(default_factory=start.normal)
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        if x.dtype != "int":
            mend = 'give the model an input(…, dtype="int")'
            raise DTypeError(f"{scope.path}: an embedding takes whole numbers, not {x.dtype} values; {mend}")
        for option in ("count", "width"):
            _positive(scope, option, getattr(self, option))
        return embedding(scope.param("table", (self.count, self.width), self.init), x)


@dataclass(frozen=True, slots=True, init=False)
class Activation(Layer):
    """A function applied to the output of the layer before: by name, with its options, or a function of nodes.

    `prelu` learns its slope, one number that starts at 1/4.
    """

    function: str | Callable[..., Node]
    options: tuple[tuple[str, Any], ...] = ()
    name: str = ""

    def __init__(self, function: str | Callable[..., Node], *, name: str = "", **options: Any) -> None:
        for attribute, value in (("function", function), ("options", tuple(options.items())), ("name", name)):
            object.__setattr__(self, attribute, value)

    @property
    def kind(self) -> str:
        return self.function if isinstance(self.function, str) else "activation"

    def build(self, x: Node, scope: Scope) -> Node:
        return _activated(x, self.function, scope, **dict(self.options))


def _activated(x: Node, function: Any, scope: Scope, **options: Any) -> Node:
    if function is None:
        return x
    if callable(function):
        result = function(x, **options)
        if not isinstance(result, Node):
            raise GraphcError(f"{scope.path}: the activation gave {result!r}, which is no node")
        return result
    if isinstance(function, int):
        raise GraphcError(
            f"{scope.path}: only the number of units is given, as in Dense({function}); the rest is read from the input"
        )
    if function not in FUNCTIONS:
        near = get_close_matches(str(function), FUNCTIONS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise GraphcError(f"{scope.path}: there is no activation {function!r}{hint}")
    learned = [scope.param("alpha", (), start.constant(0.25))] if function == "prelu" else []
    try:
        result = FUNCTIONS[function](x, *learned, **options)
    except TypeError as error:
        raise GraphcError(f"{scope.path}: {function} is no activation as it was given: {error}") from None
    if result.ndim != x.ndim:
        raise GraphcError(
            f"{scope.path}: {function} is no activation, it makes {show_shape(result.shape)} of its input"
        )
    return result


def _positive(scope: Scope, what: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ShapeError(f"{scope.path}: {what} is a whole number from 1, not {value!r}")
