"""The commands of LaTeX mathematics that are read, and what each stands for."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


VARIANTS = {
    "varepsilon": "epsilon",
    "vartheta": "theta",
    "varphi": "phi",
    "varrho": "rho",
    "varsigma": "sigma",
    "varkappa": "kappa",
}
_SMALL = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_CAPITALS = ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega")
LETTERS = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", (*_SMALL, *_CAPITALS), strict=True))
"""Greek letters typed as such, and their names."""
GREEK = frozenset((*LETTERS.values(), "omicron", "ell", "hbar"))

UPRIGHT = _words("mathrm operatorname mathop mathsf mathtt mathit mathnormal textnormal rm")
BOLD = _words("mathbf boldsymbol bm mathcal mathbb mathfrak mathscr vec symbf symbfit bf bbold mathds")
WORDS = _words("text mbox textrm textbf textit textsf hbox")
ACCENTS = {
    "hat": "hat",
    "widehat": "hat",
    "bar": "bar",
    "overline": "bar",
    "tilde": "tilde",
    "widetilde": "tilde",
    "dot": "dot",
    "ddot": "ddot",
    "check": "check",
    "breve": "breve",
}

SPACES = _words(
    "displaystyle textstyle scriptstyle limits nolimits thinspace medspace thickspace negthinspace "
    "nonumber notag allowbreak nobreak hfill noindent strut mathstrut centering "
    "big Big bigg Bigg bigl bigr bigm Bigl Bigr Bigm biggl biggr biggm Biggl Biggr Biggm middle"
)
"""Commands that change only the look, dropped."""
DROPPED = _words("label tag ref eqref phantom hphantom vphantom hspace vspace mspace intertext color")
"""Commands dropped with their argument."""
WRAPPERS = frozenset(("underbrace", "overbrace", "boxed", "cancel", "mathord", "mathbin", "ensuremath"))
QUADS = frozenset(("quad", "qquad", "enspace", "hskip"))

LINKS = {
    "cdot": "dot",
    "cdotp": "dot",
    "bullet": "dot",
    "odot": "entrywise",
    "circ": "entrywise",
    "times": "times",
    "ast": "star",
    "otimes": "outer",
    "oslash": "entrywise /",
}
RELATIONS = {"equiv": "\\equiv", "coloneqq": ":=", "triangleq": ":=", "eqqcolon": "=:"}
COMPARISONS = {
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "leq": "<=",
    "leqslant": "<=",
    "ge": ">=",
    "geq": ">=",
    "geqslant": ">=",
    "ne": "!=",
    "neq": "!=",
}
OPERATORS = frozenset(("sum", "prod", "partial", "nabla"))
FRACTIONS = frozenset(("frac", "dfrac", "tfrac", "cfrac", "nicefrac"))
TRANSPOSES = frozenset(("top", "intercal", "T"))
DELIMITERS = {
    "lbrace": "\\{",
    "rbrace": "\\}",
    "{": "\\{",
    "}": "\\}",
    "lbrack": "[",
    "rbrack": "]",
    "lparen": "(",
    "rparen": ")",
    "lvert": "|<",
    "rvert": "|>",
    "vert": "|",
    "lVert": "‖<",
    "rVert": "‖>",
    "Vert": "‖",
    "|": "‖",
}
ARRANGING = frozenset(
    (
        *("aligned", "align", "alignat", "alignedat", "flalign", "split", "gathered", "gather", "multline"),
        *("multlined", "equation", "eqnarray", "displaymath", "math"),
    )
)
"""Environments that only arrange rows."""
CASES = frozenset(("cases", "dcases"))
QUANTIFIERS = frozenset(("for all", "for each", "for every", "for any"))
IF, OTHERWISE = ("if", "when", "for", "where"), ("otherwise", "else", "elsewhere")
REFUSED = {
    "approx": "only equalities are judged; `\\approx` is none",
    "propto": "only equalities are judged; `\\propto` is none; write the factor",
    "sim": "only equalities are judged; `\\sim` is none",
    "in": "only equalities are judged; leave out what follows `\\in`",
    "int": "integrals are not part of the graph language",
    "pm": "`\\pm` stands for two claims; write each",
    "mp": "`\\mp` stands for two claims; write each",
    "ldots": "`\\ldots` leaves something out; write it in full or with `\\sum`",
    "dots": "`\\dots` leaves something out; write it in full or with `\\sum`",
    "cdots": "`\\cdots` leaves something out; write it in full or with `\\sum`",
    "implies": "write each claim in a row of its own, without `\\implies`",
    "iff": "write each claim in a row of its own, without `\\iff`",
    "Rightarrow": "write each claim in a row of its own, without `\\Rightarrow`",
    "Leftrightarrow": "write each claim in a row of its own, without `\\Leftrightarrow`",
    "to": "`\\to` is not part of the claims that are read",
    "rightarrow": "`\\rightarrow` is not part of the claims that are read",
    "mapsto": "`\\mapsto` is not part of the claims that are read",
    "binom": "binomial coefficients are not part of the graph language",
    "infty": "infinity is not part of the graph language",
    "div": "write a quotient as `\\frac{a}{b}`",
}
"""Commands whose meaning is known and not in the language, each with its sentence."""
