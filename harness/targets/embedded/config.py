"""What the reference server is told when it starts: one JSON file."""

from __future__ import annotations

from typing import Literal

import msgspec


class Config(msgspec.Struct, frozen=True):
    """Port 0 lets the system choose; the server says which ports it got."""

    domain: str = "bench.test"
    host: str = "127.0.0.1"
    port: int = 0  # plaintext and STARTTLS
    direct_port: int = 0  # TLS from the first byte
    certificate: str | None = None  # PEM file of key and chain; without it there is no TLS
    client_ca: str | None = None  # PEM file; a certificate that it vouches for proves a JID
    control: str | None = None  # path of the unix socket through which accounts are made
    parent: int | None = None  # process id; when that process ends, so do we
    defects: list[str] = []  # names from `defects`: what this server is to do wrong

    stanza_bytes: int = 262_144
    output_bytes: int = 16 * 1024 * 1024  # unsent bytes that a slow reader may make us hold
    negotiation_s: float = 30.0
    closing_s: float = 1.0  # how long we wait for the other side's end of a stream
    tls_required: bool = False  # RFC 6120 section 5.3.1: before TLS nothing but STARTTLS
    mechanisms: list[str] | None = None  # that policy permits; None: all that we know
    sasl_retries: int = 3  # section 6.4.5 says 2 to 5
    bind_retries: int = 8  # section 7.7.3 says 5 to 10
    on_conflict: Literal["replace", "rename", "refuse"] = "replace"  # section 7.7.2.2
    resources: int = 100  # connected resources of one account
    offline_messages: int = 100  # stored for one account
    archive: bool = False  # XEP-0313: every account has one
    archive_messages: int = 10_000  # of one account; the oldest go
    resumption_s: float = 60.0  # XEP-0198: how long a session waits to be resumed; 0: it does not
    unacknowledged: int = 1000  # XEP-0198: stanzas that wait for an acknowledgement
