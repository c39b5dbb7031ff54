"""The name that was probably meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

# What a function of the language is called elsewhere.
ELSEWHERE = {
    "ln": "log(x)",
    "sigma": "sigmoid(x)",
    "σ": "sigmoid(x)",
    "logistic": "sigmoid(x)",
    "swish": "silu(x)",
    "ReLU": "relu(x)",
    "avg": "mean(x)",
    "average": "mean(x)",
    "dot": "a @ b",
    "matmul": "a @ b",
    "mm": "a @ b",
    "transpose": "A.T",
    "power": "a**b",
    "pow": "a**b",
    "add": "a + b",
    "multiply": "a * b",
    "grad": "d(f)/d(x)",
    "diff": "d(f)/d(x)",
    "sum_": "sum(x)",
    "fabs": "abs(x)",
    "amax": "max(x)",
    "amin": "min(x)",
    "onehot": "one_hot(t, K)",
}


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name nearest to `name`, or None if none is near."""
    candidates = sorted(set(known))
    folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    if name.casefold() in folded:
        return folded[name.casefold()]
    # Long hostile names would cost quadratic time, and have no near neighbour anyway.
    matches = get_close_matches(name, candidates, n=1, cutoff=0.6) if len(name) <= 60 else []
    return matches[0] if matches else None


def meant(name: str, known: Iterable[str]) -> str:
    """` (did you mean …?)`, or an empty string."""
    near = closest(name, known)
    return f"; did you mean `{near}`?" if near else ""


def function_meant(name: str, known: Iterable[str]) -> str:
    """As `meant`, for the name of a function; knows what other tools call ours."""
    if name in ELSEWHERE:
        return f"; write `{ELSEWHERE[name]}`"
    return meant(name, known)


def clip(text: str, width: int = 40) -> str:
    """`text` on one line and short enough for a sentence."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def respelt(written: str) -> str:
    """A note when Unicode normalisation changes how a name is spelt."""
    normal = unicodedata.normalize("NFKC", written)
    return f" (`{written}` is read as `{normal}`: names are NFKC-normalised)" if normal != written else ""
