"""Service discovery (XEP-0030)."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import features, iq
from harness.targets.embedded.faults import StanzaFault
from harness.xmpp import namespaces as ns

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
_SERVER: tuple[str, ...] = (
    INFO,
    ITEMS,
    ns.PING,
    ns.VERSION,
    features.REGISTER,
    "jabber:iq:register",
    "msgoffline",
)
_ACCOUNT: tuple[str, ...] = (INFO, ITEMS, ns.PING, ns.ROSTER)


def info(request: iq.Request) -> None:
    """Who answers here, and what it can do."""
    _check(request)
    query = Element(f"{{{INFO}}}query")
    category, kind, supported = "server", "im", _SERVER
    if request.account is not None:
        category, kind, supported = "account", "registered", _ACCOUNT
    SubElement(query, f"{{{INFO}}}identity", {"category": category, "type": kind})
    for feature in supported:
        SubElement(query, f"{{{INFO}}}feature", {"var": feature})
    request.reply(query)


def items(request: iq.Request) -> None:
    """There is nothing further to be found."""
    _check(request)
    request.reply(Element(f"{{{ITEMS}}}query"))


def _check(request: iq.Request) -> None:
    """A stranger must not learn that an account exists (XEP-0030 section 8)."""
    asker = request.session.owner.jid
    if request.account is not None and not request.account.shows_presence_to(asker):
        raise StanzaFault("service-unavailable")
    if request.is_set:
        raise StanzaFault("service-unavailable")
    if request.payload.get("node"):
        raise StanzaFault("item-not-found")


HANDLERS = {f"{{{INFO}}}query": info, f"{{{ITEMS}}}query": items}
