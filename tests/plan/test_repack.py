"""Unrolled windows written again: once for each product that reads them, and the same numbers."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from graphc.plan import repack as module
from graphc.plan.again import AGAIN
from graphc.plan.convolution import CONVOLUTION
from graphc.plan.layout import LAYOUT
from graphc.plan.repack import UNROLL
from graphc.plan.setting import Setting
from tests.plan.convolutions import assert_same, convolution, ops, ran, values_of

PASSES = (CONVOLUTION, LAYOUT, UNROLL)
NODES = convolution(("N", 4, 8, 10), (6, 4, 3, 3), padding=1)


@pytest.fixture
def eager():
    with patch.object(module, "SHARED", 0):
        yield


@pytest.mark.usefixtures("eager")
def test_the_same_numbers():
    setting = Setting()
    lowered = ran(NODES, *PASSES, setting=setting)
    assert ops(lowered).count(AGAIN.name) == 1
    assert ops(lowered).count("sliding_window") == 1 + ops(ran(NODES, CONVOLUTION, LAYOUT)).count(
        "sliding_window"
    )
    assert_same(NODES, lowered, values_of(NODES))
    assert "1 array of windows is written again" in setting.notes[-1].text


def test_what_is_small_is_kept():
    before = ran(NODES, CONVOLUTION, LAYOUT)
    assert UNROLL.run(before, Setting()) is before


@pytest.mark.usefixtures("eager")
def test_windows_read_once_are_left_alone():
    nodes = NODES[:1]
    assert AGAIN.name not in ops(ran(nodes, *PASSES))
