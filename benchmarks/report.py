"""docs/performance.md from results saved by `python -m benchmarks step --json` and `compile --json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from textwrap import fill
from typing import Any

from benchmarks import acceptance
from benchmarks.kernels import VARIABLE, Kernels
from benchmarks.plot import plot
from benchmarks.workloads import GENERAL, WORKLOADS, BenchmarkError

OWN = acceptance.OWN
TRIED = Path(__file__).parent / "tried.md"
STAGES = ("build", "derive", "simplify", "plan", "emit", "total", "imports")
HOW = """# Performance

Whole training steps: forward, loss, backward, update, on {cores} of {cpu}, {runs}, {date}. Every peer runs in a process
of its own; rounds are run in turn, and each ratio is the median of the ratios of rounds that followed one another, then
the median over runs{spread}. The first five losses and the change of every parameter agree between the peers, or it is
said below. Absolute times drift on shared machines; ratios within a run hold.

`course` is NumPy as a course writes it, `hand` NumPy as fast as we could write it by hand, `graphc` the step compiled
and run in one process, `graphc_saved` the saved module in a process that never imports graphc, `graphc_half` a step
within half the memory that intermediate values take otherwise. Measure again with:

```sh
python -m pip install ".[bench]"
python -m benchmarks step --peers {peers} --json run1.json
python -m benchmarks report run1.json run2.json run3.json
```

![Time of a step of each library relative to graphc](images/performance.svg)

## Kernels of OpenBLAS

{kernels}

`OPENBLAS_CORETYPE` is read when NumPy is imported: set it, or take it away, in the environment of the program, as in
`env -u OPENBLAS_CORETYPE python train.py`; `python -m threadpoolctl -i numpy` prints the kernels in use
("architecture"). `--openblas default` measures with what the environment says.
"""
Record = Mapping[str, Any]


def write_report(files: Sequence[Path], output: Path) -> None:
    """Write the page, and the plot to images/performance.svg beside it."""
    runs, stages = loaded(files)
    if not runs:
        raise BenchmarkError("none of the files holds results of `python -m benchmarks step --json`")
    records = by_key(runs)
    (output.parent / "images").mkdir(parents=True, exist_ok=True)
    shown = {titled(key, rs): ratios(rs) for key, rs in records.items() if key in WORKLOADS} or {
        titled(key, rs): ratios(rs) for key, rs in records.items()
    }
    plot(shown, output.parent / "images" / "performance.svg")
    output.write_text(page(runs, records, stages), encoding="utf-8")


def loaded(files: Sequence[Path]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Runs of `step`, and the stages that runs of `compile` measured."""
    runs, stages = [], []
    for path in files:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(found, list) and found:
                [(one["nodes"], [one[name] for name in STAGES]) for one in found]
                stages += found
            else:
                found["machine"], found["records"], found["settings"]["kernels"]
                runs.append(found)
        except (ValueError, KeyError, TypeError):
            raise BenchmarkError(f"{path} holds no results of `python -m benchmarks step --json`") from None
    return runs, stages


def by_key(runs: Iterable[Mapping[str, Any]]) -> dict[str, list[Record]]:
    """The records of each workload, one for each run."""
    found: dict[str, list[Record]] = {}
    for record in (r for run in runs for r in run["records"]):
        found.setdefault(record["workload"], []).append(record)
    return found


def titled(key: str, records: Sequence[Record]) -> str:
    return f"{key} {records[0]['name']}"


def of_peers(records: Sequence[Record], measure: Callable[[Record], float | None]) -> dict[str, float]:
    """For each peer the median over runs of what `measure` gives for its result."""
    found: dict[str, list[float]] = {}
    for result in (r for record in records for r in record["results"] if r["rounds"]):
        value = measure(result)
        found.setdefault(result["peer"], []).extend([] if value is None else [value])
    return {peer: median(values) for peer, values in found.items() if values}


def steps(records: Sequence[Record]) -> dict[str, float]:
    """Seconds of a step."""
    return of_peers(records, lambda r: median(r["rounds"]))


def ratios(records: Sequence[Record]) -> dict[str, float]:
    """graphc's time over each peer's."""
    found: dict[str, list[float]] = {}
    for record in records:
        own = next((r["rounds"] for r in record["results"] if r["peer"] == OWN), [])
        for result in record["results"]:
            pairs = list(zip(own, result["rounds"], strict=False))
            if pairs and result["peer"] != OWN:
                found.setdefault(result["peer"], []).append(median(a / b for a, b in pairs))
    return {peer: median(values) for peer, values in found.items()}


def spread(records: Mapping[str, Sequence[Record]]) -> float | None:
    """How far, relative to the median over runs, times of single runs are from it: at most, of four in five."""
    apart = []
    for rs in records.values():
        middle = steps(rs)
        for result in (r for record in rs for r in record["results"] if r["rounds"] and len(rs) > 1):
            apart.append(abs(median(result["rounds"]) / middle[result["peer"]] - 1))
    return sorted(apart)[int(0.8 * (len(apart) - 1))] if apart else None


def page(
    runs: Sequence[Mapping[str, Any]],
    records: Mapping[str, Sequence[Record]],
    stages: Sequence[Mapping[str, Any]],
) -> str:
    """The page as Markdown."""
    main = {key: rs for key, rs in records.items() if key in WORKLOADS}
    general = {key: rs for key, rs in records.items() if key in GENERAL}
    varied = {key: rs for key, rs in records.items() if key not in main and key not in general}
    parts = [introduction(runs, records), asked(main | varied), *times(main)]
    if varied:
        parts += ["## Growth with depth and batch\n", *times(varied, "###")]
    if general:
        slack = f"{100 * acceptance.SLACK - 100:.0f} %"
        said = f"Shapes nothing was tuned for; the ratios asked for may be exceeded by {slack}.\n"
        parts += ["## Other shapes\n", said, asked(general, "###"), *times(general, "###")[:2]]
    if stages:
        parts.append(compiling(stages))
    parts.append(left_out(records))
    if TRIED.exists():
        parts.append(TRIED.read_text(encoding="utf-8"))
    return "\n".join(part for part in parts if part)


def introduction(runs: Sequence[Mapping[str, Any]], records: Mapping[str, Sequence[Record]]) -> str:
    """Where, when and how it was measured."""
    machine, settings = runs[0]["machine"], runs[0]["settings"]
    most = max(len(rs) for rs in records.values())
    number = settings["cores"] or machine["cores"]
    apart = spread(records)
    return HOW.format(
        cores="1 core" if number == 1 else f"{number} cores",
        cpu=machine["cpu"] or "a processor that does not say its name",
        runs="1 run" if most == 1 else f"{most} runs",
        date=machine["date"],
        spread=""
        if apart is None
        else f" (of five times in a run, four are within {100 * apart:.0f} % of that)",
        peers=",".join(every_peer(records.values())),
        kernels=kernels(settings["kernels"], records),
    )


def kernels(settings: Mapping[str, Any], records: Mapping[str, Sequence[Record]]) -> str:
    """Which kernels the peers ran with, and at what rates."""
    chosen = Kernels(settings["chosen"], settings["inherited"], tuple(map(tuple, settings["rates"])))
    used = {r["kernels"]: None for rs in records.values() for record in rs for r in record["results"]}
    named = ", ".join(k for k in used if k)
    said = f" The processes themselves name them {named}." if named else ""
    here = f" Here the environment sets `{VARIABLE}={chosen.inherited}`." if chosen.inherited else ""
    others = " The other libraries bring products of their own and are not concerned."
    return fill(f"{chosen.sentence()}.{said}{here}{others}", 120)


def asked(records: Mapping[str, Sequence[Record]], level: str = "##") -> str:
    """The ratios asked for, and those reached."""
    rows = []
    for key, rs in records.items():
        by_hand = {v.bound: v for v in acceptance.verdicts(rs, own="hand")}
        for v in acceptance.verdicts(rs):
            b = v.bound
            goal = "" if b.goal is None else f"{b.goal * v.slack:.2f}"
            low, high = min(v.ratios), max(v.ratios)
            reached = f"{v.ratio:.2f}" + (f" ({low:.2f} to {high:.2f})" if len(v.ratios) > 1 else "")
            hand = f"{by_hand[b].ratio:.2f}" if b.what == "step" and b in by_hand else ""
            what = {"step": "step", "first": "first step", "peak": "memory"}[b.what]
            row = (
                key,
                f"{what}: {b.own} / {b.peer}",
                f"{b.required * v.slack:.2f}",
                goal,
                reached,
                v.words,
                hand,
            )
            rows.append(row)
    if not rows:
        return ""
    heads = ("workload", "ratio", "at most", "goal", "reached", "", "step by hand")
    return f"{level} What is asked, and what is reached\n\n" + table(heads, rows)


def times(records: Mapping[str, Sequence[Record]], level: str = "##") -> list[str]:
    """Tables of steps, ratios, first steps and memory; none for no records."""
    if not records:
        return []
    peers = every_peer(records.values())
    return [
        of_all(f"{level} Milliseconds of a step", records, peers, steps, lambda v: f"{1e3 * v:.3g}"),
        of_all(f"{level} graphc's time over each library's", records, peers, ratios, lambda v: f"{v:.2f}"),
        of_all(
            f"{level} Seconds to the first step, imports left out",
            records,
            peers,
            lambda rs: of_peers(rs, lambda r: r["first"]),
            lambda v: f"{v:.2g}",
        ),
        of_all(
            f"{level} Peak memory of the process, MiB",
            records,
            peers,
            lambda rs: of_peers(rs, lambda r: r["peak"]),
            lambda v: f"{v / 2**20:.0f}",
        ),
    ]


def every_peer(groups: Iterable[Sequence[Record]]) -> list[str]:
    return list(dict.fromkeys(r["peer"] for rs in groups for record in rs for r in record["results"]))


def of_all(
    title: str,
    records: Mapping[str, Sequence[Record]],
    peers: Sequence[str],
    measure: Callable[[Sequence[Record]], dict[str, float]],
    show: Callable[[float], str],
) -> str:
    rows = []
    for key, rs in records.items():
        found = measure(rs)
        rows.append((titled(key, rs), *(show(found[p]) if p in found else "" for p in peers)))
    return f"{title}\n\n" + table(("workload", *peers), rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def compiling(stages: Sequence[Mapping[str, Any]]) -> str:
    """Milliseconds of each stage; of several runs, the medians."""
    by_workload: dict[str, list[Mapping[str, Any]]] = {}
    for one in stages:
        by_workload.setdefault(one["workload"], []).append(one)
    rows = []
    for key, found in by_workload.items():
        nodes = found[0]["nodes"]
        spent = [median(one[name] for one in found) for name in STAGES]
        per = 1e6 * spent[STAGES.index("total")] / nodes
        limit = acceptance.COMPILING.get(key)
        asked = "" if limit is None else f"{1e3 * limit:.0f}"
        rows.append((key, str(nodes), *(f"{1e3 * s:.3g}" for s in spent), f"{per:.3g}", asked))
    heads = ("workload", "nodes", *STAGES, "total per 1000 nodes", "total at most")
    said = "Milliseconds, each in a process of its own, so that every operation meets SymPy for the first time; imports"
    return f"## Stages of compiling\n\n{said}\nare not in the total.\n\n" + table(heads, rows)


def left_out(records: Mapping[str, Sequence[Record]]) -> str:
    """What did not run, or computed something else."""
    notes = dict.fromkeys(
        f"* {titled(key, rs)}, {r['peer']}: {r['wrong'] or r['skipped'] or r['note']}"
        for key, rs in records.items()
        for record in rs
        for r in record["results"]
        if r["wrong"] or r["skipped"] or r["note"]
    )
    return "## Left out, or different\n\n" + "\n".join(notes) + "\n" if notes else ""
