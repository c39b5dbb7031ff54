"""Every function has been held against PyTorch, or is known to have no counterpart there; those have mpmath's word."""

from __future__ import annotations

import ast
from pathlib import Path

from graphc.ops import FUNCTIONS
from tests.cases import CASES

# No gradient, no function of that meaning in PyTorch, or only a part of one that is compared as a whole.
NO_COUNTERPART = {
    "argmax": "has no gradient",
    "argmin": "has no gradient",
    "is_max": "has no gradient",
    "is_min": "has no gradient",
    "equal": "has no gradient",
    "not_equal": "has no gradient",
    "less": "has no gradient",
    "less_equal": "has no gradient",
    "greater": "has no gradient",
    "greater_equal": "has no gradient",
    "one_hot": "has no gradient",
    "causal_mask": "has no gradient",
    "random_uniform": "has no gradient",
    "stop_gradient": "has no gradient",
    "dropout": "draws other masks; its gradient is held against mpmath with the mask given",
    "dot": "a product of matrices",
    "recurrence": "not there",
    "standardize": "the heart of batch_norm and layer_norm",
    "masked_softmax": "the heart of scaled_dot_product_attention",
    "lstm_memory": "a part of lstm_cell",
    "lstm_output": "a part of lstm_cell",
    "gru_state": "a part of gru_cell",
    "overlap_add": "the gradient of sliding_window",
    "broadcast": "in every comparison of arrays of different shapes",
    "expand_dims": "a reshape",
    "squeeze": "a reshape",
    "getitem": "slices and gathers, which are compared",
}


def compared() -> set[str]:
    """What the comparisons mention: by name in a table, as a function, or put together as in f"{kind}1d"."""
    found: set[str] = set()
    for file in Path(__file__).parent.glob("test_torch*.py"):
        nodes = [*ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
        words: set[str] = set()
        for node in nodes:
            match node:
                case ast.Constant(value=str(name)) | ast.Name(id=name) | ast.Attribute(attr=name):
                    words.add(name)
        for node in nodes:
            match node:
                case ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value=str(end))]):
                    words |= {f"{word}{end}" for word in words if f"{word}{end}" in FUNCTIONS}
        found |= words
    return found & set(FUNCTIONS)


def test_every_function_is_compared_with_pytorch_or_has_no_counterpart():
    assert sorted(set(FUNCTIONS) - compared() - set(NO_COUNTERPART)) == []


def test_the_list_of_those_without_a_counterpart_holds_nothing_else():
    assert sorted(set(NO_COUNTERPART) - set(FUNCTIONS)) == []
    assert sorted(set(NO_COUNTERPART) & compared()) == []


def test_what_has_no_counterpart_has_a_case_of_its_own():
    assert sorted(set(NO_COUNTERPART) - {case.function for case in CASES}) == []
