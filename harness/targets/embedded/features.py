"""Stream features at each stage of the negotiation (RFC 6120 section 4.3.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal

from harness.targets.embedded import sasl
from harness.xmpp import namespaces as ns

REGISTER = "http://jabber.org/features/iq-register"
PRE_APPROVAL = "urn:xmpp:features:pre-approval"
Starttls = Literal["no", "offered", "required"]
EXTENSIONS: list[Callable[[], str]] = []  # what extensions say after login, as XML


@cache
def before_login(starttls: Starttls, mechanisms: tuple[str, ...]) -> bytes:
    """STARTTLS while there is no TLS, and what may be authenticated with.

    Where TLS is required, nothing stands beside it (section 5.3.1).
    """
    parts = []
    if starttls != "no":
        inner = "<required/>" if starttls == "required" else ""
        parts.append(f"<starttls xmlns='{ns.TLS}'>{inner}</starttls>")
    if mechanisms:
        names = "".join(f"<mechanism>{name}</mechanism>" for name in mechanisms)
        parts.append(f"<mechanisms xmlns='{ns.SASL}'>{names}</mechanisms>")
    if any(name.endswith("-PLUS") for name in mechanisms):  # XEP-0440
        parts.append(
            f"<sasl-channel-binding xmlns='{ns.CHANNEL_BINDING}'>"
            f"<channel-binding type='{sasl.BINDING}'/></sasl-channel-binding>"
        )
    if starttls != "required":
        parts.append(f"<register xmlns='{REGISTER}'/>")
    return f"<stream:features>{''.join(parts)}</stream:features>".encode()


@cache
def after_login() -> bytes:
    """Resource binding, and what is merely said: roster versions, pre-approval."""
    return (
        f"<stream:features><bind xmlns='{ns.BIND}'/>"
        f"<session xmlns='{ns.SESSION}'><optional/></session>"
        f"<ver xmlns='{ns.ROSTER_VERSIONS}'/><sub xmlns='{PRE_APPROVAL}'/>"
        f"{''.join(said() for said in EXTENSIONS)}</stream:features>"
    ).encode()
