"""`graphc check`, all the way: a derivation of ten lines, of which the sixth lost a transpose."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

MODEL = """\
# A network of two layers

```graphc
X = input(N, D); t = input(N, K)
assume(sum(t, axis=1) == 1)
W1 = param(D, H); b1 = param(H); W2 = param(H, K); b2 = param(K)
z1 = X @ W1 + b1
h = tanh(z1)
z2 = h @ W2 + b2
p = softmax(z2)
loss = -sum(t*log(p))/N
```

Backwards:

```graphc
"""
LINES = (
    "dp = -t/(N*p)",
    "dz2 = p*(dp - sum(dp*p, axis=1, keepdims=True))",
    "dz2 == (p - t)/N",
    "dW2 = h.T @ dz2",
    "db2 = sum(dz2, axis=0)",
    "dh = dz2 @ W2.T",
    "dz1 = dh * (1 - h**2)",
    "dW1 = X.T @ dz1",
    "db1 = sum(dz1, axis=0)",
    "dX = dz1 @ W1.T",
)
FIRST = MODEL.count("\n") + 1
SIXTH = FIRST + 5


def write(sixth: str = LINES[5], name: str = "notes.md") -> None:
    lines = (*LINES[:5], sixth, *LINES[6:])
    Path(name).write_text(MODEL + "\n".join(lines) + "\n```\n", encoding="utf-8")


def judged(graphc_run: Any, *args: str) -> Any:
    return json.loads(graphc_run("check", *args, "--json").out)


def test_a_right_derivation_is_proved(graphc_run: Any) -> None:
    write()
    outcome = graphc_run("check", "notes.md")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1] == "10 claims: 10 proved"


@pytest.mark.parametrize(
    ("sixth", "mistake"),
    [
        ("dh = dz2 @ W2", "missing transpose"),
        ("dh = (p - t) @ W2.T", "missing 1/N"),
        ("dh = -dz2 @ W2.T", "sign"),
    ],
)
def test_the_line_that_is_wrong_is_named_and_those_below_are_right_given_it(
    sixth: str, mistake: str, graphc_run: Any
) -> None:
    write(sixth)
    outcome = graphc_run("check", "notes.md")
    assert outcome.code == 1
    lines = [line for line in outcome.out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in lines[:10]] == [f"notes.md:{FIRST + i}:" for i in range(10)]
    assert [line.split()[1] for line in lines[:10]] == ["right"] * 5 + ["wrong"] + ["right"] * 4
    assert all(f"right given line {SIXTH} " in line for line in lines[6:10])
    assert f"\n    {mistake}" in outcome.out
    assert lines[10] == "10 claims: 5 proved, 4 right given a wrong line, 1 wrong"


def test_the_same_stands_in_the_reports_for_programs(graphc_run: Any) -> None:
    write("dh = dz2 @ W2")
    found = judged(graphc_run, "notes.md", "--junit-xml", "claims.xml")
    assert [c["line"] for c in found["claims"] if c["verdict"] == "wrong"] == [SIXTH]
    assert [c["given"] for c in found["claims"]] == [[]] * 6 + [[SIXTH]] * 4
    assert found["claims"][5]["gradient"] == {"of": "loss", "by": "h"}
    assert found["summary"]["exit_code"] == 1
    root = ET.fromstring(Path("claims.xml").read_text(encoding="utf-8"))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("10", "1", "0")


def test_the_same_files_give_the_same_bytes(graphc_run: Any) -> None:
    write("dh = -dz2 @ W2.T")
    assert graphc_run("check", "notes.md", "--json").out == graphc_run("check", "notes.md", "--json").out


def test_a_bad_file_does_not_hide_the_others(graphc_run: Any) -> None:
    write(name="good.md")
    write("dh = dz2 @@ W2", name="slip.md")
    Path("none.md").write_text("# No claims\n", encoding="utf-8")
    outcome = graphc_run("check", "slip.md", "nowhere.md", "none.md", "good.md")
    assert outcome.code == 2
    assert outcome.out.count("good.md:") == 10
    complaints = outcome.err.splitlines()
    assert len(complaints) == 3
    assert f"slip.md, line {SIXTH}, column" in complaints[0]
    assert "nowhere.md" in complaints[1]
    assert "none.md" in complaints[2]


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ("d(tanh(x))/d(x) == 1 - tanh(x)**2", 0),
        ("-d(1/x)/d(x) == 1/x**2", 0),
        ("d(tanh(x))/d(x) == 1 + tanh(x)**2", 1),
        ("x + y", 2),
        ("d(x^2)/d(x) == 2*x", 2),
        ("0*x == 0*y", 3),
    ],
)
def test_a_claim_on_the_command_line(claim: str, code: int, graphc_run: Any) -> None:
    assert graphc_run("check", claim).code == code


@pytest.mark.parametrize(
    "hostile",
    [
        b"__import__('os').system('touch hacked') == 1\n",
        b"x = input()\nx == 1e999999999\n",
        b"x = input()\n" + b"(" * 5000 + b"x" + b")" * 5000 + b" == x\n",
        b"x = input()\nx == x" + b" + x" * 3_000_000,
        b"x = input()\n\x1b[2J == x\n",
        b"\xff\xfe",
    ],
    ids=["code", "power", "deep", "large", "escape", "binary"],
)
def test_hostile_files_are_refused_in_one_sentence(hostile: bytes, graphc_run: Any, tmp_path: Path) -> None:
    Path("hostile.graph").write_bytes(hostile)
    outcome = graphc_run("check", "hostile.graph")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert outcome.err.startswith("graphc: hostile.graph")
    assert "\x1b" not in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.graph"]
