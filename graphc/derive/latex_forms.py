r"""Expressions as LaTeX mathematics: `\top` for transposes, `\odot` for elementwise products of arrays."""

from __future__ import annotations

import re
from collections.abc import Callable

from graphc.derive.latex_functions import call_latex
from graphc.derive.latex_indices import entries, subscript, sum_sign
from graphc.derive.latex_names import latex_name, mixed
from graphc.derive.latex_pieces import Tex, by, dims_latex, is_array, parenthesised, transposed, wrap
from graphc.ir.node import Node
from graphc.ir.types import DType, Shape
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

LONGEST_NUMBER = 7
"""A power of ten of more digits is written as one."""


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
    return rf"{numbers}^{{{by([dims_latex(str(d)) for d in shape])}}}" if shape else numbers


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
            return call_latex(f, [])
    return Tex(mixed(f.text), ATOM, f.kind)


def _number(text: str) -> str:
    if len(text) > LONGEST_NUMBER and text.rstrip("0") == "1":
        return f"10^{{{len(text) - 1}}}"
    mantissa, e, exponent = text.partition("e")
    if text in ("pi", "inf"):
        return {"pi": r"\pi", "inf": r"\infty"}[text]
    if text.isidentifier():
        return latex_name(text)
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else text


def _inner(f: Form, parts: list[Tex]) -> Tex:
    return _PRINTERS.get(f.kind, call_latex)(f, parts)


def _add(f: Form, parts: list[Tex]) -> Tex:
    last = len(parts) - 1
    terms = [_closed(p) if i < last else wrap(p, SUM, after=i > 0) for i, p in enumerate(parts)]
    return Tex(
        " + ".join([terms[0], *(t if t[0] != "-" else parenthesised(t) for t in terms[1:])]), SUM, f.kind
    )


def _closed(part: Tex) -> str:
    """A term with more to come after it: a sum over an index needs its end marked."""
    return parenthesised(part.text) if part.kind == "sum" else wrap(part, SUM)


def _sub(f: Form, parts: list[Tex]) -> Tex:
    least = SUM if parts[1].kind == "sum" else SUM + 1
    return Tex(f"{_closed(parts[0])} - {wrap(parts[1], least, after=True)}", SUM, f.kind)


def _neg(f: Form, parts: list[Tex]) -> Tex:
    if parts[0].kind == "sum":
        return Tex(f"-{parts[0].text}", SUM, "neg")
    return Tex(f"-{wrap(parts[0], PRODUCT, after=True)}", min(NEGATIVE, max(parts[0].level, PRODUCT)), f.kind)


def _mul(f: Form, parts: list[Tex]) -> Tex:
    left, right = parts
    if is_array(f.parts[0]) and is_array(f.parts[1]):
        sides = [
            parenthesised(p.text) if p.kind == "matmul" else wrap(p, PRODUCT, after=i > 0)
            for i, p in enumerate(parts)
        ]
        return Tex(r" \odot ".join(sides), PRODUCT, "odot")
    ends_in_sum = right.kind == "sum"
    one, two = wrap(left, PRODUCT), wrap(right, SUM if ends_in_sum else PRODUCT, after=True)
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
        sign = r" \odot" if is_array(f.parts[1]) else ""
        count = re.match(r"(\d+)(?:\\,| )*(?=\\sum)", parts[0].text)
        if count:
            return Tex(
                rf"\frac{{{count[1]}}}{{{parts[1].text}}}{sign} {parts[0].text[count.end() :]}", SUM, "sum"
            )
        return Tex(rf"\frac{{1}}{{{parts[1].text}}}{sign} {parts[0].text}", SUM, "sum")
    if r"\frac" in parts[0].text and parts[0].kind == "matmul" and not is_array(f.parts[1]):
        return Tex(rf"\frac{{1}}{{{parts[1].text}}}\,{parts[0].text}", PRODUCT, "mul")
    if r"\sum" in parts[0].text and r"\partial" in parts[0].text:
        sign = r" \odot " if is_array(f.parts[1]) else r"\,"
        return Tex(
            rf"\frac{{1}}{{{parts[1].text}}}{sign}{wrap(parts[0], PRODUCT, after=True)}", PRODUCT, "mul"
        )
    if parts[0].kind == "derivative":
        return Tex(rf"{parts[0].text} \,/\, {wrap(parts[1], ATOM)}", PRODUCT, f.kind)
    return Tex(rf"\frac{{{parts[0].text}}}{{{parts[1].text}}}", PRODUCT, "frac")


def _matmul(f: Form, parts: list[Tex]) -> Tex:
    sides = [parenthesised(p.text) if p.kind in ("odot", "neg") else wrap(p, PRODUCT) for p in parts]
    return Tex(r"\,".join(sides), PRODUCT, f.kind)


def _pow(f: Form, parts: list[Tex]) -> Tex:
    base, exponent = parts
    bare = base.level == ATOM and base.kind in ("name", "number", "brackets")
    return Tex(f"{base.text if bare else parenthesised(base.text)}^{{{exponent.text}}}", POWER, f.kind)


def _derivative(f: Form, parts: list[Tex]) -> Tex:
    of, wrt = parts
    if of.kind == "name":
        return Tex(rf"\frac{{\partial {of.text}}}{{\partial {wrt.text}}}", ATOM, f.kind)
    inner = of.text if of.level == ATOM and of.kind == "call" else parenthesised(of.text)
    return Tex(rf"\frac{{\partial}}{{\partial {wrt.text}}}\,{inner}", ATOM, f.kind)


_RELATIONS = {"less": "<", "less_equal": r"\le", "greater": ">", "greater_equal": r"\ge"}


def _relation(f: Form, parts: list[Tex]) -> Tex:
    """Iverson's bracket: 1 where the relation holds, else 0."""
    left, right = (wrap(p, COMPARE + 1) for p in parts)
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
    return Tex(rf"{sum_sign([i for i, _ in f.options])} {wrap(parts[0], PRODUCT)}", SUM, "sum")


def _scaled(f: Form, parts: list[Tex]) -> Tex:
    above, below, total = parts
    if below.text != "1":
        return Tex(rf"\frac{{{above.text}}}{{{below.text}}} {total.text}", SUM, "sum")
    return Tex(rf"{wrap(above, PRODUCT)} {total.text}", SUM, "sum")


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
    "transposed": transposed,
    "derivative": _derivative,
    "index": _index,
    "pick": _pick,
    "element": _element,
    "total": _total,
    "scaled": _scaled,
    "kronecker": _kronecker,
    **dict.fromkeys(_RELATIONS, _relation),
}
