"""A login on a small blocking stream: SASL PLAIN and a resource, for what is no measurement."""

from __future__ import annotations

import base64
import secrets
import ssl
from xml.etree.ElementTree import Element

from harness.errors import SaslError, StanzaError
from harness.targets.base import Account, Endpoint
from harness.targets.probe import Stream, connect

_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_BIND = "urn:ietf:params:xml:ns:xmpp-bind"
_STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


def login(
    endpoint: Endpoint, context: ssl.SSLContext, account: Account, timeout_s: float = 10.0
) -> Stream:
    """A stream of this account with a resource of the server's choice, without presence.

    Raises what `connect` raises, SaslError when the password is refused, StanzaError.
    """
    stream = connect(endpoint, context, timeout_s)
    try:
        token = base64.b64encode(f"\0{account.user}\0{account.password}".encode()).decode()
        answer = stream.request(f"<auth xmlns='{_SASL}' mechanism='PLAIN'>{token}</auth>")
        if answer.tag != f"{{{_SASL}}}success":
            conditions = [child.tag.rpartition("}")[2] for child in answer]
            raise SaslError(next(iter(conditions), "temporary-auth-failure"))
        stream.open()
        request(stream, "set", f"<bind xmlns='{_BIND}'/>")
    except BaseException:
        stream.close()
        raise
    return stream


def request(stream: Stream, kind: str, payload: str, to: str = "") -> Element:
    """The result of an IQ request. Other stanzas that arrive meanwhile are passed over.

    Raises StanzaError with the condition when the answer is an error.
    """
    name = secrets.token_hex(4)
    address = f" to='{to}'" if to else ""
    reply = stream.request(f"<iq type='{kind}' id='{name}'{address}>{payload}</iq>")
    while reply.get("id") != name or reply.get("type") not in ("result", "error"):
        reply = stream.next()
    if reply.get("type") == "result":
        return reply
    names = [child.tag for child in reply.iter() if child.tag.startswith(_STANZAS)]
    condition = next((n.removeprefix(_STANZAS) for n in names), "undefined-condition")
    raise StanzaError(condition)
