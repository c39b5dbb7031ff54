"""Small changes of true claims, one sign or word at a time: nearly all are wrong, and none that is may pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tests.claims.sheets import Label, Sheet

# What is changed on the right-hand side, and into what; each place is a change of its own.
CHANGES = (
    (r"== ", "== -"),
    (r"== ", "== 2*"),
    (r"== ", "== 1.0000001*"),
    (r" - ", " + "),
    (r" \+ ", " - "),
    (r"\.T\b", ""),
    (r"(?<![\w.)\]])(\w+)(?= @)", r"\1.T"),
    (r"\b2\*", ""),
    (r"/N\b", ""),
    (r"axis=0", "axis=1"),
    (r"axis=1", "axis=0"),
    (r" @ ", "*"),
    (r"\*", " @ "),
    (r"mean\(", "sum("),
    (r"sum\(", "mean("),
    (r"\*\*2", ""),
    (r"\*\*2", "**3"),
    (r"1 - ", ""),
    (r" > 0", " < 0"),
    (r"\bp\b", "t"),
    (r"\bh\b", "z1"),
    (r"tanh", "sigmoid"),
    (r"\bN\b", "K"),
    (r"\*([a-z]\w*)\b", ""),
    (r"max\(0, ", "("),
)
_GRADIENT = re.compile(r"d(?P<of>\w+) = (?P<value>.+)")
_LOSS = re.compile(r"^(loss|L) =", re.MULTILINE)


def changed(sheet: Sheet) -> tuple[Sheet, list[str]] | None:
    """The sheet without its wrong claims, and its true ones changed, to be added one to a line.

    None for a sheet in which a wrong line is used by others.
    """
    kinds = {label.line: label.kind for label in sheet.labels}
    if not set(kinds.values()) <= {"right", "wrong"}:
        return None
    loss = _LOSS.search(sheet.text)
    kept, found = [], []
    for number, line in enumerate(sheet.text.split("\n"), start=1):
        bare = line.partition("#")[0].rstrip()
        gradient = _GRADIENT.fullmatch(bare) if number in kinds else None
        if gradient and kinds[number] == "wrong":
            return None
        kept.append(bare if gradient or number not in kinds else "")
        if kinds.get(number) != "right":
            continue
        if gradient and loss:
            bare = f"grad({loss[1]}, {gradient['of']}) == {gradient['value']}"
        if bare.count("==") == 1:
            found += _changes(bare)
    if not found:
        return None
    return replace(sheet, text="\n".join(kept), labels=()), list(dict.fromkeys(found))


def _changes(claim: str) -> Iterator[str]:
    head, sign, rest = claim.partition("== ")
    right = sign + rest
    for pattern, new in CHANGES:
        for match in re.finditer(pattern, right):
            text = right[: match.start()] + match.expand(new) + right[match.end() :]
            if text != right:
                yield head + text


def with_lines(sheet: Sheet, lines: list[str], kinds: list[str]) -> Sheet:
    """The sheet with claims below it, labelled."""
    first = sheet.text.count("\n") + 2
    labels = tuple(Label(first + i, kind, required=False) for i, kind in enumerate(kinds))
    return replace(sheet, text="\n".join([sheet.text, *lines]), labels=labels)
