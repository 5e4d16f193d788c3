"""Client state indication (XEP-0352): while a client is inactive, presence for it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from harness.targets.embedded.extension import Extension

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

NAMESPACE = "urn:xmpp:csi:0"
_MOST = 1000  # senders whose presence waits


def send_presence(session: Session, stanza: Element, data: bytes) -> None:
    """Send broadcast presence now, or keep it until the client is active."""
    if session.held is None:
        session.send(data)
        return
    sender = stanza.get("from", "")
    session.held.pop(sender, None)  # the newest goes to the end
    session.held[sender] = data
    if len(session.held) > _MOST:
        session.send(session.held.pop(next(iter(session.held))))


def _active(session: Session, _element: Element) -> None:
    held, session.held = session.held or {}, None
    for data in held.values():
        session.send(data)


def _inactive(session: Session, _element: Element) -> None:
    if session.held is None:
        session.held = {}


EXTENSION = Extension(
    nonzas={f"{{{NAMESPACE}}}active": _active, f"{{{NAMESPACE}}}inactive": _inactive},
    stream_feature=lambda: f"<csi xmlns='{NAMESPACE}'/>",
)
