"""Reading SOURCE and the values of --at from the words of a command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click

from graphc.ir.errors import BindError

LONG_OPTION = re.compile(r"--[A-Za-z][A-Za-z0-9-]*(=.*)?", re.DOTALL)


class SourceCommand(click.Command):
    """A command whose one argument may begin with a minus, as in `graphc derive "-t*log(p)"`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        names = {name for option in options for name in option.opts}
        taking_value = {name for option in options if not option.is_flag for name in option.opts}
        return super().parse_args(ctx, set_source_apart(args, names, taking_value))


def set_source_apart(args: list[str], names: set[str], taking_value: set[str]) -> list[str]:
    """`args` with an expression that begins with a minus moved to the end, behind `--`.

    Only when no other word can be the source, so that a mistyped option is still called one.
    `names` are the options there are, `taking_value` those followed by a word of their own.
    """
    candidates = []
    words = iter(enumerate(args))
    for place, word in words:
        if word in taking_value:
            next(words, None)
        elif word in ("--", "-") or not word.startswith("-"):
            return args
        elif word not in names and not LONG_OPTION.fullmatch(word):
            candidates.append(place)
    if not candidates:
        return args
    # `-oname.svg` is an option with its value joined on, if another word can be the source
    place = next((i for i in candidates if args[i][:2] not in names), candidates[0])
    return [*args[:place], *args[place + 1 :], "--", args[place]]


def parse_bindings(texts: Sequence[str]) -> dict[str, Any]:
    """`["x=-2", "w=[1, 2]"]` as values by name.

    Raises BindError when a name is given twice, and what `parse_binding` raises.
    """
    if not texts:
        return {}
    from graphc.lang.values import parse_binding

    values: dict[str, Any] = {}
    for text in texts:
        name, value = parse_binding(text)
        if name in values:
            raise BindError(f"--at gives {name} twice; give each name one value")
        values[name] = value
    return values


def parse_sizes(texts: Sequence[str]) -> dict[str, int]:
    """`["N=128"]` as sizes by name.

    Raises BindError for what is no size, and when a name is given twice.
    """
    sizes: dict[str, int] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not (value.isascii() and value.isdecimal()):
            raise BindError(f"--size {text}: a size is written NAME=NUMBER, as in --size N=128")
        if name in sizes:
            raise BindError(f"--size gives {name} twice; give each size one value")
        sizes[name] = int(value)
    return sizes


def parse_bytes(text: str | None) -> int | None:
    """`"64MB"` as a number of bytes, in powers of ten, or of 1024 with an `i`; None for none.

    Raises BindError for what is no number of bytes.
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmg])(i?))?b?\s*", text, re.IGNORECASE | re.ASCII)
    if found is None or not float(found[1]):
        raise BindError(f"--memory {text}: a number of bytes is written 64MB, 64MiB, or in full")
    unit = (1024.0 if found[3] else 1000.0) ** " kmg".index((found[2] or " ").lower())
    return max(1, round(float(found[1]) * unit))
