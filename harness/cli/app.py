"""The command that the others hang on, and the words that several of them share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

app = typer.Typer(
    name="xmpp-harness",
    help="Load and conformance tests for XMPP servers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


class Client(StrEnum):
    LIGHT = "light"
    SLIXMPP = "slixmpp"
    MIX = "mix"


class Tls(StrEnum):
    ON = "on"
    DIRECT = "direct"
    OFF = "off"


class Via(StrEnum):
    DOCKER = "docker"


class Effort(StrEnum):
    DEV = "dev"
    CI = "ci"
    NIGHTLY = "nightly"


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    HTML = "html"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    GITHUB = "github"


class Find(StrEnum):
    RATE = "rate"
    USERS = "users"


class Page(StrEnum):
    TEXT = "text"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"


def print_report(run: Path, format: Format) -> None:  # noqa: A002
    """The report on a recorded run, on standard output."""
    import reports  # late: the library does not depend on its reports

    print(reports.render(run, format.value))
