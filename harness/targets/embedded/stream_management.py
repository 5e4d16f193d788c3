"""Stream management (XEP-0198): enabling, acknowledgements, resumption."""

from __future__ import annotations

import re
import secrets
from xml.etree.ElementTree import Element

from harness.errors import StreamViolation
from harness.targets.embedded import redelivery
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.managed import MODULUS, NAMESPACE, Managed
from harness.targets.embedded.session import Session, State
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import Template

_MOST_REMEMBERED = 1000  # sessions that are over
_NUMBER = re.compile("0*([0-9]{1,10})")
_ENABLED = Template(f"<enabled xmlns='{NAMESPACE}' id='{{id}}' resume='true' max='{{seconds}}'/>")
_RESUMED = Template(f"<resumed xmlns='{NAMESPACE}' previd='{{previd}}' h='{{h}}'/>")
_ACK = Template(f"<a xmlns='{NAMESPACE}' h='{{h}}'/>")
_TOO_HIGH = Template(
    f"<handled-count-too-high xmlns='{NAMESPACE}' h='{{h}}' send-count='{{sent}}'/>"
)


def _enable(session: Session, element: Element) -> None:
    """Section 3. A stream enables it once."""
    if session.managed is not None:
        raise StreamViolation("policy-violation", "stream management is enabled already")
    identifier, config = secrets.token_urlsafe(18), session.domain.config
    resumable_s = 0.0
    if element.get("resume") in ("true", "1"):
        resumable_s = min(config.resumption_s, _number(element.get("max")) or config.resumption_s)
    if resumable_s:
        session.answer(_ENABLED(identifier, f"{resumable_s:.0f}"))
        session.domain.resumable[identifier] = session
    else:
        session.answer(f"<enabled xmlns='{NAMESPACE}'/>".encode())
    session.manage(Managed(session, identifier, resumable_s, config.unacknowledged, _ended))


def _too_early(session: Session, _element: Element) -> None:
    """Before a resource is bound."""
    _failed(session, "unexpected-request")


def _requested(session: Session, _element: Element) -> None:
    """<r/>, section 4."""
    if session.managed is None:
        _failed(session, "unexpected-request")
    else:
        session.answer(_ACK(str(session.managed.handled)))


def _acknowledged(session: Session, element: Element) -> None:
    """<a/>, section 4."""
    managed, handled = session.managed, _number(element.get("h"))
    if managed is None:
        _failed(session, "unexpected-request")
    elif handled is None:
        raise StreamViolation("invalid-xml", "an acknowledgement without a number")
    elif not managed.acknowledge(handled):
        _too_high(session, managed, handled)


def _resume(session: Session, element: Element) -> None:
    """Section 5."""
    domain, previous = session.domain, element.get("previd")
    handled = _number(element.get("h"))
    if session.state is not State.BINDING:
        _failed(session, "unexpected-request")
        return
    if previous is None or handled is None:
        _failed(session, "bad-request")
        return
    old = domain.resumable.get(previous)
    if old is None or old.managed is None or old.owner is not session.owner:
        _failed(session, "item-not-found", domain.ended.get((session.owner.jid, previous)))
    elif old.managed.acknowledge(handled):
        _take_up(session, old, old.managed)
    else:
        _too_high(session, old.managed, handled)


def _take_up(session: Session, old: Session, managed: Managed) -> None:
    session.domain.resumable[managed.identifier] = session
    session.take_over(old, managed)
    managed.resume(_RESUMED(managed.identifier, str(managed.handled)))
    held, session.held = session.held or {}, None  # active again (XEP-0352 section 5.2)
    for presence in held.values():
        session.send(presence)


def _ended(managed: Managed) -> None:
    """The resource is gone: what it was sent is dealt with as if nobody had been there."""
    managed.cancel()
    session = managed.session
    domain = session.domain
    if domain.resumable.pop(managed.identifier, None) is not None:
        domain.ended[session.owner.jid, managed.identifier] = managed.handled
        if len(domain.ended) > _MOST_REMEMBERED:
            del domain.ended[next(iter(domain.ended))]
    for stanza in managed.waiting:
        redelivery.redeliver(domain, session, stanza)


def _failed(session: Session, condition: str, handled: int | None = None) -> None:
    """Section 6; `handled` is the last count of a session that is over."""
    count = "" if handled is None else f" h='{handled}'"
    session.answer(
        f"<failed xmlns='{NAMESPACE}'{count}><{condition} xmlns='{ns.STANZAS}'/></failed>".encode()
    )


def _too_high(session: Session, managed: Managed, handled: int) -> None:
    session.fail(
        "undefined-condition",
        f"{handled} stanzas acknowledged, {managed.sent} sent",
        _TOO_HIGH(str(handled), str(managed.sent)),
    )


def _number(text: str | None) -> int | None:
    """An unsigned 32-bit integer; None for anything else."""
    match = _NUMBER.fullmatch(text or "")
    number = int(match[1]) if match else MODULUS
    return number if number < MODULUS else None


_HERE = f"{{{NAMESPACE}}}"
EXTENSION = Extension(
    nonzas={
        f"{_HERE}enable": _enable,
        f"{_HERE}r": _requested,
        f"{_HERE}a": _acknowledged,
        f"{_HERE}resume": _resume,
    },
    early_nonzas={f"{_HERE}enable": _too_early, f"{_HERE}resume": _resume},
    stream_feature=lambda: f"<sm xmlns='{NAMESPACE}'/>",
)
