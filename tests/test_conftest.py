"""The golden check and the account of skipped tests can fail, and say why."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
CONFTEST = (Path(__file__).parent / "conftest.py").read_text(encoding="utf-8")


@pytest.fixture
def session(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    return pytester


def test_golden_writes_under_the_flag_then_agrees_then_differs(session: pytest.Pytester) -> None:
    test = "def test_it(golden):\n    golden('a.txt', 'one\\n{}\\nthree\\n')\n"
    session.makepyfile(test.format("two"))
    session.runpytest("-q").assert_outcomes(failed=1)
    session.runpytest("-q", "--update-golden").assert_outcomes(passed=1)
    session.runpytest("-q").assert_outcomes(passed=1)
    assert (session.path / "golden" / "a.txt").read_bytes() == b"one\ntwo\nthree\n"

    session.makepyfile(test.format("2"))
    result = session.runpytest("-q")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*-two", "*+2", "*--update-golden*"])


def test_golden_bytes_say_where_they_part(session: pytest.Pytester) -> None:
    session.makepyfile("def test_it(golden):\n    golden('a.png', b'\\xff\\x00\\x01')\n")
    (session.path / "golden").mkdir()
    (session.path / "golden" / "a.png").write_bytes(b"\xff\x00\x02")
    session.runpytest("-q").stdout.fnmatch_lines(["*3 bytes in the golden file, 3 now; they part at byte 2"])


def test_a_missing_peer_is_named_at_the_end(session: pytest.Pytester) -> None:
    session.makepyfile(
        """
        def test_peer(require_peer):
            require_peer("torch_of_another_world")

        def test_program(require_program):
            require_program("a-program-nobody-has")
        """
    )
    result = session.runpytest("-q")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(
        [
            "*skipped because something optional is not installed*",
            "needs the program a-program-nobody-has: 1 test in *.py",
            "needs torch_of_another_world (extra: peers): 1 test in *.py",
        ]
    )
