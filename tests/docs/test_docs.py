"""The pages in docs/ are true: examples run and show what they give, reference pages are the declarations' own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from graphc.draw.picture import MOST_GATES, MOST_WIRES
from graphc.lang import limits
from graphc.plan.passes import described, pass_names
from tests.docs import tables
from tests.docs.activations import activations_page
from tests.docs.mistakes import mistakes_page
from tests.docs.pages import (
    ROOT,
    blocks,
    broken_links,
    check_page,
    excerpt,
    pictures,
    refreshed,
    run_page,
    shown,
    words_of,
)
from tests.docs.planner import about, passes_page

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
WITH_EXAMPLES = (
    "checking.md",
    "activations.md",
    "derivatives.md",
    "convolution.md",
    "language.md",
    "generated-code.md",
    "pictures.md",
    "sequences.md",
    "losses.md",
    "layers.md",
    "derivations.md",
    "gradient-checking.md",
)
Golden = Callable[[str, str | bytes], None]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_a_page_shows_what_its_examples_print_and_draw(name: str, golden: Golden, tmp_path: Path) -> None:
    check_page(DOCS / name, tmp_path, golden)


def test_the_page_of_operations_is_the_table_of_operations(golden: Golden) -> None:
    golden(str(DOCS / "operations.md"), tables.operations_page())


def test_the_page_of_activations_is_what_describe_finds(golden: Golden) -> None:
    golden(str(DOCS / "activations.md"), activations_page())


def test_the_page_of_rules_is_the_list_of_rules(golden: Golden) -> None:
    golden(str(DOCS / "rules.md"), tables.rules_page())


def test_the_page_of_passes_is_the_list_of_passes(golden: Golden, tmp_path: Path) -> None:
    golden(str(DOCS / "passes.md"), refreshed(passes_page(), tmp_path))


def test_the_page_of_mistakes_is_the_list_of_their_names(golden: Golden) -> None:
    golden(str(DOCS / "mistakes.md"), mistakes_page())


@pytest.mark.parametrize("name", pass_names())
def test_a_pass_says_what_it_does_and_how(name: str) -> None:
    assert described()[name][-1] not in ".,:"
    assert about(name).endswith(".")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "CHANGELOG.md"], ids=lambda p: p.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_command_can_be_typed_on_windows_too(page: Path) -> None:
    fences = [b for b in blocks(page.read_text(encoding="utf-8")) if b.language == "sh"]
    commands = [line for fence in fences for line in fence.body.splitlines() if words_of(line)]
    assert [c for c in commands if set(c) & set("'\\`$%")] == []


def test_a_graph_without_an_error_below_it_has_none(tmp_path: Path) -> None:
    page = (DOCS / "language.md").read_text(encoding="utf-8")
    ran = [(b, printed) for b, printed in run_page(page, tmp_path) if b.language == "graphc"]
    assert len(ran) > 4
    assert [printed for b, printed in ran if printed and not shown(page, b)] == []


def test_the_limits_are_those_that_are_checked() -> None:
    stated = (DOCS / "language.md").read_text(encoding="utf-8").partition("## Limits")[2]
    numbers = [int(n.replace(",", "")) for n in re.findall(r"\| ([\d,]+) \|$", stated, re.MULTILINE)]
    assert numbers == [
        limits.MAX_EXPRESSION,
        limits.MAX_FILE,
        limits.MAX_NESTING,
        limits.MAX_CHAIN,
        limits.MAX_NAME,
        limits.MAX_DIGITS,
        limits.MAX_EXPONENT,
    ]
    page = (DOCS / "pictures.md").read_text(encoding="utf-8")
    assert f"{MOST_GATES:,} gates and {MOST_WIRES:,} wires" in page


def test_every_picture_is_shown_somewhere() -> None:
    used = {p.resolve() for page in [*PAGES, ROOT / "README.md"] for p in pictures(page)}
    assert used == set((DOCS / "images").iterdir())


def test_the_readme_names_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [p.name for p in PAGES if f"(docs/{p.name})" not in readme] == []


def test_the_page_of_dependencies_lists_what_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    always, extras = page.split("## Extras")

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[<>=]", r)[0] for r in requirements}

    assert set(re.findall(r"^\| ([\w-]+) \|", always, re.MULTILINE)) - {"package"} == names(
        project["dependencies"]
    )
    listed: dict[str, set[str]] = {}
    for extra, packages in re.findall(r"^\| `(\w+)` \| ([^|]+) \|", extras, re.MULTILINE):
        listed.setdefault(extra, set()).update(packages.split(", "))
    assert listed == {extra: names(rs) for extra, rs in project["optional-dependencies"].items()}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE) == list(project["optional-dependencies"])


def test_an_excerpt_follows_what_is_printed() -> None:
    assert excerpt("a\n", "b\nc\n") == "b\nc\n"
    assert excerpt("…\nb\nold\n", "a\nb\nc\nd\n") == "…\nb\nc\nd\n"
    assert excerpt("a\n…\nc\n…\n", "a\nb\nc\nd\n") == "a\n…\nc\n…\n"
    with pytest.raises(AssertionError, match="reads 'x'"):
        excerpt("…\nx\n", "a\nb\n")


def test_a_block_with_a_file_name_is_that_file(tmp_path: Path) -> None:
    shown_file = "````markdown notes.md\n# Notes\n\n```graphc\nx = 1 +\n```\n````\n"
    page = f"{shown_file}\n```python\nprint(open('notes.md').read().count('x'))\n```\n\n```text\n1\n```\n"
    assert [block.language for block in blocks(page)] == ["python", "text"]
    assert [printed for _, printed in run_page(page, tmp_path)] == ["1\n"]


def test_a_changed_output_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(2)\n```\n\n```text\n1\n```\n", encoding="utf-8")
    compared: dict[str, object] = {}
    check_page(page, tmp_path, compared.__setitem__)
    assert re.search(r"```text\n(.*)\n```", str(compared[str(page)]))[1] == "2"  # type: ignore[index]
