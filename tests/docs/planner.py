"""The reference page docs/passes.md, rendered from the passes themselves."""

from __future__ import annotations

import importlib
import inspect

from graphc.plan.passes import PASSES, described
from tests.docs.tables import code, table

PAGE = """\
# Passes

What the planner does to a graph before code is written, in this order. This page is written by the tests
(`python -m pytest --update-golden`).

Every pass is exact over the reals, for every graph; in floats the rounding may differ. None knows of a network. A pass
that weighs what is faster does so by the table of costs and by `sizes` (see
[generated code](generated-code.md#where-the-time-goes)). What each did to a graph stands in `f.plan.notes`, and below
`f.plan.table()`. `without` switches passes off by name:

```python
import graphc as g

x = g.input("x", ("N", 1000))
y = g.tanh(x * g.exp(-x)).named("y")
for without in ((), ("blocks",)):
    f = g.compile(y, sizes={"N": 1000}, without=without)
    print([f"{note.name}: {note.text}" for note in f.plan.notes], "_in_blocks" in f.source)
```

```text
```

A name that no pass has is an error, which lists those that there are.

"""


def passes_page() -> str:
    """The whole of docs/passes.md, but for what its example prints."""
    return PAGE + table(["pass", "does", "that is"], map(row, described().items()))


def row(item: tuple[str, str]) -> list[str]:
    """A pass: its name, what it does, and how, which its module says after the colon of its first line."""
    name, what = item
    return [code(name), what, about(name)]


def about(name: str) -> str:
    """What the module of a pass says of it after the colon of its first line; nothing where there is none."""
    modules = {p.name: inspect.getmodule(p.run) for p in PASSES}
    module = modules.get(name) or importlib.import_module(f"graphc.plan.{name}")
    return (inspect.getdoc(module) or "").split("\n")[0].partition(": ")[2]
