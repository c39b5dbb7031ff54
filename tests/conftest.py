"""What every test may lean on: golden files, optional peers, and a deterministic hypothesis."""

from __future__ import annotations

import difflib
import importlib
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

GOLDEN_DIR = Path(__file__).parent / "golden"
DIFF_LINES = 60
NEEDS = "needs "

# The same examples on every run, whatever the machine's speed; `--hypothesis-profile=search` looks further.
settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("steady"))
settings.register_profile("search", settings.get_profile("steady"), derandomize=False, max_examples=2000)
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the files in tests/golden with what the code gives now",
    )


# --- golden files -----------------------------------------------------------------------------------------


def describe_difference(name: str, expected: bytes, actual: bytes) -> str:
    """A readable account of how `actual` departs from the golden file `name`."""
    try:
        old, new = expected.decode(), actual.decode()
    except UnicodeDecodeError:
        same = next((i for i, (a, b) in enumerate(zip(expected, actual, strict=False)) if a != b), None)
        at = min(len(expected), len(actual)) if same is None else same
        return f"{name}: {len(expected)} bytes in the golden file, {len(actual)} now; they part at byte {at}"
    lines = list(
        difflib.unified_diff(old.splitlines(), new.splitlines(), f"golden/{name}", "now", lineterm="", n=2)
    )
    if not lines:
        return f"{name}: the same lines, but other line ends"
    shown = [line if len(line) <= 400 else line[:400] + " …" for line in lines[:DIFF_LINES]]
    if len(lines) > DIFF_LINES:
        shown.append(f"… and {len(lines) - DIFF_LINES} more lines of difference")
    return "\n".join(shown)


def compare_golden(path: Path, actual: str | bytes, *, update: bool) -> None:
    """Fail unless the file at `path` holds `actual` byte for byte; under `update`, make it so."""
    data = actual.encode() if isinstance(actual, str) else actual
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return
    mend = "if the change is meant, run pytest with --update-golden and look at the difference"
    if not path.is_file():
        pytest.fail(f"there is no golden file {path.name}; {mend}", pytrace=False)
    expected = path.read_bytes()
    if expected != data:
        pytest.fail(f"{describe_difference(path.name, expected, data)}\n\n{mend}", pytrace=False)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str | bytes], None]:
    """`golden("name.svg", text)`: `text` is what tests/golden/name.svg holds."""
    update = bool(request.config.getoption("--update-golden"))

    def check(name: str, actual: str | bytes) -> None:
        compare_golden(GOLDEN_DIR / name, actual, update=update)

    return check


# --- what may be missing ----------------------------------------------------------------------------------


def import_or_skip(module: str, extra: str) -> ModuleType:
    """The module, or a skip that names the extra which brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        pytest.skip(f"{NEEDS}{module} (extra: {extra})")


@pytest.fixture
def require_peer() -> Callable[[str], ModuleType]:
    """`torch = require_peer("torch")`: a library to compare with, or a skip that names it."""
    return lambda module: import_or_skip(module, "peers")


@pytest.fixture
def require_extra() -> Callable[[str, str], ModuleType]:
    """`require_extra("resvg_py", "png")`: a module of one of graphc's extras, or a skip that names it."""
    return import_or_skip


@pytest.fixture
def require_program() -> Callable[[str], str]:
    """`dot = require_program("dot")`: the path of a program on this machine, or a skip that names it."""

    def find(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            pytest.skip(f"{NEEDS}the program {program}")
        return path

    return find


def wanting(reports: Iterator[pytest.TestReport] | list[pytest.TestReport]) -> dict[str, list[str]]:
    """For each thing a skipped test was in want of, the tests that went without."""
    found: dict[str, list[str]] = defaultdict(list)
    for report in reports:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        need = str(reason).removeprefix("Skipped: ")
        if need.startswith(NEEDS):
            found[need].append(report.nodeid)
    return dict(sorted(found.items()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = wanting(terminalreporter.stats.get("skipped", []))
    if not missing:
        return
    terminalreporter.section("skipped because something optional is not installed")
    for need, tests in missing.items():
        files = sorted({test.partition("::")[0] for test in tests})
        count = "1 test" if len(tests) == 1 else f"{len(tests)} tests"
        terminalreporter.write_line(f"{need}: {count} in {', '.join(files)}")
