"""Options that several commands have, with the same words everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from harness.cli.app import Client, Effort, Tls, Via

# Optional, not "| None": typer reads these when they are made.
OneTarget = Annotated[str, typer.Option(help="server to load; `xmpp-harness targets` lists them")]
TlsMode = Annotated[
    Optional[Tls],  # noqa: UP045
    typer.Option(help="STARTTLS, direct TLS, or none (default: on, or as the profile says)"),
]
Profile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(help="TOML profile of --target external, or one that names an installation"),
]
Installation = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        help="where a server that has no package was unpacked (openfire, tigase): DIR, or "
        "NAME=DIR; may be given again"
    ),
]
RunVia = Annotated[
    Optional[Via],  # noqa: UP045
    typer.Option(help="docker: run the server from its public image, in a container"),
]
Allowed = Annotated[
    bool,
    typer.Option("--i-am-allowed-to-load-this-host", help="needed for a server on another machine"),
]
Users = Annotated[int, typer.Option(min=1, help="simulated clients")]
Duration = Annotated[float, typer.Option(min=1, help="seconds of load after the logins")]
ClientKind = Annotated[
    Client, typer.Option(help="light, complete slixmpp clients, or 2 % of these in a mix")
]
Processes = Annotated[int, typer.Option(min=1, help="generator processes")]
Efforts = Annotated[Effort, typer.Option(help="how many inputs are generated for each case")]
Select = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(help="requirement id, section or document to test; may be given again"),
]
Deviations = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(help="file of known deviations (default: the one kept for the target)"),
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
