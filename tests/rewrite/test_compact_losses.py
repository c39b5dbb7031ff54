"""The gradient of every loss and penalty in its textbook form, by the rules alone, and how much work it is."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from graphc.derive import grad
from graphc.emit import compile_
from graphc.ir.node import Node, topological
from graphc.lang import parse
from graphc.ops import FUNCTIONS, input_
from graphc.ops.form import show
from graphc.rewrite.simplify import simplify

F = FUNCTIONS
ROWS = "z = input(N, K); t = input(N, K); w = input(N); c = input(K); assume(sum(t, axis=1) == 1);"
LABELS = "z = input(N, K); t = input(N, dtype=int); w = input(N); c = input(K);"
WEIGHTS = "W = input(D, K); c = input(); r = input();"


def full_size(gradient: Node, shape: tuple[object, ...]) -> Counter[str]:
    """The operations that go through a whole array of `shape`; a condition counts as a number by itself."""
    order = topological([gradient])
    return Counter(n.op.name for n in order if n.shape == shape and n.args and n.op.name != "cast")


def gradient_of(declared: str, loss: str, wrt: str) -> tuple[Node, dict[str, Node]]:
    program = parse(f"{declared} loss = {loss}")
    return grad(program.names["loss"], program.names[wrt]), dict(program.names)


def check(declared: str, loss: str, wrt: str, wanted: str, operations: str) -> None:
    gradient, names = gradient_of(declared, loss, wrt)
    assert show(gradient) == show(parse(f"{declared} {wanted}").require_root())
    assert full_size(gradient, names[wrt].shape) == Counter(operations.split())


@pytest.mark.parametrize(
    ("options", "factor", "more"),
    [
        ("", "({})/N", "div"),
        (", reduction=sum", "{}", ""),
        (", w", "w[:, None]/N*({})", "mul"),
        (", w, reduction=sum", "w[:, None]*({})", "mul"),
    ],
)
@pytest.mark.parametrize(
    ("declared", "loss", "difference", "operations"),
    [
        (ROWS, "cross_entropy(z, t{})", "softmax(z) - t", "softmax sub"),
        (LABELS, "cross_entropy(z, t{})", "softmax(z) - one_hot(t, K)", "softmax sub one_hot"),
        (ROWS, "multi_label_cross_entropy(z, t{})", "sigmoid(z) - t", "sigmoid sub"),
        (ROWS, "kl_divergence(t, z, from_logits=True{})", "softmax(z) - t", "softmax sub"),
        (ROWS, "kl_divergence(t, softmax(z){})", "softmax(z) - t", "softmax sub"),
    ],
)
def test_a_loss_of_logits_has_the_difference_from_its_target(
    declared: str, loss: str, difference: str, operations: str, options: str, factor: str, more: str
) -> None:
    if "from_logits" in loss:
        options = options.replace(", w", ", weights=w")
    check(declared, loss.format(options), "z", factor.format(difference), f"{operations} {more}")


@pytest.mark.parametrize(
    ("declared", "loss", "wanted", "operations"),
    [
        (
            LABELS,
            "cross_entropy(z, t, class_weights=c)",
            "c[t][:, None]/sum(c[t])*(softmax(z) - one_hot(t, K))",
            "softmax one_hot sub mul",
        ),
        (
            LABELS,
            "cross_entropy(z, t, class_weights=c, reduction=sum)",
            "c[t][:, None]*(softmax(z) - one_hot(t, K))",
            "softmax one_hot sub mul",
        ),
        (
            ROWS,
            "multi_label_cross_entropy(z, t, class_weights=c)",
            "c/N*(sigmoid(z) - t)",
            "sigmoid sub mul",
        ),
        (
            ROWS,
            "binary_cross_entropy(z, t)",
            "(sigmoid(z) - t)/(K*N)",
            "sigmoid sub div",
        ),
        (
            ROWS,
            "binary_cross_entropy(sigmoid(z), t, from_logits=False)",
            "(sigmoid(z) - t)/(K*N)",
            "sigmoid sub div",
        ),
    ],
)
def test_weighted_by_class_and_of_probabilities(
    declared: str, loss: str, wanted: str, operations: str
) -> None:
    check(declared, loss, "z", wanted, operations)


@pytest.mark.parametrize(
    ("loss", "wanted", "operations"),
    [
        ("mean_squared_error(z, t)", "2*(z - t)/(K*N)", "sub mul div"),
        ("mean_squared_error(z, t, reduction=sum)", "2*(z - t)", "sub mul"),
        ("mean_squared_error(z, t, w)", "2*w[:, None]/(K*N)*(z - t)", "sub mul"),
        ("residual_sum_of_squares(z, t)", "2*(z - t)", "sub mul"),
        ("residual_sum_of_squares(z, t, reduction=mean)", "2*(z - t)/N", "sub mul div"),
        ("mean_absolute_error(z, t)", "sign(z - t)/(K*N)", "sub sign div"),
        ("huber(z, t)", "clip(z - t, -1, 1)/(K*N)", "sub clip div"),
        ("huber(z, t, delta=0.5, reduction=sum)", "clip(z - t, -1/2, 1/2)", "sub clip"),
        ("hinge(z, t, reduction=sum)", "-(1 - t*z > 0)*t", "mul sub greater neg mul"),
    ],
)
def test_regression_and_hinge(loss: str, wanted: str, operations: str) -> None:
    check(ROWS, loss, "z", wanted, operations)


def test_squared_error_of_a_vector() -> None:
    check("z = input(N); t = input(N);", "mean_squared_error(z, t)", "z", "2*(z - t)/N", "sub mul div")


def test_multiclass_hinge_counts_the_margins_that_are_broken() -> None:
    gradient, _ = gradient_of(LABELS, "multiclass_hinge(z, t, reduction=sum)", "z")
    wanted = parse(
        f"{LABELS} y = one_hot(t, K); m = (1 - y)*(z - sum(y*z, axis=1, keepdims=True) + 1 > 0);"
        "m - sum(m, axis=1, keepdims=True)*y"
    ).require_root()
    point = {"z": np.array([[3.0, 2.5, -1], [0, 1, 2]]), "t": np.array([0, 2])}
    assert "".join(show(gradient).split()).count("one_hot") == 5
    value, expected = (compile_(n)(**point) for n in (gradient, wanted))
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(value, [[-1, 1, 0], [0, 0, 0]])
    assert full_size(gradient, gradient.shape) <= full_size(wanted, wanted.shape)


@pytest.mark.parametrize(
    ("loss", "wanted", "operations"),
    [
        ("l2_penalty(W, c)", "c*W", "mul"),
        ("l2_penalty(W, 0.01)", "0.01*W", "mul"),
        ("l2_penalty(W, 1)", "W", ""),
        ("l1_penalty(W, c)", "c*sign(W)", "mul sign"),
        ("elastic_net(W, c, r)", "c*sign(W) + r*W", "mul sign add mul"),
        ("elastic_net(W, 0.1, 0.01)", "0.1*sign(W) + 0.01*W", "mul sign add mul"),
        ("sum(W*W) + l2_penalty(W, c)", "2*W + c*W", "mul"),
    ],
)
def test_penalties(loss: str, wanted: str, operations: str) -> None:
    gradient, names = gradient_of(WEIGHTS, loss, "W")
    assert full_size(gradient, names["W"].shape) == Counter(operations.split())
    same = parse(f"{WEIGHTS} {wanted}").require_root()
    assert show(gradient) == show(same) or "sum" in loss


def test_weight_decay_is_added_to_the_gradient_of_a_network() -> None:
    x, W = input_("x", ("N", "D")), input_("W", ("D", "K"))
    t = input_("t", "N", dtype="int")
    loss = F["cross_entropy"](x @ W, t)
    both = grad(loss + F["l2_penalty"](W, input_("c")), W)
    assert both is F["add"](grad(loss, W), input_("c") * W)


def test_a_case_or_the_other_is_one_where() -> None:
    program = parse("x = input(N); y = input(N); g = input(N); L = sum(g*where(x > y, x**2, 3*x))")
    assert show(grad(program.names["L"], program.names["x"])) == "g*where(x > y, 2*x, 3)"
    program = parse("e = input(N); L = mean(where(abs(e) <= 2, e**2/2, 2*(abs(e) - 1)))")
    assert show(grad(program.names["L"], program.names["e"])) == "clip(e, -2, 2)/N"


@pytest.mark.parametrize(
    "text",
    [
        "where(abs(e) <= 2, e, 3*sign(e))",
        "where(abs(e) < 2, e, 2*sign(e))",
        "where(abs(e) <= c, e, c*sign(e))",
        "where(abs(e) <= 2, e, 2*sign(c))",
    ],
)
def test_what_is_no_clip_stays(text: str) -> None:
    root = parse(f"e = input(N); c = input(); {text}").require_root()
    assert simplify(root).op.name == "where"
