"""Names in LaTeX mathematics: subscripts, Greek letters, other scripts, and characters that mean something to TeX."""

from __future__ import annotations

import re
from functools import lru_cache

_SMALL = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_CAPITALS = ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega")
_GREEK = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", (*_SMALL, *_CAPITALS), strict=True))
_COMMANDS = {key: f"\\{name}" for letter, name in _GREEK.items() for key in (letter, name)}
_SPECIAL = {
    **{c: f"\\{c}" for c in "#$%&_{}"},
    "\\": r"\backslash ",
    "~": r"\sim ",
    "^": r"\wedge ",
    "`": r"\text{'}",
    "'": "'",
    "<": "<",
    ">": ">",
}


@lru_cache(maxsize=4096)
def latex_name(name: str, axes: int = 0) -> str:
    r"""A name as LaTeX mathematics; of an array in bold.

    >>> print(latex_name("x_1"), latex_name("W1", 2), latex_name("loss"), latex_name("sigma"))
    x_{1} \mathbf{W}_{1} \mathrm{loss} \sigma
    """
    base, subscripts = _split(name)
    base, accent = _accent(base, subscripts)
    body = _letters(base, bold=axes > 0)
    body = f"\\{accent}{{{body}}}" if accent else body
    inner = ",".join(_letters(s, bold=False) for s in subscripts)
    return f"{body}_{{{inner}}}" if inner else body


def _split(name: str) -> tuple[str, list[str]]:
    """`w_12` and `w12` into `w` and `12`, `dense1.W` into `W` and `dense1`; other names stay whole."""
    scope, dot, last = name.rpartition(".")
    if dot and all(part.isidentifier() for part in (*scope.split("."), last)):
        base, subscripts = _split(last)
        return base, [*subscripts, scope]
    if not name.isidentifier() or name.startswith("_") or name.endswith("_") or "__" in name:
        return name, []
    base, *subscripts = name.split("_")
    match = re.fullmatch(r"(\D+?)(\d+)", base)
    if match:
        return match[1], [match[2], *subscripts]
    return base, subscripts


ACCENTS = {"hat": "hat", "bar": "bar", "tilde": "tilde"}
_WIDE = {"hat": "widehat", "bar": "overline", "tilde": "widetilde"}


def _accent(base: str, subscripts: list[str]) -> tuple[str, str]:
    """`xhat`, `x_hat` and `x_1_hat` into `x` and `hat`, of a word a wide one; the subscript is used up."""
    for at in (0, -1) if subscripts and base.isalpha() else ():
        if subscripts[at] in ACCENTS and (at or _is_letter(base)):
            accent = subscripts.pop(at)
            return base, ACCENTS[accent] if _is_letter(base) else _WIDE[accent]
    for ending, accent in ACCENTS.items():
        letter = base.removesuffix(ending)
        if letter != base and _is_letter(letter):
            return letter, accent
    return base, ""


def _is_letter(text: str) -> bool:
    return len(text) == 1 or text in _COMMANDS


def _letters(text: str, *, bold: bool) -> str:
    command = _COMMANDS.get(text)
    if command:
        return f"\\boldsymbol{{{command}}}" if bold else command
    if text.isascii() and text.isalnum():
        if bold:
            return f"\\mathbf{{{text}}}"
        return text if len(text) == 1 or text.isdecimal() else f"\\mathrm{{{text}}}"
    return mixed(text)


def mixed(text: str) -> str:
    """Any text within mathematics: plain runs upright, characters special to TeX outside of them."""
    parts: list[str] = []
    run = ""
    for character in text:
        if character in _SPECIAL or not character.isprintable():
            parts += [_run(run), _SPECIAL.get(character, r"\ ")]
            run = ""
        else:
            run += character
    return "".join([*parts, _run(run)])


def _run(text: str) -> str:
    if not text:
        return ""
    return f"\\mathrm{{{text}}}" if text.isascii() and text.isalnum() else f"\\text{{{text}}}"


def operator(name: str) -> str:
    """A function's name, upright, its words apart."""
    escaped = name.strip("_").replace("_", r"\,")
    return f"\\operatorname{{{escaped}}}" if name.isascii() else mixed(name)
