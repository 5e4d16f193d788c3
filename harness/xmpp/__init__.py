"""XMPP without I/O (RFC 6120): bytes in, events and bytes out. Nothing here opens a socket."""

from harness.xmpp.client import Authenticated, Bound, ClientStream, Closed, Login, StartTls, State
from harness.xmpp.parser import Limits, StreamEnd, StreamHeader, StreamParser
from harness.xmpp.scan import ScannedMessage
from harness.xmpp.stanza import Template, escape, serialise

__all__ = [
    "Authenticated",
    "Bound",
    "ClientStream",
    "Closed",
    "Limits",
    "Login",
    "ScannedMessage",
    "StartTls",
    "State",
    "StreamEnd",
    "StreamHeader",
    "StreamParser",
    "Template",
    "escape",
    "serialise",
]
