"""One claim judged: shapes, then algebra, then points; of a wrong one, the mistake that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from graphc.claims import blame
from graphc.claims.compare import Agreement, Disagreement, Unsettled, compare
from graphc.claims.normal import prove
from graphc.claims.reading import Claim
from graphc.claims.sample import NOWHERE
from graphc.claims.trial import Trial
from graphc.claims.verdict import Counterexample, Verdict
from graphc.ir.node import Node, topological
from graphc.ir.types import show_shape
from graphc.ops.move import broadcast
from graphc.rewrite.simplify import simplify

MOVES = ("reshape(", "pad(", "broadcast(", "contract(", "gather(", "scatter_add(", "None")
POINTS = 8
LOOKS = 2  # points at which what is proved is looked at
NEARLY = 1e-6  # relative difference below which no mistake that people make is behind it
LONGEST = 2000  # characters of an expression that is told
SIMPLEST = 100  # denominators of fractions that a decimal may have been meant for


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of comparing two sides, or all sides of a claim."""

    verdict: Verdict
    reason: str
    notes: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    points: int = 0
    error: float = 0.0
    sides: tuple[Node, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether the sides are equal as far as is known."""
        return self.verdict.holds


def judge(sides: Sequence[Node], *, of_zero: bool = False, seconds: float = 10.0) -> Outcome:
    """Whether all sides are equal: the least certain of the verdicts on neighbours, or the first that are not."""
    share = seconds / max(1, len(sides) - 1)
    found = [compare_sides(a, b, of_zero=of_zero, seconds=share) for a, b in pairwise(sides)]
    for verdict in (Verdict.WRONG, Verdict.UNDECIDED):
        for outcome in found:
            if outcome.verdict is verdict:
                return outcome
    return max(found, key=lambda o: (o.verdict is Verdict.AGREES, o.error))


def compare_sides(left: Node, right: Node, *, of_zero: bool = False, seconds: float = 10.0) -> Outcome:
    """Whether two sides are equal."""
    left, right = _spread(left, right), _spread(right, left)
    if left.shape != right.shape:
        return Outcome(Verdict.WRONG, _shapes(left, right), sides=(left, right))
    if _is_zero(left) and _is_zero(right):
        if not of_zero:
            reason = "both sides are zero whatever the values, so that this says nothing"
            return Outcome(Verdict.UNDECIDED, reason, sides=(left, right))
        note = "both sides are zero for all values"
        return Outcome(Verdict.PROVED, "by algebra, for all sizes and values", (note,), sides=(left, right))
    if prove(left, right, seconds=min(2.0, seconds / 4)):
        # Proofs are looked over: nothing that is defined nowhere is right, and no proof stands against an example.
        match compare(left, right, points=LOOKS, seconds=seconds / 4):
            case Unsettled(reason=reason) if reason == NOWHERE:
                return Outcome(Verdict.UNDECIDED, reason, sides=(left, right))
            case Disagreement():
                pass
            case _:
                return Outcome(Verdict.PROVED, "by algebra, for all sizes and values", sides=(left, right))
    return _at_points(left, right, of_zero, seconds / 2)


def _at_points(left: Node, right: Node, of_zero: bool, seconds: float) -> Outcome:
    match compare(left, right, points=POINTS, seconds=seconds):
        case Agreement(trivial=True) if not of_zero:
            reason = "both sides are zero at every point tried, so that this says nothing"
            return Outcome(Verdict.UNDECIDED, reason, sides=(left, right))
        case Agreement(one_sided=kinks, domain="") if kinks:
            reason = f"equal at the points tried, but only one side of {kinks[0]} was met"
            return Outcome(Verdict.UNDECIDED, reason, sides=(left, right))
        case Agreement() as found:
            many = f"{found.points} point{'s' * (found.points != 1)}"
            reason = f"at {many}, largest relative error {found.error:.0e}"
            where = found.domain.removeprefix("where ")
            notes = [f"points lie where {where}"] if where else []
            notes += [f"only one side of {kink} was met" for kink in found.one_sided]
            return Outcome(
                Verdict.AGREES, reason, tuple(notes), None, found.points, found.error, sides=(left, right)
            )
        case Disagreement() as found:
            reason = _difference(found.counterexample)
            some = (f"equal at {found.points_right} of the points tried",) if found.points_right else ()
            return Outcome(Verdict.WRONG, reason, some, found.counterexample, sides=(left, right))
        case unsettled:
            return Outcome(Verdict.UNDECIDED, unsettled.reason, sides=(left, right))


def _difference(found: Counterexample) -> str:
    where = f" at entry [{', '.join(map(str, found.entry))}]" if found.entry else ""
    return f"{found.left:.6g} is not {found.right:.6g}{where}"


def _shapes(left: Node, right: Node) -> str:
    text = f"the shapes differ: {show_shape(left.shape)} and {show_shape(right.shape)}"
    for jacobian, other in ((left, right), (right, left)):
        if _is_jacobian_of(jacobian, other):
            both = "the derivative of an array by an array has the axes of both"
            return f"{text}; {both}: write `diag(…)` of this, or differentiate the sum"
    if left.ndim == 2 and left.shape == right.shape[::-1]:
        text += "; the gradient has the shape of the variable, unless the text says `layout = numerator`"
    return text


def _is_jacobian_of(jacobian: Node, other: Node) -> bool:
    """Whether one has the axes of the other twice, as the derivatives of an array by one of its shape."""
    return bool(other.shape) and jacobian.shape == other.shape * 2


def _spread(side: Node, other: Node) -> Node:
    """A literal number stands for an array of it."""
    return broadcast(side, other.shape) if side.op.name == "const" and not side.ndim and other.ndim else side


def _is_zero(side: Node) -> bool:
    simple = simplify(side)
    leaves = [n for n in topological([simple]) if not n.args]
    return all(n.op.name == "const" and n.attr("value") == 0 for n in leaves)


def why(claim: Claim, claimed: Node, right: Node, seconds: float) -> tuple[str, ...]:
    """The mistakes that alone explain what is claimed; none where none does, or several do."""
    if claim.repairs:
        # `X @ v` mended by `X.T @ v` is also mended by `v @ X`: the changes come in the order of what is likely.
        return next((r.mistakes for r in claim.repairs if _settles(r.node, right)), ())
    if _is_jacobian_of(right, claimed):
        return ()  # the reason says what is to be written
    if Trial([claimed, right]).agree(claimed, right, NEARLY):
        return ()
    if claim.output is not None and claim.target is not None:
        found = blame.explain(claimed, claim.output, claim.target, right=right, seconds=seconds)
    else:
        found = blame.explain_equal(claimed, right, seconds=seconds)
    return tuple(m.text if is_plain(m.text) else m.name for m in found.mistakes) if found is not None else ()


def _settles(node: Node, right: Node) -> bool:
    return node.shape == right.shape and compare_sides(node, right, of_zero=True, seconds=3.0).holds


def hints(claimed: Node) -> tuple[str, ...]:
    """What a writer may have meant: a simple fraction for a decimal that is cut off."""
    found = []
    for node in topological([claimed]):
        value = node.attr("value") if node.op.name == "const" else None
        if isinstance(value, Decimal):
            digits = len(str(value).partition(".")[2])
            near = Fraction(value).limit_denominator(SIMPLEST)
            if digits >= 3 and 0 < abs(Fraction(value) - near) < Fraction(1, 10**digits):
                found.append(f"{value} is exactly that; {near} may be meant")
    return tuple(dict.fromkeys(found))


def is_plain(text: str) -> bool:
    """Whether people would write it so: no axes moved about."""
    return not any(word in text for word in MOVES)


def told(node: Node | None) -> str:
    """An expression as text, cut where it is very long; nothing where no notation is for it that people use."""
    text = str(node) if node is not None else ""
    if text == repr(node) or not is_plain(text):
        return ""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
