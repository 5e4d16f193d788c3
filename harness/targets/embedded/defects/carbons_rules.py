"""Defects of message carbons (XEP-0280): which messages are copied, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Callable, Collection
from xml.etree.ElementTree import Element

from harness.targets.embedded import carbons, messages, router
from harness.targets.embedded.carbons import NAMESPACE
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.session import Session
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

_HERE = f"{{{NAMESPACE}}}"
_SENT, _RECEIVED = f"{_HERE}sent", f"{_HERE}received"
_PRIVATE = f"{_HERE}private"


def _also(patches: Patches, extra: Callable[[Element], bool]) -> None:
    """Have other messages copied, too."""
    before = carbons.eligible
    patches.set(carbons, "eligible", lambda message: before(message) or extra(message))


def _not(patches: Patches, excluded: Callable[[Element], bool]) -> None:
    """Have some messages not copied."""
    before = carbons.eligible
    patches.set(carbons, "eligible", lambda message: before(message) and not excluded(message))


def _kind(message: Element) -> str:
    return message.get("type", "normal")


@defect("carbons-of-private", breaks=["carbons-private-sender", "carbons-private-recipient"])
def _(patches: Patches) -> None:
    """A message is copied although it says that it is private."""
    _also(patches, lambda message: message.find(_PRIVATE) is not None)


@defect("carbons-private-received", breaks=["carbons-private-recipient"])
def _(patches: Patches) -> None:
    """A message that says that it is private is copied for the recipient's other resources."""
    before = carbons.copy

    def copy(
        domain: Domain,
        sender: Session,
        sent: Element,
        account: Account | None,
        received: Element,
        reached: Collection[Session],
    ) -> None:
        before(domain, sender, sent, account, received, reached)
        if account is not None and received.find(_PRIVATE) is not None:
            carbons._copy(domain, account, _RECEIVED, received, reached)

    patches.set(carbons, "copy", copy)


@defect("carbons-private-dropped", breaks=["carbons-private-delivered"])
def _(patches: Patches) -> None:
    """A message to an account that says that it is private is dropped."""
    before = messages._to_account

    def to_account(domain: Domain, owner: Account, message: Element, action: object) -> None:
        if message.find(_PRIVATE) is None:
            before(domain, owner, message, action)  # type: ignore[arg-type]

    patches.set(messages, "_to_account", to_account)


@defect("carbons-hint-ignored", breaks=["carbons-hint"], tolerated=True)
def _(patches: Patches) -> None:
    """The hint that a message is not to be copied is nothing without <private/>."""
    patches.set(carbons, "_NEVER", (_PRIVATE,))


@defect("carbons-of-errors", breaks=["carbons-rule-only"], tolerated=True)
def _(patches: Patches) -> None:
    """Every error is copied, whether or not it answers a message."""
    _also(patches, lambda message: _kind(message) == "error")


@defect("carbons-errors-missing", breaks=["carbons-rule-error"], tolerated=True)
def _(patches: Patches) -> None:
    """No error is copied."""
    patches.set(carbons, "_answers", lambda domain, message: False)


@defect("carbons-bounces-missing", breaks=["carbons-rule-error"], tolerated=True)
def _(patches: Patches) -> None:
    """No error of the server is copied."""
    patches.set(carbons, "bounced", lambda domain, sender, message, error: None)


@defect("carbons-of-headlines", breaks=["carbons-rule-only"], tolerated=True)
def _(patches: Patches) -> None:
    """Headlines are copied."""
    _also(patches, lambda m: _kind(m) == "headline" and m.find(ns.BODY) is not None)


@defect("carbons-of-groupchat", breaks=["carbons-rule-groupchat"], tolerated=True)
def _(patches: Patches) -> None:
    """Messages of type groupchat are copied."""
    _also(patches, lambda message: _kind(message) == "groupchat")


@defect("carbons-chat-only", breaks=["carbons-rule-normal", "carbons-rules-feature"])
def _(patches: Patches) -> None:
    """Only messages of type chat are copied, as by early versions of the XEP."""
    _not(patches, lambda message: _kind(message) != "chat")


@defect("carbons-body-wanted", breaks=["carbons-rule-chat", "carbons-rules-feature"])
def _(patches: Patches) -> None:
    """A message of type chat without a body is not copied."""
    _not(patches, lambda message: message.find(ns.BODY) is None)


@defect("carbons-of-iq", breaks=["carbons-only-messages"], tolerated=True)
def _(patches: Patches) -> None:
    """An iq to a resource is copied like a message."""
    before = router._KINDS[ns.IQ]

    def handle(domain: Domain, session: Session, stanza: Element, to: object) -> None:
        before(domain, session, stanza, to)  # type: ignore[arg-type]
        named = domain.sessions.get(stanza.get("to", ""))
        if named is not None:
            carbons._copy(domain, named.owner, _RECEIVED, stanza, [named])

    patches.put(router._KINDS, ns.IQ, handle)


@defect("carbons-bounce-forwarded", breaks=["carbons-bounce-not-forwarded"])
def _(patches: Patches) -> None:
    """A copy that bounces brings its error to who has sent the message."""
    before = messages.handle

    def handle(domain: Domain, session: Session, message: Element, to: object) -> None:
        if message.get("type") == "error":
            for mark in (_SENT, _RECEIVED):
                for inner in message.iterfind(f"{mark}/{{urn:xmpp:forward:0}}forwarded/*"):
                    _report(domain, inner)
        before(domain, session, message, to)  # type: ignore[arg-type]

    patches.put(router._KINDS, ns.MESSAGE, handle)


def _report(domain: Domain, message: Element) -> None:
    sender = domain.sessions.get(message.get("from", ""))
    if sender is not None:
        error = {"from": message.get("to", ""), "to": sender.jid, "type": "error"}
        sender.send(serialise(Element(ns.MESSAGE, error | {"id": message.get("id", "")})))
