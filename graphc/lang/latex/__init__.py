r"""Claims in LaTeX: mathematics as people typeset it becomes the syntax tree of the graph language.

    \frac{\partial L}{\partial W} = \frac{1}{N} X^\top (\hat y - y)

Three steps: `scan` makes tokens, `grammar` (lark) reads each equality, and `read` binds names and chooses products
by the shapes of what stands side by side. What is not understood is refused with its place, never guessed.
"""

from graphc.lang.latex.statements import check_names, statements

__all__ = ["check_names", "statements"]
