"""Defects of small extensions: discovery (XEP-0030), ping (XEP-0199), version (XEP-0092), time
(XEP-0202), client states (XEP-0352)."""

from __future__ import annotations

import itertools
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import basics, client_state, disco, entity_time, iq, presence
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.session import TABLE, Session, State
from harness.xmpp import namespaces as ns

# Discovery


@defect("disco-nobody", breaks=["disco-info-result"])
def _(patches: Patches) -> None:
    """The server and the accounts list features, and no identity."""
    before = disco.query

    def query(_identities: list[tuple[str, str]], supported: list[str]) -> Element:
        return before([], supported)

    patches.set(disco, "query", query)


@defect("disco-untyped", breaks=["disco-identity-attributes"])
def _(patches: Patches) -> None:
    """Identities have no type."""

    def untyped(query: Element) -> Element:
        for identity in query.iterfind(f"{{{disco.INFO}}}identity"):
            del identity.attrib["type"]
        return query

    patches.after(disco, "query", untyped)


@defect("disco-silent-on-itself", breaks=["disco-info-own-feature"])
def _(patches: Patches) -> None:
    """Discovery is not among the features."""
    for name in ("_SERVER", "_ACCOUNT"):
        kept = tuple(feature for feature in getattr(disco, name) if feature != disco.INFO)
        patches.set(disco, name, kept)


@defect(
    "disco-for-strangers",
    breaks=["disco-account-info-protected", "disco-account-items-protected"],
)
def _(patches: Patches) -> None:
    """Strangers hear what an account can do, and which resources it has."""
    patches.set(disco, "_is_trusted", lambda request: True)


@defect("disco-node-forgotten", breaks=["disco-info-node-mirrored", "caps-node-answered"])
def _(patches: Patches) -> None:
    """An answer about a node does not name it."""
    before = iq.Request.reply

    def reply(request: iq.Request, payload: Element | None = None) -> None:
        if payload is not None and payload.tag == f"{{{disco.INFO}}}query":
            payload.attrib.pop("node", None)
        before(request, payload)

    patches.set(iq.Request, "reply", reply)


# Ping, version, time


@defect("ping-with-content", breaks=["ping-server", "ping-own-account"])
def _(patches: Patches) -> None:
    """The answer to a ping holds the ping."""

    def ping(request: iq.Request) -> None:
        request.reply(request.payload)

    for table in (iq.FOR_SERVER, iq.FOR_ACCOUNT):
        patches.put(table, f"{{{ns.PING}}}ping", ping)


@defect("ping-answered-for-clients", breaks=["ping-between-clients", "ping-no-resource"])
def _(patches: Patches) -> None:
    """The server answers pings to full JIDs itself, whoever is there."""
    before = iq._to_resource

    def to_resource(
        domain: Domain, session: Session, request: Element, to: Jid, asks: bool
    ) -> None:
        if asks and request.find(f"{{{ns.PING}}}ping") is not None:
            iq.Request(domain, session, request, request[0], domain.account(to)).reply()
        else:
            before(domain, session, request, to, asks)

    patches.set(iq, "_to_resource", to_resource)


@defect("version-nameless", breaks=["version-name"])
def _(patches: Patches) -> None:
    """The name of the software is empty."""
    patches.set(basics, "NAME", "")


@defect("time-without-zone", breaks=["time-zone"])
def _(patches: Patches) -> None:
    """The time zone is empty."""
    patches.after(entity_time, "zone", lambda zone: "")


@defect("time-of-nowhere", breaks=["time-utc"])
def _(patches: Patches) -> None:
    """The time in UTC does not say that it is UTC."""
    patches.after(entity_time, "stamp", lambda stamp: stamp.rstrip("Z"))


@defect("time-stands-still", breaks=["time-runs"])
def _(patches: Patches) -> None:
    """The clock goes backwards."""
    years = itertools.count(9999, -1)
    patches.set(entity_time, "stamp", lambda: f"{next(years)}-01-01T00:00:00Z")


# Client states


@defect("csi-message-lost", breaks=["csi-nothing-lost"])
def _(patches: Patches) -> None:
    """Messages for a client that is inactive are dropped."""
    before = Session.send

    def send(session: Session, data: bytes) -> None:
        if session.held is None or not data.startswith(b"<message"):
            before(session, data)

    patches.set(Session, "send", send)


def _state(patches: Patches, name: str, *, answer: bool = False, drop: bool = False) -> None:
    key = (State.BOUND, f"{{{client_state.NAMESPACE}}}{name}")
    before = TABLE[key]

    def changed(session: Session, element: Element) -> State:
        if drop and session.held:
            session.held.clear()
        state = before(session, element)
        if answer:
            session.send(f"<{name} xmlns='{client_state.NAMESPACE}'/>".encode())
        return state

    patches.put(TABLE, key, changed)


@defect("csi-answered", breaks=["csi-no-reply"])
def _(patches: Patches) -> None:
    """A client state is repeated to the client."""
    _state(patches, "inactive", answer=True)


@defect("csi-presence-lost", breaks=["csi-latest-presence"], tolerated=True)
def _(patches: Patches) -> None:
    """Presence that waits for a client is dropped when it becomes active."""
    _state(patches, "active", drop=True)


@defect("csi-looks-away", breaks=["csi-apart-from-presence", "csi-not-revealed"])
def _(patches: Patches) -> None:
    """Others see that a client is inactive."""
    key = (State.BOUND, f"{{{client_state.NAMESPACE}}}inactive")
    before = TABLE[key]

    def inactive(session: Session, element: Element) -> State:
        state = before(session, element)
        if session.presence is not None:
            seen = Element(ns.PRESENCE, {"from": session.jid})
            SubElement(seen, element.tag)
            presence._broadcast(session.domain, session, seen)
        return state

    patches.put(TABLE, key, inactive)
