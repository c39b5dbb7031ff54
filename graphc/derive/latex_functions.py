r"""Functions as LaTeX mathematics: sums over indices, roots and norms, repetition as products with ones."""

from __future__ import annotations

import re
from collections.abc import Callable

from graphc.derive.latex_names import latex_name, mixed, operator
from graphc.derive.latex_pieces import Tex, by, dims_latex, is_array, parenthesised, transposed, wrap
from graphc.ir.node import Node
from graphc.ir.types import Dim, DimLike, Shape, product
from graphc.ops.form import ATOM, PRODUCT, SUM, Form
from graphc.ops.notation import FILLED

_FUNCTIONS = {
    **{f: f"\\{f}" for f in ("log", "sin", "cos", "tanh", "exp", "max", "min")},
    "sigmoid": r"\sigma",
    "sqrt": r"(\sqrt{\cdot})",
    "square": r"(\cdot^{2})",
    "relu": r"\operatorname{ReLU}",
    "leaky_relu": r"\operatorname{LeakyReLU}",
    "elu": r"\operatorname{ELU}",
    "log_softmax": r"\log\operatorname{softmax}",
    "log_sigmoid": r"\log\sigma",
    "cross_entropy": r"\operatorname{CE}",
    "binary_cross_entropy": r"\operatorname{BCE}",
    "mean_squared_error": r"\operatorname{MSE}",
    "mean_absolute_error": r"\operatorname{MAE}",
    "residual_sum_of_squares": r"\operatorname{RSS}",
    "multi_label_cross_entropy": r"\operatorname{CE}",
    "multiclass_hinge": r"\operatorname{hinge}",
    "kl_divergence": r"D_{\mathrm{KL}}",
    "l1_penalty": r"L_1",
    "l2_penalty": r"L_2",
    "one_hot": r"\operatorname{onehot}",
    "det": r"\det",
    "trace": r"\operatorname{tr}",
}


def call_latex(f: Form, parts: list[Tex]) -> Tex:
    """A function of its operands, options as a subscript, or its own notation."""
    special = _SPECIAL.get(f.text)
    found = special(f, parts) if special else None
    if found is not None:
        return found
    name, prime = f.text.removesuffix("'"), "'" if f.text.endswith("'") else ""
    options = [mixed(f"{k}={v}") if k else _bare(v) for k, v in f.options if k != "keepdims"]
    below = f"_{{{', '.join(options)}}}" if options else ""
    inside = ", ".join(p.text for p in parts)
    head = f"{_FUNCTIONS.get(name) or operator(name)}{prime}{below}"
    return Tex(f"{head}{parenthesised(inside)}", ATOM, "call")


def _bare(value: str) -> str:
    """A shape as the product of its sizes; another option as it is."""
    if not value.startswith("("):
        return latex_name(value)
    return by([dims_latex(d.strip()) for d in value.strip("()").split(",") if d.strip()])


def _exp(f: Form, parts: list[Tex]) -> Tex | None:
    short = len(parts[0].text) <= 30 and r"\frac" not in parts[0].text
    scalar = not is_array(f.parts[0])
    return Tex(f"e^{{{parts[0].text}}}", ATOM, "exp") if short and scalar else None


def _brackets(left: str, right: str) -> Callable[[Form, list[Tex]], Tex]:
    return lambda f, parts: Tex(f"{left}{parts[0].text}{right}", ATOM, "brackets")


def _where(f: Form, parts: list[Tex]) -> Tex:
    condition = parts[0].text.removeprefix(r"[\,").removesuffix(r"\,]")
    cases = rf"{parts[1].text} & \text{{if }} {condition} \\ {parts[2].text} & \text{{otherwise}}"
    return Tex(rf"\begin{{cases}} {cases} \end{{cases}}", ATOM, "cases")


def _axes(f: Form, operand: Node) -> tuple[int, ...]:
    given = dict(f.options).get("axis")
    if given is None:
        return tuple(range(operand.ndim))
    return tuple(int(d) for d in re.findall(r"\d+", given))


def _subscript(axes: tuple[int, ...], shape: Shape) -> str:
    """The indices summed over: n along N, else i, j, k, … by the place of the axis; none for a sum over all."""
    if len(axes) == len(shape):
        return ""
    return f"_{{{','.join(_letter(shape[a], a) for a in axes)}}}"


def _letter(extent: DimLike, axis: int) -> str:
    text = str(extent)
    return text.lower() if isinstance(extent, Dim) and len(text) == 1 else "ijklmn"[axis % 6]


def _summand(f: Form) -> Node | None:
    """The operand of a reduction, or a node of its shape."""
    part = f.parts[0]
    if isinstance(part, Form) and part.kind == "mul":
        part = part.parts[0]
    return part if isinstance(part, Node) else None


def _sum(f: Form, parts: list[Tex]) -> Tex | None:
    operand = _summand(f)
    if operand is None:
        return None
    sign = rf"\sum{_subscript(_axes(f, operand), operand.shape)}"
    return Tex(rf"{sign} {wrap(parts[0], PRODUCT)}", SUM, "sum")


def _mean(f: Form, parts: list[Tex]) -> Tex | None:
    operand = f.parts[0]
    total = _sum(f, parts)
    if total is None or not isinstance(operand, Node):
        return None
    count = product(operand.shape[a] for a in _axes(f, operand))
    return Tex(rf"\frac{{1}}{{{dims_latex(str(count))}}} {total.text}", SUM, "sum")


def _broadcast(f: Form, parts: list[Tex]) -> Tex | None:
    r"""Repetition as a product with ones: `x \mathbf{1}_{N \times K}`, `x \mathbf{1}_K^\top`."""
    operand, target = f.parts[0], dict(f.options)[""]
    shape = [dims_latex(d.strip()) for d in target.strip("()").split(",") if d.strip()]
    ndim = operand.ndim if isinstance(operand, Node) else 0
    inner = wrap(parts[0], PRODUCT)
    if ndim == 0:
        ones = rf"\mathbf{{1}}_{{{by(shape)}}}"
        return Tex(ones, ATOM, "ones") if inner == "1" else Tex(rf"{inner}\,{ones}", PRODUCT, "mul")
    if isinstance(operand, Node) and len(shape) == 2 and operand.shape[-1] == 1:
        return Tex(rf"{inner}\,\mathbf{{1}}_{{{shape[1]}}}^\top", PRODUCT, "matmul")
    if isinstance(operand, Node) and len(shape) == 2:
        return Tex(rf"\mathbf{{1}}_{{{shape[0]}}}\,{transposed(f, parts).text}", PRODUCT, "matmul")
    return None


def _filled(f: Form, parts: list[Tex]) -> Tex | None:
    r"""An array of zeros or ones: `\mathbf{0}_{N \times K}`."""
    shape = [dims_latex(d.strip()) for d in dict(f.options)[""].strip("()").split(",") if d.strip()]
    number = next(n for n, name in FILLED.items() if name == f.text)
    return Tex(rf"\mathbf{{{number}}}_{{{by(shape)}}}", ATOM, "ones")


def _contract(f: Form, parts: list[Tex]) -> Tex | None:
    r"""A sum of products in index notation: `\sum_k A_{nk} B_{km}`."""
    inputs, output = parts[0].text, ""
    spec = f.parts[0].text if isinstance(f.parts[0], Form) else inputs
    inputs, _, output = spec.partition("->")
    summed = sorted(set(inputs) - set(output) - {","})
    bare = [p.level == ATOM and "_" not in p.text and p.kind != "derivative" for p in parts[1:]]
    arrays = [p.text if b else parenthesised(p.text) for p, b in zip(parts[1:], bare, strict=True)]
    factors = [f"{array}_{{{i}}}" for array, i in zip(arrays, inputs.split(","), strict=True)]
    sign = rf"\sum_{{{','.join(summed)}}} " if summed else ""
    return Tex(sign + r"\,".join(factors), SUM if summed else PRODUCT, "sum")


def _transpose(f: Form, parts: list[Tex]) -> Tex | None:
    """The matrices of a batch transposed."""
    axes = [int(a) for a in dict(f.options)["axes"].strip("(,)").split(",")]
    if axes != [*range(len(axes) - 2), len(axes) - 1, len(axes) - 2]:
        return None
    return transposed(f, parts)


def _eye(f: Form, parts: list[Tex]) -> Tex | None:
    sizes = [dims_latex(size) for _, size in f.options]
    return Tex(rf"\mathbf{{I}}_{{{by(sizes)}}}", ATOM, "name")


def _inverse(f: Form, parts: list[Tex]) -> Tex:
    r"""`A^{-1}`; of a solution `A^{-1}\,b`."""
    matrix = parts[0]
    if matrix.kind == "transposed" and matrix.text.endswith(r"^\top"):
        inverted = matrix.text.removesuffix(r"^\top") + r"^{-\top}"
    else:
        bare = matrix.kind == "name" and "^" not in matrix.text
        inverted = f"{matrix.text if bare else parenthesised(matrix.text)}^{{-1}}"
    if len(parts) == 1:
        return Tex(inverted, ATOM, "call" if matrix.kind == "transposed" else "inverse")
    return Tex(rf"{inverted}\,{wrap(parts[1], PRODUCT, after=True)}", PRODUCT, "matmul")


def _logdet(f: Form, parts: list[Tex]) -> Tex:
    inner = f" {parts[0].text}" if parts[0].kind == "name" else parenthesised(parts[0].text)
    return Tex(rf"\log\left|\det{inner}\right|", ATOM, "call")


_SPECIAL: dict[str, Callable[[Form, list[Tex]], Tex | None]] = {
    "exp": _exp,
    "sqrt": _brackets(r"\sqrt{", "}"),
    "abs": _brackets(r"\left|", r"\right|"),
    "inv": _inverse,
    "solve": _inverse,
    "logdet": _logdet,
    "norm": _brackets(r"\left\|", r"\right\|"),
    "where": _where,
    "sum": _sum,
    "mean": _mean,
    "broadcast": _broadcast,
    "zeros": _filled,
    "ones": _filled,
    "contract": _contract,
    "transpose": _transpose,
    "eye": _eye,
}
