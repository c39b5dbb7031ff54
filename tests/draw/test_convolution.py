"""A convolution is one gate that can be opened; what its edges do to the gradient is told in a few words."""

from __future__ import annotations

from tests.draw.test_circuit import circuit, text_of, wires_into

NET = """
x = input(N, 1, 8, 8); t = input(N, dtype=int)
K = param(4, 1, 3, 3); b = param(4); W = param(64, 10)
h = relu(conv2d(x, K, b, padding=same))
p = max_pool2d(h, size=2)
loss = cross_entropy(flatten(p) @ W, t)
"""


def test_an_edge_says_what_it_does_to_the_gradient() -> None:
    found = circuit(NET)
    assert [wire.local for wire in wires_into(found, "conv2d")] == [
        "overlap_add(contract(·, K))",
        "contract(·, sliding_window(x))",
        "sum(·, axis=(0, 2, 3))",
    ]
    (pooled,) = wires_into(found, "max_pool2d")
    assert pooled.local == "overlap_add(·*is_max(sliding_window(h), axis=(4, 5)))"
    by_kernel = text_of(wires_into(found, "conv2d")[1].gradient)
    assert by_kernel.startswith("contract(d")
    assert by_kernel.endswith(", sliding_window(x))")


def test_a_convolution_can_be_opened() -> None:
    opened = [gate.symbol for gate in circuit(NET, expand=["conv2d"]).gates]
    assert "conv2d" not in opened
    assert {"pad", "sliding_window", "nchwij,fcij→nfhw", "max_pool2d"} <= set(opened)
