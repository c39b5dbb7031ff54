"""The three formats say what the circuit says, in well-formed files, the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphc.draw.model import Circuit, Output
from graphc.draw.picture import MOST_GATES, Picture
from graphc.draw.textwidth import clean
from graphc.ir.errors import GraphcError, OutputError
from tests.draw import circuits

TEXT = "{http://www.w3.org/2000/svg}text"


def svg_texts(svg: str) -> list[str]:
    """The words of each text of an SVG, without the titles that hold what had to be cut."""
    root = ET.fromstring(svg)
    return [
        "".join([item.text or "", *(part.text or "" for part in item if part.tag.endswith("tspan"))])
        + "".join(part.tail or "" for part in item)
        for item in root.iter(TEXT)
    ]


def is_shown(name: str, texts: list[str]) -> bool:
    """Whether a name is among the texts, whole or cut."""
    return any(text == name or (text.endswith("…") and name.startswith(text[:-1])) for text in texts)


def svg_words(svg: str) -> str:
    return "\n".join(svg_texts(svg))


@pytest.mark.parametrize("circuit", [circuits.product(), circuits.neuron(), circuits.square()])
def test_everything_is_shown(circuit: Circuit) -> None:
    words = svg_words(Picture(circuit).svg)
    for gate in circuit.gates:
        assert gate.symbol in words
        assert gate.out.value[0] in words
    for item in circuit.wires:
        assert item.gradient is not None
        assert item.gradient[0] in words
        assert item.local in words
    assert all(box.label in words for box in circuit.boxes)


def test_a_branch_shows_each_contribution_and_their_sum() -> None:
    texts = svg_texts(Picture(circuits.square()).svg)
    assert "Σ =6" in texts
    assert texts.count("x = 3") == 2


def test_a_gradient_that_was_not_computed_is_a_dash() -> None:
    leaf = circuits.leaf("t", "3", None)
    circuit = Circuit((leaf,), (circuits.gate("f", "exp"),), (circuits.wire("t", "f", None),), (Output("f"),))
    assert "—" in svg_texts(Picture(circuit).svg)


def test_the_same_circuit_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import sys; from tests.draw import circuits; from graphc.draw.picture import Picture; "
        "sys.stdout.buffer.write(Picture(circuits.random_circuit(3, 30)).svg.encode())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in "12"
    }
    assert runs == {Picture(circuits.random_circuit(3, 30)).svg.encode()}


def test_pictures_may_be_drawn_by_many_threads() -> None:
    circuit = circuits.neuron()
    expected = Picture(circuit).svg
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: Picture(circuit).svg, range(16))) == {expected}


def test_hostile_names_come_out_right_in_svg() -> None:
    svg = Picture(circuits.hostile()).svg
    texts = svg_texts(svg)
    assert "<script" not in svg
    for name in circuits.HOSTILE:
        assert is_shown(name, texts), name


def test_control_characters_leave_a_well_formed_file() -> None:
    name = "a\x00b\x1b\ud800\uffffc\n\u202ed"
    circuit = Circuit((circuits.leaf(name, "1"),), (), (), (), title=name)
    assert "a\ufffdb\ufffd\ufffd\ufffdc d" in svg_texts(Picture(circuit).svg)
    assert "\x00" not in Picture(circuit).dot


def test_long_names_are_cut_with_the_whole_in_a_title() -> None:
    name = "temperature_of_the_reactor_" * 4
    svg = Picture(Circuit((circuits.leaf(name),), (), (), ())).svg
    assert f"<title>{name}</title>" in svg
    assert svg.count(name) == 1


def dot_words(require_program, circuit: Circuit) -> str:
    """The texts that the ordinary `dot` program draws."""
    program = require_program("dot")
    done = subprocess.run(
        [program, "-Tsvg"], input=Picture(circuit).dot.encode(), capture_output=True, check=True, timeout=60
    )
    assert not done.stderr
    found = [item.text or "" for item in ET.fromstring(done.stdout).iter(TEXT)]
    return "\n".join(found).replace("\u00a0", " ")


def test_dot_renders_with_the_ordinary_program(require_program) -> None:
    words = dot_words(require_program, circuits.neuron())
    for text in ("w0", "-0.20", "1.37", "exp(-1) = 0.37", "1/x", "σ(x) = 1 / (1 + exp(-x))"):
        assert text in words


def test_hostile_names_come_out_right_in_dot(require_program) -> None:
    words = dot_words(require_program, circuits.hostile()).split("\n")
    for name in circuits.HOSTILE:
        assert is_shown(name, words), name


def test_png_has_letters(require_extra) -> None:
    require_extra("resvg_py", "png")
    shown, empty = Picture(circuits.product()).png, Picture(Circuit((), (), (), ())).png
    assert shown.startswith(b"\x89PNG\r\n")
    assert len(shown) > len(empty)


def test_a_png_that_nobody_could_read_is_refused() -> None:
    with pytest.raises(OutputError, match=r"save it as \.svg"):
        _ = Picture(circuits.chain(1000)).png


@pytest.mark.parametrize(
    "circuit", [Circuit((), (), (), ()), Circuit((circuits.leaf("x", "1"),), (), (), (Output("x", ("1",)),))]
)
def test_almost_nothing_can_be_drawn(circuit: Circuit) -> None:
    ET.fromstring(Picture(circuit).svg)
    assert Picture(circuit).dot.startswith("digraph")


def test_too_many_gates_are_refused() -> None:
    with pytest.raises(GraphcError, match=r"1,501 gates.*at most 1,500"):
        _ = Picture(circuits.chain(MOST_GATES + 1)).svg


def test_save_writes_by_suffix(tmp_path) -> None:
    picture = Picture(circuits.product())
    for suffix, content in ((".svg", picture.svg), (".DOT", picture.dot), (".gv", picture.dot)):
        path = tmp_path / f"f{suffix}"
        picture.save(path)
        assert path.read_text(encoding="utf-8") == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.DOT", "f.gv", "f.svg"]


def test_save_keeps_the_old_file_when_the_picture_fails(tmp_path) -> None:
    path = tmp_path / "f.svg"
    path.write_text("old")
    with pytest.raises(GraphcError):
        Picture(circuits.chain(MOST_GATES + 1)).save(path)
    assert path.read_text() == "old"


@pytest.mark.parametrize("name", ["f.bmp", "f", "no/such/folder/f.svg", "folder.svg", "nul\0.svg"])
def test_save_refuses_with_a_sentence(tmp_path, name: str) -> None:
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(OutputError):
        Picture(circuits.product()).save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]


def test_a_notebook_sees_the_picture_and_never_an_exception() -> None:
    picture = Picture(circuits.product())
    assert picture._repr_mimebundle_()["image/svg+xml"] == picture.svg == picture._repr_svg_()
    broken = Picture(circuits.chain(MOST_GATES + 1))
    assert broken._repr_svg_() is None
    assert "at most" in broken._repr_mimebundle_()["text/plain"]


def test_clean_keeps_every_script() -> None:
    assert [clean(name) for name in circuits.HOSTILE] == list(circuits.HOSTILE)


def test_golden_pictures(golden) -> None:
    golden("draw/neuron.svg", Picture(circuits.neuron()).svg)
    golden("draw/neuron.dot", Picture(circuits.neuron()).dot)
    golden("draw/product.svg", Picture(circuits.product(), legend=True).svg)
