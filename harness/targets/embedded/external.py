"""Who a client is by its certificate: SASL EXTERNAL (RFC 6120 sections 6.3.4 and 13.7.2.2)."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat import asn1

from harness.targets.embedded import jids

XMPP_ADDRESS = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.5")  # id-on-xmppAddr (section 13.7.1.4)


def identities(certificate: bytes, domain: str) -> tuple[str, ...]:
    """The bare JIDs of this domain that a verified certificate (DER) names."""
    return tuple(jid for jid in named(certificate) if jid.endswith(f"@{domain}"))


def named(certificate: bytes) -> tuple[str, ...]:
    """The bare JIDs in its otherNames of the type XmppAddr, in its order.

    Nothing else in a certificate proves anything here.
    """
    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return ()
    found = (_bare(name) for name in names.get_values_for_type(x509.OtherName))
    return tuple(jid for jid in found if jid)


def _bare(name: x509.OtherName) -> str:
    """The bare JID in one otherName; empty when there is none in it."""
    if name.type_id != XMPP_ADDRESS:
        return ""
    try:
        jid = jids.parse(asn1.decode_der(str, name.value))
    except ValueError:
        return ""
    return "" if jid.resource else jid.bare
