"""Where a result goes and in which format: by suffix, by --format, whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from graphc.ir.errors import OutputError
from graphc.ir.files import write_file


def choose_format(
    output: str | None, named: str | None, by_suffix: dict[str, str], default: str | None
) -> str:
    """The format --format names, else the one the suffix of `output` stands for, else `default`.

    Raises OutputError when none of them says.
    """
    if output == "":
        raise OutputError("-o names no file")
    if named is not None:
        return named
    if output is None or output == "-":
        if default is None:
            raise OutputError(f"-o - needs --format, one of {', '.join(dict.fromkeys(by_suffix.values()))}")
        return default
    suffix = Path(output).suffix.lower()
    if suffix not in by_suffix:
        given = f"the suffix {suffix}" if suffix else "a name without a suffix"
        raise OutputError(
            f"{output}: {given} stands for no format of this command; use one of {', '.join(by_suffix)}"
        )
    return by_suffix[suffix]


def write_output(output: str | None, content: str | bytes) -> None:
    """`content` to the file `output`, or to standard output for `-` and None.

    Text is written as UTF-8 with a line end at its end. Raises OutputError when it cannot be written.
    """
    if output is None or output == "-":
        write_stdout(encoded(content))
        return
    save(output, content)
    say(f"wrote {output}")


def save(name: str, content: str | bytes) -> None:
    """`content` to the file `name`, without a word. Raises OutputError when it cannot be written."""
    try:
        write_file(Path(name), encoded(content))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot write {name}: {reason[:1].lower()}{reason[1:]}") from error


def encoded(content: str | bytes) -> bytes:
    """Text as UTF-8 with a line end at its end; bytes as they are."""
    if isinstance(content, bytes):
        return content
    return (content if content.endswith("\n") else content + "\n").encode()


def write_stdout(data: bytes) -> None:
    if sys.stdout is None:
        raise OutputError("cannot write: standard output is closed")
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def say(line: str, *, err: bool = False) -> None:
    """Print one line, whatever characters it holds and whatever the terminal can show."""
    stream = sys.stderr if err else sys.stdout
    if stream is None:
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    click.echo(line.encode(encoding, "backslashreplace").decode(encoding), err=err)
