"""Defects of direct TLS (XEP-0368)."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from harness.targets import certificates
from harness.targets.embedded.connection import Connection
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.tls import Tls, TlsContext


def _direct(patches: Patches, made: Callable[[TlsContext], Tls]) -> None:
    """Have the TLS of connections to the port for direct TLS made so."""
    before = Connection.__init__

    def init(connection: Connection, *rest: Any, direct: bool) -> None:
        before(connection, *rest, direct=direct)
        if direct and connection._context is not None:
            connection._tls = made(connection._context)

    patches.set(Connection, "__init__", init)


@defect("direct-tls-of-another", breaks=["direct-tls-certificate"])
def _(patches: Patches) -> None:
    """With direct TLS the server shows the certificate of another domain."""
    _direct(patches, lambda context: Tls(_of_another()))


@cache
def _of_another() -> TlsContext:
    with tempfile.TemporaryDirectory() as directory:
        files = certificates.issue(Path(directory), "another.example")
        return TlsContext(str(files.bundle))


class _Wanting(Tls):
    """Ends a handshake without ALPN."""

    __slots__ = ()

    def handshake(self) -> None:
        super().handshake()
        if self.established and self._ssl.selected_alpn_protocol() is None:
            raise ssl.SSLError("no protocol")


@defect("direct-tls-wants-alpn", breaks=["direct-tls-stream"])
def _(patches: Patches) -> None:
    """With direct TLS a handshake without ALPN fails."""
    _direct(patches, _Wanting)


@defect("direct-tls-other-protocol", breaks=["direct-tls-alpn"])
def _(patches: Patches) -> None:
    """Of the protocols that a client offers the server prefers HTTP."""
    before = TlsContext.__init__

    def init(context: TlsContext, *rest: Any) -> None:
        before(context, *rest)
        context.ssl.set_alpn_protocols(["http/1.1", "xmpp-client"])

    patches.set(TlsContext, "__init__", init)
