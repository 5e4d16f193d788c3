"""Defects of resource binding (RFC 6120 section 7)."""

from __future__ import annotations

import itertools
from xml.etree.ElementTree import Element, SubElement

from harness.errors import StreamViolation
from harness.targets.embedded import bind, iq, jids, router
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.session import TABLE, Session, State
from harness.xmpp import namespaces as ns

_RESOURCE = f"{{{ns.BIND}}}resource"


@defect("stanzas-before-bind", breaks=["bind-stanza-before-refused", "bind-mtn"])
def _(patches: Patches) -> None:
    """After SASL, messages to others are delivered before a resource is bound."""

    def on_message(session: Session, message: Element) -> State:
        session.jid = session.jid or session.owner.jid
        router.route(session.domain, session, message)
        return session.state

    patches.put(TABLE, (State.BINDING, ns.MESSAGE), on_message)


@defect("bind-ignores-resource", breaks=["bind-client-resource"], tolerated=True)
def _(patches: Patches) -> None:
    """The server makes up a resource, whatever the client asks for."""
    before = bind._resource_for

    def resource_for(domain: Domain, session: Session, request: Element) -> str:
        for wish in request.findall(_RESOURCE):
            request.remove(wish)
        return before(domain, session, request)

    patches.set(bind, "_resource_for", resource_for)


@defect("bind-resource-counts", breaks=["bind-generated-random"])
def _(patches: Patches) -> None:
    """The resources that the server makes up are r1, r2, r3."""
    numbers = itertools.count(1)
    patches.set(bind, "_random", lambda: f"r{next(numbers)}")


def _answered(patches: Patches, jid: str) -> None:
    """The result of bind says this; {} stands for the bare JID."""
    before = Session.answer

    def answer(session: Session, data: bytes) -> None:
        said = jid.format(session.owner.jid).encode() if session.account else b""
        before(session, data.replace(f"<jid>{session.jid}</jid>".encode(), b"<jid>%b</jid>" % said))

    patches.set(Session, "answer", answer)


@defect("bind-result-empty", breaks=["bind-result-jid"])
def _(patches: Patches) -> None:
    """The JID in the result of bind is empty."""
    _answered(patches, "")


@defect("bind-result-bare", breaks=["bind-result-jid"])
def _(patches: Patches) -> None:
    """The JID in the result of bind is the bare one."""
    _answered(patches, "{}")


@defect("bind-result-of-somebody", breaks=["address-from-authorization-identity"])
def _(patches: Patches) -> None:
    """The JID in the result of bind is that of another account."""
    _answered(patches, "x{}/r")


def _on_conflict(patches: Patches, resolve: str) -> None:
    """Ask for a resource of a live session: what becomes of that one."""
    before = bind._resource_for

    def resource_for(domain: Domain, session: Session, request: Element) -> str:
        wanted = request.findtext(_RESOURCE) or ""
        other = session.owner.resources.get(jids.prepare_resource(wanted)) if wanted else None
        if other is None:
            return before(domain, session, request)
        if resolve == "end":
            other._close()
        elif resolve == "refuse":
            raise StreamViolation("conflict")
        return wanted

    patches.set(bind, "_resource_for", resource_for)


@defect("conflict-lives-twice", breaks=["bind-conflict", "bind-resource-unique"])
def _(patches: Patches) -> None:
    """Two streams of one account are bound to the same resource, and both live."""
    _on_conflict(patches, "keep")


@defect(
    "conflict-without-error",
    breaks=["bind-conflict-old-closed", "bind-conflict", "stream-error-conflict"],
)
def _(patches: Patches) -> None:
    """Who loses a resource to a new stream is closed without an error."""
    _on_conflict(patches, "end")


@defect("conflict-ends-new", breaks=["bind-conflict-stream-kept", "bind-conflict"])
def _(patches: Patches) -> None:
    """Who asks for a resource that is taken is closed with <conflict/>."""
    _on_conflict(patches, "refuse")


@defect("bind-again", breaks=["bind-second-on-stream", "stanza-error-not-allowed"])
def _(patches: Patches) -> None:
    """A second bind gets a result with a JID that nobody can reach."""

    def again(request: iq.Request) -> None:
        bound = Element(bind.BIND)
        jid = f"{request.session.owner.jid}/second"
        SubElement(bound, f"{{{ns.BIND}}}jid").text = jid
        request.reply(bound)

    patches.put(iq.FOR_ACCOUNT, bind.BIND, again)


@defect("bind-retries-unlimited", breaks=["bind-retries-exceeded"], tolerated=True)
def _(patches: Patches) -> None:
    """Any number of attempts to bind may fail on one stream."""
    key = (State.BINDING, ns.IQ)
    before = TABLE[key]

    def on_bind(session: Session, iq: Element) -> State:
        session._bind_failures = 0
        return before(session, iq)

    patches.put(TABLE, key, on_bind)


@defect("bind-no-retry", breaks=["bind-retries"])
def _(patches: Patches) -> None:
    """The first attempt to bind that fails ends the stream."""
    key = (State.BINDING, ns.IQ)
    before = TABLE[key]

    def on_bind(session: Session, iq: Element) -> State:
        session._bind_failures = session.domain.config.bind_retries
        return before(session, iq)

    patches.put(TABLE, key, on_bind)
