"""Stream features at each stage of the negotiation (RFC 6120 section 4.3.2)."""

from __future__ import annotations

from functools import cache

from harness.targets.embedded import sasl
from harness.xmpp import namespaces as ns

REGISTER = "http://jabber.org/features/iq-register"
PRE_APPROVAL = "urn:xmpp:features:pre-approval"


@cache
def before_login(tls_possible: bool, secure: bool) -> bytes:
    """STARTTLS while there is no TLS, and what may be authenticated with."""
    parts = []
    if tls_possible and not secure:
        parts.append(f"<starttls xmlns='{ns.TLS}'/>")
    names = "".join(f"<mechanism>{name}</mechanism>" for name in sasl.offered(secure))
    parts.append(f"<mechanisms xmlns='{ns.SASL}'>{names}</mechanisms>")
    if secure:  # XEP-0440
        parts.append(
            f"<sasl-channel-binding xmlns='{ns.CHANNEL_BINDING}'>"
            f"<channel-binding type='{sasl.BINDING}'/></sasl-channel-binding>"
        )
    parts.append(f"<register xmlns='{REGISTER}'/>")
    return f"<stream:features>{''.join(parts)}</stream:features>".encode()


@cache
def after_login() -> bytes:
    """Resource binding, and what is merely said: roster versions, pre-approval."""
    return (
        f"<stream:features><bind xmlns='{ns.BIND}'/>"
        f"<session xmlns='{ns.SESSION}'><optional/></session>"
        f"<ver xmlns='{ns.ROSTER_VERSIONS}'/><sub xmlns='{PRE_APPROVAL}'/></stream:features>"
    ).encode()
