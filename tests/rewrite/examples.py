"""The graph on which a rule fires, from the text of its example."""

from __future__ import annotations

from graphc.derive.reverse import gradients
from graphc.ir.node import Node
from graphc.lang import parse
from graphc.rewrite.rule import Rule


def example(rule: Rule) -> Node:
    """The graph of the text; of `loss by z`, the gradient as it is before anything is rewritten."""
    text, _, wrt = rule.example.partition(" by ")
    program = parse(text)
    root = program.require_root()
    return gradients(root, [program.names[wrt]], simplify=False)[0] if wrt else root
