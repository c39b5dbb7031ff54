"""NumPy by hand, as fast as a careful engineer writes it: buffers made once, flat parameters, blocked loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.data import Batch
from benchmarks.layers import BatchNorm, Conv, Dense, Pointwise
from benchmarks.workloads import Workload


def start(workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> Any:
    """The form that fits the kind of network."""
    from benchmarks.peers.hand import chain, columns, images, sequences

    kinds = {type(layer) for layer in workload.layers}
    if workload.optimiser == "none":
        return chain.ChainRun(workload, batches)
    if kinds <= {Dense, Pointwise, BatchNorm}:
        return columns.ColumnsRun(workload, params, batches)
    if Conv in kinds:
        return images.ImagesRun(workload, params, batches)
    return sequences.SequencesRun(workload, params, batches)
