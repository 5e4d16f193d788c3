"""Entity capabilities (XEP-0115): the server's own, and what those of the clients mean.

A client says with its presence which features it has, as a hash. The server asks the first one
that shows an unknown hash, checks the answer against it, and remembers it for all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from harness.targets.embedded import disco, iq, pep
from harness.targets.embedded.disco import Said
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.extension import Extension
from harness.xmpp import capabilities as caps
from harness.xmpp import namespaces as ns

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

NODE = "urn:xmpp-harness:reference-server"
_HASH = "sha-1"
_QUERY = f"{{{ns.DISCO_INFO}}}query"
_NOTIFY = "+notify"  # the end of a feature that asks for notifications (XEP-0060 section 9.2)


# The server's own


def _version() -> str:
    return caps.verification(disco.described(of_account=False), _HASH)


def _stream_feature() -> str:
    return f"<c xmlns='{caps.CAPS}' hash='{_HASH}' node='{NODE}' ver='{_version()}'/>"


def _describe(_request: iq.Request, node: str) -> Element | None:
    return disco.described(of_account=False) if node == f"{NODE}#{_version()}" else None


# Those of the clients


def noticed(domain: Domain, session: Session, stanza: Element) -> None:
    """A client has broadcast presence: find out what it wants to hear of."""
    said = stanza.find(caps.C) if len(stanza) else None
    if said is None or said.get("hash", "") not in caps.HASHES:
        return
    key = (said.get("hash", ""), said.get("ver", ""))
    known = domain.capabilities.get(key)
    if known is not None:
        _wants(domain, session, known)
        return

    def take(asked: Session, answer: Element) -> None:
        query = answer.find(_QUERY)
        if query is not None and _fits(query, key):
            domain.capabilities[key] = found = caps.features_of(query)
            _wants(domain, asked, found)

    domain.ask(session, Element(_QUERY, {"node": f"{said.get('node', '')}#{key[1]}"}), take)


def _fits(query: Element, key: tuple[str, str]) -> bool:
    """Whether the answer is what the hash was made of (section 5.4)."""
    return caps.is_well_formed(query) and caps.verification(query, key[0]) == key[1]


def _wants(domain: Domain, session: Session, features: frozenset[str]) -> None:
    """The nodes that it wants to hear of now, the new ones of which it has to hear at once."""
    if session.presence is None:
        return
    wanted = frozenset(f.removesuffix(_NOTIFY) for f in features if f.endswith(_NOTIFY))
    new, session.wants = wanted - session.wants, wanted
    if new:
        pep.greet(domain, session, new)


EXTENSION = Extension(
    of_server=Said(features=[caps.CAPS], nodes=[_describe]),
    of_account=Said(features=[caps.CAPS]),
    stream_feature=_stream_feature,
)
