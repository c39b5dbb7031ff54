"""Judging texts: the claims of files, of a text in Python, or of a hand-written NumPy function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphc.claims.carry import Judge
from graphc.claims.code import claims_of_code
from graphc.claims.limited import Begin, judged, problem_of
from graphc.claims.reading import claims_of
from graphc.claims.verdict import Judgement, Problem, Report
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, topological
from graphc.ir.text import from_text, to_text
from graphc.lang.build import build
from graphc.lang.source import Source, expression_source, read
from graphc.ops.leaf import as_node

SECONDS = 10.0


def check(text: str, *, seconds: float = SECONDS, source: str | None = None, **names: Any) -> Report:
    """The judgements of the claims in a text of the graph language.

    `names` gives nodes by name; what lies below them is known by its own names. Each claim gets at most `seconds`.
    What cannot be read raises the error of the reader.

    >>> import graphc as g
    >>> x = g.input("x", "N"); loss = (x**2).sum().named("loss")
    >>> report = g.check("d(loss)/d(x) == 2*x", loss=loss)
    >>> report[0].verdict
    <Verdict.PROVED: 'proved'>
    """
    begin = partial(_of_text, expression_source(text, source), Given(_below(names)), seconds)
    found = judged(begin, source=source, seconds=seconds)
    if found.error is not None:
        raise found.error
    return Report(found.ordered)


@dataclass
class Given:
    """Nodes by name, which go to another process as text."""

    nodes: dict[str, Node]

    def __getstate__(self) -> tuple[list[str], str]:
        return list(self.nodes), to_text(list(self.nodes.values()))

    def __setstate__(self, state: tuple[list[str], str]) -> None:
        names, text = state
        self.nodes = dict(zip(names, from_text(text), strict=True)) if names else {}


def _of_text(source: Source, given: Given, seconds: float) -> Judge:
    program = build(source, env=given.nodes, declared_only=bool(given.nodes), judging=True)
    return Judge(claims_of(program), source=source.name, seconds=seconds)


def check_sources(
    sources: Sequence[str],
    *,
    seconds: float = SECONDS,
    bind: Mapping[str, str] | None = None,
    code: str | None = None,
    loss: str | None = None,
) -> Report:
    """The judgements of all claims in files and expressions, in order; what cannot be read is among the problems.

    `code` is `file.py:function`, a NumPy function whose gradients are judged against the model in `loss`; `bind` says
    which of its names are which of the model's.
    """
    judgements: list[Judgement] = []
    problems: list[Problem] = []
    begins: list[tuple[str | None, Begin]] = [
        (_named(source), partial(_of_source, source, seconds)) for source in sources
    ]
    if code is not None:
        begins.append((code, partial(_of_code, code, loss, bind or {}, seconds)))
    for name, begin in begins:
        found = judged(begin, source=name, seconds=seconds)
        judgements += found.ordered
        if found.error is not None:
            problems.append(problem_of(found.error))
    return Report(tuple(judgements), tuple(problems))


def _named(source: str) -> str | None:
    return source if source.endswith((".graph", ".md", ".tex")) and "\n" not in source else None


def _of_source(source: str, seconds: float) -> Judge:
    found = read(source)
    if not isinstance(found, Source):
        raise GraphcError(
            f"{source} is a Python object; its claims are written in the graph language, and NumPy functions "
            "are judged with --code"
        )
    program = build(found, env={}, declared_only=found.name is not None, judging=True)
    if not program.claims and not program.gradients:
        raise GraphcError(
            f"{found.name or source}: there is no claim here; write one such as `a == b`, or `dW = …`"
        )
    return Judge(claims_of(program), source=found.name, seconds=seconds)


def _of_code(code: str, loss: str | None, bind: Mapping[str, str], seconds: float) -> Judge:
    if loss is None:
        raise GraphcError(f"{code} is judged against a model: name it, as in --loss model.graph")
    model = read(loss)
    if not isinstance(model, Source):
        raise GraphcError(f"{loss} is no text of the graph language; name a .graph or .md file")
    program = build(model, env={}, declared_only=model.name is not None)
    return Judge(claims_of_code(code, program, bind), source=code.rpartition(":")[0], seconds=seconds)


def _below(names: Mapping[str, Any]) -> dict[str, Node]:
    """The nodes given, and all named ones below them; a name that is given wins."""
    given = {name: as_node(value) for name, value in names.items()}
    below = {
        str(n.name): n
        for n in topological(given.values())
        if n.name is not None and str(n.name).isidentifier()
    }
    return {**below, **given}
