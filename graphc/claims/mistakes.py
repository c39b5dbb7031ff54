"""The mistakes people make in derivations by hand: their names, which are the same, and which name says the most."""

from __future__ import annotations

from dataclasses import dataclass

SIGN = "sign"
TWICE = "factor 2"
HALF = "factor 1/2"
CONSTANT = "constant factor"
MISSING_SHARE = "missing 1/N"
EXTRA_SHARE = "extra 1/N"
SUM_FOR_MEAN = "sum instead of mean"
MEAN_FOR_SUM = "mean instead of sum"
TRANSPOSE = "missing transpose"
SWAPPED = "swapped factors"
ELEMENTWISE = "elementwise instead of matrix product"
BATCH_SUM = "missing batch sum"
AXIS = "wrong axis"
NO_SLOPE = "missing activation derivative"
SLOPE_TWICE = "doubled activation derivative"
AT_INPUT = "derivative at the pre-activation"
AT_OUTPUT = "derivative at the output"
FUNCTION_ITSELF = "activation instead of its derivative"
OTHER_SLOPE = "derivative of another activation"
WRONG_SIDE = "wrong side of the kink"
BRANCH = "forgotten branch"
PENALTY = "forgotten regularisation term"
STATISTICS = "running instead of batch statistics"
SOFTMAX = "softmax taken elementwise"
CHAIN = "missing chain factor"
CHAIN_TWICE = "doubled chain factor"
POWER = "wrong exponent"
EXPONENT = "exponent not lowered"
INVERTED = "inverted factor"
INNER = "derivative at the inner variable"
NO_DIAGONAL = "missing diag"
EXTRA_AXIS = "axis of size 1 left over"

MEANINGS = {
    SIGN: "the gradient, a term or a branch of it has the wrong sign",
    TWICE: "it is twice what is right, in all or in one term",
    HALF: "it is half of what is right, in all or in one term",
    CONSTANT: "it is a fixed number times what is right",
    MISSING_SHARE: "it is not divided by a number of entries, such as the size of the batch",
    EXTRA_SHARE: "it is divided by a number of entries once too often",
    SUM_FOR_MEAN: "a mean was differentiated as a sum",
    MEAN_FOR_SUM: "a mean was taken where a sum belongs, as in the gradient of a bias",
    TRANSPOSE: "a matrix in a product, or the whole, is not transposed",
    SWAPPED: "the factors of a matrix product stand in the wrong order, or the other factor of a product was taken",
    ELEMENTWISE: "a matrix product was written entry by entry",
    BATCH_SUM: "what was repeated on the way forward is not summed on the way back",
    AXIS: "a sum, mean or softmax runs along the wrong axis",
    NO_SLOPE: "the derivative of an activation was left out",
    SLOPE_TWICE: "the derivative of an activation was taken twice",
    AT_INPUT: "a derivative in terms of the output was taken at the input",
    AT_OUTPUT: "a derivative in terms of the input was taken at the output",
    FUNCTION_ITSELF: "the activation stands where its derivative belongs",
    OTHER_SLOPE: "the derivative of another activation was taken",
    WRONG_SIDE: "the mask of a kink is the wrong way round",
    BRANCH: "one of the ways to the variable, or a term of the formula, was left out",
    PENALTY: "the gradient of a penalty was left out",
    STATISTICS: "mean and variance of the batch were taken as constants",
    SOFTMAX: "softmax was differentiated entry by entry, p*(1 - p)",
    CHAIN: "a factor of the chain rule, or a whole layer, was left out",
    CHAIN_TWICE: "a factor stands there twice",
    POWER: "a power has the wrong exponent",
    EXPONENT: "a power was differentiated without its exponent going down by one",
    INVERTED: "a factor is upside down",
    INNER: "the derivative of f(g(x)) was taken at x, not at g(x)",
    NO_DIAGONAL: "the diagonal of a Jacobian is written as a vector, or its zeros are missing",
    EXTRA_AXIS: "only an axis of size 1 is too many or too few",
}
"""What each name says, for people who read it the first time."""

# Of several names for one and the same wrong value the one that stands first is given: it says more about what
# was done, or less has to go wrong for it.
SPECIFICITY: tuple[tuple[str, ...], ...] = (
    # What was forgotten is a whole idea, of which several edges at once are the trace.
    (PENALTY, STATISTICS, SOFTMAX),
    # One number is wrong, whatever else could have led to it: the simplest account of all.
    (SIGN, TWICE, HALF),
    # A number as well, but one that is a size: the same number elsewhere would be a coincidence.
    (SUM_FOR_MEAN, MEAN_FOR_SUM),
    (MISSING_SHARE, EXTRA_SHARE),
    # Products in the wrong order, or of another kind: nothing is missing.
    (TRANSPOSE, NO_DIAGONAL),
    (ELEMENTWISE, SWAPPED, AXIS),
    (BATCH_SUM,),
    # The slope of an activation is there, and taken wrongly, or is not there.
    (NO_SLOPE,),
    (SLOPE_TWICE,),
    (WRONG_SIDE,),
    (AT_INPUT, AT_OUTPUT, INNER),
    (FUNCTION_ITSELF, EXPONENT),
    (OTHER_SLOPE,),
    # A path of the graph is gone, or a term of the formula.
    (BRANCH,),
    (POWER,),
    # Of any factor it can be said that it is missing, doubled or upside down.
    (CHAIN, CHAIN_TWICE, INVERTED),
    (CONSTANT, EXTRA_AXIS),
)
RANK = {name: rank for rank, names in enumerate(SPECIFICITY) for name in names}
NAMES = tuple(RANK)

# What happens often enough to happen twice. Of the rarer kinds a pair explains almost anything, and so nothing.
COMMON = frozenset((
    SIGN, TWICE, HALF, MISSING_SHARE, EXTRA_SHARE, SUM_FOR_MEAN, MEAN_FOR_SUM, TRANSPOSE, BATCH_SUM,
    NO_SLOPE, SLOPE_TWICE, AT_INPUT, FUNCTION_ITSELF, WRONG_SIDE, PENALTY, STATISTICS, SOFTMAX,
))  # fmt: skip

# Of mistakes in a formula, those that may come with a factor of the whole.
FORMAL = frozenset(
    (TRANSPOSE, SWAPPED, BATCH_SUM, AXIS, MISSING_SHARE, EXTRA_SHARE, SUM_FOR_MEAN, MEAN_FOR_SUM)
)

# What undoes a mistake, where it is a mistake as well: a sum taken for a mean is mended by a mean for the sum.
UNDONE = {
    **{name: name for name in (SIGN, TRANSPOSE, SWAPPED, AXIS, POWER)},
    TWICE: HALF,
    HALF: TWICE,
    MISSING_SHARE: EXTRA_SHARE,
    EXTRA_SHARE: MISSING_SHARE,
    SUM_FOR_MEAN: MEAN_FOR_SUM,
}

# Two names for one thing: which is used depends on where it is seen.
SAME: tuple[frozenset[str], ...] = (
    frozenset({MISSING_SHARE, SUM_FOR_MEAN}),
    frozenset({EXTRA_SHARE, MEAN_FOR_SUM}),
    frozenset({BRANCH, PENALTY}),
)


def same(one: str, other: str) -> bool:
    """Whether two names speak of the same mistake, as a missing 1/N and a sum instead of a mean do."""
    return one == other or any({one, other} <= group for group in SAME)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A named mistake: `where` it was made, in the writer's words, and what was written for what, if it can be said.

    >>> Mistake("missing transpose", "the product with W2", "h.T @ dz2, not h @ dz2").text
    'missing transpose: h.T @ dz2, not h @ dz2'
    """

    name: str
    where: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        if self.name not in RANK:
            raise ValueError(f"{self.name!r} is not in the list of mistakes")

    @property
    def text(self) -> str:
        """One line: the name, and the detail or else the place."""
        if self.detail:
            return f"{self.name}: {self.detail}"
        return f"{self.name} at {self.where}" if self.where else self.name

    @property
    def rank(self) -> int:
        """The smaller, the more the name says."""
        return RANK[self.name]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The one mistake, or the two, under which the derivation gives exactly what was claimed."""

    mistakes: tuple[Mistake, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the mistakes, in alphabetical order."""
        return tuple(sorted(m.name for m in self.mistakes))

    @property
    def text(self) -> str:
        """One line with all of them."""
        return "; and ".join(m.text for m in self.mistakes)
