"""NumPy source from a plan, and the objects that run it."""

from graphc.emit.compile import compile_
from graphc.emit.function import Function, Step

__all__ = ["Function", "Step", "compile_"]
