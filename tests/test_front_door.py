"""`import graphc as g`: every name of the design, there when it is asked for, and no sooner."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import graphc as g
from graphc.ir.op import FUNCTIONS

STUB = Path(g.__file__).with_suffix(".pyi")
DESIGN = """
    input param state const grad gradients jvp jacobian hessian hessian_vector_product compile derive draw
    parse expression simplify init Graph Node GraphcError ShapeError ParseError assume SumsTo
"""


def names_for_type_checkers() -> dict[str, tuple[str, str]]:
    """Name, and the module and name it comes from, as the stub says."""
    found: dict[str, tuple[str, str]] = {}
    helpers: dict[str, tuple[str, str]] = {}
    for statement in ast.parse(STUB.read_text(encoding="utf-8")).body:
        match statement:
            case ast.ImportFrom(module=str(module), names=names):
                for alias in names:
                    (found if alias.asname else helpers)[alias.asname or alias.name] = module, alias.name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=helper)):
                found[name] = helpers[helper]
    return found


@pytest.mark.parametrize("name", g.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(g, name) is not None


def test_the_names_of_the_design() -> None:
    assert set(DESIGN.split()) <= set(g.__all__)


def test_every_operation_of_the_language_is_there() -> None:
    g.exp(g.input("x"))  # the table fills when the operations are first asked for
    assert {name: getattr(g, name) for name in FUNCTIONS} == dict(FUNCTIONS)


def test_type_checkers_see_the_same() -> None:
    seen = names_for_type_checkers()
    assert sorted([*seen, "__version__"]) == sorted(g.__all__)
    for name, (module, there) in seen.items():
        home = __import__(module, fromlist=[there])
        assert getattr(g, name) is getattr(home, there)


def test_dir_and_star() -> None:
    assert set(g.__all__) <= set(dir(g))
    space: dict[str, object] = {}
    exec("from graphc import *", space)
    assert set(g.__all__) <= set(space)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'sigmod'"):
        _ = g.sigmod  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["derive", "draw"])
def test_functions_are_not_hidden_by_subpackages_of_their_name(name: str) -> None:
    program = f"import graphc, graphc.{name}; import graphc.{name}.{'edge' if name == 'derive' else 'png'}"
    subprocess.run([sys.executable, "-c", f"{program}; assert callable(graphc.{name})"], check=True)
    assert not isinstance(getattr(g, name), ModuleType)


def test_any_name_may_be_the_first() -> None:
    for name in ("input", "GraphcError", "grad", "init", "cross_entropy", "parse"):
        program = f"import graphc as g; g.{name}; x = g.input('x'); assert g.grad(x*x, x) is 2*x"
        subprocess.run([sys.executable, "-c", program], check=True)


def test_the_import_loads_nothing_but_itself() -> None:
    program = "import sys; import graphc; print(*[m for m in sys.modules if m.split('.')[0] == 'graphc'])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["graphc"]


def test_functions_are_documented() -> None:
    undocumented = [
        name for name in g.__all__ if callable(getattr(g, name)) and not inspect.getdoc(getattr(g, name))
    ]
    assert undocumented == []


def test_draw_takes_names_or_nodes() -> None:
    x, y = g.input("x"), g.input("y")
    f = g.sigmoid(x * y)
    assert g.draw(f, wrt="x").svg == g.draw(f, wrt=[x]).svg == g.draw(f, wrt=x).svg
    assert g.draw(f, expand="sigmoid").svg == g.draw(f, expand=["sigmoid"]).svg


def test_draw_asks_for_what_is_missing() -> None:
    f = g.input("alpha") * g.input("beta") * g.input("c")
    with pytest.raises(g.BindError, match=r"no value for beta, c; .* beta=1"):
        g.draw(f, at={"alpha": 1})
    with pytest.raises(g.BindError, match=r"no input 'bta'; did you mean `beta`\?"):
        g.draw(f, at={"alpha": 1, "bta": 2})
    with pytest.raises(g.GradientError, match=r"no 'alph' to differentiate by; did you mean `alpha`\?"):
        g.draw(f, wrt="alph")
    with pytest.raises(g.GraphcError, match="no sigmoid in this graph"):
        g.draw(f, expand="sigmoid")


def test_compile_simplifies_all_outputs_together() -> None:
    x = g.input("x")
    y = g.sigmoid(x).named("y")
    f = g.compile({"y": y, "slope": g.gradients(y, [x], simplify=False)[0]})
    assert f(x=0) == {"y": 0.5, "slope": 0.25}
    assert "slope = y * (1 - y)" in f.source
    assert g.compile(y)(x=0) == 0.5
    assert [float(v) for v in g.compile((y, x))(x=0)] == [0.5, 0]


def test_a_slip_in_a_name_is_pointed_out() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'sigmoidd'; did you mean 'sigmoid'"):
        g.sigmoidd  # noqa: B018
    assert not hasattr(g, "__wrapped__")
