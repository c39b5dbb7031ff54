"""The plot of docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

OWN = "graphc"


def plot(times: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """One row of points per workload: each library's time over graphc's, on a logarithmic axis.

    `times` has graphc's time over that of each peer, by the title of the workload.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    plt.rcParams["svg.hashsalt"] = OWN
    titles = list(times)
    figure, axes = plt.subplots(figsize=(8, 1.6 + 0.42 * len(titles)), layout="constrained")
    others = dict.fromkeys(peer for by_peer in times.values() for peer in by_peer if peer != OWN)
    for peer, marker in zip(others, "osD^vPX*hd", strict=False):
        points = [(1 / times[title][peer], i) for i, title in enumerate(titles) if peer in times[title]]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, marker, label=peer, markersize=6, alpha=0.85)
    axes.axvline(1, color="0.3", linewidth=1)
    axes.set(xscale="log", xlabel="time of a step relative to graphc (right of 1: graphc is faster)")
    low, high = axes.get_xlim()
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= t <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_yticks(range(len(titles)), titles)
    axes.set_ylim(len(titles) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.3)
    figure.legend(frameon=False, loc="outside lower center", ncols=5)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
