"""The graph language: from text to nodes, by a whitelist over Python's syntax; nothing is executed."""

from graphc.lang.build import expression, load, parse
from graphc.lang.program import BuiltClaim, Program
from graphc.lang.values import parse_binding

__all__ = ["BuiltClaim", "Program", "expression", "load", "parse", "parse_binding"]
