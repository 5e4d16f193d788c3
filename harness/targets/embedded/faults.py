"""What a client can do wrong, as exceptions, and the stanza that answers it.

A violation of the stream itself is `harness.errors.StreamViolation`.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from harness.xmpp import namespaces as ns
from harness.xmpp import stanza as stanzas

# The error type that goes with each condition (RFC 6120 section 8.3.3).
_TYPES = {
    "bad-request": "modify",
    "conflict": "cancel",
    "feature-not-implemented": "cancel",
    "forbidden": "auth",
    "item-not-found": "cancel",
    "jid-malformed": "modify",
    "not-acceptable": "modify",
    "not-allowed": "cancel",
    "not-authorized": "auth",
    "registration-required": "auth",
    "remote-server-not-found": "cancel",
    "resource-constraint": "wait",
    "service-unavailable": "cancel",
    "unexpected-request": "modify",
}


class StanzaFault(Exception):  # noqa: N818 - the field's term
    """A stanza can not be processed; its sender gets a stanza error (RFC 6120 section 8.3)."""

    def __init__(
        self,
        condition: str,
        *,
        type: str | None = None,  # noqa: A002
        detail: Element | None = None,
    ) -> None:
        super().__init__(condition)
        self.condition = condition
        self.type = type or _TYPES[condition]
        self.detail = detail  # an application-specific condition (section 8.3.4)


class SaslFault(Exception):  # noqa: N818 - the field's term
    """Authentication fails with this condition (RFC 6120 section 6.5)."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


def error_for(stanza: Element, fault: StanzaFault, domain: str) -> Element | None:
    """The stanza error for `stanza`, or None where an answer is forbidden.

    An error or a result is never answered (sections 8.2.3 and 8.3.1). The addresses are
    swapped, but a malformed one is not repeated.
    """
    if stanza.get("type") == "error" or (stanza.tag == ns.IQ and stanza.get("type") == "result"):
        return None
    error = stanzas.error_reply(stanza, fault.type, fault.condition)
    if fault.detail is not None:
        error[-1].append(fault.detail)
    if stanza.tag == ns.IQ and error.get("id") is None:
        error.set("id", "")
    if (to := stanza.get("to")) is not None:
        error.set("from", domain if fault.condition == "jid-malformed" else to)
    return error
