"""JIDs as text: splitting only. Preparation and comparison by RFC 7622 is the server's work."""

from __future__ import annotations


def split(jid: str) -> tuple[str, str, str]:
    """Localpart, domain and resource, empty where absent (RFC 7622 section 3.2)."""
    bare_jid, _, resource = jid.partition("/")
    local, at, domain = bare_jid.partition("@")
    return (local, domain, resource) if at else ("", bare_jid, resource)


def bare(jid: str) -> str:
    """The JID without its resource."""
    return jid.partition("/")[0]
