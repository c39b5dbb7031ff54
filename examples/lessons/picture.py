"""What the lessons share: where a lesson's picture goes, and how plots look."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import graphc as g

# Colours that are told apart with any colour vision (Okabe and Ito, Color Universal Design).
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
GREY = "#656d76"
STYLE = {
    "svg.hashsalt": "graphc",
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}


def folder(description: str | None) -> Path:
    """The folder of `-o DIR` on the command line, made if it is missing; the current one without it."""
    summary = (description or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("-o", metavar="DIR", type=Path, default=Path(), help="folder for the picture")
    chosen: Path = parser.parse_args().o
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def plot(rows: int = 1, columns: int = 1, *, width: float = 7, height: float = 4, **options: Any) -> Any:
    """A figure in the style of the lessons and its axes, as `matplotlib.pyplot.subplots` gives them."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcdefaults()
    plt.rcParams.update(STYLE)
    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


def save(shown: Any, path: Path) -> None:
    """Saves a circuit of `g.draw` or a figure of `plot`, in the format of the suffix, and says so."""
    if isinstance(shown, g.Picture):
        shown.save(path)
    else:
        dated = {".svg": {"Date": None}, ".png": {"Software": None}}
        shown.savefig(path, metadata=dated.get(path.suffix))
    print(f"\nwrote {path.name}")
