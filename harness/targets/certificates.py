"""Certificates for servers that we start: one authority and one leaf per instance, and clients'."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# trustme's own choice, the year 3000, makes ejabberd's certificate store crash on its timers.
_VALIDITY = timedelta(days=365)
_XMPP_ADDRESS = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.5")  # RFC 6120 section 13.7.1.4


@dataclass(frozen=True)
class Certificates:
    """PEM files. `chain` holds the leaf and what follows it, `bundle` the key and the chain."""

    ca: Path
    ca_key: Path
    chain: Path
    key: Path
    bundle: Path


def issue(directory: Path, domain: str, *more: str) -> Certificates:
    """Write a new authority's certificate and a leaf for `domain` (and `more`) to `directory`.

    The names are dNSName entries, which RFC 6120 section 13.7.1.2 lets a client match.
    The directory should be private: the key files lie in it, mode 0600, the authority's too.
    """
    authority = trustme.CA()
    leaf = authority.issue_cert(domain, *more, not_after=datetime.now(UTC) + _VALIDITY)
    files = Certificates(
        ca=directory / "ca.pem",
        ca_key=directory / "ca.key",
        chain=directory / f"{domain}.crt",
        key=directory / f"{domain}.key",
        bundle=directory / f"{domain}.pem",
    )
    authority.cert_pem.write_to_path(str(files.ca))
    for private in (files.ca_key, files.key, files.bundle):
        private.touch(mode=0o600)
    authority.private_key_pem.write_to_path(str(files.ca_key))
    leaf.private_key_pem.write_to_path(str(files.key))
    leaf.private_key_and_cert_chain_pem.write_to_path(str(files.bundle))
    for number, blob in enumerate(leaf.cert_chain_pems):
        blob.write_to_path(str(files.chain), append=number > 0)
    return files


def client(
    directory: Path, issuer: Certificates, *jids: str, until: datetime | None = None
) -> Path:
    """Write a client certificate of the issuer's authority; the PEM file of key and chain.

    It names the bare JIDs as XmppAddr (RFC 6120 section 13.7.1.4) and is valid `until` then,
    a year by default.
    """
    end = until or datetime.now(UTC) + _VALIDITY
    key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.load_pem_x509_certificate(issuer.ca.read_bytes())
    signer = serialization.load_pem_private_key(issuer.ca_key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)  # trustme's kind
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - 2 * _VALIDITY)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.OtherName(_XMPP_ADDRESS, asn1.encode_der(jid)) for jid in jids]
            ),
            critical=False,
        )
        .sign(signer, hashes.SHA256())
    )
    path = directory / f"client-{certificate.serial_number:x}.pem"
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
