"""Defects of the blocking command (XEP-0191)."""

from __future__ import annotations

from types import SimpleNamespace
from xml.etree.ElementTree import Element

from harness.targets.embedded import blocking, blocklists, iq, jids, presence
from harness.targets.embedded.blocking import NAMESPACE
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.session import Session
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns

_HERE = f"{{{NAMESPACE}}}"


@defect("block-outbound-only", breaks=["block-nothing-delivered", "block-inbound-request-error"])
def _(patches: Patches) -> None:
    """The user cannot write to a blocked contact, who can still write to the user."""
    before = blocking.stops

    def stops(domain: Domain, session: Session, stanza: Element, to: Jid) -> bool:
        mine = blocklists.blocks(session.owner, to.full)
        return mine and before(domain, session, stanza, to)

    patches.set(blocking, "stops", stops)


@defect("block-inbound-only", breaks=["block-outbound-refused", "block-outbound-error"])
def _(patches: Patches) -> None:
    """A blocked contact cannot write to the user, who can still write to the contact."""
    before = blocking.stops

    def stops(domain: Domain, session: Session, stanza: Element, to: Jid) -> bool:
        mine = blocklists.blocks(session.owner, to.full)
        return not mine and before(domain, session, stanza, to)

    patches.set(blocking, "stops", stops)


@defect("block-unexplained", breaks=["block-outbound-error"])
def _(patches: Patches) -> None:
    """The error for what the user sends does not say that the contact is blocked."""
    patches.set(blocking, "_BLOCKED", "{urn:xmpp:blocking:errors}refused")


@defect("block-betrayed-by-presence", breaks=["block-inbound-presence-silent"])
def _(patches: Patches) -> None:
    """A blocked contact gets an error for presence, and so knows."""
    before = blocking.stops

    def stops(domain: Domain, session: Session, stanza: Element, to: Jid) -> bool:
        stopped = before(domain, session, stanza, to)
        if stopped and stanza.tag == ns.PRESENCE:
            raise StanzaFault("service-unavailable")
        return stopped

    patches.set(blocking, "stops", stops)


@defect("block-still-seen", breaks=["block-shows-unavailable"])
def _(patches: Patches) -> None:
    """A contact who is blocked goes on seeing the user as available."""
    shown = SimpleNamespace(show=presence.show, withdraw=lambda *_: None)
    patches.set(blocking, "presence", shown)


@defect("unblock-unseen", breaks=["unblock-shows-presence"])
def _(patches: Patches) -> None:
    """A contact who is unblocked does not see the user before the next presence."""
    shown = SimpleNamespace(show=lambda *_: None, withdraw=presence.withdraw)
    patches.set(blocking, "presence", shown)


@defect("block-not-pushed", breaks=["block-push", "unblock-push", "unblock-all-push"])
def _(patches: Patches) -> None:
    """Resources are not told of changes of the blocklist."""

    def changed(request: iq.Request) -> None:
        domain, account = request.domain, request.session.owner
        (domain.blockers.add if account.blocked else domain.blockers.discard)(account)
        request.reply()

    patches.set(blocking, "_changed", changed)


@defect("unblock-all-ignored", breaks=["unblock-all"])
def _(patches: Patches) -> None:
    """<unblock/> without an item is answered, and changes nothing."""
    key = f"{_HERE}unblock"
    before = iq.FOR_ACCOUNT[key]

    def unblock(request: iq.Request) -> None:
        if len(request.payload):
            before(request)
        else:
            request.reply()

    patches.put(iq.FOR_ACCOUNT, key, unblock)


@defect("block-own-resources", breaks=["block-never-own-resources"])
def _(patches: Patches) -> None:
    """A user who blocks the own account cannot write from one resource to another."""
    before = blocklists._matches

    def matches(account: Account, text: str) -> bool:
        own = jids.parse(text).bare == account.jid and account.jid in account.blocked
        return own or before(account, text)

    patches.set(blocklists, "_matches", matches)


@defect("block-of-session", breaks=["block-persists"])
def _(patches: Patches) -> None:
    """A block ends with the session that made it."""
    before = Session._unbind

    def unbind(session: Session) -> None:
        if session.account is not None:
            session.account.blocked.clear()
        before(session)

    patches.set(Session, "_unbind", unbind)


@defect("block-of-nothing", breaks=["block-without-item"])
def _(patches: Patches) -> None:
    """<block/> without an item is answered by a result."""
    key = f"{_HERE}block"
    before = iq.FOR_ACCOUNT[key]

    def block(request: iq.Request) -> None:
        if len(request.payload):
            before(request)
        else:
            request.reply()

    patches.put(iq.FOR_ACCOUNT, key, block)
