"""The command line: what was typed becomes a call of the pipeline, what went wrong one sentence."""

from __future__ import annotations

from graphc.cli.app import main, run

__all__ = ["main", "run"]
