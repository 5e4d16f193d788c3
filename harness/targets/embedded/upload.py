"""HTTP File Upload (XEP-0363) at upload.DOMAIN: the slots, and what is refused.

There is no HTTP side: nobody answers at the URLs of a slot, and no slot is kept.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import disco, forms, iq
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.xmpp import namespaces as ns

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

LABEL = "upload"
NAMESPACE = "urn:xmpp:http:upload:0"
MAX_BYTES = 10 * 1024 * 1024
# The purpose of every slot unless the request names another one (section 5).
_MESSAGES = "urn:xmpp:http:upload:purpose:0#message"
_HERE = f"{{{NAMESPACE}}}"
_SECRET_BYTES = 24  # section 9.3
_MOST_DIGITS = 18
_DOT_SEGMENTS = frozenset((".", ".."))  # a URL loses them (RFC 3986 section 5.2.4)


class Upload:
    """The service. Every account of the server may use it."""

    def __init__(self, domain: Domain, address: str) -> None:
        self.domain = domain
        self.address = address

    def take(self, session: Session, stanza: Element, to: Jid) -> None:
        """Any stanza of a client. Presence means nothing here. Raises StanzaFault."""
        if stanza.tag == ns.PRESENCE:
            return
        if stanza.tag != ns.IQ:
            raise StanzaFault("service-unavailable")
        kind = stanza.get("type")
        if kind in ("get", "set"):
            payload = iq.payload_of(stanza)
            if to.local:
                raise StanzaFault("item-not-found")
            self._answer(iq.Request(self.domain, session, stanza, payload, None))
        elif kind not in ("result", "error"):
            raise StanzaFault("bad-request")

    def _answer(self, request: iq.Request) -> None:
        tag = request.payload.tag
        if request.is_set:
            raise StanzaFault("service-unavailable")
        if tag == f"{_HERE}request":
            request.reply(self._slot(request))
        elif tag not in disco.HANDLERS:
            raise StanzaFault("service-unavailable")
        elif request.payload.get("node"):
            raise StanzaFault("item-not-found")
        elif tag == f"{{{disco.INFO}}}query":
            request.reply(described())
        else:
            request.reply(Element(tag))

    def _slot(self, request: iq.Request) -> Element:
        """Where the file goes and where it can be had (section 4). Raises StanzaFault."""
        if request.session.owner is not self.domain.store.account(request.session.owner.jid):
            raise StanzaFault("forbidden")  # the account has been removed
        name = file_name(request.payload)
        if file_size(request.payload) > MAX_BYTES:
            raise StanzaFault("not-acceptable", detail=too_large())
        url = url_of(self.address, name)
        slot = Element(f"{_HERE}slot")
        put = SubElement(slot, f"{_HERE}put", {"url": url})
        for header, value in headers():
            SubElement(put, f"{_HERE}header", {"name": header}).text = value
        SubElement(slot, f"{_HERE}get", {"url": url})
        return slot


def described() -> Element:
    """The service, with its limit (section 3)."""
    features = [disco.INFO, disco.ITEMS, NAMESPACE, _MESSAGES]
    answer = disco.query([("store", "file")], features)
    limits = forms.form(NAMESPACE, "result")
    forms.field(limits, "max-file-size", "text-single", [str(MAX_BYTES)])
    answer.append(limits)
    return answer


def file_name(request: Element) -> str:
    """The name of the file. Raises StanzaFault for one that cannot be the end of a URL."""
    name = request.get("filename", "")
    if not name or name in _DOT_SEGMENTS:
        raise StanzaFault("bad-request")
    return name


def file_size(request: Element) -> int:
    """The size in bytes, above 0. Raises StanzaFault."""
    digits = request.get("size", "")
    if not re.fullmatch("0*[1-9][0-9]*", digits):
        raise StanzaFault("bad-request")
    return int(digits.lstrip("0")[:_MOST_DIGITS])


def too_large() -> Element:
    """The condition that goes with the refusal of a file for its size (section 6)."""
    condition = Element(f"{_HERE}file-too-large")
    SubElement(condition, f"{_HERE}max-file-size").text = str(MAX_BYTES)
    return condition


def url_of(host: str, name: str) -> str:
    """A new URL, for a file of this name, that nobody can guess (sections 4 and 9.3)."""
    return f"https://{host}/{secrets.token_urlsafe(_SECRET_BYTES)}/{quote(name, safe='')}"


def headers() -> list[tuple[str, str]]:
    """What a client has to send with the file: a new permission."""
    return [("Authorization", f"Bearer {secrets.token_urlsafe(_SECRET_BYTES)}")]


EXTENSION = Extension(services={LABEL: Upload})
