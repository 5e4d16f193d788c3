"""TLS on a raw stream in the version, and with the client certificate, that a case wants."""

from __future__ import annotations

import ssl
from functools import cache

from conformance.wire.stream import RawStream
from harness.targets.base import Endpoint
from harness.transport.tls import client_context


@cache
def context(endpoint: Endpoint, version: str = "", certificate: str = "") -> ssl.SSLContext:
    """One for every connection that asks for the same.

    `version` is a name of ssl.TLSVersion, `certificate` a PEM file with a chain and its key.
    """
    made: ssl.SSLContext = client_context.__wrapped__(endpoint.ca, endpoint.verify)
    if version:
        made.minimum_version = made.maximum_version = ssl.TLSVersion[version]
    if certificate:
        made.load_cert_chain(certificate)
    return made


async def handshake(stream: RawStream, version: str = "", certificate: str = "") -> None:
    """Like `RawStream.handshake`, with the wishes of `context`. Raises PeerError."""
    stream.step("tls", **wishes(version, certificate))
    stream.recording = False
    await stream.handshake(context(stream.endpoint, version, certificate))
    stream.recording = True


def wishes(version: str, certificate: str) -> dict[str, dict[str, object]]:
    """The same for a step of the replay, which knows no file of ours."""
    asked: dict[str, object] = {"version": version} if version else {}
    return {"with": asked | ({"certificate": True} if certificate else {})}
