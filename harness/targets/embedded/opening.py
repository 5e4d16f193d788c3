"""Stream headers: what is wrong with theirs, and ours in answer (RFC 6120 sections 4.7, 4.8)."""

from __future__ import annotations

import re
import secrets

from harness.targets.embedded import jids
from harness.xmpp import namespaces as ns
from harness.xmpp.parser import StreamHeader
from harness.xmpp.stanza import escape

_STREAM = f"{{{ns.STREAM}}}"
_VERSION = re.compile(r"0*([0-9]{1,9})\.0*([0-9]{1,9})")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
# What a header may declare. Stanzas lose its other declarations on their way to another stream,
# so section 4.8.5 wants it refused; dialback's is declared by old custom.
_DECLARABLE = {ns.STREAM, ns.CLIENT, ns.XML, "jabber:server:dialback"}
OURS = (1, 0)


def fault(header: StreamHeader, domain: str, authenticated: str) -> str | None:
    """The stream error that the header earns (section 4.9.3).

    `authenticated` is the bare JID that SASL has proved, empty before.
    """
    attributes = header.attributes
    if not header.tag.startswith(_STREAM):
        return "invalid-namespace"
    if ns.STREAM not in (header.namespaces.get("stream"), header.namespaces.get("")):
        return "bad-namespace-prefix"
    if header.tag != f"{_STREAM}stream":
        return "bad-format"
    if not _DECLARABLE.issuperset(header.namespaces.values()):
        return "invalid-namespace"
    if (version(attributes.get("version")) or (0, 9)) < OURS:
        return "unsupported-version"
    return _address_fault(attributes, domain, authenticated)


def _address_fault(attributes: dict[str, str], domain: str, authenticated: str) -> str | None:
    sender = sender_of(attributes)
    try:
        to = jids.parse(attributes.get("to", ""))
    except ValueError:
        return "improper-addressing"
    if "from" in attributes and not sender:
        return "improper-addressing"
    if to.full != domain:
        return "host-unknown"
    if authenticated and sender and sender != authenticated:
        return "invalid-from"
    return None


def sender_of(attributes: dict[str, str]) -> str:
    """The bare JID that the client says it is (section 4.7.1); empty if it says nothing."""
    try:
        return jids.parse(attributes.get("from", "")).bare
    except ValueError:
        return ""


def language_of(attributes: dict[str, str]) -> str:
    """The default language of the client's stanzas (section 4.7.4); empty if it names none."""
    tag = attributes.get(ns.LANG, "")
    return tag if _LANGUAGE.fullmatch(tag) else ""


def version(text: str | None) -> tuple[int, int] | None:
    """Major and minor number (section 4.7.5); None when there is none that can be read."""
    match = _VERSION.fullmatch(text or "")
    return (int(match[1]), int(match[2])) if match else None


def answer(header: StreamHeader | None, domain: str) -> bytes:
    """Our header. None: an error precedes theirs, and must be sent in a stream all the same.

    English is the only language that the server speaks (section 4.7.4).
    """
    attributes = header.attributes if header else {"version": "1.0"}
    parts = [b"<?xml version='1.0'?><stream:stream from='", escape(domain), b"' id='"]
    parts.append(secrets.token_hex(16).encode())
    if sender := sender_of(attributes):
        parts += [b"' to='", escape(sender)]
    if "version" in attributes:
        major, minor = min(version(attributes["version"]) or OURS, OURS)
        parts.append(f"' version='{major}.{minor}".encode())
    parts.append(f"' xml:lang='en' xmlns='{ns.CLIENT}' xmlns:stream='{ns.STREAM}'>".encode())
    return b"".join(parts)
