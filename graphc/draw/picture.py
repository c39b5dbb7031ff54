"""A picture of a circuit, written on demand as SVG, DOT or PNG."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from graphc.draw.dot import to_dot
from graphc.draw.engine import Engine
from graphc.draw.layout import place
from graphc.draw.model import Circuit
from graphc.draw.pieces import Plan, cut
from graphc.draw.scene import Scene, compose, paper
from graphc.draw.svg import to_svg
from graphc.ir.errors import GraphcError, OutputError
from graphc.ir.files import path_of, write_file

MOST_GATES = 1500
MOST_WIRES = 6000
_FORMAT = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".png": "png"}
FORMATS = ("svg", "dot", "png")


def check_size(gates: int, wires: int) -> None:
    """Refuse a circuit that is too large to be drawn."""
    if gates > MOST_GATES or wires > MOST_WIRES:
        raise GraphcError(
            f"the graph has {gates:,} gates and {wires:,} wires, and a picture shows at most "
            f"{MOST_GATES:,} and {MOST_WIRES:,}; draw a part of it"
        )


@dataclass(frozen=True)
class Picture:
    """A circuit as it is looked at: `.svg` and `.dot` are text, `.png` is bytes.

    `engine` is "embedded" or "dot" (the system's Graphviz); a layout may take `seconds`; `legend` adds a
    line that explains the colours. Nothing is laid out before it is asked for. Each format raises
    GraphcError when the circuit is too large.
    """

    circuit: Circuit
    engine: Engine = "embedded"
    seconds: float = 10.0
    legend: bool = False

    @cached_property
    def _plan(self) -> Plan:
        check_size(len(self.circuit.gates), len(self.circuit.wires))
        return cut(self.circuit)

    @cached_property
    def _scene(self) -> Scene:
        return compose(place(self._plan, self.engine, self.seconds), self.legend)

    @cached_property
    def svg(self) -> str:
        """A standalone SVG document, the same bytes on every machine."""
        return to_svg(self._scene)

    @cached_property
    def dot(self) -> str:
        """A DOT file for Graphviz's own `dot`."""
        return to_dot(self._plan)

    @cached_property
    def png(self) -> bytes:
        """The SVG as pixels; needs the extra `graphc[png]`."""
        from graphc.draw.png import to_png

        return to_png(self.svg, *paper(self._scene))

    def render(self, form: str) -> bytes:
        """The bytes of a file in format "svg", "dot" or "png"."""
        if form not in FORMATS:
            raise OutputError(f"a picture cannot be written as `{form}`; choose one of {', '.join(FORMATS)}")
        content = getattr(self, form)
        return content if isinstance(content, bytes) else content.encode()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture in the format of the path's suffix: .svg, .dot, .gv or .png.

        The file appears whole or not at all. Raises OutputError when the suffix is unknown or the place
        cannot be written.
        """
        target = path_of(path, "a picture")
        form = _FORMAT.get(target.suffix.lower())
        if form is None:
            raise OutputError(
                f"the format of `{target}` is not clear from its name; end it in {', '.join(_FORMAT)}"
            )
        _write(target, self.render(form))

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg
        except Exception:
            # A notebook must go on when a picture cannot be drawn.
            return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg, "text/plain": repr(self)}
        except Exception as error:
            return {"text/plain": f"{self!r}\n{error}"}

    def __repr__(self) -> str:
        return f"<Picture: {len(self.circuit.leaves)} leaves, {len(self.circuit.gates)} gates>"


def _write(target: Path, content: bytes) -> None:
    try:
        write_file(target, content)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise OutputError(f"`{target}` cannot be written: {reason}") from None
