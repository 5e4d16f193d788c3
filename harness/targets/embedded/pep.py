"""Personal eventing (XEP-0163): every account is a publish-subscribe service (XEP-0060)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import disco, iq, jids, pep_events
from harness.targets.embedded.disco import Item, Said
from harness.targets.embedded.domain import Domain, stamp
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.nodes import PUBSUB, Node, Stored, fault, settings_in
from harness.targets.embedded.store import Account

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

_OWNER = f"{PUBSUB}#owner"
_ITEM = f"{{{PUBSUB}}}item"
_FEATURES = (
    "access-open",
    "access-presence",
    "access-roster",
    "access-whitelist",
    "auto-create",
    "auto-subscribe",
    "create-and-configure",
    "create-nodes",
    "delete-items",
    "delete-nodes",
    "filtered-notifications",
    "item-ids",
    "last-published",
    "persistent-items",
    "presence-notifications",
    "publish",
    "publish-options",
    "pubsub-on-a-jid",
    "retrieve-items",
    "subscribe",
)


def handle(request: iq.Request) -> None:
    """What is asked for is the first child."""
    actions = _OWNERS_ACTIONS if request.payload.tag == f"{{{_OWNER}}}pubsub" else _ACTIONS
    action = request.payload[0] if len(request.payload) else None
    if action is None:
        raise StanzaFault("bad-request")
    known = actions.get((request.is_set, action.tag.partition("}")[2]))
    if known is None:
        raise StanzaFault("feature-not-implemented")
    known(request, _account(request), action)


def greet(domain: Domain, session: Session, wanted: Iterable[str]) -> None:
    """The last item of each of these nodes that the session's user may read (section 4.3.4)."""
    reader = session.owner
    for owner in [reader, *_publishers(domain, reader)]:
        for name in wanted:
            if (node := owner.nodes.get(name)) is not None:
                pep_events.send_last(domain, owner, node, session)


def _publishers(domain: Domain, reader: Account) -> list[Account]:
    """Whose presence the user is subscribed to."""
    found = (domain.account(jids.parse(jid)) for jid in reader.contacts)
    return [account for account in found if account and account.shows_presence_to(reader.jid)]


def _account(request: iq.Request) -> Account:
    assert request.account is not None  # the table is that of accounts
    return request.account


def _own(request: iq.Request) -> Account:
    """The account, which must be the sender's."""
    if not request.own:
        raise StanzaFault("forbidden")
    return _account(request)


def _node(account: Account, action: Element) -> Node:
    if not action.get("node"):
        raise fault("bad-request", "nodeid-required")
    node = account.nodes.get(action.get("node", ""))
    if node is None:
        raise StanzaFault("item-not-found")
    return node


def _reply(request: iq.Request, *parts: Element) -> None:
    answer = Element(f"{{{PUBSUB}}}pubsub")
    answer.extend(parts)
    request.reply(answer)


# The owner


def _publish(request: iq.Request, account: Account, action: Element) -> None:
    _own(request)
    if not (name := action.get("node")):
        raise fault("bad-request", "nodeid-required")
    if len(action) != 1 or action[0].tag != _ITEM:
        raise fault("bad-request", "item-required")
    item = action[0]
    if len(item) != 1:
        raise fault("bad-request", "invalid-payload")
    wanted = settings_in(request.payload.find(f"{{{PUBSUB}}}publish-options"))
    node = account.nodes.get(name)
    if node is None:
        node = Node(name)
        node.configure(wanted)
        account.nodes[name] = node
    elif not node.has(wanted):
        raise fault("conflict", "precondition-not-met")
    identifier = item.get("id") or secrets.token_hex(8)
    item.attrib = {"id": identifier}
    stored = Stored(item, request.session.jid, stamp())
    node.publish(identifier, stored)
    answer = Element(f"{{{PUBSUB}}}publish", {"node": name})
    SubElement(answer, _ITEM, {"id": identifier})
    _reply(request, answer)
    pep_events.published(request.domain, account, node, stored)


def _retract(request: iq.Request, account: Account, action: Element) -> None:
    node = _node(_own(request), action)
    identifier = action[0].get("id") if len(action) == 1 else None
    if not identifier:
        raise fault("bad-request", "item-required")
    if node.items.pop(identifier, None) is None:
        raise StanzaFault("item-not-found")
    request.reply()
    if action.get("notify") in ("true", "1"):
        pep_events.retracted(request.domain, account, node, identifier)


def _create(request: iq.Request, account: Account, action: Element) -> None:
    _own(request)
    if not (name := action.get("node")):
        raise fault("not-acceptable", "nodeid-required")
    if name in account.nodes:
        raise StanzaFault("conflict")
    node = Node(name)
    node.configure(settings_in(request.payload.find(f"{{{PUBSUB}}}configure")))
    account.nodes[name] = node
    request.reply()


def _delete(request: iq.Request, account: Account, action: Element) -> None:
    node = _node(_own(request), action)
    del account.nodes[node.name]
    request.reply()
    pep_events.deleted(request.domain, account, node)


# Everybody who may


def _items(request: iq.Request, account: Account, action: Element) -> None:
    node = _node(account, action)
    _check_access(request, account, node)
    found = list(node.items.values())
    if wanted := [item.get("id") for item in action.iterfind(_ITEM)]:
        found = [stored for stored in found if stored.element.get("id") in wanted]
    most = action.get("max_items", "")
    if most.isascii() and most.isdigit():
        found = found[len(found) - min(int(most), len(found)) :]
    answer = Element(f"{{{PUBSUB}}}items", {"node": node.name})
    answer.extend(stored.element for stored in found)
    _reply(request, answer)


def _subscribe(request: iq.Request, account: Account, action: Element) -> None:
    node, jid = _node(account, action), _subscriber(request, action)
    _check_access(request, account, node)
    node.subscribers.add(jid)
    granted = {"node": node.name, "jid": jid, "subscription": "subscribed"}
    _reply(request, Element(f"{{{PUBSUB}}}subscription", granted))
    pep_events.subscribed(request.domain, account, node, jid)


def _unsubscribe(request: iq.Request, account: Account, action: Element) -> None:
    node, jid = _node(account, action), _subscriber(request, action)
    if jid not in node.subscribers:
        raise StanzaFault("unexpected-request", type="cancel")
    node.subscribers.remove(jid)
    request.reply()


def _subscriber(request: iq.Request, action: Element) -> str:
    """The JID to be subscribed, which must be the sender's, with a resource or without."""
    try:
        jid = jids.parse(action.get("jid", ""))
    except ValueError:
        raise fault("bad-request", "invalid-jid") from None
    if jid.bare != request.session.owner.jid:
        raise fault("bad-request", "invalid-jid")
    return jid.full


def _check_access(request: iq.Request, account: Account, node: Node) -> None:
    refusal = node.refusal(account, request.session.owner.jid)
    if refusal is not None:
        raise refusal


# Discovery


def _describe(request: iq.Request, name: str) -> Element | None:
    node = _account(request).nodes.get(name)
    if node is None or node.refusal(_account(request), request.session.owner.jid):
        return None
    return disco.query([("pubsub", "leaf")], [PUBSUB])


def _list(request: iq.Request, name: str) -> list[Item] | None:
    """The nodes that the asker may read (section 6.2), or the items of one."""
    account, asker = _account(request), request.session.owner.jid
    open_to = [node for node in account.nodes.values() if not node.refusal(account, asker)]
    if not name:
        return [Item(account.jid, node.name) for node in open_to]
    for node in open_to:
        if node.name == name:
            return [Item(account.jid, name=identifier) for identifier in node.items]
    return None


_Action = Callable[[iq.Request, Account, Element], None]
# (whether it is a set, the name of the element)
_ACTIONS: dict[tuple[bool, str], _Action] = {
    (True, "publish"): _publish,
    (True, "retract"): _retract,
    (True, "create"): _create,
    (False, "items"): _items,
    (True, "subscribe"): _subscribe,
    (True, "unsubscribe"): _unsubscribe,
}
_OWNERS_ACTIONS: dict[tuple[bool, str], _Action] = {(True, "delete"): _delete}

EXTENSION = Extension(
    for_account={f"{{{PUBSUB}}}pubsub": handle, f"{{{_OWNER}}}pubsub": handle},
    of_account=Said(
        identities=[("pubsub", "pep")],
        features=[PUBSUB, *(f"{PUBSUB}#{name}" for name in _FEATURES)],
        nodes=[_describe],
        items=[_list],
    ),
)
