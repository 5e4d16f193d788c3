"""Client certificates that prove nothing, whatever name they bear (RFC 6120 section 13.7.2)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.targets import certificates

_XMPP_ADDRESS = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.5")
_BEGIN = "-----BEGIN CERTIFICATE-----"
_DAY = timedelta(days=1)


def unknown_issuer(directory: Path, jid: str) -> Path:
    """From an authority that nobody has heard of."""
    issuer = certificates.issue(directory, "authority.example")
    return certificates.client(directory, issuer, jid)


def expired(directory: Path, jid: str) -> Path:
    """From such an authority, and out of date."""
    issuer = certificates.issue(directory, "authority.example")
    return certificates.client(directory, issuer, jid, until=datetime.now(UTC) - _DAY)


def self_signed(directory: Path, jid: str) -> Path:
    """Vouched for by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    address = x509.OtherName(_XMPP_ADDRESS, asn1.encode_der(jid))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - _DAY)
        .not_valid_after(datetime.now(UTC) + _DAY)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return _write(directory, private + certificate.public_bytes(serialization.Encoding.PEM))


STRANGE: dict[str, Callable[[Path, str], Path]] = {
    "unknown-ca": unknown_issuer,
    "self-signed": self_signed,
    "expired": expired,
}


def broken(directory: Path, trusted: Path) -> Path:
    """The trusted certificate, with another signature than its issuer's."""
    text = trusted.read_text(encoding="ascii")
    start = text.index(_BEGIN)
    der = bytearray(ssl.PEM_cert_to_DER_cert(text[start:]))
    der[-1] ^= 1
    return _write(directory, (text[:start] + ssl.DER_cert_to_PEM_cert(bytes(der))).encode())


def _write(directory: Path, pem: bytes) -> Path:
    path = directory / "client.pem"
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return path
