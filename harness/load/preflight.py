"""One login before the load: whoever made a mistake learns it now, in one line."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import msgspec

from harness.errors import HarnessError, PeerError
from harness.load.engine import Engine
from harness.load.light import LightClient
from harness.load.pacing import BODY
from harness.load.session import Session
from harness.xmpp import namespaces as ns

TIMEOUT = 20.0  # seconds
_MESSAGES = 10  # of each login of a warm-up

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
    features: frozenset[str]  # of the server, of an account, and rooms if it has them (XEP-0030)
    rooms: str | None  # the domain of its rooms (XEP-0045)


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
        features = _features(client, endpoint.domain) | _features(client, client.bare)
        rooms = _rooms(client, endpoint.domain)
        features |= {ns.MUC} if rooms else set()
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
        features=features,
        rooms=rooms,
    )
    client.close()
    return findings


def warm_up(session: Session, logins: int) -> None:
    """Log in so many times, one after the other, with a few messages to oneself: a server that
    compiles while it runs has then seen what it will do. Nothing of it is measured.

    Raises HarnessError when a login fails.
    """
    engine = Engine(session, lambda **_labels: None)
    for number in range(logins):
        position = number % len(session.accounts)
        account = session.accounts[position]
        client = LightClient(engine, session.first_index + position * session.step, account)
        try:
            client.login(TIMEOUT)
            for message in range(_MESSAGES):
                client.message(client.bare, BODY, f"warm-{message}")
            client.iq("get", Element(f"{{{ns.PING}}}ping"), session.endpoint.domain, TIMEOUT)
        except PeerError as error:
            raise HarnessError(f"the warm-up failed after {number} logins: {error}") from error
        client.close()


def _features(client: LightClient, jid: str) -> frozenset[str]:
    """What an entity says that it can do; nothing where it does not answer."""
    try:
        reply = client.iq("get", Element(f"{{{ns.DISCO_INFO}}}query"), jid, TIMEOUT)
    except PeerError:
        return frozenset()
    found = reply.iterfind(f"{{{ns.DISCO_INFO}}}query/{{{ns.DISCO_INFO}}}feature")
    return frozenset(feature.get("var", "") for feature in found)


def _rooms(client: LightClient, domain: str) -> str | None:
    """The first of the server's services that has rooms."""
    try:
        reply = client.iq("get", Element(f"{{{ns.DISCO_ITEMS}}}query"), domain, TIMEOUT)
    except PeerError:
        return None
    items = reply.iterfind(f"{{{ns.DISCO_ITEMS}}}query/{{{ns.DISCO_ITEMS}}}item")
    services = [item.get("jid", "") for item in items if not item.get("node")]
    return next((jid for jid in services if jid and ns.MUC in _features(client, jid)), None)


def _version(client: LightClient, domain: str) -> tuple[str | None, str | None]:
    try:
        reply = client.iq("get", Element(f"{{{ns.VERSION}}}query"), domain, TIMEOUT)
    except PeerError:
        return None, None  # many servers do not tell
    prefix = f"{{{ns.VERSION}}}query/{{{ns.VERSION}}}"
    return reply.findtext(f"{prefix}name"), reply.findtext(f"{prefix}version")
