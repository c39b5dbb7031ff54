"""The chain rule over graphs: local derivatives, reverse accumulation, forward mode, and the written derivation."""

from graphc.derive.derivation import Derivation, derive
from graphc.derive.forward import hessian, hessian_vector_product, jacobian, jvp
from graphc.derive.reverse import grad, gradients

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
