"""docs/performance.md and its plot, from saved results of `python -m benchmarks step --json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.workloads import BenchmarkError

OWN = "graphc"
HOW = """# Performance

Whole training steps: forward, loss, backward, update, on {cores} of {cpu}{blas}, {runs}, {date}. Every peer runs in
its own process; rounds are run in turn, and each ratio is the median of the ratios of rounds that followed one another,
the median over runs. First five losses and the change of every parameter agree between the peers, or it is said below.
Absolute times drift on shared machines; ratios within a run hold. Measure again with:

```sh
python -m pip install ".[bench]"
python -m benchmarks step --peers {peers} --json out.json
python -m benchmarks report out.json
```

![Time of a step of each library relative to graphc](images/performance.svg)
"""


def write_report(files: Sequence[Path], output: Path) -> None:
    """Write the page, and the plot to images/performance.svg beside it."""
    runs = [_loaded(path) for path in files]
    merged = merge(runs)
    (output.parent / "images").mkdir(parents=True, exist_ok=True)
    plot(merged, output.parent / "images" / "performance.svg")
    output.write_text(page(runs, merged), encoding="utf-8")


def _loaded(path: Path) -> dict[str, Any]:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        run["machine"], run["records"]
    except (ValueError, KeyError, TypeError):
        raise BenchmarkError(f"{path} holds no results of `python -m benchmarks step --json`") from None
    return run  # type: ignore[no-any-return]


def merge(runs: Sequence[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """By workload and peer: step, ratio to graphc, first step and memory, each the median over the runs."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for record in (r for run in runs for r in run["records"]):
        own: list[float] = next((r["rounds"] for r in record["results"] if r["peer"] == OWN), [])
        for result in record["results"]:
            title = f"{record['workload']} {record['name']}"
            row = {"wrong": result["wrong"], "skipped": result["skipped"]}
            if result["rounds"]:
                row |= {"step": median(result["rounds"]), "first": result["first"], "peak": result["peak"]}
                pairs = list(zip(own, result["rounds"], strict=False))
                row["ratio"] = median(a / b for a, b in pairs) if pairs else None
            found.setdefault(title, {}).setdefault(result["peer"], []).append(row)
    return {
        title: {peer: _median_row(rows) for peer, rows in by_peer.items()} for title, by_peer in found.items()
    }


def _median_row(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {
        word: next((r[word] for r in rows if r[word]), "") for word in ("wrong", "skipped")
    }
    for name in ("step", "first", "peak", "ratio"):
        values = [r[name] for r in rows if r.get(name) is not None]
        merged[name] = median(values) if values else None
    return merged


def page(runs: Sequence[dict[str, Any]], merged: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The page as Markdown."""
    machine = runs[0]["machine"]
    peers = list(dict.fromkeys(peer for by_peer in merged.values() for peer in by_peer))
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    number = runs[0]["settings"]["cores"] or machine["cores"]
    cores = "1 core" if number == 1 else f"{number} cores"
    blas = f" (NumPy's BLAS with kernels for {machine['blas']})" if machine["blas"] else ""
    parts = [
        HOW.format(
            cores=cores,
            cpu=machine["cpu"] or "a processor that does not say its name",
            blas=blas,
            runs=count,
            date=machine["date"],
            peers=",".join(peers),
        ),
        _table("Milliseconds of a step", merged, peers, "step", lambda v: f"{1e3 * v:.3g}"),
        _table("graphc's time over each library's", merged, peers, "ratio", lambda v: f"{v:.2f}"),
        _table("Seconds to the first step, imports left out", merged, peers, "first", lambda v: f"{v:.2g}"),
        _table("Peak memory of the process, MiB", merged, peers, "peak", lambda v: f"{v / 2**20:.0f}"),
    ]
    notes = [
        f"* {title}, {peer}: {row['wrong'] or row['skipped']}"
        for title, by_peer in merged.items()
        for peer, row in by_peer.items()
        if row["wrong"] or row["skipped"]
    ]
    if notes:
        parts.append("## Left out, or different\n\n" + "\n".join(notes) + "\n")
    return "\n".join(parts)


def _table(
    title: str, merged: dict[str, dict[str, dict[str, Any]]], peers: Sequence[str], what: str, show: Any
) -> str:
    lines = [f"## {title}", "", "| workload | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
    for workload, by_peer in merged.items():
        values = [by_peer.get(peer, {}).get(what) for peer in peers]
        cells = ["" if value is None else show(value) for value in values]
        lines.append(f"| {workload} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def plot(merged: dict[str, dict[str, dict[str, Any]]], path: Path) -> None:
    """One row of points per workload: each library's time over graphc's, on a logarithmic axis."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    plt.rcParams["svg.hashsalt"] = OWN
    titles = list(merged)
    figure, axes = plt.subplots(figsize=(8, 1.6 + 0.42 * len(titles)), layout="constrained")
    others = dict.fromkeys(peer for by_peer in merged.values() for peer in by_peer if peer != OWN)
    for peer, marker in zip(others, "osD^vPX*hd", strict=False):
        points = [
            (1 / row["ratio"], i)
            for i, title in enumerate(titles)
            if (row := merged[title].get(peer)) and row["ratio"]
        ]
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
