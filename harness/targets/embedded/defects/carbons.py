"""Defects of message carbons (XEP-0280): who gets copies, and what they look like."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from xml.etree.ElementTree import Element

from harness.targets.embedded import carbons, disco, iq
from harness.targets.embedded.carbons import NAMESPACE
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.session import Session
from harness.targets.embedded.store import Account
from harness.targets.embedded.wrapping import clone

_HERE = f"{{{NAMESPACE}}}"
_SENT, _RECEIVED = f"{_HERE}sent", f"{_HERE}received"

Sessions = Collection[Session]
Without = Callable[[Account, str, Element, Sessions], Iterable[Session]]


def _excluding(patches: Patches, without: Without) -> None:
    """Have others excluded from the copies for one side: of the account, the mark, the message,
    and those who are to be excluded."""
    before = carbons._copy

    def copy(domain: Domain, owner: Account, name: str, message: Element, right: Sessions) -> None:
        before(domain, owner, name, message, list(without(owner, name, message, right)))

    patches.set(carbons, "_copy", copy)


def _wrapping(patches: Patches, change: Callable[[Element], None]) -> None:
    """Have each copy changed before it is sent."""

    def changed(carbon: Element) -> Element:
        change(carbon)
        return carbon

    patches.after(carbons, "_carbon", changed)


@defect("carbons-unnamed", breaks=["carbons-feature"])
def _(patches: Patches) -> None:
    """Carbons are not among the features of the server."""
    kept = [feature for feature in disco.OF_SERVER.features if feature != NAMESPACE]
    patches.set(disco, "OF_SERVER", replace(disco.OF_SERVER, features=kept))


@defect("carbons-to-everybody", breaks=["carbons-only-enabled", "carbons-switch-again"])
def _(patches: Patches) -> None:
    """Every resource gets copies, whether or not it has enabled them."""
    before = carbons._copy

    def copy(domain: Domain, owner: Account, *rest: object) -> None:
        wanted = [session for session in owner.resources.values() if not session.carbons]
        domain.copying.add(owner)
        for session in wanted:
            session.carbons = True
        before(domain, owner, *rest)  # type: ignore[arg-type]
        for session in wanted:
            session.carbons = False

    patches.set(carbons, "_copy", copy)


@defect("carbons-back-to-sender", breaks=["carbons-sent-not-to-sender"], tolerated=True)
def _(patches: Patches) -> None:
    """The resource that sends a message gets a copy of it."""

    def without(_: Account, name: str, message: Element, right: Sessions) -> list[Session]:
        return [one for one in right if name != _SENT or one.jid != message.get("from")]

    _excluding(patches, without)


@defect("carbons-besides-message", breaks=["carbons-received-not-twice"])
def _(patches: Patches) -> None:
    """Resources that get a message get a copy of it besides."""
    _excluding(patches, lambda _, name, message, right: () if name == _RECEIVED else right)


@defect("carbons-low-left-out", breaks=["carbons-received-copies", "carbons-sent-copies"])
def _(patches: Patches) -> None:
    """Resources of negative priority get no copies."""

    def without(owner: Account, _: str, message: Element, right: Sessions) -> list[Session]:
        return [*right, *(one for one in owner.resources.values() if one.priority < 0)]

    _excluding(patches, without)


@defect("carbons-one-only", breaks=["carbons-received-copies", "carbons-sent-copies"])
def _(patches: Patches) -> None:
    """Only one resource of an account gets a copy."""

    def without(owner: Account, _: str, message: Element, right: Sessions) -> list[Session]:
        wanting = [one for one in owner.resources.values() if one.carbons and one not in right]
        return [*right, *wanting[1:]]

    _excluding(patches, without)


@defect("carbons-sent-missing", breaks=["carbons-sent-copies"])
def _(patches: Patches) -> None:
    """What a user sends is not copied for the user."""

    def without(owner: Account, name: str, _: Element, right: Sessions) -> Iterable[Session]:
        return owner.resources.values() if name == _SENT else right

    _excluding(patches, without)


@defect("carbons-sent-if-enabled", breaks=["carbons-sent-copies"])
def _(patches: Patches) -> None:
    """Only what resources with carbons send is copied for the sender's others."""

    def without(owner: Account, name: str, _: Element, right: Sessions) -> Iterable[Session]:
        if name == _SENT and not next(iter(right)).carbons:
            return owner.resources.values()
        return right

    _excluding(patches, without)


@defect("carbons-wrong-mark", breaks=["carbons-received-copies", "carbons-received-content"])
def _(patches: Patches) -> None:
    """Copies of messages received are marked as sent."""
    before = carbons._copy

    def copy(domain: Domain, owner: Account, _: str, *rest: object) -> None:
        before(domain, owner, _SENT, *rest)  # type: ignore[arg-type]

    patches.set(carbons, "_copy", copy)


@defect("carbons-from-contact", breaks=["carbons-received-from", "carbons-sent-from"])
def _(patches: Patches) -> None:
    """A copy is from who has sent the message."""

    def change(carbon: Element) -> None:
        carbon.set("from", carbon[0][0][0].get("from", ""))

    _wrapping(patches, change)


@defect("carbons-to-account", breaks=["carbons-received-to"])
def _(patches: Patches) -> None:
    """A copy is addressed to the account, not to the resource."""
    _wrapping(patches, lambda carbon: carbon.set("to", carbon.get("from", "")))


@defect("carbons-untyped", breaks=["carbons-received-type", "carbons-sent-type"], tolerated=True)
def _(patches: Patches) -> None:
    """Copies are of type normal."""
    _wrapping(patches, lambda carbon: carbon.set("type", "normal"))


@defect("carbons-unforwarded", breaks=["carbons-received-content", "carbons-sent-content"])
def _(patches: Patches) -> None:
    """The message stands in its mark without <forwarded/>."""

    def change(carbon: Element) -> None:
        mark = carbon[0]
        message = mark[0][0]
        mark.remove(mark[0])
        mark.append(message)

    _wrapping(patches, change)


@defect("carbons-mark-beside", breaks=["carbons-received-content", "carbons-sent-content"])
def _(patches: Patches) -> None:
    """The mark stands beside <forwarded/>, as in drafts of the XEP."""

    def change(carbon: Element) -> None:
        mark = carbon[0]
        forwarded = mark[0]
        mark.remove(forwarded)
        carbon.append(forwarded)

    _wrapping(patches, change)


@defect("carbons-address-lost", breaks=["carbons-received-content", "carbons-sent-content"])
def _(patches: Patches) -> None:
    """The message in a copy does not say to whom it was."""

    def change(carbon: Element) -> None:
        message = carbon[0][0][0] = clone(carbon[0][0][0])
        message.attrib.pop("to", None)

    _wrapping(patches, change)


@defect("carbons-not-disabled", breaks=["carbons-switch-again"])
def _(patches: Patches) -> None:
    """Carbons that are enabled stay enabled."""

    def disable(request: iq.Request) -> None:
        request.reply()

    patches.put(iq.FOR_ACCOUNT, f"{_HERE}disable", disable)


@defect("carbons-once", breaks=["carbons-switch-again"])
def _(patches: Patches) -> None:
    """A resource that has disabled carbons may not enable them again."""
    before = carbons._switch
    left: set[str] = set()

    def switch(request: iq.Request) -> None:
        enables = request.payload.tag == f"{_HERE}enable"
        if enables and request.session.jid in left:
            raise StanzaFault("not-allowed")
        if not enables:
            left.add(request.session.jid)
        before(request)

    for name in ("enable", "disable"):
        patches.put(iq.FOR_ACCOUNT, f"{_HERE}{name}", switch)


def _refusing(patches: Patches, name: str, *, if_enabled: bool) -> None:
    """Refuse a request of a resource that has enabled carbons, or has not."""
    before = carbons._switch

    def switch(request: iq.Request) -> None:
        if request.session.carbons is if_enabled:
            raise StanzaFault("unexpected-request")
        before(request)

    patches.put(iq.FOR_ACCOUNT, f"{_HERE}{name}", switch)


@defect("carbons-enable-twice-refused", breaks=["carbons-enable-twice"], tolerated=True)
def _(patches: Patches) -> None:
    """Enabling carbons that are enabled brings an error."""
    _refusing(patches, "enable", if_enabled=True)


@defect("carbons-disable-twice-refused", breaks=["carbons-disable-twice"], tolerated=True)
def _(patches: Patches) -> None:
    """Disabling carbons that are not enabled brings an error."""
    _refusing(patches, "disable", if_enabled=False)


@defect("carbons-for-available", breaks=["carbons-enable"])
def _(patches: Patches) -> None:
    """Only a resource that is available can enable carbons."""
    before = carbons._switch

    def switch(request: iq.Request) -> None:
        if request.session.presence is None:
            raise StanzaFault("not-allowed")
        before(request)

    patches.put(iq.FOR_ACCOUNT, f"{_HERE}enable", switch)
