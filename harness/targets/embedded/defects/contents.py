"""Defects of what stands in messages (RFC 6121 section 5)."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from harness.targets.embedded import router
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.session import Session
from harness.xmpp import namespaces as ns

_TYPES = ("normal", "chat", "groupchat", "headline", "error", None)
_CHILD = f"{{{ns.CLIENT}}}"


def _sent(patches: Patches, change: Callable[[Element], bool | None]) -> None:
    """Messages are changed before they go anywhere; False for those that are lost."""
    before = router._KINDS[ns.MESSAGE]

    def handle(domain: Domain, session: Session, stanza: Element, to: Jid | None) -> None:
        if change(stanza) is not False:
            before(domain, session, stanza, to)

    patches.put(router._KINDS, ns.MESSAGE, handle)


def _without(patches: Patches, lose: Callable[[Element], list[Element]]) -> None:
    """Some children are lost."""

    def change(stanza: Element) -> None:
        for child in lose(stanza):
            stanza.remove(child)

    _sent(patches, change)


@defect("thread-lost", breaks=["message-thread", "message-thread-delivered"])
def _(patches: Patches) -> None:
    """A thread is not passed on."""
    _without(patches, lambda stanza: stanza.findall(f"{_CHILD}thread"))


@defect("thread-orphaned", breaks=["message-thread-parent"])
def _(patches: Patches) -> None:
    """A thread loses its parent."""

    def change(stanza: Element) -> None:
        for thread in stanza.iterfind(f"{_CHILD}thread"):
            thread.attrib.pop("parent", None)

    _sent(patches, change)


@defect("thread-trimmed", breaks=["message-thread-delivered"])
def _(patches: Patches) -> None:
    """White space at the ends of a thread is taken off."""

    def change(stanza: Element) -> None:
        for thread in stanza.iterfind(f"{_CHILD}thread"):
            thread.text = (thread.text or "").strip()

    _sent(patches, change)


@defect("body-languages-lost", breaks=["message-body-languages"])
def _(patches: Patches) -> None:
    """Of several bodies one is passed on."""
    _without(patches, lambda stanza: stanza.findall(f"{_CHILD}body")[1:])


@defect("subject-languages-lost", breaks=["message-subject-languages"])
def _(patches: Patches) -> None:
    """Subjects lose their languages."""

    def change(stanza: Element) -> None:
        for subject in stanza.iterfind(f"{_CHILD}subject"):
            subject.attrib.pop(ns.LANG, None)

    _sent(patches, change)


@defect("body-lines-joined", breaks=["message-body-delivered"])
def _(patches: Patches) -> None:
    """Line breaks of a body become spaces."""

    def change(stanza: Element) -> None:
        for body in stanza.iterfind(f"{_CHILD}body"):
            body.text = (body.text or "").replace("\n", " ")

    _sent(patches, change)


@defect("subject-without-body-lost", breaks=["message-subject-delivered", "message-body-optional"])
def _(patches: Patches) -> None:
    """A message without a body is not delivered if it has a subject."""

    def change(stanza: Element) -> bool:
        return stanza.find(f"{_CHILD}subject") is None or stanza.find(f"{_CHILD}body") is not None

    _sent(patches, change)


@defect("type-replaced", breaks=["message-type-kept"])
def _(patches: Patches) -> None:
    """Headlines arrive as chat."""

    def change(stanza: Element) -> None:
        if stanza.get("type") == "headline" and stanza.get("id") != "own":
            stanza.set("type", "chat")

    _sent(patches, change)


@defect("type-unknown-refused", breaks=["message-type-unknown"])
def _(patches: Patches) -> None:
    """A message of a type that there is not gets an error."""

    def change(stanza: Element) -> None:
        if stanza.get("type") not in _TYPES:
            raise StanzaFault("bad-request")

    _sent(patches, change)


@defect("bodies-within-lost", breaks=["message-extended-content"])
def _(patches: Patches) -> None:
    """XHTML (XEP-0071) is not passed on."""
    _without(patches, lambda stanza: stanza.findall("{http://jabber.org/protocol/xhtml-im}html"))
