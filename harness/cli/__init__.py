"""The command `xmpp-harness`. Exit codes: 0 as asked, 1 the run or a gate failed, 2 our fault."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from harness import __version__
from harness.cli import gate, load, records, suite
from harness.cli.app import app
from harness.errors import HarnessError

__all__ = ["app", "gate", "load", "main", "records", "suite"]


def _version(value: bool) -> None:
    if value:
        print(f"xmpp-harness {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; whatever the user can mend is one line and exit code 2."""
    try:
        app()
    except HarnessError as error:
        print(f"xmpp-harness: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
