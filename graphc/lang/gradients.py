"""Names that stand for gradients: `dW`, `d_W`, `grad_W` and `W_grad` for that with respect to `W`."""

from __future__ import annotations

from collections.abc import Container

PREFIXES = ("d_", "grad_", "d")
SUFFIX = "_grad"


def subject_of(name: str, known: Container[str]) -> str | None:
    """The one of the `known` names whose gradient `name` stands for, if it is spelt as one.

    >>> subject_of("dW1", {"W1"}), subject_of("W1_grad", {"W1"}), subject_of("depth", {"W1"})
    ('W1', 'W1', None)
    """
    candidates = [name.removeprefix(prefix) for prefix in PREFIXES if name.startswith(prefix)]
    if name.endswith(SUFFIX):
        candidates.append(name.removesuffix(SUFFIX))
    return next((found for found in candidates if found in known), None)
