"""Service discovery (XEP-0030)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import features, iq
from harness.targets.embedded.config import Config
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


class Item(NamedTuple):
    """One item of a list: an address, perhaps with a node."""

    jid: str
    node: str = ""
    name: str = ""


@dataclass(frozen=True)
class Said:
    """What is said of the server or of an account besides what every one of them says.

    `optional` features depend on the configuration.
    `nodes` describe the node of a request, `items` list what belongs to the address and node of a
    request; each answers None for a node that it does not know.
    """

    identities: list[tuple[str, str]] = field(default_factory=list)  # category, type
    features: list[str] = field(default_factory=list)
    optional: list[tuple[str, Callable[[Config], bool]]] = field(default_factory=list)
    nodes: list[Callable[[iq.Request, str], Element | None]] = field(default_factory=list)
    items: list[Callable[[iq.Request, str], list[Item] | None]] = field(default_factory=list)

    def add(self, other: Said) -> None:
        """Say that, too."""
        self.identities.extend(other.identities)
        self.features.extend(other.features)
        self.optional.extend(other.optional)
        self.nodes.extend(other.nodes)
        self.items.extend(other.items)


OF_SERVER = Said()
OF_ACCOUNT = Said()


def info(request: iq.Request) -> None:
    """Who answers here, and what it can do."""
    if request.is_set or not _is_trusted(request):  # section 8: a stranger must learn nothing
        raise StanzaFault("service-unavailable")
    node = request.payload.get("node", "")
    if not node:
        answer = described(of_account=request.account is not None)
        for feature, offered in _said(request).optional:
            if offered(request.domain.config):
                SubElement(answer, f"{{{INFO}}}feature", {"var": feature})
        request.reply(answer)
        return
    for describe in _said(request).nodes:
        if (found := describe(request, node)) is not None:
            found.set("node", node)
            request.reply(found)
            return
    raise StanzaFault("item-not-found")


def described(*, of_account: bool) -> Element:
    """The server, or any account of it."""
    said, supported = (OF_ACCOUNT, _ACCOUNT) if of_account else (OF_SERVER, _SERVER)
    own = ("account", "registered") if of_account else ("server", "im")
    return query([own, *said.identities], [*supported, *said.features])


def query(identities: list[tuple[str, str]], supported: list[str]) -> Element:
    """The payload of an answer."""
    answer = Element(f"{{{INFO}}}query")
    for category, kind in identities:
        SubElement(answer, f"{{{INFO}}}identity", {"category": category, "type": kind})
    for feature in supported:
        SubElement(answer, f"{{{INFO}}}feature", {"var": feature})
    return answer


def items(request: iq.Request) -> None:
    """What else is to be found here; of an account, what the asker may know."""
    if request.is_set:
        raise StanzaFault("service-unavailable")
    node = request.payload.get("node", "")
    answer = Element(f"{{{ITEMS}}}query", {"node": node} if node else {})
    for item in _items(request, node):
        given = {name: value for name, value in item._asdict().items() if value}
        SubElement(answer, f"{{{ITEMS}}}item", given)
    request.reply(answer)


def _items(request: iq.Request, node: str) -> list[Item]:
    found = [listed(request, node) for listed in _said(request).items]
    if node and _is_trusted(request) and all(part is None for part in found):
        raise StanzaFault("item-not-found")
    resources = []
    if request.account is not None and not node and _is_trusted(request):
        resources = [Item(session.jid) for session in request.account.available()]
    return resources + [item for part in found for item in part or ()]


def nothing(request: iq.Request) -> None:
    """An account that does not exist has no items, like one that shows none (section 8)."""
    if request.is_set:
        raise StanzaFault("service-unavailable")
    node = request.payload.get("node", "")
    request.reply(Element(f"{{{ITEMS}}}query", {"node": node} if node else {}))


def _said(request: iq.Request) -> Said:
    return OF_SERVER if request.account is None else OF_ACCOUNT


def _is_trusted(request: iq.Request) -> bool:
    asker = request.session.owner.jid
    return request.account is None or request.account.shows_presence_to(asker)


HANDLERS = {f"{{{INFO}}}query": info, f"{{{ITEMS}}}query": items}
iq.FOR_NOBODY[f"{{{ITEMS}}}query"] = nothing
