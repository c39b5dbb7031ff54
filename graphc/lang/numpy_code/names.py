"""Which names are gradients: `dW1`, `d_W1`, `W1_grad`, `grad_W1`, `dL_dW1`, and whose."""

from __future__ import annotations

import re
from functools import lru_cache

_LOSS = r"(?:L|l|loss|Loss|J|E|C|cost)"
_FORMS = (
    re.compile(rf"d{_LOSS}_?d_?(?P<subject>\w+)\Z"),
    re.compile(r"(?P<subject>\w+?)_(?:grad|gradient)\Z"),
    re.compile(r"(?:grad|gradient)_(?P<subject>\w+)\Z"),
    re.compile(r"d_(?P<subject>\w+)\Z"),
    re.compile(r"d(?P<subject>\w+)\Z"),
    re.compile(r"grad(?P<subject>\w+)\Z"),
)
_GRADIENTS = re.compile(r"\w*(?:grad|Grad)\w*\Z|d(?:params|weights|theta)\Z")


@lru_cache(4096)
def subjects(name: str) -> tuple[str, ...]:
    """What a name may be the gradient of, likeliest first; empty for a name of another form.

    >>> subjects("dW1"), subjects("dL_dW1"), subjects("h_grad"), subjects("loss")
    (('W1',), ('W1', 'L_dW1'), ('h',), ())
    """
    found = [match["subject"] for form in _FORMS if (match := form.match(name))]
    return tuple(s for s in dict.fromkeys(found) if not s[0].isdigit())


def holds_gradients(name: str) -> bool:
    """Whether a dictionary of this name has the gradient of `W1` under `"W1"`, as `grads` has.

    >>> holds_gradients("grads"), holds_gradients("self.grads"), holds_gradients("cache")
    (True, True, False)
    """
    return _GRADIENTS.match(name.rpartition(".")[2]) is not None
