"""Random draws: the same numbers for the same seed, key and step, other ones otherwise; dropout keeps the mean."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.errors import BindError, DTypeError, GraphcError
from graphc.ops import FUNCTIONS, input_
from graphc.ops.naive import Arithmetic, evaluate
from graphc.ops.random import dropout, key_number, random_uniform
from tests.cases.random import drawn

F = FUNCTIONS


def test_the_numbers_are_those_of_philox_in_code_and_interpreter_in_both_precisions() -> None:
    seed, step = input_("seed", dtype="int"), input_("step", dtype="int")
    node = random_uniform(("N", 5), key="net/dropout1", seed=seed, step=step) * F["ones"](("N", 1))
    x = input_("x", "N")
    for s, t in itertools.product((0, 3, 2**62), (0, 1, 10**12)):
        expected = drawn((4, 5), key_number("net/dropout1"), s, t)
        values = {"x": np.zeros(4), "seed": s, "step": t}
        (naive,) = evaluate([node], values, sizes={"N": 4})
        np.testing.assert_array_equal(naive, expected)
        for dtype in ("float64", "float32"):
            f = compile_((node, F["sum"](x)), dtype=dtype)
            got, reference = f(**values)[0], f.naive(**values)[0]
            assert got.dtype == dtype
            assert got.tobytes() == reference.tobytes() == expected.astype(dtype).tobytes()


def test_seed_key_and_step_each_give_other_numbers_and_their_repetition_the_same() -> None:
    def numbers(seed: int, key: str | int, step: int) -> bytes:
        return evaluate([random_uniform(6, key=key, seed=seed, step=step)], {})[0].tobytes()

    points = list(itertools.product((0, 1, -1), ("a", "b", 0, 1), (0, 1, 2)))
    drawn_there = [numbers(*p) for p in points]
    assert len(set(drawn_there)) == len(points)
    assert [numbers(*p) for p in points] == drawn_there


def test_numbers_are_below_one_in_either_precision() -> None:
    for real in (np.float32, np.float64):
        near = Arithmetic(real).uniform(1, 0, 0, (200_000,))
        assert near.min() >= 0
        assert near.max() < 1
        assert abs(near.mean() - 0.5) < 5 / math.sqrt(12 * near.size)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean_within_five_deviations(rate: float) -> None:
    count = 200_000
    x = input_("x", "N")
    (dropped,) = evaluate([dropout(x, rate=rate, key="k", step=0)], {"x": np.full(count, 3.0)})
    deviation = 3 * math.sqrt(rate / (1 - rate) / count)
    assert abs(dropped.mean() - 3) < 5 * deviation
    assert set(np.unique(dropped.round(12))) == {0.0, round(3 / (1 - rate), 12)}
    lost = (dropped == 0).mean()
    assert abs(lost - rate) < 5 * math.sqrt(rate * (1 - rate) / count)


def test_two_masks_of_different_keys_or_steps_are_independent() -> None:
    x = input_("x", "N")
    count = 100_000

    def kept(**where: object) -> np.ndarray:
        return evaluate([dropout(x, rate=0.5, **where)], {"x": np.ones(count)})[0] > 0

    first = kept(key="a", step=0)
    for other in (kept(key="b", step=0), kept(key="a", step=1), kept(key="a", step=0, seed=1)):
        assert abs((first == other).mean() - 0.5) < 5 * 0.5 / math.sqrt(count)
    assert np.array_equal(first, kept(key="a", step=0))


def test_the_gradient_has_the_mask_of_the_value_and_code_draws_it_once() -> None:
    x = input_("x", ("N", 7))
    y = dropout(x, rate=0.3, key="k")
    (dx,) = gradients(F["sum"](y * y), [x])
    f = compile_((y, dx))
    value, slope = f(x=np.ones((50, 7)), step=4)
    np.testing.assert_array_equal(value == 0, slope == 0)
    np.testing.assert_allclose(slope, 2 * value**2, rtol=1e-15)
    assert f.source.count("_uniform(0x") == 1


def test_one_draw_has_other_numbers_at_each_step_of_a_compiled_function() -> None:
    x = input_("x", "N")
    f = compile_(dropout(x, rate=0.5, key="k"))
    at = [f(x=np.ones(64), step=i) for i in range(3)]
    assert not np.array_equal(at[0], at[1])
    assert not np.array_equal(at[1], at[2])
    np.testing.assert_array_equal(f(x=np.ones(64), step=1), at[1])


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda x: dropout(x, rate=1, key=1), "from 0 to below 1, not 1"),
        (lambda x: dropout(x, rate=-0.1, key=1), "from 0 to below 1, not -0.1"),
        (lambda x: dropout(x, rate="half", key=1), "rate is a number, not 'half'"),
        (lambda x: dropout(x, rate=0.5, key=None), "a key is a text or a whole number"),
        (lambda x: random_uniform(3, key=1.5), "a key is a text or a whole number"),
        (lambda x: random_uniform(3, key=1, seed=0.5), "seed is a whole number"),
        (lambda x: random_uniform(3, key=1, step=x), "step is a whole number"),
    ],
)
def test_what_is_no_rate_key_seed_or_step_is_refused(build, complaint: str) -> None:
    with pytest.raises((GraphcError, DTypeError), match=complaint):
        build(input_("x", "N"))


def test_a_size_that_no_input_gives_is_asked_for() -> None:
    with pytest.raises(BindError, match="the size N"):
        compile_(random_uniform(("N",), key=1, step=0))
    with pytest.raises(BindError, match="the size N"):
        evaluate([random_uniform(("N",), key=1, step=0)], {})
