"""Judging in a process of its own, which is ended where one claim takes too long."""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any

from graphc.claims.carry import Judge
from graphc.claims.verdict import Judgement, Problem, Verdict
from graphc.ir.errors import GraphcError, ParseError

GRACE = 1.0  # seconds beyond its limit after which a claim's process is ended
READING = 30.0  # seconds that a text may take to be read
LONGEST = 86_400.0  # seconds that are waited for a claim; systems refuse to wait for months

Begin = Callable[[], Judge]


@dataclass
class Found:
    """What came of one text: judgements by the place of their claims, and why it could not be read."""

    judgements: dict[int, Judgement] = field(default_factory=dict)
    error: GraphcError | None = None

    @property
    def ordered(self) -> tuple[Judgement, ...]:
        return tuple(self.judgements[i] for i in sorted(self.judgements))


def judged(begin: Begin, *, source: str | None = None, seconds: float = 10.0) -> Found:
    """All claims of the text that `begin` reads, each within `seconds`; one that takes longer is undecided."""
    found = Found()
    pending: dict[int, Judgement] = {}
    start = 0
    while True:
        at = _run(begin, start, found, pending, source, seconds)
        if at is None:
            return found
        found.judgements[at] = _late(pending.get(at), seconds)
        start = at + 1


def _late(claim: Judgement | None, seconds: float) -> Judgement:
    told = claim or Judgement("", Verdict.UNDECIDED)
    return replace(told, verdict=Verdict.UNDECIDED, reason=f"not decided within {seconds:g} seconds")


def _run(
    begin: Begin,
    start: int,
    found: Found,
    pending: dict[int, Judgement],
    source: str | None,
    seconds: float,
) -> int | None:
    """Judge from claim `start` on; the place of the claim that took too long, or None when all is done."""
    context: Any = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")
    ours, theirs = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(theirs, begin, start, dict(found.judgements)), daemon=True)
    worker.start()
    theirs.close()
    at, limit = start, READING
    try:
        while True:
            if not ours.poll(limit):
                if limit == READING and at not in pending:
                    found.error = _unread(f"this takes longer than {READING:g} seconds to read", source)
                    return None
                return at
            try:
                word, *rest = ours.recv()
            except EOFError:  # it was ended from outside, as where memory runs out
                if at not in pending:
                    found.error = _unread(
                        "the process that read this ended, as where memory runs out", source
                    )
                    return None
                return at
            match word:
                case "claims":
                    pending.update(enumerate(rest[0]))
                case "begin":
                    at, limit = rest[0], min(seconds, LONGEST) + GRACE
                case "judged":
                    found.judgements[rest[0]] = rest[1]
                case "unread":
                    found.error = rest[0]
                    return None
                case "failed":
                    raise RuntimeError(f"judging failed:\n{rest[0]}")
                case "done":
                    return None
    finally:
        worker.kill()
        worker.join()
        ours.close()


def _unread(sentence: str, source: str | None) -> GraphcError:
    return GraphcError(f"{source}: {sentence}" if source else sentence)


def _work(pipe: Connection, begin: Begin, start: int, known: Mapping[int, Judgement]) -> None:
    """In the process: read the text, and send each judgement as it is found."""
    try:
        _judge(pipe, begin(), start, known)
    except GraphcError as error:
        pipe.send(("unread", error))
    except Exception:  # a mistake of our own: told where the process was begun
        pipe.send(("failed", traceback.format_exc()))


def _judge(pipe: Connection, judge: Judge, start: int, known: Mapping[int, Judgement]) -> None:
    judge.resume(known)
    pipe.send(("claims", judge.unjudged()))

    def tell(i: int) -> None:
        pipe.send(("begin", i))

    for i, judgement in judge.judgements(start, tell):
        pipe.send(("judged", i, judgement))
    pipe.send(("done",))


def problem_of(error: GraphcError) -> Problem:
    """An error as data, with its place where it has one."""
    place: dict[str, Any] = {}
    if isinstance(error, ParseError):
        place = {"source": error.source, "line": error.line, "column": error.column}
    return Problem(str(error), **place)
