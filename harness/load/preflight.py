"""One login before the load: whoever made a mistake learns it now, in one line."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import msgspec

from harness.errors import HarnessError, PeerError
from harness.load.engine import Engine
from harness.load.light import LightClient
from harness.load.session import Session
from harness.xmpp import namespaces as ns

TIMEOUT = 20.0  # seconds

_REMEDIES = {
    "connection-refused": "is the server running, and are host and port right?",
    "certificate-not-trusted": "name the CA's PEM file as `ca` in the profile",
    "not-authorized": "check the user names and passwords of the accounts",
    "no-starttls": "choose --tls off or --tls direct",
    "tls-required": "choose --tls on",
    "tls-failed": "does this port speak TLS from the first byte (direct) or after STARTTLS?",
    "timeout": "is this an XMPP client port, and is the server idle enough to answer?",
    "invalid-mechanism": "choose another with --sasl",
    "host-unknown": "is the domain one that the server serves?",
}


class Findings(msgspec.Struct, frozen=True):
    """What the server turned out to be. None: it does not say."""

    server: str | None
    version: str | None
    mechanism: str | None
    tls_version: str | None
    tls_cipher: str | None
    echoes_presence: bool


def check(session: Session) -> Findings:
    """Log in as the first account, ask for the software's version (XEP-0092), log out.

    `session.echoes_presence` should be False: whether the server does is one of the findings.

    Raises HarnessError, one line that says what the user can do.
    """
    engine = Engine(session, lambda **_labels: None)
    account, endpoint = session.accounts[0], session.endpoint
    client = LightClient(engine, session.first_index, account)
    try:
        client.login(TIMEOUT)
        server, version = _version(client, endpoint.domain)
    except PeerError as error:
        remedy = _REMEDIES.get(error.condition)
        raise HarnessError(
            f"{account.user}@{endpoint.domain} cannot log in at {endpoint.host}:{endpoint.port}: "
            f"{error}" + (f" ({remedy})" if remedy else "")
        ) from error
    connection = client.connection
    tls: Any = connection.tls if connection else None
    cipher = tls.cipher() if tls else None
    findings = Findings(
        server=server,
        version=version,
        mechanism=engine.mechanism,
        tls_version=tls.version() if tls else None,
        tls_cipher=cipher[0] if cipher else None,
        echoes_presence=client.echoed,
    )
    client.close()
    return findings


def _version(client: LightClient, domain: str) -> tuple[str | None, str | None]:
    try:
        reply = client.iq("get", Element(f"{{{ns.VERSION}}}query"), domain, TIMEOUT)
    except PeerError:
        return None, None  # many servers do not tell
    prefix = f"{{{ns.VERSION}}}query/{{{ns.VERSION}}}"
    return reply.findtext(f"{prefix}name"), reply.findtext(f"{prefix}version")
