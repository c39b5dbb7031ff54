"""Imports inside graphc go one way: each layer sees only what lies to its left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphc

LAYERS = (
    ("ir",),
    ("ops",),
    ("rewrite",),
    ("derive",),
    ("plan",),
    ("emit",),
    ("lang", "nn", "optim"),
    ("draw", "claims", "train"),
    ("pipeline",),
    ("graphc",),  # the package itself, which shows everything lazily
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
PACKAGE = Path(graphc.__file__).parent


def module_name(file: Path, package: Path) -> str:
    """`graphc.ir.node` for graphc/ir/node.py, `graphc.ir` for graphc/ir/__init__.py."""
    parts = ["graphc", *file.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> str:
    """The layer a dotted name inside graphc belongs to; the bare package is a layer of its own."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] or first


def inside(module: str) -> bool:
    return module == "graphc" or module.startswith("graphc.")


def imported(node: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """The modules of graphc that one syntax node imports, wherever it stands: also inside a function."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names if inside(alias.name))
        case ast.ImportFrom(module=source, names=names, level=level):
            if level:
                base = module.split(".")[: None if is_package and level == 1 else -level + is_package]
                source = ".".join([*base, *([source] if source else [])])
            if source == "graphc":
                yield from (f"graphc.{alias.name}" if alias.name in RANK else "graphc" for alias in names)
            elif source and inside(source):
                yield source
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]):
            if name in ("import_module", "__import__"):
                literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
                yield first.value if literal else "a computed name"


def violations(package: Path) -> list[str]:
    """One sentence for each import under `package` that does not go to the left."""
    found = []
    for file in sorted(package.rglob("*.py")):
        module = module_name(file, package)
        layer = layer_of(module)
        if layer == "graphc":
            continue
        place = file.relative_to(package.parent).as_posix()
        if layer not in RANK:
            found.append(f"{place}: {layer} has no place in the order of layers")
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for target in imported(node, module, file.name == "__init__.py"):
                if target != "a computed name" and not inside(target):
                    continue
                other = layer_of(target)
                if other != layer and RANK.get(other, len(LAYERS)) >= RANK[layer]:
                    found.append(f"{place}:{getattr(node, 'lineno', 0)}: {layer} imports {target}")
    return found


def test_imports_go_leftwards() -> None:
    assert violations(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("ir/node.py", "from graphc.ops import op", "ir imports graphc.ops"),
        ("ir/node.py", "import graphc.emit.numpy as e", "ir imports graphc.emit.numpy"),
        ("ops/op.py", "def f():\n    from graphc.derive import reverse", "ops imports graphc.derive"),
        ("ops/op.py", "from graphc import rewrite", "ops imports graphc.rewrite"),
        ("ops/op.py", "from graphc import grad", "ops imports graphc"),
        ("ops/op.py", "import graphc", "ops imports graphc"),
        ("ops/op.py", "from ..emit import source", "ops imports graphc.emit"),
        ("ops/op.py", "from .. import cli", "ops imports graphc.cli"),
        ("ops/__init__.py", "from ..cli import main", "ops imports graphc.cli"),
        ("lang/parse.py", "from graphc.nn import layers", "lang imports graphc.nn"),
        ("draw/svg.py", "from graphc.claims import claim", "draw imports graphc.claims"),
        ("pipeline.py", "import graphc.cli", "pipeline imports graphc.cli"),
        (
            "ir/op.py",
            "if TYPE_CHECKING:\n    from graphc.draw.svg import Picture",
            "ir imports graphc.draw.svg",
        ),
        ("ir/op.py", "importlib.import_module('graphc.emit')", "ir imports graphc.emit"),
        ("ir/op.py", "__import__(name)", "ir imports a computed name"),
        ("sundry/things.py", "", "sundry has no place in the order of layers"),
    ],
)
def test_a_planted_violation_is_caught(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    planted = tmp_path / "graphc" / file
    planted.parent.mkdir(parents=True)
    planted.write_text(text, encoding="utf-8")
    assert [sentence for sentence in violations(tmp_path / "graphc") if complaint in sentence]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("ops/op.py", "from graphc.ir.node import Node\nfrom .contract import matmul"),
        ("ops/op.py", "import sympy\n\ndef f():\n    import networkx"),
        ("cli.py", "def draw():\n    from graphc import pipeline\n    from graphc import __version__"),
        ("__init__.py", "from graphc import cli, pipeline"),
        ("__main__.py", "from graphc.cli import main"),
    ],
)
def test_what_is_allowed_passes(tmp_path: Path, file: str, text: str) -> None:
    allowed = tmp_path / "graphc" / file
    allowed.parent.mkdir(parents=True, exist_ok=True)
    allowed.write_text(text, encoding="utf-8")
    assert violations(tmp_path / "graphc") == []
