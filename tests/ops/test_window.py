"""Windows, convolution and pooling: output sizes, adjoints, ties, and the sentences that refuse what does not fit."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.ir.errors import GraphcError, ShapeError
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import dim
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate

F = FUNCTIONS


def x(*shape):
    return input_("x", shape)


def kernel(*shape):
    return input_("K", shape)


# sizes ------------------------------------------------------------------------------------------------------------


def test_an_image_under_one_filter():
    """32x32x3 with a filter of 5x5x3 is 28x28x1; ten of them, 28x28x10."""
    assert F["conv2d"](x(1, 32, 32, 3), kernel(5, 5, 3, 1), layout="NHWC").shape == (1, 28, 28, 1)
    assert F["conv2d"](x("N", 3, 32, 32), kernel(10, 3, 5, 5)).shape == (dim("N"), 10, 28, 28)


@pytest.mark.parametrize("window", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_the_number_of_places_is_counted(window, stride):
    """What the formula says is how often the window fits; where steps are left over, it is refused."""
    for size, padding, dilation in product(range(1, 12), (0, 1, 2), (1, 2)):
        last = size + 2 * padding - dilation * (window - 1) - 1
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        if last < 0 or last % stride:
            with pytest.raises(ShapeError, match="does not fit" if last < 0 else "not a whole number"):
                F["conv1d"](x(1, 1, size), kernel(1, 1, window), **options)
        else:
            places = len(range(0, last + 1, stride))
            assert F["conv1d"](x(1, 1, size), kernel(1, 1, window), **options).shape == (1, 1, places)


@pytest.mark.parametrize("window", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_gives_a_place_for_every_stride(window, stride):
    for size, dilation in product(range(1, 10), (1, 2)):
        options = {"stride": stride, "padding": "same", "dilation": dilation}
        assert F["conv1d"](x(1, 1, size), kernel(1, 1, window), **options).shape == (1, 1, -(-size // stride))


def test_symbolic_sizes():
    assert F["conv2d"](x("N", 3, "H", "W"), kernel(8, 3, 3, 5)).shape[2:] == (dim("H-2"), dim("W-4"))
    assert F["conv2d"](x("N", 3, "H", "W"), kernel(8, 3, 3, 5), padding="same").shape[2:] == (
        dim("H"),
        dim("W"),
    )
    assert F["max_pool2d"](x("N", 3, "2*H", "4*W")).shape[2:] == (dim("H"), dim("2*W"))
    assert F["conv1d"](x("N", "C", "L"), kernel("F", "C", "K")).shape == (dim("N"), dim("F"), dim("L-K+1"))
    assert F["conv1d"](x("N", 1, "2*L"), kernel(1, 1, 3), stride=2, padding="same").shape[2] == dim("L")
    assert F["conv1d"](x("N", 1, "L"), kernel(1, 1, "2*M+1"), padding="same").shape[2] == dim("L")


# adjoints ---------------------------------------------------------------------------------------------------------

WINDOWS = [
    ((7,), {"sizes": 3, "axes": 0}),
    ((7, 2), {"sizes": 3, "axes": 0, "strides": 2}),
    ((2, 7, 6), {"sizes": (2, 3), "axes": (1, 2), "strides": (5, 1), "dilations": (1, 2)}),
    ((5, 2, 4), {"sizes": (4, 5), "axes": (2, 0)}),
]


@pytest.mark.parametrize(("shape", "options"), WINDOWS)
def test_adding_windows_up_is_the_adjoint_of_taking_them(shape, options):
    """`<window(x), w> == <x, overlap_add(w)>` for every x and w, and each is the gradient of the other."""
    options = dict(options)
    sizes = options.pop("sizes")
    node = x(*shape)
    taken = F["sliding_window"](node, sizes, **options)
    w = input_("w", taken.shape)
    added = F["overlap_add"](w, shape, **options)
    rng = np.random.default_rng(0)
    values = {"x": rng.standard_normal(shape), "w": rng.standard_normal(taken.shape)}
    left, right = evaluate([F["sum"](taken * w), F["sum"](node * added)], values)
    np.testing.assert_allclose(left, right, rtol=1e-12)
    by_x, by_w = gradients(F["sum"](taken * w), [node, w])
    for derived, written in zip(
        evaluate([by_x, by_w], values), evaluate([added, taken], values), strict=True
    ):
        np.testing.assert_allclose(derived, written, rtol=1e-12, atol=1e-14)


def test_each_entry_is_added_as_often_as_it_is_seen():
    node = x(6)
    taken = F["sliding_window"](node, 3, axes=0)
    (seen,) = evaluate([F["overlap_add"](taken * 0 + 1, (6,), axes=0)], {"x": np.zeros(6)})
    assert seen.tolist() == [1, 2, 3, 3, 2, 1]


def test_the_first_winner_of_a_window_takes_the_gradient():
    node = x(1, 1, 2, 4)
    loss = F["sum"](F["max_pool2d"](node, size=(2, 2)))
    (found,) = evaluate(gradients(loss, [node]), {"x": [[[[1, 3, 5, 5], [3, 3, 5, 5]]]]})
    assert found.tolist() == [[[[0, 1, 1, 0], [0, 0, 0, 0]]]]


def test_padding_never_wins():
    node = x(1, 1, 2, 2)
    pooled = F["max_pool2d"](node, size=3, stride=1, padding=1)
    values = {"x": [[[[-4, -3], [-2, -1]]]]}
    value, found = evaluate([pooled, *gradients(F["sum"](pooled), [node])], values)
    assert value.tolist() == [[[[-1, -1], [-1, -1]]]]
    assert found.tolist() == [[[[0, 0], [0, 4]]]]


def test_padding_counts_in_a_mean():
    (value,) = evaluate([F["avg_pool2d"](x(1, 1, 2, 2), size=2, padding=1)], {"x": [[[[4, 8], [12, 16]]]]})
    assert value.tolist() == [[[[1, 2], [3, 4]]]]


# identity ---------------------------------------------------------------------------------------------------------


def test_equal_options_are_one_node():
    image, K = x("N", 2, 6, 6), kernel(3, 2, 3, 3)
    conv = F["conv2d"]
    assert conv(image, K) is conv(image, K, stride=(1, 1), padding="valid", dilation=[1, 1])
    assert conv(image, K, padding=1) is conv(image, K, padding=((1, 1), (1, 1)))
    assert F["max_pool2d"](image, size=2) is F["max_pool2d"](image, size=(2, 2), stride=2)


# errors -----------------------------------------------------------------------------------------------------------

IMAGE, FILTERS = input_("x", ("N", 3, 28, 28)), input_("K", (8, 3, 5, 5))

REFUSED = {
    "conv2d with kernel K: (28 + 2*0 - 5)/2 + 1 = 12.5 is not a whole number; "
    "use stride 1 or padding ((0, 1), (0, 1))": (lambda: F["conv2d"](IMAGE, FILTERS, stride=2)),
    "(28 + 2*2 - 5)/2 + 1 = 14.5 is not a whole number; use stride 1 or padding ((2, 1), (2, 1))": (
        lambda: F["conv2d"](IMAGE, FILTERS, stride=2, padding=2)
    ),
    "conv2d with kernel K: (28 + 2*1 - 5)/3 + 1 = 28/3 is not a whole number; use stride 1 or padding 2": (
        lambda: F["conv2d"](IMAGE, FILTERS, stride=3, padding=1)
    ),
    "(28 + 1 + 0 - 5)/5 + 1 = 5.8 is not a whole number; use stride (4, 5) or padding 1": (
        lambda: F["conv2d"](IMAGE, FILTERS, stride=5, padding=((1, 0), 1))
    ),
    "conv2d with kernel K: (28 + 2*0 - 3*(5 - 1) - 1)/2 + 1 = 8.5 is not a whole number": (
        lambda: F["conv2d"](IMAGE, FILTERS, stride=2, dilation=3)
    ),
    "max_pool2d: (28 + 2*0 - 3)/3 + 1 = 28/3 is not a whole number; use stride 1 or padding 1": (
        lambda: F["max_pool2d"](IMAGE, size=3)
    ),
    "(H + 2*0 - 5)/2 + 1 is not a whole number for every size H; use stride 1, or declare a size that fits, "
    "such as 2*H + 1": lambda: F["conv2d"](x("N", 3, "H", 9), FILTERS, stride=2),
    "a window of 5 does not fit into an axis of 2 + 2*1 = 4; use a smaller window or more padding": (
        lambda: F["conv2d"](x(1, 3, 2, 2), FILTERS, padding=1)
    ),
    "a window of 5 with dilation 9 does not fit": lambda: F["conv2d"](IMAGE, FILTERS, dilation=9),
    "conv2d with kernel K: stride is at least 1, not 0": lambda: F["conv2d"](IMAGE, FILTERS, stride=0),
    "dilation is at least 1, not 0": lambda: F["conv2d"](IMAGE, FILTERS, dilation=(1, 0)),
    "stride is a whole number, not 1.5": lambda: F["conv2d"](IMAGE, FILTERS, stride=1.5),
    "stride is one number, or one for each of 2 axes, not 3 numbers": (
        lambda: F["conv2d"](IMAGE, FILTERS, stride=(1, 1, 1))
    ),
    "padding is at least 0, not -1": lambda: F["conv2d"](IMAGE, FILTERS, padding=-1),
    "padding is a number, or per axis a number or a pair (before, after), not (1, 2, 3)": (
        lambda: F["conv2d"](IMAGE, FILTERS, padding=(1, 2, 3))
    ),
    "3 channels do not fall into 2 groups of one size": lambda: F["conv2d"](IMAGE, FILTERS, groups=2),
    "8 filters do not fall into 3 groups of one size": lambda: F["conv2d"](
        IMAGE, kernel(8, 1, 5, 5), groups=3
    ),
    "the input has 3 channels, and the kernel (8, 4, 5, 5) is for 4": (
        lambda: F["conv2d"](IMAGE, kernel(8, 4, 5, 5))
    ),
    "the input has 3 channels in 3 groups, so 1 per filter, and the kernel (9, 3, 5, 5) is for 3": (
        lambda: F["conv2d"](IMAGE, kernel(9, 3, 5, 5), groups=3)
    ),
    "the kernel has 4 axes, (F, C/groups, sizes) in layout NCHW, not shape (3, 3)": (
        lambda: F["conv2d"](IMAGE, kernel(3, 3))
    ),
    "layout NCHW has 4 axes, not the 3 of (3, 28, 28); a single sample is a batch of one, expand_dims(x, 0)": (
        lambda: F["conv2d"](x(3, 28, 28), FILTERS)
    ),
    "the bias has one entry per filter, shape (8,), not (3,)": lambda: F["conv2d"](IMAGE, FILTERS, x(3)),
    "`conv2d`: `layout` is": lambda: F["conv2d"](IMAGE, FILTERS, layout="NCL"),
    "`padding` is": lambda: F["conv2d"](IMAGE, FILTERS, padding="some"),
    "max_pool2d: padding 2 is more than half the window of 3, so that a window could hold nothing else; "
    "use at most 1": (lambda: F["max_pool2d"](IMAGE, size=3, padding=2)),
    "avg_pool1d: size is at least 1, not 0": lambda: F["avg_pool1d"](x(1, 1, 4), size=0),
    "needs an axis of known size, or a multiple of 2, not H": (
        lambda: F["conv2d"](x("N", 3, "H", "H"), FILTERS, stride=2, padding="same")
    ),
    "sliding_window: a window of 4 does not fit into axis 0 of size 3": (
        lambda: F["sliding_window"](x(3), 4, axes=0)
    ),
    "sliding_window: (6 - 3)/2 + 1 = 2.5 is not a whole number; use stride 1 or cut axis 0 to fit": (
        lambda: F["sliding_window"](x(6), 3, axes=0, strides=2)
    ),
    "sliding_window: shape (6,) has no axis 1": lambda: F["sliding_window"](x(6), 3, axes=1),
    "an axis is named twice in (0, -1)": lambda: F["sliding_window"](x(6), (2, 2), axes=(0, -1)),
    "2 window sizes for 1 axes": lambda: F["sliding_window"](x(6), (2, 2), axes=0),
    "overlap_add: windows of shape (4, 3), expected (5, 3)": lambda: F["overlap_add"](x(4, 3), (7,), axes=0),
    "has fewer axes than the shape": lambda: F["overlap_add"](x(4), (7, 2), axes=0),
    "flatten: shape (4,) has no axis 1": lambda: F["flatten"](x(4)),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_does_not_fit_is_refused_in_a_sentence(sentence):
    with pytest.raises(GraphcError) as refusal:
        REFUSED[sentence]()
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("window", [2, 3, 5])
@pytest.mark.parametrize("stride", [2, 3, 4, 7])
def test_what_the_sentence_advises_works(window, stride):
    """Where the stride does not fit, the stride and the padding in the error do."""
    refused = 0
    for size, padding in product((6, 7, 10, 28), (0, 1)):
        image, K = x(1, 1, size), kernel(1, 1, window)
        try:
            F["conv1d"](image, K, stride=stride, padding=padding)
        except ShapeError as error:
            advice = str(error).partition("; use stride ")[2]
            other_stride, _, other_padding = advice.partition(" or padding ")
            F["conv1d"](image, K, stride=int(other_stride), padding=padding)
            pair = tuple(int(n) for n in other_padding.strip("()").split(","))
            F["conv1d"](image, K, stride=stride, padding=pair[0] if len(pair) == 1 else pair)
            refused += 1
    assert refused
