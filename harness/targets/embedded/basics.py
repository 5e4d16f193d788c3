"""Small requests: ping (XEP-0199) and software version (XEP-0092)."""

from __future__ import annotations

import platform
from xml.etree.ElementTree import Element, SubElement

from harness import __version__
from harness.targets.embedded import NAME, iq
from harness.targets.embedded.faults import StanzaFault
from harness.xmpp import namespaces as ns


def ping(request: iq.Request) -> None:
    """Pong, for the server and for one's own account."""
    if request.is_set or (request.account is not None and not request.own):
        raise StanzaFault("service-unavailable")
    request.reply()


def version(request: iq.Request) -> None:
    """Which software this is."""
    if request.is_set:
        raise StanzaFault("service-unavailable")
    query = Element(f"{{{ns.VERSION}}}query")
    for name, value in (("name", NAME), ("version", __version__), ("os", platform.system())):
        SubElement(query, f"{{{ns.VERSION}}}{name}").text = value
    request.reply(query)


PING = {f"{{{ns.PING}}}ping": ping}
VERSION = {f"{{{ns.VERSION}}}query": version}
