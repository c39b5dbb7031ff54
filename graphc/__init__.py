"""graphc: a symbolic computation-graph compiler for neural networks.

A network is written once, as a symbolic graph; from it come its backprop picture, its derivation and its
NumPy code.

>>> import graphc as g
>>> x = g.input("x"); y = g.input("y"); z = g.input("z")
>>> q = (x + y).named("q"); f = (q * z).named("f")
>>> g.grad(f, q)
<z () real>
>>> picture = g.draw(f, at={"x": -2, "y": 5, "z": -4})
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

# Where each name is found when it is first asked for, as `name` or `name=name there`; a type checker reads
# the same from __init__.pyi.
_HOMES = {
    "ir.node": "Node",
    "ir.graph": "Graph params",
    "ir.errors": (
        "GraphcError BindError DTypeError GradientError LegalityError OutputError ParseError ShapeError"
    ),
    "ops.leaf": "input=input_ param state const size assume",
    "ops.facts": "Integer OneHot Range SumsTo Symmetric",
    "ops.pointwise": (
        "add sub mul div neg pow=pow_ exp expm1 log log1p sqrt abs=abs_ sign sin cos tanh erf reciprocal square "
        "step where maximum minimum less less_equal greater greater_equal equal not_equal"
    ),
    "ops.activations": (
        "identity hard_sigmoid sigmoid log_sigmoid relu leaky_relu prelu elu selu gelu gelu_tanh silu softplus "
        "softsign logaddexp maxout clip"
    ),
    "ops.contract": "matmul dot outer contract trace diag",
    "ops.linalg": "inv det logdet solve",
    "ops.reduce": "sum=sum_ mean max=max_ min=min_ prod norm is_max is_min",
    "ops.scan": "cumsum cumprod recurrence",
    "ops.move": "reshape transpose broadcast expand_dims squeeze pad concat stack",
    "ops.window": "sliding_window overlap_add",
    "ops.convolution": (
        "conv1d conv2d max_pool1d max_pool2d avg_pool1d avg_pool2d global_avg_pool global_max_pool flatten"
    ),
    "ops.index": "getitem gather scatter_add embedding argmax argmin one_hot arange eye zeros ones full",
    "ops.softmax": "softmax log_softmax logsumexp",
    "ops.losses": (
        "residual_sum_of_squares mean_squared_error mean_absolute_error huber binary_cross_entropy cross_entropy "
        "multi_label_cross_entropy hinge multiclass_hinge kl_divergence"
    ),
    "ops.penalties": "l1_penalty l2_penalty elastic_net max_norm",
    "ops.stop": "stop_gradient",
    "ops.attention": "masked_softmax causal_mask scaled_dot_product_attention multi_head_attention",
    "ops.recurrent": "rnn_cell gru_cell lstm_cell gru_state lstm_memory lstm_output rnn gru lstm",
    "ops.normalize": (
        "standardize batch_norm batch_norm_inference batch_statistics running_average layer_norm"
    ),
    "ops.random": "random_uniform dropout",
    "rewrite.simplify": "simplify",
    "derive.reverse": "grad gradients",
    "derive.forward": "jvp jacobian hessian hessian_vector_product",
    "derive.derivation": "derive Derivation",
    "emit.compile": "compile=compile_",
    "emit.function": "Function Step",
    "nn.describe": "describe",
    "lang.build": "parse expression",
    "draw.picture": "Picture",
    "claims.check": "check",
    "claims.verdict": "Judgement Report Verdict",
    "claims.gradcheck.check": "gradcheck",
    "claims.gradcheck.report": "GradientReport",
    "pipeline": "draw",
}
_PLACES = {
    shown: (f"graphc.{module}", there or shown)
    for module, names in _HOMES.items()
    for shown, _, there in (name.partition("=") for name in names.split())
}

__all__ = [*_PLACES, "init", "nn", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("graphc")
    if name == "init":
        return import_module("graphc.nn.init")
    if name == "nn":
        return import_module("graphc.nn")
    if name not in _PLACES:
        from difflib import get_close_matches

        near = get_close_matches(name, __all__, n=1)
        hint = f"; did you mean {near[0]!r}?" if near and not name.startswith("_") else ""
        raise AttributeError(f"module 'graphc' has no attribute {name!r}{hint}")
    module, there = _PLACES[name]
    found = import_module(module)
    if module.startswith("graphc.ops."):
        # Operators find their operations in one table, which is complete when all of them are there.
        import_module("graphc.ops")
    value = globals()[name] = getattr(found, there)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package: importing the subpackages `derive` and `draw` does not hide the functions of these names."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in ("derive", "draw")):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
