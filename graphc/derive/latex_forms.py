r"""Expressions as LaTeX mathematics: `\top` for transposes, `\odot` for elementwise products of arrays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from graphc.derive.latex_indices import entries, subscript, sum_sign
from graphc.derive.latex_names import latex_name, mixed, operator
from graphc.ir.node import Node
from graphc.ir.types import Dim, DimLike, DType, Shape, product
from graphc.ops.form import (
    ATOM,
    COMPARE,
    NEGATIVE,
    POWER,
    PRODUCT,
    SUM,
    Form,
    Names,
    defined,
    mentioned,
    walk,
)


class Tex(NamedTuple):
    """Printed LaTeX, how tightly it binds, and the notation it came from."""

    text: str
    level: int
    kind: str


def latex_definition(node: Node, names: Names, terms: int = 0) -> str:
    """What a node computes."""
    return walk(defined(node, names), names, _leaf, _inner, terms).text


def latex_mention(node: Node, names: Names, terms: int = 0) -> str:
    """A node as it is written within other expressions: by its name if it has one."""
    return walk(mentioned(node, names), names, _leaf, _inner, terms).text


def latex_entry(form: Form, names: Names) -> str:
    """Index notation: entries of arrays and sums over indices."""
    found = entries(form, names)
    assert isinstance(found, Form)
    return walk(found, names, _leaf, _inner).text


def latex_shape(shape: Shape, dtype: DType = "real") -> str:
    r"""The space of arrays of a shape: `\mathbb{R}^{N \times 3}`, of whole numbers `\mathbb{Z}^{N}`."""
    numbers = r"\mathbb{Z}" if dtype == "int" else r"\mathbb{R}"
    return rf"{numbers}^{{{_by([dims_latex(str(d)) for d in shape])}}}" if shape else numbers


def _by(extents: list[str]) -> str:
    return r" \times ".join(extents)


def dims_latex(text: str) -> str:
    """A polynomial in sizes: `2*N**2 + 1` as 2N^{2} + 1."""
    powers = re.sub(r"\*\*(\d+)", r"^{\1}", text)
    return re.sub(r"[^\W\d]\w*", lambda m: latex_name(m[0]), powers).replace("*", r"\,")


def _leaf(f: Form) -> Tex:
    match f.kind:
        case "name":
            return Tex(latex_name(f.text, int(dict(f.options).get("axes", "0"))), ATOM, "name")
        case "ratio":
            above, slash, below = f.text.partition("/")
            text = rf"\frac{{{above}}}{{{below}}}" if slash else dims_latex(f.text)
            return Tex(text, PRODUCT, "frac" if slash else "number")
        case "number":
            return Tex(_number(f.text), ATOM, "name" if f.text.isidentifier() else "number")
        case "letter":
            return Tex(latex_name(f.text), ATOM, "name")
        case "sizes":
            return Tex(dims_latex(f.text), SUM, "sizes")
        case "more":
            return Tex(
                rf"\underbrace{{\cdots}}_{{{int(f.text):,}\text{{ more}}}}".replace(",", "{,}"), ATOM, "more"
            )
        case "call":
            return _call(f, [])
    return Tex(mixed(f.text), ATOM, f.kind)


def _number(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    if text in ("pi", "inf"):
        return {"pi": r"\pi", "inf": r"\infty"}[text]
    if text.isidentifier():
        return latex_name(text)
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else text


def _inner(f: Form, parts: list[Tex]) -> Tex:
    return _PRINTERS.get(f.kind, _call)(f, parts)


def _wrap(part: Tex, least: int, *, after: bool = False) -> str:
    bare = part.level >= least and not (after and part.text.startswith("-"))
    return part.text if bare else parenthesised(part.text)


def parenthesised(text: str) -> str:
    """In parentheses as high as what stands between them."""
    tall = any(command in text for command in (r"\frac", r"\sum", r"\begin", r"\left"))
    return rf"\left({text}\right)" if tall else f"({text})"


def _is_array(part: Node | Form) -> bool:
    return part.ndim > 0 if isinstance(part, Node) else False


def _add(f: Form, parts: list[Tex]) -> Tex:
    last = len(parts) - 1
    terms = [_closed(p) if i < last else _wrap(p, SUM, after=i > 0) for i, p in enumerate(parts)]
    return Tex(
        " + ".join([terms[0], *(t if t[0] != "-" else parenthesised(t) for t in terms[1:])]), SUM, f.kind
    )


def _closed(part: Tex) -> str:
    """A term with more to come after it: a sum over an index needs its end marked."""
    return parenthesised(part.text) if part.kind == "sum" else _wrap(part, SUM)


def _sub(f: Form, parts: list[Tex]) -> Tex:
    least = SUM if parts[1].kind == "sum" else SUM + 1
    return Tex(f"{_closed(parts[0])} - {_wrap(parts[1], least, after=True)}", SUM, f.kind)


def _neg(f: Form, parts: list[Tex]) -> Tex:
    if parts[0].kind == "sum":
        return Tex(f"-{parts[0].text}", SUM, "neg")
    return Tex(
        f"-{_wrap(parts[0], PRODUCT, after=True)}", min(NEGATIVE, max(parts[0].level, PRODUCT)), f.kind
    )


def _mul(f: Form, parts: list[Tex]) -> Tex:
    left, right = parts
    if _is_array(f.parts[0]) and _is_array(f.parts[1]):
        sides = [
            parenthesised(p.text) if p.kind == "matmul" else _wrap(p, PRODUCT, after=i > 0)
            for i, p in enumerate(parts)
        ]
        return Tex(r" \odot ".join(sides), PRODUCT, "odot")
    ends_in_sum = right.kind == "sum"
    one, two = _wrap(left, PRODUCT), _wrap(right, SUM if ends_in_sum else PRODUCT, after=True)
    dotted = (
        "derivative" in (left.kind, right.kind) or two[:1].isdigit() or right.kind == "number" != left.kind
    )
    if left.kind == "frac" and right.kind == "frac":
        dotted = True
    product = "matmul" if "matmul" in (left.kind, right.kind) else f.kind
    sign = r" \cdot " if dotted else "" if one.isdecimal() and not two.startswith("\\") else r"\,"
    return Tex(f"{one}{sign}{two}", *((SUM, "sum") if ends_in_sum else (PRODUCT, product)))


def _div(f: Form, parts: list[Tex]) -> Tex:
    if parts[0].text.startswith(r"-\sum"):
        found = _div(f, [Tex(parts[0].text[1:], SUM, "sum"), parts[1]])
        return Tex(f"-{found.text}", SUM, "sum")
    if parts[0].text.startswith("-") and parts[0].kind == "neg":
        return Tex(rf"-\frac{{{parts[0].text[1:]}}}{{{parts[1].text}}}", PRODUCT, "frac")
    if parts[0].kind == "sum":
        sign = r" \odot" if _is_array(f.parts[1]) else ""
        return Tex(rf"\frac{{1}}{{{parts[1].text}}}{sign} {parts[0].text}", SUM, "sum")
    if r"\frac" in parts[0].text and parts[0].kind == "matmul" and not _is_array(f.parts[1]):
        return Tex(rf"\frac{{1}}{{{parts[1].text}}}\,{parts[0].text}", PRODUCT, "mul")
    if r"\sum" in parts[0].text and r"\partial" in parts[0].text:
        sign = r" \odot " if _is_array(f.parts[1]) else r"\,"
        return Tex(
            rf"\frac{{1}}{{{parts[1].text}}}{sign}{_wrap(parts[0], PRODUCT, after=True)}", PRODUCT, "mul"
        )
    if parts[0].kind == "derivative":
        return Tex(rf"{parts[0].text} \,/\, {_wrap(parts[1], ATOM)}", PRODUCT, f.kind)
    return Tex(rf"\frac{{{parts[0].text}}}{{{parts[1].text}}}", PRODUCT, "frac")


def _matmul(f: Form, parts: list[Tex]) -> Tex:
    sides = [parenthesised(p.text) if p.kind in ("odot", "neg") else _wrap(p, PRODUCT) for p in parts]
    return Tex(r"\,".join(sides), PRODUCT, f.kind)


def _pow(f: Form, parts: list[Tex]) -> Tex:
    base, exponent = parts
    bare = base.level == ATOM and base.kind in ("name", "number", "brackets")
    return Tex(f"{base.text if bare else parenthesised(base.text)}^{{{exponent.text}}}", POWER, f.kind)


def _transposed(f: Form, parts: list[Tex]) -> Tex:
    bare = parts[0].kind == "name"
    return Tex(rf"{parts[0].text if bare else parenthesised(parts[0].text)}^\top", ATOM, f.kind)


def _derivative(f: Form, parts: list[Tex]) -> Tex:
    of, wrt = parts
    if of.kind == "name":
        return Tex(rf"\frac{{\partial {of.text}}}{{\partial {wrt.text}}}", ATOM, f.kind)
    inner = of.text if of.level == ATOM and of.kind == "call" else parenthesised(of.text)
    return Tex(rf"\frac{{\partial}}{{\partial {wrt.text}}}\,{inner}", ATOM, f.kind)


_RELATIONS = {"less": "<", "less_equal": r"\le", "greater": ">", "greater_equal": r"\ge"}


def _relation(f: Form, parts: list[Tex]) -> Tex:
    """Iverson's bracket: 1 where the relation holds, else 0."""
    left, right = (_wrap(p, COMPARE + 1) for p in parts)
    return Tex(rf"[\,{left} {_RELATIONS[f.kind]} {right}\,]", ATOM, "brackets")


def _one(text: str) -> str:
    """As one sign to TeX: what has a subscript already cannot take another."""
    return f"{{{text}}}" if "_" in text else text


def _index(f: Form, parts: list[Tex]) -> Tex:
    if set(f.text) <= set(":, None"):
        return parts[0]  # axes of size 1 are bookkeeping
    base = parts[0].text if parts[0].kind == "name" else parenthesised(parts[0].text)
    return Tex(rf"{_one(base)}_{{[\mathtt{{{f.text}}}]}}", ATOM, f.kind)


def _pick(f: Form, parts: list[Tex]) -> Tex:
    base = parts[0].text if parts[0].kind == "name" else parenthesised(parts[0].text)
    return Tex(rf"{_one(base)}_{{[{', '.join(p.text for p in parts[1:])}]}}", ATOM, f.kind)


def _element(f: Form, parts: list[Tex]) -> Tex:
    base = parts[0]
    if len(parts) == 1:
        return base
    bare = base.level == ATOM and (base.kind == "call" or "_" not in base.text)
    array = base.text if bare else parenthesised(base.text)
    return Tex(subscript(array, [p.text for p in parts[1:]]), ATOM, "name")


def _total(f: Form, parts: list[Tex]) -> Tex:
    return Tex(rf"{sum_sign([i for i, _ in f.options])} {_wrap(parts[0], PRODUCT)}", SUM, "sum")


def _scaled(f: Form, parts: list[Tex]) -> Tex:
    above, below, total = parts
    if below.text != "1":
        return Tex(rf"\frac{{{above.text}}}{{{below.text}}} {total.text}", SUM, "sum")
    return Tex(rf"{_wrap(above, PRODUCT)} {total.text}", SUM, "sum")


def _kronecker(f: Form, parts: list[Tex]) -> Tex:
    return Tex(rf"[\,{parts[1].text} = {parts[2].text}\,]", ATOM, "brackets")


_PRINTERS: dict[str, Callable[[Form, list[Tex]], Tex]] = {
    "add": _add,
    "series": _add,
    "sub": _sub,
    "neg": _neg,
    "mul": _mul,
    "div": _div,
    "matmul": _matmul,
    "pow": _pow,
    "transposed": _transposed,
    "derivative": _derivative,
    "index": _index,
    "pick": _pick,
    "element": _element,
    "total": _total,
    "scaled": _scaled,
    "kronecker": _kronecker,
    **dict.fromkeys(_RELATIONS, _relation),
}

# Functions ------------------------------------------------------------------------------------------------

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
    "trace": r"\operatorname{tr}",
}


def _call(f: Form, parts: list[Tex]) -> Tex:
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
    return _by([dims_latex(d.strip()) for d in value.strip("()").split(",") if d.strip()])


def _exp(f: Form, parts: list[Tex]) -> Tex | None:
    short = len(parts[0].text) <= 30 and r"\frac" not in parts[0].text
    scalar = not _is_array(f.parts[0])
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
    return Tex(rf"{sign} {_wrap(parts[0], PRODUCT)}", SUM, "sum")


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
    inner = _wrap(parts[0], PRODUCT)
    if ndim == 0:
        ones = rf"\mathbf{{1}}_{{{_by(shape)}}}"
        return Tex(ones, ATOM, "ones") if inner == "1" else Tex(rf"{inner}\,{ones}", PRODUCT, "mul")
    if isinstance(operand, Node) and len(shape) == 2 and operand.shape[-1] == 1:
        return Tex(rf"{inner}\,\mathbf{{1}}_{{{shape[1]}}}^\top", PRODUCT, "matmul")
    if isinstance(operand, Node) and len(shape) == 2:
        return Tex(rf"\mathbf{{1}}_{{{shape[0]}}}\,{_transposed(f, parts).text}", PRODUCT, "matmul")
    return None


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
    return _transposed(f, parts)


def _eye(f: Form, parts: list[Tex]) -> Tex | None:
    sizes = [dims_latex(size) for _, size in f.options]
    return Tex(rf"\mathbf{{I}}_{{{_by(sizes)}}}", ATOM, "name")


_SPECIAL: dict[str, Callable[[Form, list[Tex]], Tex | None]] = {
    "exp": _exp,
    "sqrt": _brackets(r"\sqrt{", "}"),
    "abs": _brackets(r"\left|", r"\right|"),
    "norm": _brackets(r"\left\|", r"\right\|"),
    "where": _where,
    "sum": _sum,
    "mean": _mean,
    "broadcast": _broadcast,
    "contract": _contract,
    "transpose": _transpose,
    "eye": _eye,
}
