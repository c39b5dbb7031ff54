"""The reference page docs/activations.md, rendered from what `describe` finds."""

from __future__ import annotations

from graphc.derive.activation import Activation, brief_numbers
from graphc.derive.vector_activation import VectorActivation
from graphc.nn.describe import describe
from tests.docs.tables import code, table

SCALARS = (
    *("identity", "step", "sigmoid", "hard_sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "selu"),
    *("gelu", "gelu_tanh", "silu", "softplus", "softsign"),
)
VECTORS = ("softmax", "log_softmax", "maxout")

PAGE = """\
# Activations

What is known of each activation. Nothing in the tables is typed in: the facts are worked out from the declarations, by
SymPy where it can, else to 30 digits; this page is written by the tests (`python -m pytest --update-golden`). Every
row is a record of its own:

```python
import graphc as g

print(g.describe("sigmoid"))
assert g.describe("leaky_relu", slope=1 / 4).slopes.low.value == 1 / 4
```

```text
{sigmoid}
```

It works as well for an activation of your own, declared with `@composite(elementwise=True)` (see
[extending](extending.md)), and for elementary functions such as `"abs"` or `"sin"`.

## Of one number

`y` is the output. In an interval a round bracket stands at an end that is approached and never reached. The greatest
slope is what a gradient is multiplied by at most on its way back through the activation: through ten sigmoids in a row
a gradient shrinks to `(1/4)**10` of itself or less.

An activation *saturates* on a side where its slope tends to 0: there it passes back no gradient. It is *zero-centred*
if its outputs have mean 0 when its inputs are standard normal, as those of every function with `f(-x) = -f(x)` do; the
mean is given where it is another. Where a slope jumps, as that of relu at 0, the value taken is on the page of
[operations](operations.md#at-kinks).

{scalars}
## Of a vector

`z` is the input, `y` the output and `v` the upstream gradient `dL/dy`. The slope is that of an entry by its own input.

{vectors}"""


def activations_page() -> str:
    """The whole of docs/activations.md."""
    return PAGE.format(
        sigmoid=describe("sigmoid"),
        scalars=table(
            [
                "activation",
                "formula",
                "derivative",
                "range",
                "greatest slope",
                "saturates",
                "rising",
                "zero-centred",
            ],
            map(scalar_row, map(describe, SCALARS)),
        ),
        vectors=table(
            [
                "activation",
                "gradient with respect to `z`",
                "derivative",
                "range",
                "slope",
                "sum",
                "at `z + c`",
            ],
            map(vector_row, map(describe, VECTORS)),
        ),
    )


def scalar_row(found: Activation) -> list[str]:
    steepest = found.slopes.high
    if steepest.exact not in ("", str(steepest)):
        amount = f"{code(steepest.exact)} = {steepest}"
    else:
        amount = str(steepest)
    below = "" if steepest.attained else "below "
    return [
        code(found.call),
        code(brief_numbers(found.formula)),
        code(brief_numbers(found.derivative)),
        str(found.range),
        f"{below}{amount} {steepest.where}",
        " and ".join(found.saturates) or "no",
        "yes" if found.monotonic == "increasing" else "no",
        "yes" if found.zero_centred else f"no, {found.mean:.3g}",
    ]


def vector_row(found: VectorActivation) -> list[str]:
    return [
        code(found.call),
        code(found.gradient),
        code(found.jacobian),
        str(found.range),
        str(found.slopes),
        found.total or "varies",
        {"unchanged": "the same", "shifted": "`y + c`", "": ""}[found.shift],
    ]
