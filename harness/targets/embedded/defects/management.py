"""Defects of stream management (XEP-0198)."""

from __future__ import annotations

from types import SimpleNamespace
from xml.etree.ElementTree import Element

from harness.targets.embedded import redelivery, stream_management
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.managed import NAMESPACE, Managed
from harness.targets.embedded.session import TABLE, Session, State

_HERE = f"{{{NAMESPACE}}}"


def _ignored(session: Session, _element: Element) -> State:
    return session.state


@defect("sm-ack-missing", breaks=["sm-acks", "sm-ack-count"])
def _(patches: Patches) -> None:
    """A request for an acknowledgement is not answered."""
    patches.put(TABLE, (State.BOUND, f"{_HERE}r"), _ignored)


@defect("sm-count-off-by-one", breaks=["sm-ack-count", "sm-count-start", "sm-resumed"])
def _(patches: Patches) -> None:
    """The server counts one stanza of the client too many."""
    before = Managed.__init__

    def made(managed: Managed, *args: object) -> None:
        before(managed, *args)  # type: ignore[arg-type]
        managed.handled = 1

    patches.set(Managed, "__init__", made)


@defect("sm-counts-requests", breaks=["sm-count-stanzas"])
def _(patches: Patches) -> None:
    """A request for an acknowledgement counts as a stanza."""
    key = (State.BOUND, f"{_HERE}r")
    before = TABLE[key]

    def requested(session: Session, element: Element) -> State:
        if session.managed is not None:
            session.managed.count()
        return before(session, element)

    patches.put(TABLE, key, requested)


@defect("sm-count-restarts", breaks=["sm-resume-counts", "sm-resumed"])
def _(patches: Patches) -> None:
    """After a resumption the server counts from zero again."""
    before = Managed.resume

    def resume(managed: Managed, greeting: bytes) -> None:
        before(managed, greeting)
        managed.handled = 0

    patches.set(Managed, "resume", resume)


@defect("sm-stanza-lost", breaks=["sm-resume-retransmission", "sm-resumption"])
def _(patches: Patches) -> None:
    """The first stanza that waits is not sent after a resumption."""
    before = Managed.resume

    def resume(managed: Managed, greeting: bytes) -> None:
        first = managed.waiting.popleft() if managed.waiting else None
        before(managed, greeting)
        if first is not None:
            managed.waiting.appendleft(first)

    patches.set(Managed, "resume", resume)


@defect("sm-away-lost", breaks=["sm-resume-retransmission"])
def _(patches: Patches) -> None:
    """Stanzas that come while there is no connection are dropped."""
    before = Managed.send

    def send(managed: Managed, data: bytes) -> None:
        if managed.link is not None:
            before(managed, data)

    patches.set(Managed, "send", send)


@defect("sm-stanza-doubled", breaks=["sm-resume-retransmission", "sm-resumption"])
def _(patches: Patches) -> None:
    """After a resumption the stanzas that wait are sent twice."""
    before = Managed.resume

    def resume(managed: Managed, greeting: bytes) -> None:
        before(managed, greeting)
        before(managed, b"")

    patches.set(Managed, "resume", resume)


@defect("sm-acks-ignored", breaks=["sm-acks", "sm-resume-retransmission"])
def _(patches: Patches) -> None:
    """What the client has acknowledged is sent again after a resumption."""
    patches.set(Managed, "acknowledge", lambda managed, handled: handled <= len(managed.waiting))


@defect("sm-foreign-session", breaks=["sm-resume-foreign"])
def _(patches: Patches) -> None:
    """Whoever knows the id resumes the session, of whatever account it is."""
    key = (State.BINDING, f"{_HERE}resume")
    before = TABLE[key]

    def resume(session: Session, element: Element) -> State:
        old = session.domain.resumable.get(element.get("previd", ""))
        if old is not None:
            session.account = old.account
        return before(session, element)

    patches.put(TABLE, key, resume)


@defect("sm-unknown-is-bad", breaks=["sm-resume-unknown-condition"], tolerated=True)
def _(patches: Patches) -> None:
    """A session that is not known is a bad request."""
    before = stream_management._failed

    def failed(session: Session, condition: str, handled: int | None = None) -> None:
        before(session, condition.replace("item-not-found", "bad-request"), handled)

    patches.set(stream_management, "_failed", failed)


@defect("sm-resume-failure-ends", breaks=["sm-resume-then-bind", "sm-failed-recoverable"])
def _(patches: Patches) -> None:
    """After a resumption that failed the stream is closed."""
    before = stream_management._failed

    def failed(session: Session, condition: str, handled: int | None = None) -> None:
        before(session, condition, handled)
        session.fail("policy-violation")

    patches.set(stream_management, "_failed", failed)


@defect("sm-early", breaks=["sm-enable-before-bind", "sm-enable-before-login"])
def _(patches: Patches) -> None:
    """Stream management can be enabled before a resource is bound."""

    def enable(session: Session, _element: Element) -> State:
        session.answer(f"<enabled xmlns='{NAMESPACE}'/>".encode())
        return session.state

    for state in (State.NEGOTIATING, State.BINDING):
        patches.put(TABLE, (state, f"{_HERE}enable"), enable)


@defect("sm-enabled-again", breaks=["sm-enable-twice"], tolerated=True)
def _(patches: Patches) -> None:
    """A second <enable/> is answered like the first."""
    before = stream_management._enable

    def enable(session: Session, element: Element) -> State:
        session.managed = None
        before(session, element)
        return session.state

    patches.put(TABLE, (State.BOUND, f"{_HERE}enable"), enable)


@defect("sm-too-high-believed", breaks=["sm-count-too-high"], tolerated=True)
def _(patches: Patches) -> None:
    """A client may acknowledge more than it was sent."""
    patches.after(Managed, "acknowledge", lambda right: True)


@defect("sm-closed-kept", breaks=["sm-closed-stream"])
def _(patches: Patches) -> None:
    """A stream that is closed in order leaves a session behind, too."""
    before = Session._unbind

    def unbind(session: Session) -> None:
        managed = session.managed
        if managed is None or not managed.resumable_s:
            before(session)
        elif managed.link is not None:
            session._link = managed.link
            managed.detach()

    patches.set(Session, "_unbind", unbind)


@defect("sm-broken-forgotten", breaks=["sm-broken-stream", "sm-resumption"])
def _(patches: Patches) -> None:
    """A session ends with its connection."""
    patches.set(Managed, "detach", lambda managed: False)


@defect("sm-unacknowledged-lost", breaks=["sm-unacknowledged"], tolerated=True)
def _(patches: Patches) -> None:
    """What a lost client has not acknowledged is dropped."""
    patches.set(redelivery, "redeliver", lambda domain, session, waiting: None)


@defect("sm-id-again", breaks=["sm-id"])
def _(patches: Patches) -> None:
    """Every session has the same id."""
    patches.set(stream_management, "secrets", SimpleNamespace(token_urlsafe=lambda _: "session"))
