"""The plan: what gets a line, in what order, in which buffer."""

from __future__ import annotations

import ast
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.plan import Plan, make_plan
from graphc.plan.names import LONGEST, Namer, identifier, shown
from graphc.plan.setting import Setting
from graphc.plan.table import mathematics

x = input_("x", ("N", 400))
W = param("W", (400, 300))


def lines(plan: Plan) -> list[str]:
    return list(mathematics(plan))


def test_a_dying_operand_is_overwritten_where_that_pays() -> None:
    z = (x @ W).named("z")
    h = F["tanh"](z).named("h")
    plan = make_plan([F["max"](h * h)], setting=Setting(sizes=(("N", 100),)))
    assert [(s.place, s.buffer) for s in plan.steps] == [
        ("new", 2),
        ("in place", 2),
        ("in place", 2),
        ("new", 3),
    ]
    small = make_plan([F["max"](h * h)], setting=Setting(sizes=(("N", 1),)))
    assert [s.place for s in small.steps] == ["new"] * 3
    kept = make_plan([F["max"](h * h), z], setting=Setting(sizes=(("N", 100),)))
    held = next(s.buffer for s in kept.steps if s.node is kept.output_nodes[1])
    assert [s.place for s in kept.steps if s.buffer == held] == ["new"]


def test_a_view_keeps_its_base_alive() -> None:
    z = (x @ W).named("z")
    turned = z.T.named("turned")
    plan = make_plan([F["exp"](z), F["max"](turned, axis=0)], setting=Setting(sizes=(("N", 100),)))
    exp = next(s for s in plan.steps if s.node.op.name == "exp")
    assert exp.place == "new" or plan.steps.index(exp) == len(plan.steps) - 1
    assert next(s for s in plan.steps if s.name == "turned").place == "view"


def test_slots_of_the_workspace_serve_again() -> None:
    node = x
    for i in range(6):
        node = F["tanh"](node @ param(f"W{i}", (400, 400))).named(f"h{i}")
    plan = make_plan([F["sum"](node)], setting=Setting(sizes=(("N", 100),), workspace=True, outputs_too=True))
    assert len({b.slot for b in plan.buffers if b.role == "workspace"}) == 2
    for buffer in plan.buffers:
        assert buffer.birth <= buffer.death or buffer.role == "argument"


def test_a_ladder_takes_a_line_per_rung() -> None:
    node = input_("s")
    for _ in range(60):
        node = node + node
    assert len(make_plan([node]).steps) == 60


def test_lines_stay_short() -> None:
    a = input_("a")
    node = a
    for _ in range(200):
        node = F["sin"](node) * a + a
    assert all(len(line) < 70 for line in lines(make_plan([node])))


@given(st.lists(st.text(min_size=1), max_size=8))
def test_names_become_distinct_identifiers(names: list[str]) -> None:
    namer = Namer({"np"})
    made = [namer.new(n) for n in names] + [namer.numbered("v"), namer.numbered("v")]
    assert len(set(made)) == len(made)
    for name in made:
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert not name.startswith("_")
        assert name != "np"
        assert ast.parse(name, mode="eval").body.id == name  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net/dense1/W", "net_dense1_W"),
        ("x y", "x_y"),
        ("class", "class_"),
        ("1st", "v1st"),
        ("한글", "한글"),
        ("_x", "x"),
    ],
)
def test_names_stay_close_to_the_users_own(name: str, expected: str) -> None:
    assert identifier(name) == expected


@given(st.text())
def test_a_shown_name_ends_neither_comment_nor_string(name: str) -> None:
    text = shown(name)
    assert text.isprintable() or not text
    assert '"' not in text
    assert "\\" not in text
    assert len(identifier(name)) <= LONGEST + 1
