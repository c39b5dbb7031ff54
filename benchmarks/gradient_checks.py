"""Whether gradient checks find what is wrong with a gradient: those of PyTorch, JAX and HIPS autograd, and graphc's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.planted import Case

Check = Callable[[Case], bool | None]
"""Whether a check, at its default settings, finds fault with the gradient of a case; None if it leaves that open."""


def torch_gradcheck(case: Case) -> bool:
    """`torch.autograd.gradcheck`."""
    import torch

    class Planted(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return case.function.value(torch, x)

        @staticmethod
        def backward(ctx: Any, upstream: Any) -> Any:
            (x,) = ctx.saved_tensors
            return upstream * torch.tensor(case.gradient(x.detach().numpy()))

    x = torch.tensor(case.point(), requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says of float32 that it will likely fail
        return not torch.autograd.gradcheck(Planted.apply, (x,), raise_exception=False)


def jax_check_grads(case: Case) -> bool:
    """`jax.test_util.check_grads` in reverse mode."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    planted = jax.custom_vjp(lambda x: case.function.value(jax.numpy, x))
    planted.defvjp(
        lambda x: (case.function.value(jax.numpy, x), x),
        lambda x, upstream: (upstream * case.gradient(np.asarray(x)),),
    )
    return _raises(lambda: check_grads(planted, (case.point(),), order=1, modes=["rev"]), AssertionError)


def autograd_check_grads(case: Case) -> bool:
    """`autograd.test_util.check_grads` in reverse mode."""
    from autograd import numpy as xp
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    np.random.seed(0)  # from which its directions are drawn
    planted = primitive(lambda x: case.function.value(xp, x))
    defvjp(planted, lambda value, x: lambda upstream: upstream * case.gradient(x))
    return _raises(lambda: check_grads(planted, modes=["rev"], order=1)(case.point()), AssertionError)


def graphc_gradcheck(case: Case) -> bool | None:
    """`graphc.gradcheck` of a Python function and its gradient."""
    import graphc as g

    report = g.gradcheck(lambda x: case.function.value(np, x), case.gradient, case.point())
    return {"wrong": True, "undecided": None}.get(str(report.outcome), False)


def graphc_check(case: Case) -> bool | None:
    """`graphc.check` of the gradient as text, against the derived one."""
    import graphc as g

    x = g.input("x", 1000)
    loss = g.expression(case.function.text, x=x).named("loss")
    report = g.check(f"d(loss)/d(x) == {case.gradient_text}", loss=loss)
    return {"wrong": True, "undecided": None}.get(str(report[0].verdict), False)


CHECKS: dict[str, Check] = {
    "torch": torch_gradcheck,
    "jax": jax_check_grads,
    "autograd": autograd_check_grads,
    "graphc gradcheck": graphc_gradcheck,
    "graphc check": graphc_check,
}


def _raises(call: Callable[[], object], error: type[Exception]) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    except error:
        return True
    return False
