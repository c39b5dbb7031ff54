"""The program `graphc`: its commands, and the one place where an error becomes an exit code."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from graphc.cli.check import check
from graphc.cli.commands import compile_, derive, draw
from graphc.cli.gradcheck import gradcheck
from graphc.cli.output import say
from graphc.cli.timing import profile, tune
from graphc.ir.errors import GraphcError

FINE = 0
BAD_INPUT = 2
OWN_MISTAKE = 70
INTERRUPTED = 130
PIPE_CLOSED = 141


def show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"graphc {version('graphc')}")
        ctx.exit()


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """One symbolic graph of a network: its backprop picture, its derivation, its NumPy code, and a
    verdict on gradients derived by hand.

    \b
    graphc draw "q = x + y; f = q * z" --at x=-2 --at y=5 --at z=-4 -o circuit.svg
    graphc derive "sigmoid(x)"
    graphc check notes.md

    Exit codes: 0 fine, 1 a check failed, 2 bad input, 3 undecided only.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


cli.add_command(draw)
cli.add_command(derive)
cli.add_command(check)
cli.add_command(compile_)
cli.add_command(gradcheck)
cli.add_command(tune)
cli.add_command(profile)


def complain(sentence: str) -> None:
    """One line on standard error."""
    say(f"graphc: {' '.join(sentence.split())}", err=True)


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line `args` (default: the process's own) and give its exit code."""
    words = list(sys.argv[1:] if args is None else args)
    try:
        # not `cli.main`: it expands `*` in arguments on Windows, and ends with 1 when a pipe closes
        with cli.make_context("graphc", words) as ctx:
            cli.invoke(ctx)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        complain(error.format_message())
        return BAD_INPUT
    except GraphcError as error:
        complain(str(error))
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
        return PIPE_CLOSED
    except OSError as error:
        complain(f"cannot read or write {error.filename or 'standard output'}: {error.strerror or error}")
        return BAD_INPUT
    except Exception:
        traceback.print_exc()
        complain("this is a mistake in graphc, not in what you typed; please report it with the lines above")
        return OWN_MISTAKE
    return FINE


def silence_stdout() -> None:
    """Point standard output nowhere: the interpreter flushes it once more on its way out."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> NoReturn:
    """The console script."""
    gc.disable()  # a command is over before collecting pays; it takes a tenth of a short run
    sys.exit(run())
