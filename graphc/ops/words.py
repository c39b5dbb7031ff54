"""Options whose values are words: `reduction: Literal["mean", "sum", "none"]` in a builder's signature says which.

One of text or a whole number, `key: str | int`, takes any word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from graphc.ir.errors import GraphcError


@dataclass(frozen=True, slots=True)
class Words:
    """The words an option takes; `only` when it takes nothing else, `free` when it takes any, as a key does."""

    allowed: tuple[str, ...]
    only: bool
    free: bool = False


@cache
def words(builder: Callable[..., Any]) -> dict[str, Words]:
    """The options of a builder that take words, by name, as its annotations tell."""
    try:
        hints = get_type_hints(builder)
    except NameError:  # an annotation that only a type checker can read is no list of words
        return {}
    found = {}
    for option, hint in hints.items():
        parts = list(_parts(hint))
        allowed = tuple(part for part in parts if isinstance(part, str))
        free = set(parts) == {str, int}
        if (allowed or free) and option != "return":
            found[option] = Words(allowed, len(allowed) == len(parts), free)
    return found


def _parts(hint: Any) -> Iterator[Any]:
    """The words of a hint and the types beside them; what stands inside a type of containers is none of them."""
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    elif get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _parts(part)
    else:
        yield hint


def check_words(function: str, builder: Callable[..., Any], **given: Any) -> None:
    """Refuse a word that an option of `builder` does not take; raises GraphcError."""
    for option, value in given.items():
        choice = words(builder).get(option)
        if choice is None or choice.free or value in choice.allowed:
            continue
        if not (choice.only or isinstance(value, str)):
            continue
        raise GraphcError(f"{meaning(function, option, choice)}, not `{value}`")


def meaning(function: str, option: str, choice: Words) -> str:
    """What an option takes, as the beginning of a sentence."""
    listed = [*(f"`{word}`" for word in choice.allowed), *([] if choice.only else ["a value"])]
    return f"`{function}`: `{option}` is {' or '.join(filter(None, [', '.join(listed[:-1]), listed[-1]]))}"
