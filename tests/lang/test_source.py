"""Where text comes from, and the sentences for files that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphc.ir.errors import ParseError
from graphc.lang.documents import markdown_blocks
from graphc.lang.source import PythonObject, Source, load_object, read
from graphc.lang.syntax import statements


def lines(source: Source | PythonObject) -> list[tuple[int, str]]:
    assert isinstance(source, Source)
    return [(s.at.line, s.text) for block in source.blocks for s in statements(block.text, block.line)]


def fails(argument: str) -> str:
    with pytest.raises(ParseError) as caught:
        _take(argument)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _take(argument: str) -> object:
    found = read(argument)
    assert isinstance(found, PythonObject)
    return load_object(found)


@pytest.mark.parametrize("text", ["-t*log(p)", "x", "a.T", "x.graphs", "notes.txt", "a; b", "x.md + 1"])
def test_anything_else_is_an_expression(text: str) -> None:
    source = read(text)
    assert isinstance(source, Source)
    assert source.name is None


def test_a_graph_file(tmp_path: Path) -> None:
    file = tmp_path / "net.graph"
    file.write_bytes(b"\xef\xbb\xbfq = x + y\r\n\r\n# note\r\nq * 2\r\n")
    assert lines(read(str(file))) == [(1, "q = x + y"), (4, "q * 2")]


def test_markdown_blocks_keep_the_file_s_line_numbers(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text(
        "# t\n```graphc\na = x\n```\ntext\n```python\nb = y\n```\n  ~~~ graphc\n  c = a\n  d1 = c\n  ~~~\n",
        "utf-8",
    )
    assert lines(read(str(file))) == [(3, "a = x"), (10, "c = a"), (11, "d1 = c")]


def test_a_fence_shown_inside_a_longer_fence_is_not_a_block() -> None:
    text = "````\n```graphc\na = x\n```\n````\n```graphc\nb = y\n```"
    assert [block.line for block in markdown_blocks(text)] == [7]


def test_an_unclosed_fence_runs_to_the_end() -> None:
    assert [(b.line, b.text) for b in markdown_blocks("```graphc\na = x")] == [(2, "a = x")]


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    latin = tmp_path / "latin.graph"
    latin.write_bytes(b"a = x\nb = \xe9\n")
    large = tmp_path / "large.graph"
    large.write_text("x + " * 100_000)
    empty = tmp_path / "empty.md"
    empty.write_text("no block\n")
    (tmp_path / "dir.graph").mkdir()
    assert "no such file" in fails(str(tmp_path / "missing.graph"))
    assert "directory" in fails(str(tmp_path / "dir.graph"))
    assert "line 2: this file is not UTF-8" in fails(str(latin))
    assert "at most 200,000 characters" in fails(str(large))
    assert "no ```graphc block" in fails(str(empty))
    (tmp_path / "empty.tex").write_text("no claim\n")
    assert "nothing in this file is for graphc" in fails(str(tmp_path / "empty.tex"))
    assert ":loss`" in fails("model.py")
    assert "no such file" in fails("a\0.graph")
    assert "not the name of a file" in fails("a" * 3000 + ".graph")


def test_an_object_in_a_python_file(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("value = 7\n")
    file = tmp_path / "model.py"
    file.write_text(
        "import neighbour\nloss = neighbour.value\ndef build():\n    return [1]\ndef bad():\n    1/0\n"
    )
    found = read(f"{file}:loss")
    assert found == PythonObject(str(file), "loss")
    assert load_object(found) == 7
    assert load_object(PythonObject(str(file), "build")) == [1]
    assert "did you mean `loss`" in fails(f"{file}:los")
    assert "ZeroDivisionError" in fails(f"{file}:bad")
    assert "not the name of an object" in fails(f"{file}:")
    assert "no such file" in fails(f"{tmp_path / 'none.py'}:x")
    file.write_text("raise SystemExit(3)")
    assert "SystemExit" in fails(f"{file}:loss")
    file.write_text("def (")
    assert "SyntaxError" in fails(f"{file}:loss")


def test_what_a_python_file_prints_stays_out_of_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.py"
    file.write_text("print('importing')\ndef net():\n    print('calling')\n    return 1\n", encoding="utf-8")
    assert _take(f"{file}:net") == 1
    out, err = capsys.readouterr()
    assert (out, err.split()) == ("", ["importing", "calling"])
