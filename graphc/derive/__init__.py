"""The chain rule over graphs: local derivatives, reverse accumulation, forward mode, and the written derivation."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphc.derive.reverse import grad, gradients

if TYPE_CHECKING:
    from graphc.derive.derivation import Derivation, derive
    from graphc.derive.forward import hessian, hessian_vector_product, jacobian, jvp

__all__ = [
    "Derivation",
    "derive",
    "grad",
    "gradients",
    "hessian",
    "hessian_vector_product",
    "jacobian",
    "jvp",
]


def __getattr__(name: str) -> Any:
    """Compiling takes gradients alone; writing derivations is most of what there is to load."""
    if name in ("Derivation", "derive"):
        return getattr(import_module("graphc.derive.derivation"), name)
    if name in ("hessian", "hessian_vector_product", "jacobian", "jvp"):
        return getattr(import_module("graphc.derive.forward"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
