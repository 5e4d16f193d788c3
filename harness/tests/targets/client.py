"""A login by SASL PLAIN and a roster request, for checking what a target has provisioned."""

from __future__ import annotations

from base64 import b64encode
from xml.etree.ElementTree import Element

from harness.targets.base import Account, Endpoint
from harness.targets.probe import Stream, connect, tls_context

ROSTER = "{jabber:iq:roster}"


def roster_of(endpoint: Endpoint, account: Account) -> dict[str, str]:
    """Log in and return contact -> subscription. Asserts on every step."""
    context = tls_context(endpoint.ca, endpoint.verify)
    with connect(endpoint, context) as stream:
        token = b64encode(f"\0{account.user}\0{account.password}".encode()).decode()
        sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
        answer = stream.request(f"<auth xmlns='{sasl}' mechanism='PLAIN'>{token}</auth>")
        assert answer.tag == f"{{{sasl}}}success"
        stream.open()
        _iq(stream, "set", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
        reply = _iq(stream, "get", "<query xmlns='jabber:iq:roster'/>")
        return {i.attrib["jid"]: i.attrib["subscription"] for i in reply.iter(f"{ROSTER}item")}


def _iq(stream: Stream, kind: str, body: str) -> Element:
    reply = stream.request(f"<iq type='{kind}' id='1'>{body}</iq>")
    assert reply.get("type") == "result"
    return reply
