"""Writing a file wholly or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from graphc.ir.errors import OutputError


def path_of(given: object, what: str) -> Path:
    """The path `what` is written to; raises OutputError for what is none."""
    if not isinstance(given, str | os.PathLike) or not isinstance(os.fspath(given), str):
        raise OutputError(f"{what} is written to a path, such as 'here/name', not to {given!r}")
    return Path(given)


def write_file(path: Path, data: bytes) -> None:
    """Replace the file `path` in one step, keeping its mode and following links.

    What is not a regular file (a device, a pipe) is written to as it is.
    """
    path = path.resolve()
    mode = path.stat().st_mode if path.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        path.write_bytes(data)
        return
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(13, "permission denied")
    new = path.with_name(f".{path.name[:40]}.{os.getpid()}.new")
    try:
        with new.open("xb") as file:
            file.write(data)
        if mode is not None:
            new.chmod(stat.S_IMODE(mode))
        new.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
