"""What a program claims: chains of equalities, and gradients by names such as `dW`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphc.derive.reverse import grad
from graphc.ir.errors import ParseError
from graphc.ir.node import Node, topological
from graphc.lang import tree
from graphc.lang.program import BuiltClaim, Program
from graphc.lang.repair import Repair
from graphc.lang.tree import Place
from graphc.ops.move import transpose


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: that all `sides` are equal.

    Of a gradient given by a `name`, such as dW, the first side is what is derived, the second what is written. `output`
    and `target` are of what and by what a derivative is claimed, where it is one of named nodes. `failure` says why a
    side could not be built; `repairs` are what it would be with one change of its text. `of_zero` says that the claim
    means something where all sides are zero: that a derivative, or what is written on the other side, is. `earlier` is
    what a name of NumPy code held on the way: a claim is right that is right at one of its lines. `derived` says that
    nothing in it was derived by hand: a derivative is written on every side.
    """

    text: str
    at: Place
    sides: tuple[Node, ...]
    name: str = ""
    output: Node | None = None
    target: Node | None = None
    failure: str = ""
    repairs: tuple[Repair, ...] = ()
    of_zero: bool = False
    earlier: tuple[Node, ...] = ()
    derived: bool = False

    @property
    def readings(self) -> Iterator[tuple[Node, ...]]:
        """The sides, and those with what the name held before a later line changed it, the latest first."""
        yield self.sides
        for node in reversed(self.earlier):
            yield (self.sides[0], node)

    @property
    def local(self) -> bool:
        """Whether it is about the derivative of an operation by one of its own operands."""
        return self.output is not None and any(a is self.target for a in self.output.args)


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a text in order, and `written`: of each name of a gradient what the text says it is."""

    found: tuple[Claim, ...]
    written: Mapping[str, Node]

    def stages(self, name: str) -> tuple[Node, ...]:
        """What is written for a name, the last first."""
        earlier = next((claim.earlier for claim in self.found if claim.name == name), ())
        return (self.written[name], *reversed(earlier)) if name in self.written else ()

    def used_by(self, claim: Claim) -> list[str]:
        """The names of gradients that what is written in a claim is built on, its own left out."""
        nodes = set(topological(claim.sides[1:] if claim.name else claim.sides))
        nodes.update(topological([r.node for r in claim.repairs]))
        return [
            name
            for name in self.written
            if name != claim.name and any(node in nodes for node in self.stages(name))
        ]


def claims_of(program: Program) -> Claims:
    """What a program claims; raises ParseError where it is open what `dNAME` is the gradient of."""
    chains = {id(built.statement): built for built in program.claims}
    found: list[Claim] = []
    written: dict[str, Node] = {}
    for statement in program.statements:
        built = chains.get(id(statement))
        if isinstance(statement, tree.Definition) and statement.name.id in program.gradients:
            name = statement.name.id
            subject = program.names[program.gradients[name]]
            if subject.dtype != "real":
                continue
            found.append(_of_gradient(program, statement, subject, built))
            if program.names[name].name == name:
                written[name] = program.names[name]
        elif built is not None:
            found.append(_of_chain(program, built))
    return Claims(tuple(found), written)


def _of_gradient(
    program: Program, statement: tree.Definition, subject: Node, built: BuiltClaim | None
) -> Claim:
    name = statement.name.id
    output = output_of(program, subject, name, statement.at)
    right = grad(output, subject)
    if program.numerator and right.ndim == 2:
        right = transpose(right)
    failure, repairs = (built.failure, built.repairs) if built is not None else ("", ())
    sides = built.sides if built is not None and not failure else (program.names[name],)
    return Claim(
        statement.text,
        statement.at,
        (right, *sides),
        name,
        output,
        subject,
        failure,
        tuple(repairs),
        of_zero=True,
        derived=all(map(_has_result, statement.sides)),
    )


def _of_chain(program: Program, built: BuiltClaim) -> Claim:
    derivative = next((s for s in built.statement.sides if isinstance(s, tree.Derivative)), None)
    output, target = program.derivatives.get(derivative.at, (None, None)) if derivative else (None, None)
    return Claim(
        built.statement.text,
        built.statement.at,
        built.sides,
        output=output,
        target=target,
        failure=built.failure,
        repairs=built.repairs,
        of_zero=_is_of_zero(built.statement.sides),
        derived=_is_derived(built.statement.sides),
    )


def _has_derivative(side: tree.Expr) -> bool:
    return any(map(_is_derivative, tree.parts(side)))


def _is_derivative(part: object) -> bool:
    return isinstance(part, tree.Derivative) or (isinstance(part, tree.Call) and part.function == "grad")


def _is_derived(sides: Sequence[tree.Expr]) -> bool:
    """Whether nothing was derived by hand: every side has a derivative, and slopes stand for nothing but slopes."""
    return all(map(_has_derivative, sides)) and len({*map(_has_result, sides)}) == 1


def _has_result(side: tree.Expr) -> bool:
    """Whether a side has a derivative that is more than a slope such as σ'(z), of which results are made."""
    return any(_is_derivative(part) and not _is_slope(part) for part in tree.parts(side))


def _is_slope(part: object) -> bool:
    """Whether it is the derivative of a function by its argument."""
    if not isinstance(part, tree.Derivative):
        return False
    of, by = part.of, part.by
    if isinstance(of, tree.Call) and of.function == "sum" and len(of.args) == 1:
        (of,) = of.args
    if not isinstance(of, tree.Call) or len(of.args) != 1:
        return False
    (given,) = of.args
    return given == by or (isinstance(given, tree.Name) and isinstance(by, tree.Name) and given.id == by.id)


def _is_of_zero(sides: Sequence[tree.Expr]) -> bool:
    """Whether the claim would say something if all were zero: that a derivative is, or what is written on a side.

    `0*d(loss)/d(x) == 0` says nothing.
    """
    if any(isinstance(side, tree.Derivative) for side in sides):
        return True
    return not any(map(_has_derivative, sides)) and any(
        isinstance(side, tree.Number) and not side.value for side in sides
    )


def output_of(program: Program, subject: Node, name: str, at: Place) -> Node:
    """What `name` is the gradient of: the target, else `loss`, else the only scalar result there is."""
    if program.target is not None:
        return program.names[program.target]
    if "loss" in program.names:
        return program.names["loss"]
    roots = _scalar_roots(program)
    if len(roots) > 1:
        below = {root: set(topological([program.names[root]])) for root in roots}
        roots = [root for root in roots if subject in below[root]] or roots
    if len(roots) == 1:
        return program.names[roots[0]]
    if not roots:
        reason = (
            f"`{name}` is a gradient, and there is no scalar here that it could be one of; define the loss"
        )
    else:
        known = " or ".join(f"`{root}`" for root in roots)
        reason = f"`{name}` could be the gradient of {known}; say which: `target({roots[-1]})`"
    raise ParseError(reason, line=at.line, column=at.column, source=program.source)


def _scalar_roots(program: Program) -> Sequence[str]:
    """The defined scalars that nothing but gradients is made of, and that are not written as derivatives."""
    definitions = [s for s in program.statements if isinstance(s, tree.Definition)]
    defined = [s.name.id for s in definitions if not any(map(_is_derivative, s.sides))]
    values = [n for n in defined if n in program.names and n not in program.gradients]
    nodes = {n: program.names[n] for n in values if program.names[n].args}
    below: set[Node] = set()
    for node in nodes.values():
        below.update(n for n in topological([node]) if n is not node)
    return [n for n, node in nodes.items() if node.shape == () and node.dtype == "real" and node not in below]
