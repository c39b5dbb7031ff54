"""Hand-written NumPy as graphs: a function is read by `ast`, never executed, and followed line by line.

Read are assignments, arithmetic, indexing by numbers, slices, masks and labels, in-place changes with all views of
the memory, loops of known length, conditions that the code alone decides, NumPy's usual functions, and calls of
functions of the same file. Arguments, and what is taken out of `cache`, `params["W1"]` or `self.x`, are the nodes of
a model by name.

>>> from graphc.lang import parse
>>> model = parse("X = input(N, D); w = param(D); y = input(N); loss = sum((X @ w - y)**2)/N")
>>> code = '''
... def gradient(X, y, w):
...     error = X @ w - y
...     error *= 2 / len(y)
...     return {"w": X.T @ error}
... '''
>>> program = build_code(function_of(code, "gradient"), model.names)
>>> [(v.name, v.line, str(v.node)) for v in program.values]
[('w', 5, 'X.T @ error')]
"""

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
