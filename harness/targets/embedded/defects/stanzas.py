"""Defects of what is delivered: addresses, attributes, content, order (RFC 6120 sections 8, 10)."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from harness.targets.embedded import iq as iqs
from harness.targets.embedded import messages, presence, router
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.session import Session, State
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

_Edit = Callable[[Session, Element], None]


def _stamped(patches: Patches, edit: _Edit) -> None:
    """Every stanza of a client is changed after it is stamped."""
    before = router._stamp

    def stamp(session: Session, stanza: Element) -> None:
        before(session, stanza)
        edit(session, stanza)

    patches.set(router, "_stamp", stamp)


def _own(stanza: Element) -> bool:
    """Whether it is for the server: what is not delivered is not to be changed either."""
    return "to" not in stanza.attrib or "@" not in stanza.attrib["to"]


# from


@defect("from-not-stamped", breaks=["stanza-from-added", "stanza-from-never-missing"])
def _(patches: Patches) -> None:
    """Messages arrive without a from, unless the sender wrote one."""
    before = router._stamp

    def stamp(session: Session, stanza: Element) -> None:
        claimed = stanza.get("from")
        before(session, stanza)
        if stanza.tag == ns.MESSAGE and claimed is None:
            del stanza.attrib["from"]

    patches.set(router, "_stamp", stamp)


@defect("from-bare", breaks=["stanza-from-added", "stanza-from-own-accepted"])
def _(patches: Patches) -> None:
    """Messages arrive with the sender's bare JID."""

    def edit(session: Session, stanza: Element) -> None:
        if stanza.tag == ns.MESSAGE:
            stanza.set("from", session.owner.jid)

    _stamped(patches, edit)


@defect("from-believed", breaks=["stanza-from-overridden", "stream-error-invalid-from"])
def _(patches: Patches) -> None:
    """A client may write any from."""
    before = router._stamp

    def stamp(session: Session, stanza: Element) -> None:
        claimed = stanza.attrib.pop("from", None)
        before(session, stanza)
        if claimed:
            stanza.set("from", claimed)

    patches.set(router, "_stamp", stamp)


@defect("from-own-refused", breaks=["stanza-from-own-accepted"])
def _(patches: Patches) -> None:
    """A stanza with any from, also the right one, is <invalid-from/>."""
    patches.set(router, "_is_own", lambda session, claimed: False)


@defect("subscription-from-full-jid", breaks=["stanza-from-subscription-bare"])
def _(patches: Patches) -> None:
    """Subscription requests arrive with the sender's full JID."""
    before = presence.handle

    def handle(domain: Domain, session: Session, stanza: Element, to: Jid | None) -> None:
        account = domain.account(to) if to else None
        if stanza.get("type") != "subscribe" or account is None:
            before(domain, session, stanza, to)
            return
        for other in account.available():
            other.send(serialise(stanza))

    patches.set(presence, "handle", handle)
    patches.put(router._KINDS, ns.PRESENCE, handle)


# to


@defect("to-rewritten", breaks=["stanza-to-unmodified"])
def _(patches: Patches) -> None:
    """A message to a bare JID arrives with the full JID of who gets it."""
    before = messages._to_account

    def to_account(
        domain: Domain, account: Account, message: Element, action: messages.Action
    ) -> None:
        if resources := account.available():
            message.set("to", resources[0].jid)
        before(domain, account, message, action)

    patches.set(messages, "_to_account", to_account)


@defect("to-without-resource", breaks=["full-jid-match", "stanza-to-addressee-only"])
def _(patches: Patches) -> None:
    """A message to a full JID goes to every available resource of the account."""
    before = messages.handle

    def handle(domain: Domain, session: Session, message: Element, to: Jid | None) -> None:
        account = domain.account(to) if to else None
        if to is None or account is None or to.full not in domain.sessions:
            before(domain, session, message, to)
            return
        for other in account.resources.values():
            other.send(serialise(message))

    patches.put(router._KINDS, ns.MESSAGE, handle)


@defect("misdelivered", breaks=["stanza-to-addressee-only", "full-jid-match"])
def _(patches: Patches) -> None:
    """Everybody who is online gets a copy of every message between clients."""
    before = messages.handle

    def handle(domain: Domain, session: Session, message: Element, to: Jid | None) -> None:
        for other in list(domain.sessions.values()):
            if other is not session and to is not None and other.jid != to.full:
                other.send(serialise(message))
        before(domain, session, message, to)

    patches.put(router._KINDS, ns.MESSAGE, handle)


@defect("message-without-to-lost", breaks=["message-without-to"])
def _(patches: Patches) -> None:
    """A message without to is dropped."""
    before = messages.handle

    def handle(domain: Domain, session: Session, message: Element, to: Jid | None) -> None:
        if to is not None:
            before(domain, session, message, to)

    patches.put(router._KINDS, ns.MESSAGE, handle)


@defect("directed-presence-lost", breaks=["presence-directed", "stanza-attribute-to"])
def _(patches: Patches) -> None:
    """Presence with a to is not delivered."""
    patches.set(presence, "_directed", lambda domain, session, stanza, to: None)


@defect("malformed-to-ignored", breaks=["stanza-error-jid-malformed", "stanza-error-for-iq"])
def _(patches: Patches) -> None:
    """A stanza to what is no JID is dropped without an error."""
    _silently(patches, "jid-malformed")


@defect("remote-domain-ignored", breaks=["remote-domain-not-found"])
def _(patches: Patches) -> None:
    """A stanza to another domain is dropped without an error."""
    _silently(patches, "remote-server-not-found")


def _silently(patches: Patches, condition: str) -> None:
    """No stanza error with this condition is sent."""
    tag = f"{{{ns.STANZAS}}}{condition}"
    patches.after(
        router,
        "error_for",
        lambda error: None if error is not None and error[-1][0].tag == tag else error,
    )


@defect("iq-to-account-delivered", breaks=["user-iq-handled-by-server"])
def _(patches: Patches) -> None:
    """A request to the bare JID of another account is delivered to its resources."""
    before = iqs.handle

    def handle(domain: Domain, session: Session, iq: Element, to: Jid | None) -> None:
        account = domain.account(to) if to and not to.resource else None
        if account is None or account is session.account:
            before(domain, session, iq, to)
            return
        for other in account.resources.values():
            other.send(serialise(iq))

    patches.put(router._KINDS, ns.IQ, handle)


# Other attributes


@defect("delivered-without-id", breaks=["stanza-id-delivered", "stanza-attribute-id"])
def _(patches: Patches) -> None:
    """Messages arrive without their id."""

    def edit(_session: Session, stanza: Element) -> None:
        if stanza.tag == ns.MESSAGE:
            stanza.attrib.pop("id", None)

    _stamped(patches, edit)


@defect("delivered-without-type", breaks=["stanza-attribute-type"])
def _(patches: Patches) -> None:
    """Messages of type chat arrive without a type."""

    def edit(_session: Session, stanza: Element) -> None:
        if stanza.get("type") == "chat":
            del stanza.attrib["type"]

    _stamped(patches, edit)


@defect("lang-not-added", breaks=["stanza-lang-added"], tolerated=True)
def _(patches: Patches) -> None:
    """The language of the sender's stream is not put on stanzas without one."""
    patches.set(Session, "lang", property(lambda session: "", lambda session, value: None))


@defect("lang-lost", breaks=["stanza-lang-unmodified", "stanza-attribute-xmllang"])
def _(patches: Patches) -> None:
    """Stanzas arrive without their xml:lang."""
    _stamped(patches, lambda _session, stanza: _drop(stanza, ns.LANG))


@defect("lang-of-the-server", breaks=["stanza-lang-unmodified", "stream-lang-stamp-value"])
def _(patches: Patches) -> None:
    """Stanzas arrive with the server's language in place of their own."""
    _stamped(patches, lambda _session, stanza: stanza.set(ns.LANG, "en"))


def _drop(element: Element, name: str) -> None:
    element.attrib.pop(name, None)


# Content


@defect("extensions-lost", breaks=["extension-delivered-unmodified", "stanza-extension"])
def _(patches: Patches) -> None:
    """What a stanza to a client holds of unknown namespaces is not delivered."""

    def edit(_session: Session, stanza: Element) -> None:
        if not _own(stanza) and stanza.tag == ns.MESSAGE:
            for child in list(stanza):
                if not child.tag.startswith(f"{{{ns.CLIENT}}}"):
                    stanza.remove(child)

    _stamped(patches, edit)


@defect("extensions-flattened", breaks=["extension-delivered-unmodified"])
def _(patches: Patches) -> None:
    """Extensions are delivered without what they hold."""

    def edit(_session: Session, stanza: Element) -> None:
        for child in stanza:
            if not _own(stanza) and not child.tag.startswith(f"{{{ns.CLIENT}}}"):
                tail = child.tail
                child.clear()
                child.tail = tail

    _stamped(patches, edit)


@defect("extensions-in-content-namespace", breaks=["extension-delivered-unmodified"])
def _(patches: Patches) -> None:
    """Extensions of messages are delivered in jabber:client."""

    def edit(_session: Session, stanza: Element) -> None:
        for element in stanza.iter() if stanza.tag == ns.MESSAGE else ():
            element.tag = f"{{{ns.CLIENT}}}{element.tag.rpartition('}')[2]}"

    _stamped(patches, edit)


@defect("inner-stanza-sent", breaks=["stanza-only-at-depth-one"])
def _(patches: Patches) -> None:
    """A message within a message is delivered to the address that it has itself."""

    def edit(session: Session, stanza: Element) -> None:
        for inner in list(stanza.iter(ns.MESSAGE))[1:]:
            target = session.domain.sessions.get(inner.get("to", ""))
            if target is not None:
                target.send(serialise(inner))

    _stamped(patches, edit)


# Order


@defect("messages-reordered", breaks=["in-order-delivery"])
def _(patches: Patches) -> None:
    """The second of two messages in one write overtakes the first."""
    before = Session.receive
    held: list[tuple[Session, Element]] = []
    stanza = router.route

    def route(domain: Domain, session: Session, element: Element) -> None:
        if element.tag == ns.MESSAGE and not held:
            held.append((session, element))
            return
        stanza(domain, session, element)
        release()

    def release() -> None:
        while held:
            session, element = held.pop()
            if session.state is State.BOUND:
                stanza(session.domain, session, element)

    def receive(session: Session, data: bytes) -> None:
        before(session, data)
        release()

    patches.set(router, "route", route)
    patches.set(Session, "receive", receive)


@defect("presence-without-to-lost", breaks=["presence-without-to", "stanza-kind-presence"])
def _(patches: Patches) -> None:
    """Presence without to makes available, but nobody hears of it."""
    patches.set(presence, "_broadcast", lambda domain, session, stanza: None)


@defect("stranger-refused", breaks=["user-message-delivered"])
def _(patches: Patches) -> None:
    """A message to the bare JID of an account that is online is refused."""

    def to_account(*_args: object) -> None:
        raise StanzaFault("service-unavailable")

    patches.set(messages, "_to_account", to_account)


@defect("account-betrayed", breaks=["account-existence-not-betrayed", "no-such-user-message"])
def _(patches: Patches) -> None:
    """A message to an account that does not exist brings <item-not-found/>."""
    before = messages.handle

    def handle(domain: Domain, session: Session, message: Element, to: Jid | None) -> None:
        if to is not None and to.local and domain.account(to) is None:
            raise StanzaFault("item-not-found")
        before(domain, session, message, to)

    patches.put(router._KINDS, ns.MESSAGE, handle)
