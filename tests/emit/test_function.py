"""What `compile_` gives back for a pure function."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphc.emit import Function, compile_
from graphc.ir.errors import BindError, DTypeError, GraphcError, OutputError
from graphc.ops import FUNCTIONS as F
from graphc.ops import const, input_, param

x = input_("x", ("N", 3))
W = param("W", (3, 2))


def test_results_come_back_in_the_form_the_outputs_were_given_in() -> None:
    values = {"x": np.ones((4, 3))}
    total, double = x.sum(), x * 2
    assert compile_(total)(**values) == 12
    assert compile_((total,))(**values) == (12,)
    one_list = compile_([total, double])(**values)
    assert isinstance(one_list, list)
    assert one_list[1].shape == (4, 3)
    by_name = compile_({"total": total, "two x": double})(**values)
    assert list(by_name) == ["total", "two x"]
    assert compile_([])() == []


def test_values_are_given_by_name_or_in_declared_order() -> None:
    f = compile_(x @ W)
    a, b = np.ones((2, 3)), np.ones((3, 2))
    np.testing.assert_array_equal(f(a, b), f(W=b, x=a))
    np.testing.assert_array_equal(f(a, W=b), f.naive(a, b))


@pytest.mark.parametrize(
    ("args", "values", "sentence"),
    [
        ((), {"x": np.ones((2, 3))}, "no value for W"),
        ((), {"x": np.ones((2, 3)), "W": np.ones((3, 2)), "V": 1}, "no input 'V'"),
        ((), {"x": np.ones((2, 4)), "W": np.ones((3, 2))}, r"x was declared with shape \(N, 3\)"),
        (
            (),
            {"x": np.ones(3), "W": np.ones((3, 2))},
            r"x was declared with shape \(N, 3\) and given with \(3,\)",
        ),
        ((), {"x": np.ones((2, 3)), "W": np.ones((2, 3))}, "W was declared"),
        ((), {"x": "hello", "W": np.ones((3, 2))}, "x is not an array of numbers"),
        ((1, 2, 3), {}, "3 values given"),
        ((np.ones((2, 3)),), {"x": 1}, "twice"),
    ],
)
def test_values_that_do_not_fit_are_refused_in_one_sentence(args: Any, values: Any, sentence: str) -> None:
    with pytest.raises(BindError, match=sentence):
        compile_(x @ W)(*args, **values)


def test_labels_have_to_be_whole_numbers() -> None:
    t = input_("t", "N", dtype="int")
    f = compile_(F["one_hot"](t, 3))
    assert f(t=[0, 2]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert f(t=np.array([1], np.uint8)).tolist() == [[0, 1, 0]]
    assert f(t=[]).shape == (0, 3)
    with pytest.raises(BindError, match="whole numbers"):
        f(t=[0.5])


def test_returned_arrays_are_fresh() -> None:
    a = np.ones((3, 3))
    outputs = [x, x.T, x[:, :2], x + 0, x.reshape(-1), W]
    f = compile_([*outputs, x + 0, (x + 0).T])
    w = np.ones((3, 2))
    first = f(x=a, W=w)
    for i, result in enumerate(first):
        assert result.flags.writeable
        assert not np.shares_memory(result, a)
        assert not np.shares_memory(result, w)
        assert all(not np.shares_memory(result, other) for other in first[i + 1 :])
    assert all(not np.shares_memory(p, q) for p, q in zip(first, f(x=a, W=w), strict=True))


@pytest.mark.parametrize("reuse", [False, True])
def test_arguments_are_never_written_to(reuse: bool) -> None:
    y = F["exp"](x) - 1
    f = compile_([F["sum"](y / (1 + y)), (x - 1) * y], sizes={"N": 100_000}, reuse=reuse)
    a = np.full((10, 3), 0.5)
    first = f(x=a)
    assert (a == 0.5).all()
    np.testing.assert_allclose(first[1], f.naive(x=a)[1])


def test_reuse_keeps_results_in_place_and_follows_other_sizes() -> None:
    f = compile_(F["exp"](x) * 2 + x, sizes={"N": 100_000}, reuse=True)
    first = f(x=np.zeros((5, 3)))
    second = f(x=np.ones((5, 3)))
    assert np.shares_memory(first, second)
    assert f(x=np.ones((7, 3))).shape == (7, 3)
    assert f(x=np.ones((0, 3))).shape == (0, 3)
    np.testing.assert_allclose(f(x=np.ones((2, 3))), 2 * np.e + 1)


@pytest.mark.parametrize("n", [0, 1, 2, 50_000])
def test_hints_change_speed_only(n: int) -> None:
    z = F["tanh"](x @ W)
    graph = [(z * z + z).sum(), F["softmax"](z)]
    rng = np.random.default_rng(0)
    values = {"x": rng.standard_normal((n, 3)), "W": rng.standard_normal((3, 2))}
    plain, hinted = compile_(graph), compile_(graph, sizes={"N": 50_000})
    for a, b in zip(plain(**values), hinted(**values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_sizes_are_worked_out_from_simple_formulas() -> None:
    double, rest = input_("double", "2*N"), input_("rest", ("M", "K + M"))
    f = compile_([F["size"]("N"), F["zeros"](("K", "N")), double + 0, rest + 0])
    n, zeros, *_ = f(double=np.ones(6), rest=np.ones((2, 7)))
    assert n == 3
    assert zeros.shape == (5, 3)
    with pytest.raises(BindError, match="double"):
        f(double=np.ones(5), rest=np.ones((2, 7)))


def test_a_size_that_cannot_be_known_is_refused_at_once() -> None:
    with pytest.raises(BindError, match="the size M cannot be worked out"):
        compile_(F["zeros"]("M"))
    with pytest.raises(BindError, match=r"the size [MN]"):
        compile_(input_("a", "N*M") + 1)


def test_float32_stays_float32() -> None:
    t = input_("t", "N", dtype="int")
    loss = F["cross_entropy"](x @ W, t) + F["mean"](F["square"](W)) / 2 + F["mean"](t * 0.5)
    f = compile_([loss, F["mean"](x), F["size"]("N") / 3, F["sqrt"](const(2)), F["erf"](x)], dtype="float32")
    results = f(x=np.ones((4, 3)), W=np.ones((3, 2)), t=[0, 1, 1, 0])
    assert {np.asarray(r).dtype for r in results} == {np.dtype("float32")}
    assert "float64" not in f.source


def test_unknown_options_are_refused() -> None:
    with pytest.raises(DTypeError, match="float16"):
        compile_(x, dtype="float16")
    with pytest.raises(GraphcError, match="has to be a node"):
        compile_([x, 3])  # type: ignore[list-item]
    with pytest.raises(GraphcError, match="has a size 'D'; there are N"):
        compile_(x, sizes={"D": 3})
    with pytest.raises(GraphcError, match="two different leaves"):
        compile_(x.sum() + input_("x"))


def test_save_writes_the_whole_module_or_nothing(tmp_path: Path) -> None:
    f = compile_(x * 2)
    f.save(tmp_path / "module.py")
    assert (tmp_path / "module.py").read_text(encoding="utf-8") == f.source
    assert os.listdir(tmp_path) == ["module.py"]
    with pytest.raises(OutputError, match="cannot be written"):
        f.save(tmp_path / "absent" / "module.py")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        f.save(tmp_path / "folder")
    assert sorted(os.listdir(tmp_path)) == ["folder", "module.py"]


def test_a_function_without_updates_is_a_function() -> None:
    assert isinstance(compile_(x), Function)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
def test_labels_that_name_no_class_are_refused(labels: list[int]) -> None:
    z, t = input_("z", ("N", 3)), input_("t", ("N",), dtype="int")
    f = compile_(F["cross_entropy"](z, t))
    with pytest.raises(BindError, match=r"t has to hold labels from 0 to 2 and was given (0 to 3|-1 to 0)"):
        f(z=np.zeros((2, 3)), t=labels)
    assert f(z=np.zeros((2, 3)), t=[0, 2]) == pytest.approx(np.log(3))


@pytest.mark.parametrize("ids", [[0, 3], [-1, 0]])
def test_indices_that_name_no_row_of_a_table_are_refused(ids: list[int]) -> None:
    table, i = input_("E", ("V", 2)), input_("i", ("N",), dtype="int")
    f = compile_(F["embedding"](table, i))
    with pytest.raises(BindError, match=r"i has to hold labels from 0 to 2 and was given (0 to 3|-1 to 0)"):
        f(E=np.zeros((3, 2)), i=ids)
    assert f(E=np.eye(3, 2), i=[2, 0]).tolist() == [[0, 0], [1, 0]]
