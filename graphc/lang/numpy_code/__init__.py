"""Hand-written NumPy as graphs: a function is read by `ast`, never executed, and followed line by line."""

from graphc.lang.numpy_code.build import build_code
from graphc.lang.numpy_code.program import CodeFailure, CodeFunction, CodeProgram, CodeValue
from graphc.lang.numpy_code.read import function_of, read_function

__all__ = [
    "CodeFailure",
    "CodeFunction",
    "CodeProgram",
    "CodeValue",
    "build_code",
    "function_of",
    "read_function",
]
